"""Who decides at this machine."""

from __future__ import annotations

import getpass


def whoever_this_is() -> str:
    """The name of the account that the program runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        return "person"
