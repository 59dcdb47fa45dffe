"""A connector to `tests.support.oauth_server`: it is signed in to, and its deals come in pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from connectors.base import BaseConnector
from connectors.oauth import OAuthApp
from connectors.registry import AuthField, AuthType, Capability, ConnectorMeta, ConnectorScope, WriteOperation
from connectors.stream import StreamItem


class DeskConnector(BaseConnector):
    source_system = "desk"
    base_url = "https://desk.example"
    meta = ConnectorMeta(
        name="Desk",
        slug="desk",
        auth_type=AuthType.OAUTH2,
        scope=ConnectorScope.ORGANIZATION,
        entity_types=["deals"],
        capabilities=[Capability.SYNC, Capability.WRITE],
        write_operations=[WriteOperation("create_deal", "deals", "Make a deal")],
        auth_fields=[AuthField("signing_secret", "Signing secret", "password", required=False)],
        oauth_scopes=["deals.read", "deals.write"],
        oauth=OAuthApp(
            authorize_url="https://desk.example/oauth/authorize",
            token_url="https://desk.example/oauth/token",
            revoke_url="https://desk.example/oauth/revoke",
            device_url="https://desk.example/oauth/device",
            scopes_for={"sync": ["deals.read"], "create_deal": ["deals.write"]},
            guide="Make an app at the desk.\nCopy its client id and its client secret.",
        ),
    )

    async def test_connection(self) -> str:
        return str((await self.http.get("/api/me")).json()["name"])

    async def sync_deals(self) -> AsyncIterator[StreamItem]:
        page, more = 1, True
        while more:
            answer = (await self.http.get("/api/deals", params={"page": page})).json()
            yield [{"source_id": deal["id"], "name": f"Deal {deal['id']}"} for deal in answer["deals"]]
            page, more = page + 1, answer["more"]

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        return dict((await self.http.post("/api/deals")).json())
