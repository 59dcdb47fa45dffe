"""Opening the user's browser, where there is one that the user would see."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress

from revtops_tui.engine.children import environment_of
from revtops_tui.engine.workspace import Workspace


def is_remote() -> bool:
    """Whether this is a session over SSH: a browser would open on a screen that nobody sees."""
    return bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))


def open_browser(ws: Workspace, url: str) -> bool:
    """Open the address; whether there is something to open it with. It does not wait for the browser."""
    has_screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if is_remote() or not has_screen:
        return False
    launch(ws, url)
    return True


def launch(ws: Workspace, url: str) -> None:
    """Have the browser open the address, and do not wait for it."""
    threading.Thread(target=_launch, args=(ws, url), name="browser", daemon=True).start()


def _launch(ws: Workspace, url: str) -> None:
    # `webbrowser` hands on the whole environment: so it runs in a process that has no more than it may.
    with suppress(OSError):
        subprocess.run(
            [sys.executable, "-P", "-m", "webbrowser", url],
            env=environment_of(ws),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
