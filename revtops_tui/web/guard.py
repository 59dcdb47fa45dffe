"""Who may use the server: the browser that brought the token first, and pages of ours in it. Nobody else, on any path.

The token is good for one request, which exchanges it for a cookie that scripts cannot read and that other sites' pages
cannot send. `Host` is checked because a name of somebody else's can be made to point here, and `Origin` because a
page of somebody else's can open a websocket to here.
"""

from __future__ import annotations

import hmac
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
# Not a redirect: its request would count as sent by the page that linked here, and go without the strict cookie.
_COME_IN = '<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>revtops</title>'
_REFUSED = "Open the address that `revtops web` printed. It works once, in one browser; start it again for another.\n"


class Guard:
    """Knows the token and, once it was used, the session of the one who used it."""

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(32)
        self._unused = True
        self._session = secrets.token_urlsafe(32)
        self._cookie = f"revtops-{port}"  # cookies know no ports
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer who may ask, and refuse everybody else."""
        response = await self._answer(request, handler)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Host", "").lower() not in self._hosts or not self._from_here(request):
            return web.Response(status=403, text="This server answers its own pages only.\n")
        if request.path == "/" and "token" in request.query:
            return self._exchange(request.query["token"])
        if not hmac.compare_digest(request.cookies.get(self._cookie, "").encode(), self._session.encode()):
            return web.Response(status=403, text=_REFUSED)
        try:
            return await handler(request)
        except web.HTTPException as error:
            return web.Response(status=error.status, text=f"{error.reason}\n")

    def _from_here(self, request: web.Request) -> bool:
        """A page of ours, or no page at all; a websocket is only ever opened by a page."""
        origin = request.headers.get("Origin")
        if origin is None:
            return request.path != "/ws"
        return origin.lower().removeprefix("http://") in self._hosts

    def _exchange(self, token: str) -> web.Response:
        if not (hmac.compare_digest(token.encode(), self.token.encode()) and self._unused):
            return web.Response(status=403, text=_REFUSED)
        self._unused = False
        response = web.Response(text=_COME_IN, content_type="text/html")
        response.set_cookie(self._cookie, self._session, httponly=True, samesite="Strict", path="/")
        return response
