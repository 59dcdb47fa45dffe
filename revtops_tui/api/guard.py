"""Who may ask: loopback alone keeps nobody off, least of all a web page that the user's own browser shows.

A page of another site may send requests here, and with a name that resolves to 127.0.0.1 (DNS rebinding) read the
answers too. So the names in Host and Origin must be this machine's, and whoever asks brings the token.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from revtops_tui.api.answers import refusal
from revtops_tui.engine import tokens
from revtops_tui.engine.errors import EngineError

MAX_BODY = 1_000_000
"""Bytes that a request's body may have."""
_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class BodyTooLargeError(EngineError):
    """A body of more than `MAX_BODY` bytes."""

    def __init__(self) -> None:
        super().__init__("too_large", f"The body has more than {MAX_BODY:,} bytes.")


class Guard:
    """Lets requests of this machine's names through, with the token. `open_paths` need no token."""

    def __init__(self, app: ASGIApp, *, token: str, open_paths: Collection[str] = ()) -> None:
        self._app = app
        self._token = token
        self._open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if error := self._objection(scope["path"], headers):
            extra = {"WWW-Authenticate": "Bearer"} if error.kind == "unauthorized" else None
            await refusal(error, headers=extra)(scope, receive, send)
            return
        try:
            body: bytes | None = await whole_body(scope, receive)
        except ClientDisconnect:
            return
        except BodyTooLargeError as error:
            await refusal(error)(scope, receive, send)
            return

        async def receive_again() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            message: Message = {"type": "http.request", "body": body, "more_body": False}
            body = None
            return message

        await self._app(scope, receive_again, send)

    def _objection(self, path: str, headers: Headers) -> EngineError | None:
        if not _is_ours(f"//{headers.get('host', '')}"):
            return EngineError("forbidden", "This address is not the server's.", hint="Ask for http://127.0.0.1.")
        if (origin := headers.get("origin")) is not None and not _is_ours(origin):
            return EngineError("forbidden", "Web pages of other sites may not ask here.")
        if path not in self._open_paths and not tokens.accepts(self._token, headers.get("authorization")):
            return EngineError(
                "unauthorized", "The request does not bring the token.", hint="`revtops api token` shows it."
            )
        return None


async def whole_body(scope: Scope, receive: Receive) -> bytes:
    """The body of a request. Raises BodyTooLargeError as soon as that is known, ClientDisconnect when it breaks off."""
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY:
        raise BodyTooLargeError
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY:
            raise BodyTooLargeError
    return bytes(body)


def _is_ours(address: str) -> bool:
    try:
        return urlsplit(address).hostname in _NAMES
    except ValueError:
        return False
