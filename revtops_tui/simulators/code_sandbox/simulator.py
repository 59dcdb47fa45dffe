"""E2B's REST API over sandboxes in memory (e2b/openapi.yml), and the `envd` of each below `/envd`.

At E2B every sandbox's envd has a host name of its own. Here the header that E2B's own client sends says which is meant.
"""

from __future__ import annotations

import datetime as dt
import hmac
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from revtops_tui.simulators.code_sandbox.envd import Envd, connect_error
from revtops_tui.simulators.code_sandbox.machine import Machine
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.seeding import mix, stream
from revtops_tui.simulators.vendor import RefusalError, VendorSimulator, json_reply

API_KEY = "e2b_" + "5a" * 20
_CLIENT = "simulated"
_ENVD_VERSION = "0.6.4"
_TEMPLATES = {"base": "rki5dems9wqfm4r03t7g", "rki5dems9wqfm4r03t7g": "rki5dems9wqfm4r03t7g"}
_DEFAULT_SECONDS, _LONGEST_SECONDS = 15, 24 * 3600
_PAGE = 100


@dataclass
class Sandbox:
    """A sandbox of the account. `ends` is when it ends by itself."""

    id: str
    template: str
    token: str
    started: dt.datetime
    ends: dt.datetime
    internet: bool | None
    metadata: dict[str, str]
    machine: Machine = field(default_factory=Machine)

    def listed(self) -> dict[str, Any]:
        """As it is in lists (ListedSandbox)."""
        return {
            "templateID": self.template,
            "alias": "base",
            "sandboxID": self.id,
            "clientID": _CLIENT,
            "startedAt": _time(self.started),
            "endAt": _time(self.ends),
            "cpuCount": 2,
            "memoryMB": 512,
            "diskSizeMB": 1024,
            "metadata": self.metadata,
            "state": "running",
            "envdVersion": _ENVD_VERSION,
        }


