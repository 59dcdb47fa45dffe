"""Records on their way into the store: what is stored, what is set aside, what costs nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math
import threading
from typing import Any

import pytest
from pydantic import field_validator

from connectors.entity_writer import EntityWriter
from connectors.errors import ConnectorError
from connectors.models import ENTITY_ALIASES, ENTITY_RECORDS, DealRecord, Record, SharedFileRecord
from connectors.persistence import persist_records
from connectors.stream import Checkpoint, Deleted, Page
from store import connections, rejections, runs, upsert
from store.connections import Connection
from store.database import Database
from store.errors import StoreError
from tests.support.bench import Bench, deals

pytest_plugins = ("tests.support.bench_fixtures",)


@pytest.fixture
def database(bench: Bench) -> Database:
    return bench.ws.database


@pytest.fixture
def connection(database: Database) -> Connection:
    return connections.save_connection(database, "acme", "crm")


@pytest.fixture
def store(database: Database, connection: Connection) -> Store:
    return Store(database, connection)


class Store:
    """Takes what syncs of one connection yield, each in a run of its own."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self.database = database
        self.connection = connection
        self.run = 0

    async def take(self, *items: Any, entity: str = "deals", mode: str = "incremental", **options: Any) -> EntityWriter:
        self.run += 1
        scope = upsert.Scope(self.connection.id, self.connection.organization_id, "crm", self.run)
        writer = EntityWriter(self.database, scope, entity, ENTITY_RECORDS[entity], mode=mode, **options)
        for item in items:
            await writer.take(item)
        await writer.finish(allow_deletes=True)
        return writer

    def rejected(self) -> list[rejections.RejectedRecord]:
        return rejections.rejected_records(self.database, [self.connection.id], 100)

    def rows(self, columns: str, entity: str = "deals") -> list[tuple[Any, ...]]:
        return (
            self.database.reader()
            .execute(f"SELECT {columns} FROM {entity} WHERE deleted_at IS NULL ORDER BY source_id")
            .fetchall()
        )


# -- fields --------------------------------------------------------------------------------------------------------


async def test_a_field_not_set_keeps_its_value_and_none_clears_it(store: Store) -> None:
    await store.take(deals(1, amount=5, stage="open"))
    await store.take([{"source_id": "1", "name": "renamed", "stage": None}])
    assert store.rows("name, amount, stage") == [("renamed", 5.0, None)]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"amount": 1}, {"amount": 2}, ("deal 1", 2.0, None)),
        ({"amount": 1}, {"stage": "won"}, ("deal 1", 1.0, "won")),
        ({"amount": 1, "stage": "open"}, {"stage": None}, ("deal 1", 1.0, None)),
        ({"stage": "open"}, {}, ("deal 1", None, "open")),
    ],
)
async def test_of_duplicates_in_a_batch_the_last_wins(store: Store, first: Any, second: Any, expected: Any) -> None:
    await store.take(deals(1, **first) + deals(2) + deals(1, **second))
    assert store.rows("name, amount, stage")[0] == expected
    assert len(store.rows("id")) == 2


@pytest.mark.parametrize("secret", ["correct-horse-battery", 'quo"ted\\back/slash & <more>', "zwölf\tZeichen und mehr"])
async def test_a_secret_that_a_vendor_quotes_is_not_stored(store: Store, secret: str) -> None:
    quoted = json.dumps({"said": json.dumps(secret)})
    record = {"source_id": "1", "name": f"it was {secret}!", "stage": quoted}
    await store.take([record], secrets=lambda: [secret])
    assert store.rows("name, stage") == [("it was ***!", quoted.replace(json.dumps(json.dumps(secret))[3:-3], "***"))]


_EXAMPLES: list[tuple[str, Any]] = [
    ("datetime.datetime", dt.datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=dt.timezone(dt.timedelta(hours=2)))),
    ("datetime.date", dt.date(2026, 3, 4)),
    ("dict", {"b": [1, {"c": None}], "a": "ü"}),
    ("list", ["one", "two"]),
    ("bool", True),
    ("float", 12.5),
    ("int", 3),
]
"""What stands in a field's annotation -> a value for it; text otherwise."""


