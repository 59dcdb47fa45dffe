"""An entity of a connector's own: its table is made, widened, filled and seen like any other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import SQLModel

from revtops_tui.engine.connections import disconnect
from revtops_tui.engine.data import Browser, sql
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.rejected import retry_rejected
from revtops_tui.engine.sync import sync
from store import tables
from tests.support.bench import Bench, vendor

pytest_plugins = ("tests.support.bench_fixtures",)

BEFORE = """
from sqlmodel import Field, SQLModel


class Ticket(Record):
    subject: str
    {fields}


class TicketRow(SQLModel, table=True):
    __tablename__ = "{table}"

    id: int | None = Field(default=None, primary_key=True)
    {organization}
    subject: str | None = None
    {columns}
"""

METHODS = """
entities = {{"{entity}": (Ticket, TicketRow)}}

async def sync_{method}(self):
    yield vendor.tickets
"""


def _write(
    bench: Bench,
    *,
    entity: str = "tickets",
    organization: str = "organization_id: str",
    fields: str = "score: float | None = None\n    tags: list[str] = []",
    columns: str = "score: float | None = None\n    tags: str | None = None",
) -> None:
    before = BEFORE.format(table=entity, organization=organization, fields=fields, columns=columns)
    bench.connector(METHODS.format(entity=entity, method=entity), slug="desk", entities=[entity], before=before)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Each test has a connector file of its own, and all of them declare one table."""
    yield
    for name in {"tickets", "settings", "alembic_version"} & set(SQLModel.metadata.tables):
        if SQLModel.metadata.tables[name] is not tables.Setting.__table__:  # type: ignore[attr-defined]
            SQLModel.metadata.remove(SQLModel.metadata.tables[name])


def test_an_entity_of_ones_own_is_stored_and_seen(bench: Bench) -> None:
    _write(bench)
    vendor.tickets = [
        {"source_id": 1, "subject": "Help", "score": 0.5, "tags": ["a", "b"]},
        {"source_id": 2, "subject": None},
    ]
    (result,) = sync(bench.ws)
    assert (result.status, result.error) == ("success", None)
    assert result.entities["tickets"]["inserted"] == result.entities["tickets"]["rejected"] == 1
    answer = sql(bench.ws, "SELECT source_id, subject, score, tags, source_system FROM tickets")
    assert answer.rows == [("1", "Help", 0.5, '["a","b"]', "desk")]
    browser = Browser(bench.ws, "tickets")
    assert browser.columns[:4] == ["id", "subject", "score", "tags"]
    assert sql(bench.workspace("globex"), "SELECT * FROM tickets").rows == []
    bench.change("UPDATE rejected_records SET payload = json_set(payload, '$.subject', 'Mended')")
    assert retry_rejected(bench.ws) == (1, 0)
    (again,) = sync(bench.ws)
    assert again.entities["tickets"]["updated"] == 0
    assert disconnect(bench.ws, "desk", delete_data=True) == 2
    assert bench.ask("SELECT * FROM tickets") == []


@pytest.mark.filterwarnings("ignore:This declarative base already contains a class")
def test_a_table_is_widened_and_keeps_its_rows(bench: Bench) -> None:
    _write(bench, fields="", columns="")
    vendor.tickets = [{"source_id": 1, "subject": "Help"}]
    sync(bench.ws)
    _write(bench)
    vendor.tickets = [{"source_id": 2, "subject": "More", "score": 1}]
    (result,) = sync(bench.ws)
    assert result.error is None
    assert bench.ask("SELECT source_id, subject, score FROM tickets ORDER BY 1") == [
        ("1", "Help", None),
        ("2", "More", 1.0),
    ]


def test_it_cannot_name_a_connection_of_another_organization(bench: Bench) -> None:
    _write(bench)
    vendor.tickets = [{"source_id": 1, "subject": "Help"}]
    sync(bench.ws)
    keys = bench.ask('SELECT "from", "to", "table" FROM pragma_foreign_key_list(\'tickets\') ORDER BY seq')
    assert keys == [("connection_id", "id", "connections"), ("organization_id", "organization_id", "connections")]


REFUSED = [
    ({"organization": ""}, "no column `organization_id`"),
    ({"organization": "organization_id: str | None = None"}, "must not be nullable"),
    ({"entity": "deals"}, "Table 'deals' is already defined"),
    ({"entity": "Tickets"}, "named with lower-case letters"),
    ({"entity": "settings"}, "Table 'settings' is already defined"),
    ({"entity": "alembic_version"}, "a table alembic_version that holds no records"),
    ({"fields": "score: float | None = None", "columns": ""}, "no column for: score"),
    ({"columns": 'a: int = Field(sa_column_kwargs={"name": "x\\" INT; --"})'}, "cannot be the name"),
]


@pytest.mark.parametrize(("written", "sentence"), REFUSED)
def test_a_bad_entity_is_refused_in_a_sentence(bench: Bench, written: dict[str, str], sentence: str) -> None:
    before = bench.ask("SELECT name, sql FROM sqlite_schema")
    vendor.tickets = []
    try:
        _write(bench, **written)
        (result,) = sync(bench.ws)
    except EngineError as error:
        kind, message = error.kind, error.message
    else:
        kind, message = result.error_kind or "", result.error or ""
    assert kind in ("broken_connector", "bad_entity")
    assert sentence in message
    assert bench.ask("SELECT name, sql FROM sqlite_schema") == before
