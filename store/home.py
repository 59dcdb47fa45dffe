"""Where things live on this machine. `REVTOPS_HOME` overrides the platform's data directory."""

from __future__ import annotations

import os
from pathlib import Path


def data_dir() -> Path:
    """The data directory (not created)."""
    if home := os.environ.get("REVTOPS_HOME"):
        return Path(home).expanduser()
    from platformdirs import user_data_path  # 20 ms that a set REVTOPS_HOME need not pay

    return user_data_path("revtops", appauthor=False)


def make_private(path: Path) -> Path:
    """Create `path` and its parents, readable by their owner only; returns it."""
    if not path.is_dir():
        make_private(path.parent)  # mkdir's own `parents` would be readable by others
        path.mkdir(mode=0o700, exist_ok=True)
    return path
