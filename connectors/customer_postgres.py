"""Customer Postgres: SQL queries on a PostgreSQL database of one's own, read-only by the database's own means.

The page for its users is `docs/connectors/customer_postgres.md`.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from connectors.base import BaseConnector
from connectors.errors import InvalidInputError
from connectors.parameters import validate_credentials
from connectors.registry import AuthField, AuthType, Capability, ConnectorMeta, ConnectorScope

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from typing import LiteralString

    from connectors._customer_postgres.readonly import ReadOnlySession, Server

_MAX_TIMEOUT_SECONDS = 3600

_RELATIONS: LiteralString = """
SELECT n.nspname::text, c.relname::text,
       CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                      WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END,
       CASE WHEN c.relkind = 'p' THEN (SELECT sum(nullif(l.reltuples, -1))::bigint
                                       FROM pg_catalog.pg_partition_tree(c.oid) t
                                       JOIN pg_catalog.pg_class l ON l.oid = t.relid WHERE t.isleaf)
            WHEN c.relkind <> 'v' THEN nullif(c.reltuples, -1)::bigint END,
       pg_catalog.obj_description(c.oid, 'pg_class'),
       a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
       coalesce(a.attnum = ANY (i.indkey), false), pg_catalog.col_description(c.oid, a.attnum)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum
"""
"""From the catalogs and not from information_schema, which knows no comments, row counts or materialized views."""


class CustomerPostgresConnector(BaseConnector):
    """Answers SELECTs. Writing is impossible, see `connectors._customer_postgres.readonly` for why."""

    source_system = "customer_postgres"
    meta = ConnectorMeta(
        name="Customer Postgres",
        slug="customer_postgres",
        auth_type=AuthType.CUSTOM,
        scope=ConnectorScope.ORGANIZATION,
        capabilities=[Capability.QUERY],
        entity_types=[],
        description="Read-only SQL on a PostgreSQL database of your own.",
        query_description="One SQL statement in PostgreSQL's dialect: SELECT, VALUES, TABLE or WITH. It cannot change "
        "anything. Use get_schema to see tables. The first 1,000 rows (5 MB) are returned.",
        usage_guide="Connect with a role that has nothing but SELECT; superusers and roles that reach the server's "
        "files, programs, sessions or replication are refused.",
        auth_fields=[
            AuthField("host", "Database host", help_text="A name or address, or the directory of a local socket."),
            AuthField("port", "Port", "integer", default=5432),
            AuthField("database", "Database name"),
            AuthField("username", "Username", help_text="A role that has nothing but SELECT."),
            AuthField("password", "Password", "password", required=False, help_text="Empty for peer or trust."),
            AuthField(
                "sslmode",
                "TLS mode",
                "choice",
                default="prefer",
                choices=["disable", "prefer", "require", "verify-ca", "verify-full"],
                help_text="verify-full is recommended: it alone proves that this is the right server. "
                "prefer also connects without encryption.",
            ),
            AuthField(
                "sslrootcert",
                "CA certificate",
                required=False,
                help_text="Path of the PEM file to verify the server with; `system` takes the machine's own CAs.",
            ),
            AuthField(
                "statement_timeout_seconds",
                "Time limit of a query (seconds)",
                "integer",
                default=30,
                help_text=f"1 to {_MAX_TIMEOUT_SECONDS}; the server stops a query that takes longer.",
            ),
        ],
    )

    max_rows: ClassVar[int] = 1000
    max_bytes: ClassVar[int] = 5_000_000
    """Where an answer is cut, in bytes of its rows as JSON."""

    async def test_connection(self) -> str:
        """Connect and check the role; returns such as `reader on db.acme.com/sales, PostgreSQL 15.18, TLS`."""
        server = await self._server()
        async with self._session(server) as session:
            identity = session.identity
        open_channel = "local socket" if server.host.startswith("/") else "not encrypted"
        channel = "TLS" if identity.encrypted else open_channel
        return f"{identity.username} on {server}, PostgreSQL {identity.version}, {channel}"

    async def get_schema(self) -> list[dict[str, Any]]:
        """The tables and views that the role may read, with the columns it may read.

        Each is `{"schema", "name", "type", "estimated_rows", "comment", "columns": [{"name", "type", "nullable",
        "primary_key", "comment"}]}`. The estimate is the planner's, None where there is none; partitions are counted
        under their table and not listed.
        """
        async with self._session(await self._server()) as session:
            rows = await session.rows(_RELATIONS)
        return [_relation(group, list(columns)) for group, columns in groupby(rows, key=lambda row: row[:5])]

    async def query(self, request: str) -> dict[str, Any]:
        """The rows of one SELECT, VALUES, TABLE or WITH: `{"columns", "rows", "truncated"}`, and a `notice` if cut.

        Values are JSON's own: numbers where they survive as numbers digit for digit and text otherwise, ISO dates,
        bytes as `\\x…`, arrays and JSON nested, everything else as PostgreSQL writes it. Repeated column names are
        numbered. Raises InvalidInputError with the place marked, PermissionDeniedError or VendorUnavailableError.
        """
        async with self._session(await self._server()) as session:
            return await session.select(request, max_rows=self.max_rows, max_bytes=self.max_bytes)

    def _session(self, server: Server) -> AbstractAsyncContextManager[ReadOnlySession]:
        # Here and not above: listing connectors must not load a database driver.
        from connectors._customer_postgres.readonly import read_only_session

        return read_only_session(server)

    async def _server(self) -> Server:
        from connectors._customer_postgres.readonly import Server

        credentials = await self.get_credentials()
        declared = {f.name: credentials[f.name] for f in self.meta.auth_fields if credentials.get(f.name) is not None}
        if self.context.base_url:
            declared |= _address(self.context.base_url)
        values = validate_credentials(self.meta, declared)
        if not 1 <= values["statement_timeout_seconds"] <= _MAX_TIMEOUT_SECONDS:
            raise InvalidInputError(f"statement_timeout_seconds must be from 1 to {_MAX_TIMEOUT_SECONDS}.")
        if certificate := values.get("sslrootcert"):
            values["sslrootcert"] = str(Path(certificate).expanduser())
        return Server(**values)


def _address(base_url: str) -> dict[str, Any]:
    """Host and port of `postgresql://host:port`, which is how a connection is pointed somewhere else."""
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host:
        raise InvalidInputError("The base URL of a PostgreSQL connection looks like postgresql://host:port.")
    return {"host": host} | ({"port": port} if port else {})


def _relation(group: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    names = ("name", "type", "nullable", "primary_key", "comment")
    relation = dict(zip(("schema", "name", "type", "estimated_rows", "comment"), group, strict=True))
    return {**relation, "columns": [dict(zip(names, row[5:], strict=True)) for row in rows]}
