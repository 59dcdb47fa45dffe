"""Rejected records wherever they are looked at: as rows under their reasons, and on paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from revtops_tui.tui.papers.document import write_record
from revtops_tui.tui.text import age, ago, label_of
from revtops_tui.tui.widgets.item_list import Item
from revtops_tui.tui.widgets.sheet import Paper
from revtops_tui.words import plural

if TYPE_CHECKING:
    from revtops_tui.engine.rejected import RejectedGroup, RejectedInfo
    from revtops_tui.engine.workspace import Workspace


def load(ws: Workspace, selector: str | None = None) -> list[RejectedGroup]:
    """The rejected records of a connection or of all, by reason. Blocking. Raises EngineError."""
    from revtops_tui.engine.rejected import grouped, rejected

    return grouped(rejected(ws, selector))


def items(groups: Sequence[RejectedGroup], now: dt.datetime, titles: Mapping[str, str] | None = None) -> list[Item]:
    """A section for each reason, with its records. `titles` of connections are given where they are of several."""
    return [
        Item(str(one.id), one.source_id, age(one.created_at, now), "✗", "bad", _heading(group, titles), one.reason)
        for group in groups
        for one in group.records
    ]


def _heading(group: RejectedGroup, titles: Mapping[str, str] | None) -> str:
    where = f"{titles.get(group.selector, group.selector)} · " if titles is not None else ""
    said_already = not group.field or group.reason.startswith(f"{group.field}:")
    field = "" if said_already else f" · {group.field}"
    return f"{len(group.records):,} in {where}{label_of(group.entity)}{field}: {group.reason}"


def write_rejected(width: int, record: RejectedInfo, group: RejectedGroup, now: dt.datetime) -> Paper:
    """A rejected record: why, and what the connector gave."""
    paper = Paper(width)
    paper.line((record.source_id, "title"), (f"  {label_of(record.entity)} of {record.selector}", "muted"))
    paper.text(record.reason, "bad").blank()
    if record.field:
        paper.labelled("field", record.field)
    paper.labelled("rejected", ago(record.created_at, now) + (f", in run {record.run_id}" if record.run_id else ""))
    if len(group.records) > 1:
        paper.labelled("alike", f"{plural(len(group.records), 'record')} for this reason")
    payload = record.payload if isinstance(record.payload, Mapping) else {"record": record.payload}
    return paper.heading("Payload", "enter opens it").put(write_record(paper.width - 2, payload), indent=2)


def write_none(width: int) -> Paper:
    """What comes here, while nothing has."""
    paper = Paper(width).line(("✓ ", "good"), ("No records were rejected", "title")).blank()
    text = "What cannot be stored is set aside here, with its reason and what the connector gave. It stops no sync."
    return paper.text(text, "muted")
