"""Customer Postgres against a real server: reading real CRM data, and every way that was found to try to write."""

import asyncio
import contextlib
import csv
import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from connectors.context import ConnectorContext
from connectors.customer_postgres import CustomerPostgresConnector
from connectors.errors import (
    AuthenticationError,
    ConnectorError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    VendorUnavailableError,
)
from tests.support.postgres import PostgresServer, make_certificate, postgres_server

__all__ = ["postgres_server"]  # a fixture
pytestmark = pytest.mark.xdist_group("postgres")

PASSWORD = "Tr0ub4dor&3"
TABLES = {
    "accounts": "account text PRIMARY KEY, sector text, year_established int, revenue numeric, employees int, "
    "office_location text, subsidiary_of text",
    "products": "product text PRIMARY KEY, series text, sales_price numeric",
    "sales_pipeline": "opportunity_id text PRIMARY KEY, sales_agent text NOT NULL, product text, account text, "
    "deal_stage text, engage_date date, close_date date, close_value numeric",
    "sales_teams": "sales_agent text PRIMARY KEY, manager text, regional_office text",
}

# The owner could write, were the transaction not read-only; the reader could not anyhow. The functions belong to the
# superuser, and run with a superuser's rights.
SETUP = """
CREATE ROLE reader LOGIN PASSWORD 'Tr0ub4dor&3';
CREATE ROLE owner LOGIN PASSWORD 'Tr0ub4dor&3';
GRANT CREATE ON SCHEMA public TO owner;
CREATE TABLE notes (id serial PRIMARY KEY, note text);
INSERT INTO notes (note) VALUES ('first'), ('second');
CREATE TABLE secrets (id int, note text);
GRANT SELECT (id) ON secrets TO reader;
CREATE TABLE hidden (id int);
CREATE TABLE visits (day date) PARTITION BY RANGE (day);
CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO visits SELECT DATE '2026-01-01' + n FROM generate_series(0, 99) n;
CREATE VIEW won AS SELECT * FROM sales_pipeline WHERE deal_stage = 'Won';
CREATE MATERIALIZED VIEW won_by_agent AS SELECT sales_agent, sum(close_value) AS total FROM won GROUP BY 1;
CREATE VIEW trap AS SELECT nextval('notes_id_seq') AS id;
CREATE FUNCTION wipe() RETURNS bigint LANGUAGE sql SECURITY DEFINER
    AS $$ WITH gone AS (DELETE FROM notes RETURNING 1) SELECT count(*) FROM gone $$;
CREATE FUNCTION run(command text) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN EXECUTE command; RETURN 1; END $$;
COMMENT ON TABLE sales_pipeline IS 'Opportunities of the CRM';
COMMENT ON COLUMN sales_pipeline.close_value IS 'US dollars; empty while open';
ALTER TABLE notes OWNER TO owner;
GRANT SELECT ON accounts, products, sales_pipeline, sales_teams, notes, visits, won, won_by_agent, trap
    TO reader, owner;
ANALYZE;
"""

VARIES = ConnectorError
"""Refused or harmless, depending on the server's version."""

