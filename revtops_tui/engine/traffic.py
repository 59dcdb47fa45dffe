"""What was exchanged with vendors: listed by a filter, looked at whole, followed, forgotten."""

from __future__ import annotations

import datetime as dt
from array import array
from bisect import insort
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.traffic_filter import HELP, parse
from revtops_tui.engine.traffic_rows import exchanges_of_record, ids_of_record, records_of_exchange
from revtops_tui.engine.workspace import Workspace
from store import traffic as store
from store.clock import moment_of
from store.errors import StoreError
from store.exchanges import Contents, Exchanges, Summary, Wanted, id_of

__all__ = [
    "HELP",
    "Contents",
    "Exchange",
    "Log",
    "Summary",
    "began",
    "chain",
    "clear",
    "exchange",
    "exchanges",
    "exchanges_of_record",
    "mark",
    "records_of_exchange",
]


def began(summary: Summary) -> dt.datetime:
    """When an exchange began; it was held back before for `summary.waited` seconds."""
    return moment_of(summary.started_at)


@dataclass(frozen=True)
class Exchange:
    """One exchange, whole. `attempts` are all of the same request, this one among them."""

    summary: Summary
    contents: Contents
    attempts: list[Summary]

    @cached_property
    def started_at(self) -> dt.datetime:
        """When it began."""
        return began(self.summary)

    @property
    def host(self) -> str:
        """Whom it went to."""
        return urlsplit(self.summary.url).netloc


@contextmanager
def reading(ws: Workspace) -> Iterator[Exchanges]:
    """The organization's exchanges, those included that are being written. Raises EngineError."""
    if ws.recorder is not None:
        ws.recorder.flush()
    log = Exchanges(ws.home, ws.organization_id)
    try:
        yield log
    except StoreError as error:
        raise people(error) from error
    finally:
        log.close()


def exchanges(ws: Workspace, filter: str = "", *, limit: int = 100, older_than: int | None = None) -> list[Summary]:  # noqa: A002 - what it is
    """The newest exchanges that pass a filter (see `HELP`), newest first. Raises EngineError.

    `older_than`: the id from which on to go back, for the next page.
    """
    wanted = wanted_by(ws, filter)
    with reading(ws) as log:
        return log.newest(wanted, limit, older_than)


def exchange(ws: Workspace, exchange_id: int) -> Exchange:
    """One exchange. Raises EngineError where it is not, or no longer, there."""
    with reading(ws) as log:
        summary = log.summaries([exchange_id]).get(exchange_id)
        contents = log.contents(exchange_id)
        if summary is None or contents is None:
            raise EngineError(
                "not_found",
                f"There is no exchange {exchange_id}.",
                hint="revtops traffic lists those there are; the oldest make room for new ones.",
            )
        return Exchange(summary, contents, log.chain(summary.chain))


def mark(ws: Workspace, exchange_id: int, *, marked: bool = True) -> None:
    """Mark an exchange, to find it again by `marked`. Raises EngineError."""
    with reading(ws) as log:
        log.mark(exchange_id, marked=marked)


def clear(ws: Workspace) -> int:
    """Forget every exchange of the organization; returns how many there were. Raises EngineError."""
    with reading(ws):
        pass  # what waits to be written is forgotten too
    try:
        return store.clear(ws.home / store.FILE_NAME, ws.organization_id)
    except Exception as error:
        raise people(error) from error


def wanted_by(ws: Workspace, text: str) -> Wanted:
    """What a filter lets through. Raises EngineError."""
    return parse(text, lambda entity, row_id: ids_of_record(ws, entity, row_id))


class Log:
    """The exchanges that pass a filter, by number from the newest on, kept up to date by `catch_up`. `close` it.

    Only keys are in memory, eight bytes each. For one thread at a time; raises EngineError.
    """

    def __init__(self, ws: Workspace, filter: str = "") -> None:  # noqa: A002 - what it is
        self._ws = ws
        self._wanted = wanted_by(ws, filter)
        self._log = Exchanges(ws.home, ws.organization_id)
        self._keys = array("q")
        self._seen = (0, 0, -1)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._keys)

    def catch_up(self) -> bool:
        """Take in what came, and let go of what went; whether anything changed."""
        try:
            state = self._log.state()
            if state == self._seen:
                return False
            oldest, newest, _ = state
            fresh = self._log.keys(self._wanted, after=min(self._seen[1], newest))
        except StoreError as error:
            raise people(error) from error
        self._seen = state
        self._keys = _merged(self._still_there(oldest), fresh)
        return True

    def ids(self, first: int, n: int) -> list[int]:
        """The ids at these places, the newest being at 0."""
        end = len(self._keys) - first
        return [id_of(key) for key in reversed(self._keys[max(0, end - n) : max(0, end)])]

    def place(self, exchange_id: int) -> int | None:
        """At which place an exchange stands."""
        count = len(self._keys)
        return next((n for n in range(count) if id_of(self._keys[count - 1 - n]) == exchange_id), None)

    def summaries(self, ids: Sequence[int]) -> dict[int, Summary]:
        """Those of these that are still there."""
        try:
            return self._log.summaries(ids)
        except StoreError as error:
            raise people(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._log.close()

    def _still_there(self, oldest: int) -> array[int]:
        if not oldest:
            return array("q")
        is_whole = not self._keys or id_of(self._keys[0]) >= oldest
        return self._keys if is_whole else array("q", (key for key in self._keys if id_of(key) >= oldest))


def _merged(kept: array[int], fresh: array[int]) -> array[int]:
    """Both, in order; nearly always what came belongs behind what was there."""
    merged = array("q", kept)
    for key in fresh:
        if merged and key < merged[-1]:
            insort(merged, key)
        else:
            merged.append(key)
    return merged


def chain(ws: Workspace, chain_id: int) -> list[Summary]:
    """The attempts of one request, the first one first."""
    with reading(ws) as log:
        return log.chain(chain_id)
