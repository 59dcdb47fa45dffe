"""Counts and times in words, the same in every face."""

from __future__ import annotations


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
