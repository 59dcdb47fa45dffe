"""Small files of the data directory: replaced whole or not at all, and readable by their owner only."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from store.home import make_private


def replace_private(path: Path, text: str) -> None:
    """Put `text` into the file at `path`. Whoever reads it, also after a crash, finds the old text or the new one.

    A symbolic link stays one: the file that it points to is replaced. Raises OSError.
    """
    path = path.resolve()
    make_private(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
