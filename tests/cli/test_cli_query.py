"""A real PostgreSQL with the CRM in it, connected and asked from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.crm_database import PASSWORD, Crm, crm, crm_files
from tests.support.postgres import postgres_server

__all__ = ["crm", "crm_files", "postgres_server"]  # fixtures
pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def connected(revtops: CommandLine, crm: Crm) -> CommandLine:
    """The command line, with Customer Postgres connected."""
    fields = {"host": crm.server.host, "port": crm.server.port, "database": "sales", "username": "reader"}
    done = revtops("connect", "customer_postgres", "--stdin", stdin=json.dumps({**fields, "password": PASSWORD}))
    assert done.code == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    return revtops


def test_the_opportunities_of_the_crm_are_counted(connected: CommandLine, crm_files: Path) -> None:
    done = connected("query", "customer_postgres", "SELECT count(*) FROM sales_pipeline", "--json")
    assert done.code == 0
    assert done.json == {"columns": ["count"], "rows": [[8800]], "truncated": False}


def test_an_answer_for_people(connected: CommandLine, crm_files: Path) -> None:
    query = "SELECT deal_stage, count(*) FROM sales_pipeline GROUP BY 1 ORDER BY 2 DESC LIMIT 2"
    shown = connected("query", "customer_postgres", query)
    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["deal_stage", "count"],
        ["Won", "4238"],
        ["Lost", "2473"],
    ]
    everything = connected("query", "customer_postgres", "SELECT * FROM sales_pipeline")
    assert len(everything.stdout.splitlines()) == 1 + 1000
    assert "There is more: the first 1,000 rows are shown" in everything.stderr


def test_the_schema_lists_tables_with_their_columns(connected: CommandLine) -> None:
    tables = {table["name"]: table for table in connected("schema", "customer_postgres", "--json").json}
    assert {"accounts", "products", "sales_pipeline", "sales_teams"} <= set(tables)
    columns = {column["name"]: column["type"] for column in tables["sales_pipeline"]["columns"]}
    assert columns["close_value"] == "numeric"
    assert "public.sales_pipeline" in connected("schema", "customer_postgres").stdout.splitlines()


def test_a_mistake_is_told_with_its_place(connected: CommandLine) -> None:
    done = connected("query", "customer_postgres", "SELECT deal_stag FROM sales_pipeline")
    assert done.code == 2
    assert 'column "deal_stag" does not exist' in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_can_be_changed(connected: CommandLine, crm: Crm) -> None:
    before = crm.state()
    done = connected("query", "customer_postgres", "DELETE FROM notes", "--json")
    assert done.code == 2
    assert done.json["error"]["kind"] == "invalid_input"
    assert crm.state() == before