def _example(name: str, annotation: Any) -> Any:
    return next((value for needle, value in _EXAMPLES if needle in str(annotation)), f"the {name}")


def _stored(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("entity", ENTITY_RECORDS)
async def test_every_field_of_every_entity_comes_back(store: Store, entity: str) -> None:
    fields = ENTITY_RECORDS[entity].model_fields
    values = {name: _example(name, field.annotation) for name, field in fields.items() if name != "source_system"}
    await store.take([values], entity=entity)
    assert store.rejected() == []
    cursor = store.database.reader().execute(f"SELECT * FROM {entity}")
    row = dict(zip((column[0] for column in cursor.description), cursor.fetchone(), strict=True))
    stored = {name: json.loads(row[name]) if isinstance(v, dict | list) else row[name] for name, v in values.items()}
    assert stored == {name: _stored(value) for name, value in values.items()}
    assert (row["source_system"], row["organization_id"]) == ("crm", "acme")
    again = await store.take([values], entity=entity)
    assert again.counts.report() == {"inserted": 0, "updated": 0, "unchanged": 1, "deleted": 0, "rejected": 0}


@pytest.mark.parametrize("entity", ENTITY_RECORDS)
async def test_a_record_is_stored_as_the_mapping_of_its_fields_is(store: Store, entity: str) -> None:
    record = ENTITY_RECORDS[entity]
    values = {n: _example(n, field.annotation) for n, field in record.model_fields.items() if n != "source_system"}
    required = {n: v for n, v in values.items() if record.model_fields[n].is_required() or n == "source_id"}
    mappings = [values, {**required, "source_id": "few", **({"external_id": "few"} if "external_id" in values else {})}]
    await store.take(mappings, entity=entity)
    again = await store.take([record(**mapping) for mapping in mappings], entity=entity)
    assert again.counts.unchanged == 2


async def test_the_code_of_a_connectors_own_record_sees_what_it_is_given(database: Database, store: Store) -> None:
    class Tidy(DealRecord):
        @field_validator("name", mode="before")
        @classmethod
        def _strip(cls, given: str) -> str:
            return given.strip()

    scope = upsert.Scope(store.connection.id, "acme", "crm")
    writer = EntityWriter(database, scope, "deals", Tidy)
    await writer.take([{"source_id": "1", "name": "  deal "}])
    await writer.finish()
    assert store.rows("name") == [("deal",)]


@pytest.mark.parametrize("entity", ENTITY_RECORDS)
def test_tables_have_the_fields_of_their_records_and_no_others(database: Database, entity: str) -> None:
    columns = {row[1] for row in database.reader().execute(f"PRAGMA table_info({entity})")}
    books = {"id", "connection_id", "run_id", "deleted_at", "synced_at", "organization_id"}
    assert columns - books == set(ENTITY_RECORDS[entity].model_fields)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2026-03-04T05:06:07+02:00", "2026-03-04T03:06:07.000000Z"),
        ("2026-03-04T05:06:07", "2026-03-04T05:06:07.000000Z"),
        (dt.datetime(2026, 12, 31, 23, tzinfo=dt.timezone(dt.timedelta(hours=-5))), "2027-01-01T04:00:00.000000Z"),
        (1772600767, "2026-03-04T05:06:07.000000Z"),
    ],
)
async def test_times_are_aware_utc_from_the_border_on(store: Store, given: Any, stored: str) -> None:
    await store.take(deals(1, created_date=given))
    assert store.rows("created_date") == [(stored,)]


async def test_times_of_many_zones_and_none_share_a_batch(store: Store) -> None:
    east = dt.timezone(dt.timedelta(hours=5, minutes=30))
    given = ["2026-03-04T05:06:07.5Z", None, "2026-03-04T00:00:00", dt.datetime(2026, 3, 4, tzinfo=east), 0]
    await store.take([{"source_id": str(n), "name": "a", "created_date": time} for n, time in enumerate(given)])
    assert [time for (time,) in store.rows("created_date")] == [
        "2026-03-04T05:06:07.500000Z",
        None,
        "2026-03-04T00:00:00.000000Z",
        "2026-03-03T18:30:00.000000Z",
        "1970-01-01T00:00:00.000000Z",
    ]