# Each is the text of a query, and what it gives: an error, or None for an answer that does no harm.
TRICKS: list[tuple[str, type[ConnectorError] | None]] = [
    # statements that are no query
    ("INSERT INTO notes (note) VALUES ('x')", InvalidInputError),
    ("UPDATE notes SET note = 'x'", InvalidInputError),
    ("DELETE FROM notes", InvalidInputError),
    ("TRUNCATE notes", InvalidInputError),
    ("DROP TABLE notes", InvalidInputError),
    ("CREATE TABLE mine (id int)", InvalidInputError),
    ("COPY notes FROM STDIN", InvalidInputError),
    ("COPY (SELECT 1) TO PROGRAM 'cat > /tmp/revtops-trick'", InvalidInputError),
    ("DO $$ BEGIN DELETE FROM notes; END $$", InvalidInputError),
    ("CALL run('DELETE FROM notes')", InvalidInputError),
    ("EXPLAIN ANALYZE DELETE FROM notes", InvalidInputError),
    ("PREPARE p AS DELETE FROM notes", InvalidInputError),
    ("NOTIFY channel", InvalidInputError),
    ("VACUUM", InvalidInputError),
    ("ALTER ROLE owner SET default_transaction_read_only = off", InvalidInputError),
    # leaving or loosening the transaction
    ("SET TRANSACTION READ WRITE", InvalidInputError),
    ("SET default_transaction_read_only = off", InvalidInputError),
    ("COMMIT", InvalidInputError),
    ("COMMIT; DELETE FROM notes", InvalidInputError),
    ("SELECT 1; COMMIT; DELETE FROM notes", InvalidInputError),
    ("SELECT 1; DELETE FROM notes; --", InvalidInputError),
    ("SELECT 1 /* ; */ ; CLOSE ALL; DELETE FROM notes", InvalidInputError),
    ("SELECT 1\n;\nSET TRANSACTION READ WRITE;\nDELETE FROM notes", InvalidInputError),
    ("SELECT 1\0; DELETE FROM notes", InvalidInputError),
    ("SELECT set_config('transaction_read_only', 'off', true)", PermissionDeniedError),
    ("SELECT set_config('transaction_read_only', 'off', false), wipe()", PermissionDeniedError),
    ("SELECT set_config('default_transaction_read_only', 'off', false)", None),
    ("SELECT set_config('session_authorization', 'postgres', false)", PermissionDeniedError),
    ("SELECT set_config('role', 'postgres', false)", PermissionDeniedError),
    ("SELECT run('COMMIT')", InvalidInputError),
    ("SELECT run('SET TRANSACTION READ WRITE')", PermissionDeniedError),
    # queries that write
    ("WITH gone AS (DELETE FROM notes RETURNING *) SELECT * FROM gone", InvalidInputError),
    ("WITH new AS (INSERT INTO notes (note) VALUES ('x') RETURNING *) TABLE new", InvalidInputError),
    ("SELECT * INTO mine FROM notes", InvalidInputError),
    ("SELECT * FROM notes FOR UPDATE", PermissionDeniedError),
    ("SELECT nextval('notes_id_seq')", PermissionDeniedError),
    ("SELECT setval('notes_id_seq', 1000)", PermissionDeniedError),
    ("SELECT * FROM trap", PermissionDeniedError),
    ("SELECT wipe()", PermissionDeniedError),
    ("SELECT * FROM notes WHERE wipe() > 0", PermissionDeniedError),
    ("SELECT run('DELETE FROM notes')", PermissionDeniedError),
    ("SELECT run('CREATE ROLE intruder SUPERUSER')", PermissionDeniedError),
    ("SELECT run('ALTER TABLE notes ADD COLUMN x int')", PermissionDeniedError),
    ("SELECT query_to_xml('DELETE FROM notes', true, true, '')", InvalidInputError),
    ("SELECT * FROM ts_stat('DELETE FROM notes')", InvalidInputError),
    ("SELECT lo_create(4711)", VARIES),
    ("SELECT lo_from_bytea(4712, 'x')", VARIES),
    # reaching around the transaction
    ("SELECT pg_read_file('postgresql.conf')", PermissionDeniedError),
    ("SELECT pg_ls_dir('.')", PermissionDeniedError),
    ("SELECT lo_import('/etc/passwd')", PermissionDeniedError),
    ("SELECT pg_create_physical_replication_slot('mine')", PermissionDeniedError),
    ("SELECT pg_reload_conf()", PermissionDeniedError),
    ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'", PermissionDeniedError),
    ("SELECT pg_notify('channel', 'x')", None),
    ("SELECT pg_advisory_lock(42)", None),
]

STATE = """
SELECT (SELECT json_agg(n ORDER BY id) FROM notes n),
       (SELECT json_agg(relname ORDER BY oid) FROM pg_class WHERE oid >= 16384),
       (SELECT json_agg(attname ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'notes'::regclass),
       (SELECT last_value FROM notes_id_seq),
       (SELECT json_agg(rolname ORDER BY oid) FROM pg_roles),
       (SELECT count(*) FROM pg_db_role_setting),
       (SELECT count(*) FROM pg_largeobject_metadata),
       (SELECT count(*) FROM pg_replication_slots),
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')
"""

