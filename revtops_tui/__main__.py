"""`revtops`, and `python -m revtops_tui`."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import: `--version` imports nothing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.shell.keys import KeyList


def main() -> int:
    """Run the command line; returns the exit code."""
    if sys.argv[1:] == ["--version"]:  # answered before anything is imported
        from revtops_tui import __version__

        sys.stdout.write(f"revtops {__version__}\n")
        return 0
    # Otherwise pydantic reads what every installed package says of itself, in search of plugins: some 10 ms.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from revtops_tui.cli.main import run

        faces: dict[str, Callable[..., Any]] = {
            "app": _show_app,
            "keys": _list_keys,
            "web": _serve_browser,
            "mcp": _serve_agents,
            "api": _serve_api,
            "listener": _listen,
        }
        return run(sys.argv[1:], faces)
    except KeyboardInterrupt:  # before there is a command that could say what was cancelled
        return 130


def _show_app(ws: Workspace, *, demo: bool = False) -> int:
    """The terminal app. The faces are put together here, because none of them imports another."""
    from revtops_tui import tui

    return tui.run(ws, demo=demo)


def _list_keys(preset: str, bindings: Mapping[str, str]) -> KeyList:
    """The app's commands and their keys."""
    from revtops_tui import tui

    return tui.list_keys(preset, bindings)


def _serve_browser(ws: Workspace, **options: Any) -> int:
    """The server of the app in a browser."""
    from revtops_tui import web

    web.serve(ws, **options)
    return 0


def _serve_agents(ws: Workspace, **options: Any) -> int:
    """The server of the agents' tools."""
    from revtops_tui import mcp

    return mcp.run(ws, **options)


def _serve_api(ws: Workspace, **options: Any) -> int:
    """The server of the local API."""
    from revtops_tui import api

    api.serve(ws, **options)
    return 0


def _listen(ws: Workspace, **options: Any) -> int:
    """The server that takes webhooks."""
    from revtops_tui import api

    api.listen(ws, **options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
