"""Whatever a vendor writes into its records is text: it changes nothing but its own cell."""

from __future__ import annotations

import re
from asyncio import to_thread
from typing import Any

import pytest

from revtops_tui.tui.text import fit, plain, wrap
from tests.support.command_line import Shop
from tests.tui.driver import Driver, Visit
from tests.tui.shops import synced

HOSTILE = {
    "markup": "[@click=app.quit]x[/] [red]y[/red] [",
    "clear screen": "\x1b[2J\x1b[H",
    "null": "a\x00b",
    "c1 control": "\x9b2J\x90",
    "title": "\x1b]0;owned\x07",
    "lines": "one\ntwo\r\nthree\u2028four",
    "right to left": "\u202eabc\u202d עברית",
    "joined emoji": "👩‍👩‍👧‍👦 ⚠️ 🏳️‍🌈",
    "wide": "日本語の取引先テスト" * 10,
    "combining": "e" + "\u0301" * 200,
    "long": "x" * 1_000_000,
}

NEVER_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u200d\u2028\u202d\u202e]")


def _deals() -> list[dict[str, Any]]:
    return [
        {"source_id": str(n), "name": text, "stage": "KEPT", "custom_fields": {text[:50]: text[:5000]}}
        for n, text in enumerate(HOSTILE.values())
    ]


def _is_harmless(visit: Visit) -> bool:
    lines = visit.screen.splitlines()
    return len(lines) == 30 and not any(NEVER_SHOWN.search(line) for line in lines)


async def test_every_record_stays_in_its_cell(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=_deals())
    async with driver() as visit:
        await visit.press("2", "slash")
        await visit.type("deals")
        await visit.press("enter", "enter")
        await visit.sees("[@click=app.quit]x[/]", "␛[2J", "a␀b", "one⏎two⏎three⏎four", f"1 of {len(HOSTILE)}")
        assert visit.screen.count("KEPT") == len(HOSTILE)
        assert _is_harmless(visit)
        await visit.press("enter")
        for _ in HOSTILE:
            await visit.settle()
            await visit.sees("Deals · ", "name")
            assert _is_harmless(visit)
            await visit.press("right")


async def test_in_a_query_s_result(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=_deals())
    async with driver() as visit:
        await visit.press("3")
        await visit.paste("select stage, name, name as again from deals")
        await visit.press("f5")
        await visit.sees("11 rows", "␛[2J")
        assert visit.screen.count("KEPT") == len(HOSTILE)
        assert _is_harmless(visit)
        await visit.press("tab", "enter")
        await visit.sees("Result · 1 of 11", "[@click=app.quit]x[/]")


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "long"])
async def test_in_what_a_vendor_says_of_itself(name: str, driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, owner=HOSTILE[name])
    async with driver() as visit:
        await visit.sees("Connected as")
        await visit.press("t")
        await visit.sees("Works, as")
        assert _is_harmless(visit)
        shop.change(token=HOSTILE[name])
        await visit.press("s")
        await visit.sees("The shop refused the token.")
        assert _is_harmless(visit)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_cell_is_as_wide_as_its_column(text: str) -> None:
    from rich.cells import cell_len

    for width in (1, 2, 7, 40):
        assert cell_len(fit(plain(text), width)) == width


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_wrapped_lines_fit_and_lose_nothing(text: str) -> None:
    from rich.cells import cell_len

    lines = wrap(text, 40)
    assert all(cell_len(line) <= 40 for line in lines)
    kept = "".join(lines).replace(" ", "")
    assert kept == "".join(plain(part, len(text) + 1) for part in text.splitlines()).replace(" ", "")


def test_a_lone_surrogate_can_be_written_to_a_terminal() -> None:
    assert plain("a\ud800b").encode() == "a�b".encode()
