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
LOOK = f"""
import json, sys
from revtops_tui.tui.app import RevtopsApp
from revtops_tui.engine.workspace import Workspace
RevtopsApp(Workspace())
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
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
