"""The zone whose clocks people here look at, by its name: an offset would not know the next change of the clocks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

_LINK = Path("/etc/localtime")
_FILE = Path("/etc/timezone")
_FALLBACK = "UTC"


def local_zone() -> str:
    """This machine's zone, such as `Europe/Berlin`: from `TZ` or where the system says it; else UTC."""
    for name in _candidates():
        with suppress(OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            ZoneInfo(name)
            return name
    return _FALLBACK


def _candidates() -> Iterator[str]:
    yield os.environ.get("TZ", "").removeprefix(":")
    with suppress(OSError):
        yield _LINK.resolve(strict=True).as_posix().partition("/zoneinfo/")[2]
    with suppress(OSError, ValueError):
        yield _FILE.read_text().strip()
