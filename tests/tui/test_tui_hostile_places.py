"""Every place where a vendor's text is shown, and the test that shows hostile text in it; the places nobody owns are
tested here: what a connector calls itself and its tables, and ten megabytes in one line.
"""

from __future__ import annotations

import re
from asyncio import to_thread
from pathlib import Path

import pytest

from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import DROP_INS, Shop
from tests.tui.driver import Driver, Visit
from tests.tui.shops import connect, synced
from tests.tui.test_tui_hostile_text import NEVER_SHOWN

TESTS = Path(__file__).parents[1]
NAME = "[@click=app.quit]x[/]\x1b[2J\x00\u202eabc\u200b 会社"
HARMLESS = "[@click=app.quit]x[/]␛[2J"
TEN_MEGABYTES = "x" * 10_000_000
PLACES = {
    "a cell of the grid": "tui/test_tui_hostile_text.py::test_every_record_stays_in_its_cell",
    "a record, its fields and their names": "tui/test_tui_hostile_text.py::test_every_record_stays_in_its_cell",
    "relations, and what changed": "tui/test_tui_records.py::test_hostile_text_in_relations_and_changes",
    "a query's result": "tui/test_tui_hostile_text.py::test_in_a_query_s_result",
    "identity and errors, in panel and toast": "tui/test_tui_hostile_text.py::test_in_what_a_vendor_says_of_itself",
    "messages": "tui/test_tui_everywhere.py::test_what_was_told_can_be_read_again",
    "panels of a connection, and Home": "tui/test_tui_panels_hostile.py::test_on_every_panel",
    "events": "tui/test_tui_panels_hostile.py::test_in_events",
    "runs, rejected records, payloads": "tui/test_tui_panels_hostile.py::test_in_runs_and_rejected_records",
    "forms, and what will be sent": "tui/test_tui_panels_hostile.py::test_in_a_form_and_what_it_will_send",
    "what agents ask for": "tui/test_tui_panels_hostile.py::test_in_what_an_agent_asks_for_while_it_is_edited",
    "traffic": "tui/test_tui_traffic.py::test_hostile_text_changes_nothing_but_its_own_line",
    "JSON": "tui/test_tui_json_view.py::test_hostile_text_is_text",
    "what is found": "tui/test_tui_search.py::test_vendor_text_stays_in_its_line",
    "labels of charts": "tui/test_tui_pictures.py::test_anybody_s_text_in_a_chart",
    "titles of dialogs and names of files": "tui/test_tui_export.py::test_anybody_s_title_and_name",
    "files": "test_export.py::test_anybody_s_text_comes_back_as_it_was",
    "signing in": "tui/test_tui_sign_in.py::test_what_the_vendor_says_is_neither_markup_nor_control",
    "the page that ends signing in": "test_oauth_signing_in.py::test_what_the_vendor_says_is_text_and_no_markup",
    "the command line": "cli/test_cli_asking.py::test_vendor_text_does_nothing_to_a_terminal",
    "the daemon's talk": "test_daemon.py::test_no_secret_and_no_control_character_of_a_vendor_is_told",
    "list, palette, status line, target": "tui/test_tui_hostile_places.py::test_what_a_connector_calls_itself",
    "names in a completion": "tui/test_tui_hostile_places.py::test_what_a_vendor_calls_its_tables",
    "every dialog there is": "tui/test_tui_hostile_screens.py::test_every_dialog_is_among_them",
    "a browser": "web/test_web_hostile_text.py::test_a_page_of_hostile_names_is_the_page_of_their_letters",
    "ten megabytes": "tui/test_tui_hostile_places.py::test_ten_megabytes_in_one_line",
}


@pytest.mark.parametrize("place", PLACES)
def test_every_place_has_a_test(place: str) -> None:
    file, _, name = PLACES[place].partition("::")
    assert re.search(rf"def {name}\(", (TESTS / file).read_text(encoding="utf-8"))


def _rename(shop: Shop, home: Path, old: str, new: str) -> None:
    """Have the shop's connector call something by a hostile name."""
    source = (DROP_INS / "shop.py").read_text(encoding="utf-8")
    assert old in source
    (home / "connectors" / "shop.py").write_text(source.replace(old, new), encoding="utf-8")


async def _is_harmless(visit: Visit) -> None:
    await visit.settle()
    lines = visit.screen.splitlines()
    assert len(lines) == 30
    assert not any(NEVER_SHOWN.search(line) for line in lines)


async def test_what_a_connector_calls_itself(driver: Driver, ws: Workspace, shop: Shop) -> None:
    _rename(shop, ws.home, 'name="Shop"', f"name={NAME!r}")
    shop.change(expect=10, closes_never=True)
    await to_thread(connect, ws, shop)
    async with driver() as visit:
        await visit.sees("● [@click=app.quit]x")
        await visit.press("s")
        await visit.sees("⟳ [@click=app.quit]x[/]")
        await _screen_is_harmless(visit)
        await visit.press("x")
        await visit.until(lambda: not visit.app.jobs.running)
        await _is_harmless(visit)
        await visit.press("ctrl+p")
        await visit.paste("Sync [@click")
        await visit.sees(f"Sync {HARMLESS}")
        await _is_harmless(visit)
        await visit.press("escape", "e")
        await visit.sees("Query › [@click=app.quit]x[/]")
        await _is_harmless(visit)


async def _screen_is_harmless(visit: Visit) -> None:
    assert not any(NEVER_SHOWN.search(line) for line in visit.screen.splitlines())


async def test_what_a_vendor_calls_its_tables(driver: Driver, ws: Workspace, shop: Shop) -> None:
    _rename(shop, ws.home, '"name": "deals", "columns"', f'"name": {"zebra" + NAME!r}, "columns"')
    await to_thread(connect, ws, shop)
    async with driver() as visit:
        await visit.press("e")
        await visit.sees("Query ›")
        await visit.settle()
        await visit.type("zeb")
        await visit.sees("zebra[@click=app.quit]x[/]")
        await _is_harmless(visit)
        await visit.press("f3")
        await visit.sees("zebra[@click")
        await _is_harmless(visit)


async def test_ten_megabytes_in_one_line(driver: Driver, ws: Workspace, shop: Shop) -> None:
    await to_thread(
        synced, ws, shop, deals=[{"source_id": "1", "name": "KEPT", "custom_fields": {"note": TEN_MEGABYTES}}]
    )
    async with driver() as visit:
        await visit.press("2", "slash", *"deals", "enter", "enter")
        await visit.sees("KEPT")
        await _is_harmless(visit)
        await visit.press("enter")
        await visit.sees("Deals", "KEPT")
        await _is_harmless(visit)
