"""What signing in elsewhere looks like from here: an address, a wait that can be left, and what came of it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on
from textual.timer import Timer
from textual.widgets import Static

from revtops_tui.tui.background import in_background
from revtops_tui.tui.dialogs.dialog import Dialog
from revtops_tui.tui.text import plain, plain_lines
from revtops_tui.tui.widgets.press import Press

if TYPE_CHECKING:
    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.errors import EngineError

_LONGEST_ADDRESS = 4_000
_LOOK_EVERY = 0.5


class WaitingDialog(Dialog["ConnectionInfo"]):
    """Dismissed with the connection that was made, or None. Whatever closes it ends the wait.

    Those made from it compose an `#address` and a `#state`, and a `Press` that is called `cancel`.
    """

    DEFAULT_CSS = """
    WaitingDialog {
        & #address { height: auto; color: $primary; }
        & #state { height: auto; max-height: 5; color: $text-muted; }
        & #state.-wrong { color: $error; }
        & #state.-busy { color: $accent; }
    }
    """

    def __init__(self, manifest: Mapping[str, Any], fields: Mapping[str, Any], name: str, base_url: str | None) -> None:
        """`fields`: the connection's other credentials, as they were typed."""
        super().__init__()
        self.manifest = manifest
        self.connection_name = name
        self.base_url = base_url
        self.is_over = threading.Event()
        self.told = ""
        """How it stands, in a sentence; how long is left is said behind it."""
        self._fields = fields
        self._clock: Timer | None = None

    def on_unmount(self) -> None:
        """Nobody waits any more."""
        self.is_over.set()

    @on(Press.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_leave()

    # -- for those made from it ----------------------------------------------------------------------------------------

    def seconds_left(self) -> float:
        """How long the wait lasts yet; 0 where there is none."""
        return 0.0

    def stopped(self) -> None:
        """It came to nothing, which is said already: make what is needed to try again."""

    def wait_for(self, sign_in: Callable[[], Mapping[str, Any]]) -> None:
        """Have `sign_in` done, in a thread; what it brings is tried at the vendor, and kept."""
        self._count()
        self._clock = self.set_interval(_LOOK_EVERY, self._count)
        work = partial(self._carry_out, sign_in)
        in_background(self.app, work, self._connected, self.failed, group=f"sign in: {self.manifest['slug']}")

    def on_loop(self, call: Callable[[], None]) -> None:
        """From the thread: do it on the event loop, where the dialog is still there."""
        self.app.call_later(lambda: None if self.is_over.is_set() else call())

    def show_address(self, url: str) -> bool:
        """Show where to sign in; whether a browser was opened there."""
        from revtops_tui.engine.oauth.browser import open_browser

        self.query_one("#address", Static).update(plain(url, _LONGEST_ADDRESS))
        return open_browser(self.host.ws, url)

    def say(self, text: str, tone: str = "") -> None:
        """Say how it stands; `tone` is `-wrong` or `-busy`."""
        state = self.query_one("#state", Static)
        state.set_classes(tone)
        state.update("\n".join(plain_lines(text)))

    # -- how it goes ---------------------------------------------------------------------------------------------------

    def _carry_out(self, sign_in: Callable[[], Mapping[str, Any]]) -> ConnectionInfo:
        from revtops_tui.engine.connections import connect

        brought = sign_in()
        slug, name = self.manifest["slug"], self.connection_name
        return connect(self.host.ws, slug, self._fields, name=name, base_url=self.base_url, signed_in=brought)

    def _count(self) -> None:
        left = self.seconds_left()
        self.say(f"{self.told}: {_minutes(left)} left" if left > 0 else self.told, "-busy")

    def _connected(self, connection: ConnectionInfo) -> None:
        if self.is_current:
            self.dismiss(connection)
        else:
            self.host.announce_connected(connection, self.manifest["name"])

    def failed(self, error: EngineError) -> None:
        """Say what went wrong: here, or where the person is by now."""
        if self.is_over.is_set():
            if error.kind != "cancelled":
                self.host.tell_error(error, title=f"{self.manifest['name']} is not connected")
            return
        if self._clock is not None:
            self._clock.stop()
        self.say("\n".join(part for part in (error.message, error.hint) if part), "-wrong")
        self.stopped()


def _minutes(seconds: float) -> str:
    """In minutes until the last one: nobody reads a clock that runs while they type a password elsewhere."""
    return f"{math.ceil(seconds / 60)} min" if seconds > 60 else f"{round(seconds)} s"
