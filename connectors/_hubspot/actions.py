"""What is looked up in HubSpot on the spot: marketing e-mails and what became of them, contacts.

From HubSpot's pages "Marketing emails" (v3), "Email events" (v1), "Contacts" and "CRM search" (v3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from connectors._hubspot.answers import load, read
from connectors._hubspot.query import milliseconds
from connectors._hubspot.reading import Reader
from connectors._hubspot.records import CONTACTS, Item
from connectors.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from connectors.http import HttpClient


class Actions:
    """The declared actions: each public method is the one of its name. They change nothing."""

    def __init__(self, http: HttpClient, reader: Reader) -> None:
        self._http = http
        self._reader = reader

    async def list_marketing_emails(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """`{"emails", "total", "after"}`; `after` is None on the last page."""
        asked = {"limit": _limit(params, 100), "after": params.get("after")}
        reply = read(await self._http.get("/marketing/v3/emails/", params=_given(asked)))
        emails = [{name: value for name, value in email.items() if name != "content"} for email in reply.items]
        return {"emails": emails, "total": reply.total, "after": reply.after}

    async def get_marketing_email(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The e-mail as HubSpot has it, with `stats`."""
        url = f"/marketing/v3/emails/{quote(params['id'], safe='')}"
        return dict(load(await self._http.get(url, params={"includeStats": "true"})))

    async def list_email_events(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """`{"events", "offset"}`; `offset` is None on the last page. Times are milliseconds since 1970 UTC."""
        if ("campaignId" in params) != ("appId" in params):
            raise InvalidInputError("`campaignId` and `appId` name a campaign together: give both or none.")
        asked = dict(params) | {"limit": _limit(params, 1_000)}
        for name in ("startTimestamp", "endTimestamp"):
            if name in asked:
                asked[name] = milliseconds(asked[name])
        if "excludeFilteredEvents" in asked:
            asked["excludeFilteredEvents"] = str(asked["excludeFilteredEvents"]).lower()
        document = load(await self._http.get("/email/public/v1/events", params=asked))
        more = document.get("hasMore")
        return {"events": document.get("events") or [], "offset": document.get("offset") if more else None}

    async def get_contact(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The contact. Raises NotFoundError."""
        return await self._contact(params["id"], params)

    async def find_contact_by_email(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The contact. Raises NotFoundError."""
        return await self._contact(params["email"].strip(), params, idProperty="email")

    async def search_contacts(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """`{"contacts", "total", "after"}`; `after` is None on the last page."""
        filters = [_filter(condition) for condition in params["filters"]]
        body = {
            "filterGroups": [{"filters": filters}],
            "properties": _properties(params),
            "limit": _limit(params, 100),
            "sorts": params.get("sorts"),
            "after": params.get("after"),
        }
        reply = await self._reader.search("contacts", _given(body))
        return {"contacts": reply.items, "total": reply.total, "after": reply.after}

    async def _contact(self, wanted: str, params: Mapping[str, Any], **options: str) -> Item:
        body = {"inputs": [{"id": wanted}], "properties": _properties(params), **options}
        reply = read(await self._http.post("/crm/v3/objects/contacts/batch/read", json=body, reads=True))
        if not reply.items:
            raise NotFoundError(f"HubSpot has no contact {wanted}.")
        return reply.items[0]


def _properties(params: Mapping[str, Any]) -> Sequence[str]:
    return params.get("properties") or CONTACTS.properties


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _limit(params: Mapping[str, Any], most: int) -> int:
    limit = int(params["limit"])
    if not 1 <= limit <= most:
        raise InvalidInputError(f"`limit` must be from 1 to {most:,}; it was {limit}.")
    return limit


def _filter(condition: Mapping[str, Any]) -> dict[str, Any]:
    """A filter as HubSpot takes it: its values are text."""
    return {
        name: [str(item) for item in value] if isinstance(value, list) else str(value)
        for name, value in condition.items()
    }
