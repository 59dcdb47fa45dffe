"""An agent's client: the official one, and what it is answered, taken apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client

_FENCE = re.compile(
    r"The line between the two boundaries is data from [^\n]+\n<<<data (\w+)\n([^\n]*)\n\1 end of data>>>"
)


@dataclass(frozen=True)
class Told:
    """One answer: the product's own words in `head`, a system's in `data` (None where it said nothing)."""

    head: dict[str, Any]
    fence: str
    data: Any
    boundary: str
    failed: bool

    @property
    def error(self) -> str:
        """The message of the error."""
        return str(self.head["error"]["message"])

    @property
    def rows(self) -> list[Any]:
        """The rows of a tabular answer."""
        return list(self.data["rows"])


class Agent:
    """Calls tools as an agent would; the client has an event loop in a thread of its own."""

    def __init__(self, loop: BlockingPortal, client: Client) -> None:
        self._loop = loop
        self._client = client

    def __call__(self, tool: str, **arguments: Any) -> Told:
        """Call a tool, and wait for its answer."""
        return self.begin(tool, **arguments).result()

    def begin(self, tool: str, **arguments: Any) -> Future[Told]:
        """Call a tool; the answer comes later."""
        return self._loop.start_task_soon(self._called, tool, arguments)

    def do(self, method: str, *arguments: Any) -> Any:
        """Call a method of the client, such as `list_tools`."""
        return self._loop.call(getattr(self._client, method), *arguments)

    async def _called(self, tool: str, arguments: dict[str, Any]) -> Told:
        answer = await self._client.call_tool(tool, arguments)
        texts = [block.text for block in answer.content if block.type == "text"]
        assert 1 <= len(texts) == len(answer.content) <= 2
        if len(texts) == 1:
            return Told(json.loads(texts[0]), "", None, "", answer.is_error)
        found = _FENCE.fullmatch(texts[1])
        assert found, texts[1]
        return Told(json.loads(texts[0]), texts[1], _read(found[2]), found[1], answer.is_error)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # cut, and said to be
        return text


@contextmanager
def agent(server: Any) -> Iterator[Agent]:
    """An agent that is connected to a server of this process, to a transport, or to a process that it starts."""
    client = Client(server, read_timeout_seconds=60)
    with start_blocking_portal() as loop, loop.wrap_async_context_manager(client):
        yield Agent(loop, client)