Connect = Callable[..., CustomerPostgresConnector]


@dataclass(frozen=True)
class Crm:
    """A database `sales` that holds the CRM's files, and the superuser's connection to it."""

    server: PostgresServer
    admin: psycopg.Connection[Any]

    def state(self) -> tuple[Any, ...]:
        """Everything that a trick could change."""
        row = self.admin.execute(STATE).fetchone()
        assert row is not None
        return tuple(row)

    def active(self) -> int:
        """How many statements of our connections the server is executing."""
        row = self.admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'revtops' AND state = 'active'"
        ).fetchone()
        assert row is not None
        return int(row[0])


def crm_directory() -> Path:
    """Where the CRM's files are. Missing: a failure in CI, else a skip."""
    default = Path(__file__).parents[2] / "shared" / "data"
    directory = Path(os.environ.get("REVTOPS_DATA", default)) / "crm"
    if not directory.is_dir():
        reason = f"needs the CRM files in {directory}; REVTOPS_DATA names the directory above"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return directory


@pytest.fixture(scope="module")
def crm(postgres_server: PostgresServer) -> Iterator[Crm]:
    directory = crm_directory()
    with postgres_server.admin() as admin:
        admin.execute("CREATE DATABASE sales")
    with postgres_server.admin("sales") as admin:
        admin.execute("SET datestyle = 'ISO, MDY'")  # as the files write dates
        for table, columns in TABLES.items():
            admin.execute(f"CREATE TABLE {table} ({columns})".encode())
            load(admin, table, directory / f"{table}.csv")
        admin.execute(SETUP)
        yield Crm(postgres_server, admin)


def load(admin: psycopg.Connection[Any], table: str, file: Path) -> None:
    with admin.cursor().copy(SQL("COPY {} FROM STDIN (FORMAT csv, HEADER)").format(Identifier(table))) as copy:
        copy.write(file.read_bytes())


@pytest.fixture
def connect(crm: Crm) -> Connect:
    """Makes a connector for the reader's role; keyword arguments replace credentials, None leaves one out."""

    def make(*, base_url: str | None = None, **changes: Any) -> CustomerPostgresConnector:
        credentials = {
            "host": crm.server.host,
            "port": crm.server.port,
            "database": "sales",
            "username": "reader",
            "password": PASSWORD,
            **changes,
        }
        given = {name: value for name, value in credentials.items() if value is not None}
        context = ConnectorContext(organization_id="test-org", credentials=lambda: given, base_url=base_url)
        return CustomerPostgresConnector("test-org", context=context)

    return make


async def failure(attempt: Coroutine[Any, Any, Any], kind: type[ConnectorError]) -> str:
    """Assert that it fails with `kind`, and nowhere with the password; returns message and hint."""
    with pytest.raises(ConnectorError) as caught:
        await attempt
    told = "".join(traceback.format_exception(caught.value)) + caught.value.hint
    assert type(caught.value) is kind, told
    assert PASSWORD not in told
    return f"{caught.value.message}\n{caught.value.hint}"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for the server to get somewhere; it is asked, not timed."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the event is in the server
            await asyncio.sleep(0.01)


# -- real data ---------------------------------------------------------------------------------------------------------


async def test_counts_the_opportunities_of_the_crm(connect: Connect) -> None:
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


async def test_rows_are_those_of_the_file(connect: Connect) -> None:
    with (crm_directory() / "accounts.csv").open(newline="") as file:
        expected = [
            [
                *(row["account"], row["sector"], int(row["year_established"]), float(row["revenue"])),
                *(int(row["employees"]), row["office_location"], row["subsidiary_of"] or None),
            ]
            for row in csv.DictReader(file)
        ]
    answer = await connect().query("TABLE accounts")
    assert sorted(answer["rows"]) == sorted(expected)


async def test_dates_are_iso(connect: Connect) -> None:
    answer = await connect().query("SELECT engage_date FROM sales_pipeline WHERE opportunity_id = '1C1I7A6R'")
    assert answer["rows"] == [["2016-10-20"]]


