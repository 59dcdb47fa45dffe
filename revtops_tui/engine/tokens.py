"""Bearer tokens for what this machine serves on loopback: one for each face, kept where credentials are kept.

Loopback alone keeps nobody off: every program of every user of this machine, and every web page that a browser shows,
can send a request there.
"""

from __future__ import annotations

import hmac
import secrets

from revtops_tui.engine.errors import people
from revtops_tui.engine.workspace import Workspace

_BYTES = 32
_FIELD = "token"


def token(ws: Workspace, face: str) -> str:
    """The organization's token for a face ("api", "mcp"), made when it is first asked for. Raises EngineError."""
    try:
        kept = ws.credentials.get(_key(ws, face))
    except Exception as error:
        raise people(error) from error
    return str(kept[_FIELD]) if kept and kept.get(_FIELD) else renew(ws, face)


def renew(ws: Workspace, face: str) -> str:
    """A new token in the place of the old one; a server that is running keeps the one it started with.

    Raises EngineError.
    """
    new = secrets.token_urlsafe(_BYTES)
    try:
        ws.credentials.set(_key(ws, face), {_FIELD: new})
    except Exception as error:
        raise people(error) from error
    return new


def accepts(expected: str, authorization: str | None) -> bool:
    """Whether an Authorization header brings this token; compared in constant time."""
    scheme, _, given = (authorization or "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), expected.encode())


def _key(ws: Workspace, face: str) -> str:
    # No connection has this key: a slug never starts with a dot.
    return f"{ws.organization_id}/.tokens/{face}"
