"""The errors a connector raises, grouped by what one does about them.

Every error carries a sentence for a person (`message`), what to do next (`hint`) and a stable `kind` for scripts.
None of them ever carries a secret or a body: callers may print them as they are.
"""

from __future__ import annotations

from typing import ClassVar


class ConnectorError(Exception):
    """Something went wrong in or with a connected system. `kind` is stable; `message` and `hint` are for people."""

    kind: ClassVar[str] = "connector_error"
    default_hint: ClassVar[str] = ""
    status: int | None = None
    """The HTTP status it came with, where there was an answer."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint


class AuthenticationError(ConnectorError):
    """The system refused the credentials (HTTP 401 and its relatives). Not retried."""

    kind = "authentication"
    default_hint = "Connect again with fresh credentials."


class PermissionDeniedError(ConnectorError):
    """The credentials are good, but may not do this (HTTP 403). Not retried."""

    kind = "permission"
    default_hint = "Give the credentials the missing scope or role at the vendor, then try again."


class NotFoundError(ConnectorError):
    """The record or endpoint does not exist (HTTP 404, 410)."""

    kind = "not_found"


class InvalidInputError(ConnectorError):
    """The request is wrong: refused before sending by our own checks, or by the vendor (HTTP 400, 409, 422)."""

    kind = "invalid_input"


class RateLimitedError(ConnectorError):
    """The vendor asks for patience longer than a run should wait. `retry_after` is in seconds, None where unknown."""

    kind = "rate_limited"
    default_hint = "Run it again later; what was synced is kept."

    def __init__(self, message: str, *, retry_after: float | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class VendorUnavailableError(ConnectorError):
    """No usable answer: refused, timed out, broken off half-way, or HTTP 5xx, after the retries that were safe."""

    kind = "vendor_unavailable"
    default_hint = "Check the network and the vendor's status page, then run it again; what was synced is kept."


class OutcomeUnknownError(VendorUnavailableError):
    """A request that must not be repeated was sent and no answer came: it may have been carried out."""

    kind = "outcome_unknown"
    default_hint = "Look in the other system whether it happened before you send it again."


class ConnectionRevokedError(ConnectorError):
    """The connection was disconnected, or the vendor withdrew the grant, while it was in use."""

    kind = "connection_revoked"
    default_hint = "Connect it again; nothing that was synced is deleted."


class BookmarkLostError(ConnectorError):
    """The vendor's feed of changes no longer goes on from the bookmark: the run lists this entity in full instead."""

    kind = "bookmark_lost"
    default_hint = "Run a full sync."


class SyncCancelledError(ConnectorError):
    """The run was asked to stop. What was committed stays, and the next run goes on from there."""

    kind = "cancelled"


class DeclarationError(ConnectorError):
    """A connector's own declaration or file is wrong, so it cannot be used. Its author has to mend it."""

    kind = "declaration"
