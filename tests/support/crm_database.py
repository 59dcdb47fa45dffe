"""A PostgreSQL database with the CRM's files in it, roles that may read and write it, and connectors to it."""

import asyncio
import os
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
from connectors.errors import ConnectorError
from revtops_tui.simulators.postgres_server import PostgresServer

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


def _directory() -> Path:
    return Path(os.environ.get("REVTOPS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "crm"


@pytest.fixture
def crm_files() -> Path:
    """The CRM's files, for a test of their content. Missing: a failure in CI, else a skip."""
    directory = _directory()
    if not directory.is_dir():
        reason = f"needs the CRM's files in {directory}; REVTOPS_DATA names the directory above"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return directory


@pytest.fixture(scope="session")
def crm(postgres_server: PostgresServer) -> Iterator[Crm]:
    """The database; without the CRM's files its tables are empty, which tests of other things do not mind."""
    with postgres_server.admin() as admin:
        admin.execute("CREATE DATABASE sales")
    with postgres_server.admin("sales") as admin:
        admin.execute("SET datestyle = 'ISO, MDY'")  # as the files write dates
        for table, columns in TABLES.items():
            admin.execute(f"CREATE TABLE {table} ({columns})".encode())
            if (file := _directory() / f"{table}.csv").exists():
                load(admin, table, file)
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
