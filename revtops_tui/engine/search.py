"""Finding synced records by what people call them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.models import entity_name
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace
from store import search as store
from store.connections import connections
from store.errors import StoreError
from store.search import SEARCHED, Found, Standing, matches

__all__ = ["SEARCHED", "Hit", "Hits", "Standing", "catch_up", "entities", "matches", "search_records", "standing"]

_NAMES = ("name", "title", "subject")


@dataclass(frozen=True)
class Hit:
    """A record that was found: where its row is (`entity`, `id`), and what it is called.

    `system` is the selector of the connection it came with, or the source system where that was disconnected;
    `excerpt` the part of its description where the words are, of a record that is not called so.
    """

    entity: str
    id: int
    system: str
    source_id: str
    fields: dict[str, Any]
    excerpt: str = ""

    @property
    def title(self) -> str:
        """What it is called, in one line."""
        name = next((self.fields[field] for field in _NAMES if self.fields.get(field)), None)
        parts = [self.fields.get("identifier"), name]
        return " ".join(str(part) for part in parts if part) or next((str(one) for one in self.fields.values()), "")

    @property
    def note(self) -> str:
        """Why it was found, where its title does not say it: an e-mail address, a domain, a part of its description;
        its id at the vendor where there is nothing else.
        """
        if self.excerpt:
            return self.excerpt
        said = [self.fields.get(field) for field in ("email", "domain")]
        return " · ".join(str(one) for one in said if one and one != self.title) or self.source_id


@dataclass(frozen=True)
class Hits:
    """What was found; `truncated` says that there is more."""

    records: list[Hit]
    truncated: bool


def entities(ws: Workspace) -> list[str]:
    """The entities that can be searched."""
    return list(store.shapes(ws.database.path))


def standing(ws: Workspace) -> Standing:
    """How much of what was synced is in the index, whichever process is at work on it. Raises EngineError."""
    try:
        return store.standing(ws.database.path, ws.organization_id)
    except Exception as error:
        raise people(error) from error


def catch_up(
    ws: Workspace,
    *,
    told: Callable[[Standing], object] = lambda _: None,
    cancel: threading.Event | None = None,
) -> None:
    """Index what was synced since the last time; `told` hears how far that is. Raises EngineError."""
    try:
        store.catch_up(
            ws.database.path, ws.organization_id, told=told, cancelled=cancel.is_set if cancel else lambda: False
        )
    except StoreError as error:
        raise people(error) from error


def search_records(
    ws: Workspace,
    text: str,
    *,
    entity: str | None = None,
    limit: int = 20,
    cancel: threading.Event | None = None,
    told: Callable[[Standing], object] | None = lambda _: None,
) -> Hits:
    """The organization's records with words that begin like those of `text`, best first; or with that id at the vendor.

    What was synced since the last search is indexed first, and `told` hears how far that is. With None nothing is
    waited for: only what is indexed by now is found. Raises EngineError.
    """
    if not text.strip():
        raise EngineError(
            "invalid_input", "There is nothing to search for.", hint="Give the beginning of a name or an e-mail."
        )
    within = [] if entity is None else [_known(ws, entity_name(entity))]
    if told is not None:
        catch_up(ws, told=told, cancel=cancel)
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
        if error.kind == "damaged_index" and told is not None:  # it was deleted: there is a new one in a moment
            return search_records(ws, text, entity=entity, limit=limit, cancel=cancel, told=told)
        raise people(error) from error
    selectors = {one.id: one.selector for one in connections(ws.database, ws.organization_id)}
    return Hits([_hit(one, selectors) for one in found], truncated)


def _hit(found: Found, selectors: Mapping[int, str]) -> Hit:
    system = selectors.get(found.connection_id, found.source_system)
    fields = {name: value for name, value in found.fields.items() if value is not None}
    return Hit(found.entity, found.id, system, found.source_id, fields, found.excerpt)


def _known(ws: Workspace, entity: str) -> str:
    known = entities(ws)
    if entity not in known:
        hint = did_you_mean(entity, known) or f"There are: {', '.join(known)}."
        raise EngineError("usage", f"There is no entity {entity} to search.", hint=hint)
    return entity