@pytest.mark.parametrize("ids", [{"source_id": "f1"}, {"external_id": "f1"}, {"source_id": "f1", "external_id": "f1"}])
async def test_a_file_has_one_id_under_two_names(store: Store, ids: dict[str, str]) -> None:
    await store.take([{**ids, "name": "a.pdf"}], [SharedFileRecord(**ids, name="a.pdf")], entity="shared_files")
    assert store.rows("source_id, external_id, name", "shared_files") == [("f1", "f1", "a.pdf")]


# -- bad records ---------------------------------------------------------------------------------------------------

_DEEP: dict[str, Any] = {}
for _ in range(100_000):
    _DEEP = {"in": _DEEP}

BAD = [
    pytest.param({"name": None}, "name", id="missing"),
    pytest.param({"source_id": ""}, "source_id", id="empty id"),
    pytest.param({"source_id": "2\0"}, "source_id", id="nul in the id"),
    pytest.param({"amount": "a lot"}, "amount", id="type"),
    pytest.param({"amount": math.nan}, "amount", id="nan"),
    pytest.param({"amount": -math.inf}, "amount", id="infinity"),
    pytest.param({"close_date": "31.12.2026"}, "close_date", id="date"),
    pytest.param({"created_date": "0001-01-01T00:00:00+14:00"}, "created_date", id="before year 1"),
    pytest.param({"colour": "red"}, "colour", id="unknown field"),
    pytest.param({"name": "half of an emoji \ud83d"}, "name", id="surrogate"),
    pytest.param({"source_id": "\ud83d"}, "source_id", id="surrogate in the id"),
    pytest.param({"custom_fields": {"n": math.nan, "big": 2**80}}, "custom_fields", id="no json"),
    pytest.param({"custom_fields": _DEEP}, "custom_fields", id="deep"),
]


@pytest.mark.parametrize(("bad", "field"), BAD)
async def test_a_bad_record_is_set_aside_alone(store: Store, bad: dict[str, Any], field: str) -> None:
    writer = await store.take([*deals(1), {"source_id": "2", "name": "bad", **bad}, *deals(3)])
    assert [row for (row,) in store.rows("source_id")] == ["1", "3"]
    (rejected,) = store.rejected()
    assert (rejected.field, rejected.entity) == (field, "deals")
    assert rejected.reason
    assert rejected.payload
    assert (writer.counts.inserted, writer.counts.rejected, writer.counts.fetched) == (2, 1, 3)


@pytest.mark.parametrize(("bad", "_"), BAD)
async def test_what_was_set_aside_is_forgotten_once_it_is_good(store: Store, bad: dict[str, Any], _: str) -> None:
    await store.take([{"source_id": "2", "name": "bad", **bad}])
    await store.take([{"source_id": "2", "name": "bad", **bad}])
    assert len(store.rejected()) == 1
    await store.take(deals(2))
    assert len(store.rejected()) == (1 if "source_id" in bad else 0)  # nobody knows whose a bad id is


async def test_a_whole_number_that_no_column_holds_names_its_field(store: Store) -> None:
    await store.take([{"source_id": "1", "name": "a", "employee_count": 2**63}, *deals(2)], entity="accounts")
    assert [(r.source_id, r.field) for r in store.rejected()] == [("1", "employee_count")]
    assert store.rows("source_id", "accounts") == [("2",)]


async def test_values_that_only_look_bad_are_stored(store: Store) -> None:
    custom = {"big": 2**80, "half": "\ud83d", "text": "x" * 10_000_000}
    await store.take([{"source_id": "1", "name": "n" * 10_000_000, "custom_fields": custom}])
    ((name, stored),) = store.rows("name, custom_fields")
    assert len(name) == 10_000_000
    assert json.loads(stored) == custom


async def test_records_of_another_entity_are_set_aside(store: Store) -> None:
    await store.take([DealRecord(source_id="1", name="a"), ENTITY_RECORDS["accounts"](source_id="2", name="b")])
    assert [r.source_id for r in store.rejected()] == ["2"]


