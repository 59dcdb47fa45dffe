"""What an app that runs for a browser is told of this process's environment: what it needs, and no more."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revtops_tui.engine.workspace import Workspace

_NEEDED = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|APPDATA|LOCALAPPDATA|"
    r"XDG_\w+|DBUS_SESSION_BUS_ADDRESS|SSL_CERT_(FILE|DIR)|(https?|no|all)_proxy|PYTHON(PATH|HOME|UTF8)|VIRTUAL_ENV|"
    r"NO_COLOR|REVTOPS_\w+",
    re.IGNORECASE,
)


def environment_of(ws: Workspace, passphrase: str | None, ours: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of an app over the same data directory and organization."""
    from store.credentials import PASSPHRASE_VARIABLE

    environment = {name: value for name, value in ours.items() if _NEEDED.fullmatch(name)}
    environment |= {"REVTOPS_HOME": str(ws.home), "REVTOPS_ORG": ws.organization_id}
    if passphrase is not None:
        environment[PASSPHRASE_VARIABLE] = passphrase
    return environment
