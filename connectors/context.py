"""What surrounds a connector while it works: credentials, base URL, the run it belongs to.

The engine builds one per connection. A connector made by hand, as in the guide's tests, gets one that finds the
organization's own connection in the local store when it first needs it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from connectors.errors import ConnectionRevokedError, ConnectorError

if TYPE_CHECKING:
    from connectors.http import Exchange, HeldRequest
    from connectors.models import Record
    from connectors.stream import Deleted

current_entity: ContextVar[str | None] = ContextVar("current_entity", default=None)
"""The entity whose `sync_*` runs in this task: entities of one connection may run concurrently."""


class Sink(Protocol):
    """Where a sync run puts its records (see `connectors.persistence`)."""

    async def sync_entity(self, entity: str, method: Callable[[], Any]) -> int:
        """Call a `sync_*` method and store what it returns or yields; returns the number of records taken.

        The entity's failure is recorded in the run and does not stop the others; a refused credential and a
        cancelled run are raised, since no other entity would fare better.
        """
        ...

    async def store_records(self, entity: str, records: Sequence[Record] | Deleted) -> int:
        """Store one batch, or mark what is gone."""
        ...

    def since(self, entity: str | None) -> dt.datetime | None:
        """The time from which the entity is to be fetched; None means everything."""
        ...

    def resume_cursor(self, entity: str | None) -> Any:
        """The cursor of the last committed checkpoint of an unfinished run, or None."""
        ...

    def bookmark(self, entity: str | None) -> Any:
        """The bookmark of the last complete run, or None where this run does not go on from there."""
        ...


@dataclass
class ConnectorContext:
    """Everything a connector may know of the connection it serves."""

    organization_id: str
    credentials: Callable[[], dict[str, Any]]
    renew: Callable[[str], Awaitable[dict[str, Any]]] | None = None
    """The credentials with another token than the given one, which is refused or about to expire. The same ones where
    there is no other. Raises ConnectionRevokedError where the vendor has withdrawn the sign-in."""
    base_url: str | None = None
    user_id: str | None = None
    sink: Sink | None = None
    stored_bookmark: Callable[[str], Any] = field(default=lambda _: None)
    """What the last complete run of an entity left as its bookmark: for handling an event, outside of any run."""
    cancelled: Callable[[], bool] = field(default=lambda: False)
    on_exchange: Callable[[Exchange], None] | None = None
    on_wait: Callable[[str | None], None] | None = None
    hold: Callable[[HeldRequest], None] | None = None
    """In a dry run: called with each request that would change something, in place of sending it."""


def local_context(organization_id: str, source_system: str, user_id: str | None = None) -> ConnectorContext:
    """The context of a connector that was made by hand: the organization's own connection, looked up when needed."""

    def credentials() -> dict[str, Any]:
        from store.connections import find_connection
        from store.credentials import CredentialsError, open_credentials
        from store.database import Database
        from store.home import data_dir

        with Database.open(data_dir()) as database:
            connection = find_connection(database, organization_id, source_system)
        if connection is None:
            raise ConnectionRevokedError(
                f"{organization_id} has no connection to {source_system}.", hint=f"Run: revtops connect {source_system}"
            )
        try:
            return open_credentials(data_dir()).get(connection.credentials_key) or {}
        except CredentialsError as error:
            raise ConnectorError(error.message, hint=error.hint) from error

    return ConnectorContext(organization_id=organization_id, user_id=user_id, credentials=credentials)
