"""A simulated HubSpot account for a test, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.server import serve

TOKEN = {"Authorization": "Bearer simulated-token"}
SIZE = 300
TYPES = ["companies", "contacts", "deals", "calls", "emails", "meetings", "notes", "tasks", "goal_targets"]


@contextmanager
def account(**options: Any) -> Iterator[httpx2.Client]:
    simulator = HubSpotSimulator(**{"size": SIZE, **options})
    with serve(simulator.app) as server, httpx2.Client(base_url=server.url, headers=TOKEN) as client:
        yield client


@pytest.fixture(scope="module")
def seeded() -> Iterator[httpx2.Client]:
    """An account that no test changes."""
    with account() as client:
        yield client


@pytest.fixture
def own() -> Iterator[httpx2.Client]:
    """An account of the test's own."""
    with account() as client:
        yield client


def pages(client: httpx2.Client, object_type: str = "deals", **params: Any) -> Iterator[list[dict[str, Any]]]:
    asked = {"limit": 100, **params}
    while True:
        body = client.get(f"/crm/v3/objects/{object_type}", params=asked).raise_for_status().json()
        yield body["results"]
        if "paging" not in body:
            return
        asked["after"] = body["paging"]["next"]["after"]


def everything(client: httpx2.Client, object_type: str = "deals", **params: Any) -> list[dict[str, Any]]:
    return [item for page in pages(client, object_type, **params) for item in page]


def search(client: httpx2.Client, *filters: dict[str, Any], object_type: str = "deals", **body: Any) -> dict[str, Any]:
    groups = {"filterGroups": [{"filters": list(filters)}]} if filters else {}
    reply = client.post(f"/crm/v3/objects/{object_type}/search", json={"limit": 200, **groups, **body})
    return dict(reply.raise_for_status().json())


def where(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **({} if value is None else {"value": value}), **more}


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


def refusal(reply: httpx2.Response) -> dict[str, Any]:
    body = dict(reply.json())
    assert body["status"] == "error"
    assert body["correlationId"]
    return body


def where_sort(name: str, direction: str = "ASCENDING") -> dict[str, str]:
    return {"propertyName": name, "direction": direction}


def links(client: httpx2.Client, source: str, target: str) -> Iterator[tuple[str, str]]:
    inputs = [{"id": item["id"]} for item in everything(client, source)]
    body = client.post(f"/crm/v4/associations/{source}/{target}/batch/read", json={"inputs": inputs}).json()
    for result in body["results"]:
        for link in result["to"]:
            yield result["from"]["id"], link["toObjectId"]