async def test_a_record_without_an_id_is_set_aside_once(store: Store) -> None:
    for _ in range(2):
        await store.take([{"name": "a"}, {"name": "b"}])
    assert [r.payload for r in store.rejected()] == [{"name": "b"}, {"name": "a"}]


@pytest.mark.parametrize(
    ("items", "names", "rejected"),
    [
        ([deals(1), [{"source_id": "1", "name": None}]], ["deal 1"], 1),
        ([[{"source_id": "1", "name": None}], deals(1)], ["deal 1"], 0),
    ],
    ids=["good then bad", "bad then good"],
)
async def test_the_last_that_is_said_of_a_record_holds(store: Store, items: Any, names: Any, rejected: int) -> None:
    await store.take([{"source_id": "9", "name": None}])  # so that there is something to forget
    await store.take(*items)
    assert [name for (name,) in store.rows("name")] == names
    assert [r.source_id for r in store.rejected() if r.source_id == "1"] == ["1"] * rejected


async def test_the_row_of_a_rejected_record_is_not_taken_for_deleted(store: Store) -> None:
    await store.take(deals(1, 2), mode="full")
    await store.take([*deals(1), {"source_id": "2", "name": None}], mode="full")
    assert store.rows("source_id") == [("1",), ("2",)]


# -- changes and deletes -------------------------------------------------------------------------------------------


async def test_what_is_unchanged_is_not_written(store: Store, bench: Bench) -> None:
    records = deals(*range(50), amount=1, custom_fields={"b": 1, "a": 2}, created_date="2026-01-01T00:00:00Z")
    await store.take(records)
    before = bench.dump()
    writer = EntityWriter(store.database, upsert.Scope(store.connection.id, "acme", "crm", 9), "deals", DealRecord)
    await writer.take(records)
    await writer.flush()
    assert writer.counts.report() == {"inserted": 0, "updated": 0, "unchanged": 50, "deleted": 0, "rejected": 0}
    assert bench.dump() == before


async def test_a_change_writes_the_changed_row_alone(store: Store) -> None:
    await store.take(deals(1, 2, 3))
    await store.take([*deals(1), *deals(2, name="new"), *deals(3)])
    assert store.rows("run_id, name") == [(1, "deal 1"), (2, "new 2"), (1, "deal 3")]


@pytest.mark.parametrize("ids", [["1"], [1]])
async def test_a_reported_delete_hides_the_row_and_a_return_shows_it(store: Store, ids: list[Any]) -> None:
    await store.take(deals(1, 2))
    gone = await store.take(Deleted(ids), Deleted(["never seen"]))
    assert (gone.counts.deleted, store.rows("source_id")) == (1, [("2",)])
    back = await store.take(deals(1))
    assert (back.counts.updated, store.rows("source_id")) == (1, [("1",), ("2",)])


@pytest.mark.parametrize(("items", "live"), [((Deleted(["1"]), deals(1)), 1), ((deals(1), Deleted(["1"])), 0)])
async def test_a_delete_and_a_return_in_one_commit_hold_in_their_order(store: Store, items: Any, live: int) -> None:
    await store.take(*items)
    assert len(store.rows("id")) == live


async def test_rows_that_the_vendor_moved_between_connections_do_not_collide(store: Store) -> None:
    other = Store(store.database, connections.save_connection(store.database, "acme", "crm", name="second"))
    await store.take(deals(1, name="mine"))
    await other.take(deals(1, name="theirs"), mode="full")
    assert {name for (name,) in store.rows("name")} == {"mine 1", "theirs 1"}


async def test_a_row_cannot_name_a_connection_of_another_organization(store: Store) -> None:
    scope = upsert.Scope(store.connection.id, "globex", "crm", 1)
    connections.ensure_organization(store.database, "globex")
    writer = EntityWriter(store.database, scope, "deals", DealRecord)
    await writer.take(deals(1))
    with pytest.raises(Exception, match="FOREIGN KEY"):
        await writer.flush()
    assert store.rows("id") == []


