"""What the programs that people talk to agents in want to be told about our server: each has a file of its own form.

The forms are those of the clients' own documentation, as of 2026. None of them is ever given a secret: the token of the
HTTP server stays in an environment variable, or is asked for.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from revtops_tui.engine.documents import to_json
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace

TOKEN_VARIABLE = "REVTOPS_MCP_TOKEN"  # noqa: S105 - the variable's name, not a token
HTTP_PATH = "/mcp"
"""Where the HTTP server has its only address."""
_NAME = "revtops"
_BUS = "DBUS_SESSION_BUS_ADDRESS"


@dataclass(frozen=True)
class Snippet:
    """`text` belongs into `file`, beside what is in there already."""

    client: str
    file: str
    text: str


@dataclass(frozen=True)
class Client:
    """A client: where it keeps its servers, and its form for one that it starts and for one that it calls."""

    file: str
    started: Callable[[dict[str, Any]], str]
    called: Callable[[str], str] | None


def address(port: int) -> str:
    """The address of the HTTP server."""
    return f"http://127.0.0.1:{port}{HTTP_PATH}"


def snippet(ws: Workspace, client: str, *, url: str | None = None) -> Snippet:
    """The configuration for a client that starts the server itself, or that calls the one at `url`.

    It names the data directory and the organization, so that an agent stays where it was put. Raises EngineError.
    """
    form = CLIENTS[client]
    if url is None:
        return Snippet(client, form.file, form.started(_command(ws)))
    if form.called is None:
        raise EngineError("usage", f"{client} only starts servers itself.", hint="Leave out --http.")
    return Snippet(client, form.file, form.called(url))


def _command(ws: Workspace) -> dict[str, Any]:
    """How this very installation is started: a client's PATH is seldom that of a shell."""
    script = Path(sys.executable).with_name(_NAME)
    first = [str(script)] if script.exists() else [sys.executable, "-m", "revtops_tui"]
    arguments = [*first[1:], "--home", str(ws.home.absolute()), "--org", ws.organization_id, "mcp"]
    # Clients pass on only a few variables, and without this one the keyring of a Linux session is out of reach.
    env = {_BUS: os.environ[_BUS]} if os.environ.get(_BUS) else {}
    return {"command": first[0], "args": arguments, **({"env": env} if env else {})}


def _under(key: str, entry: dict[str, Any], **more: Any) -> str:
    return to_json({**more, key: {_NAME: entry}})


def _with_header(url: str, reference: str) -> dict[str, Any]:
    return {"url": url, "headers": {"Authorization": f"Bearer {reference}"}}


def _vscode(url: str) -> str:
    asked = {"type": "promptString", "id": "revtops-token", "description": "revtops mcp token", "password": True}
    entry = {"type": "http", **_with_header(url, "${input:revtops-token}")}
    return _under("servers", entry, inputs=[asked])


def _toml(entry: dict[str, Any]) -> str:
    env = entry.get("env", {})
    lines = [f"[mcp_servers.{_NAME}]", *(f"{name} = {json.dumps(v)}" for name, v in entry.items() if name != "env")]
    if env:
        lines += ["", f"[mcp_servers.{_NAME}.env]", *(f"{name} = {json.dumps(value)}" for name, value in env.items())]
    return "\n".join(lines)


CLIENTS = {
    "claude-desktop": Client(
        "claude_desktop_config.json (Settings, Developer, Edit Config)", lambda entry: _under("mcpServers", entry), None
    ),
    "claude-code": Client(
        ".mcp.json, in the project's folder",
        lambda entry: _under("mcpServers", {"type": "stdio", **entry}),
        lambda url: _under("mcpServers", {"type": "http", **_with_header(url, f"${{{TOKEN_VARIABLE}}}")}),
    ),
    "cursor": Client(
        "~/.cursor/mcp.json",
        lambda entry: _under("mcpServers", entry),
        lambda url: _under("mcpServers", _with_header(url, f"${{env:{TOKEN_VARIABLE}}}")),
    ),
    "vscode": Client(".vscode/mcp.json", lambda entry: _under("servers", {"type": "stdio", **entry}), _vscode),
    "codex": Client(
        "~/.codex/config.toml", _toml, lambda url: _toml({"url": url, "bearer_token_env_var": TOKEN_VARIABLE})
    ),
}
"""The clients by the names that the command line has for them."""
