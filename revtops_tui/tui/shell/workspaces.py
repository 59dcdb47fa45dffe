"""The workspaces that were visited: each is made on the first visit, and one of them is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revtops_tui.tui.background import is_up
from revtops_tui.tui.tabs import TABS
from revtops_tui.tui.widgets.key_line import KeyLine
from revtops_tui.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp
    from revtops_tui.tui.panes.pane import Pane

FIRST = TABS[0].id
"""The one that the app opens with."""
_LAST = "app.workspace"
"""The name under which it is kept between starts where one was."""


class Workspaces:
    """The panes that were made, by the id of their tab."""

    def __init__(self, app: RevtopsApp, status: StatusLine) -> None:
        """`status` shows which one is shown."""
        self._app = app
        self._status = status
        self._panes: dict[str, Pane] = {}

    @property
    def shown(self) -> str:
        """The one that is shown, by its id."""
        return self._status.current

    def make_first(self) -> Pane:
        """The pane of the first one, to be composed."""
        self._panes[FIRST] = pane = TABS[0].load()
        return pane

    def begin(self) -> None:
        """Focus the first one, where typed-ahead keys belong."""
        self._status.current = FIRST
        self._panes[FIRST].focus_main()

    async def go(self, tab_id: str) -> Pane:
        """Show one, and remember that."""
        pane = self._panes.get(tab_id) or await self._make(tab_id)
        if not is_up(pane):  # the app is being left, and the pane may have come to nothing
            return pane
        for each in self._panes.values():
            each.display = each is pane
        self._status.current = tab_id
        if self._app.is_open:  # before that there may be no database to remember it by
            self._app.state[_LAST] = tab_id
        pane.arrive()
        return pane

    async def _make(self, tab_id: str) -> Pane:
        self._panes[tab_id] = pane = next(tab for tab in TABS if tab.id == tab_id).load()
        if is_up(self._app):
            frame = self._app.screen_stack[0]
            await frame.mount(pane, before=frame.query_one(KeyLine))
        return pane

    def return_to_last(self) -> None:
        """Show the one that was shown when the app was left, unless one has gone somewhere since."""
        last = self._app.state.get(_LAST)
        if self.shown == FIRST and any(tab.id == last for tab in TABS[1:]):
            self._app.call_later(self._return_to, last)

    async def _return_to(self, tab_id: str) -> None:
        if len(self._app.screen_stack) == 1 and self.shown == FIRST:
            await self.go(tab_id)

    async def begin_again(self) -> None:
        """Forget what every one shows, and show the first."""
        for pane in self._panes.values():
            await pane.remove()
        self._panes.clear()
        await self.go(FIRST)
