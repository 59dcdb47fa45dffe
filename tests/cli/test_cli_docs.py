"""The reference page says what the program says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_page_is_current() -> None:
    made = subprocess.run([sys.executable, str(DOCS / "cli_reference.py")], capture_output=True, check=True)
    assert made.stdout.decode() == (DOCS / "cli.md").read_text(encoding="utf-8"), (
        "run: python docs/cli_reference.py > docs/cli.md"
    )
