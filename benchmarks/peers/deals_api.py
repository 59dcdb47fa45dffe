"""What the peers share: the command line, and a deal as the fields that all of them store. Standard library only."""

from __future__ import annotations

import argparse
import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADERS = {"Authorization": "Bearer benchmark"}
LISTING = "/crm/v3/objects/deals?limit=100"
CUSTOM = ("contract_term", "deal_source", "next_step", "renewal_risk", "urgency")


@dataclass(frozen=True)
class Options:
    """Where to load from, and the folder whose content survives between first load and re-sync."""

    base_url: str
    folder: Path
    companies: bool
    """Read the company of each deal as well (where the peer can)."""


def options() -> Options:
    """The command line that the harness gives to every peer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--companies", action="store_true")
    return Options(**vars(parser.parse_args()))


def owners(base_url: str) -> dict[str, str]:
    """Owner id -> e-mail, in one request."""
    request = urllib.request.Request(f"{base_url}/crm/v3/owners?limit=500", headers=HEADERS)
    with urllib.request.urlopen(request) as answer:
        return {owner["id"]: owner["email"] for owner in json.load(answer)["results"]}


def fields(deal: dict[str, Any], emails: dict[str, str]) -> dict[str, Any]:
    """A deal of the listing as the fields that are stored; values as the vendor wrote them."""
    given = deal["properties"]
    return {
        "source_id": deal["id"],
        "name": given["dealname"],
        "amount": given["amount"],
        "stage": given["dealstage"],
        "probability": given["hs_deal_stage_probability"],
        "close_date": given["closedate"][:10],
        "created_date": given["createdate"],
        "last_modified_date": given["hs_lastmodifieddate"],
        "owner_email": emails.get(given["hubspot_owner_id"]),
        "pipeline_source_id": given["pipeline"],
        "currency": given["deal_currency_code"],
        "custom_fields": {name: given[name] for name in CUSTOM},
    }
