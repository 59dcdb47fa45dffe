"""Customer Postgres against a real server: the CRM's data, values, caps, mistakes in queries, and time limits."""

import asyncio
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import InvalidInputError, PermissionDeniedError, VendorUnavailableError
from tests.support.crm_database import Connect, Crm, connect, crm, crm_files, failure, until
from tests.support.postgres import postgres_server

__all__ = ["connect", "crm", "crm_files", "postgres_server"]  # fixtures
pytestmark = pytest.mark.xdist_group("postgres")

# -- real data ---------------------------------------------------------------------------------------------------------


async def test_counts_the_opportunities_of_the_crm(connect: Connect, crm_files: Path) -> None:
    answer = await connect().query(
        "SELECT deal_stage, count(*), sum(close_value) FROM sales_pipeline GROUP BY 1 ORDER BY 1"
    )
    assert answer == {
        "columns": ["deal_stage", "count", "sum"],
        "rows": [
            ["Engaging", 1589, None],
            ["Lost", 2473, 0],
            ["Prospecting", 500, None],
            ["Won", 4238, 10005534],
        ],
        "truncated": False,
    }
    assert (await connect().query("SELECT count(*) FROM sales_pipeline"))["rows"] == [[8800]]


async def test_rows_are_those_of_the_file(connect: Connect, crm_files: Path) -> None:
    with (crm_files / "accounts.csv").open(newline="") as file:
        expected = [
            [
                *(row["account"], row["sector"], int(row["year_established"]), float(row["revenue"])),
                *(int(row["employees"]), row["office_location"], row["subsidiary_of"] or None),
            ]
            for row in csv.DictReader(file)
        ]
    answer = await connect().query("TABLE accounts")
    assert sorted(answer["rows"]) == sorted(expected)


async def test_dates_are_iso(connect: Connect, crm_files: Path) -> None:
    answer = await connect().query("SELECT engage_date FROM sales_pipeline WHERE opportunity_id = '1C1I7A6R'")
    assert answer["rows"] == [["2016-10-20"]]


async def test_schema_lists_what_the_role_may_read(connect: Connect, crm_files: Path) -> None:
    relations = {relation["name"]: relation for relation in await connect().get_schema()}
    assert {name: (relation["type"], relation["estimated_rows"]) for name, relation in relations.items()} == {
        "accounts": ("table", 85),
        "notes": ("table", 2),
        "products": ("table", 7),
        "sales_pipeline": ("table", 8800),
        "sales_teams": ("table", 35),
        "secrets": ("table", 0),
        "trap": ("view", None),
        "visits": ("partitioned table", 100),
        "won": ("view", None),
        "won_by_agent": ("materialized view", 30),
    }
    pipeline = relations["sales_pipeline"]
    assert (pipeline["schema"], pipeline["comment"]) == ("public", "Opportunities of the CRM")
    assert pipeline["columns"][0] == {
        "name": "opportunity_id",
        "type": "text",
        "nullable": False,
        "primary_key": True,
        "comment": None,
    }
    assert [(c["name"], c["nullable"], c["primary_key"]) for c in pipeline["columns"][1:3]] == [
        ("sales_agent", False, False),
        ("product", True, False),
    ]
    assert pipeline["columns"][-1]["comment"] == "US dollars; empty while open"
    assert [column["name"] for column in relations["secrets"]["columns"]] == ["id"]


# -- values ------------------------------------------------------------------------------------------------------------


