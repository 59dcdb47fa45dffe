"""Walking a vendor's paged listings: fetched ahead, resumed where a run left off, unchanged pages skipped.

A connector says how one page is fetched and what it holds; `walk` does the rest, the same for every vendor:

    def sync_deals(self) -> Any:
        return self.walk(deals=self._deals)

    async def _deals(self, cursor: Any) -> Fetched:
        reply = (await self.http.get("/deals", params={"cursor": cursor or "", ...})).json()
        return Fetched([deal(item) for item in reply["data"]], reply["next_cursor"])
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from connectors._read_ahead import read_ahead
from connectors.stream import Checkpoint, Deleted, Item, Page, StreamItem

if TYPE_CHECKING:
    from connectors.base import BaseConnector

_PAGES_AHEAD = 3


@dataclass(frozen=True)
class Fetched:
    """One page of a listing.

    Attributes:
        records: the page's records, and a `Deleted` for what it names as gone; or a function that makes them, which is
            not called for a page that a full run finds unchanged.
        next: the cursor of the next page, any JSON value; None on the last one.
        content: the bytes that `records` is made from, look-ups included. Empty: the page is never taken as unchanged.
    """

    records: Iterable[Item | Deleted] | Callable[[], Iterable[Item | Deleted]]
    next: Any = None
    content: Sequence[bytes] = ()

    def items(self) -> Iterator[Item | Deleted]:
        """What the page holds."""
        return iter(self.records() if callable(self.records) else self.records)


Fetch: TypeAlias = Callable[[Any], Awaitable[Fetched]]
"""Fetches the page at a cursor; None is the first page."""


async def walk(connector: BaseConnector, listings: Mapping[str, Fetch]) -> AsyncGenerator[StreamItem, None]:
    """Everything in these listings, one after the other, as a `sync_*` may yield it.

    The names go into checkpoints, `{"at": name, "page": number, "cursor": …}`, so a later version should keep them.
    """
    left_off = connector.resume_cursor or {}
    names = list(listings)
    at = names.index(left_off["at"]) if left_off.get("at") in names else 0
    for name, following in zip(names[at:], [*names[at + 1 :], None], strict=True):
        mine = left_off if left_off.get("at") == name else {}
        pages = read_ahead(_pages(listings[name], mine.get("page", 0), mine.get("cursor")), _PAGES_AHEAD)
        async with aclosing(pages):
            async for number, fetched in pages:
                last = fetched.next is None
                behind = None if last else {"at": name, "page": number + 1, "cursor": fetched.next}
                for item in _yielded(connector, name, number, fetched, behind):
                    yield item
        if following:
            yield Checkpoint({"at": following})


async def _pages(fetch: Fetch, number: int, cursor: Any) -> AsyncGenerator[tuple[int, Fetched], None]:
    while True:
        fetched = await fetch(cursor)
        yield number, fetched
        if fetched.next is None:
            return
        number, cursor = number + 1, fetched.next


def _yielded(connector: BaseConnector, name: str, number: int, fetched: Fetched, behind: Any) -> Iterator[StreamItem]:
    if connector.sync_since is None and fetched.content:
        yield Page(f"{name}:{number}", fetched.content, partial(_records, fetched), behind)
        return
    items = list(fetched.items())
    yield [item for item in items if not isinstance(item, Deleted)]
    yield from (item for item in items if isinstance(item, Deleted))
    if behind:
        yield Checkpoint(behind)


def _records(fetched: Fetched) -> Iterator[Item]:
    return (item for item in fetched.items() if not isinstance(item, Deleted))
