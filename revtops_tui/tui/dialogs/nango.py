"""Signing in through Nango: the address that the browser opens, and the wait until somebody has agreed there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box
from revtops_tui.tui.dialogs.waiting import WaitingDialog
from revtops_tui.tui.widgets.press import Press

if TYPE_CHECKING:
    from revtops_tui.engine.nango import Session


class NangoDialog(WaitingDialog):
    """It asks for a link as soon as it is open: there is nothing to type."""

    DEFAULT_CSS = """
    NangoDialog {
        & #address { margin-bottom: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("dialog.copy", "f7", "copy", "Copy the address", show=False),
    ]

    _session: Session | None = None

    def compose(self) -> ComposeResult:
        """The address, how it stands, and the way out."""
        with Box(f"Connect {self.manifest['name']} through Nango", "f7 copy · esc cancel"):
            yield Static("", markup=False, id="address")
            yield Static("", markup=False, id="state")
            with Horizontal(classes="buttons"):
                yield Press("Cancel", name="cancel")
                yield Press("Copy address", name="copy")

    def on_mount(self) -> None:
        """Ask for a link."""
        self.query_one("#copy").focus()
        self.told = "Asking Nango for a link…"
        self.wait_for(self._sign_in)

    @on(Press.Pressed, "#copy")
    def action_copy(self) -> None:
        """Copy the address to where there is a browser."""
        if self._session is not None:
            self.host.copy(self._session.link, "the address to sign in at")

    def seconds_left(self) -> float:
        """How long the link is good yet."""
        return (self._session.expires_at - dt.datetime.now(dt.UTC)).total_seconds() if self._session else 0.0

    def _sign_in(self) -> Mapping[str, Any]:
        from revtops_tui.engine import nango
        from revtops_tui.engine.brokered import grant_of
        from revtops_tui.engine.connections import connector_class

        ws, slug = self.host.ws, self.manifest["slug"]
        grant = grant_of(ws, slug, self.connection_name)
        session = nango.start(ws, connector_class(ws, slug).meta, reconnect=grant)
        self.on_loop(lambda: self._waiting(session))
        return nango.wait(ws, session, self.is_over)

    def _waiting(self, session: Session) -> None:
        self._session = session
        opened = self.show_address(session.link)
        self.told = f"{'Your browser was opened there.' if opened else 'Open it in any browser.'} Waiting for you"