async def test_schema_lists_what_the_role_may_read(connect: Connect) -> None:
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


async def test_says_who_it_is_connected_as(connect: Connect, crm: Crm) -> None:
    version = crm.admin.info.parameter_status("server_version")
    assert version is not None
    where = f"reader on 127.0.0.1:{crm.server.port}/sales, PostgreSQL {version.split()[0]}"
    assert await connect().test_connection() == f"{where}, TLS"
    assert await connect(sslmode="disable").test_connection() == f"{where}, not encrypted"
    assert (await connect(host=str(crm.server.directory)).test_connection()).endswith("local socket")


async def test_base_url_replaces_host_and_port(connect: Connect, crm: Crm) -> None:
    elsewhere = connect(host="db.invalid", port=1, base_url=f"postgresql://127.0.0.1:{crm.server.port}")
    assert (await elsewhere.query("SELECT 1"))["rows"] == [[1]]
    assert "postgresql://host:port" in await failure(connect(base_url="127.0.0.1").query("SELECT 1"), InvalidInputError)


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
    answer = await connect().query("SELECT opportunity_id FROM sales_pipeline")
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


# -- read-only ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("trick", "outcome"), TRICKS, ids=[trick[:60] for trick, _ in TRICKS])
async def test_no_trick_changes_anything(
    connect: Connect, crm: Crm, trick: str, outcome: type[ConnectorError] | None
) -> None:
    before = crm.state()
    attempt = connect(username="owner").query(trick)
    if outcome is VARIES:
        with contextlib.suppress(ConnectorError):
            await attempt
    elif outcome:
        await failure(attempt, outcome)
    else:
        await attempt
    await until(lambda: crm.state()[-1] == 0)  # a session's advisory locks go when the server notices its end
    assert crm.state() == before


async def test_the_tricks_would_change_something_without_the_locks(crm: Crm) -> None:
    """What the test above is worth: the same role, connected plainly, does write, and the state shows it."""
    before = crm.state()
    with psycopg.connect(
        host=crm.server.host, port=crm.server.port, dbname="sales", user="owner", password=PASSWORD
    ) as plain:
        plain.execute("SELECT wipe(), lo_create(4711)")
        plain.commit()
    assert crm.state() != before
    crm.admin.execute("SELECT lo_unlink(4711); INSERT INTO notes VALUES (1, 'first'), (2, 'second')")
    assert crm.state() == before


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        ("ALTER ROLE strong SUPERUSER", "is a superuser"),
        ("ALTER ROLE strong REPLICATION", "may replicate"),
        ("GRANT pg_execute_server_program TO strong", "is a member of pg_execute_server_program"),
        ("GRANT pg_write_server_files TO strong", "is a member of pg_write_server_files"),
        ("GRANT pg_read_server_files TO strong", "is a member of pg_read_server_files"),
        ("GRANT pg_signal_backend TO strong", "is a member of pg_signal_backend"),
        ("CREATE ROLE team ROLE strong; GRANT pg_read_server_files TO team", "is a member of pg_read_server_files"),
        ("ALTER ROLE strong NOINHERIT; GRANT postgres TO strong", "is a member of .*postgres"),
    ],
)
async def test_roles_that_reach_beyond_the_transaction_are_refused(
    connect: Connect, crm: Crm, grant: str, reason: str
) -> None:
    crm.admin.execute(f"CREATE ROLE strong LOGIN PASSWORD '{PASSWORD}'".encode())
    try:
        assert "strong on" in await connect(username="strong").test_connection()
        crm.admin.execute(grant.encode())
        for attempt in ("test_connection", "get_schema"):
            told = await failure(getattr(connect(username="strong"), attempt)(), PermissionDeniedError)
            assert re.search(reason, told)
        told = await failure(connect(username="strong").query("SELECT 1"), PermissionDeniedError)
    finally:
        crm.admin.execute("DROP ROLE strong; DROP ROLE IF EXISTS team")
    assert "CREATE ROLE revtops_reader" in told
    assert 'GRANT CONNECT ON DATABASE "sales" TO revtops_reader;' in told
    assert "GRANT SELECT ON ALL TABLES IN SCHEMA public TO revtops_reader;" in told


