"""The app: its frame, its workspaces, and the door to what every screen may ask for (syncs, tasks, toasts, leaving)."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sys
from collections.abc import Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.screen import SystemModalScreen
from textual.signal import Signal

from revtops_tui.engine.collector import calm_collector, keep_modules
from revtops_tui.tui.command import command
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.shell import settings
from revtops_tui.tui.shell.alerts import Alerts
from revtops_tui.tui.shell.dialogs import DIALOGS, OVER_OTHERS, show_settings
from revtops_tui.tui.shell.indexing import Indexing
from revtops_tui.tui.shell.jobs import USUAL, Extent, Jobs
from revtops_tui.tui.shell.leaving import NOT_THERE, Leaving
from revtops_tui.tui.shell.notices import Notices
from revtops_tui.tui.shell.syncs import Syncs
from revtops_tui.tui.shell.tasks import Task, Tasks, UnderWay, summary
from revtops_tui.tui.shell.turns import loop_that_goes_first
from revtops_tui.tui.shell.workspaces import Workspaces
from revtops_tui.tui.tabs import TABS
from revtops_tui.tui.widgets.key_line import KeyLine
from revtops_tui.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.notifications import SeverityLevel

    from revtops_tui.engine.app_state import AppState
    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.panes.data.pane import DataPane
    from revtops_tui.tui.panes.traffic.pane import TrafficPane

_PAINTS_A_SECOND = 10


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _palette() -> type[Provider]:
    from revtops_tui.tui.shell.palette import Everything

    return Everything


class RevtopsApp(App[None]):
    """The terminal app over one workspace."""

    TITLE = "revtops"
    COMMANDS = {_palette}  # noqa: RUF012 - Textual's own annotation stands
    BINDINGS: ClassVar[list[BindingType]] = [
        *[
            command(f"app.{tab.id}", tab.key, f"go('{tab.id}')", tab.title, f"Go to {tab.title}", show=False)
            for tab in TABS
        ],
        command("app.help", "question_mark,f1", "show('help')", "Help", "The keys that do something here"),
        command("app.palette", "ctrl+p", "command_palette", "All", "Every command, found by typing", priority=True),
        command("app.jump", "ctrl+o", "show('jump')", "Jump", "Go to anything on the screen by a letter", show=False),
        command("app.search", "ctrl+f", "show('search')", "Find", "Find any record", show=False, priority=True),
        command("app.settings", "comma", "show('settings')", "Settings", "Settings: colours, keys, tools", show=False),
        command("app.pictures", "P", "show('pictures')", "Pictures", "Pictures: pipeline, won, activity", show=False),
        command("app.tasks", "ampersand", "show('tasks')", "Tasks", "Tasks: what runs; stop it there", show=False),
        command("app.notices", "exclamation_mark", "show('notices')", "Messages", "Messages told before", show=False),
        command("app.organizations", "O", "show('organizations')", "Organization", "Another organization", show=False),
        command("app.quit", "q", "quit", "Quit", "Leave; asks first while something runs", show=False),
        command("app.quit_anywhere", "ctrl+q", "quit", "Quit", show=False, priority=True, system=True),
    ]

    def __init__(
        self,
        ws: Workspace,
        *,
        demo: bool = False,
        on_ready: Callable[[RevtopsApp], None] | None = None,
        clock: Callable[[], dt.datetime] = _now,
    ) -> None:
        """`on_ready` is called once, when the first frame stands and what there is has been read."""
        super().__init__()
        settings.begin(self)
        if "TEXTUAL_ANIMATIONS" not in os.environ:
            self.animation_level = "none"  # nothing moves that does not mean something, and over SSH nothing lags
        self.ws = ws
        self.demo = demo
        self.clock = clock
        self.jobs = Jobs()
        self.tasks = Tasks(self)
        self.notices = Notices(self)
        self.leaving = Leaving(self)
        self._syncs = Syncs(self)
        self._state: AppState | None = None
        self.progressed: Signal[None] = Signal(self, "progressed")
        self.changed: Signal[None] = Signal(self, "changed")
        self.committed: Signal[None] = Signal(self, "committed")
        """Something was stored, by this process or another; told at most once a second."""
        self.settings_changed: Signal[None] = Signal(self, "settings changed")
        self._alerts = Alerts(self)
        self.indexing = Indexing(self)
        self.is_open = False
        self._on_ready = on_ready
        self.drafts: dict[str, dict[str, object]] = {}
        self._home = ws
        self._drafts_elsewhere: dict[str, dict[str, dict[str, object]]] = {}
        self._status = StatusLine([(tab.id, tab.key, tab.title) for tab in TABS])
        self._workspaces = Workspaces(self, self._status)

    def run(self, **how: Any) -> None:
        """Run it, as Textual's own does, until it is left: what is drawn goes before what runs behind it."""
        interval = sys.getswitchinterval()
        try:
            with calm_collector(), asyncio.Runner(loop_factory=loop_that_goes_first()) as runner:
                runner.run(self.run_async(**how))
        finally:
            sys.setswitchinterval(interval)

    def compose(self) -> ComposeResult:
        """The frame and the first workspace."""
        yield self._status
        yield self._workspaces.make_first()
        yield KeyLine()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """No cursor blinks: it would repaint the screen twice a second for as long as the app is open."""
        if hasattr(event.widget, "cursor_blink"):
            event.widget.cursor_blink = False

    def on_mount(self) -> None:
        """Colours, and the focus where typed-ahead keys belong."""
        self.apply_settings()
        self._workspaces.begin()
        self._painter = self.set_interval(1 / _PAINTS_A_SECOND, self.show_progress, pause=True)
        self.leaving.listen()

    def apply_settings(self) -> None:
        """Look and listen as the settings say."""
        settings.apply(self)

    def change_setting(self, key: str, value: Any) -> None:
        """Write a setting, and live by it."""
        settings.change(self, key, value)

    def refresh_css(self, animate: bool = True) -> None:
        """Textual's own, which leaves out the palette: a system's screen on top is no child of the app."""
        super().refresh_css(animate)
        for screen in self.screen_stack[-1:]:
            if isinstance(screen, SystemModalScreen):
                self.stylesheet.update(screen, animate=animate)

    def _handle_exception(self, error: Exception) -> None:
        """Textual's own, which ends the app; but nobody misses what was half made or gone when the app was left."""
        if not (isinstance(error, NOT_THERE) and (self._exit or not self.is_running)):
            super()._handle_exception(error)

    def on_unmount(self) -> None:
        """However the app ends, no work keeps the process alive; the process waits until it has committed."""
        self.cancel_all()
        self.indexing.stop()
        self._alerts.stop()
        if self._state is not None:
            self._state.flush()

    @property
    def tab(self) -> str:
        """The workspace that is shown, by its id."""
        return self._workspaces.shown

    def opened(self, *, is_typed_into: bool = False) -> None:
        """What there is has been read, for the first time: whose data it is can be shown now.

        Where nobody has typed anything by then, one is where one was when the app was left.
        """
        self._name_organization()
        keep_modules()
        self.is_open = True
        self.indexing.start()
        self._alerts.start()
        self._tell_of_settings()
        if not is_typed_into:
            self._workspaces.return_to_last()
        if self._on_ready is not None:
            self._on_ready(self)

    def _name_organization(self) -> None:
        self.jobs.organization = self.ws.organization_id
        self._status.mark = "DEMO" if self.demo else ""
        self._status.note = f"org {self.ws.organization_id}"

    def _tell_of_settings(self) -> None:
        for problem in self.ws.settings.problems:
            self.tell(f"{problem} The default holds meanwhile.", title="settings.toml", severity="warning")

    async def look_at(self, organization_id: str | None) -> None:
        """Show another organization; what runs in this one goes on, and nothing of it stays on the screen."""
        if organization_id is None or organization_id == self.ws.organization_id:
            return
        self._drafts_elsewhere[self.ws.organization_id] = self.drafts
        self.drafts = self._drafts_elsewhere.pop(organization_id, {})
        self.ws = self._home.seen_by(organization_id)
        self._name_organization()
        await self._workspaces.begin_again()
        self._alerts.look()
        self.show_progress()

    def show_waiting(self, count: int) -> None:
        """Say at the inbox how many requests wait."""
        self._status.badges = {"inbox": count}

    # -- workspaces

    async def action_go(self, tab_id: str) -> None:
        """Go to a workspace."""
        await self.go(tab_id)

    async def go(self, tab_id: str) -> Pane:
        """Go to a workspace, made on the first visit."""
        return await self._workspaces.go(tab_id)

    @on(StatusLine.Clicked)
    async def _status_clicked(self, message: StatusLine.Clicked) -> None:
        await self.run_action(message.action)

    # -- work that goes on wherever one is

    def start_sync(self, selector: str, title: str, extent: Extent = USUAL, *, wave: str = "") -> None:
        """Start syncing a connection; it goes on whatever is shown. Those of one `wave` are told of together."""
        self._syncs.start(selector, title, extent, wave=wave)

    def cancel_sync(self, selector: str) -> None:
        """Ask a sync to stop."""
        self._syncs.cancel(selector)

    def start_task(self, task: Task[Any]) -> None:
        """Begin long work; it goes on wherever the user is."""
        self.tasks.start(task)
        self.work_began()

    @property
    def running(self) -> Sequence[UnderWay]:
        """Everything that runs: the syncs, in whichever organization, and the tasks."""
        return [*self.jobs.everywhere, *self.tasks.running]

    def cancel_all(self) -> None:
        """Ask everything that runs to stop."""
        self.jobs.cancel_all()
        self.tasks.cancel_all()

    def work_began(self) -> None:
        """Something runs now: it is painted ten times a second."""
        self._painter.resume()
        self.show_progress()

    def work_ended(self) -> None:
        """Something is over: where it was the last, nothing is painted any more, and who waited to leave may."""
        if not self.running:
            self._painter.pause()
        self.show_progress()
        self.leaving.work_ended()

    def show_progress(self) -> None:
        """Paint what runs."""
        self._status.busy = summary(self.jobs, self.tasks)
        self.progressed.publish(None)

    # -- what is remembered, and other programs

    @property
    def state(self) -> MutableMapping[str, Any]:
        """What is remembered of this organization until the next start: JSON values by name (`data.columns.deals`)."""
        if self._state is None or self._state.ws is not self.ws:
            from revtops_tui.engine.app_state import AppState

            if self._state is not None:
                self._state.flush()
            self._state = AppState(self.ws, lambda note: self.tell(note, severity="warning"))
        return self._state

    def copy(self, text: str, what: str) -> None:
        """Copy a text to wherever it can be pasted from; the toast says how, and `what` it was, never the text."""
        from revtops_tui.tui.shell.clipboard import copy

        copy(self, text, what)

    async def edit(self, text: str, suffix: str = ".json") -> str | None:
        """What the user made of a text in the editor; None where it was left as it was, or there is no editor."""
        from revtops_tui.tui.shell.outside import edit

        return edit(self, text, suffix)

    def page(self, text: str) -> None:
        """Show a long text in the pager."""
        from revtops_tui.tui.shell.outside import page

        page(self, text)

    # -- telling

    def tell(self, message: str, *, title: str = "", severity: SeverityLevel = "information") -> None:
        """A toast, which can be read again. The text may be a vendor's: it is neither markup nor control codes here."""
        self.notices.tell(message, title=title, severity=severity)

    def tell_error(self, error: EngineError, *, title: str = "") -> None:
        """An error as a toast, with what to do next."""
        self.notices.tell_error(error, title=title)

    def show_notices(self) -> None:
        """Say how many errors nobody has read."""
        self._status.errors = self.notices.unseen_errors

    def announce_connected(self, connection: ConnectionInfo, title: str) -> None:
        """A connection was made: say so, and list it."""
        told = [f"Connected as {connection.identity}." if connection.identity else "Connected."]
        if proof := connection.proof:
            told += [f"Scopes: {', '.join(proof.scopes)}."] if proof.scopes else []
            told += [f"{proof.limits}."] if proof.limits else []
        self.tell(" ".join(told), title=title)
        self.changed.publish(None)

    # -- dialogs of everywhere, leaving

    async def open_record(self, entity: str, row_id: int) -> None:
        """Go to the data and open one record."""
        pane = cast("DataPane", await self.go("data"))
        pane.open_record(entity, row_id)

    async def show_traffic(self, filter_text: str) -> None:
        """Go to the traffic, and show what the words of a filter let through: `system:hubspot status:>=400`."""
        pane = cast("TrafficPane", await self.go("traffic"))
        pane.show_filter(filter_text)

    def action_show(self, name: str) -> None:
        """Open a dialog of everywhere."""
        DIALOGS[name](self)

    def show_settings(self, key: str = "") -> None:
        """The settings, at one of them."""
        show_settings(self, key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dialogs of everywhere are not opened over others; the palette, which is one, still lists them."""
        above = [screen for screen in self.screen_stack[1:] if not isinstance(screen, SystemModalScreen)]
        if above and getattr(above[-1], "takes_every_key", False):
            return False
        return not above or not (action == "go" or (action == "show" and parameters[0] not in OVER_OTHERS))

    async def action_quit(self) -> None:
        """Leave; while something runs, ask first."""
        self.leaving.ask()

    def _fatal_error(self) -> None:
        """End with a sentence: Textual would show the values of variables, and secrets are among them."""
        self._exit_renderables.append(self.leaving.last_words(self._exception))
        self._close_messages_no_wait()
