"""The app: its frame, its workspaces, and the door to what every screen may ask for (syncs, tasks, toasts, leaving)."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, MutableMapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import SystemModalScreen
from textual.signal import Signal

from revtops_tui.tui.background import in_background
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.shell.alerts import Alerts
from revtops_tui.tui.shell.indexing import Indexing
from revtops_tui.tui.shell.jobs import USUAL, Extent, Jobs
from revtops_tui.tui.shell.leaving import Leaving
from revtops_tui.tui.shell.notices import Notices
from revtops_tui.tui.shell.syncs import Syncs
from revtops_tui.tui.shell.tasks import Task, Tasks, UnderWay, summary
from revtops_tui.tui.tabs import TABS
from revtops_tui.tui.theme import DARK, PLAIN, THEMES
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
_WORKSPACE = "app.workspace"
_FROM_BELOW = frozenset({"go", "jump", "notices", "organizations", "settings", "tasks"})


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _save(ws: Workspace, key: str, value: Any) -> None:
    from revtops_tui.engine.settings_file import save

    save(ws.home, {key: value})


def _palette() -> type[Provider]:
    from revtops_tui.tui.shell.palette import Everything

    return Everything


class RevtopsApp(App[None]):
    """The terminal app over one workspace."""

    TITLE = "revtops"
    COMMANDS = {_palette}  # noqa: RUF012 - Textual's own annotation stands
    BINDINGS: ClassVar[list[BindingType]] = [
        *[
            Binding(tab.key, f"go('{tab.id}')", tab.title, show=False, tooltip=f"Go to {tab.title}", id=f"app.{tab.id}")
            for tab in TABS
        ],
        Binding("question_mark,f1", "help", "Help", tooltip="The keys that do something", id="app.help"),
        Binding("ctrl+p", "command_palette", "All", tooltip="Every command", priority=True, id="app.palette"),
        Binding(
            "ctrl+o", "jump", "Jump", show=False, tooltip="Go to anything on the screen by a letter", id="app.jump"
        ),
        Binding("ctrl+f", "search", "Find", show=False, tooltip="Find any record", priority=True, id="app.search"),
        Binding("comma", "settings", "Settings", show=False, tooltip="Colours, keys and the rest", id="app.settings"),
        Binding("P", "pictures", "Pictures", show=False, tooltip="Pipeline, won, activity, syncs", id="app.pictures"),
        Binding("ampersand", "tasks", "Tasks", show=False, tooltip="What runs; stop it there", id="app.tasks"),
        Binding("exclamation_mark", "notices", "Messages", show=False, tooltip="What was told", id="app.notices"),
        Binding(
            "O", "organizations", "Organization", show=False, tooltip="Look at another one", id="app.organizations"
        ),
        Binding("q", "quit", "Quit", show=False, tooltip="Leave; asks first while something runs", id="app.quit"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, system=True, id="app.quit_anywhere"),
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
        self.register_themes()
        self._begin_in(self._usual_theme)
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
        self._panes: dict[str, Pane] = {}

    def compose(self) -> ComposeResult:
        """The frame and the first workspace."""
        yield StatusLine([(tab.id, tab.key, tab.title) for tab in TABS])
        self._panes[TABS[0].id] = first = TABS[0].load()
        yield first
        yield KeyLine()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """No cursor blinks: it would repaint the screen twice a second for as long as the app is open."""
        if hasattr(event.widget, "cursor_blink"):
            event.widget.cursor_blink = False

    def on_mount(self) -> None:
        """Colours, and the focus where typed-ahead keys belong."""
        self.apply_settings()
        self._status.current = TABS[0].id
        self._panes[TABS[0].id].focus_main()
        self._painter = self.set_interval(1 / _PAINTS_A_SECOND, self.show_progress, pause=True)
        self.leaving.listen()

    def register_themes(self) -> None:
        """Have our looks beside Textual's."""
        for theme in THEMES:
            self.register_theme(theme)

    @property
    def _usual_theme(self) -> str:
        return PLAIN.name if self.no_color else DARK.name

    def _begin_in(self, theme: str) -> None:
        """Have the styles parsed with these colours: to change them at the first frame parses everything again."""
        self.set_reactive(App.theme, theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def apply_settings(self) -> None:
        """Look and listen as the settings say."""
        settings = self.ws.settings
        chosen = settings.appearance.theme
        self.theme = self._usual_theme if self.no_color or chosen == "auto" else chosen
        if settings.keys.bindings or settings.keys.preset != "default":
            from revtops_tui.tui.shell.keys import keymap

            self.set_keymap(keymap(settings.keys))
        else:
            self.set_keymap({})

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
        return self._status.current

    @property
    def _status(self) -> StatusLine:
        return self.screen_stack[0].query_one(StatusLine)

    def opened(self, *, is_typed_into: bool = False) -> None:
        """What there is has been read, for the first time: whose data it is can be shown now.

        Where nobody has typed anything by then, one is where one was when the app was left.
        """
        self._name_organization()
        self.is_open = True
        self.indexing.start()
        self._alerts.start()
        self._tell_of_settings()
        last = self.state.get(_WORKSPACE)
        if not is_typed_into and self.tab == TABS[0].id and any(tab.id == last for tab in TABS[1:]):
            self.call_later(self._return_to, last)
        if self._on_ready is not None:
            self._on_ready(self)

    async def _return_to(self, tab_id: str) -> None:
        if len(self.screen_stack) == 1 and self.tab == TABS[0].id:
            await self.go(tab_id)

    def _name_organization(self) -> None:
        self.jobs.organization = self.ws.organization_id
        self._status.note = f"org {self.ws.organization_id}{' · DEMO' if self.demo else ''}"

    def _tell_of_settings(self) -> None:
        for problem in self.ws.settings.problems:
            self.tell(f"{problem} The default holds meanwhile.", title="settings.toml", severity="warning")

    def action_organizations(self) -> None:
        """Choose the organization that is looked at."""
        from revtops_tui.tui.dialogs.organizations import OrganizationsDialog

        self.push_screen(OrganizationsDialog(), self.look_at)

    async def look_at(self, organization_id: str | None) -> None:
        """Show another organization; what runs in this one goes on, and nothing of it stays on the screen."""
        if organization_id is None or organization_id == self.ws.organization_id:
            return
        self._drafts_elsewhere[self.ws.organization_id] = self.drafts
        self.drafts = self._drafts_elsewhere.pop(organization_id, {})
        self.ws = self._home.seen_by(organization_id)
        self._name_organization()
        for pane in self._panes.values():
            await pane.remove()
        self._panes.clear()
        await self.go(TABS[0].id)
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
        pane = self._panes.get(tab_id)
        if pane is None:
            tab = next(tab for tab in TABS if tab.id == tab_id)
            self._panes[tab_id] = pane = tab.load()
            await self.screen_stack[0].mount(pane, before=self.screen_stack[0].query_one(KeyLine))
        for each in self._panes.values():
            each.display = each is pane
        self._status.current = tab_id
        if self.is_open:  # before that there may be no database to remember it by
            self.state[_WORKSPACE] = tab_id
        pane.arrive()
        return pane

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
        """Paint what runs, while there is something to paint on: the app may be on its way out."""
        if not self.screen_stack or not self.screen_stack[0].query(StatusLine):
            return
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
        from revtops_tui.tui.shell.outside import OutsideError, edit

        try:
            return edit(self, self.ws.settings.tools, text, suffix)
        except OutsideError as error:
            self.tell(str(error), title="Editor", severity="warning")
            return None

    def page(self, text: str) -> None:
        """Show a long text in the pager."""
        from revtops_tui.tui.shell.outside import OutsideError, page

        try:
            page(self, self.ws.settings.tools, text)
        except OutsideError as error:
            self.tell(str(error), title="Pager", severity="warning")

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

    def action_help(self) -> None:
        """The keys of the screen that is shown."""
        from revtops_tui.tui.dialogs.help import HelpDialog

        self.push_screen(HelpDialog(list(self.screen.active_bindings.values())))

    def action_search(self) -> None:
        """Find any record; what is chosen is opened."""
        from revtops_tui.tui.dialogs.search import Place, SearchDialog

        async def chosen(place: Place | None) -> None:
            if place is not None:
                await self.open_record(place.entity, place.id)

        if not isinstance(self.screen, SearchDialog):
            self.push_screen(SearchDialog(), chosen)

    async def open_record(self, entity: str, row_id: int) -> None:
        """Go to the data and open one record."""
        pane = cast("DataPane", await self.go("data"))
        pane.open_record(entity, row_id)

    async def show_traffic(self, filter_text: str) -> None:
        """Go to the traffic, and show what the words of a filter let through: `system:hubspot status:>=400`."""
        pane = cast("TrafficPane", await self.go("traffic"))
        pane.show_filter(filter_text)

    def action_pictures(self) -> None:
        """The ready pictures of the local data."""
        from revtops_tui.tui.dialogs.pictures import PicturesDialog

        self.push_screen(PicturesDialog())

    def action_jump(self) -> None:
        """A letter on everything that can be focused."""
        from revtops_tui.tui.dialogs.jump import JumpOverlay

        self.push_screen(JumpOverlay.over(self.screen))

    def action_settings(self) -> None:
        """The settings."""
        self.show_settings()

    def show_settings(self, key: str = "") -> None:
        """The settings, at one of them."""
        from revtops_tui.tui.dialogs.settings import SettingsDialog

        self.push_screen(SettingsDialog(key))

    def change_setting(self, key: str, value: Any) -> None:
        """Write a setting, and live by it."""

        def changed(_: object) -> None:
            self.ws.forget_settings()
            self.apply_settings()
            self.settings_changed.publish(None)

        def failed(error: EngineError) -> None:
            self.apply_settings()  # what was tried on is taken off
            self.tell_error(error, title=key)

        in_background(self, partial(_save, self.ws, key, value), changed, failed, group="settings")

    def action_tasks(self) -> None:
        """What runs, and what has ended."""
        from revtops_tui.tui.dialogs.tasks import TasksDialog

        self.push_screen(TasksDialog())

    def action_notices(self) -> None:
        """What was told."""
        from revtops_tui.tui.dialogs.notices import NoticesDialog

        self.push_screen(NoticesDialog())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Dialogs of everywhere are not opened over others; the palette, which is one, still lists them."""
        above = [screen for screen in self.screen_stack[1:] if not isinstance(screen, SystemModalScreen)]
        if above and getattr(above[-1], "takes_every_key", False):
            return False
        return not above or action not in _FROM_BELOW

    async def action_quit(self) -> None:
        """Leave; while something runs, ask first."""
        self.leaving.ask()