@pytest.mark.parametrize("item", [3, "text", b"bytes", None, object()])
async def test_what_is_no_record_says_what_it_is(store: Store, item: Any) -> None:
    with pytest.raises(ConnectorError, match=f"sync_deals yielded {type(item).__name__}: neither"):
        await store.take(item)


# -- pages ---------------------------------------------------------------------------------------------------------


class Listing:
    """A vendor's listing of one page, and how often it was mapped to records."""

    def __init__(self) -> None:
        self.records = deals(1, 2, 3)
        self.mapped = 0

    def page(self, content: bytes | None = None) -> Page:
        def records() -> list[dict[str, Any]]:
            self.mapped += 1
            return self.records

        return Page("all", [content or json.dumps(self.records).encode()], records)


@pytest.fixture
def listing() -> Listing:
    return Listing()


async def test_an_unchanged_page_is_not_even_mapped(store: Store, listing: Listing) -> None:
    await store.take(listing.page(), mode="full")
    again = await store.take(listing.page(), mode="full")
    assert listing.mapped == 1
    assert (again.counts.fetched, again.counts.unchanged, again.counts.deleted) == (3, 3, 0)
    assert len(store.rows("id")) == 3


@pytest.mark.parametrize("split", [[b"ab", b"c"], [b"a", b"bc"], [b"abc"]])
async def test_where_the_parts_of_a_page_end_matters(store: Store, listing: Listing, split: list[bytes]) -> None:
    await store.take(Page("all", [b"", b"abc"], lambda: listing.records), mode="full")
    await store.take(Page("all", split, listing.page().records), mode="full")
    assert listing.mapped == 1


async def _changed_in_between(store: Store, _: Listing) -> None:
    await store.take(deals(2, name="changed"))


async def _changed_outside_of_a_run(store: Store, _: Listing) -> None:
    await persist_records("acme", "deals", deals(2, name="changed"), "crm")


async def _marked_deleted(store: Store, _: Listing) -> None:
    await store.take(Deleted(["2"]))


async def _removed(store: Store, _: Listing) -> None:
    store.database.writer.run(lambda c: c.execute("DELETE FROM deals WHERE source_id = '2'").rowcount)


async def _replaced_by_another(store: Store, _: Listing) -> None:
    store.database.writer.run(lambda c: c.execute("DELETE FROM deals WHERE source_id = '3'").rowcount)
    await store.take(deals(4))


async def _changed_at_the_vendor(store: Store, listing: Listing) -> None:
    listing.records = deals(1, 2, 3, amount=5)


@pytest.mark.parametrize(
    "happens",
    [
        _changed_in_between,
        _changed_outside_of_a_run,
        _marked_deleted,
        _removed,
        _replaced_by_another,
        _changed_at_the_vendor,
    ],
)
async def test_a_page_is_mapped_again_after_something_happened(store: Store, listing: Listing, happens: Any) -> None:
    await store.take(listing.page(), mode="full")
    await happens(store, listing)
    await store.take(listing.page(), mode="full")
    assert listing.mapped == 2
    assert store.rows("source_id, name") == [(str(n), f"deal {n}") for n in (1, 2, 3)]


async def test_a_page_is_mapped_again_when_the_code_changed(store: Store, listing: Listing) -> None:
    await store.take(listing.page(), mode="full", salt=b"old")
    await store.take(listing.page(), mode="full", salt=b"new")
    assert listing.mapped == 2


async def test_a_page_with_a_rejected_record_is_mapped_until_it_is_good(store: Store, listing: Listing) -> None:
    good, bad = listing.records, [*deals(1, 2), {"source_id": "3", "name": None}]
    await store.take(listing.page(), mode="full")
    listing.records = bad
    for expected in (2, 3):
        await store.take(listing.page(), mode="full")
        assert listing.mapped == expected
        assert [r.source_id for r in store.rejected()] == ["3"]
    listing.records = good  # word for word what was stored before the bad one came
    await store.take(listing.page(), mode="full")
    assert (listing.mapped, store.rejected()) == (4, [])


async def test_pages_of_an_incremental_run_are_mapped_and_not_kept(store: Store, listing: Listing) -> None:
    for _ in range(2):
        await store.take(listing.page())
    assert listing.mapped == 2


