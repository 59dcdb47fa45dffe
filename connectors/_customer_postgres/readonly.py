"""A PostgreSQL session that cannot write: the database itself sees to it, whatever the query's text says.

Four locks, each of which the others do not replace:

- The transaction is READ ONLY, and a first statement of ours has run in it: from then on PostgreSQL refuses to make
  it READ WRITE (SQLSTATE 25001), which a query could otherwise do with `SET TRANSACTION`.
- The text is sent by the extended protocol, which takes one statement only, so no `COMMIT; DELETE …` gets through.
- It is sent as `DECLARE … CURSOR FOR <text>`, and the grammar admits nothing but SELECT, VALUES, TABLE and WITH there;
  a WITH that changes data is refused as well.
- Functions remain, and some of them act outside of any transaction (files, programs, other sessions, replication
  slots). Only roles that may use none of these are accepted.

Each session is a new connection and is thrown away: settings and advisory locks that a query leaves end with it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import orjson
import psycopg
from psycopg import AsyncConnection, AsyncCursor, IsolationLevel
from psycopg.sql import Identifier

from connectors._customer_postgres.errors import connect_error, statement_error
from connectors._customer_postgres.values import json_adapters
from connectors.errors import InvalidInputError, PermissionDeniedError, VendorUnavailableError

_DECLARE = "DECLARE revtops_query NO SCROLL CURSOR FOR "
_BATCH_GROWTH = 16
_GRACE_SECONDS = 1
"""How much longer than the server's own time limit we wait: a query can switch that one off for its later batches."""

_GUARD: LiteralString = """
SELECT pg_catalog.current_setting('transaction_read_only') = 'on',
       ARRAY(SELECT rolname::text FROM pg_catalog.pg_roles
             WHERE (rolsuper OR rolreplication OR rolname IN ('pg_execute_server_program', 'pg_read_server_files',
                                                              'pg_write_server_files', 'pg_signal_backend'))
               AND pg_catalog.pg_has_role(session_user, oid, 'MEMBER')
             ORDER BY rolname),
       (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user),
       session_user::text, pg_catalog.current_database()::text, pg_catalog.current_setting('server_version')
"""
"""MEMBER and not USAGE: a query can take on a role that it merely may take on, by `set_config('role', …)`."""


@dataclass(frozen=True)
class Server:
    """Where to connect to, as whom, and how long a query may run. An absolute path as host is a socket directory."""

    host: str
    port: int
    database: str
    username: str
    password: str | None = field(default=None, repr=False)
    sslmode: str = "prefer"
    sslrootcert: str | None = None
    statement_timeout_seconds: int = 30
    connect_timeout_seconds: int = 10

    def __str__(self) -> str:
        port = "" if self.port == 5432 else f":{self.port}"
        return f"{self.host}{port}/{self.database}"


@dataclass(frozen=True)
class Identity:
    """Who a session turned out to be, on what. `version` is the server's, without the packager's addition."""

    username: str
    database: str
    version: str
    encrypted: bool


class ReadOnlySession:
    """One read-only transaction. Made by `read_only_session`."""

    def __init__(self, connection: AsyncConnection[Any], identity: Identity) -> None:
        self._connection = connection
        self.identity = identity

    async def rows(self, statement: LiteralString) -> list[tuple[Any, ...]]:
        """All rows of a statement of our own."""
        cursor = await self._connection.execute(statement)
        return await cursor.fetchall()

    async def select(self, request: str, *, max_rows: int, max_bytes: int) -> dict[str, Any]:
        """The rows of a query that somebody wrote: `{"columns", "rows", "truncated"}`, and a `notice` if truncated.

        Args:
            request: the query's text; nothing in it is trusted.
            max_rows, max_bytes: where the answer is cut; bytes are those of the rows as JSON.

        Raises InvalidInputError, PermissionDeniedError or VendorUnavailableError.
        """
        statement = _statement(request)
        cursor = self._connection.cursor()
        try:
            await cursor.execute(statement, binary=True)  # which makes it the extended protocol: one statement only
            rows, notice = await _fetch(cursor, max_rows, max_bytes)
        except psycopg.Error as error:
            raise statement_error(error, request, offset=len(_DECLARE)) from error
        columns = _distinct([column.name for column in cursor.description or ()])
        answer: dict[str, Any] = {"columns": columns, "rows": rows, "truncated": bool(notice)}
        return {**answer, "notice": notice} if notice else answer


@contextlib.asynccontextmanager
async def read_only_session(server: Server) -> AsyncIterator[ReadOnlySession]:
    """Connect, lock the transaction to reading, check the role; roll back and disconnect at the end.

    A cancelled task cancels its statement at the server too. Raises AuthenticationError, NotFoundError,
    PermissionDeniedError (also for a role that could do more than read) or VendorUnavailableError.
    """
    connection = await _connect(server)
    try:
        async with asyncio.timeout(server.statement_timeout_seconds + _GRACE_SECONDS):
            await connection.set_read_only(True)
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            async with connection.transaction(force_rollback=True):
                identity = await _lock_and_check(connection, server)
                yield ReadOnlySession(connection, identity)
    except TimeoutError as error:
        raise VendorUnavailableError(
            f"{server} did not finish within {server.statement_timeout_seconds} seconds.",
            hint="Narrow the query with WHERE or LIMIT, or raise statement_timeout_seconds of the connection.",
        ) from error
    except psycopg.Error as error:
        raise statement_error(error) from error
    finally:
        await connection.close()


