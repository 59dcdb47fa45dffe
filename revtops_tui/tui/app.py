"""The app: its frame, its workspaces, and what outlives a change of screen (syncs, toasts, quitting)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.signal import Signal

from revtops_tui.tui.alerts import Alerts
from revtops_tui.tui.background import in_background
from revtops_tui.tui.jobs import USUAL, Extent, Jobs, Outcome, SyncJob
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.progress import toast_of
from revtops_tui.tui.tabs import TABS
from revtops_tui.tui.tasks import Task, Tasks, summary
from revtops_tui.tui.text import plain
from revtops_tui.tui.theme import DARK, PLAIN, THEMES
from revtops_tui.tui.widgets.key_line import KeyLine
from revtops_tui.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from revtops_tui.engine.app_state import AppState
    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.sync import RunResult
    from revtops_tui.engine.workspace import Workspace

_PAINTS_A_SECOND = 10
_TOAST_SECONDS = 6.0


def _done(job: SyncJob) -> str:
    return "tried, and nothing stored" if job.extent.dry_run else "synced"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class RevtopsApp(App[None]):
    """The terminal app over one workspace."""

    TITLE = "revtops"
    BINDINGS: ClassVar[list[BindingType]] = [
        *[Binding(tab.key, f"go('{tab.id}')", tab.title, show=False, tooltip=f"Go to {tab.title}") for tab in TABS],
        Binding("question_mark", "help", "Help", key_display="?", tooltip="The keys that do something here"),
        Binding("ctrl+p", "command_palette", "All", tooltip="Every command, found by typing", priority=True),
        Binding("O", "organizations", "Organization", show=False, tooltip="Look at another organization, or make one"),
        Binding("q", "quit", "Quit", show=False, tooltip="Leave; asks first while something runs"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, system=True),
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
        self.animation_level = "none"  # nothing moves that does not mean something, and over SSH nothing lags
        self.ws = ws
        self.demo = demo
        self.clock = clock
        self.jobs = Jobs()
        self.tasks = Tasks(self)
        self._state: AppState | None = None
        self.progressed: Signal[None] = Signal(self, "progressed")
        self.changed: Signal[None] = Signal(self, "changed")
        self.committed: Signal[None] = Signal(self, "committed")
        """Something was stored, by this process or another; told at most once a second."""
        self._alerts = Alerts(self)
        self.is_open = False
        self._good: list[
            tuple[SyncJob, RunResult]
        ] = []  # ended well, while others that were started with them still run
        self._on_ready = on_ready
        self.drafts: dict[str, dict[str, object]] = {}
        self._home = ws
        self._drafts_elsewhere: dict[str, dict[str, dict[str, object]]] = {}
        self._panes: dict[str, Pane] = {}
        self._leaving = False

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
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = PLAIN.name if self.no_color else DARK.name
        self._status.current = TABS[0].id
        self._panes[TABS[0].id].focus_main()
        self.show_progresser = self.set_interval(1 / _PAINTS_A_SECOND, self.show_progress, pause=True)

    def on_unmount(self) -> None:
        """However the app ends, no sync keeps the process alive."""
        self.jobs.cancel_all()
        self.tasks.cancel_all()
        self._alerts.stop()
        if self._state is not None:
            self._state.flush()

    @property
    def _status(self) -> StatusLine:
        return self.screen_stack[0].query_one(StatusLine)

    def opened(self) -> None:
        """What there is has been read, for the first time: whose data it is can be shown now."""
        self._name_organization()
        self.is_open = True
        self._alerts.start()
        if self._on_ready is not None:
            self._on_ready(self)

    def _name_organization(self) -> None:
        self.jobs.organization = self.ws.organization_id
        self._status.note = f"org {self.ws.organization_id}{' · DEMO' if self.demo else ''}"

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
        pane.focus_main()
        return pane

    @on(StatusLine.Clicked)
    async def _tab_clicked(self, message: StatusLine.Clicked) -> None:
        await self.action_go(message.tab)

    # -- syncs

    def start_sync(self, selector: str, title: str, extent: Extent = USUAL, *, wave: str = "") -> None:
        """Start syncing a connection; it goes on whatever is shown. Those of one `wave` are told of together."""
        if selector in self.jobs.running:
            return
        job = SyncJob(selector, title, extent, wave or selector)
        self.jobs.start(job)
        in_background(
            self,
            partial(self.jobs.run, self.ws, job),
            partial(self._sync_ended, job),
            partial(self._sync_failed, job),
            group=f"sync {selector}",
        )
        self.show_progresser.resume()
        self.show_progress()

    def cancel_sync(self, selector: str) -> None:
        """Ask a sync to stop."""
        if job := self.jobs.running.get(selector):
            job.cancel.set()
            self.show_progress()

    def _sync_ended(self, job: SyncJob, result: RunResult) -> None:
        self._end(job, Outcome(job.title, result, cancelled=job.cancelling, dry_run=job.extent.dry_run))
        is_here = job.organization == self.jobs.organization
        if result.error_kind == "sweep_refused" and is_here and not self._leaving:
            self._ask_about_deletes(job, result)
        elif job.cancelling:
            self.tell("Stopped. What was stored stays; the next sync goes on from there.", title=job.title)
        elif result.status == "success":
            self._good.append((job, result))
        else:
            severity: SeverityLevel = "error" if result.status == "failed" else "warning"
            self.tell(result.error or toast_of([result]), title=f"{job.title}: {result.status}", severity=severity)
        self._tell_good(job.wave)

    def _tell_good(self, wave: str) -> None:
        """One toast for all that were started together and ended well, once none of them runs any more."""
        good = [(job, result) for job, result in self._good if job.wave == wave]
        if good and not any(job.wave == wave for job in self.jobs.everywhere):
            what = good[0][0].title if len(good) == 1 else f"{len(good)} systems"
            self.tell(toast_of([result for _, result in good]), title=f"{what} {_done(good[0][0])}")
            self._good = [(job, result) for job, result in self._good if job.wave != wave]

    def _ask_about_deletes(self, job: SyncJob, result: RunResult) -> None:
        from revtops_tui.tui.dialogs.ask import Ask, Choice

        def answered(answer: str | None) -> None:
            if answer is not None:
                self.start_sync(job.selector, job.title, Extent(full=True, allow_deletes=True))

        text = f"{result.error} Is that right? They would be marked deleted by another full sync."
        choice = Choice("allow", "Mark them deleted", danger=True)
        self.push_screen(Ask(f"{job.title}: most records are gone", text, (choice,), cancel="Keep them"), answered)

    def _sync_failed(self, job: SyncJob, error: EngineError) -> None:
        self._end(job, Outcome(job.title, error=error))
        self.tell_error(error, title=job.title)
        self._tell_good(job.wave)

    def _end(self, job: SyncJob, outcome: Outcome) -> None:
        self.jobs.end(job, outcome)
        if not self.jobs.everywhere:
            self.show_progresser.pause()
            if self._leaving:
                self.exit()
        self.show_progress()
        self.changed.publish(None)

    def show_progress(self) -> None:
        """Paint what runs; ten times a second while something does."""
        self._status.busy = summary(self.jobs, self.tasks)
        self.progressed.publish(None)

    # -- tasks, what is remembered, and other programs

    def start_task(self, task: Task[Any]) -> None:
        """Begin long work; it goes on wherever the user is."""
        self.tasks.start(task)
        self.show_progresser.resume()
        self.show_progress()

    def work_ended(self) -> None:
        """Some work is over: where it was the last, nothing is painted any more, and who waited to leave may."""
        if not (self.jobs.running or self.tasks.running):
            self.show_progresser.pause()
            if self._leaving:
                self.exit()
        self.show_progress()

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
        from revtops_tui.tui.clipboard import copy

        copy(self, text, what)

    async def edit(self, text: str, suffix: str = ".json") -> str | None:
        """What the user made of a text in the editor; None where it was left as it was, or there is no editor."""
        from revtops_tui.tui.outside import OutsideError, edit

        try:
            return edit(self, self.ws.settings.tools, text, suffix)
        except OutsideError as error:
            self.tell(str(error), title="Editor", severity="warning")
            return None

    def page(self, text: str) -> None:
        """Show a long text in the pager."""
        from revtops_tui.tui.outside import OutsideError, page

        try:
            page(self, self.ws.settings.tools, text)
        except OutsideError as error:
            self.tell(str(error), title="Pager", severity="warning")

    # -- telling

    def tell(self, message: str, *, title: str = "", severity: SeverityLevel = "information") -> None:
        """A toast. The text may be a vendor's: it is neither markup nor control codes here."""
        text, heading = plain(message), plain(title, 60)
        self.notify(text, title=heading, severity=severity, timeout=_TOAST_SECONDS, markup=False)

    def tell_error(self, error: EngineError, *, title: str = "") -> None:
        """An error as a toast, with what to do next."""
        self.tell(" ".join(part for part in (error.message, error.hint) if part), title=title, severity="error")

    def announce_connected(self, connection: ConnectionInfo, title: str) -> None:
        """A connection was made: say so, and list it."""
        self.tell(f"Connected as {connection.identity}." if connection.identity else "Connected.", title=title)
        self.changed.publish(None)

    # -- help, palette, leaving

    def action_help(self) -> None:
        """The keys of the screen that is shown."""
        from revtops_tui.tui.dialogs.help import HelpDialog

        self.push_screen(HelpDialog(list(self.screen.active_bindings.values())))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every key's command, then the app's own."""
        seen: set[str] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            if active.enabled and binding.tooltip and binding.action not in {*seen, "command_palette"}:
                seen.add(binding.action)
                title = f"{binding.description}  ({self.get_key_display(binding)})"
                yield SystemCommand(title, binding.tooltip, partial(self.run_action, binding.action, active.node))
        for command in super().get_system_commands(screen):
            if command.title in ("Theme", "Screenshot"):
                yield command

    async def action_quit(self) -> None:
        """Leave; while something syncs, ask first."""
        if not self.jobs.everywhere:
            self.exit()
            return
        from revtops_tui.tui.dialogs.ask import Ask, Choice

        running = " and ".join(job.title for job in self.jobs.everywhere)
        question = Ask(
            "Stop syncing and quit?",
            f"{running} is being synced. What is stored stays, and the next sync goes on from there.",
            (Choice("quit", "Stop and quit", danger=True),),
            cancel="Stay",
        )
        self.push_screen(question, self._leave)

    def _leave(self, answer: str | None) -> None:
        if answer is None:
            return
        if not self.jobs.everywhere:
            self.exit()
        self._leaving = True
        self.jobs.cancel_all()
        self.show_progress()
