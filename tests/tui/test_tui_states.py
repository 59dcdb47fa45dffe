"""Pictures of every state that the screens' own tests do not picture: see `test_tui_screens`, which asks for them.

Waiting is real: another process holds the database (`holding`), or the shop is a pipe that nobody writes into. So is
trouble: tables are gone, files are damaged, a vendor refuses.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from revtops_tui.engine import connections
from revtops_tui.engine.organizations import create_organization
from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.dialogs.connect import ConnectDialog
from revtops_tui.tui.dialogs.send import SendDialog
from revtops_tui.tui.shell.tasks import Task, TaskProgress
from store.credentials import MemoryCredentials
from store.traffic import FILE_NAME as TRAFFIC
from tests.support.command_line import DROP_INS, Shop, deals
from tests.tui.driver import Visit
from tests.tui.holding import Holder
from tests.tui.pictures import SIZES, Compare, Walk, picture
from tests.tui.shops import hang_bell, hold_times_still, ring, synced
from tests.tui.test_tui_panels_snapshots import BAD
from tests.tui.traffics import DEALS as EXCHANGE
from tests.tui.traffics import record

NEXT = "right_square_bracket"
PANELS = ("overview", "sync", "act", "events", "rejected", "query", "traffic")
REFUSED = '{"token": "another"}'

Prepare = Callable[[Workspace], object]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MemoryCredentials]:
    """A synced shop, a bell that rang, a counter, rejected records and traffic, to make copies of."""
    home = tmp_path_factory.mktemp("states") / "home"
    credentials = MemoryCredentials()
    with pytest.MonkeyPatch.context() as environment, Workspace(home, credentials=credentials) as ws:
        environment.setenv("REVTOPS_HOME", str(home))
        shop = Shop(home)
        shutil.copy(DROP_INS / "counter.py", home / "connectors")
        hang_bell(ws)
        connections.connect(ws, "counter", {})
        synced(ws, shop, accounts=[{"source_id": "1", "name": "Acme"}], deals=deals(60) + BAD)
        ring(ws, "bell.torn", rope=3)
        ring(ws, "visitor.came", name="Globex Ltd", note="calls again")
        create_organization(ws, "acme")
        connection_id = next(each.id for each in connections.connections(ws) if each.selector == "shop")
        record(ws, replace(EXCHANGE, selector="shop", connection_id=connection_id))
        hold_times_still(ws)
    with closing(sqlite3.connect(home / "revtops.db")) as database, database:
        at = "2026-03-02T09:25:00.000000Z"
        database.execute("UPDATE rejected_records SET created_at = ?", (at,))
        database.execute("UPDATE events SET received_at = ?, event_id = 'event-' || id", (at,))
    return home, credentials


@pytest.fixture
def company(home: Path, made: tuple[Path, MemoryCredentials]) -> Iterator[Workspace]:
    """A copy of it."""
    shutil.copytree(made[0], home, dirs_exist_ok=True)
    with Workspace(home, credentials=copy.deepcopy(made[1])) as ws:
        yield ws


async def _open(visit: Visit) -> None:
    await visit.until(lambda: visit.app.is_open)
    await visit.settle()


async def _connection(visit: Visit, name: str = "shop", panel: str = "overview") -> None:
    await _open(visit)
    await visit.press("slash", *name, "enter", "slash", "escape")
    await visit.sees("Overview", f"╭─ {name.capitalize()}")
    await visit.press(*[NEXT] * PANELS.index(panel))
    await visit.settle()


async def _dialog(visit: Visit, *keys: str, sees: str) -> None:
    await visit.press(*keys)
    await visit.until(lambda: len(visit.app.screen_stack) > 1)
    await visit.sees(sees)


def _rows(*tables: str, sql: str) -> Prepare:
    def prepare(ws: Workspace) -> None:
        with closing(sqlite3.connect(ws.home / "revtops.db")) as database, database:
            database.execute("PRAGMA foreign_keys=OFF")
            for table in tables:
                database.execute(sql.format(table))

    return prepare


def _drop(*tables: str) -> Prepare:
    """Somebody took tables away."""
    return _rows(*tables, sql="DROP TABLE {}")


def _empty(*tables: str) -> Prepare:
    """There is nothing in them."""
    return _rows(*tables, sql="DELETE FROM {}")


def _damage(ws: Workspace) -> None:
    """Something else wrote over the database."""
    ws.close()
    for file in ws.home.glob("revtops.db*"):
        file.unlink()
    (ws.home / "revtops.db").write_text("this is no database, but long enough to be taken for one" * 40)


def _damage_traffic(ws: Workspace) -> None:
    for file in ws.home.glob(f"{TRAFFIC}*"):
        file.unlink()
    (ws.home / TRAFFIC).write_text("this is no database")


def _refuse(ws: Workspace) -> None:
    """The vendor takes the token no more."""
    (ws.home / "shop.json").write_text(REFUSED)


def _forget(ws: Workspace) -> None:
    """Nothing was recorded, rejected or told; connections are as they were."""
    _damage_traffic(ws)
    (ws.home / TRAFFIC).unlink()
    _empty("rejected_records", "events", "sync_runs", "deals", "accounts")(ws)
    _rows("connections", sql="UPDATE {} SET last_sync_at = NULL")(ws)


# -- troubles ----------------------------------------------------------------------------------------------------------


def _tab(key: str, *sees: str) -> Walk:
    async def walk(visit: Visit) -> None:
        await visit.press(key)
        await visit.sees(*sees)

    return walk


def _panel(panel: str, *sees: str, of: str = "shop", keys: tuple[str, ...] = ()) -> Walk:
    async def walk(visit: Visit) -> None:
        await _connection(visit, of, panel)
        await visit.press(*keys)
        await visit.sees(*sees)

    return walk


def _opened(*keys: str, sees: str) -> Walk:
    async def walk(visit: Visit) -> None:
        await _dialog(visit, *keys, sees=sees)

    return walk


async def _refused(visit: Visit) -> None:
    await _connection(visit)
    await visit.press("t")
    await visit.sees("! Shop", "The shop refused the token.")


async def _connecting(visit: Visit) -> None:
    await _connection(visit)
    await visit.press("n")
    await visit.sees("Connect Shop")
    await visit.paste("shop.json")
    await visit.press("tab", "tab", "tab")
    await visit.paste("s3cret-shop-token")
    await visit.press("f5")


async def _refused_form(visit: Visit) -> None:
    await _connecting(visit)
    await visit.sees("The shop refused the token.")


async def _exchange(visit: Visit) -> None:
    await _open(visit)
    await visit.press("5")
    await visit.sees("1 of 1", '"results"')
    await visit.settle()


def _brought(sees: str) -> Walk:
    async def walk(visit: Visit) -> None:
        await _exchange(visit)
        await _dialog(visit, "o", sees=sees)

    return walk


async def _not_brought(visit: Visit) -> None:
    await _exchange(visit)
    _damage_traffic(visit.app.ws)
    await _dialog(visit, "o", sees="not a revtops database")


async def _deals(visit: Visit) -> None:
    await _open(visit)
    await visit.press("2", "slash", *"deals", "enter", "enter")
    await visit.sees("1 of 60")
    await visit.settle()


async def _query(visit: Visit) -> None:
    await _open(visit)
    await visit.press("3")
    await visit.sees("Query ›")
    await visit.settle()


async def _no_queries(visit: Visit) -> None:
    await _query(visit)
    await _dialog(visit, "ctrl+r", sees="Not available.")


async def _schedule(visit: Visit, text: str, sees: str) -> None:
    await _connection(visit)
    await _dialog(visit, "h", sees="Say how often")
    await visit.type(text)
    await visit.sees(sees)


async def _setting(visit: Visit) -> None:
    await _open(visit)
    visit.app.show_settings("traffic.keep_megabytes")
    await visit.sees("from     1 to 100,000")
    await visit.press("enter")
    await visit.until(lambda: len(visit.app.screen_stack) > 2)


async def _filters(visit: Visit) -> None:
    await _deals(visit)
    await visit.press("f2")
    await visit.until(lambda: len(visit.app.screen_stack) > 1)


async def _themes(visit: Visit) -> None:
    await _open(visit)
    visit.app.show_settings("appearance.theme")
    await visit.sees("appearance.theme")
    await visit.press("enter")
    await visit.sees("enter takes it", "revtops-contrast")


async def _key_list(visit: Visit) -> None:
    await _open(visit)
    visit.app.show_settings("keys.bindings")
    await visit.sees("keys.bindings")
    await visit.press("enter")
    await visit.sees("enter another key")


async def _no_such_organization(visit: Visit) -> None:
    await _dialog(visit, "O", sees="acme · ")
    await visit.press("n")
    await visit.sees("A new organization")
    await visit.press(*"acme", "enter")
    await visit.sees("There is an organization acme already.")


STATES: dict[str, tuple[Walk, *tuple[Prepare, ...]]] = {
    "overview empty": (_panel("overview", "none yet"), _forget),
    "overview error": (_refused, _refuse),
    "sync empty": (_panel("sync", "Schedule"), _forget),
    "sync error": (_panel("sync", "no such table"), _drop("sync_runs")),
    "act empty": (_panel("act", "declares nothing that can be written", of="bell"),),
    "query panel error": (_panel("query", "The shop refused the token."), _refuse),
    "events empty": (_panel("events", "Nothing came yet", of="bell"), _forget),
    "events error": (_panel("events", "Not available.", of="bell"), _drop("events")),
    "events full": (_panel("events", "visitor.came", of="bell", keys=("tab",)),),
    "rejected empty": (_panel("rejected", "No records were rejected"), _forget),
    "rejected error": (_panel("rejected", "Not available."), _drop("rejected_records")),
    "traffic panel empty": (_panel("traffic", "Nothing was recorded"), _forget),
    "traffic panel error": (_panel("traffic", "This is not a revtops"), _damage_traffic),
    "traffic panel full": (_panel("traffic", "09:25:00 GET"),),
    "ConnectDialog error": (_refused_form, _refuse),
    "NoticesDialog empty": (_opened("exclamation_mark", sees="Messages"),),
    "TasksDialog empty": (_opened("ampersand", sees="Nothing runs."),),
    "BroughtRows empty": (_brought("None: no row here"), _empty("deals", "accounts", "rejected_records")),
    "BroughtRows error": (_not_brought,),
    "BroughtRows full": (_brought("Deal 10"),),
    "QueriesDialog error": (_no_queries, _drop("queries")),
    "ScheduleDialog empty": (partial(_schedule, text="", sees="Say how often"),),
    "ScheduleDialog error": (partial(_schedule, text="15", sees="is no length of time"),),
    "ValueDialog full": (_setting,),
    "ChoiceDialog full": (_themes,),
    "FilterWordsDialog full": (_filters,),
    "KeysDialog full": (_key_list,),
    "OrganizationsDialog error": (_no_such_organization,),
    "PicturesDialog error": (_opened("P", sees="deals"), _drop("deals")),
}


@SIZES
@pytest.mark.parametrize("state", STATES)
def test_state(compare: Compare, company: Workspace, size: tuple[int, int], state: str) -> None:
    walk, *prepare = STATES[state]
    for step in prepare:
        step(company)
    assert picture(compare, company, size, walk)


DAMAGED: dict[str, Walk] = {
    "connectors error": _tab("1", "The database could not be opened"),
    "data error": _tab("2", "not a revtops database"),
    "inbox error": _tab("4", "Not available."),
    "runs error": _tab("6", "Not available."),
}


@SIZES
@pytest.mark.parametrize("state", DAMAGED)
def test_damaged(compare: Compare, company: Workspace, size: tuple[int, int], state: str) -> None:
    _damage(company)
    assert picture(compare, company, size, DAMAGED[state], release=lambda: None)


# -- waiting -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """What is pressed when the database is held, and what is seen then; `before` leads there."""

    keys: tuple[str, ...]
    sees: str
    before: Walk = _open
    database: str = "revtops.db"
    wide: str = ""
    """What is seen besides where there is room for it."""


def _at(panel: str, of: str = "shop") -> Walk:
    return partial(_connection, name=of, panel=panel)


HELD = {
    "data loading": Waiting(("2",), "Reading…"),
    "query loading": Waiting(("3", *"select 1 ", "f5"), "s · esc stops it"),
    "inbox loading": Waiting(("4",), "Reading…"),
    "traffic loading": Waiting(("5",), "No exchange is chosen", database=TRAFFIC),
    "runs loading": Waiting(("6",), "Reading…"),
    "sync loading": Waiting((NEXT,), "Reading…", _at("overview")),
    "events loading": Waiting((NEXT,), "Reading…", _at("act", "bell")),
    "rejected loading": Waiting((NEXT,), "Reading…", _at("events")),
    "traffic panel loading": Waiting((NEXT,), "Reading…", _at("query"), TRAFFIC, wide="No exchange is chosen"),
    "OrganizationsDialog loading": Waiting(("O",), "Reading…"),
    "PicturesDialog loading": Waiting(("P",), "Reading…"),
    "SearchDialog loading": Waiting(("ctrl+f",), "Reading…"),
    "BroughtRows loading": Waiting(("o",), "Looking for its ids", _exchange),
    "QueriesDialog loading": Waiting(("ctrl+r",), "Reading…", _query),
    "RecordDialog loading": Waiting(("enter",), "Reading…", _deals),
    "ScheduleDialog loading": Waiting(("h",), "Reading…", _at("overview")),
}


@SIZES
@pytest.mark.parametrize("state", HELD)
def test_held(compare: Compare, company: Workspace, size: tuple[int, int], state: str) -> None:
    waiting = HELD[state]
    holder = Holder(company.home / waiting.database)
    kept = sqlite3.connect(company.home / waiting.database)  # while anybody has it open, there is something to hold
    kept.execute("SELECT count(*) FROM sqlite_master").fetchone()

    async def walk(visit: Visit) -> None:
        await waiting.before(visit)
        await asyncio.to_thread(holder.hold)
        await visit.press(*waiting.keys)
        await visit.sees(waiting.sees, waiting.wide if size[0] >= 120 else "")

    with closing(kept):
        assert picture(compare, company, size, walk, release=holder.release)


@SIZES
def test_connecting_is_waited_for(compare: Compare, company: Workspace, size: tuple[int, int]) -> None:
    shop = company.home / "shop.json"
    content = shop.read_text()
    shop.unlink()
    os.mkfifo(shop)

    def release() -> None:
        with shop.open("w") as pipe:  # whoever reads it is there now
            shop.unlink()
            shop.write_text(content)
            pipe.write(content)

    async def walk(visit: Visit) -> None:
        await _connecting(visit)
        await visit.sees("whether it knows these credentials…")
        dialog = visit.app.screen
        assert isinstance(dialog, ConnectDialog)
        dialog._clock.pause()
        dialog._seconds = 2
        dialog._count()

    assert picture(compare, company, size, walk, release=release)


async def _asking(visit: Visit) -> None:
    await _connection(visit, panel="rejected")
    await visit.press(NEXT)
    await visit.sees("Asking…")


async def _sending(visit: Visit) -> None:
    await _connection(visit)
    await visit.press("w", "enter")
    await visit.sees("Will be sent")
    await visit.type("7")
    await visit.press("f5")
    await visit.sees("← → choose")
    await visit.settle()
    await visit.press("enter")
    await visit.sees("Sending…")
    dialog = visit.app.screen
    assert isinstance(dialog, SendDialog)
    dialog._clock.pause()
    dialog._seconds = 2
    dialog._count()


VENDOR = {"query panel loading": ("schema_late", _asking), "SendDialog loading": ("written_late", _sending)}


@SIZES
@pytest.mark.parametrize("state", VENDOR)
def test_the_vendor_is_waited_for(compare: Compare, company: Workspace, size: tuple[int, int], state: str) -> None:
    what, walk = VENDOR[state]
    said = json.loads((company.home / "shop.json").read_text())
    shop = Shop(company.home)
    shop.change(**said, **{what: True})
    assert picture(compare, company, size, walk, release=lambda: shop.change(**{what: False}))


@SIZES
def test_a_task_that_runs(compare: Compare, company: Workspace, size: tuple[int, int]) -> None:
    over = threading.Event()

    def half(progress: TaskProgress) -> None:
        progress.report(63, 100, "row 63")
        over.wait()

    async def walk(visit: Visit) -> None:
        await _open(visit)
        visit.app.start_task(Task("Exporting deals", half))
        await visit.press("ampersand")
        await visit.sees("row 63")

    assert picture(compare, company, size, walk, release=over.set)


@SIZES
def test_opening_is_waited_for(compare: Compare, company: Workspace, size: tuple[int, int]) -> None:
    with closing(
        sqlite3.connect(company.home / "revtops.db")
    ) as kept:  # somebody else's, so that there is something to hold
        kept.execute("PRAGMA journal_mode=WAL")
        kept.execute("SELECT count(*) FROM deals").fetchone()
        holder = Holder(company.home / "revtops.db")
        holder.hold()

        async def walk(visit: Visit) -> None:
            await visit.sees("Opening the database…")

        assert picture(compare, company, size, walk, release=holder.release)
