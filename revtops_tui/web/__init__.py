"""The app in a browser of this machine: textual-serve behind a one-time token. Importing this imports no server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revtops_tui.engine.workspace import Workspace


def serve(
    ws: Workspace,
    *,
    port: int,
    demo: bool,
    passphrase: str | None,
    cancel: threading.Event,
    on_serving: Callable[[str], object],
) -> None:
    """Serve the app on 127.0.0.1 until `cancel` is set; the apps that are open are ended in an orderly way.

    `on_serving` is given the address with its token, which opens the app once. `passphrase` opens the encrypted file
    of credentials, where there is one. Raises EngineError where the port is taken.
    """
    import sys

    from revtops_tui.web.environment import environment_of
    from revtops_tui.web.server import run

    command = [sys.executable, "-m", "revtops_tui", *(["demo"] if demo else [])]
    run(command, environment_of(ws, passphrase), port=port, cancel=cancel, on_serving=on_serving)
