"""Records that were set aside: why, and another try."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from connectors.entity_writer import EntityWriter
from connectors.models import ENTITY_RECORDS, Record
from revtops_tui.engine.connections import connector_class, find
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from store import connections as store
from store.clock import moment_of
from store.connections import Connection, selector_of
from store.rejections import RejectedRecord, forget_rejected, rejected_records
from store.upsert import Scope

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


@dataclass(frozen=True)
class RejectedInfo:
    """A record that failed validation or storage, with what the connector gave and why it was refused."""

    id: int
    slug: str
    name: str
    entity: str
    source_id: str
    reason: str
    field: str | None
    payload: Any
    created_at: dt.datetime
    run_id: int | None

    @property
    def selector(self) -> str:
        """How commands name its connection."""
        return selector_of(self.slug, self.name)


@dataclass(frozen=True)
class RejectedGroup:
    """Records of one entity that were refused for the same reason, newest first."""

    selector: str
    entity: str
    field: str | None
    reason: str
    records: tuple[RejectedInfo, ...]


def rejected(ws: Workspace, selector: str | None = None, limit: int = 1000) -> list[RejectedInfo]:
    """The records set aside, of one connection or of all, newest first."""
    return [_info(record, connection) for record, connection in _records(ws, selector, limit)]


def grouped(records: Sequence[RejectedInfo]) -> list[RejectedGroup]:
    """Rejected records by their connection, entity, field and reason; the largest groups first.

    Reasons that differ only in what they quote, or in a number, are one: a thousand wrong amounts are one trouble.
    """
    groups: dict[tuple[str, ...], list[RejectedInfo]] = {}
    for one in records:
        key = (one.selector, one.entity, one.field or "", _QUOTED.sub("…", one.reason))
        groups.setdefault(key, []).append(one)
    found = [
        RejectedGroup(selector, entity, field or None, members[0].reason if len(members) == 1 else reason, (*members,))
        for (selector, entity, field, reason), members in groups.items()
    ]
    return sorted(found, key=lambda group: -len(group.records))


def ignore_rejected(ws: Workspace, ids: Sequence[int]) -> int:
    """Forget rejected records; returns how many there were.

    A full sync brings those that the vendor still has again: then they are stored, or rejected anew.
    """
    return forget_rejected(ws.database, ws.organization_id, ids)


def retry_rejected(ws: Workspace, ids: Sequence[int] | None = None, selector: str | None = None) -> tuple[int, int]:
    """Try to store them again, as they are; returns how many were stored and how many are still rejected.

    It helps after the connector or its record was corrected; a record that was corrected at the vendor comes with
    the next sync anyway.
    """
    chosen = [(r, c) for r, c in _records(ws, selector, limit=-1) if ids is None or r.id in ids]
    chosen.sort(key=lambda pair: (pair[1].id, pair[0].entity))
    stored = 0
    for _, group in groupby(chosen, key=lambda pair: (pair[1].id, pair[0].entity)):
        pairs = list(group)
        stored += asyncio.run(_retry(ws, pairs[0][1], [record for record, _ in pairs]))
    return stored, len(chosen) - stored


async def _retry(ws: Workspace, connection: Connection, records: list[RejectedRecord]) -> int:
    entity = records[0].entity
    scope = Scope(connection.id, connection.organization_id, connection.source_system, records[0].run_id)
    writer = EntityWriter(ws.database, scope, entity, _record_class(ws, connection, entity))
    await writer.take([record.payload for record in records])
    await writer.flush()
    return len(records) - writer.counts.rejected


def _record_class(ws: Workspace, connection: Connection, entity: str) -> type[Record]:
    if entity in ENTITY_RECORDS:  # its connector may be gone, or never have been: see `persist_records`
        return ENTITY_RECORDS[entity]
    own = connector_class(ws, connection.slug).entities.get(entity)
    if own is None:
        raise EngineError("usage", f"{connection.selector} has no entity {entity} any more.")
    return own[0]


def _records(ws: Workspace, selector: str | None, limit: int) -> list[tuple[RejectedRecord, Connection]]:
    mine = [find(ws, selector)] if selector else store.connections(ws.database, ws.organization_id)
    by_id = {connection.id: connection for connection in mine}
    return [(record, by_id[record.connection_id]) for record in rejected_records(ws.database, list(by_id), limit)]


def _info(record: RejectedRecord, connection: Connection) -> RejectedInfo:
    return RejectedInfo(
        record.id,
        connection.slug,
        connection.name,
        record.entity,
        record.source_id,
        record.reason,
        record.field,
        record.payload,
        moment_of(record.created_at),
        record.run_id,
    )
