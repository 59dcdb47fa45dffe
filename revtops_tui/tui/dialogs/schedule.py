"""When a connection is synced by itself: said as the command line has it, with the times that this means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input

from connectors.parameters import Parameter
from revtops_tui.engine.due import Spec, checked, duration, quiet_hours, short
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.zones import local_zone
from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.papers.schedule import next_times, write_nobody
from revtops_tui.tui.widgets.form import Field, Form
from revtops_tui.tui.widgets.press import Press
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.schedules import ScheduleInfo
    from revtops_tui.engine.workspace import Workspace

_PARAMETERS = (
    Parameter("every", label="Every", description="So long after each other: 15m, 2h, 1d."),
    Parameter("cron", label="Or at", description="A cron expression in its place, such as */15 8-18 * * 1-5."),
    Parameter("quiet", label="Not between", description="Nothing starts then: 22:00-06:00."),
    Parameter("jitter", label="Give or take", description="Up to so much later, so that not all start at once: 2m."),
    Parameter("full_every", label="In full every", description="A full sync when the last one is so long ago: 7d."),
)
_AROUND = 13


@dataclass(frozen=True)
class _Known:
    schedule: ScheduleInfo | None
    has_daemon: bool
    zone: str


class ScheduleDialog(Dialog[bool]):
    """Dismissed with True when something was changed, or None."""

    DEFAULT_CSS = """
    ScheduleDialog {
        & VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
        & Sheet { height: 5; padding: 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [command("schedule.save", "ctrl+s,f5", "save", "Save", show=False)]

    def __init__(self, title: str, connection: ConnectionInfo) -> None:
        super().__init__()
        self._heading = title
        self._connection = connection
        self._known: _Known | None = None
        self._problem: EngineError | None = None

    def compose(self) -> ComposeResult:
        """The fields, what they mean, and the answers."""
        with Box(f"Sync {self._heading} by itself", "ctrl+s save · tab next · esc close"):
            yield VerticalScroll(can_focus=False)
            yield Sheet(self._write)
            with Horizontal(classes="buttons"):
                yield Press("Cancel", name="cancel")
                yield Press("Forget", name="remove")
                yield Press("Switch off", name="off")
                yield Press("Switch on", name="on")
                yield Press("Save", name="save")

    def on_mount(self) -> None:
        """Read what holds now."""
        for button in ("remove", "off", "on"):
            self.query_one(f"#{button}").display = False
        in_background(self, partial(_read, self.host.ws, self._connection.selector), self._have, self._failed)

    def on_resize(self) -> None:
        """The fields scroll; the rest is always in view."""
        self.query_one(VerticalScroll).styles.max_height = max(4, self.size.height - _AROUND)

    async def _have(self, known: _Known) -> None:
        self._known = known
        info = known.schedule
        self.query_one("#remove").display = info is not None
        self.query_one("#off").display = info is not None and info.enabled
        self.query_one("#on").display = info is not None and not info.enabled
        await self.query_one(VerticalScroll).mount(Form(_PARAMETERS, _texts(info.spec) if info else {}))
        self.call_after_refresh(self._begin)  # a field that is focused before it has its place is scrolled to another

    def _begin(self) -> None:
        self.query(Field).first().focus_editor()
        self.query_one(Sheet).rewrite()

    def _failed(self, error: EngineError) -> None:
        self._problem = error
        self.query_one(Sheet).rewrite()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._problem = None
        self.query_one(Sheet).rewrite()

    def _spec(self) -> Spec | None:
        """What is asked for; None while nothing is. Raises EngineError."""
        given = self.query_one(Form).values()
        if self._known is None or not given:
            return None
        every = given.get("every")
        spec = Spec(
            self._known.zone,
            every=duration(every) if every else None,
            anchor=self._anchor() if every else None,
            cron=given.get("cron"),
            quiet=quiet_hours(given["quiet"]) if "quiet" in given else None,
            full_every=duration(given["full_every"]) if "full_every" in given else None,
        )
        return checked(replace(spec, jitter=duration(given["jitter"])) if "jitter" in given else spec)

    def _anchor(self) -> dt.datetime:
        """An interval counts from now on."""
        return self.host.clock().replace(microsecond=0)

    def _write(self, width: int) -> Paper:
        paper = Paper(width)
        if self._known is None or self._problem is not None:
            return paper.text(self._problem.message, "bad") if self._problem else paper.line(("Reading…", "muted"))
        try:
            spec = self._spec()
            if spec is None:
                return paper.text("Say how often, or at which times.", "muted")
            times = next_times(spec, self.host.clock(), str(self._connection.id))
        except EngineError as error:
            return paper.text(error.message, "bad").text(error.hint, "muted")
        paper.line(("next  ", "key"), ", ".join(f"{moment.astimezone():%a %d %b %H:%M}" for moment in times))
        return paper if self._known.has_daemon else write_nobody(paper)

    @on(Press.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_leave()

    @on(Press.Pressed, "#save")
    @on(Input.Submitted)
    def action_save(self) -> None:
        """Keep it, where it makes sense."""
        try:
            spec = self._spec() if self._known else None
        except EngineError:
            return  # it is said already
        if spec is not None:
            self._change(partial(_set, self.host.ws, self._connection.selector, spec))

    @on(Press.Pressed, "#remove")
    def _remove(self) -> None:
        self._change(partial(_remove, self.host.ws, self._connection.selector))

    @on(Press.Pressed, "#off")
    def _switch_off(self) -> None:
        self._change(partial(_switch, self.host.ws, self._connection.selector, on=False))

    @on(Press.Pressed, "#on")
    def _switch_on(self) -> None:
        self._change(partial(_switch, self.host.ws, self._connection.selector, on=True))

    def _change(self, work: Callable[[], object]) -> None:
        in_background(self, work, self._changed, self._failed, group="schedule")

    def _changed(self, _: object) -> None:
        self.dismiss(True)


def _texts(spec: Spec) -> dict[str, str]:
    """A schedule as one would type it."""
    lengths = {"every": spec.every, "jitter": spec.jitter or None, "full_every": spec.full_every}
    texts = {name: short(length) for name, length in lengths.items() if length is not None}
    if spec.cron:
        texts["cron"] = spec.cron
    return {**texts, **({"quiet": str(spec.quiet)} if spec.quiet else {})}


# Called in threads.


def _read(ws: Workspace, selector: str) -> _Known:
    from revtops_tui.engine.locks import daemon_holder
    from revtops_tui.engine.schedules import schedules

    mine = next((one for one in schedules(ws) if one.selector == selector), None)
    return _Known(mine, daemon_holder(ws.home) is not None, mine.spec.zone if mine else local_zone())


def _set(ws: Workspace, selector: str, spec: Spec) -> None:
    from revtops_tui.engine.schedules import set_schedule

    set_schedule(ws, selector, spec)


def _remove(ws: Workspace, selector: str) -> None:
    from revtops_tui.engine.schedules import remove_schedule

    remove_schedule(ws, selector)


def _switch(ws: Workspace, selector: str, *, on: bool) -> None:
    from revtops_tui.engine.schedules import switch_schedule

    switch_schedule(ws, selector, enabled=on)
