"""The product's own database at the simulated company: a real PostgreSQL with its accounts, subscriptions, invoices."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from revtops_tui.simulators.postgres_server import PostgresServer
from revtops_tui.simulators.seeding import iso_day, iso_utc, mix, stream
from revtops_tui.simulators.story import STAGES, Deal, Story

_SETUP: LiteralString = """
CREATE TABLE accounts (
    id int PRIMARY KEY, name text NOT NULL, domain text NOT NULL UNIQUE, industry text, seats int NOT NULL,
    plan text NOT NULL, created_at timestamptz NOT NULL);
COMMENT ON TABLE accounts IS 'Customers as the product knows them; the domain is that of the CRM';
CREATE TABLE subscriptions (
    id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, product text NOT NULL, monthly numeric NOT NULL,
    currency text NOT NULL, starts_on date NOT NULL, renews_on date NOT NULL, status text NOT NULL);
COMMENT ON COLUMN subscriptions.status IS 'active or cancelled';
CREATE TABLE invoices (
    id int PRIMARY KEY, subscription_id int NOT NULL REFERENCES subscriptions, issued_on date NOT NULL,
    amount numeric NOT NULL, currency text NOT NULL, paid_on date);
CREATE TABLE logins (account_id int NOT NULL REFERENCES accounts, day date NOT NULL, users int NOT NULL);
CREATE VIEW revenue AS
    SELECT a.name AS account, s.currency, sum(s.monthly) AS monthly
    FROM accounts a JOIN subscriptions s ON s.account_id = a.id WHERE s.status = 'active' GROUP BY 1, 2;
"""
_DAYS = 14
_READER = "reader"
_DATABASE = "product"


@dataclass(frozen=True)
class CustomerPostgres:
    """A server that runs: its address, and the credentials of a role that has nothing but SELECT."""

    url: str
    credentials: dict[str, Any]


@contextmanager
def customer_postgres(*, size: int = 1_000, seed: int = 1) -> Iterator[CustomerPostgres]:
    """Run the database until the block ends. `size` is the number of deals. Raises PostgresMissingError."""
    # Not below anybody's private directory: as root the server runs as another user, who may not enter that one.
    with (
        tempfile.TemporaryDirectory(prefix="revtops-postgres-", ignore_cleanup_errors=True) as directory,
        PostgresServer(Path(directory)) as server,
    ):
        _fill(server, Story(seed=seed, size=size), seed)
        address = {"host": server.host, "port": server.port, "database": _DATABASE}
        yield CustomerPostgres(
            f"postgresql://{server.host}:{server.port}/{_DATABASE}",
            {**address, "username": _READER, "password": server.password, "sslmode": "disable"},
        )


def _fill(server: PostgresServer, story: Story, seed: int) -> None:
    with server.admin() as admin:
        admin.execute(f"CREATE DATABASE {_DATABASE}")
    with server.admin(_DATABASE) as admin:
        admin.execute(_SETUP)
        for table, rows in _tables(story, stream(seed, "product")).items():
            _copy(admin, table, rows)
        password = psycopg.sql.Literal(server.password)
        admin.execute(
            psycopg.sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(psycopg.sql.Identifier(_READER), password)
        )
        admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {_READER}")
        admin.execute("ANALYZE")


def _copy(admin: psycopg.Connection[Any], table: str, rows: Iterable[Sequence[Any]]) -> None:
    statement = psycopg.sql.SQL("COPY {} FROM STDIN").format(psycopg.sql.Identifier(table))
    with admin.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _tables(story: Story, seed: int) -> dict[str, Iterable[Sequence[Any]]]:
    won = [deal for deal in map(story.deal, range(story.deals)) if STAGES[deal.stage].probability == 1 and deal.amount]
    return {
        "accounts": (_account(story, index, mix(seed, index)) for index in range(story.customers)),
        "subscriptions": (_subscription(deal) for deal in won),
        "invoices": (
            _invoice(4 * deal.index + quarter, deal, quarter, mix(seed, deal.index) >> quarter)
            for deal in won
            for quarter in range(4)
        ),
        "logins": (
            (index, _day(story.end // 86_400_000 - day), mix(seed, index * _DAYS + day) % 40)
            for index in range(story.customers)
            for day in range(_DAYS)
        ),
    }


def _account(story: Story, index: int, bits: int) -> Sequence[Any]:
    customer = story.company.customer(index)
    plan = ("free", "team", "business", "enterprise")[bits % 4]
    created = iso_utc(story.created(index, story.customers))
    return (index, customer.name, customer.domain, customer.industry, 5 + (bits >> 8) % 200, plan, created)


def _subscription(deal: Deal) -> Sequence[Any]:
    status = "cancelled" if deal.bits >> 44 & 7 == 0 else "active"
    monthly = round((deal.amount or 0) / 12, 2)
    starts, renews = _day(deal.closes), _day(deal.closes + 365)
    return (deal.index, deal.customer, deal.product, monthly, deal.currency, starts, renews, status)


def _invoice(number: int, deal: Deal, quarter: int, bits: int) -> Sequence[Any]:
    issued = deal.closes + 91 * quarter
    paid = None if bits % 9 == 0 else _day(issued + 3 + bits % 40)
    return (number, deal.index, _day(issued), round((deal.amount or 0) / 4, 2), deal.currency, paid)


def _day(day: int) -> dt.date:
    return dt.date.fromisoformat(iso_day(day))
