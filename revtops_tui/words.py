"""Counts and times in words, the same in every face."""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import: this is on the path of every command
if TYPE_CHECKING:
    import datetime as dt


def plural(count: int, one: str, many: str = "") -> str:
    """`1 record`, `2,000 records`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3:02`, `1:02:03`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


def until(moment: dt.datetime, now: dt.datetime) -> str:
    """`now` for what is past, `in 40 s`, `in 5 min`, `in 3 h`, `in 2 d`."""
    seconds = int((moment - now).total_seconds())
    if seconds <= 0:
        return "now"
    for limit, unit, word in ((60, 1, "s"), (3600, 60, "min"), (2 * 86_400, 3600, "h")):
        if seconds < limit:
            return f"in {seconds // unit} {word}"
    return f"in {seconds // 86_400} d"


def file_size(size: int) -> str:
    """`812 bytes`, `4.2 kB`, `97 MB`, `1.3 GB`: units of a thousand."""
    if size < 1_000:
        return plural(size, "byte")
    unit, name = next((u, n) for u, n in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")) if size >= u * 0.9995 or n == "kB")
    scaled = size / unit
    return f"{scaled:.1f} {name}" if scaled < 9.95 else f"{scaled:,.0f} {name}"
