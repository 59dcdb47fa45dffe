"""Rejected records wherever they are looked at: as rows under their reasons, on paper, and what one does about them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.widget import Widget

from revtops_tui.tui.background import in_background
from revtops_tui.tui.papers.document import write_record
from revtops_tui.tui.text import age, ago, label_of
from revtops_tui.tui.widgets.item_list import Item
from revtops_tui.tui.widgets.sheet import Paper
from revtops_tui.words import plural

if TYPE_CHECKING:
    from pathlib import Path

    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.export import Exported, Options
    from revtops_tui.engine.rejected import RejectedGroup, RejectedInfo
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp
    from revtops_tui.tui.shell.tasks import TaskProgress

_LABEL = 10
_COLUMNS = ("connection", "entity", "record", "field", "reason", "when", "payload")


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
        _row(paper, "field", record.field)
    _row(paper, "rejected", ago(record.created_at, now) + (f", in run {record.run_id}" if record.run_id else ""))
    if len(group.records) > 1:
        _row(paper, "alike", f"{plural(len(group.records), 'record')} for this reason")
    payload = record.payload if isinstance(record.payload, Mapping) else {"record": record.payload}
    return paper.heading("Payload", "enter opens it").put(write_record(paper.width - 2, payload), indent=2)


def _row(paper: Paper, label: str, text: str) -> None:
    paper.line((f"  {label:<{_LABEL}}", "key"), text)


def write_none(width: int) -> Paper:
    """What comes here, while nothing has."""
    paper = Paper(width).line(("✓ ", "good"), ("No records were rejected", "title")).blank()
    text = "What cannot be stored is set aside here, with its reason and what the connector gave. It stops no sync."
    return paper.text(text, "muted")


class RejectedKeys(Widget):
    """What one does about rejected records; for whoever lists them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Retry", tooltip="Try to store this record again", id="rejected.retry"),
        Binding("R", "retry_all", "Retry all", tooltip="Try to store all with this reason again", id="rejected.all"),
        Binding("i", "ignore", "Ignore", tooltip="Forget this record, or all with its reason", id="rejected.ignore"),
        Binding("E", "export", "Export", tooltip="Write those with this reason to a file", id="rejected.export"),
        Binding("t", "traffic", "Traffic", tooltip="The exchanges of the run that brought it", id="rejected.traffic"),
    ]

    @property
    def chosen(self) -> tuple[RejectedInfo, RejectedGroup] | None:
        """The record under the cursor, and those alike."""
        raise NotImplementedError

    def read_again(self) -> None:
        """Something was done about them."""
        raise NotImplementedError

    @property
    def _app(self) -> RevtopsApp:
        return cast("RevtopsApp", self.app)

    def action_retry(self) -> None:
        """Try to store the one under the cursor again."""
        if chosen := self.chosen:
            self._retry((chosen[0].id,))

    def action_retry_all(self) -> None:
        """Try to store all that were refused for the same reason again."""
        if chosen := self.chosen:
            self._retry(_ids(chosen[1]))

    def _retry(self, ids: Sequence[int]) -> None:
        in_background(self, partial(_retry, self._app.ws, ids), self._retried, self._refused, group="retry rejected")

    def _retried(self, counts: tuple[int, int]) -> None:
        stored, left = counts
        if left:
            message = f"{plural(stored, 'record')} stored, {left:,} still rejected: their reason stands beside them."
            self._app.tell(message, title="Not all could be stored", severity="warning")
        else:
            self._app.tell(f"{plural(stored, 'record')} stored.", title="Retried")
        self.read_again()

    def _refused(self, error: EngineError) -> None:
        self._app.tell_error(error, title="Rejected records")

    def action_ignore(self) -> None:
        """Ask, then forget the one under the cursor or all that were refused for its reason."""
        if (chosen := self.chosen) is None:
            return
        from revtops_tui.tui.dialogs.ask import Ask, Choice

        record, group = chosen
        all_of_them = Choice("all", f"Ignore all {len(group.records):,}", danger=True)
        text = (
            "What the connector gave is forgotten here; nothing changes at the vendor. A full sync brings what the "
            "vendor still has again: then it is stored, or rejected anew."
        )
        choices = (Choice("one", "Ignore", danger=True), *([all_of_them] if len(group.records) > 1 else []))
        question = Ask(f"Ignore {record.source_id}?", text, choices, cancel="Keep it")
        self._app.push_screen(question, partial(self._ignore, record, group))

    def _ignore(self, record: RejectedInfo, group: RejectedGroup, answer: str | None) -> None:
        if answer is not None:
            ids = _ids(group) if answer == "all" else (record.id,)
            in_background(self, partial(_ignore, self._app.ws, ids), self._ignored, self._refused)

    def _ignored(self, count: int) -> None:
        self._app.tell(f"{plural(count, 'rejected record')} forgotten.", title="Ignored")
        self.read_again()

    def action_export(self) -> None:
        """Write those with this reason to a file."""
        if chosen := self.chosen:
            from revtops_tui.tui.dialogs.export import ExportDialog

            group = chosen[1]
            title = f"{plural(len(group.records), 'rejected record')} of {group.selector}"
            self._app.push_screen(ExportDialog(title, f"rejected-{group.entity}", partial(_export, group)))

    async def action_traffic(self) -> None:
        """The exchanges of the run that brought it."""
        if (chosen := self.chosen) and chosen[0].run_id is not None:
            await self._app.show_traffic(f"run:{chosen[0].run_id}")

    def open_payload(self) -> None:
        """What the connector gave, to be searched and copied from."""
        if chosen := self.chosen:
            from revtops_tui.tui.dialogs.payload import PayloadDialog

            record = chosen[0]
            self._app.push_screen(PayloadDialog(record.source_id, record.reason, record.payload))

    def can(self, action: str) -> bool:
        """Whether there is a record for the action to be about."""
        chosen = self.chosen
        return chosen is not None and (action != "traffic" or chosen[0].run_id is not None)


ACTIONS = frozenset({"retry", "retry_all", "ignore", "export", "traffic"})
"""The actions of `RejectedKeys`."""


def _ids(group: RejectedGroup) -> tuple[int, ...]:
    return tuple(one.id for one in group.records)


# Called in threads, where importing the engine does not hold up a frame.


def _retry(ws: Workspace, ids: Sequence[int]) -> tuple[int, int]:
    from revtops_tui.engine.rejected import retry_rejected

    return retry_rejected(ws, ids)


def _ignore(ws: Workspace, ids: Sequence[int]) -> int:
    from revtops_tui.engine.rejected import ignore_rejected

    return ignore_rejected(ws, ids)


def _export(group: RejectedGroup, path: Path, progress: TaskProgress, options: Options) -> Exported:
    from revtops_tui.engine.export import export_rows

    rows = [_row_of(one) for one in group.records]
    return export_rows(
        _COLUMNS, rows, path, options=options, progress=progress.report, cancelled=lambda: progress.cancelled
    )


def _row_of(one: RejectedInfo) -> tuple[Any, ...]:
    payload = json.dumps(one.payload, ensure_ascii=False, default=str)
    return (one.selector, one.entity, one.source_id, one.field, one.reason, one.created_at.isoformat(), payload)
