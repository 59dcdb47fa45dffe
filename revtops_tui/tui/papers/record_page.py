"""A record on paper: its fields with their types, and beneath them what changed and when."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from revtops_tui.tui.papers.document import write_record
from revtops_tui.tui.text import ago, plain
from revtops_tui.tui.widgets.sheet import Paper

if TYPE_CHECKING:
    from revtops_tui.engine.data import Changed

_LAST = ("source_id", "source_system", "synced_at", "deleted_at", "custom_fields")
_KEYS = ("id", "connection_id", "organization_id")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_MOMENTS = ("_at", "_date")
_OLD_VALUE = 60
DELETED = "deleted_at"


def in_order(record: Mapping[str, Any]) -> dict[str, Any]:
    """The vendor's own fields first, then what the store adds, then keys."""
    return {name: record[name] for name in sorted(record, key=lambda name: (name in _KEYS, name in _LAST))}


def write_page(
    width: int, record: Mapping[str, Any], types: Mapping[str, str], changes: Sequence[Changed], now: dt.datetime
) -> Paper:
    """A record of a table whose columns have these types, as SQLite calls them; and its changes, the last one first."""
    if not record:
        return Paper(width).text("This record is gone: it was deleted, or its connection was removed.", "muted")
    kinds = {name: kind_of(value, types.get(name, ""), name) for name, value in record.items()}
    paper = write_record(width, _readable(record, kinds), kinds)
    if changes:
        paper.heading("Changes", f"{len(changes)} kept, the last one first")
        for change in changes:
            _write_change(paper, change, now)
    return paper


def kind_of(value: Any, declared: str, name: str) -> str:
    """What a value is, in a word: by its column, and for text by what it says, or by its name where it says nothing."""
    declared = declared.upper()
    if "BOOL" in declared:
        return "yes/no"
    if declared and not ("CHAR" in declared or "TEXT" in declared):
        return "number"
    if isinstance(value, int | float):
        return "number"
    if not value:
        return "date" if name.endswith(_MOMENTS) else "text" if declared else ""
    if not isinstance(value, str):
        return "text" if declared else ""
    if value[:1] in ("{", "["):
        return "JSON"
    if value.startswith(("https://", "http://")):
        return "link"
    return "date" if _DATE.fullmatch(value) else "text"


def _readable(record: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: bool(value) if kinds[name] == "yes/no" and value is not None else value for name, value in record.items()
    }


def _write_change(paper: Paper, change: Changed, now: dt.datetime) -> None:
    who = "an event" if change.run_id is None else f"sync run {change.run_id}"
    paper.line(
        (f"  {change.at.astimezone():%Y-%m-%d %H:%M}", "number"), (f"  {ago(change.at, now)}, by {who}", "muted")
    )
    for name, (old, new) in change.fields.items():
        if name == DELETED:
            said = "deleted at the vendor" if old is None else "came back"
            paper.line(f"    {said}")
            continue
        paper.line((f"    {plain(name, _OLD_VALUE)}  ", "key"), (_said(old), "muted"), " → ", (_said(new), "string"))


def _said(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    return plain(value if isinstance(value, str) else json.dumps(value, default=str), _OLD_VALUE)
