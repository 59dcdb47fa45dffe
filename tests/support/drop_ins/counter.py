"""A connector with one operation that takes a parameter of every kind, and gives back what it was given."""

from __future__ import annotations

from typing import Any

from connectors.base import BaseConnector
from connectors.registry import AuthField, AuthType, Capability, ConnectorMeta, ConnectorScope, WriteOperation


class CounterConnector(BaseConnector):
    source_system = "counter"
    meta = ConnectorMeta(
        name="Counter",
        slug="counter",
        description="A counter where everything can be ordered",
        auth_type=AuthType.CUSTOM,
        scope=ConnectorScope.ORGANIZATION,
        entity_types=["deals"],
        capabilities=[Capability.WRITE],
        auth_fields=[AuthField("word", "Word", required=False)],
        write_operations=[
            WriteOperation(
                name="order",
                entity_type="deals",
                description="Order something",
                parameters=[
                    {"name": "title", "required": True, "description": "What it is called"},
                    {"name": "note", "type": "text", "nullable": True},
                    {"name": "count", "type": "integer", "default": 1},
                    {"name": "price", "type": "number"},
                    {"name": "urgent", "type": "boolean"},
                    {"name": "size", "type": "choice", "choices": ["small", "large"]},
                    {"name": "due", "type": "date", "nullable": True},
                    {"name": "at", "type": "datetime"},
                    {"name": "tags", "type": "array", "items": "string"},
                    {"name": "numbers", "type": "array", "items": "integer"},
                    {"name": "extra", "type": "object"},
                    {"name": "pin", "type": "password"},
                ],
            )
        ],
    )

    async def test_connection(self) -> str:
        return "counter"

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        return {"ordered": data}
