"""What the connectors screen lists: connections, connectors that can be added, and what is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from revtops_tui.tui.text import label_of

if TYPE_CHECKING:
    from revtops_tui.engine.connected import ConnectionInfo
    from revtops_tui.engine.workspace import Workspace

HOME = "home"
"""The entry that is the organization itself."""


@dataclass(frozen=True)
class Entry:
    """One thing listed. `manifest` describes its connector (None: it is no longer there, or is broken)."""

    id: str
    title: str
    slug: str = ""
    manifest: Mapping[str, Any] | None = None
    connection: ConnectionInfo | None = None
    reason: str = ""

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What its connector declares to be able to do."""
        return tuple(self.manifest["capabilities"]) if self.manifest else ()

    @property
    def can_sync(self) -> bool:
        """Whether there is something to sync."""
        return self.connection is not None and "sync" in self.capabilities

    @property
    def can_query(self) -> bool:
        """Whether it can be asked live."""
        return self.connection is not None and "query" in self.capabilities

    @property
    def can_act(self) -> bool:
        """Whether something can be written to it or done in it."""
        declared = self.manifest and (self.manifest["write_operations"] or self.manifest["actions"])
        return self.connection is not None and bool(declared)


def load(ws: Workspace) -> list[Entry]:
    """Everything there is, in the order it is listed below the organization. Blocking: opens the database."""
    from revtops_tui.engine.connected import connections

    catalog = ws.catalog
    connected = connections(ws)
    taken = Counter(connection.slug for connection in connected)
    entries = [
        _connection_entry(c, catalog[c.slug].manifest if c.slug in catalog else None, is_alone=taken[c.slug] == 1)
        for c in connected
    ]
    entries += [
        Entry(f"add {slug}", info.manifest["name"], slug, info.manifest)
        for slug, info in catalog.items()
        if slug not in taken
    ]
    entries += [Entry(f"broken {n}", broken.name, reason=broken.reason) for n, broken in enumerate(catalog.broken)]
    return entries


def _connection_entry(connection: ConnectionInfo, manifest: Mapping[str, Any] | None, *, is_alone: bool) -> Entry:
    title = manifest["name"] if manifest else label_of(connection.slug)
    if connection.name != "default" or not is_alone:
        title = f"{title} · {connection.name}"
    return Entry(connection.selector, title, connection.slug, manifest, connection)
