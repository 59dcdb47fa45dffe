"""Posting over an empty collection, as its command makes it. Run by Posting's own Python: see `drive.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any


def app() -> Any:
    """The app."""
    from posting.__main__ import make_posting

    return make_posting(Path(tempfile.mkdtemp()))
