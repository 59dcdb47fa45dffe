"""The address that vendors send webhooks to: `POST /api/connectors/webhook/{slug}/{organization_id}`.

It is for the public, behind a tunnel or a proxy, so nothing else is served beside it. `slug` may be `slug:name`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.webhooks import WebhookRefusedError, WebhookRequest
from revtops_tui.api.answers import refusal, status_of
from revtops_tui.api.guard import whole_body
from revtops_tui.engine.addresses import PREFIX
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.reception import Reception
from revtops_tui.engine.workspace import Workspace
from store import connections as store

_log = logging.getLogger("revtops.webhooks")

_NOBODY = EngineError("not_found", "Nothing is connected under this address.")


class Webhooks:
    """The application. `base` is the scheme and host, and perhaps a path before ours, that vendors call and sign."""

    def __init__(self, ws: Workspace, base: str) -> None:
        self._ws = ws
        self._base = base.rstrip("/")
        self._receptions: dict[str, Reception] = {}
        self._open = AsyncExitStack()
        self.app = Starlette(
            routes=[
                Route(f"{PREFIX}/{{selector}}/{{organization_id}}{end}", self._take, methods=["POST"])
                for end in ("", "/{secret_part}")
            ],
            lifespan=self._lifespan,
        )
        self.app.router.redirect_slashes = False  # a vendor would not follow

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with self._open:
            yield

    async def _take(self, request: Request) -> Response:
        selector, organization_id = request.path_params["selector"], request.path_params["organization_id"]
        try:
            reception = await self._reception(organization_id)
            reply = await reception.take(
                selector, await self._as_it_came(request), request.path_params.get("secret_part", "")
            )
        except WebhookRefusedError as error:
            _log.info("a webhook for %r was refused: %s", selector, error.message)
            return refusal(people(error), status=error.status)
        except EngineError as error:
            # Whether a connection exists is nobody's business who does not know its address.
            return refusal(_NOBODY if status_of(error) in (404, 409) else error)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - it could not be stored, so the vendor is to send it again
            return refusal(people(error), status=503)
        return Response(reply.body, reply.status, dict(reply.headers))

    async def _reception(self, organization_id: str) -> Reception:
        if organization_id not in self._receptions:
            known = [organization.id for organization in store.organizations(self._ws.database)]
            if organization_id not in known:
                raise _NOBODY
            reception = await self._open.enter_async_context(Reception(self._ws.seen_by(organization_id)))
            self._receptions.setdefault(organization_id, reception)
        return self._receptions[organization_id]

    async def _as_it_came(self, request: Request) -> WebhookRequest:
        """The request with its raw body, and with the address that its vendor called: that is what it signed."""
        path = request.scope["raw_path"].decode("latin-1")
        query = request.scope["query_string"].decode("latin-1")
        return WebhookRequest(
            request.method,
            f"{self._base}{path}{'?' if query else ''}{query}",
            dict(request.headers),
            await whole_body(request.scope, request.receive),
        )
