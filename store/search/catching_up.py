"""Bringing the index up to date with the database. A sync pays nothing for it: whoever searches does it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from store.errors import StoreError, store_error
from store.home import make_private
from store.search.index import forget, index_path, is_damaged, mark_of, read_index, shapes, states
from store.search.round import Round, Standing, Told, last_id

_PATIENCE = 0.1


def standing(path: Path, organization_id: str) -> Standing:
    """How far the index is, whoever is at work on it; costs a look at the end of each table."""
    known = shapes(path)
    index = read_index(index_path(path, organization_id))
    have = {}
    if index is not None:
        with closing(index):
            have = states(index)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as records:
        last = {entity: last_id(records, f'"{entity}"') for entity in known}
    done = sum(min(have[entity].built_to, last[entity]) for entity in known if entity in have)
    return Standing(done, sum(last.values()))


def catch_up(
    path: Path,
    organization_id: str,
    *,
    told: Told = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Index what was written to the database at `path` since the last time; costs nothing where that is nothing.

    One at a time, whatever the process: others wait, and find it done. `told` hears how far it is. An index that is
    damaged is made anew. Raises StoreError, also when `cancelled`, with everything kept that was indexed until then.
    """
    index = index_path(path, organization_id)
    if _is_current(path, index):
        return
    try:
        make_private(index.parent)
        with _alone(index, cancelled, lambda: told(standing(path, organization_id))):
            try:
                Round(path, organization_id, index, told, cancelled).run()
            except sqlite3.DatabaseError as error:
                if not is_damaged(error):
                    raise
                forget(index)
                Round(path, organization_id, index, told, cancelled).run()
    except sqlite3.Error as error:
        raise _cancelled() if cancelled() else store_error(error) from error
    except OSError as error:
        raise StoreError(
            "cannot_open", f"The search index {index} cannot be written: {error.strerror}.", hint="Check its directory."
        ) from error


def _cancelled() -> StoreError:
    return StoreError("cancelled", "The search was cancelled.")


def _is_current(path: Path, index: Path) -> bool:
    connection = read_index(index)
    if connection is None:
        return False
    with closing(connection):
        try:
            return bool(mark := mark_of(path)) and connection.execute("SELECT mark FROM seen").fetchone() == (mark,)
        except sqlite3.Error:
            return False


@contextmanager
def _alone(index: Path, cancelled: Callable[[], bool], waiting: Callable[[], object]) -> Iterator[None]:
    """Until no other process or thread indexes; the operating system takes the lock from a process that dies."""
    lock = FileLock(index.with_suffix(".lock"), mode=0o600, thread_local=False)
    while True:
        try:
            lock.acquire(timeout=_PATIENCE)
            break
        except Timeout:
            if cancelled():
                raise _cancelled() from None
            waiting()
    try:
        yield
    finally:
        lock.release()
