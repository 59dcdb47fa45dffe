"""The benchmark's HubSpot: `python -m benchmarks.server --rows N` serves pre-rendered deals on loopback.

A process of its own, and cheap for each request, so that it is never what a loader waits for. It answers what a sync of
deals asks (listing, search with its wall of 10,000 results, batch read of associations, owners, pipelines, properties,
account details), any other object type as empty, and `/admin/…`: touch, remove, reset, latency, stats, pages, quit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.deals import FIRST_DEAL_ID, OWNER_IDS, PIPELINES, Deals, company_of

if TYPE_CHECKING:
    from collections.abc import Callable

_WALL = 10_000
_LISTING_LIMIT, _SEARCH_LIMIT, _ASSOCIATION_LIMIT = 100, 200, 1000
# A budget that never binds: what is measured is the loader, not its patience. HubSpot's real headers have these names.
_LIMITS = (
    b"X-HubSpot-RateLimit-Interval-Milliseconds: 10000\r\nX-HubSpot-RateLimit-Max: 1000000\r\n"
    b"X-HubSpot-RateLimit-Remaining: 999999\r\n"
)
_TIMES = {"createdAt": "2021-01-01T00:00:00.000Z", "updatedAt": "2021-01-01T00:00:00.000Z", "archived": False}
_STANDARD = (
    *("amount", "closedate", "createdate", "deal_currency_code", "dealname", "dealstage", "hs_deal_stage_probability"),
    *("hs_lastmodifieddate", "hs_object_id", "hubspot_owner_id", "pipeline"),
)
_CUSTOM = ("contract_term", "deal_source", "next_step", "renewal_risk", "urgency")


class RequestError(Exception):
    """What HubSpot would refuse, with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Vendor:
    """The answers: each method takes the query and the decoded body and returns bytes of JSON."""

    def __init__(self, deals: Deals) -> None:
        self.deals = deals
        self.latency = 0.0
        self.requests: Counter[str] = Counter()
        self.page_times: list[float] = []
        """When each page of a listing or search was asked for (`time.monotonic`)."""
        self.stopped = asyncio.Event()
        self._found: tuple[object, list[int]] = ((), [])
        self._routes: dict[str, Callable[[dict[str, str], Any], bytes]] = {
            "GET /crm/v3/objects/deals": self.listing,
            "POST /crm/v3/objects/deals/search": self.search,
            "POST /crm/v4/associations/deals/companies/batch/read": self.associations,
            "GET /crm/v3/owners": self.fixed({"results": [_owner(i) for i in OWNER_IDS]}),
            "GET /crm/v3/pipelines/deals": self.fixed({"results": [_pipeline(i) for i in PIPELINES]}),
            "GET /crm/v3/properties/deals": self.fixed(
                {"results": [_property(name) for name in (*_STANDARD, *_CUSTOM)]}
            ),
            "GET /account-info/v3/details": self.fixed(_ACCOUNT),
        }
        self._admin: dict[str, Callable[[dict[str, str]], object]] = {
            "touch": lambda query: self.deals.touch(float(query["fraction"]), time.time_ns() // 1_000_000),
            "remove": lambda query: self.deals.remove(float(query["fraction"])),
            "reset": self.reset,
            "latency": self.set_latency,
            "stats": lambda _: {"requests": dict(self.requests), "json_bytes": self.deals.json_bytes},
            "pages": lambda _: self.page_times,
            "quit": lambda _: self.stopped.set(),
        }

    def answer(self, method: str, target: str, body: bytes, authorized: bool) -> bytes:
        """The body of a 200 answer. Raises RequestError for what HubSpot would refuse."""
        url = urlsplit(target)
        path = url.path.rstrip("/")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if path.startswith("/admin/"):
            return json.dumps(self._admin[path.removeprefix("/admin/")](query)).encode()
        if not authorized:
            raise RequestError(401, "Authentication credentials not found.")
        route = self._routes.get(f"{method} {path}")
        self.requests[f"{method} {path}"] += 1
        if route is not None:
            return route(query, json.loads(body) if body else {})
        if path.startswith(("/crm/v3/objects/", "/crm/v4/associations/", "/crm/v3/properties/", "/crm/v3/pipelines/")):
            return b'{"status":"COMPLETE","total":0,"results":[]}'
        raise RequestError(404, f"no such path: {path}")

    @staticmethod
    def fixed(document: object) -> Callable[[dict[str, str], Any], bytes]:
        """A route that always answers the same; nothing there is archived."""
        full = json.dumps(document, separators=(",", ":")).encode()
        return lambda query, _: b'{"results":[]}' if query.get("archived") == "true" else full

    def listing(self, query: dict[str, str], _: object) -> bytes:
        """A page of all deals; `after` is the number of deals before it."""
        self.page_times.append(time.monotonic())
        if query.get("archived") == "true":
            return b'{"results":[]}'
        start, limit = int(query.get("after", 0)), int(query.get("limit", 10))
        if limit > _LISTING_LIMIT:
            raise RequestError(400, f"limit must be at most {_LISTING_LIMIT}")
        stop = min(start + limit, self.deals.live)
        return b'{"results":[' + self.deals.slice(start, stop) + b"]" + _paging(stop, self.deals.live)

    def search(self, _: dict[str, str], body: dict[str, Any]) -> bytes:
        """Deals by last-modified time and id, ascending by id; `after` counts from the first match, up to the wall."""
        self.page_times.append(time.monotonic())
        start, limit = int(body.get("after") or 0), int(body.get("limit", 10))
        if limit > _SEARCH_LIMIT or start + limit > _WALL:
            raise RequestError(400, f"limit must be at most {_SEARCH_LIMIT}, and after + limit at most {_WALL}")
        found = self._matches(body)
        page = found[start : start + limit]
        head = b'{"total":%d,"results":[' % len(found)
        return head + self.deals.pick(page) + b"]" + _paging(start + len(page), len(found))

    def associations(self, _: dict[str, str], body: dict[str, Any]) -> bytes:
        """The one company of each deal asked for."""
        ids = [item["id"] for item in body["inputs"]]
        if len(ids) > _ASSOCIATION_LIMIT:
            raise RequestError(400, f"at most {_ASSOCIATION_LIMIT} inputs")
        results = ",".join(_association(int(i)) for i in ids)
        times = '"startedAt":"2021-01-01T00:00:00.000Z","completedAt":"2021-01-01T00:00:00.000Z"'
        return f'{{"status":"COMPLETE","results":[{results}],{times}}}'.encode()

    def reset(self, _: dict[str, str]) -> None:
        """Deals, latency and counters as at the start: the next contender finds what the last one found."""
        self.deals.reset()
        self.requests.clear()
        self.page_times.clear()
        self.latency = 0.0
        self._found = ((), [])

    def set_latency(self, query: dict[str, str]) -> None:
        """Every later answer waits this long."""
        self.latency = float(query["ms"]) / 1000

    def _matches(self, body: dict[str, Any]) -> list[int]:
        """Indices that a search matches; those of the last search are kept, for its next page."""
        low, high, after_id = _search_bounds(body)
        key = (low, high, after_id, self.deals.version)
        if self._found[0] != key:
            first = after_id - FIRST_DEAL_ID
            self._found = (key, [i for i in self.deals.modified_between(low, high) if i >= first])
        return self._found[1]


class Protocol(asyncio.Protocol):
    """HTTP/1.1 with keep-alive: just what the HTTP clients of this benchmark send."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            headers = head.lower()
            at = headers.find(b"\r\ncontent-length:")
            length = int(headers[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self._reply(head, b"\r\nauthorization: bearer " in headers, body)

    def _reply(self, head: bytes, authorized: bool, body: bytes) -> None:
        method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ", 2)
        status = 200
        try:
            content = self._vendor.answer(method, target, body, authorized)
        except RequestError as error:
            status = error.status
            content = json.dumps({"status": "error", "message": str(error), "category": "VALIDATION_ERROR"}).encode()
        answer = b"HTTP/1.1 %d .\r\nContent-Type: application/json;charset=utf-8\r\n%sContent-Length: %d\r\n\r\n%s" % (
            status,
            _LIMITS,
            len(content),
            content,
        )
        if self._vendor.latency and not target.startswith("/admin/"):
            asyncio.get_running_loop().call_later(self._vendor.latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


_ACCOUNT = {
    "portalId": 4711,
    "accountType": "STANDARD",
    "timeZone": "US/Eastern",
    "companyCurrency": "USD",
    "additionalCurrencies": ["EUR", "GBP"],
    "utcOffset": "-05:00",
    "utcOffsetMilliseconds": -18_000_000,
    "uiDomain": "app.hubspot.com",
    "dataHostingLocation": "na1",
}


def _owner(owner_id: str) -> dict[str, object]:
    name = {"email": f"owner{owner_id}@example.com", "type": "PERSON", "firstName": "Owner", "lastName": owner_id}
    return {"id": owner_id, **name, "userId": int(owner_id), **_TIMES}


def _pipeline(pipeline_id: str) -> dict[str, object]:
    stages = [
        {
            "id": stage_id,
            "label": label,
            "displayOrder": order,
            "metadata": {"isClosed": str(probability in {"0.0", "1.0"}).lower(), "probability": probability},
            **_TIMES,
        }
        for order, (stage_id, label, probability) in enumerate(PIPELINES[pipeline_id])
    ]
    return {"id": pipeline_id, "label": f"Pipeline {pipeline_id}", "displayOrder": 0, "stages": stages, **_TIMES}


def _property(name: str) -> dict[str, object]:
    kind = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "dealinformation"}
    return {**kind, "hubspotDefined": name not in _CUSTOM, "calculated": False, "archived": False, "options": []}


def _association(deal_id: int) -> str:
    company = company_of(deal_id - FIRST_DEAL_ID)
    kinds = (
        '[{"category":"HUBSPOT_DEFINED","typeId":5,"label":"Primary"},'
        '{"category":"HUBSPOT_DEFINED","typeId":341,"label":null}]'
    )
    return f'{{"from":{{"id":"{deal_id}"}},"to":[{{"toObjectId":{company},"associationTypes":{kinds}}}]}}'


def _paging(stop: int, total: int) -> bytes:
    """The end of a page: where the next one starts, if there is one."""
    if stop >= total:
        return b"}"
    return b',"paging":{"next":{"after":"%d","link":"?after=%d"}}}' % (stop, stop)


def _search_bounds(body: dict[str, Any]) -> tuple[float, float, int]:
    """A search's filters as (modified from, modified to, smallest id); anything else is refused rather than ignored."""
    groups = body.get("filterGroups") or [{"filters": []}]
    sorts = [sort["propertyName"] if isinstance(sort, dict) else sort for sort in body.get("sorts", [])]
    if len(groups) != 1 or sorts not in ([], ["hs_object_id"]):
        raise RequestError(400, "this server knows one filter group and the sort hs_object_id")
    low, high, after_id = 0.0, float("inf"), 0
    for item in groups[0]["filters"]:
        match item["propertyName"], item["operator"]:
            case "hs_lastmodifieddate", "GTE":
                low = _milliseconds(item["value"])
            case "hs_lastmodifieddate", "LTE" | "LT":
                high = _milliseconds(item["value"])
            case "hs_object_id", "GT":
                after_id = int(item["value"]) + 1
            case "hs_object_id", "GTE":
                after_id = int(item["value"])
            case other:
                raise RequestError(400, f"this server does not know the filter {other}")
    return low, high, after_id


def _milliseconds(value: object) -> float:
    text = str(value)
    return float(text) if text.isdecimal() else datetime.fromisoformat(text).timestamp() * 1000


async def serve(rows: int, folder: Path) -> None:
    """Serve until /admin/quit; the port goes to stdout, once it listens."""
    vendor = Vendor(Deals(rows, folder))
    server = await asyncio.get_running_loop().create_server(lambda: Protocol(vendor), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await vendor.stopped.wait()
    server.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / ".work")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    asyncio.run(serve(options.rows, options.folder))


if __name__ == "__main__":
    main()
