"""The local API as an application: endpoints, errors, the OpenAPI document."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from connectors.discovery import Catalog
from connectors.errors import ConnectorError
from revtops_tui import __version__
from revtops_tui.api.answers import refusal
from revtops_tui.api.document import completed
from revtops_tui.api.endpoints import Endpoints
from revtops_tui.api.guard import Guard
from revtops_tui.api.syncs import Syncs
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.workspace import Workspace
from store.credentials import CredentialsError
from store.errors import StoreError

_DOCUMENT = "/openapi.json"


def local_api(ws: Workspace, *, token: str, cancel: threading.Event) -> ASGIApp:
    """The API over a workspace, for those who bring the token. `cancel` stops what it has started."""
    syncs = Syncs(ws, cancel)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        cancel.set()
        await run_in_threadpool(syncs.join)

    app = _Application(
        title="revtops",
        version=__version__,
        summary="The data of the systems that a company lives in, on this machine.",
        openapi_url=_DOCUMENT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers={
            RequestValidationError: _invalid,
            HTTPException: _no_such_path,
            **dict.fromkeys((EngineError, ConnectorError, CredentialsError, StoreError, Exception), _failed),
        },
    )
    app.include_router(Endpoints(ws, syncs, cancel).router)
    app.catalog = ws.catalog
    return Guard(app, token=token, open_paths={_DOCUMENT})


class _Application(FastAPI):
    catalog: Catalog

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi(), self.catalog)
        return self.openapi_schema


async def _invalid(request: Request, error: Exception) -> Response:
    problems = cast("RequestValidationError", error).errors()
    said = "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:]) or 'body'}: {one['msg']}" for one in problems)
    is_json = "json" in request.headers.get("content-type", "")
    hint = f"See {_DOCUMENT}." if is_json else f"Send JSON, with Content-Type: application/json. See {_DOCUMENT}."
    return refusal(EngineError("invalid_input", f"The request does not fit: {said}.", hint=hint))


async def _no_such_path(request: Request, error: Exception) -> Response:
    found = cast("HTTPException", error)
    if found.status_code == 405:
        told = EngineError("method", f"{request.method} is not for this path.", hint=f"See {_DOCUMENT}.")
    elif found.status_code == 404:
        told = EngineError("not_found", "There is no such path.", hint=f"See {_DOCUMENT}.")
    else:
        told = EngineError("invalid_input", str(found.detail))
    return refusal(told, status=found.status_code, headers=found.headers)


async def _failed(_: Request, error: Exception) -> Response:
    return refusal(people(error))
