"""Whatever SQL says, and whatever an organization is called: it sees its own rows, and changes nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.persistence import persist_records
from revtops_tui.engine.data import Browser, sql, tables
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from store.connections import connections
from store.console import run_sql
from store.errors import StoreError
from tests.support.bench import Bench

MINE = "o'brien\"; DROP TABLE deals; --"
THEIRS = "globex"
CANARY = "theirs alone"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Two organizations with rows in several tables and books; what the other's hold has CANARY in it."""
    home: Path = tmp_path_factory.mktemp("scoping") / "home"
    bench = Bench(home)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REVTOPS_HOME", str(home))
        for organization, what in ((MINE, "ours"), (THEIRS, CANARY)):
            for entity in ("deals", "accounts"):
                records = [{"source_id": f"{what} {n}", "name": f"{what} {n}"} for n in range(3)]
                asyncio.run(persist_records(organization, entity, [*records, {"source_id": f"{what} bad"}], what))
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def ours(bench: Bench) -> Workspace:
    return bench.workspace(MINE)


HOSTILE = [
    # other ways to name the table behind the view
    "SELECT * FROM main.deals",
    "SELECT * FROM temp.sqlite_master",
    "SELECT sql FROM sqlite_temp_schema",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM sqlite_schema",
    "SELECT * FROM file.deals",
    "SELECT * FROM revtops.deals",
    "SELECT * FROM aux.deals",
    'SELECT * FROM "file_0".deals',
    "SELECT * FROM organizations",
    "SELECT * FROM settings",
    "SELECT * FROM checkpoints",
    "SELECT * FROM watermarks",
    "SELECT * FROM page_digests",
    "SELECT * FROM alembic_version",
    "SELECT * FROM sqlite_sequence",
    "SELECT * FROM sqlite_stat1",
    # names that look like the views to the authorizer
    "WITH deals AS (SELECT * FROM main.deals) SELECT * FROM deals",
    "WITH organizations AS (SELECT 1) SELECT * FROM organizations UNION ALL SELECT id FROM main.organizations",
    "WITH deals AS (SELECT * FROM organizations) SELECT * FROM deals",
    "SELECT * FROM (SELECT * FROM settings) AS deals",
    "SELECT (SELECT group_concat(name) FROM organizations) FROM deals",
    "SELECT * FROM deals WHERE name IN (SELECT name FROM organizations)",
    "SELECT count(*) FROM organizations",
    "SELECT count(*) FROM Organizations",
    "SELECT 1 FROM settings",
    "SELECT count(*) FROM sqlite_schema",
    "SELECT count(*) FROM main.organizations",
    "SELECT count(*) FROM ix_sync_runs_connection",
    "SELECT count(*) FROM sqlite_autoindex_deals_1",
    "SELECT count(*) FROM dbstat",
    "SELECT count(*) FROM pragma_database_list",
    "SELECT EXISTS (SELECT 1 FROM settings)",
    "SELECT * FROM deals UNION SELECT * FROM main.deals",
    "SELECT organization_id FROM deals",
    "SELECT d.organization_id, d.* FROM deals d",
    "SELECT deleted_at FROM deals",
    # functions and tables of SQLite's own
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_table_list",
    "SELECT * FROM pragma_table_info('deals')",
    "SELECT * FROM pragma_function_list",
    "SELECT * FROM dbstat",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM bytecode('SELECT * FROM deals')",
    "SELECT * FROM tables_used('SELECT * FROM deals')",
    "SELECT load_extension('x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('x', 'y')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT edit('x')",
    # statements
    "PRAGMA database_list",
    "PRAGMA query_only=0",
    "PRAGMA writable_schema=1",
    "ATTACH ':memory:' AS other",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO 'copy.db'",
    "ANALYZE",
    "REINDEX",
    "BEGIN IMMEDIATE",
    "SAVEPOINT a",
    "CREATE TABLE t(x)",
    "CREATE TEMP TABLE t AS SELECT * FROM deals",
    "CREATE TEMP VIEW deals2 AS SELECT * FROM deals",
    "CREATE TEMP TRIGGER t INSTEAD OF DELETE ON deals BEGIN SELECT 1; END",
    "CREATE VIRTUAL TABLE t USING fts5(x)",
    "DROP VIEW deals",
    "ALTER TABLE deals RENAME TO x",
    "INSERT INTO deals(name) VALUES ('x')",
    "UPDATE deals SET name = 'x'",
    "DELETE FROM deals",
    "REPLACE INTO deals(id) VALUES (1)",
    "WITH x AS (SELECT 1) DELETE FROM deals",
    "DELETE FROM deals RETURNING *",
    "SELECT 1; DELETE FROM deals",
    "SELECT 1; SELECT * FROM main.deals",
    "EXPLAIN SELECT * FROM main.deals",
    "SELECT * FROM deals WHERE name = '\0'",
    "SELECT * FROM deals; \0",
    "SELECT '\ud800'",
    "SELECT * FROM",
    "\N{ZERO WIDTH SPACE}SELECT 1",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_sql_is_refused_in_a_sentence_and_changes_nothing(bench: Bench, ours: Workspace, query: str) -> None:
    before = bench.dump()
    with pytest.raises(EngineError) as failure:
        sql(ours, query)
    error = failure.value
    assert (error.kind, error.exit_code) == ("invalid_input", 2)
    assert CANARY not in error.message + error.hint
    assert "file_" not in error.message.replace("file_0", "")
    assert bench.dump() == before
    assert {path.name for path in bench.home.iterdir()} <= {
        "cache", "connectors", "revtops.db", "revtops.db-wal", "revtops.db-shm"
    }  # fmt: skip


HARMLESS = [
    ("SELECT count(*) FROM deals", 3),
    ("select COUNT(*) from TEMP.Deals", 3),
    ("SELECT count(*) FROM deals AS accounts", 3),
    ("WITH deals AS (SELECT * FROM accounts) SELECT count(*) FROM deals", 3),
    ("WITH organizations AS (SELECT * FROM deals) SELECT count(*) FROM organizations", 3),
    ("SELECT count(*) FROM deals d JOIN accounts a USING (source_id)", 3),
    ("SELECT count(*) FROM deals WHERE EXISTS (SELECT 1 FROM accounts a WHERE a.name = deals.name)", 3),
    ("SELECT count(*) FROM (SELECT name, row_number() OVER (ORDER BY name) FROM deals)", 3),
    ("SELECT count(*) FROM connections", 1),
    ("SELECT count(*) FROM rejected_records", 2),
    ("SELECT count(*) FROM sync_runs", 0),
    ("SELECT count(*) FROM ledger", 0),
    ("SELECT count(*) FROM json_each('[1, 2]')", 2),
    ("SELECT count(*) FROM deals, json_tree('{\"a\": [1]}')", 9),
    ("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 10) SELECT count(*) FROM n", 10),
    ("SELECT count(*) FROM deals WHERE name LIKE '%" + CANARY + "%'", 0),
    ("SELECT count(*) FROM deals WHERE 1 = 1 OR organization_id IS NULL", None),
    ("-- a comment\nSELECT count(*) FROM deals;", 3),
    ("VALUES (7)", 7),
    ("EXPLAIN QUERY PLAN SELECT * FROM deals", None),
    ("EXPLAIN SELECT * FROM deals", None),
    ("SELECT printf('%.2f|%5d|%-5s|%%', 1.5, 42, 'ab') = '1.50|   42|ab   |%'", 1),
    ("SELECT printf() IS NULL", 1),
]


@pytest.mark.parametrize(("query", "expected"), HARMLESS)
def test_harmless_sql_shows_ones_own_rows(ours: Workspace, query: str, expected: int | None) -> None:
    if expected is None:
        answer = _try(ours, query)
        assert CANARY not in answer
        assert "file_" not in answer
    else:
        assert sql(ours, query).rows == [(expected,)]


def _try(ws: Workspace, query: str) -> str:
    try:
        return str(sql(ws, query).rows)
    except EngineError as error:
        return f"{error.message} {error.hint}"


@pytest.mark.parametrize("table", ["deals", "accounts", "connections", "rejected_records", "sync_runs", "ledger"])
def test_every_table_shows_nothing_of_the_other(ours: Workspace, table: str) -> None:
    assert table in {info.name for info in tables(ours)}
    assert CANARY not in str(sql(ours, f"SELECT * FROM {table}").rows)
    selection = Browser(ours, table).open()
    selection.wait()
    assert CANARY not in str(selection.rows(0, 100))
    assert all(CANARY not in str(selection.record(row)) for row in range(20))
    selection.close()
    found = Browser(ours, table).open(filter=CANARY)
    found.wait()
    assert (found.count, found.rows(0, 10)) == (0, [])
    found.close()


@pytest.mark.parametrize(
    ("sort", "text"), [("name; DROP TABLE deals", ""), ('id" DESC; --', ""), ("organization_id", ""), ("rowid", "x")]
)
def test_a_browser_takes_no_sql_for_a_column(ours: Workspace, sort: str, text: str) -> None:
    with pytest.raises(EngineError, match="has no column") as failure:
        Browser(ours, "deals").open(sort, filter=text)
    assert "name" in failure.value.hint


@pytest.mark.parametrize("text", ["%", "_", "' OR 1=1 --", '"', "\\", "'; DROP TABLE deals; --"])
def test_a_filter_is_text(ours: Workspace, text: str) -> None:
    found = Browser(ours, "deals").open(filter=text)
    found.wait()
    assert found.count == 0
    found.close()


def test_a_filter_of_a_whole_page_of_text_is_a_sentence(ours: Workspace) -> None:
    with pytest.raises(EngineError, match="too complex"):
        Browser(ours, "deals").open(filter="x" * 60_000)


@pytest.mark.parametrize("table", ["organizations", "settings", "deals; --", "main.deals", "sqlite_master", ""])
def test_a_browser_opens_only_what_is_the_organizations(ours: Workspace, table: str) -> None:
    with pytest.raises(EngineError, match="There is no table"):
        Browser(ours, table)


def test_organizations_of_any_name_see_their_own(bench: Bench, ours: Workspace) -> None:
    assert [c.organization_id for c in connections(ours.database, MINE)] == [MINE]
    assert len(sql(bench.workspace(THEIRS), "SELECT * FROM deals").rows) == 3
    for stranger in ("", "%", "globex' OR '1'='1", "o'brien"):
        assert sql(bench.workspace(stranger or " "), "SELECT * FROM deals").rows == []


# -- bombs -----------------------------------------------------------------------------------------------------------

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def test_an_endless_query_ends_when_it_is_cancelled(ours: Workspace) -> None:
    asked = 0
    cancel = threading.Event()

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        if asked == 3:
            cancel.set()
        return cancel.is_set()

    with pytest.raises(StoreError, match="was cancelled") as failure:
        run_sql(ours.database.path, MINE, ENDLESS, limit=10, cancelled=cancelled)
    assert failure.value.kind == "cancelled"
    with pytest.raises(EngineError) as through:
        sql(ours, ENDLESS, cancel=cancel)
    assert through.value.exit_code == 130


def test_an_endless_query_ends_when_its_time_is_up(ours: Workspace) -> None:
    with pytest.raises(StoreError, match="took too long") as failure:
        run_sql(ours.database.path, MINE, ENDLESS, limit=10, seconds=0.1)
    assert failure.value.kind == "timeout"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT zeroblob(2000000000)",
        "SELECT replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000)))",
        "SELECT hex(zeroblob(40000000))",
        "WITH RECURSIVE n(x) AS (SELECT 'x' UNION ALL SELECT x || x FROM n) SELECT max(x) FROM n",
    ],
)
def test_a_value_too_large_for_memory_is_refused(ours: Workspace, query: str) -> None:
    with pytest.raises(EngineError, match="too big"):
        sql(ours, query)


@pytest.mark.parametrize("form", ["%.*c", "%2000000000d", "%-100000s", "%.99999999f", "%,*d"])
def test_a_width_that_nothing_could_interrupt_is_refused(ours: Workspace, form: str) -> None:
    for function in ("printf", "format"):
        with pytest.raises(EngineError, match="no width over 9,999"):
            sql(ours, f"SELECT {function}('{form}', 2000000000, 'x')")


def test_an_answer_too_large_for_memory_ends_early_and_says_so(ours: Workspace) -> None:
    bomb = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 500) SELECT zeroblob(30000000) FROM n"
    answer = sql(ours, bomb)
    assert (len(answer.rows), answer.truncated) == (3, True)


@pytest.mark.parametrize(("limit", "rows", "truncated"), [(2, 2, True), (3, 3, False), (500, 3, False)])
def test_a_limit_says_whether_there_is_more(ours: Workspace, limit: int, rows: int, truncated: bool) -> None:
    answer = sql(ours, "SELECT source_id AS id, name FROM deals", limit=limit)
    assert (answer.columns, len(answer.rows), answer.truncated) == (["id", "name"], rows, truncated)
