"""Searching all that was synced: what is found, in which order, and an index that is right whatever happens to it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from revtops_tui.engine import search
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.search import Standing, matches, search_records, standing
from store import upsert
from store.connections import Connection, remove_connection, save_connection
from store.upsert import Scope
from tests.support.bench import Bench

pytest_plugins = ("tests.support.bench_fixtures",)

MANY = 25_000
"""Rows that are indexed in several transactions."""


class Library:
    """Writes records as a sync does, and searches them."""

    def __init__(self, bench: Bench, organization: str = "acme", slug: str = "crm") -> None:
        self.ws = bench.ws if organization == "acme" else bench.workspace(organization)
        self.connection: Connection = save_connection(self.ws.database, organization, slug, source_system=slug)
        self._scope = Scope(self.connection.id, organization, slug)

    def has(self, entity: str, **named: str | dict[str, Any]) -> None:
        """Store records: source id -> name, or all of its fields."""
        for source_id, fields in named.items():
            values = {"source_id": source_id, **({"name": fields} if isinstance(fields, str) else fields)}
            self._apply(entity, tuple(values), [tuple(values.values())])

    def has_many(self, entity: str, names: list[str]) -> None:
        """Store records that are called so, each with its place as source id."""
        self._apply(entity, ("source_id", "name"), [(str(place), name) for place, name in enumerate(names)])

    def _apply(self, entity: str, fields: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        self.ws.database.writer.run(lambda c: upsert.apply(c, entity, self._scope, fields, rows))

    def loses(self, entity: str, *source_ids: str) -> None:
        """Mark records as deleted."""
        self.ws.database.writer.run(lambda c: upsert.mark_deleted(c, entity, self._scope, source_ids))

    def finds(self, text: str, **options: Any) -> list[str]:
        """The source ids of what is found, best first."""
        return [hit.source_id for hit in search_records(self.ws, text, **options).records]

    @property
    def folder(self) -> Path:
        """Where the indexes are."""
        return self.ws.home / "search"

    @property
    def file(self) -> Path:
        """The index, where there is one organization."""
        (file,) = self.folder.glob("*.db")
        return file


@pytest.fixture
def library(bench: Bench) -> Library:
    return Library(bench)


def _indexed(library: Library) -> int:
    """How many records the index holds."""
    with closing(sqlite3.connect(library.file)) as index:
        tables = [name for (name,) in index.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'words_%_content'")]
        return sum(index.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


# -- what is found -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("called", "asked"),
    [
        ("Acme Robotics", "rob ac"),
        ("Übernahme 100% MÜNCHEN", "munchen ubern"),
        ("Ubernahme", "über"),
        ("Große Straße 7", "GROSSE STRASSE"),
        ("İstanbul Ofisi", "istanbul"),
        ("Café Crème", "CAFÉ creme"),
        ("日本語の取引先テスト", "取引"),
        ("株式会社Acme東京", "acme"),
        ("株式会社Acme東京", "東京"),
        ("삼성전자", "전자"),
        ("Ελλάδα", "ελλαδα"),
        ("C++ compiler", "c++"),
        ("Ticket #42", "#42"),
        ("O'Brien & Sons (UK)", "o'brien uk"),
        ("Acme-Corp/Berlin", "corp"),
        ("Acme Corp", "acme-corp"),
        ('The "Big" One', '"big'),
        ("NEAR OR NOT", "near or not"),
        ("null\x00byte", "null"),
        ("smile 😀 there", "😀 smile"),
    ],
)
def test_words_are_found_by_how_they_begin(library: Library, called: str, asked: str) -> None:
    library.has("deals", one=called, other="Something else")
    assert library.finds(asked) == ["one"]


@pytest.mark.parametrize(
    "asked", ["cme", "acme zebra", "c#", "100_", "😀", "*", "- ( ) *", "head:acme", '"', "acme' OR '1'='1", "a" * 5000]
)
def test_what_is_not_there_is_not_found(library: Library, asked: str) -> None:
    library.has("deals", one="Acme 100 c")
    assert library.finds(asked) == []


def test_a_record_is_found_by_whatever_names_it(library: Library) -> None:
    library.has("contacts", ada={"name": "Ada Lovelace", "email": "ada@analytical.example", "phone": "+49 30 1815"})
    library.has("accounts", engine={"name": "Engine", "domain": "analytical.example"})
    library.has(
        "tracker_issues", bug={"identifier": "ENG-42", "title": "It is wrong", "description": "An analytical flaw"}
    )
    library.has("shared_files", f1={"name": "Analytical engine.pdf", "external_id": "f1"})
    assert set(library.finds("analytical")) == {"ada", "engine", "bug", "f1"}
    assert library.finds("ada@ana") == ["ada"]
    assert library.finds("1815") == ["ada"]
    assert library.finds("eng-42") == ["bug"]
    assert library.finds("analytical", entity="accounts") == ["engine"]
    assert library.finds("bug") == ["bug"]  # the vendor's own id, as it is pasted from an address
    (hit,) = search_records(library.ws, "eng-42").records
    assert (hit.title, hit.note, hit.system) == ("ENG-42 It is wrong", "bug", "crm")
    (hit,) = search_records(library.ws, "flaw").records
    assert (hit.title, hit.note) == ("ENG-42 It is wrong", "An analytical flaw")
    (hit,) = search_records(library.ws, "lovelace").records
    assert (hit.title, hit.note) == ("Ada Lovelace", "ada@analytical.example")


def test_the_best_comes_first(library: Library) -> None:
    library.has(
        "accounts",
        mentioned={"name": "Other", "domain": "acme.example"},
        inside="The Acme Works",
        begins="Acme Works",
        exact="Acme",
        turned="Works of Acme",
    )
    library.has("activities", told={"type": "note", "subject": "Call", "description": "About Acme"})
    assert library.finds("acme", entity="accounts") == ["exact", "begins", "turned", "inside", "mentioned"]
    assert library.finds("acme")[-2:] == ["told", "mentioned"]
    assert library.finds("acme works")[0] == "begins"


def test_entities_take_turns(library: Library) -> None:
    library.has_many("deals", [f"Acme deal {n}" for n in range(100)])
    library.has("accounts", acme="Acme")
    library.has("contacts", ann="Ann Acme")
    hits = search_records(library.ws, "acme", limit=6)
    assert [hit.entity for hit in hits.records][:3] == ["accounts", "deals", "contacts"]
    assert hits.truncated
    assert not search_records(library.ws, "ann").truncated


def test_a_frequent_beginning_finds_the_newest(library: Library) -> None:
    library.has_many("deals", [f"a{n:05}" for n in range(5000)])
    assert library.finds("a", limit=3) == ["4999", "4998", "4997"]
    assert library.finds("a00042") == ["42"]


def test_only_the_beginning_of_a_long_text_is_searched(library: Library) -> None:
    library.has(
        "tracker_issues", long={"identifier": "A-1", "title": "T", "description": "early " + "x " * 5000 + "late"}
    )
    assert library.finds("early") == ["long"]
    assert library.finds("late") == []


def test_an_entity_of_a_drop_in_connector_is_searched_by_its_own_text(bench: Bench, library: Library) -> None:
    bench.change(
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, connection_id INTEGER, run_id INTEGER, deleted_at TEXT, "
        "synced_at TEXT, organization_id TEXT, source_system TEXT, source_id TEXT, summary TEXT, score REAL)"
    )
    library.has("tickets", t1={"summary": "Printer on fire"})
    assert library.finds("fire") == ["t1"]
    bench.change("ALTER TABLE tickets ADD COLUMN subject TEXT")
    library.has("tickets", t2={"subject": "Paper is out", "summary": "The printer again"})
    assert library.finds("paper") == ["t2"]


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_nothing_is_no_question(library: Library, text: str) -> None:
    with pytest.raises(EngineError, match="nothing to search for"):
        search_records(library.ws, text)


@pytest.mark.parametrize(
    ("text", "asked", "marked"),
    [
        ("Acme Robotics", "rob ac", ["Ac", "Rob"]),
        ("Übernahme MÜNCHEN", "mun", ["MÜN"]),
        ("ada@acme.example", "acme.ex", ["acme", "ex"]),
        ("日本語の取引先", "取引", ["取", "引"]),
        ("Große Straße", "strasse", ["Straße"]),
        ("nothing", "x", []),
        ("[bold]x[/]", "bold", ["bold"]),
    ],
)
def test_what_matched_is_marked(text: str, asked: str, marked: list[str]) -> None:
    assert [text[start:end] for start, end in matches(text, asked)] == marked


# -- an index that is right --------------------------------------------------------------------------------------------


def test_what_changes_is_found_as_it_is_now(library: Library) -> None:
    library.has("deals", one="Acme", two="Zebra")
    assert library.finds("acme") == ["one"]
    library.has("deals", one="Globex", three="Acme too")
    assert library.finds("acme") == ["three"]
    assert library.finds("globex") == ["one"]
    library.loses("deals", "three")
    assert library.finds("acme") == []
    library.has("deals", three="Acme too")
    assert library.finds("acme") == ["three"]


def test_an_organization_never_sees_another_s_records(bench: Bench, library: Library) -> None:
    others = Library(bench, "globex")
    library.has("deals", mine="Secret merger")
    others.has("deals", theirs="Secret bid")
    assert library.finds("secret") == ["mine"]
    assert others.finds("secret") == ["theirs"]
    assert library.finds("theirs") == []
    texts = [bytes(file.read_bytes()) for file in library.folder.glob("*.db*")]
    assert not any(b"merger" in text and b"bid" in text for text in texts)


def test_records_that_go_with_their_connection_leave_the_index(bench: Bench, library: Library) -> None:
    other = Library(bench, slug="other")
    library.has_many("deals", [f"Acme {n}" for n in range(2000)])
    other.has("deals", kept="Acme kept")
    assert "kept" in library.finds("acme", limit=5)
    other.has("deals", newest="Acme newest")
    remove_connection(library.ws.database, library.connection, delete_data=True)
    assert other.finds("acme", limit=5) == ["kept", "newest"]
    assert _indexed(other) == 2


def test_only_its_owner_can_read_the_index(library: Library) -> None:
    library.has("deals", one="Acme")
    library.finds("acme")
    assert library.folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in library.folder.iterdir()} == {0o600}


def test_a_deleted_index_is_made_again(library: Library) -> None:
    library.has("deals", one="Acme")
    assert library.finds("acme") == ["one"]
    for file in library.folder.iterdir():
        file.unlink()
    assert library.finds("acme", told=None) == []
    assert library.finds("acme") == ["one"]


@pytest.mark.parametrize("damage", [b"not a database" * 1000, b"", b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_damaged_index_is_made_again(library: Library, damage: bytes) -> None:
    library.has("deals", one="Acme")
    library.finds("acme")
    library.file.write_bytes(damage)
    assert library.finds("acme") == ["one"]


def test_an_index_whose_pages_are_damaged_is_made_again(library: Library) -> None:
    library.has_many("deals", [f"Acme {n}" for n in range(3000)])
    library.finds("acme")
    file = library.file
    whole = bytearray(file.read_bytes())
    for page in range(6, len(whole) // 4096):
        whole[page * 4096 : page * 4096 + 600] = os.urandom(600)
    for side in ("-wal", "-shm"):
        file.with_name(file.name + side).unlink(missing_ok=True)
    file.write_bytes(whole)
    assert library.finds("acme 17", limit=1) == ["17"]


def test_an_index_of_another_format_is_made_again(library: Library) -> None:
    library.has("deals", one="Acme")
    library.finds("acme")
    with closing(sqlite3.connect(library.file)) as index:
        index.execute("PRAGMA user_version=4711")
    assert library.finds("acme") == ["one"]


def test_a_database_that_was_restored_is_indexed_anew(library: Library) -> None:
    library.has("deals", one="Acme", two="Zebra")
    library.ws.close()
    before = (library.ws.home / "revtops.db").read_bytes()
    library.has("deals", one="Globex")
    assert library.finds("globex") == ["one"]
    library.ws.close()
    (library.ws.home / "revtops.db").write_bytes(before)
    assert library.finds("acme") == ["one"]
    assert library.finds("globex") == []


def test_a_clock_that_was_put_back_hides_nothing_a_sync_wrote(bench: Bench, library: Library) -> None:
    library.has("deals", one="Acme")
    bench.change("UPDATE deals SET synced_at = '2999-01-01T00:00:00.000000Z', run_id = 1")
    assert library.finds("acme") == ["one"]
    bench.change("UPDATE deals SET name = 'Globex', synced_at = '2026-01-01T00:00:00.000000Z', run_id = 2")
    assert library.finds("globex") == ["one"]


def _age(bench: Bench) -> None:
    """As if nobody had written for years: the times of files that are only just written say nothing."""
    for file in bench.home.glob("revtops.db*"):
        os.utime(file, (1_700_000_000, 1_700_000_000))


def test_while_the_database_is_as_it_was_the_index_is_left_alone(bench: Bench, library: Library) -> None:
    library.has("deals", one="Acme")
    library.ws.close()
    _age(bench)
    library.finds("acme")
    written = library.file.stat().st_mtime_ns
    assert library.finds("acme") == ["one"]
    assert library.file.stat().st_mtime_ns == written
    library.has("deals", two="Acme too")
    assert library.finds("acme") == ["one", "two"]
    assert library.file.stat().st_mtime_ns > written


# -- many of it --------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(library: Library) -> Library:
    library.has_many("deals", [f"Acme {n}" for n in range(MANY)])
    return library


def test_progress_is_told(many: Library) -> None:
    assert standing(many.ws) == Standing(0, MANY)
    heard: list[Standing] = []
    search.catch_up(many.ws, told=heard.append)
    assert [told.done for told in heard] == [10_000, 20_000, MANY]
    assert {told.total for told in heard} == {MANY}
    assert standing(many.ws).complete


def test_a_cancelled_round_is_gone_on_with(many: Library) -> None:
    cancel = threading.Event()
    with pytest.raises(EngineError, match="cancelled"):
        search.catch_up(many.ws, told=lambda _: cancel.set(), cancel=cancel)
    assert standing(many.ws) == Standing(10_000, MANY)
    assert many.finds("acme 9999", told=None) == ["9999"]
    assert many.finds("acme 20000", told=None) == []
    heard: list[Standing] = []
    assert many.finds("acme 20000", told=heard.append) == ["20000"]
    assert heard[0].done == 20_000


def test_rows_that_change_while_they_are_indexed_are_right_in_the_end(many: Library) -> None:
    def change(told: Standing) -> None:
        many.has("deals", **{"3": f"Changed at {told.done}", "24999": f"Changed at {told.done}"})

    search.catch_up(many.ws, told=change)
    assert set(many.finds("changed 25000")) == {"3", "24999"}
    assert many.finds("changed 10000") == []


KILLED = """
import os, signal, sys
from revtops_tui.engine import search
from revtops_tui.engine.workspace import Workspace
with Workspace(organization_id="acme") as ws:
    search.catch_up(ws, told=lambda told: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_killed_process_leaves_an_index_that_is_gone_on_with(many: Library) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert standing(many.ws).done == 10_000
    assert set(many.finds("acme 9998")) == {"9998"}
    assert many.finds("acme 24999") == ["24999"]


SEARCHED = """
from revtops_tui.engine.search import search_records
from revtops_tui.engine.workspace import Workspace
with Workspace(organization_id="acme") as ws:
    print(len(search_records(ws, "acme 12", limit=2000).records))
"""


def test_processes_that_search_at_once_get_one_index(many: Library) -> None:
    expected = sum(str(n).startswith("12") for n in range(MANY))
    started = [subprocess.Popen([sys.executable, "-c", SEARCHED], stdout=subprocess.PIPE) for _ in range(3)]
    answers = [int(process.communicate()[0]) for process in started]
    assert answers == [min(expected, 1000)] * 3
    assert _indexed(many) == MANY
