"""One database file: opening, pragmas, migration, the writer, and read connections.

What is promised: WAL with `synchronous=NORMAL`. A killed process loses nothing that was committed and never leaves
half a transaction; after a power cut the last moments before it may be missing, but the file is whole.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar

from store.errors import StoreError, file_error, store_error
from store.home import make_private

T = TypeVar("T")

SCHEMA_VERSION = 6
"""The newest migration's number; a file says its own in `PRAGMA user_version`."""

FILE_NAME = "revtops.db"
_BUSY_SECONDS = 15
_CACHE_KIB = 24 * 1024
_WAL_PAGES = 20_000


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with our pragmas, in autocommit mode: transactions are begun by hand, where they can be seen."""
    _open_side_files(path)
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        _set_up(connection, read_only=read_only)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _open_side_files(path: Path) -> None:
    """Give the log and its index the database's mode: SQLite gives them the one it had when they were made, so that a
    database which was read-only for a while, and only looked at, could not be written ever after.
    """
    with suppress(OSError):
        mode = path.stat().st_mode & 0o777
        for side in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if side.exists() and side.stat().st_mode & 0o777 != mode:
                side.chmod(mode)


def _set_up(connection: sqlite3.Connection, *, read_only: bool) -> None:
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB if not read_only else 8 * 1024}")
    if not read_only:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        # A large transaction would otherwise be copied back at every commit; this many pages bound the WAL at 80 MB.
        connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
        connection.execute("PRAGMA journal_size_limit=100000000")


_Jobs: TypeAlias = "SimpleQueue[tuple[Callable[[sqlite3.Connection], Any], Future[Any], bool] | None]"


class Writer:
    """The one write connection of this process, owned by one thread. Readers never wait for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: _Jobs = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def submit(self, job: Callable[[sqlite3.Connection], T], *, keep: bool = True) -> Future[T]:
        """Run `job` in a transaction of its own, on the writer's thread; with `keep=False` it is rolled back."""
        future: Future[T] = Future()
        with self._lock:
            if self._thread is None:
                self._jobs = (
                    SimpleQueue()
                )  # each thread has its own: one that is closing must not take what comes after
                self._thread = threading.Thread(target=self._work, args=(self._jobs,), name="store-writer", daemon=True)
                self._thread.start()
            self._jobs.put((job, future, keep))
        return future

    def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Like `submit`, and wait for it. Raises StoreError."""
        return self.submit(job).result()

    def close(self) -> None:
        """Finish what was submitted, then close the connection."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._jobs.put(None)
        if thread is not None:
            thread.join()

    def _work(self, jobs: _Jobs) -> None:
        connection: sqlite3.Connection | None = None
        while (item := jobs.get()) is not None:
            job, future, keep = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                connection = connection or connect(self._path)
                future.set_result(_in_transaction(connection, job, keep=keep))
            except sqlite3.Error as error:
                future.set_exception(store_error(error))
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the result
                future.set_exception(error)
        if connection is not None:
            connection.close()


def _in_transaction(connection: sqlite3.Connection, job: Callable[[sqlite3.Connection], T], *, keep: bool) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = job(connection)
        connection.execute("COMMIT" if keep else "ROLLBACK")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


class _Reader:
    """A thread's read connection, which ends with its thread: faces use many short ones."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Database:
    """An open database file of this version. Use as a context manager, or `close` it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.home = path.parent
        self.writer = Writer(path)
        self._local = threading.local()
        self._readers: weakref.WeakSet[_Reader] = weakref.WeakSet()
        self._readers_lock = threading.Lock()

    @classmethod
    def open(cls, home: Path) -> Database:
        """Open the file in `home`, creating or migrating it first (after a backup copy). Raises StoreError."""
        try:
            path = make_private(home) / FILE_NAME
            version = _version(path)
            if version > SCHEMA_VERSION:
                raise StoreError(
                    "too_new",
                    f"The database was written by a newer revtops (schema {version}; this one knows {SCHEMA_VERSION}).",
                    hint="Upgrade revtops, or use another data directory with --home.",
                )
            if version < SCHEMA_VERSION:
                from store.migrate import migrate  # Alembic and SQLModel: a third of a second each, only when needed

                migrate(path, SCHEMA_VERSION)
        except sqlite3.Error as error:
            raise store_error(error) from error
        except OSError as error:
            raise file_error(error) or StoreError(
                "cannot_open", f"{home} cannot be used as the data directory: {error.strerror}."
            ) from error
        return cls(path)

    def reader(self) -> sqlite3.Connection:
        """This thread's read-only connection to the whole file: for the store's own modules, never for a face."""
        reader: _Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            try:
                reader = _Reader(connect(self.path, read_only=True))
            except sqlite3.Error as error:
                raise store_error(error) from error
            self._local.reader = reader
            with self._readers_lock:
                self._readers.add(reader)
        return reader.connection

    def close(self) -> None:
        """Close every connection; what was submitted to the writer is finished first."""
        with self._readers_lock:
            for reader in self._readers:
                reader.connection.close()
            self._readers.clear()
        self.writer.close()  # last: the last connection to close folds the WAL back into the file
        self._local = threading.local()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _version(path: Path) -> int:
    """The file's schema version; 0 for a new one. A new file is born readable by its owner only."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        return 0
    connection = connect(path, read_only=True) if path.stat().st_size else connect(path)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return int(version)
    finally:
        connection.close()


def backup(path: Path, target: Path) -> int:
    """Copy a live database to `target` (SQLite's online backup: consistent, writers may go on); returns its bytes."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
    except BaseException:
        target.unlink()  # half a copy would be taken for a whole one
        raise
    return target.stat().st_size