VALUES = {
    "1::int": 1,
    "9007199254740993::bigint": 9007199254740993,
    "1100.04::numeric": 1100.04,
    "550::numeric": 550,
    "0.12345678901234567890::numeric": "0.12345678901234567890",
    "1e30::numeric": "1" + "0" * 30,
    "('1' || repeat('0', 5000))::numeric": "1" + "0" * 5000,
    "'NaN'::numeric": "NaN",
    "0.1::float4": 0.1,
    "'-inf'::float8": "-Infinity",
    "true": True,
    "NULL::int": None,
    "DATE '2026-03-01'": "2026-03-01",
    "DATE '0044-03-15 BC'": "0044-03-15 BC",
    "TIMESTAMP '2026-03-01 09:30:00.5'": "2026-03-01T09:30:00.5",
    "TIMESTAMPTZ '2026-03-01 09:30:00+05:30' AT TIME ZONE 'UTC'": "2026-03-01T04:00:00",
    "TIMESTAMPTZ 'infinity'": "infinity",
    "INTERVAL '1 day 2 hours'": "1 day 02:00:00",
    r"'\x00ff'::bytea": r"\x00ff",
    "'3f2504e0-4f89-11d3-9a0c-0305e82c3301'::uuid": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "'10.0.0.1'::inet": "10.0.0.1",
    "int4range(1, 3)": "[1,3)",
    "ARRAY[[1.5, 2], [NULL, 4]]": [[1.5, 2], [None, 4]],
    "ARRAY['a,b', '\"', NULL]": ["a,b", '"', None],
    "ARRAY[DATE '2026-03-01']": ["2026-03-01"],
    """'{"a": [1, 0.1, 0.12345678901234567890, 1e400, null]}'::json""": {
        "a": [1, 0.1, "0.12345678901234567890", "1e400", None]
    },
    r"""'"\ud800"'::json""": r'"\ud800"',
    "(repeat('[', 2000) || repeat(']', 2000))::json": "[" * 2000 + "]" * 2000,
    "(repeat('[', 250) || repeat(']', 250))::json": "[" * 250 + "]" * 250,
    "ARRAY[(repeat('[', 3) || repeat(']', 3))::json]": [[[[]]]],
    "ROW(1, 'a')": "(1,a)",
    "'ü€😀'": "ü€😀",
}


async def test_values_become_json_without_loss(connect: Connect) -> None:
    answer = await connect().query(f"SELECT {', '.join(VALUES)}")
    assert dict(zip(VALUES, answer["rows"][0], strict=True)) == VALUES
    assert json.loads(json.dumps(answer["rows"], allow_nan=False)) == answer["rows"]


async def test_times_carry_the_offset_of_the_database(connect: Connect, crm: Crm) -> None:
    crm.admin.execute("ALTER ROLE reader SET timezone = 'Asia/Kolkata'")
    try:
        answer = await connect().query("SELECT TIMESTAMPTZ '2026-03-01 00:00Z'")
    finally:
        crm.admin.execute("ALTER ROLE reader RESET timezone")
    assert answer["rows"] == [["2026-03-01T05:30:00+05:30"]]


async def test_repeated_column_names_are_numbered(connect: Connect) -> None:
    answer = await connect().query("SELECT 1 AS id, 2 AS id, 3 AS id_2, 4 AS id")
    assert answer["columns"] == ["id", "id_2", "id_2_2", "id_3"]


# -- caps --------------------------------------------------------------------------------------------------------------


async def test_an_answer_of_exactly_the_cap_is_whole(connect: Connect) -> None:
    answer = await connect().query("SELECT * FROM generate_series(1, 1000)")
    assert [row[0] for row in answer["rows"]] == list(range(1, 1001))
    assert not answer["truncated"]
    assert "notice" not in answer


async def test_more_rows_than_the_cap_are_cut_and_said(connect: Connect) -> None:
    answer = await connect().query("SELECT * FROM generate_series(1, 1001)")
    assert len(answer["rows"]) == 1000
    assert answer["truncated"]
    assert answer["notice"] == "There is more: the first 1,000 rows are shown; add LIMIT or WHERE."


async def test_more_bytes_than_the_cap_are_cut_and_said(connect: Connect) -> None:
    answer = await connect().query("SELECT repeat('x', 700000) FROM generate_series(1, 1000)")
    assert len(answer["rows"]) == 7
    assert answer["truncated"]
    assert "5 MB hold the first 7 rows" in answer["notice"]


async def test_a_first_row_beyond_the_cap_is_said(connect: Connect) -> None:
    answer = await connect().query("SELECT repeat('x', 6000000)")
    assert (answer["columns"], answer["rows"], answer["truncated"]) == (["repeat"], [], True)
    assert "first row alone is larger than 5 MB" in answer["notice"]


# -- refusals ----------------------------------------------------------------------------------------------------------


