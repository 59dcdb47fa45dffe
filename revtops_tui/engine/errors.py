"""One kind of error for every face: a sentence, what to do next, a stable kind and the command line's exit code."""

from __future__ import annotations

import logging

_log = logging.getLogger("revtops")

_EXIT_CODES = {
    "usage": 2,
    "invalid_input": 2,
    "unknown_connector": 2,
    "broken_connector": 2,
    "not_connected": 4,
    "authentication": 4,
    "connection_revoked": 4,
    "keyring_missing": 4,
    "keyring_locked": 4,
    "vault_locked": 4,
    "busy": 5,
    "cancelled": 130,
}


class EngineError(Exception):
    """Something the user should know. `kind` is stable; `message` and `hint` are sentences."""

    def __init__(self, kind: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint

    @property
    def exit_code(self) -> int:
        """The command line's exit code for this kind of error."""
        return _EXIT_CODES.get(self.kind, 1)

    def document(self) -> dict[str, dict[str, str]]:
        """The error as `--json` prints it."""
        return {"error": {"kind": self.kind, "message": self.message, "hint": self.hint}}


def people(error: BaseException) -> EngineError:
    """Any exception as an error for people. What nobody expected is written to the log with its traceback."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, BaseExceptionGroup):
        return people(error.exceptions[0])
    if isinstance(error, KeyboardInterrupt):
        return EngineError("cancelled", "Cancelled.", hint="What was committed is kept.")
    kind, message, hint = (getattr(error, name, None) for name in ("kind", "message", "hint"))
    if isinstance(kind, str) and isinstance(message, str) and isinstance(hint, str):
        from revtops_tui.engine.secrets import without_known

        return EngineError(kind, without_known(message), hint=without_known(hint))
    if refused := _by_the_disk(error):
        return people(refused)
    from revtops_tui.engine.blame import place_of
    from revtops_tui.engine.secrets import without_secrets

    _log.error("unexpected %s", type(error).__name__, exc_info=error)
    place = f" ({place})" if (place := place_of(error)) else ""
    return EngineError(
        "bug",
        f"An unexpected {type(error).__name__}: {without_secrets(str(error))}{place}",
        hint="The log file (`revtops doctor` says where) has the details.",
    )


def _by_the_disk(error: BaseException) -> Exception | None:
    """The store's sentence, where a file or the database refused."""
    import sqlite3

    from store.errors import file_error, store_error

    if isinstance(error, sqlite3.Error):
        return store_error(error)
    return file_error(error) if isinstance(error, OSError) else None
