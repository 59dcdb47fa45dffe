"""Reading `--since`."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentTypeError

from revtops_tui.engine import moments
from revtops_tui.engine.errors import EngineError


def moment(text: str) -> dt.datetime:
    """As `moments.moment`. Raises ArgumentTypeError, whose text ends the parser's sentence."""
    try:
        return moments.moment(text)
    except EngineError as error:
        raise ArgumentTypeError(error.message) from None
