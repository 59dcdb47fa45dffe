"""PostgreSQL's refusals as errors with a sentence for a person and the next thing to do."""

from __future__ import annotations

import re
import unicodedata

import psycopg

from connectors.errors import (
    AuthenticationError,
    ConnectorError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    VendorUnavailableError,
)

_Kind = tuple[type[ConnectorError], str]

_ONE_SELECT = "Send one SELECT, VALUES, TABLE or WITH statement: it runs as a cursor, so EXPLAIN and SHOW cannot run."
_ONLY_READS = "Queries run in a read-only transaction; change data where it belongs."
_NAMES = "`revtops schema customer_postgres` lists the tables and columns that this role may read."
_TOO_LONG = "Narrow the query with WHERE or LIMIT, or raise statement_timeout_seconds of the connection."
_CREDENTIALS = "Check username and password, then connect again."
_CERTIFICATE = "Check sslmode and sslrootcert; for verify-full the host must be a name that is in the certificate."
_SERVER_STATE = "Try again in a moment; if it persists, ask who runs the server."
_REACH = "Check host and port, and that the server accepts connections from this machine."

_STATEMENT_KINDS: dict[str, _Kind] = {
    "0A000": (InvalidInputError, _ONLY_READS),
    "25001": (PermissionDeniedError, _ONLY_READS),
    "25006": (PermissionDeniedError, _ONLY_READS),
    "42501": (PermissionDeniedError, "For a table: grant the role SELECT on it and USAGE on its schema."),
    "42601": (InvalidInputError, _ONE_SELECT),
    "42P01": (InvalidInputError, _NAMES),
    "42703": (InvalidInputError, _NAMES),
    "55P03": (VendorUnavailableError, "Somebody else holds a lock on the table; try again when they are done."),
    "57014": (VendorUnavailableError, _TOO_LONG),
    "08": (VendorUnavailableError, _SERVER_STATE),
    "28": (AuthenticationError, _CREDENTIALS),
    "53": (VendorUnavailableError, _SERVER_STATE),
    "57": (VendorUnavailableError, _SERVER_STATE),
    "58": (VendorUnavailableError, _SERVER_STATE),
    "XX": (VendorUnavailableError, _SERVER_STATE),
}
"""By SQLSTATE, else by its class, the first two characters (PostgreSQL manual, appendix A); others: invalid input."""

_CONNECT_KINDS: tuple[tuple[str, _Kind], ...] = (
    (r'database ".*" does not exist', (NotFoundError, "Check the database's name; it is case-sensitive.")),
    (r"permission denied for database", (PermissionDeniedError, "Run: GRANT CONNECT ON DATABASE … TO the role.")),
    (r"certificate|\bSSL\b|\bTLS\b", (VendorUnavailableError, _CERTIFICATE)),
    (r"too many|connection slots|starting up|shutting down|recovery", (VendorUnavailableError, _SERVER_STATE)),
    (r'authentication failed|role ".*" does not exist|no password supplied', (AuthenticationError, _CREDENTIALS)),
    (r"pg_hba\.conf", (AuthenticationError, "The server's pg_hba.conf must admit this user, database and machine.")),
)
"""While connecting there is no SQLSTATE, only text. In another language the first guess below decides instead."""


def connect_error(error: psycopg.Error, where: str, username: str) -> ConnectorError:
    """Why no connection came about; `where` is the server and database as a person would write them."""
    reason = _connect_reason(str(error))
    asked_for_password = error.pgconn is not None and (error.pgconn.used_password or error.pgconn.needs_password)
    fallback = (AuthenticationError, _CREDENTIALS) if asked_for_password else (VendorUnavailableError, _REACH)
    matches = (kind for pattern, kind in _CONNECT_KINDS if re.search(pattern, reason))
    error_class, hint = next(matches, fallback)
    return error_class(f"Cannot connect to {where} as {username}: {reason}.", hint=hint)


def _connect_reason(text: str) -> str:
    """What libpq says, without the address that each of its lines repeats; one line per address that was tried."""
    reasons = [line.rpartition("failed: ")[2] for line in text.splitlines() if "failed: " in line]
    cleaned = [re.sub(r"^(FATAL|fe_sendauth):", "", reason).strip(" .") for reason in reasons or text.splitlines()[:1]]
    return "; ".join(dict.fromkeys(cleaned)) or "no reason given"


def statement_error(error: psycopg.Error, request: str = "", *, offset: int = 0) -> ConnectorError:
    """Why a statement failed, with the place marked in `request`, which began after `offset` characters of it."""
    state = error.sqlstate
    if state is None:  # no answer of the server: the connection is gone
        return VendorUnavailableError(f"The connection to PostgreSQL broke off: {_connect_reason(str(error))}.")
    error_class, hint = _STATEMENT_KINDS.get(state) or _STATEMENT_KINDS.get(state[:2]) or (InvalidInputError, "")
    diagnosis = error.diag
    message = f"PostgreSQL refused the query: {diagnosis.message_primary} ({state})"
    if diagnosis.message_detail:
        message += f"\n{diagnosis.message_detail}"
    position = int(diagnosis.statement_position or 0) - offset
    if request and position > 0:
        message += f"\n{mark(request, position)}"
    return error_class(message, hint=" ".join(filter(None, (diagnosis.message_hint, hint))))


def mark(request: str, position: int, *, width: int = 100) -> str:
    """The line of `request` that holds the character at `position` (from 1), and below it a caret at that place."""
    before = request[: position - 1]
    start = before.rfind("\n") + 1
    line = request[start:].partition("\n")[0].rstrip("\r")
    column = len(before) - start
    cut = max(0, column - width // 2)
    label = f"line {before.count(chr(10)) + 1}: "
    padding = "".join(_blank(character) for character in line[cut:column])
    return f"{label}{line[cut : cut + width]}\n{' ' * len(label)}{padding}^"


def _blank(character: str) -> str:
    """As wide as the character is in a terminal."""
    if character == "\t":
        return character
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "
