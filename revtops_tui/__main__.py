"""`revtops`, and `python -m revtops_tui`."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import: `--version` imports nothing
if TYPE_CHECKING:
    from typing import Any

    from revtops_tui.engine.workspace import Workspace


def main() -> int:
    """Run the command line; returns the exit code."""
    if sys.argv[1:] == ["--version"]:  # answered before anything is imported
        from revtops_tui import __version__

        sys.stdout.write(f"revtops {__version__}\n")
        return 0
    try:
        from revtops_tui.cli.main import run

        return run(sys.argv[1:], {"app": _show_app, "mcp": _serve_agents, "api": _serve_api, "listener": _listen})
    except KeyboardInterrupt:  # before there is a command that could say what was cancelled
        return 130


def _show_app(ws: Workspace, *, demo: bool = False) -> int:
    """The terminal app. The faces are put together here, because none of them imports another."""
    from revtops_tui import tui

    return tui.run(ws, demo=demo)


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