async def test_a_checkpoint_is_gone_when_the_entity_is_complete(store: Store) -> None:
    scope = upsert.Scope(store.connection.id, "acme", "crm", 1)
    writer = EntityWriter(store.database, scope, "deals", DealRecord, mode="full")
    await writer.take(deals(1))
    await writer.take(Checkpoint({"after": 1}))
    await writer.flush()
    left = runs.checkpoint(store.database, store.connection.id, "deals")
    assert left is not None
    assert (left.cursor, left.mode, len(left.seen), left.started_at) == ({"after": 1}, "full", 1, writer.started_at)
    await writer.finish()
    assert runs.checkpoint(store.database, store.connection.id, "deals") is None
    assert runs.watermark(store.database, store.connection.id, "deals") == writer.started_at


async def test_two_tasks_that_store_at_once_lose_no_failure(store: Store, bench: Bench) -> None:
    bench.change("CREATE TRIGGER t BEFORE INSERT ON checkpoints BEGIN SELECT raise(ABORT, 'refused by the test'); END")
    scope = upsert.Scope(store.connection.id, "acme", "crm", 1)
    writer = EntityWriter(store.database, scope, "deals", DealRecord)
    hold = threading.Event()
    store.database.writer.submit(lambda _: hold.wait(20))
    await writer.take(deals(1))
    await writer.commit()  # waits behind the one that holds the writer, so both tasks wait for it
    await writer.take(deals(2))
    await writer.take(Checkpoint(2))
    tasks = [asyncio.create_task(writer.commit()) for _ in range(2)]
    await asyncio.sleep(0)
    hold.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    with pytest.raises(StoreError, match="refused by the test"):
        await writer.flush()
    assert store.rows("source_id") == [("1",)]


async def test_tasks_that_store_at_once_are_all_counted(store: Store) -> None:
    writer = EntityWriter(store.database, upsert.Scope(store.connection.id, "acme", "crm", 1), "deals", DealRecord)

    async def work(start: int) -> None:
        for first in range(start, start + 100, 10):
            await writer.take(deals(*range(first, first + 10)))
            await writer.commit()

    await asyncio.gather(*(work(start) for start in range(0, 500, 100)))
    await writer.flush()
    assert (writer.counts.inserted, len(store.rows("id"))) == (500, 500)


# -- persist_records ------------------------------------------------------------------------------------------------


async def test_persist_records_makes_the_connection_it_needs(bench: Bench) -> None:
    records: list[Record | dict[str, Any]] = [DealRecord(source_id="1", name="a"), {"source_id": "2", "name": None}]
    assert await persist_records("test-org", "deals", records, "ledgerly") == 1
    assert await persist_records("test-org", "deals", records, "ledgerly") == 1
    assert bench.ask("SELECT organization_id, slug, source_system FROM connections") == [
        ("test-org", "ledgerly", "ledgerly")
    ]
    assert bench.ask("SELECT organization_id, source_id, source_system FROM deals") == [("test-org", "1", "ledgerly")]


async def test_persist_records_finds_the_connection_of_its_source_system(bench: Bench) -> None:
    database = bench.ws.database
    connections.save_connection(database, "acme", "crm", name="other", source_system="crm")
    mine = connections.save_connection(database, "acme", "crm_files", source_system="crm")
    await persist_records("acme", "deals", deals(1), "crm")
    assert bench.ask("SELECT connection_id FROM deals") == [(mine.id,)]


@pytest.mark.parametrize(("short", "table"), ENTITY_ALIASES.items())
async def test_persist_records_knows_the_short_names(bench: Bench, short: str, table: str) -> None:
    record = (
        {"source_id": "1", "name": "a"} if short != "issues" else {"source_id": "1", "identifier": "A", "title": "t"}
    )
    assert await persist_records("acme", short, [record], "tracker") == 1
    assert bench.ask(f"SELECT source_id FROM {table}") == [("1",)]


async def test_persist_records_refuses_an_unknown_entity(bench: Bench) -> None:
    with pytest.raises(ConnectorError, match="no entity named dealz") as failure:
        await persist_records("acme", "dealz", deals(1), "crm")
    assert "deals" in failure.value.hint
