"""What can be done with rejected records wherever they are listed: tried again, ignored, exported, traced to a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import BindingType
from textual.widget import Widget

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.words import plural

if TYPE_CHECKING:
    from pathlib import Path

    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.export import Exported, Options
    from revtops_tui.engine.rejected import RejectedGroup, RejectedInfo
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp
    from revtops_tui.tui.shell.tasks import TaskProgress

_COLUMNS = ("connection", "entity", "record", "field", "reason", "when", "payload")


class RejectedKeys(Widget):
    """What one does about rejected records; for whoever lists them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        command("rejected.retry", "r", "retry", "Retry", "Try to store this record again"),
        command("rejected.all", "R", "retry_all", "Retry all", "Try to store all with this reason again"),
        command("rejected.ignore", "i", "ignore", "Ignore", "Forget this record, or all with its reason"),
        command("rejected.export", "E", "export", "Export", "Write those with this reason to a file"),
        command("rejected.traffic", "t", "traffic", "Traffic", "The exchanges of the run that brought it"),
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
