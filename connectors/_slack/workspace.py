"""The workspace that a token belongs to: its channels and people, each looked up once, by id or by name."""

from __future__ import annotations

import re
from typing import Any

from connectors._slack.api import Reply, SlackApi
from connectors._slack.records import Names
from connectors.choosing import choose
from connectors.once import Once

_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{8,}")
_USER_ID = re.compile(r"[UW][A-Z0-9]{8,}")
"""Names have no capitals, so an id is never one."""


class Workspace:
    """What is known of the workspace, as far as it was needed."""

    def __init__(self, api: SlackApi, once: Once) -> None:
        self.names = Names(api)
        self._api = api
        self._once = once

    async def whoami(self) -> Reply:
        """auth.test: the app's user (`user_id`), the workspace (`team`) and its address (`url`)."""
        return await self._once("whoami", lambda: self._api.get("auth.test"))

    async def url(self) -> str:
        """Where people open the workspace: `https://acme.slack.com/`."""
        return str((await self.whoami()).get("url") or "")

    async def channels(self) -> list[Reply]:
        """Every public channel, and the private ones that the app was invited to; archived ones too."""
        return await self._once("channels", self._list_channels)

    async def people(self) -> list[Reply]:
        """Everybody in users.list, deactivated people and apps included."""
        return await self._once("people", self._list_people)

    async def channel_id(self, wanted: str) -> str:
        """The id of a channel given by id, `#name` or name. Raises InvalidInputError with the candidates."""
        if _CHANNEL_ID.fullmatch(wanted.strip()):
            return wanted.strip()
        channels = await self.channels()
        name = wanted.strip().removeprefix("#")
        return str(choose(name, channels, what="channel", names=lambda c: (c.get("name"), c.get("id")))["id"])

    async def user_id(self, wanted: str) -> str:
        """The id of a user given by id, e-mail address or full name. Raises InvalidInputError with the candidates."""
        if _USER_ID.fullmatch(wanted.strip()):
            return wanted.strip()
        active = [user for user in await self.people() if not user.get("deleted")]
        return str(choose(wanted.strip().removeprefix("@"), active, what="user", names=_called)["id"])

    async def _list_channels(self) -> list[Reply]:
        found = await self._api.all("conversations.list", "channels", types="public_channel,private_channel")
        self.names.learn_channels(found)
        return found

    async def _list_people(self) -> list[Reply]:
        found = await self._api.all("users.list", "members")
        self.names.learn_people(found)
        return found


def _called(user: Reply) -> tuple[Any, ...]:
    profile = user.get("profile") or {}
    return user.get("real_name"), profile.get("email"), user.get("id"), profile.get("display_name")
