"""Text for a terminal: made harmless, measured in cells, set in columns. Counts and times in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import: this is on the path of every command
if TYPE_CHECKING:
    import datetime as dt
    from typing import Any

_NARROWEST = 6
_ALIGNED = 120
"""Cells up to which columns are aligned where nothing is cut: one long value must not pad every other row."""
_GAP = "  "


def plain(value: Any) -> str:
    """A value as one line that cannot do anything to a terminal: what does not print is escaped."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def cells(text: str) -> int:
    """How many terminal cells a printable text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def fit(text: str, width: int) -> str:
    """A printable text in at most `width` cells, cut with an ellipsis."""
    if cells(text) <= width:
        return text
    kept = ""
    for character in text:
        if cells(kept + character) > width - 1:
            break
        kept += character
    return f"{kept}…" if width > 0 else ""


def columns(head: Sequence[str], rows: Iterable[Sequence[Any]], width: int | None = None) -> list[str]:
    """A table as lines, the head first: columns as wide as they need, numbers to the right.

    With a `width` the widest columns are cut until a line fits into it; without one, values are whole.
    """
    texts = [[plain(cell) for cell in row] for row in rows]
    right = [bool(texts) and all(_is_number(row[i]) for row in texts) for i in range(len(head))]
    lines = [[plain(name) for name in head], *texts]
    widths = [max(cells(line[i]) for line in lines) for i in range(len(head))]
    if width is None:
        return [_line(line, [min(widest, _ALIGNED) for widest in widths], right) for line in lines]
    widths = _squeeze(widths, width - len(_GAP) * (len(head) - 1))
    return [_line([fit(*cell) for cell in zip(line, widths, strict=True)], widths, right) for line in lines]


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "") or "0")
    except ValueError:
        return False
    return True


def _squeeze(widths: list[int], room: int) -> list[int]:
    squeezed = [min(width, max(room, _NARROWEST)) for width in widths]
    while sum(squeezed) > room and max(squeezed) > _NARROWEST:
        squeezed[squeezed.index(max(squeezed))] -= 1
    return squeezed


def _line(line: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for text, width, to_the_right in zip(line, widths, right, strict=True):
        padding = " " * (width - cells(text))
        padded.append(padding + text if to_the_right else text + padding)
    return _GAP.join(padded).rstrip()


def outline(value: Any, indent: int = 0) -> list[str]:
    """Nested data as indented lines, for people."""
    space = "  " * indent
    if isinstance(value, dict):
        return [line for name, item in value.items() for line in _entry(f"{space}{plain(name)}:", item, indent)]
    if isinstance(value, list | tuple):
        return [line for item in value for line in _entry(f"{space}-", item, indent)]
    return [f"{space}{plain(part)}" for part in (value.split("\n") if isinstance(value, str) else [value])]


def _entry(label: str, item: Any, indent: int) -> list[str]:
    if isinstance(item, dict | list | tuple) and item:
        return [label, *outline(item, indent + 1)]
    return [f"{label} {plain(item)}" if item not in (None, {}, []) else label]


def ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    """`never`, `just now`, `5 min ago`, `3 h ago`, `2 d ago`; after a month the local date."""
    if moment is None:
        return "never"
    seconds = int((now - moment).total_seconds())
    if seconds < 60:
        return "just now"
    for limit, unit, word in ((3600, 60, "min"), (86_400, 3600, "h"), (30 * 86_400, 86_400, "d")):
        if seconds < limit:
            return f"{seconds // unit} {word} ago"
    return f"{moment.astimezone():%Y-%m-%d}"


def countdown(seconds: float) -> str:
    """What is left of a wait: `4:05`."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02}"
