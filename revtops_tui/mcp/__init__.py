"""The agents' face: a server of the Model Context Protocol. Importing it is free; the SDK costs most of a second."""

from __future__ import annotations

from collections.abc import Callable

from revtops_tui.engine.workspace import Workspace


def run(ws: Workspace, *, port: int | None = None, on_serving: Callable[[str], None] = lambda _url: None) -> int:
    """Serve the workspace's organization until the client is done; returns the exit code.

    Without a `port` over stdin and stdout, until stdin ends. With one over HTTP on 127.0.0.1 (0: a free port), until
    the process is told to stop; `on_serving` is called with the address then. Raises EngineError.
    """
    from revtops_tui.mcp import transports

    if port is None:
        transports.serve_stdio(ws)
    else:
        transports.serve_http(ws, port, on_serving)
    return 0
