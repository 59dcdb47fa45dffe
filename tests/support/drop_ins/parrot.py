"""A connector that says its secrets wherever it can, to a vendor that repeats them. Its file's name is its slug, and
chooses its auth type."""

from __future__ import annotations

import json
import logging
import sys
import threading
import warnings
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from connectors.base import BaseConnector
from connectors.changes import RecordState
from connectors.errors import AuthenticationError, InvalidInputError
from connectors.oauth import OAuthApp
from connectors.registry import (
    AuthField,
    AuthType,
    Capability,
    ConnectorAction,
    ConnectorMeta,
    ConnectorScope,
    EventType,
    WriteOperation,
)
from connectors.stream import Bookmark, Checkpoint, StreamItem
from connectors.webhooks import InboundEvent, WebhookRefusedError, WebhookRequest

SLUG = Path(__file__).stem
AUTH_TYPE = {
    "parrot_oauth": AuthType.OAUTH2,
    "parrot_signed": AuthType.OAUTH2,
    "parrot_key": AuthType.API_KEY,
    "parrot_bearer": AuthType.BEARER_TOKEN,
}.get(SLUG, AuthType.CUSTOM)
OPEN = frozenset({"tenant", "port", "use_secret", "kind", "client_id", "expires_at", "renew_at", "granted_scopes"})
CUSTOM = [
    AuthField("username", "Username"),
    AuthField("password", "Password", "password"),
    AuthField("api_token", "API token"),
    AuthField("hook_url", "Where to call", "url"),
    AuthField("pin_secret", "PIN", "integer"),
    AuthField("signing_secret", "Signing secret", "password"),
    AuthField("tenant", "Tenant"),
    AuthField("port", "Port", "integer", default=80),
    AuthField("use_secret", "Sign", "boolean", default=True),
    AuthField("kind", "Kind", "choice", choices=["grey", "green"], default="grey"),
]
TEXT = [{"name": "text", "description": "What to say"}, {"name": "quoted", "description": "What was heard"}]


class Trap:
    """What cannot be shown without an exception."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __str__(self) -> str:
        raise RuntimeError(f"trapped {self._secret}")


class Last:
    """Says its secret with its last breath, when nobody can catch it."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __del__(self) -> None:
        raise RuntimeError(f"the last words of {self._secret}")


