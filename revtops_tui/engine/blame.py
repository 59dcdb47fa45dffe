"""Where a bug is: the line that somebody who writes a connector wants to look at first."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb

_PACKAGES = Path(__file__).parents[2]
_OURS = tuple(str(_PACKAGES / name) for name in ("revtops_tui", "store", "connectors"))
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def place_of(error: BaseException) -> str:
    """`acme.py, line 19`: the innermost line of a connector from elsewhere, or of ours, or any; empty without one."""
    places = list(_places(error))
    inside = next((place for place in places if not place[0].startswith((*_LIBRARIES, *_OURS))), None)
    inside = inside or next((place for place in places if not place[0].startswith(_LIBRARIES)), None)
    inside = inside or next(iter(places), None)
    return f"{Path(inside[0]).name}, line {inside[1]}" if inside else ""


def _places(error: BaseException) -> Iterator[tuple[str, int]]:
    """File and line of each call, the innermost first; Python's own frozen code left out."""
    for frame, line in reversed(list(walk_tb(error.__traceback__))):
        if not (file := frame.f_code.co_filename).startswith("<"):
            yield file, line
