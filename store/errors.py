"""What can go wrong with the local database, as sentences for people."""

from __future__ import annotations

import errno
import sqlite3


class StoreError(Exception):
    """The local database refused. `kind` is stable; `message` and `hint` are for people."""

    def __init__(self, kind: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint


# What SQLite says -> our kind, sentence and hint.
_SENTENCES: tuple[tuple[str, str, str, str], ...] = (
    ("disk is full", "disk_full", "The disk is full.", "Free some space and run it again; what was committed is kept."),
    ("readonly", "read_only", "The database file is read-only.", "Make it and its directory writable for you."),
    ("unable to open", "cannot_open", "The database cannot be opened.", "Is the data directory there, and yours?"),
    ("is locked", "busy", "Another program holds the database.", "Wait for it to finish, then run it again."),
    ("not a database", "not_a_database", "This is not a revtops database.", "Restore it from a backup."),
    ("malformed", "damaged", "The database is damaged.", "Restore it from a backup (`backups/`, beside it)."),
    ("disk I/O error", "io_error", "The disk reports an error.", "Check it; what was committed before is kept."),
)  # fmt: skip


_NO_ROOM = "SQLITE_IOERR_SHMSIZE"
"""The index of the log, which even a reader needs, could not be made: SQLite calls that an I/O error."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = {errno.EACCES: "no_access", errno.EPERM: "no_access", errno.EROFS: "read_only", errno.EIO: "io_error"}


def file_error(error: OSError) -> StoreError | None:
    """The sentence for a file that the disk or its permissions refuse; None for what is no such trouble."""
    if error.errno in _FULL:
        return store_error(sqlite3.OperationalError("disk is full"))
    if error.errno not in _REFUSED or error.filename is None:
        return None
    return StoreError(
        _REFUSED[error.errno],
        f"{error.filename} cannot be used: {error.strerror}.",
        hint="Check the permissions of it and of its directory.",
    )


def store_error(error: sqlite3.Error) -> StoreError:
    """The sentence for an SQLite error."""
    text = str(error)
    if getattr(error, "sqlite_errorname", "") == _NO_ROOM:
        text = "disk is full"
    for needle, kind, message, hint in _SENTENCES:
        if needle in text:
            return StoreError(kind, message, hint=hint)
    return StoreError("database", f"The database refused: {text}.")
