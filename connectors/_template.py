"""The starter template: deals synced page by page, and one write operation.

Copy this file and give the copy the name of your slug, here `my_crm.py`: into this folder for a pull request, or into
the `connectors` folder of the data directory to try it at once. Then change `meta`, the URLs and the mapping, and run:

    revtops connectors my_crm       what the program understood, or what is wrong
    revtops connect my_crm          asks for the credentials
    revtops sync my_crm
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from connectors.base import BaseConnector
from connectors.errors import InvalidInputError
from connectors.http import RateBudget
from connectors.registry import AuthType, Capability, ConnectorMeta, ConnectorScope, WriteOperation
from connectors.stream import Checkpoint, StreamItem

_PAGE_SIZE = 100


class MyCrmConnector(BaseConnector):
    """Speaks the API of My CRM. Name the vendor's page that describes it here, with its version."""

    source_system = "my_crm"  # marks every row that comes from here
    base_url = "https://api.my-crm.example/v1"  # `self.http` resolves paths below it; `--base-url` takes its place
    rate_budgets = (RateBudget(requests=100, per=10),)  # what the vendor's documentation allows

    meta = ConnectorMeta(
        name="My CRM",
        slug="my_crm",
        description="Deals from My CRM",
        auth_type=AuthType.API_KEY,  # sent as a Bearer token; override `auth_headers` where the vendor wants otherwise
        scope=ConnectorScope.ORGANIZATION,
        entity_types=["deals"],  # each needs its sync_* method
        capabilities=[Capability.SYNC, Capability.WRITE],
        write_operations=[
            WriteOperation(
                name="update_deal",
                entity_type="deals",
                description="Change a deal",
                parameters=[  # checked before `write` is called, which reads the same keys
                    {"name": "id", "type": "string", "required": True, "description": "The deal's source_id"},
                    {"name": "amount", "type": "number", "one_of": "change", "description": "New amount"},
                    {"name": "stage", "type": "string", "one_of": "change", "description": "New stage"},
                ],
            ),
        ],
    )

    async def test_connection(self) -> str:
        """Called by `revtops connect` before anything is saved: one cheap request, and whose account it is."""
        me = (await self.http.get("/me")).json()
        return str(me.get("email") or me.get("id") or "")

    async def sync_deals(self) -> AsyncIterator[StreamItem]:
        """Yields pages, so that memory stays flat. A list as return value is fine too where there is little."""
        cursor = self.resume_cursor  # where an interrupted run left off, or None
        while True:
            params: dict[str, Any] = {"limit": _PAGE_SIZE, "cursor": cursor}
            if self.sync_since is not None:  # None: a full run, after which what the vendor did not list is deleted
                params["updated_since"] = self.sync_since.isoformat()
            page = (await self.http.get("/deals", params={k: v for k, v in params.items() if v is not None})).json()
            yield [self._deal(deal) for deal in page["deals"]]
            cursor = page.get("next_cursor")
            if not cursor:
                return
            yield Checkpoint(cursor)  # stored together with the deals before it

    @staticmethod
    def _deal(deal: dict[str, Any]) -> dict[str, Any]:
        """The fields of a `DealRecord`. As a dict: one deal that does not validate is set aside, alone."""
        return {
            "source_id": deal.get("id"),
            "name": deal.get("title"),
            "amount": deal.get("amount"),
            "stage": deal.get("stage"),
            "close_date": deal.get("close_date"),
            "last_modified_date": deal.get("updated_at"),
            "owner_email": (deal.get("owner") or {}).get("email"),
            "account_source_id": deal.get("company_id"),
        }

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        """Must be idempotent: it may be repeated when the answer was lost."""
        if operation == "update_deal":
            deal_id = data.pop("id")
            response = await self.http.patch(f"/deals/{deal_id}", json=data, repeatable=True)
            return {"id": deal_id, "deal": response.json()}
        raise InvalidInputError(f"Unknown operation: {operation}")


# To test it, run the connector against a small HTTP server of your own on 127.0.0.1 that answers like the vendor, and
# look at what `sync_deals` yields and at the requests it made; tests/test_template.py does that with this very file.