class ParrotConnector(BaseConnector):
    source_system = SLUG
    base_url = "https://parrot.example"
    dry_runs = True
    meta = ConnectorMeta(
        name=SLUG.replace("_", " ").title(),
        slug=SLUG,
        auth_type=AUTH_TYPE,
        scope=ConnectorScope.ORGANIZATION,
        entity_types=["accounts", "deals"],
        capabilities=[Capability.SYNC, Capability.QUERY, Capability.WRITE, Capability.ACTION, Capability.LISTEN],
        query_description="a path of the parrot's",
        auth_fields=CUSTOM if AUTH_TYPE is AuthType.CUSTOM else [],
        write_operations=[WriteOperation(name, "accounts", "Say it", TEXT) for name in ("note", "refused", "fail")],
        actions=[ConnectorAction(name, "Say it", TEXT) for name in ("shout", "lost", "fail_once")],
        event_types=[EventType("rung", "Somebody rang")],
        oauth=OAuthApp(
            authorize_url="https://parrot.example/oauth/authorize",
            token_url="https://parrot.example/oauth/token",
            pkce=False,
            guide="Make an app.",
        )
        if AUTH_TYPE is AuthType.OAUTH2
        else None,
    )

    def _said(self) -> dict[str, Any]:
        """What is secret in its credentials."""
        return {name: value for name, value in self.credentials.items() if name not in OPEN}

    def _first(self) -> str:
        said = self._said()
        return str(next(said[name] for name in ("password", "access_token", "api_key", "token") if name in said))

    async def auth_headers(self) -> dict[str, str]:
        if AUTH_TYPE is not AuthType.CUSTOM:
            return await super().auth_headers()
        pair = f"{self.credentials['username']}:{self.credentials['password']}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    async def _ask(self, path: str) -> Any:
        await self.get_credentials()
        first = self._first()
        answer = await self.http.post(
            path,
            params={"q": first, "page": "1"},
            json={"note": list(self._said().values()), "text": f"I say {first}"},
            headers={"X-Note": first},
        )
        return answer.json() if "json" in answer.headers["content-type"] else answer.text

    def _stumble(self) -> None:
        try:
            {}[self._first()]
        except KeyError as error:
            raise RuntimeError(f"stumbled over {self._said()!r} and {json.dumps(self._said())}") from error

    async def test_connection(self) -> str:
        echo = await self._ask("/echo")
        if "refuse" in echo["mood"]:
            raise AuthenticationError(f"The parrot did not like {self._first()}.", hint=f"Not {self._said()}.")
        return f"Polly with {echo['headers']['authorization']}"

    async def sync_accounts(self) -> AsyncIterator[StreamItem]:
        echo, first = await self._ask("/echo"), self._first()
        yield [
            {"source_id": "1", "name": "Echo", "custom_fields": echo},
            {"source_id": "2", "name": f"Called {first}", "domain": f"https://x.example/?k={first}"},
            {"source_id": "3", "name": "Bad", "employee_count": f"many {first}", "custom_fields": echo},
        ]
        yield Checkpoint(f"https://parrot.example/next?access_token={first}")
        yield [{"source_id": "4", "name": "More"}]
        yield Bookmark({"next": f"https://parrot.example/delta?token={first}"})

    async def sync_deals(self) -> AsyncIterator[StreamItem]:
        echo = await self._ask("/echo")
        yield [{"source_id": "1", "name": "Deal"}]
        if "stumble" in echo["mood"]:
            self._stumble()
        if "refuse" in echo["mood"]:
            await self._ask("/status/400")

    async def get_schema(self) -> list[dict[str, Any]]:
        echo = json.dumps(await self._ask("/echo"))
        return [{"schema": "public", "name": "echo", "columns": [{"name": echo, "type": "text"}]}]

    async def query(self, request: str) -> Any:
        await self.get_credentials()
        match request:
            case "fail":
                self._stumble()
            case "leave":
                sys.exit(f"left with {self._said()}")
            case "many":
                error = ExceptionGroup(f"all of {self._first()}", [ValueError(self._first())])
                error.add_note(f"Noted: {self._said()}")
                raise error
            case "trap":
                return [{"name": Trap(self._first())}]
            case "aside":
                self._talk_aside()
                return [{"name": "said"}]
        return await self._ask(request)

    def _talk_aside(self) -> None:
        """Where nobody catches what is said: a warning, a thread of its own, an object that ends badly."""
        first = self._first()
        warnings.warn(f"warned of {first}", stacklevel=1)
        logging.getLogger("parrot").warning("logged %s", first)
        thread = threading.Thread(target=self._stumble)
        thread.start()
        thread.join()
        Last(first)

    async def before(self, operation: str, data: Any) -> RecordState | None:
        before = {"text": "what was said before", "quoted": self._first()}
        return RecordState("1", {name: value for name, value in before.items() if name in data})

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        return await self.execute_action(operation, data)

    async def execute_action(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        if action.startswith("fail"):
            self._stumble()
        path = {"refused": "/status/422", "lost": "/status/502"}.get(action, "/echo")
        return {"id": "1", "answer": await self._ask(path)}

    async def verify_webhook(self, request: WebhookRequest) -> None:
        if request.headers.get("x-word") != self.credentials["signing_secret"]:
            raise WebhookRefusedError(f"That is not {self.credentials['signing_secret']}.")

    def process_webhook_payload(self, request: WebhookRequest) -> list[InboundEvent]:
        return [InboundEvent("rung", {"headers": dict(request.headers), "body": request.json()})]

    async def handle_event(self, event_type: str, payload: dict[str, Any]) -> None:
        raise InvalidInputError(f"It rang with {self._said()}.", hint=f"Not {self._first()}.")
