"""One record: what belongs to it is followed by enter, what changed is told, and it can be copied and opened."""

from __future__ import annotations

from asyncio import to_thread
from typing import Any

import pytest

from revtops_tui.engine.workspace import Workspace
from store import upsert
from store.connections import ensure_connection
from tests.support.related import STORY, store, tell
from tests.tui.driver import Driver, Visit
from tests.tui.test_tui_hostile_text import HOSTILE, NEVER_SHOWN


async def _open(visit: Visit, table: str, first: str) -> None:
    await visit.press("2")
    await visit.sees("Tables", "Deals")
    await visit.press("slash")
    await visit.type(table)
    await visit.press("enter", "enter")
    await visit.sees(first, "1 of")


def _change(ws: Workspace, run: int | None, **fields: Any) -> None:
    connection = ensure_connection(ws.database, ws.organization_id, "crm")
    scope = upsert.Scope(connection.id, ws.organization_id, "crm", run)
    store(ws, scope, "deals", {"source_id": "d1", **fields})


async def test_from_a_deal_to_its_account_to_its_contacts_and_what_was_done_for_one(driver: Driver) -> None:
    await to_thread(tell, driver.ws)
    async with driver() as visit:
        await _open(visit, "deals", "Rollout")
        await visit.press("enter")
        await visit.sees("Deals · 1 of 3", "Account: Acme", "Pipeline: New business", "Activities")
        await visit.press("enter")
        await visit.sees("Deals · 1 of 3 › Account", "Contacts", "Acme")
        await visit.press("j", "enter")
        await visit.sees("Ada", "Bob")
        await visit.press("j", "enter")
        await visit.sees("› Contacts · 2 of 2", "Account: Acme")
        await visit.press("left")
        await visit.sees("› Contacts · 1 of 2", "Activities")
        await visit.press("j", "enter")
        await visit.sees("› Activities", "First call", "Deal: Rollout")


async def test_back_goes_the_way_one_came(driver: Driver) -> None:
    await to_thread(tell, driver.ws)
    async with driver() as visit:
        await _open(visit, "accounts", "Acme")
        await visit.press("enter")
        await visit.sees("Accounts · 1 of 2", "Contacts")
        await visit.press("j", "enter")
        await visit.sees("Ada", "Bob")
        await visit.press("escape")
        await visit.sees("Deals", "Contacts")
        await visit.press("enter", "enter")
        await visit.sees("Accounts · 1 of 2 › Contacts · 1 of 2")
        await visit.press("backspace")
        await visit.until(lambda: "›" not in visit.screen)
        await visit.sees("Accounts · 1 of 2")
        await visit.press("right")
        await visit.sees("Accounts · 2 of 2", "Globex")
        await visit.press("escape")
        await visit.sees("2 of 2")


async def test_what_is_not_there_is_told(driver: Driver) -> None:
    await to_thread(tell, driver.ws)
    async with driver() as visit:
        await _open(visit, "deals", "Rollout")
        await visit.press("G", "enter")
        await visit.sees("Deals · 3 of 3", "Account: not synced")
        await visit.press("enter")
        await visit.sees("Account: not synced, or deleted.")


async def test_what_changed_and_when_and_by_whom(driver: Driver) -> None:
    await to_thread(tell, driver.ws)
    await to_thread(_change, driver.ws, 7, amount=250.0)
    await to_thread(_change, driver.ws, None, amount=300.0, stage="lost")
    async with driver(120, 40) as visit:
        await _open(visit, "deals", "Rollout")
        await visit.press("enter")
        await visit.sees("Changes  2 kept", "by an event", "by sync run 7")
        await visit.sees("amount  250.0 → 300.0", "stage  won → lost", "amount  100.0 → 250.0")
        await visit.sees("number", "link")


async def test_a_record_is_opened_from_anywhere(driver: Driver) -> None:
    await to_thread(tell, driver.ws)
    async with driver() as visit:
        await visit.app.open_record("contacts", 2)
        await visit.sees("Contacts", "Bob", "Account: Acme")
        await visit.press("escape")
        await visit.sees("Tables")
        await visit.app.open_record("contacts", 4711)
        await visit.sees("This record is gone")


async def test_parts_of_a_record_are_copied(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    await to_thread(tell, driver.ws)
    async with driver() as visit:
        await _open(visit, "deals", "Rollout")
        copied: list[str] = []
        monkeypatch.setattr(visit.app, "copy_to_clipboard", copied.append)
        await visit.press("l", "y")
        await visit.sees("Copy", "The cell amount", "The record as Markdown", "The address")
        for key in "12345":
            await visit.press(key)
            await visit.press("y")
            await visit.sees("The cell amount")
        await visit.press("escape")
        cell, as_json, markdown, vendor_id, address = copied
        assert (cell, vendor_id, address) == ("100.0", "d1", "https://crm.example/d1")
        assert '"name": "Rollout"' in as_json
        assert "| name | Rollout |" in markdown


async def test_only_addresses_of_the_web_are_opened(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    await to_thread(tell, driver.ws)
    async with driver() as visit:
        opened: list[str] = []
        monkeypatch.setattr(visit.app, "open_url", opened.append)
        await _open(visit, "deals", "Rollout")
        await visit.press("o")
        await visit.until(lambda: opened == ["https://crm.example/d1"])
        await to_thread(_change, driver.ws, 2, url="file:///etc/passwd")
        await visit.press("r")
        await visit.settle()
        await visit.press("enter")
        await visit.sees("file:///etc/passwd")
        await visit.press("o")
        await visit.sees("carries no address of the web")
        assert opened == ["https://crm.example/d1"]


async def test_a_record_as_json(driver: Driver) -> None:
    await to_thread(tell, driver.ws)
    async with driver() as visit:
        await _open(visit, "deals", "Rollout")
        await visit.press("enter")
        await visit.sees("Account: Acme")
        await visit.press("J")
        await visit.sees("Deals · JSON", '"name": "Rollout"')


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "long"])
async def test_hostile_text_in_relations_and_changes(driver: Driver, name: str) -> None:
    text = HOSTILE[name]
    story = {"accounts": [{"source_id": "a1", "name": text}], "deals": [{**STORY["deals"][0], "stage": text}]}
    await to_thread(tell, driver.ws, "crm", story)
    await to_thread(_change, driver.ws, 2, stage=text[::-1])
    async with driver(120, 30) as visit:
        await _open(visit, "deals", "Rollout")
        await visit.press("enter")
        await visit.sees("Account: ", "Changes", " → ")
        await visit.settle()
        lines = visit.screen.splitlines()
        assert len(lines) == 30
        assert not any(NEVER_SHOWN.search(line) for line in lines)
