"""A body as lines: JSON laid out, text split, bytes dumped. Only the lines that are looked at are ever decoded.

What is kept is bytes. A line is found by its number at once, so a body of any size costs one pass when it is opened
and after that what is in view; a line of ten megabytes costs the piece of it that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import orjson

from revtops_tui.tui.text import plain

Span = tuple[int, str]
"""Up to which character of a line, and what stands there: "", key, string, number or muted."""

_KEY_LIMIT = 1_000
_KEY = re.compile(r'\s*"(?:[^"\\]|\\.)*"(?=: )')
_PAIRS_LIMIT = 100_000
_HEX_WIDTH = 16
_LOOKED_AT = 1024
"""Bytes that are looked at to tell text from what is none: it has a null byte early on."""
_OPENERS = (b"{", b"[")
_CLOSERS = (b"}", b"]")
_SCALARS = re.compile(rb'(?:\s*(?:"(?:[^"\\]|\\.)*"\s*:\s*)?)(.*?),?$', re.DOTALL)


class Body(Protocol):
    """Lines by number."""

    @property
    def count(self) -> int:
        """How many lines there are."""
        ...

    @property
    def width(self) -> int:
        """Characters of the longest one, or a few more."""
        ...

    @property
    def is_json(self) -> bool:
        """Whether its lines are values that have a path and can be folded."""
        ...

    def line(self, number: int) -> str:
        """A line, as it is: to be made plain by whoever shows it."""
        ...

    def spans(self, line: str) -> list[Span]:
        """The parts of a line."""
        ...

    def find(self, needle: str, start: int, step: int) -> int | None:
        """The next line that has `needle` in it, from `start` on, forwards (1) or backwards (-1), once around."""
        ...


def read_body(body: bytes | str, kind: str = "") -> Body:
    """The lines of a body. `kind` is its content type, or "json", "text" or "raw"; without one it is looked at."""
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    kind = kind.lower()
    if kind != "raw" and ("json" in kind or (not kind and raw[:1] in (b"{", b"["))):
        try:
            return JsonBody(raw)
        except orjson.JSONDecodeError:
            pass  # cut short, or no JSON whatever it says: it is text then
    if "x-www-form-urlencoded" in kind and len(raw) < _PAIRS_LIMIT:
        return TextBody(raw.replace(b"&", b"&\n"))
    is_text = isinstance(body, str) or "text" in kind or "json" in kind
    return TextBody(raw) if is_text or b"\0" not in raw[:_LOOKED_AT] else HexBody(raw)


class _Lines:
    is_json = False

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.lines = lines
        self.count = len(lines)
        self.width = max(map(len, lines), default=0)
        self._last: tuple[int, str] = (-1, "")

    def line(self, number: int) -> str:
        """A line. The last long one is kept decoded: scrolling sideways asks for it again and again."""
        raw = self.lines[number]
        if len(raw) < _KEY_LIMIT:
            return raw.decode("utf-8", "replace")
        if self._last[0] != number:
            self._last = (number, raw.decode("utf-8", "replace"))
        return self._last[1]

    def find(self, needle: str, start: int, step: int) -> int | None:
        """See `Body`. Upper and lower case of ASCII letters are the same."""
        wanted = needle.lower().encode("utf-8", "replace")
        for passed in range(self.count):
            number = (start + passed * step) % self.count
            if wanted in self.lines[number].lower():
                return number
        return None


class TextBody(_Lines):
    """Text, as it is broken into lines by whoever wrote it."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw.splitlines())

    def spans(self, line: str) -> list[Span]:
        """One part."""
        return [(len(line), "")]


