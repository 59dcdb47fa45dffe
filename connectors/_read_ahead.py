"""Fetching while storing: the source of a stream runs on while what it gave is being worked on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


async def read_ahead(source: AsyncGenerator[T, None], most: int) -> AsyncGenerator[T, None]:
    """What `source` yields, in its order, with up to `most` items fetched before they are asked for.

    The source runs in a task of its own: its next request is on its way before the work on the last item begins. Its
    error is raised where it came, after the items before it. Close the generator (`aclosing`) to stop the source.
    """
    items: asyncio.Queue[tuple[T] | None] = asyncio.Queue()
    room = asyncio.Semaphore(most)

    async def fill() -> None:
        try:
            async with aclosing(source):
                async for item in source:
                    items.put_nowait((item,))
                    await room.acquire()
        finally:
            items.put_nowait(None)

    task = asyncio.create_task(fill())
    try:
        while (item := await items.get()) is not None:
            room.release()
            yield item[0]
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
