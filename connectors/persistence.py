"""The door to the store for connectors: records are stored, and marked as deleted, with the run or event at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any

from connectors.entity_writer import EntityWriter
from connectors.errors import ConnectorError
from connectors.models import ENTITY_RECORDS, Record, entity_name
from connectors.stream import Deleted, Item
from store.database import Database
from store.upsert import Scope

current_sink: ContextVar[Any] = ContextVar("current_sink", default=None)
"""The sync run that this task works for, if any."""


async def persist_records(organization_id: str, entity: str, records: Sequence[Item], source_system: str) -> int:
    """Store records of one entity; returns how many were stored.

    Inside a sync run, or while an event is handled, they are part of it. Elsewhere they go to the organization's own
    connection for that `source_system`, found or made. A bad record is set aside alone. `entity` is the table's name or
    the guide's short one. Raises ConnectorError for an entity that does not exist.
    """
    return await _hand_over(organization_id, entity, records, source_system)


async def delete_records(organization_id: str, entity: str, source_ids: Sequence[str], source_system: str) -> None:
    """Mark records as deleted at the vendor; see `persist_records`, whose counterpart it is."""
    await _hand_over(organization_id, entity, Deleted(source_ids), source_system)


async def _hand_over(organization_id: str, entity: str, what: Sequence[Item] | Deleted, source_system: str) -> int:
    sink = current_sink.get()
    if sink is not None:
        return int(await sink.store_records(entity, what))
    from store.connections import ensure_connection
    from store.home import data_dir

    record = _record_of(entity)
    with Database.open(data_dir()) as database:
        connection = ensure_connection(database, organization_id, source_system)
        scope = Scope(connection.id, organization_id, source_system)
        return await store_now(database, scope, entity, what, record)


async def store_now(
    database: Database,
    scope: Scope,
    entity: str,
    what: Sequence[Item] | Deleted,
    record: type[Record] | None = None,
    *,
    secrets: Callable[[], Iterable[str]] = tuple,
) -> int:
    """Store records, or mark what is gone, outside of a sync run; returns how many records were stored.

    Raises ConnectorError for an entity that does not exist.
    """
    writer = EntityWriter(database, scope, entity_name(entity), record or _record_of(entity), secrets=secrets)
    await writer.take(what)
    await writer.flush()
    return writer.counts.fetched - writer.counts.rejected


def _record_of(entity: str) -> type[Record]:
    record = ENTITY_RECORDS.get(entity_name(entity))
    if record is None:
        raise ConnectorError(f"There is no entity named {entity}.", hint=f"One of: {', '.join(ENTITY_RECORDS)}.")
    return record
