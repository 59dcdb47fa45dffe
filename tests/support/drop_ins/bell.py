"""A connector that only listens: whoever knows the word may ring, and what rings is an event."""

from __future__ import annotations

from typing import Any

from connectors.base import BaseConnector
from connectors.errors import InvalidInputError
from connectors.registry import AuthField, AuthType, Capability, ConnectorMeta, ConnectorScope, EventType
from connectors.webhooks import InboundEvent, WebhookRefusedError, WebhookRequest


class BellConnector(BaseConnector):
    source_system = "bell"
    meta = ConnectorMeta(
        name="Bell",
        slug="bell",
        description="A bell at the door",
        auth_type=AuthType.CUSTOM,
        scope=ConnectorScope.ORGANIZATION,
        capabilities=[Capability.LISTEN],
        auth_fields=[AuthField("word", "Word", "password")],
        event_types=[
            EventType("visitor.came", "Somebody is at the door"),
            EventType("parcel.left", "Something is at the door"),
            EventType("bell.torn", "The rope gave way"),
        ],
    )

    async def test_connection(self) -> str:
        await self.get_credentials()
        return "front door"

    async def verify_webhook(self, request: WebhookRequest) -> None:
        if request.headers.get("x-word") != self.credentials["word"]:
            raise WebhookRefusedError("That is not the word.")

    def process_webhook_payload(self, request: WebhookRequest) -> list[InboundEvent]:
        body = request.json()
        return [InboundEvent(body["type"], body)]

    async def handle_event(self, event_type: str, payload: dict[str, Any]) -> None:
        if event_type == "bell.torn":
            raise InvalidInputError("Nobody hears a torn rope.", hint="Mend it.")
