"""Paths of files as they are typed, completed and shown."""

from __future__ import annotations

import os
import re
from pathlib import Path

_UNFIT = re.compile(r"[^\w.\- ]+")
_MOST = 2_000
"""Entries of a folder that are looked at."""


def file_name(text: str) -> str:
    """A text that may be anybody's as the name of a file: letters, digits, spaces, dots and dashes."""
    return _UNFIT.sub("-", text).strip(" .-")[:80] or "export"


def shown_path(path: Path) -> str:
    """A path as people write it, with ~ for their own folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path)


def _beginning(names: list[str]) -> str:
    """What all of the sorted names begin with."""
    if not names:
        return ""
    first, last = names[0], names[-1]
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]


def completed(text: str) -> tuple[str, list[str]]:
    """A path carried on as far as there is only one way, and the names that are possible. Reads the folder."""
    folder, begun = os.path.split(text)
    where = Path(folder or ".").expanduser()
    try:
        with os.scandir(where) as entries:
            names = sorted(
                f"{entry.name}/" if entry.is_dir() else entry.name
                for entry, _ in zip(entries, range(_MOST), strict=False)
                if entry.name.startswith(begun) and (begun or not entry.name.startswith("."))
            )
    except OSError:
        return text, []
    shared = _beginning(names)
    return (text[: len(text) - len(begun)] + shared if shared else text), names
