"""Writing a query: completion that is never in the way, comments, brackets, mistakes, and what is pasted."""

from __future__ import annotations

from asyncio import to_thread
from pathlib import Path

import pytest
from textual.widgets import TextArea

from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.shops import synced
from tests.tui.test_tui_hostile_text import HOSTILE, NEVER_SHOWN

LONG = "SELECT name, amount FROM deals WHERE amount > 10 AND name LIKE 'De%' ORDER BY amount DESC LIMIT 5"


async def _editor(visit: Visit) -> TextArea:
    """The editor, with the names of the local data read."""
    await visit.press("3")
    await visit.sees("Query › local data")
    editor = visit.app.screen.query_one("#editor", TextArea)
    await visit.until(lambda: editor.has_focus)
    await visit.type("x")
    await visit.settle()
    await visit.press("backspace")
    return editor


def _is_open(visit: Visit) -> bool:
    return bool(visit.app.screen.query_one("Completions").display)


async def test_no_key_is_lost_while_something_is_offered(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(10))
    async with driver() as visit:
        editor = await _editor(visit)
        await visit.type(LONG)
        assert editor.text == LONG
        await visit.press("f5")
        await visit.sees("5 rows", "Deal 10")
        assert not _is_open(visit)


async def test_enter_ends_the_line_unless_one_chose(driver: Driver) -> None:
    async with driver() as visit:
        editor = await _editor(visit)
        await visit.type("sel")
        await visit.sees("select")
        await visit.press("enter")
        assert editor.text == "sel\n"
        await visit.press("backspace", *"ect na")
        await visit.sees("name")
        await visit.press("down", "up", "enter")
        assert editor.text == "select name"
        assert not _is_open(visit)


async def test_tab_takes_and_escape_leaves(driver: Driver) -> None:
    async with driver() as visit:
        editor = await _editor(visit)
        await visit.type("select * from dea")
        await visit.press("tab")
        assert editor.text == "select * from deals"
        await visit.type(" wh")
        await visit.until(lambda: _is_open(visit))
        await visit.press("escape")
        assert not _is_open(visit)
        assert editor.has_focus
        await visit.press("tab")
        assert editor.text == "select * from deals wh"
        await visit.until(lambda: not editor.has_focus)


async def test_escape_leaves_the_text_where_keys_are_no_text(driver: Driver) -> None:
    async with driver() as visit:
        editor = await _editor(visit)
        await visit.type("select 1")
        await visit.press("escape")
        await visit.until(lambda: not editor.has_focus)
        await visit.press("4")
        await visit.sees("Approvals")
        assert editor.text == "select 1"


async def test_columns_by_an_alias(driver: Driver) -> None:
    async with driver() as visit:
        editor = await _editor(visit)
        await visit.paste("select d. from deals d")
        assert not _is_open(visit)
        await visit.press("home", *["right"] * 8)
        await visit.type(".")
        await visit.press("backspace")
        await visit.press("right")
        await visit.type("amo")
        await visit.sees("amount", "float")
        await visit.press("tab")
        assert editor.text == "select d.amount from deals d"


async def test_lines_become_comments_and_lines_again(driver: Driver) -> None:
    async with driver() as visit:
        editor = await _editor(visit)
        await visit.paste("select 1\n\nfrom x")
        await visit.press("f7", "ctrl+underscore")
        assert editor.text == "-- select 1\n\n-- from x"
        await visit.press("f7", "ctrl+underscore")
        assert editor.text == "select 1\n\nfrom x"


async def test_a_mistake_is_underlined_and_gone_to(driver: Driver) -> None:
    async with driver() as visit:
        editor = await _editor(visit)
        await visit.paste("select 1 as one,\n  naem\nfrom deals")
        await visit.press("f5")
        await visit.sees("no such column: naem", "Did you mean name?")
        assert editor.cursor_location == (1, 2)
        styles = {segment.text: segment.style for segment in editor.render_line(1) if segment.style}
        assert any(style.underline for text, style in styles.items() if text.strip() in ("n", "aem", "naem"))


async def test_only_what_is_selected_is_run_and_its_mistake_is_found(driver: Driver) -> None:
    async with driver() as visit:
        editor = await _editor(visit)
        await visit.paste("select 1 as one;\nselec 2")
        await visit.press("home", "shift+end", "f5")
        await visit.sees("syntax error")
        assert editor.cursor_location == (1, 0)


async def test_writing_in_an_editor_of_ones_own(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driver() as visit:
        editor = await _editor(visit)
        await visit.paste("select 1")
        await visit.press("ctrl+e")  # there is no terminal to hand over here, which is said
        await visit.sees("terminal")
        assert editor.text == "select 1"


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "long"])
async def test_what_is_pasted_changes_nothing_but_its_line(name: str, driver: Driver) -> None:
    async with driver() as visit:
        await _editor(visit)
        await visit.paste(f"select '{HOSTILE[name]}' as answer")
        await visit.press("f5")
        await visit.settle()
        lines = visit.screen.splitlines()
        assert len(lines) == 30
        assert not any(NEVER_SHOWN.search(line) for line in lines)
        await visit.press("ctrl+r")
        await visit.sees("Queries ›")
        await visit.settle()
        assert not any(NEVER_SHOWN.search(line) for line in visit.screen.splitlines())


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "long"])
async def test_names_that_a_system_gives_its_tables(name: str, driver: Driver, shop: Shop) -> None:
    file = driver.ws.home / "connectors" / "shop.py"
    hostile = {"name": f"t {HOSTILE[name]}", "columns": [{"name": f"c {HOSTILE[name]}", "type": HOSTILE[name]}]}
    method = (
        f"    async def get_schema(self) -> list[dict[str, Any]]:\n        return [{hostile!r}]\n\n    async def query("
    )
    file.write_text(file.read_text().replace("    async def query(", method))
    await to_thread(synced, driver.ws, shop)
    async with driver() as visit:
        await visit.press("e")
        await visit.sees("Query › Shop, live")
        await visit.press("f3")
        await visit.sees("▸ t ")
        await visit.press("right", "down")
        await visit.sees("▾ t ")
        assert not any(NEVER_SHOWN.search(line) for line in visit.screen.splitlines())
        await visit.press("enter")
        await visit.type(" t")
        await visit.settle()
        lines = visit.screen.splitlines()
        assert len(lines) == 30
        assert not any(NEVER_SHOWN.search(line) for line in lines)