async def test_the_recommended_role_is_accepted(connect: Connect, crm: Crm) -> None:
    """The statements of the refusal are run as they are printed."""
    told = await failure(
        connect(username="postgres", password=crm.server.password).query("SELECT 1"), PermissionDeniedError
    )
    statements = told[told.index("CREATE ROLE") :]
    crm.admin.execute(statements.encode())
    try:
        reader = connect(username="revtops_reader", password="choose-one")
        assert (await reader.query("SELECT count(*) FROM accounts"))["rows"] == [[85]]
    finally:
        crm.admin.execute("DROP OWNED BY revtops_reader; DROP ROLE revtops_reader")


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


@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        ({"password": "wrong"}, AuthenticationError, 'password authentication failed for user "reader"'),
        ({"password": None}, AuthenticationError, "no password supplied"),
        ({"username": "nobody"}, AuthenticationError, 'password authentication failed for user "nobody"'),
        ({"database": "nope"}, NotFoundError, 'database "nope" does not exist'),
        ({"port": 1}, VendorUnavailableError, "Cannot connect to 127.0.0.1:1/sales as reader: Connection refused."),
        ({"host": "localhost", "port": 1}, VendorUnavailableError, "Connection refused."),
        ({"host": "db.invalid"}, VendorUnavailableError, "failed to resolve host 'db.invalid'"),
        ({"statement_timeout_seconds": 0}, InvalidInputError, "statement_timeout_seconds must be from 1 to 3600"),
        ({"database": None}, InvalidInputError, "database"),
        ({"sslmode": "allow"}, InvalidInputError, "sslmode"),
    ],
)
async def test_why_it_cannot_connect(
    connect: Connect, changes: dict[str, Any], kind: type[ConnectorError], sentence: str
) -> None:
    assert sentence in await failure(connect(**changes).test_connection(), kind)


async def test_the_environment_stands_in_for_nothing(
    connect: Connect, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    await failure(connect(password=None).test_connection(), AuthenticationError)
    assert "reader on localhost" in await connect(host="localhost").test_connection()
    assert "local socket" in await connect(host=str(crm.server.directory)).test_connection()


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


# -- TLS ---------------------------------------------------------------------------------------------------------------


async def test_tls_is_verified_as_asked(connect: Connect, crm: Crm) -> None:
    certificate = str(crm.server.certificate)
    for host, mode, authority in (
        ("127.0.0.1", "require", None),
        ("127.0.0.1", "verify-ca", certificate),
        ("localhost", "verify-full", certificate),
    ):
        connector = connect(host=host, sslmode=mode, sslrootcert=authority)
        assert (await connector.test_connection()).endswith("TLS")


async def test_a_server_that_is_not_the_named_one_is_refused(
    connect: Connect, crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = str(crm.server.certificate)
    wrong_host = connect(host="127.0.0.1", sslmode="verify-full", sslrootcert=certificate)
    told = await failure(wrong_host.test_connection(), VendorUnavailableError)
    assert 'does not match host name "127.0.0.1"' in told
    assert "the host must be a name that is in the certificate" in told

    other_authority = str(make_certificate(tmp_path, "other"))
    stranger = connect(host="localhost", sslmode="verify-full", sslrootcert=other_authority)
    assert "certificate verify failed" in await failure(stranger.test_connection(), VendorUnavailableError)

    monkeypatch.setenv("HOME", str(tmp_path))  # the driver looks for an authority there
    unknown = connect(host="localhost", sslmode="verify-full")
    assert "root certificate file" in await failure(unknown.test_connection(), VendorUnavailableError)


async def test_the_certificate_may_be_below_the_home_directory(
    connect: Connect, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(crm.server.directory))
    connector = connect(host="localhost", sslmode="verify-full", sslrootcert="~/server.crt")
    assert (await connector.test_connection()).endswith("TLS")


# -- import ------------------------------------------------------------------------------------------------------------


def test_importing_the_connector_loads_no_driver() -> None:
    code = "import sys, connectors.customer_postgres; sys.exit('psycopg' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
