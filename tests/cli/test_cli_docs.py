"""The reference page says what the program says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from revtops_tui.cli import commands

_WITHOUT = {"connect", "demo"}
"""Commands that print another's document, or none."""

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_page_is_current() -> None:
    made = subprocess.run([sys.executable, str(DOCS / "cli_reference.py")], capture_output=True, check=True)
    assert made.stdout.decode() == (DOCS / "cli.md").read_text(encoding="utf-8"), (
        "run: python docs/cli_reference.py > docs/cli.md"
    )


def test_the_document_of_every_command_is_told() -> None:
    _, _, documents = (DOCS / "cli.md").read_text(encoding="utf-8").partition("## Documents")
    told = {name for row in documents.splitlines() if row.startswith("| `") for name in row.split("`")[1].split(", ")}
    assert told == set(commands.names()) - _WITHOUT
