"""Beside the list of connections: the panels about what is chosen, each made on its first visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from revtops_tui.tui import panels
from revtops_tui.tui.background import is_up
from revtops_tui.tui.panels.home import HomePanel
from revtops_tui.tui.panels.panel import Panel
from revtops_tui.tui.panes.connectors.inventory import HOME, Entry
from revtops_tui.tui.panes.connectors.listing import Listing
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.panel_bar import PanelBar
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError


class Side(Vertical):
    """A bar with the panels' titles, and the one that is shown. A panel that a connection has not says why."""

    DEFAULT_CSS = """
    Side {
        width: 1fr;
        border: round $border-blurred;
        border-title-color: $foreground;
        border-title-style: bold;
        background: $surface;
        &:focus-within { border: round $primary; }
    }
    """
    REASON: ClassVar[str] = "reason"

    @dataclass
    class Turned(Message):
        """Another panel was asked for."""

        panel: str

    def __init__(self) -> None:
        super().__init__()
        self._tabs = {tab.id: tab for tab in panels.PANELS}
        self._current = panels.PANELS[0].id
        self._panels: dict[str, Panel] = {}
        self._entry: Entry | None = None
        self._entitled = ""
        self._listing = Listing()

    def compose(self) -> ComposeResult:
        """The bar, and room for a reason."""
        yield PanelBar([(tab.id, tab.title) for tab in self._tabs.values()])
        yield Sheet(name=self.REASON)

    def on_mount(self) -> None:
        """Nothing is chosen yet."""
        self.query_one(PanelBar).display = False

    def begin(self, panel_id: str) -> None:
        """Which panel to begin with, where there is one of that name."""
        if panel_id in self._tabs:
            self._current = panel_id

    def show(self, entry: Entry, listing: Listing) -> None:
        """Something was chosen, or read again."""
        self._entry, self._listing = entry, listing
        self._arrange()

    def turn(self, by: int) -> None:
        """The panel beside the one that is shown."""
        ids = list(self._tabs)
        self.go(ids[(ids.index(self._current) + by) % len(ids)])

    def go(self, panel_id: str, *, focus: bool = False) -> None:
        """Show a panel."""
        was_within = self.has_focus_within
        self._current = panel_id
        self.post_message(self.Turned(panel_id))
        self._arrange(focus=focus or was_within)

    def tick(self) -> None:
        """Time has passed, or a sync got on."""
        panel = self._panels.get(self._wanted)
        if panel is not None and panel.is_mounted and panel.display:
            panel.tick()

    def focus_main(self) -> None:
        """What one uses of what is shown."""
        if not is_up(self):
            return
        panel = self._panels.get(self._wanted)
        if panel is not None and not panel.is_mounted:
            self.call_later(self.focus_main)  # it is on its way: what mounts it is ahead of this
        elif panel is not None and panel.display:
            panel.focus_main()
        else:
            self.query_one(f"#{self.REASON}", Sheet).focus()

    def say(self, title: str, error: EngineError) -> None:
        """Nothing can be shown."""
        self._title_is(title)
        self._reason(lambda width: Paper(width).text(error.message, "bad").blank().text(error.hint, "muted"))

    @on(PanelBar.Clicked)
    def _clicked(self, message: PanelBar.Clicked) -> None:
        message.stop()
        self.go(message.panel)

    @property
    def _wanted(self) -> str:
        """The panel for what is chosen: connections alone have several."""
        if self._entry is None or self._entry.id == HOME:
            return HOME
        return self._current if self._entry.connection is not None else panels.PANELS[0].id

    def _arrange(self, *, focus: bool = False) -> None:
        entry = self._entry
        if entry is None:
            return
        self._title_is(entry.title)
        bar = self.query_one(PanelBar)
        bar.display = entry.connection is not None
        bar.show(self._current, {tab.id for tab in self._tabs.values() if tab.missing(entry)})
        wanted = self._wanted
        tab = self._tabs.get(wanted)
        missing = tab.missing(entry) if tab is not None and entry.connection is not None else ""
        if missing:
            self._reason(lambda width: Paper(width).text(missing, "muted"))
            if focus:
                self.focus_main()
            return
        self.query_one(f"#{self.REASON}", Sheet).display = False
        panel = self._panels.get(wanted)
        if panel is None:
            self._panels[wanted] = panel = HomePanel(id=HOME) if tab is None else tab.load()
        for each in self._panels.values():
            each.display = each is panel
        self.call_later(self._fill, panel, entry, focus=focus)

    async def _fill(self, panel: Panel, entry: Entry, *, focus: bool) -> None:
        """Give a panel what is chosen, once it stands."""
        if self.is_attached and not panel.is_attached:
            await self.mount(panel)
        if not self.is_attached:  # the app is being left
            return
        if focus:
            self.focus_main()
        if entry is not self._entry:
            return
        if isinstance(panel, HomePanel):
            panel.know(list(self._listing.entries.values()), self._listing.elsewhere)
        panel.show(entry)

    def _title_is(self, title: str) -> None:
        if title != self._entitled:  # Textual draws every line again for it
            self._entitled = title
            self.border_title = Content(plain(title))

    def _reason(self, write: Callable[[int], Paper]) -> None:
        for each in self._panels.values():
            each.display = False
        sheet = self.query_one(f"#{self.REASON}", Sheet)
        sheet.display = True
        sheet.show(write)
