"""The start: in a real terminal, nothing typed ahead is lost, and only what the first frame needs is imported."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.command_line import CommandLine, Shop, ended

HEAVY = (
    "sqlalchemy",
    "sqlmodel",
    "alembic",
    "keyring",
    "aiohttp",
    "httpx2",
    "pydantic",
    "connectors.hubspot",
    "textual.widgets._text_area",
)
READING = ("connectors.rows", "connectors.http", "revtops_tui.engine.sync")
LOOK = f"""
import json, sys
from revtops_tui.tui.app import RevtopsApp
from revtops_tui.engine.workspace import Workspace
RevtopsApp(Workspace())
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
LIST = f"""
import json, sys
from revtops_tui.engine.activity import activity
from revtops_tui.engine.standing import standing
from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.panes.connectors.inventory import load
with Workspace() as ws:
    listed = [*load(ws), activity(ws), standing(ws)]
    heavy = [name for name in {HEAVY + READING!r} if name in sys.modules]
    print(json.dumps({{"listed": len(listed), "heavy": heavy}}))
"""


def test_a_filter_typed_ahead_is_there(revtops: CommandLine, shop: Shop) -> None:
    app = revtops.terminal()
    app.send("/typed ahead of time")
    app.expect_exact("ahead of time▏")  # with the app's own cursor: before the start the terminal echoes keys itself
    app.send("\x11")
    assert ended(app) == 0


def test_moves_and_commands_typed_ahead_wait_for_the_list(revtops: CommandLine, shop: Shop) -> None:
    app = revtops.terminal()
    app.send("/shop\r\r")
    app.expect_exact("Connect Shop")
    app.send("\x11")
    assert ended(app) == 0


def test_only_what_the_first_frame_needs_is_imported() -> None:
    looked = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, check=True, timeout=60)
    assert json.loads(looked.stdout) == []


def test_what_the_first_frame_lists_is_read_without_what_syncs(revtops: CommandLine, shop: Shop) -> None:
    assert revtops("connect", "shop", "--stdin", stdin=shop.fields).code == 0
    looked = subprocess.run([sys.executable, "-c", LIST], capture_output=True, check=True, timeout=60)
    seen = json.loads(looked.stdout)
    assert seen["heavy"] == []
    assert seen["listed"] > len(("activity", "standing"))
