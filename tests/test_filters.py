"""The language of filters: what is typed finds the rows that it says, and what makes no sense is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from revtops_tui.engine.data import Browser
from revtops_tui.engine.errors import EngineError
from store.connections import ensure_connection
from tests.support.bench import Bench

FIELDS = ("source_id", "name", "amount", "stage", "close_date")
DEALS = [
    ("1", "Renewal Acme", 500.0, "won", "2026-02-28T00:00:00.000000Z"),
    ("2", "Renewal Globex", 10_000.0, "Won late", "2026-03-01T00:00:00.000000Z"),
    ("3", "Roll-out: phase 2", 1_500_000.0, "lost", "2026-03-31T23:00:00.000000Z"),
    ("4", "50% off_season", None, None, None),
    ("5", "see https://acme.example", -20.0, "", "2026-04-01T00:00:00.000000Z"),
]


@pytest.fixture(scope="module")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Browser]]:
    bench = Bench(tmp_path_factory.mktemp("filters") / "home")
    connection = ensure_connection(bench.ws.database, "acme", "crm")
    common = (connection.id, "acme", "crm", "2026-01-01T00:00:00.000000Z")
    bench.ws.database.writer.run(
        lambda c: c.executemany(
            f"INSERT INTO deals(connection_id, organization_id, source_system, synced_at, {', '.join(FIELDS)}) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*common, *deal) for deal in DEALS],
        )
    )
    bench.ws.database.writer.run(
        lambda c: c.executemany(
            "INSERT INTO pipelines(connection_id, organization_id, source_system, synced_at, source_id, is_default) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [(*common, "1", True), (*common, "2", False), (*common, "3", None)],
        )
    )
    yield {table: Browser(bench.ws, table) for table in ("deals", "pipelines")}
    bench.close()


def _found(browser: Browser, text: str) -> str:
    """The vendor's ids of the rows that pass, one after another."""
    selection = browser.open("source_id", filter=text)
    selection.wait()
    column = browser.columns.index("source_id")
    found = "".join(row[column] for row in selection.rows(0, 10))
    selection.close()
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "12345"),
        ("renewal", "12"),
        ("stage:won", "12"),
        ("STAGE:WON", "12"),
        ("stage:=won", "1"),
        ("stage:lost,=won", "13"),
        ("-stage:won", "345"),
        ("stage:=", "45"),
        ("-stage:=", "123"),
        ("renewal stage:won globex", "2"),
        ("renewal stage:late", "2"),
        ("amount:500", "1"),
        ("amount:>500", "23"),
        ("amount:>=500", "123"),
        ("amount:<0", "5"),
        ("amount:<=-20", "5"),
        ("amount:10k", "2"),
        ("amount:1.5m", "3"),
        ("amount:400..10k", "12"),
        ("amount:10k..", "23"),
        ("amount:..0", "5"),
        ("amount:=", "4"),
        ("-amount:>500", "145"),
        ("amount:500,10000", "12"),
        ("close_date:2026-03", "23"),
        ("close_date:2026-03..", "235"),
        ("close_date:..2026-03", "123"),
        ("close_date:>2026-03", "5"),
        ("close_date:<2026-03", "1"),
        ("close_date:2026-03..2026-03-01", "2"),
        ('name:"globex"', "2"),
        ('name:"renewal globex"', "2"),
        ('"phase 2"', "3"),
        ("out: phase", "3"),
        ("https://acme.example", "5"),
        ("name:50%", "4"),
        ("name:off_", "4"),
        ("name:=renewal", ""),
        ("amount:> renewal", "12"),
        ("stage: amount:.. renewal", "12"),
    ],
)
def test_what_is_typed_finds_what_it_says(browsers: dict[str, Browser], text: str, found: str) -> None:
    assert _found(browsers["deals"], text) == found


@pytest.mark.parametrize(("text", "found"), [("is_default:yes", "1"), ("is_default:no", "2"), ("is_default:=", "3")])
def test_yes_and_no(browsers: dict[str, Browser], text: str, found: str) -> None:
    assert _found(browsers["pipelines"], text) == found


@pytest.mark.parametrize(
    ("table", "text", "message", "hint"),
    [
        ("deals", "stagge:won", "There is no column stagge.", "stage"),
        ("deals", "amount:much", "amount holds numbers, and “much” is none.", "amount:>1000"),
        ("deals", "amount:1..x", "amount holds numbers, and “x” is none.", "amount:10..20"),
        ("pipelines", "is_default:maybe", "is_default is yes or no, and “maybe” is neither.", "is_default:yes"),
    ],
)
def test_what_makes_no_sense_is_told(
    browsers: dict[str, Browser], table: str, text: str, message: str, hint: str
) -> None:
    with pytest.raises(EngineError) as caught:
        browsers[table].filter(text)
    assert (caught.value.kind, caught.value.message) == ("usage", message)
    assert hint in caught.value.hint


def test_a_title_says_what_is_filtered(browsers: dict[str, Browser]) -> None:
    assert browsers["deals"].filter("renewal amount:>10k -stage:won").words == (
        "contains “renewal” · amount:>10k · -stage:won"
    )


@pytest.mark.parametrize(
    "text", ['"', '""', "name:'; DROP TABLE deals; --", 'name:"', "amount:..", "\x00", "name:\x00", "-:", ":"]
)
def test_nothing_that_is_typed_breaks_it(browsers: dict[str, Browser], text: str) -> None:
    assert set(_found(browsers["deals"], text)) <= set("12345")