class CodeSandboxSimulator(VendorSimulator):
    """An E2B account; `sandboxes` are those that run, `ended` the ids of those that were killed."""

    slug = "code_sandbox"

    def __init__(self, **options: Any) -> None:
        self.sandboxes: dict[str, Sandbox] = {}
        self.ended: list[str] = []
        self._made = 0
        self._lock = threading.Lock()
        super().__init__(**options)

    @property
    def credentials(self) -> dict[str, Any]:
        return {"provider": "e2b", "e2b_api_key": API_KEY}

    def routes(self) -> Sequence[BaseRoute]:
        one = "/sandboxes/{sandbox_id}"
        return [
            Route("/health", self._health, methods=["GET"]),
            Route("/sandboxes", self._create, methods=["POST"]),
            Route("/v2/sandboxes", self._create, methods=["POST"]),  # newer than the document; E2B's client has it
            Route("/sandboxes", self._list, methods=["GET"]),
            Route("/v2/sandboxes", self._list, methods=["GET"]),
            Route(one, self._get, methods=["GET"]),
            Route(one, self._kill, methods=["DELETE"]),
            Route(f"{one}/timeout", self._set_timeout, methods=["POST"]),
            Route(f"{one}/refreshes", self._set_timeout, methods=["POST"]),
            Route(f"{one}/metrics", self._metrics, methods=["GET"]),
            *Envd(self).routes(),
        ]

    def unauthorized(self, request: Request) -> Response | None:
        path = request.url.path
        if path in ("/health", "/envd/health"):
            return None
        if path.startswith("/envd/"):
            return self._without_token(request)
        if hmac.compare_digest(request.headers.get("x-api-key", "").encode(), API_KEY.encode()):
            return None
        return _error(401, "Invalid API key, please visit https://e2b.dev/docs/api-key to get your API key.")

    def _without_token(self, request: Request) -> Response | None:
        sandbox = self._running(request.headers.get("e2b-sandbox-id", ""))
        if sandbox is None:
            return json_reply({"code": 502, "message": "The sandbox was not found"}, 502)
        if hmac.compare_digest(request.headers.get("x-access-token", "").encode(), sandbox.token.encode()):
            return None
        if request.url.path == "/envd/files":
            return _error(401, "unauthorized access, please provide a valid access token")
        return connect_error("unauthenticated", "unauthorized access, please provide a valid access token")

    def fault_reply(self, fault: Fault) -> Response:
        if fault.kind == "429":
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            return _error(429, "Rate limit exceeded, please try again later.", headers)
        if fault.kind == "500":
            return _error(500, "Internal server error")
        return _error(401, "Invalid API key")

    def not_found(self) -> Response:
        return _error(404, "no matching operation was found")

    def counts(self) -> dict[str, int]:
        """Nothing of it is synced."""
        return {}

    def machine_of(self, request: Request) -> Machine | None:
        """The inside of the sandbox that a request to envd is meant for."""
        sandbox = self._running(request.headers.get("e2b-sandbox-id", ""))
        return sandbox.machine if sandbox else None

    # -- the API ---------------------------------------------------------------------------------------------------

    async def _health(self, _: Request) -> Response:
        return Response("Health check successful", media_type="text/plain")

    async def _create(self, request: Request) -> Response:
        wanted = orjson.loads(await request.body() or b"{}")
        template = _TEMPLATES.get(wanted.get("templateID", ""))
        if template is None:
            return _error(400, f"template '{wanted.get('templateID')}' not found")
        seconds = wanted.get("timeout", _DEFAULT_SECONDS)
        if not 0 <= seconds <= _LONGEST_SECONDS:
            return _error(400, f"Timeout cannot be greater than {_LONGEST_SECONDS // 3600} hours")
        with self._lock:
            self._made += 1
            seed = stream(self.story.seed, "sandboxes")
            identifier, token = (f"{mix(seed, self._made):016x}{mix(seed, sign * self._made):04x}" for sign in (1, -1))
            now = dt.datetime.now(dt.UTC)
            sandbox = Sandbox(
                id=f"i{identifier[:19]}",
                template=template,
                token=token,
                started=now,
                ends=now + dt.timedelta(seconds=seconds),
                internet=wanted.get("allow_internet_access"),
                metadata=wanted.get("metadata") or {},
            )
            self.sandboxes[sandbox.id] = sandbox
        made = {
            "templateID": sandbox.template,
            "sandboxID": sandbox.id,
            "alias": "base",
            "clientID": _CLIENT,
            "envdVersion": _ENVD_VERSION,
            "envdAccessToken": sandbox.token,
            "domain": None,
        }
        return json_reply(made, 201)

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        running = sorted((s for s in map(self._running, list(self.sandboxes)) if s), key=lambda s: s.started)
        first = int(query.get("nextToken", "0"))
        limit = int(query.get("limit", str(_PAGE)))
        headers = {"X-Total-Running": str(len(running))}
        if first + limit < len(running):
            headers["X-Next-Token"] = str(first + limit)
        page = running[::-1][first : first + limit]
        return json_reply([sandbox.listed() for sandbox in page], headers=headers)

    async def _get(self, request: Request) -> Response:
        sandbox = self._wanted(request)
        detail = {"envdAccessToken": sandbox.token, "domain": None, "allowInternetAccess": sandbox.internet}
        return json_reply({**sandbox.listed(), **detail})

    async def _kill(self, request: Request) -> Response:
        sandbox = self._wanted(request)
        del self.sandboxes[sandbox.id]
        self.ended.append(sandbox.id)
        return Response(status_code=204)

    async def _set_timeout(self, request: Request) -> Response:
        sandbox = self._wanted(request)
        document = orjson.loads(await request.body() or b"{}")
        seconds = document.get("timeout", document.get("duration", _DEFAULT_SECONDS))
        sandbox.ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
        return Response(status_code=204)

    async def _metrics(self, request: Request) -> Response:
        sandbox = self._wanted(request)
        megabyte = 1024 * 1024
        used = sum(map(len, sandbox.machine.files.values()))
        metric = {
            "timestamp": _time(sandbox.started),
            "timestampUnix": int(sandbox.started.timestamp()),
            "cpuCount": 2,
            "cpuUsedPct": 1.5,
            "memUsed": 64 * megabyte,
            "memTotal": 512 * megabyte,
            "memCache": 32 * megabyte,
            "diskUsed": 400 * megabyte + used,
            "diskTotal": 1024 * megabyte,
        }
        return json_reply([metric])

    def _running(self, sandbox_id: str) -> Sandbox | None:
        sandbox = self.sandboxes.get(sandbox_id)
        return sandbox if sandbox and sandbox.ends > dt.datetime.now(dt.UTC) else None

    def _wanted(self, request: Request) -> Sandbox:
        sandbox_id = request.path_params["sandbox_id"]
        sandbox = self._running(sandbox_id)
        if sandbox is None:
            raise RefusalError(_error(404, f"sandbox \"{sandbox_id}\" doesn't exist or you don't have access to it"))
        return sandbox


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return json_reply({"code": status, "message": message}, status, headers)


def _time(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
