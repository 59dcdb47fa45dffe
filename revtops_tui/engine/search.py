"""Finding synced records by what people call them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.models import entity_name
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace
from store import search as store
from store.connections import connections
from store.errors import StoreError
from store.search import SEARCHED, Found

__all__ = ["SEARCHED", "Hit", "Hits", "entities", "search_records"]


@dataclass(frozen=True)
class Hit:
    """A record that was found: where its row is (`entity`, `id`), and what it is called.

    `system` is the selector of the connection it came with, or the source system where that was disconnected.
    """

    entity: str
    id: int
    system: str
    source_id: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Hits:
    """What was found; `truncated` says that there is more."""

    records: list[Hit]
    truncated: bool


def entities(ws: Workspace) -> list[str]:
    """The entities that can be searched."""
    return store.entities(ws.database.path, ws.organization_id)


def search_records(
    ws: Workspace, text: str, *, entity: str | None = None, limit: int = 20, cancel: threading.Event | None = None
) -> Hits:
    """The organization's records that contain `text` in a name, a title or an e-mail address, in any case.

    Raises EngineError.
    """
    if not text.strip():
        raise EngineError(
            "invalid_input", "There is nothing to search for.", hint="Give a part of a name or an e-mail."
        )
    within = [] if entity is None else [_known(ws, entity_name(entity))]
    try:
        found, truncated = store.search(
            ws.database.path,
            ws.organization_id,
            text.strip(),
            within=within,
            limit=limit,
            cancelled=cancel.is_set if cancel else lambda: False,
        )
    except StoreError as error:
        raise people(error) from error
    selectors = {one.id: one.selector for one in connections(ws.database, ws.organization_id)}
    return Hits([_hit(one, selectors) for one in found], truncated)


def _hit(found: Found, selectors: Mapping[int, str]) -> Hit:
    system = selectors.get(found.connection_id, found.source_system)
    fields = {name: value for name, value in found.fields.items() if value is not None}
    return Hit(found.entity, found.id, system, found.source_id, fields)


def _known(ws: Workspace, entity: str) -> str:
    known = entities(ws)
    if entity not in known:
        hint = did_you_mean(entity, known) or f"There are: {', '.join(known)}."
        raise EngineError("usage", f"There is no entity {entity} to search.", hint=hint)
    return entity
