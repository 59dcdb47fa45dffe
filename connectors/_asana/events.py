"""What happens to tasks, as Asana tells it: the same events by webhook and by the feeds of projects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from http import HTTPStatus

import orjson

from connectors._asana.api import Api, Item
from connectors.errors import RateLimitedError, VendorUnavailableError
from connectors.webhooks import InboundEvent

_TYPES = {"added": "task_added", "deleted": "task_deleted"}
_A_ROUND = 20
"""With so many projects a round is made at full pace: four a minute leave almost half of a free token's requests."""


def inbound(events: Iterable[Item]) -> list[InboundEvent]:
    """The events about tasks; others are left out."""
    return [
        InboundEvent(_TYPES.get(event.get("action", ""), "task_changed"), event, _event_id(event))
        for event in events
        if (event.get("resource") or {}).get("resource_type") == "task"
    ]


def _event_id(event: Item) -> str:
    """The same however often and in whichever way an event is told: Asana's have no id of their own."""
    change = event.get("change") or {}
    parts = (event["resource"]["gid"], event.get("created_at"), event.get("action"), change.get("field"))
    return ":".join(str(part or "") for part in parts)


class Feed:
    """The events of all projects from now on, asked for again and again.

    Asana's "Events": those of a project tell what happens to its tasks and to their subtasks. What those of a workspace
    tell of tasks is said nowhere, so projects are asked.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._tokens: dict[str, str] = {}

    async def pages(self, seconds: float) -> AsyncGenerator[list[Item], None]:
        """Events as they come, with a pause of so many seconds between rounds, longer where there are many projects.

        A page is asked for again until the one behind it is wanted: while Asana is down, the tokens are kept.
        """
        while True:
            with suppress(VendorUnavailableError, RateLimitedError):  # the tokens outlive it
                async with aclosing(self._round()) as pages:
                    async for page in pages:
                        yield page
            await asyncio.sleep(seconds * max(1.0, len(self._tokens) / _A_ROUND))

    async def _round(self) -> AsyncGenerator[list[Item], None]:
        projects = await self._api.project_gids()
        self._tokens = {gid: token for gid, token in self._tokens.items() if gid in projects}
        for gid in projects:
            more = True
            while more:
                events, more, token = await self._page(gid)
                yield events
                self._tokens[gid] = token

    async def _page(self, project: str) -> tuple[list[Item], bool, str]:
        """Events of a project, whether there are more, and the token behind them.

        Without a token, and with one that is too old, Asana answers 412 and a token for what happens from now on. What
        it left out then is the next sync's, which has tokens of its own and lists the projects where they are too old.
        """
        token = self._tokens.get(project, "")
        asked = {"resource": project, **({"sync": token} if token else {})}
        gone = HTTPStatus.NOT_FOUND  # since the projects were listed
        reply = await self._api.get("/events", asked, expect=(HTTPStatus.PRECONDITION_FAILED, gone))
        if reply.status_code == gone:
            return [], False, token
        answer = orjson.loads(reply.content)
        return answer.get("data") or [], bool(answer.get("has_more")), answer["sync"]
