"""Look-ups that are made when they are first needed, and once for as long as the connector lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Once:
    """Results by key. Those who ask while a look-up is under way wait for the same one."""

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Task[Any]] = {}

    async def __call__(self, key: str, fetch: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of `fetch`, called for the first who asks. One who stops waiting does not stop it for others."""
        task: asyncio.Task[T] | None = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.create_task(fetch())
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Stop look-ups that nobody waits for any more."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
