"""Which connections a sync is for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.models import entity_name
from connectors.registry import Capability
from revtops_tui.engine.connections import connector_class, find
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.run import SyncOptions
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace
from store import connections as store
from store.connections import Connection


def chosen(ws: Workspace, selectors: Sequence[str], options: SyncOptions) -> list[Connection]:
    """The named connections, each once, or all that sync. Raises EngineError for what is not connected or declared."""
    if not selectors:
        return _all_that_sync(ws, options)
    named = list(dict.fromkeys(find(ws, selector) for selector in selectors))
    for connection in named:
        meta = connector_class(ws, connection.slug).meta
        if Capability.SYNC not in meta.capabilities:
            raise EngineError("usage", f"{meta.name} cannot be synced.", hint="revtops query asks it live.")
        _check_entities(f"{meta.name} has no entity", _entities(meta.entity_types), options)
    return named


def _all_that_sync(ws: Workspace, options: SyncOptions) -> list[Connection]:
    """Every connection that has one of the entities. A broken connector is told in its result: it stops no other."""
    broken = {found.name for found in ws.catalog.broken}
    manifests = {slug: info.manifest for slug, info in ws.catalog.items()}
    known = {
        slug: _entities(manifest["entity_types"])
        for slug, manifest in manifests.items()
        if Capability.SYNC in manifest["capabilities"]
    }
    mine = [c for c in store.connections(ws.database, ws.organization_id) if c.slug in known or c.slug in broken]
    if not mine:
        raise EngineError(
            "not_connected", f"Nothing to sync is connected in {ws.organization_id}.", hint="revtops connect SLUG"
        )
    theirs = {entity for connection in mine for entity in known.get(connection.slug, ())}
    _check_entities("Nothing that is connected has an entity", theirs, options)
    wanted = _entities(options.entities)
    return [c for c in mine if not wanted or c.slug in broken or wanted & known[c.slug]]


def _entities(names: Iterable[str]) -> set[str]:
    return {entity_name(name) for name in names}


def _check_entities(complaint: str, known: set[str], options: SyncOptions) -> None:
    for wanted in options.entities:
        if entity_name(wanted) not in known:
            hint = did_you_mean(wanted, known) or f"There are: {', '.join(sorted(known))}."
            raise EngineError("usage", f"{complaint} {wanted}.", hint=hint)