async def _connect(server: Server) -> AsyncConnection[Any]:
    try:
        return await AsyncConnection.connect(
            host=server.host,
            hostaddr="",  # else PGHOSTADDR would lead to another server, and PGPASSWORD below stand in for a password
            port=server.port,
            dbname=server.database,
            user=server.username,
            password=server.password or "",
            sslmode=server.sslmode,
            sslrootcert=server.sslrootcert,
            connect_timeout=server.connect_timeout_seconds,
            application_name="revtops",
            client_encoding="utf8",
            prepare_threshold=None,  # a session is one query long, and poolers cannot keep prepared statements
            context=json_adapters(),
        )
    except psycopg.Error as error:
        raise connect_error(error, str(server), server.username) from error


async def _lock_and_check(connection: AsyncConnection[Any], server: Server) -> Identity:
    """The first statements of the transaction. They are set LOCAL, not at connect: connection poolers refuse that."""
    milliseconds = server.statement_timeout_seconds * 1000
    settings = {
        "statement_timeout": milliseconds,
        "lock_timeout": min(milliseconds // 2, 5000),
        "idle_in_transaction_session_timeout": milliseconds + 30_000,
        "datestyle": "ISO",
        "bytea_output": "hex",
        "extra_float_digits": 3,
    }
    await connection.execute("".join(f"SET LOCAL {name} = '{value}';" for name, value in settings.items()).encode())
    cursor = await connection.execute(_GUARD)
    row = await cursor.fetchone()
    assert row is not None
    read_only, powers, superuser, username, database, version = row
    if not read_only:
        raise PermissionDeniedError(f"{server} did not open a read-only transaction, so nothing is queried there.")
    if powers:
        raise _too_powerful(username, database, powers, superuser=superuser)
    return Identity(username, database, version.partition(" ")[0], connection.pgconn.ssl_in_use)


def _too_powerful(username: str, database: str, powers: Sequence[str], *, superuser: bool) -> PermissionDeniedError:
    if superuser:
        reason = "is a superuser"
    elif username in powers:
        reason = "may replicate"
    else:
        reason = f"is a member of {', '.join(powers)}"
    name = Identifier(database).as_string()
    return PermissionDeniedError(
        f"The role {username} {reason}. A read-only transaction does not keep such a role from reaching files, "
        "programs, other sessions or replication slots on the server, so it is not used.",
        hint="Connect with a role that can only read. To make one, run on the server:\n"
        "CREATE ROLE revtops_reader LOGIN PASSWORD 'choose-one';\n"
        f"GRANT CONNECT ON DATABASE {name} TO revtops_reader;\n"
        "GRANT USAGE ON SCHEMA public TO revtops_reader;\n"
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO revtops_reader;",
    )


def _statement(request: str) -> bytes:
    if not request.strip():
        raise InvalidInputError("The query is empty.", hint="Send one SELECT, VALUES, TABLE or WITH statement.")
    if "\0" in request:  # the protocol's end of text: the rest would silently not be sent
        raise InvalidInputError("The query contains a NUL character, which PostgreSQL cannot take.")
    try:
        return (_DECLARE + request).encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(f"Character {error.start - len(_DECLARE) + 1} of the query is not text.") from error


async def _fetch(cursor: AsyncCursor[Any], max_rows: int, max_bytes: int) -> tuple[list[list[Any]], str]:
    """The rows up to the caps, and what to tell where they cut something off.

    The first batch is one row, and later ones are as many as should still fit: an answer of huge rows is not taken
    into memory just to be thrown away.
    """
    rows: list[list[Any]] = []
    size, batch = 0, 1
    while True:
        await cursor.execute(f"FETCH FORWARD {batch} FROM revtops_query".encode())
        fetched = await cursor.fetchall()
        for row in fetched:
            size += len(orjson.dumps(row))
            if size > max_bytes:
                return rows, _bytes_notice(len(rows), max_bytes)
            if len(rows) == max_rows:
                return rows, f"There is more: the first {max_rows:,} rows are shown; add LIMIT or WHERE."
            rows.append(list(row))
        if len(fetched) < batch:
            return rows, ""
        fitting = (max_bytes - size) * len(rows) // size + 1
        batch = min(batch * _BATCH_GROWTH, max_rows + 1 - len(rows), fitting)


def _bytes_notice(shown: int, max_bytes: int) -> str:
    limit = f"{max_bytes / 1_000_000:g} MB"
    if not shown:
        return f"There is more: the first row alone is larger than {limit}; select fewer columns, or parts of them."
    return f"There is more: {limit} hold the first {shown:,} rows; select fewer columns, or add LIMIT or WHERE."


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, later repetitions numbered: `id, id` becomes `id, id_2`."""
    taken: list[str] = []
    for name in names:
        candidate, count = name, 1
        while candidate in taken:
            count += 1
            candidate = f"{name}_{count}"
        taken.append(candidate)
    return taken