async def test_a_mistake_is_marked_in_the_query(connect: Connect) -> None:
    told = await failure(connect().query("SELECT account\n\tFROM 売上, acounts\n\tLIMIT 5"), InvalidInputError)
    assert told.startswith(
        'PostgreSQL refused the query: relation "売上" does not exist (42P01)\n'
        "line 2: \tFROM 売上, acounts\n"
        "        \t     ^\n"
    )
    told = await failure(connect().query("SELECT '売上', acount FROM accounts"), InvalidInputError)
    assert "\nline 1: SELECT '売上', acount FROM accounts\n" + " " * 23 + "^\n" in told
    assert 'Perhaps you meant to reference the column "accounts.account".' in told


async def test_the_mark_is_seen_in_a_long_line_and_at_its_end(connect: Connect) -> None:
    told = await failure(connect().query(f"SELECT {'1, ' * 500}nope"), InvalidInputError)
    line, caret = told.splitlines()[1:3]
    assert len(line) < 120
    assert line[caret.index("^") :] == "nope"
    told = await failure(connect().query("SELECT 1 +"), InvalidInputError)
    assert "line 1: SELECT 1 +\n" + " " * 18 + "^" in told


async def test_only_queries_can_be_explained_to_it(connect: Connect) -> None:
    told = await failure(connect().query("EXPLAIN SELECT 1"), InvalidInputError)
    assert "Send one SELECT, VALUES, TABLE or WITH statement" in told


@pytest.mark.parametrize("request_text", ["", " \n", "\0", "SELECT '\ud800'"])
async def test_text_that_is_no_query(connect: Connect, request_text: str) -> None:
    await failure(connect().query(request_text), InvalidInputError)


async def test_a_table_without_a_grant(connect: Connect) -> None:
    told = await failure(connect().query("SELECT * FROM hidden"), PermissionDeniedError)
    assert "permission denied for table hidden (42501)" in told


# -- time --------------------------------------------------------------------------------------------------------------


async def test_a_query_that_takes_too_long_is_stopped(connect: Connect, crm: Crm) -> None:
    told = await failure(connect(statement_timeout_seconds=1).query("SELECT pg_sleep(600)"), VendorUnavailableError)
    assert "statement timeout (57014)" in told
    assert "raise statement_timeout_seconds" in told
    assert crm.active() == 0


async def test_a_query_cannot_lift_its_time_limit(connect: Connect, crm: Crm) -> None:
    request = (
        "SELECT set_config('statement_timeout', '0', false), pg_sleep(CASE n WHEN 1 THEN 0 ELSE 600 END) "
        "FROM generate_series(1, 100) n"
    )
    told = await failure(connect(statement_timeout_seconds=1).query(request), VendorUnavailableError)
    assert "did not finish within 1 seconds" in told
    assert crm.active() == 0


async def test_a_locked_table_is_not_waited_for(connect: Connect, crm: Crm) -> None:
    with crm.admin.transaction():
        crm.admin.execute("LOCK TABLE accounts")
        told = await failure(connect(statement_timeout_seconds=1).query("TABLE accounts"), VendorUnavailableError)
    assert "lock timeout (55P03)" in told


async def test_a_cancelled_query_ends_at_the_server(connect: Connect, crm: Crm) -> None:
    task = asyncio.create_task(connect().query("SELECT pg_sleep(600)"))
    await until(lambda: crm.active() == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert crm.active() == 0


async def test_a_connection_that_breaks_off(connect: Connect, crm: Crm) -> None:
    task = asyncio.create_task(connect().query("SELECT pg_sleep(600)"))
    await until(lambda: crm.active() == 1)
    crm.admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'revtops'")
    assert "57P01" in await failure(task_result(task), VendorUnavailableError)


async def task_result(task: asyncio.Task[Any]) -> Any:
    return await task


async def test_sessions_run_side_by_side(connect: Connect) -> None:
    connector = connect()
    answers = await asyncio.gather(*(connector.query(f"SELECT {n}") for n in range(8)))
    assert [answer["rows"] for answer in answers] == [[[n]] for n in range(8)]


# -- import ------------------------------------------------------------------------------------------------------------


def test_importing_the_connector_loads_no_driver() -> None:
    code = "import sys, connectors.customer_postgres; sys.exit('psycopg' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
