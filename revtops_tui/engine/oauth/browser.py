"""Opening the user's browser, where there is one that the user would see."""

from __future__ import annotations

import os
import sys
import threading


def is_remote() -> bool:
    """Whether this is a session over SSH: a browser would open on a screen that nobody sees."""
    return bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))


def open_browser(url: str) -> bool:
    """Open the address; whether there is something to open it with. It does not wait for the browser."""
    has_screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if is_remote() or not has_screen:
        return False
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()
    return True
