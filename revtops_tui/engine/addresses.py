"""Where vendors send webhooks to: the public address that leads to the listener, and the path of each connection."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from connectors.registry import Capability
from revtops_tui.engine.connections import ConnectionInfo, connections, connector_class
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.unsigned import is_unsigned, secret_part
from revtops_tui.engine.workspace import Workspace
from store.connections import save_setting, setting

PREFIX = "/api/connectors/webhook"
_PUBLIC_URL = "public_url"


def public_url(ws: Workspace) -> str | None:
    """The scheme and host, and perhaps a path, that a tunnel or proxy makes of the listener's address, if one was set.

    Some vendors sign the address that they call, so it has to be known here as they know it.
    """
    return setting(ws.database, _PUBLIC_URL) or None


def set_public_url(ws: Workspace, url: str) -> None:
    """Keep the public address for every listener of the data directory; an empty one forgets it. Raises EngineError."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise EngineError(
            "usage", f"{url} is no address to send webhooks to.", hint="Such as https://hooks.example.com"
        )
    save_setting(ws.database, _PUBLIC_URL, url.rstrip("/"))


def webhook_address(ws: Workspace, connection: ConnectionInfo, base: str) -> str:
    """Where a connection's vendor is to send its webhooks. Raises EngineError for a broken connector.

    Where nobody signs them, the address has a part that cannot be guessed.
    """
    path = f"{quote(connection.selector, safe=':')}/{quote(connection.organization_id, safe='')}"
    unsigned = is_unsigned(connector_class(ws, connection.slug))
    return f"{base}{PREFIX}/{path}{f'/{secret_part(ws, connection.selector)}' if unsigned else ''}"


def listening(ws: Workspace) -> list[ConnectionInfo]:
    """The connections that webhooks can be sent to."""
    hear = {slug for slug, info in ws.catalog.items() if Capability.LISTEN in info.manifest["capabilities"]}
    return [connection for connection in connections(ws) if connection.slug in hear]
