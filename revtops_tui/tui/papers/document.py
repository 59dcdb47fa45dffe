"""A record on paper: its fields one beneath the other, with what is nested in them opened up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.cells import cell_len

from revtops_tui.tui.text import fit, plain
from revtops_tui.tui.widgets.sheet import Paper, Part

_NAME_WIDTH = 26
_NAME_LIMIT = 60
_INDENT = 2
_KIND_WIDTH = 8
_ROOM_FOR_KINDS = 60


def write_record(width: int, record: Mapping[str, Any], kinds: Mapping[str, str] | None = None) -> Paper:
    """A record. Text that is JSON (lists, custom fields) is shown as what it says.

    `kinds`: a word for each field, which says what it is, where there is room for it.
    """
    paper = Paper(width)
    names = min(max((cell_len(plain(name)) for name in record), default=0), _NAME_WIDTH) + 2
    room = kinds is not None and width >= _ROOM_FOR_KINDS
    for name, value in record.items():
        kind = fit(kinds.get(name, ""), _KIND_WIDTH) if kinds is not None and room else ""
        _write_value(paper, plain(name, _NAME_LIMIT), opened_value(value), 0, names, kind)
    return paper


def opened_value(value: Any) -> Any:
    """What a text says that is JSON: a list or an object; any other value as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _write_value(paper: Paper, name: str, value: Any, depth: int, names: int, kind: str = "") -> None:
    margin = " " * depth * _INDENT
    label: list[Part] = [(margin + fit(name, max(names - len(margin), cell_len(name) + 2)), "key")]
    if cell_len(label[0][0]) > paper.width // 2:  # a name that leaves no room for its value stands above it
        paper.line(*label)
        label = [(margin + " " * _INDENT, "")]
    if kind:
        label.append((kind, "muted"))
    if isinstance(value, Mapping | list) and value and depth * _INDENT < paper.width // 4:
        paper.line(*label)
        for key, inner in _members(value):
            _write_value(paper, key, inner, depth + 1, names)
    elif isinstance(value, str):
        _write_text(paper, label, value)
    else:
        text, role = _scalar(value)
        paper.line(*label, (text, role))


def _members(value: Mapping[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((plain(key, _NAME_LIMIT), inner) for key, inner in value.items())
    else:
        yield from ((f"[{number}]", inner) for number, inner in enumerate(value))


def _write_text(paper: Paper, label: list[Part], text: str) -> None:
    column = sum(cell_len(part) for part, _ in label)
    wrapped = Paper(paper.width - column).text(text).lines
    paper.lines.append((*label, *wrapped[0]))
    paper.lines += [((" " * column, ""), *line) for line in wrapped[1:]]


def _scalar(value: Any) -> tuple[str, str]:
    if value is None:
        return "null", "muted"
    if isinstance(value, bool):
        return ("yes" if value else "no"), "number"
    if isinstance(value, int | float):
        return str(value), "number"
    if isinstance(value, bytes):
        return f"{len(value):,} bytes", "muted"
    return plain(json.dumps(value, ensure_ascii=False, default=str)), "string"