class JsonBody(_Lines):
    """JSON with one value to a line. Numbers are shown as this program reads them; "raw" shows them as they came.

    Raises orjson.JSONDecodeError.
    """

    is_json = True

    def __init__(self, raw: bytes) -> None:
        super().__init__(orjson.dumps(orjson.loads(raw), option=orjson.OPT_INDENT_2).split(b"\n"))

    def spans(self, line: str) -> list[Span]:
        """Indent and name, then the value: what it is shows in its first character."""
        name = _KEY.match(line, 0, _KEY_LIMIT)
        start = name.end() if name else 0
        value = line[start : start + _KEY_LIMIT].lstrip(" :")[:1]
        role = "string" if value == '"' else "" if value in "{}[]" else "muted" if value == "n" else "number"
        return [(start, "key"), (start + 1 if name else 0, "muted"), (len(line), role)]

    # -- nodes

    def end_of(self, number: int) -> int | None:
        """The line that closes what is opened on this one; None where it opens nothing."""
        line = self.lines[number]
        if not line.endswith(_OPENERS):
            return None
        margin = line[: _indent(line)]
        closing = tuple(margin + closer for closer in _CLOSERS)
        lines = self.lines
        return next(n for n in range(number + 1, self.count) if lines[n].startswith(closing))

    def parent_of(self, number: int) -> int | None:
        """The line that opens what this one stands in."""
        depth = _indent(self.lines[number])
        return next((n for n in range(number - 1, -1, -1) if _indent(self.lines[n]) < depth), None)

    def path(self, number: int) -> str:
        """Where the value of a line stands, as a JSON path: `$.results[3].id`."""
        if self.lines[number].lstrip().startswith(_CLOSERS):
            number = self._opener_of(number)
        steps: list[str] = []
        parent = self.parent_of(number)
        while parent is not None:
            steps.append(self._step(parent, number))
            number, parent = parent, self.parent_of(parent)
        return "$" + "".join(reversed(steps))

    def value(self, number: int) -> str:
        """The value of a line: a string's text, a number, the JSON of an object or a list."""
        line = self.lines[number]
        if line.lstrip().startswith(_CLOSERS):
            number = self._opener_of(number)
            line = self.lines[number]
        end = self.end_of(number)
        if end is not None:
            first = line[-1:]
            return b"\n".join([first, *self.lines[number + 1 : end], self.lines[end].strip(b" ,")]).decode()
        found = _SCALARS.match(line)
        text = found[1] if found else line
        value = orjson.loads(text)
        return value if isinstance(value, str) else text.decode()

    def children_of(self, number: int) -> Iterator[int]:
        """The lines within a node on which something is opened, one level down."""
        end = self.end_of(number)
        child = number + 1
        while end is not None and child < end:
            closed = self.end_of(child)
            if closed is not None:
                yield child
            child = (closed or child) + 1

    def _opener_of(self, number: int) -> int:
        depth = _indent(self.lines[number])
        return next(n for n in range(number - 1, -1, -1) if _indent(self.lines[n]) == depth)

    def _step(self, parent: int, number: int) -> str:
        line = self.lines[number]
        depth = _indent(line)
        if self.lines[parent].endswith(b"["):
            siblings = self.lines[parent + 1 : number]
            return f"[{sum(_indent(one) == depth and not one.lstrip().startswith(_CLOSERS) for one in siblings)}]"
        name = str(orjson.loads(line[: _end_of_name(line)].strip()))
        return f".{name}" if name.isidentifier() else f"[{orjson.dumps(name).decode()}]"


class HexBody:
    """Bytes that are no text, sixteen to a line."""

    is_json = False

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.count = -(-len(raw) // _HEX_WIDTH)
        self.width = 10 + 3 * _HEX_WIDTH + 1 + _HEX_WIDTH

    def line(self, number: int) -> str:
        """Where it begins, its bytes, and those of them that are characters."""
        piece = self._raw[number * _HEX_WIDTH : (number + 1) * _HEX_WIDTH]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in piece)
        return f"{number * _HEX_WIDTH:08x}  {piece.hex(' '):{3 * _HEX_WIDTH}} {shown}"

    def spans(self, line: str) -> list[Span]:
        """The address, the bytes, the characters."""
        return [(10, "muted"), (10 + 3 * _HEX_WIDTH, ""), (len(line), "string")]

    def find(self, needle: str, start: int, step: int) -> int | None:
        """See `Body`; a needle may run over the end of a line."""
        wanted, raw = needle.lower().encode(), self._raw.lower()
        if step > 0:
            place = raw.find(wanted, start * _HEX_WIDTH)
            place = raw.find(wanted) if place < 0 else place
        else:
            place = raw.rfind(wanted, 0, (start + 1) * _HEX_WIDTH + len(wanted) - 1)
            place = raw.rfind(wanted) if place < 0 else place
        return place // _HEX_WIDTH if place >= 0 else None


def piece(line: str, start: int, width: int) -> str:
    """The characters of a line that are in view, harmless."""
    return plain(line[start : start + width], width + 1)


def places_of(needle: str, line: str, left: int, right: int) -> list[tuple[int, int]]:
    """Where `needle` begins and ends in what is in view of a line, whatever its case."""
    if not needle:
        return []
    begin = max(0, left - len(needle))
    view, wanted = line[begin : right + len(needle)].lower(), needle.lower()
    places, at = [], view.find(wanted)
    while at >= 0:
        places.append((begin + at, begin + at + len(needle)))
        at = view.find(wanted, at + len(needle))
    return places


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" "))


def _end_of_name(line: bytes) -> int:
    name = re.match(rb'\s*"(?:[^"\\]|\\.)*"', line)
    return name.end() if name else 0
