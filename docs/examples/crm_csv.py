"""A connector over a folder of CSV files: sales opportunities as deals, companies as accounts.

Written from the connector guide alone. Copy it to `connectors/` in the data directory (`revtops doctor` says where)
and connect it:

    revtops connect crm_csv --set folder=~/crm
"""

import csv
import datetime as dt
from pathlib import Path

from connectors.base import BaseConnector
from connectors.errors import NotFoundError
from connectors.models import AccountRecord
from connectors.registry import AuthField, AuthType, Capability, ConnectorMeta, ConnectorScope


class CrmCsvConnector(BaseConnector):
    source_system = "crm_csv"
    meta = ConnectorMeta(
        name="CRM files",
        slug="crm_csv",
        auth_type=AuthType.CUSTOM,
        scope=ConnectorScope.ORGANIZATION,
        entity_types=["accounts", "deals"],
        capabilities=[Capability.SYNC],
        description="Opportunities and accounts from a folder of CSV files",
        auth_fields=[AuthField(name="folder", label="Folder", help_text="Holds accounts.csv and sales_pipeline.csv.")],
    )

    async def test_connection(self) -> str:
        opportunities = sum(1 for _ in self.rows("sales_pipeline.csv"))
        return f"{opportunities:,} opportunities in {self.credentials['folder']}"

    async def sync_accounts(self) -> list[AccountRecord]:
        return [
            AccountRecord(
                source_id=row["account"],
                name=row["account"],
                industry=row["sector"] or None,
                employee_count=int(row["employees"]),
                annual_revenue=float(row["revenue"]) * 1_000_000,  # the file has millions
                custom_fields={"founded": row["year_established"], "office": row["office_location"]},
            )
            for row in self.rows("accounts.csv")
        ]

    async def sync_deals(self):
        """Plain dicts instead of records: one with a value that does not fit is set aside, the others go on."""
        for row in self.rows("sales_pipeline.csv"):
            yield {
                "source_id": row["opportunity_id"],
                "name": f"{row['product']} for {row['account'] or 'a prospect'}",
                "amount": row["close_value"] or None,
                "stage": row["deal_stage"],
                "created_date": american(row["engage_date"]),
                "close_date": american(row["close_date"]),
                "account_source_id": row["account"] or None,
                "custom_fields": {"sales_agent": row["sales_agent"], "product": row["product"]},
            }

    def rows(self, name: str):
        path = Path(self.credentials["folder"]).expanduser() / name
        if not path.exists():
            raise NotFoundError(f"There is no {name} in {path.parent}.", hint="Choose the folder that holds it.")
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from csv.DictReader(file)


def american(text: str) -> str | None:
    """10/20/2016 as 2016-10-20; what is no such date stays as it is, and is set aside with the reason."""
    try:
        return dt.datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=dt.UTC).date().isoformat() if text else None
    except ValueError:
        return text
