"""A dry run: what would be sent, and what it would change. Names are resolved for real; the first change is held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.models import entity_name
from connectors.registry import WriteOperation
from revtops_tui.engine.connections import connector_class, use
from revtops_tui.engine.dispatch import Request, attempt, checked, state_before
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.secrets import data_masked
from revtops_tui.engine.workspace import Workspace
from store.clock import moment_of
from store.freshness import known_until

if TYPE_CHECKING:
    from connectors.base import BaseConnector
    from connectors.changes import RecordState
    from connectors.http import HeldRequest


@dataclass(frozen=True)
class FieldChange:
    """A field that would change; None is empty. A field among others, of an object, is `parameter.field`."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Preview:
    """What a write or an action would do.

    Attributes:
        request: the first request that would change something, secrets masked; others may follow it. None where nothing
            would be changed, and `result` is the answer then.
        changes: the fields that would change; None where that cannot be told, as of something new.
        changed_at: when the record was changed at its system, if that was after it was synced: what is stored here is
            not what would be changed.
    """

    request: HeldRequest | None
    result: Any = None
    changes: list[FieldChange] | None = None
    changed_at: dt.datetime | None = field(default=None)


def preview(
    ws: Workspace, selector: str, kind: str, name: str, data: Mapping[str, Any], *, textual: bool = False
) -> Preview:
    """What `operations.submit` would do with the same arguments. Nothing is changed, and nothing is in the ledger.

    Raises EngineError for what would be refused, and for a connector that cannot hold anything back.
    """
    return preview_of(ws, checked(ws, selector, kind, name, data, textual=textual))


def preview_of(ws: Workspace, request: Request) -> Preview:
    """The same for a request that was checked."""
    cls = connector_class(ws, request.connection.slug)
    if not cls.dry_runs:
        raise EngineError(
            "usage",
            f"{cls.meta.name} cannot show what {request.operation.name} would do without doing it.",
            hint="A dry run needs a connector that does everything over its HTTP client.",
        )
    held: list[HeldRequest] = []

    async def look(connector: BaseConnector) -> tuple[RecordState | None, Any]:
        state = await state_before(connector, request)
        try:
            return state, await attempt(connector, request)
        except Exception:
            if not held:
                raise
            return state, None

    state, result = use(ws, request.connection.selector, look, hold=held.append)
    return Preview(
        held[0] if held else None,
        None if held else data_masked(result),
        None if state is None else list(_changes(data_masked(state.values), request.own)),
        None if state is None else _changed_since_sync(ws, request, state),
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for name, old in before.items():
        new = after[name]
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            for inner in _changes(old, new):
                yield FieldChange(f"{name}.{inner.name}", inner.before, inner.after)
        elif old != new and (old, new) not in ((None, ""), ("", None)):
            yield FieldChange(name, old, new)


def _changed_since_sync(ws: Workspace, request: Request, state: RecordState) -> dt.datetime | None:
    if state.changed_at is None or not isinstance(request.operation, WriteOperation):
        return None
    entity = entity_name(request.operation.entity_type)
    known = known_until(ws.database, request.connection.id, entity, state.source_id)
    return state.changed_at if known and state.changed_at > moment_of(known) else None
