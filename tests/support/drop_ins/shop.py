"""A connector whose whole vendor is a JSON file, which the tests change between runs."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from connectors.base import BaseConnector
from connectors.errors import AuthenticationError, InvalidInputError, OutcomeUnknownError
from connectors.registry import (
    AuthField,
    AuthType,
    Capability,
    ConnectorAction,
    ConnectorMeta,
    ConnectorScope,
    WriteOperation,
)
from connectors.stream import Expect, StreamItem


class ShopConnector(BaseConnector):
    source_system = "shop"
    meta = ConnectorMeta(
        name="Shop",
        slug="shop",
        description="A shop in a file",
        auth_type=AuthType.CUSTOM,
        scope=ConnectorScope.ORGANIZATION,
        entity_types=["accounts", "deals"],
        capabilities=[Capability.SYNC, Capability.QUERY, Capability.WRITE, Capability.ACTION],
        query_description="any word: the file's `answer` comes back",
        auth_fields=[
            AuthField("file", "Data file", help_text="Where the shop is, from the data directory."),
            AuthField("port", "Port", "integer", default=80),
            AuthField("tier", "Tier", "choice", required=False, choices=["free", "pro"]),
            AuthField("token", "Token", "password"),
        ],
        write_operations=[
            WriteOperation(
                name="update_deal",
                entity_type="deals",
                description="Change a deal",
                parameters=[
                    {"name": "id", "type": "string", "required": True, "description": "The deal's id"},
                    {"name": "amount", "type": "number", "description": "New amount"},
                    {"name": "stage", "type": "string", "choices": ["open", "won"], "description": "New stage"},
                ],
            ),
            WriteOperation(name="fail", description="Always refused"),
        ],
        actions=[
            ConnectorAction(
                name="send_message",
                description="Tell a customer",
                parameters=[{"name": "text", "required": True, "description": "What to say"}],
            ),
            ConnectorAction(name="lose_answer", description="Nobody answers"),
        ],
    )

    def _shop(self) -> dict[str, Any]:
        shop: dict[str, Any] = json.loads(Path(os.environ["REVTOPS_HOME"], self.credentials["file"]).read_text())
        if self.credentials["token"] != shop["token"]:
            raise AuthenticationError("The shop refused the token.")
        return shop

    async def _wait_while(self, what: str) -> None:
        while self._shop().get(what):  # noqa: ASYNC110 - until the test says otherwise, in the file
            await asyncio.sleep(0.02)

    async def test_connection(self) -> str:
        await self.get_credentials()
        return f"{self._shop()['owner']} at port {self.credentials['port']}"

    async def sync_accounts(self) -> AsyncIterator[StreamItem]:
        yield self._shop()["accounts"]

    async def sync_deals(self) -> AsyncIterator[StreamItem]:
        shop = self._shop()
        yield Expect(shop.get("expect", len(shop["deals"])))
        yield shop["deals"]
        if shop.get("closes_never"):
            await asyncio.Event().wait()
        await self._wait_while("closes_late")
        while shop.get("deaf"):
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        if shop.get("stumbles"):
            raise RuntimeError(f"stumbled over password=hunter2secret and {self.credentials['token']}")

    async def get_schema(self) -> list[dict[str, Any]]:
        await self._wait_while("schema_late")
        return [{"schema": "public", "name": "deals", "columns": [{"name": "id", "type": "text"}]}]

    async def query(self, request: str) -> Any:
        return self._shop()["answer"]

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        if operation == "fail":
            raise InvalidInputError("The shop does not want that.", hint="Ask for something else.")
        await self._wait_while("written_late")
        return {"written": data}

    async def execute_action(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        if action == "lose_answer":
            raise OutcomeUnknownError("The shop did not answer.")
        return {"sent": params["text"]}
