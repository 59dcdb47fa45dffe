"""What was synced, when and how it went; and the records that could not be stored, by reason."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.papers import rejected
from revtops_tui.tui.papers.runs import Register, job_of, load, run_items, write_none, write_run
from revtops_tui.tui.rejected_actions import ACTIONS, RejectedKeys
from revtops_tui.tui.widgets.item_list import ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.rejected import RejectedGroup, RejectedInfo
    from revtops_tui.engine.sync import RunInfo

_AGES_CHANGE = 30.0


class RunsPane(Pane, RejectedKeys):
    """Runs above, rejected records beneath, and what is chosen of them beside."""

    DEFAULT_CSS = """
    RunsPane {
        & > Vertical { width: 48%; min-width: 30; max-width: 70; }
        & #past { height: 1fr; }
        & #rejected { height: auto; min-height: 4; max-height: 60%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("runs.traffic", "t", "traffic", "Traffic", "What was exchanged in this run"),
        command("runs.reload", "ctrl+r", "reload", "Reload", "Read all of it again", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._register = Register()
        self._is_loaded = False
        self._is_stale = False
        self._shows_rejected = False

    def compose(self) -> ComposeResult:
        """Both lists, and the sheet."""
        with Vertical():
            yield ItemList("Runs", empty="Reading…", name="past")
            yield ItemList("Rejected", empty="Reading…", name="rejected")
        yield Sheet(name="account")

    def on_mount(self) -> None:
        """Read what there is, and again when something was stored."""
        self.host.committed.subscribe(self, lambda _: self._catch_up())
        self.host.progressed.subscribe(self, lambda _: self._tick())
        self.set_interval(_AGES_CHANGE, self._tick)
        self.read_again()

    def focus_main(self) -> None:
        """The list that was used last, brought up to date."""
        (self._rejected if self._shows_rejected else self._runs).focus()
        if self._is_stale:
            self.read_again()

    @property
    def _runs(self) -> ItemList:
        return self.query_one("#past", ItemList)

    @property
    def _rejected(self) -> ItemList:
        return self.query_one("#rejected", ItemList)

    @property
    def run(self) -> RunInfo | None:
        """The run that is chosen."""
        item = None if self._shows_rejected else self._runs.current
        return next((one for one in self._register.runs if item and str(one.id) == item.id), None)

    @property
    def chosen(self) -> tuple[RejectedInfo, RejectedGroup] | None:
        """The rejected record that is chosen, and those alike."""
        item = self._rejected.current if self._shows_rejected else None
        every = ((one, group) for group in self._register.groups for one in group.records)
        return next((pair for pair in every if item and str(pair[0].id) == item.id), None)

    # -- reading

    def _catch_up(self) -> None:
        self._is_stale = True
        if self.display:
            self.read_again()

    def action_reload(self) -> None:
        """Read all of it again."""
        self.read_again()

    def read_again(self) -> None:
        """Read runs and rejected records."""
        self._is_stale = False
        in_background(self, partial(load, self.host.ws), self._loaded, self._failed, group="register", exclusive=True)

    def _loaded(self, register: Register) -> None:
        self._register = register
        self._runs.say("Nothing ran.")
        self._rejected.say("None.")
        self._list()
        if not self._is_loaded and not register.runs and register.groups:
            self._shows_rejected = True
            self._rejected.focus()
        self._is_loaded = True
        self._show(keep_place=True)

    def _list(self) -> None:
        register, now = self._register, self.host.clock()
        self._runs.show(run_items(register, self.host.jobs, now))
        self._rejected.show(rejected.items(register.groups, now, register.titles))

    def _tick(self) -> None:
        if self._is_loaded and self.display:
            self._list()
            self.query_one(Sheet).rewrite()

    def _failed(self, error: EngineError) -> None:
        for items in (self._runs, self._rejected):
            items.say("Not available.")
            items.show([])
        self.query_one(Sheet).fail(error)

    # -- showing

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What is shown belongs to the list that was used last."""
        if isinstance(event.widget, ItemList) and self._shows_rejected is not (event.widget is self._rejected):
            self._shows_rejected = event.widget is self._rejected
            self._show()

    @on(ItemList.Highlighted)
    def _highlighted(self, message: ItemList.Highlighted) -> None:
        if (message.list is self._rejected) is self._shows_rejected:
            self._show()

    @on(ItemList.Chosen)
    def _chosen(self) -> None:
        if self._shows_rejected:
            self.open_payload()
        else:
            self.query_one(Sheet).focus()

    def _show(self, *, keep_place: bool = False) -> None:
        self.refresh_bindings()
        sheet = self.query_one(Sheet)
        sheet.border_title = Content("Rejected record" if self.chosen else "Run" if self.run else "")
        sheet.show(self._write, keep_place=keep_place)

    def _write(self, width: int) -> Paper:
        now = self.host.clock()
        if chosen := self.chosen:
            return rejected.write_rejected(width, *chosen, now)
        if run := self.run:
            return write_run(width, self._register, run, job_of(run, self.host.jobs), now)
        if not self._is_loaded:
            return Paper(width).line(("Reading…", "muted"))
        return rejected.write_none(width) if self._shows_rejected else write_none(width)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """What makes sense for what is chosen; the rest is neither offered nor done."""
        if action not in ACTIONS:
            return True
        return self.is_mounted and (self.can(action) or (action == "traffic" and self.run is not None))

    async def action_traffic(self) -> None:
        """What was exchanged in the run that is chosen, or in the one that brought the record."""
        if run := self.run:
            await self.host.show_traffic(f"run:{run.id}")
        else:
            await super().action_traffic()
