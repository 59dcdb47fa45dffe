"""Signing in through Nango: the address that the browser opens, and the wait until somebody has agreed there."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from revtops_tui.tui.background import in_background
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.press import Press

if TYPE_CHECKING:
    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.nango import Session

_LONGEST_ADDRESS = 2_000


class NangoDialog(Dialog["ConnectionInfo"]):
    """Dismissed with the connection that was made, or None."""

    DEFAULT_CSS = """
    NangoDialog {
        & #address { height: auto; color: $primary; margin-bottom: 1; }
        & #state { height: auto; max-height: 5; color: $accent; }
        & #state.-wrong { color: $error; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f7", "copy", "Copy the address", show=False, id="dialog.copy"),
    ]

    def __init__(self, manifest: Mapping[str, Any], fields: Mapping[str, Any], name: str, base_url: str | None) -> None:
        """`fields`: the connection's other credentials, as they were typed."""
        super().__init__()
        self._manifest = manifest
        self._fields = fields
        self._connection_name = name
        self._base_url = base_url
        self._is_over = threading.Event()
        self._session: Session | None = None
        self._told = "Asking Nango for a link…"

    def compose(self) -> ComposeResult:
        """The address, how it stands, and the way out."""
        with Box(f"Connect {self._manifest['name']} through Nango", "f7 copy · esc cancel"):
            yield Static("", markup=False, id="address")
            yield Static(self._told, markup=False, id="state")
            with Horizontal(classes="buttons"):
                yield Press("Cancel", name="cancel")
                yield Press("Copy address", name="copy")

    def on_mount(self) -> None:
        """Ask for a link at once: there is nothing to type."""
        self.query_one("#copy").focus()
        self._clock = self.set_interval(0.5, self._count)
        in_background(self.app, self._work, self._connected, self._fail, group=f"nango: {self._manifest['slug']}")

    def on_unmount(self) -> None:
        """Whatever closes the dialog ends the wait."""
        self._is_over.set()

    @on(Press.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_leave()

    @on(Press.Pressed, "#copy")
    def action_copy(self) -> None:
        """Copy the address to where there is a browser."""
        if self._session is not None:
            self.host.copy(self._session.link, "the address to sign in at")

    def _work(self) -> ConnectionInfo:
        from revtops_tui.engine import nango
        from revtops_tui.engine.brokered import grant_of
        from revtops_tui.engine.connections import connect, connector_class

        ws, slug, name = self.host.ws, self._manifest["slug"], self._connection_name
        session = nango.start(ws, connector_class(ws, slug).meta, reconnect=grant_of(ws, slug, name))
        self.app.call_later(lambda: self._waiting(session))
        kept = nango.wait(ws, session, self._is_over)
        return connect(ws, slug, self._fields, name=name, base_url=self._base_url, signed_in=kept)

    def _waiting(self, session: Session) -> None:
        from revtops_tui.engine.oauth.browser import open_browser

        if self._is_over.is_set():
            return
        self._session = session
        self.query_one("#address", Static).update(plain(session.link, _LONGEST_ADDRESS))
        opened = open_browser(self.host.ws, session.link)
        self._told = f"{'Your browser was opened there.' if opened else 'Open it in any browser.'} Waiting for you"

    def _count(self) -> None:
        left = ""
        if self._session is not None:
            seconds = max(0, round((self._session.expires_at - dt.datetime.now(dt.UTC)).total_seconds()))
            left = f": {seconds // 60}:{seconds % 60:02} left"
        self.query_one("#state", Static).update(f"{self._told}{left}")

    def _connected(self, connection: ConnectionInfo) -> None:
        if self.is_current:
            self.dismiss(connection)
        else:
            self.host.announce_connected(connection, self._manifest["name"])

    def _fail(self, error: EngineError) -> None:
        if self._is_over.is_set():
            if error.kind != "cancelled":
                self.host.tell_error(error, title=f"{self._manifest['name']} is not connected")
            return
        self._clock.pause()
        state = self.query_one("#state", Static)
        state.set_classes("-wrong")
        state.update("\n".join(plain(part) for part in (error.message, error.hint) if part))
