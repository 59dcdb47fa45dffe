"""The floor: as fast as hand-tuned Python gets while it still validates every record with pydantic.

A C HTTP client (pycurl) on one connection, orjson, one validation call a page, one prepared upsert that leaves
unchanged rows alone, large transactions. Nothing else: no resume, no rejected records, no deletes, no progress.
"""

from __future__ import annotations

import datetime as dt
import itertools
import sqlite3
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import deals_api
import orjson
import pycurl
from pydantic import BaseModel, ConfigDict, TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAGES_PER_BATCH, _BATCHES_PER_TRANSACTION = 10, 10


class Deal(BaseModel):
    """The fields and types of the product's DealRecord, without its rules for vendors that are less exact."""

    model_config = ConfigDict(extra="forbid")

    source_id: str
    source_system: str = ""
    name: str
    amount: float | None = None
    stage: str | None = None
    probability: float | None = None
    close_date: dt.date | None = None
    created_date: dt.datetime | None = None
    last_modified_date: dt.datetime | None = None
    owner_email: str | None = None
    account_source_id: str | None = None
    pipeline_source_id: str | None = None
    currency: str | None = None
    url: str | None = None
    custom_fields: dict[str, Any] | None = None


_COLUMNS = tuple(Deal.model_fields)
_ADAPTER = TypeAdapter(list[Deal])
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS deals (
    id INTEGER PRIMARY KEY, connection_id INTEGER NOT NULL, {", ".join(_COLUMNS)}, UNIQUE (connection_id, source_id)
);
"""
_VALUES = [name for name in _COLUMNS if name != "source_id"]
_UPSERT = (
    f"INSERT INTO deals (connection_id, {', '.join(_COLUMNS)}) VALUES (1, {', '.join('?' * len(_COLUMNS))}) "
    f"ON CONFLICT (connection_id, source_id) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in _VALUES)} "
    f"WHERE {' OR '.join(f'{n} IS NOT excluded.{n}' for n in _VALUES)}"
)


class Client:
    """One kept-alive connection."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._curl = pycurl.Curl()
        self._headers = [f"{name}: {value}" for name, value in deals_api.HEADERS.items()]
        self._curl.setopt(pycurl.HTTPHEADER, [*self._headers, "Content-Type: application/json"])

    def request(self, path: str, body: bytes | None = None) -> Any:
        """The decoded answer to a GET, or to a POST of `body`."""
        self._curl.setopt(pycurl.URL, self._base_url + path)
        if body is None:
            self._curl.setopt(pycurl.HTTPGET, 1)
        else:
            self._curl.setopt(pycurl.POSTFIELDS, body)
        answer = self._curl.perform_rb()
        if (status := self._curl.getinfo(pycurl.RESPONSE_CODE)) != 200:
            raise RuntimeError(f"{path} answered {status}")
        return orjson.loads(answer)

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """The listing, page by page."""
        path = deals_api.LISTING
        while path:
            page = self.request(path)
            yield page["results"]
            following = page.get("paging")
            path = f"{deals_api.LISTING}&after={following['next']['after']}" if following else ""

    def companies(self, ids: list[str]) -> dict[str, str]:
        """Deal id -> id of its first company, in one request."""
        body = orjson.dumps({"inputs": [{"id": i} for i in ids]})
        answer = self.request("/crm/v4/associations/deals/companies/batch/read", body)
        return {result["from"]["id"]: str(result["to"][0]["toObjectId"]) for result in answer["results"]}


def _rows(deals: list[dict[str, Any]], emails: dict[str, str], companies: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    mapped = [deals_api.fields(deal, emails) for deal in deals]
    if companies:
        for deal in mapped:
            deal["account_source_id"] = companies.get(deal["source_id"])
    dumped = _ADAPTER.dump_python(_ADAPTER.validate_python(mapped), mode="json")
    for row in dumped:
        row["custom_fields"] = orjson.dumps(row["custom_fields"]).decode()
    return map(itemgetter(*_COLUMNS), dumped)


def _open(folder: Path) -> sqlite3.Connection:
    database = sqlite3.connect(folder / "floor.db")
    database.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;" + _SCHEMA
    )
    return database


def main() -> None:
    """Load every deal of the listing."""
    options = deals_api.options()
    database, client, emails = _open(options.folder), Client(options.base_url), deals_api.owners(options.base_url)
    pages = client.pages()
    for number in itertools.count(1):
        batch = list(itertools.islice(pages, _PAGES_PER_BATCH))
        companies = (
            client.companies([deal["id"] for page in batch for deal in page]) if options.companies and batch else {}
        )
        for page in batch:
            database.executemany(_UPSERT, _rows(page, emails, companies))
        if not batch or number % _BATCHES_PER_TRANSACTION == 0:
            database.commit()
        if not batch:
            break
    database.close()


if __name__ == "__main__":
    main()
