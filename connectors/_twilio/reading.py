"""Reading Twilio's messages: "Message resource" of its documentation."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from connectors._twilio.messages import Message
from connectors.errors import InvalidInputError, VendorUnavailableError
from connectors.http import HttpClient
from connectors.json_answers import json_object

PAGE_SIZE = 1000
_ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")


class Reader:
    """What a connection's requests have in common: the account that they are about."""

    def __init__(self, http: HttpClient, credentials: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        self._http = http
        self._credentials = credentials

    async def account(self) -> str:
        """The path that everything of the account is under. Raises InvalidInputError where its SID is none."""
        sid = str((await self._credentials()).get("account_sid"))
        if not _ACCOUNT_SID.fullmatch(sid):
            raise InvalidInputError(
                "The account SID is not one.", hint="Connect again; it is AC and 32 digits or letters from a to f."
            )
        return f"/2010-04-01/Accounts/{sid}"

    async def about(self) -> Mapping[str, Any]:
        """The account itself: `{"friendly_name", "status", …}`."""
        return await self._get(f"{await self.account()}.json")

    async def page(
        self, filters: Mapping[str, Any], size: int, cursor: str | None = None
    ) -> tuple[list[Message], str | None]:
        """A page of messages, newest first, and where the next one is."""
        first = {**filters, "PageSize": size}
        address = cursor or f"{await self.account()}/Messages.json"
        page = await self._get(address, None if cursor else first)
        if not isinstance(page.get("messages"), list):
            raise VendorUnavailableError("Twilio answered with a page without messages.")
        # What is no message has no SID either, and is set aside alone.
        messages: list[Message] = [m if isinstance(m, dict) else {"body": m} for m in page["messages"]]
        return messages, page.get("next_page_uri")

    async def message(self, sid: str) -> Message:
        """One message as it is now. Raises NotFoundError."""
        return await self._get(f"{await self.account()}/Messages/{sid}.json")

    async def newest(self, filters: Mapping[str, str], wanted: int) -> list[Message]:
        """At least `wanted` messages, newest first, where there are as many."""
        found, following = await self.page(filters, min(wanted, PAGE_SIZE))
        while following and len(found) < wanted:
            more, following = await self.page({}, PAGE_SIZE, following)
            found += more
        return found

    async def _get(self, address: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return json_object((await self._http.get(address, params=params)).content, "Twilio")
