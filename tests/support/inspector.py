"""By hand: the protocol's own inspector lists and calls every tool of `revtops mcp`. It needs Node.js.

python -m tests.support.inspector                     # fetches the inspector with npx
python -m tests.support.inspector mcp-inspector       # one that is installed
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from revtops_tui.engine import approvals
from revtops_tui.engine.agent_clients import snippet
from revtops_tui.engine.connections import connect
from revtops_tui.engine.data import sql
from revtops_tui.engine.workspace import Workspace
from revtops_tui.mcp.tools import TOOLS
from revtops_tui.simulators.server import serve
from revtops_tui.simulators.slack import SlackSimulator

_FETCHED = ("npx", "--yes", "@modelcontextprotocol/inspector")
_PASSPHRASE = "for the inspector"
_MESSAGE = {"channel": "#general", "text": "Deal closed!"}


class Inspector:
    """The inspector's command line, over a server that it starts as a client's configuration says."""

    def __init__(self, command: Sequence[str], config: Path) -> None:
        self._command = [*command, "--cli", "--config", str(config), "--server", "revtops"]

    def __call__(self, method: str, *arguments: str) -> Any:
        """Call a method of the protocol; its result."""
        done = subprocess.run(
            [*self._command, "--method", method, *arguments], capture_output=True, encoding="utf-8", check=False
        )
        if done.returncode and '"isError": true' not in done.stdout:  # some releases make it an exit code of theirs
            sys.exit(f"{method} {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def tool(self, name: str, **arguments: Any) -> Any:
        """Call a tool; the product's own part of its answer."""
        pairs = [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in arguments.items()]
        given = [part for pair in pairs for part in ("--tool-arg", pair)]
        answer = self("tools/call", "--tool-name", name, *given)
        print(f"{name}: {'error' if answer.get('isError') else 'ok'}, {len(answer['content'])} part(s)")
        return json.loads(answer["content"][0]["text"])


def inspect(inspector: Inspector, ws: Workspace) -> None:
    """List everything, and call every tool once."""
    listed = {tool["name"] for tool in inspector("tools/list")["tools"]}
    assert listed == TOOLS.keys(), listed
    assert inspector("resources/list")["resources"]
    assert inspector("resources/read", "--uri", "revtops://schema/deals")["contents"]
    assert inspector.tool("list_connected_systems")["count"] == 1
    inspector.tool("get_system_docs", system="slack")
    inspector.tool("query_system", system="slack", query="channels")
    inspector.tool("search_records", query="a")
    inspector.tool("run_sql", query="SELECT count(*) FROM deals")
    assert inspector.tool("write_to_system", system="slack", operation="none", data={})["documentation"]
    approval = inspector.tool("run_action", system="slack", action="send_message", params=_MESSAGE)["approval_id"]
    approvals.approve(ws, approval, decided_by="inspector")
    assert inspector.tool("get_approval", approval_id=approval)["status"] == "ok"
    assert sql(ws, "SELECT requested_by, status FROM ledger").rows == [("agent", "ok")]


def main(command: Sequence[str]) -> None:
    """Serve a simulated Slack and let the inspector loose on it."""
    os.environ["REVTOPS_KEYRING_PASSPHRASE"] = _PASSPHRASE
    simulator = SlackSimulator(size=20)
    with TemporaryDirectory() as folder, serve(simulator.app) as server, Workspace(Path(folder, "home")) as ws:
        connect(ws, "slack", simulator.credentials, base_url=server.url)
        told = json.loads(snippet(ws, "claude-code").text)
        entry = told["mcpServers"]["revtops"]
        entry["env"] = {**entry.get("env", {}), "REVTOPS_KEYRING_PASSPHRASE": _PASSPHRASE}
        config = Path(folder, "mcp.json")
        config.write_text(json.dumps(told))
        inspect(Inspector(command, config), ws)


if __name__ == "__main__":
    main(sys.argv[1:] or _FETCHED)
