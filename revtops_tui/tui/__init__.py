"""The Textual app. Importing this package imports no Textual: `run` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp
    from revtops_tui.tui.shell.keys import KeyList


def run(ws: Workspace, *, demo: bool = False, on_ready: Callable[[RevtopsApp], None] | None = None) -> int:
    """Show the app over `ws` until the user leaves; returns the exit code.

    `on_ready` is called on the event loop when the first frame stands and the connections have been read.
    """
    from revtops_tui.tui.app import RevtopsApp

    app = RevtopsApp(ws, demo=demo, on_ready=on_ready)
    app.run(mouse=ws.settings.appearance.mouse)
    return app.return_code or 0


def list_keys(preset: str, bindings: Mapping[str, str]) -> KeyList:
    """Every command with the keys that these settings give it, and what is wrong with them. Imports every screen."""
    from revtops_tui.engine.settings import Keys
    from revtops_tui.tui.shell.keys import listed

    return listed(Keys(preset, bindings))
