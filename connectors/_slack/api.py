"""Calling Slack's Web API: one place for what its refusals mean, and for how fast it may be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from typing import TYPE_CHECKING, Any

import orjson

from connectors.errors import (
    AuthenticationError,
    ConnectionRevokedError,
    ConnectorError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitedError,
    VendorUnavailableError,
)
from connectors.http import RateBudget

if TYPE_CHECKING:
    import httpx2

    from connectors.http import HttpClient

Reply = dict[str, Any]

SMALL_PAGE = 15
_LIST_PAGE = 200
"""Slack's page "Pagination": no more than 200 at a time are recommended."""
_A_MINUTE = {
    "conversations.list": 20,
    "users.list": 20,
    "search.messages": 20,
    "conversations.history": 50,
    "conversations.replies": 50,
    "apps.connections.open": 10,
}
"""Slack's page "Rate limits": what the methods' tiers allow a minute. The rest is called rarely, and so is the last one
but where sockets are closed as soon as they are open: its tier says no more than "1+"."""
_SMALL = ("conversations.history", "conversations.replies")
"""Slack's page "Rate limit changes for non-Marketplace apps": these two, once a minute."""

_LONGEST_REFUSAL = 4_096
"""Bytes. A page of messages, in which the word may stand too, is not taken apart for it."""

BUDGETS = (
    *(RateBudget(requests, per=60, name=method) for method, requests in _A_MINUTE.items()),
    *(RateBudget(1, per=60, name=f"{method}, small") for method in _SMALL),
)

_KINDS: dict[str, type[ConnectorError]] = {
    "invalid_auth": AuthenticationError,
    "not_authed": AuthenticationError,
    "token_expired": AuthenticationError,
    "token_revoked": ConnectionRevokedError,
    "account_inactive": ConnectionRevokedError,
    "missing_scope": PermissionDeniedError,
    "not_allowed_token_type": PermissionDeniedError,
    "no_permission": PermissionDeniedError,
    "restricted_action": PermissionDeniedError,
    "ekm_access_denied": PermissionDeniedError,
    "access_denied": PermissionDeniedError,
    "org_login_required": PermissionDeniedError,
    "not_in_channel": PermissionDeniedError,
    "ratelimited": RateLimitedError,
    "rate_limited": RateLimitedError,
    "internal_error": VendorUnavailableError,
    "fatal_error": VendorUnavailableError,
    "service_unavailable": VendorUnavailableError,
    "request_timeout": VendorUnavailableError,
    "team_added_to_org": VendorUnavailableError,
}
_HINTS = {
    "not_in_channel": "In Slack, type /invite and the app's name in that channel, then try again.",
    "channel_not_found": "Give the channel's name or id. A private channel exists only for apps that were invited.",
    "not_allowed_token_type": "Connect again with the kind of token that docs/connectors/slack.md names.",
    "is_archived": "The channel is archived; nothing can be sent there.",
    "thread_not_found": "thread_ts is the ts of the message that began the thread.",
}


def is_expired(answer: bytes) -> bool:
    """Whether an answer says that the token's time is over (page "Token rotation"); HTTP says 200 with it."""
    if len(answer) > _LONGEST_REFUSAL or b"token_expired" not in answer:
        return False
    try:
        reply = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return False
    return isinstance(reply, dict) and not reply.get("ok") and reply.get("error") == "token_expired"


def refusal(method: str, reply: Reply, *, sent: bool = False) -> ConnectorError:
    """What `ok: false` means. `sent`: something may have been sent that must not be sent again.

    The codes are those of each method's page and of "Web API: errors"; HTTP says 200 with all of them.
    """
    code = str(reply.get("error") or "an error without a name")
    kind = _KINDS.get(code) or (NotFoundError if code.endswith("_not_found") else InvalidInputError)
    if sent and kind is VendorUnavailableError:  # "some aspect of the operation" may have succeeded, says Slack
        kind = OutcomeUnknownError
    if code == "missing_scope":
        needed = str(reply.get("needed") or "a scope that it does not name")
        return kind(
            f"Slack refused {method}: the token lacks the scope {needed}.",
            hint=f"Add {needed} to the app (OAuth & Permissions), install it again, and connect with the new token.",
        )
    return kind(f"Slack refused {method}: {code}.", hint=_HINTS.get(code))


class SlackApi:
    """Slack's methods over a connection's HTTP client.

    `on_small` is called once, when Slack turns out to give this app 15 messages at a time.
    """

    def __init__(self, http: HttpClient, on_small: Callable[[], None]) -> None:
        self._http = http
        self._on_small = on_small
        self.small = False

    async def get(self, method: str, *, token: str = "", fine: Collection[str] = (), **arguments: Any) -> Reply:
        """Call a method that reads. Codes in `fine` are answers too. Raises a ConnectorError."""
        reply = await self._http.get(
            f"/api/{method}", params=arguments, headers=_bearer(token), budget=self._budget(method)
        )
        return _settled(method, reply, fine)

    async def post(
        self, method: str, *, token: str = "", repeatable: bool = False, fine: Collection[str] = (), **arguments: Any
    ) -> Reply:
        """Call a method that does something, with a form. Raises a ConnectorError."""
        reply = await self._http.post(f"/api/{method}", data=arguments, headers=_bearer(token), repeatable=repeatable)
        return _settled(method, reply, fine, sent=not repeatable)

    async def all(self, method: str, key: str, **arguments: Any) -> list[Reply]:
        """Every item of a method that lists them under `key`."""
        return [item async for item in self._items(method, key, arguments)]

    async def messages(self, method: str, limit: int, fine: Collection[str], **arguments: Any) -> Reply:
        """A page of history or replies; notices where Slack keeps this app small."""
        reply = await self.get(method, fine=fine, limit=limit, **arguments)
        few = len(reply.get("messages") or ()) <= SMALL_PAGE < limit
        if few and reply.get("has_more") and not self.small:
            self.small = True
            self._on_small()
        return reply

    async def _items(self, method: str, key: str, arguments: dict[str, Any]) -> AsyncIterator[Reply]:
        cursor: str | None = None
        while cursor != "":
            reply = await self.get(method, limit=_LIST_PAGE, cursor=cursor, **arguments)
            for item in reply.get(key) or ():
                yield item
            cursor = next_cursor(reply)

    def _budget(self, method: str) -> str:
        if self.small and method in _SMALL:
            return f"{method}, small"
        return method if method in _A_MINUTE else "default"


def next_cursor(reply: Reply) -> str:
    """Where a listing goes on; empty at its end."""
    return str((reply.get("response_metadata") or {}).get("next_cursor") or "")


def _settled(method: str, response: httpx2.Response, fine: Collection[str], *, sent: bool = False) -> Reply:
    try:
        reply = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        reply = None
    if not isinstance(reply, dict):
        raise (OutcomeUnknownError if sent else VendorUnavailableError)(f"Slack's answer to {method} is no JSON.")
    if not reply.get("ok") and reply.get("error") not in fine:
        raise refusal(method, reply, sent=sent)
    return reply


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
