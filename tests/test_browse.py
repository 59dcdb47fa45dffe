"""Windows on a large table show what plain SQL shows, wherever one looks."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from revtops_tui.engine.data import Browser, Selection, counts
from store.connections import ensure_connection
from tests.support.bench import Bench

pytest_plugins = ("tests.support.bench_fixtures",)

ROWS = 100_000
NAMES = ["Ünï", "100% sure", "100 sure", "a_b", "aXb", "back\\slash", "quote's", 'double"quote', "UPPER", "upper", None]


def _fill(bench: Bench, organization: str, numbers: range) -> None:
    """Deals with ties and gaps in every column; one in a hundred is deleted."""
    chance = random.Random(numbers.start)
    connection = ensure_connection(bench.ws.database, organization, "crm")
    rows = [
        (
            connection.id,
            organization,
            str(number),
            chance.choice(NAMES),
            None if chance.random() < 0.1 else float(chance.randrange(50)),
            chance.choice(["open", "won", "lost", None]),
            "2026-01-01" if chance.random() < 0.01 else None,
        )
        for number in numbers
    ]
    bench.ws.database.writer.run(
        lambda c: (
            c.executemany(
                "INSERT INTO deals(connection_id, organization_id, source_id, name, amount, stage, deleted_at, "
                "source_system, synced_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'crm', '2026-01-01T00:00:00.000000Z')",
                rows,
            ).rowcount
        )
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A table in which two organizations' rows lie in turns; no test changes it."""
    bench = Bench(tmp_path_factory.mktemp("browse") / "home")
    for start in range(0, ROWS, ROWS // 4):
        _fill(bench, ("acme", "globex")[start // (ROWS // 4) % 2], range(start, start + ROWS // 4))
    yield bench
    bench.close()


def _expected(bench: Bench, where: str = "1", order: str = "id", *values: Any) -> list[int]:
    query = f"SELECT id FROM deals WHERE organization_id = 'acme' AND deleted_at IS NULL AND ({where}) ORDER BY {order}"
    return [row for (row,) in bench.ask(query, *values)]


def _same(bench: Bench, selection: Selection, expected: list[int]) -> None:
    """The windows at the ends, across them and at random places show the rows of the reference."""
    selection.wait()
    assert (selection.count, selection.exact, selection.error) == (len(expected), True, None)
    chance = random.Random(7)
    places = [0, 1, max(0, len(expected) - 30), len(expected), len(expected) + 10]
    for first in [*places, *(chance.randrange(len(expected) + 1) for _ in range(10))]:
        assert [row[0] for row in selection.rows(first, 50)] == expected[first : first + 50], first
    selection.close()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", ["amount", "name", "stage", "source_id", "id", None])
def test_every_window_shows_what_sql_shows(large: Bench, sort: str | None, descending: bool) -> None:
    direction = "DESC" if descending else "ASC"
    order = f"{sort} IS NULL, {sort} {direction}, id" if sort else f"id {direction}"
    selection = Browser(large.ws, "deals").open(sort, descending=descending)
    _same(large, selection, _expected(large, "1", order))


@pytest.mark.parametrize(
    "text", ["sure", "100%", "a_b", "back\\", "'s", '"q', "upper", "ünï", "crm", "no such thing", "%", "_"]
)
def test_a_filter_finds_the_text_it_is_given(large: Bench, text: str) -> None:
    searched = ("name", "stage", "source_id", "source_system", "CAST(amount AS TEXT)")
    where = " OR ".join(f"instr(lower({column}), lower(?1)) > 0" for column in searched)
    selection = Browser(large.ws, "deals").open("amount", descending=True, filter=text)
    _same(large, selection, _expected(large, where, "amount IS NULL, amount DESC, id", text))


def test_the_first_rows_are_there_before_all_are_counted(large: Bench) -> None:
    selection = Browser(large.ws, "deals").open()
    counts = [selection.count]
    assert counts[0] > 0
    assert len(selection.rows(0, 10)) == 10
    while not selection.exact:
        counts.append(selection.count)
    selection.wait()
    counts.append(selection.count)
    assert counts == sorted(counts)
    assert counts[-1] == len(_expected(large))
    selection.close()


def test_counts_are_those_of_the_organization_and_its_live_rows(large: Bench) -> None:
    found = counts(large.ws)
    assert found["deals"] == len(_expected(large))
    assert found["accounts"] == 0
    assert found["connections"] == 1


def test_a_record_is_whole_and_ones_own(large: Bench) -> None:
    browser = Browser(large.ws, "deals")
    selection = browser.open()
    (row,) = selection.rows(3, 1)
    record = selection.record(row[0])
    assert list(record) == browser.columns
    assert tuple(record.values()) == row
    ((theirs,),) = large.ask("SELECT min(id) FROM deals WHERE organization_id = 'globex'")
    assert selection.record(theirs) == {}
    assert selection.record(-1) == {}
    selection.close()


def test_it_can_be_closed_while_it_gathers(large: Bench) -> None:
    before = threading.active_count()
    for _ in range(10):
        selection = Browser(large.ws, "deals").open()
        selection.close()
        assert selection.error is None
    assert threading.active_count() == before


def test_many_can_look_at_once(large: Bench) -> None:
    selection = Browser(large.ws, "deals").open("amount")
    selection.wait()
    expected = _expected(large, "1", "amount IS NULL, amount, id")
    wrong: list[int] = []

    def look(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(30):
            first = chance.randrange(len(expected))
            if [row[0] for row in selection.rows(first, 20)] != expected[first : first + 20]:
                wrong.append(first)

    threads = [threading.Thread(target=look, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    selection.close()
    assert wrong == []


def test_rows_that_go_meanwhile_are_missing_and_the_others_stay(bench: Bench) -> None:
    _fill(bench, "acme", range(1000))
    selection = Browser(bench.ws, "deals").open()
    selection.wait()
    before = selection.rows(0, 10)
    gone = before[3][0], before[5][0]
    bench.change("UPDATE deals SET deleted_at = '2026-01-01' WHERE id = ?", gone[0])
    bench.change("DELETE FROM deals WHERE id = ?", gone[1])
    assert selection.rows(0, 10) == [row for row in before if row[0] not in gone]
    assert selection.record(gone[0]) == {}
    selection.close()


def test_an_empty_table_has_no_rows(bench: Bench) -> None:
    selection = Browser(bench.ws, "goals").open("name", filter="x")
    selection.wait()
    assert (selection.count, selection.exact, selection.rows(0, 10)) == (0, True, [])
    selection.close()
