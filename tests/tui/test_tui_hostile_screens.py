"""Hostile text on every screen that there is: each workspace, each panel and each dialog is opened over a connector,
records, events, requests and traffic that are hostile from their names on. A new dialog fails this until it is here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

import pytest

from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.panels import PANELS
from revtops_tui.tui.tabs import TABS
from tests.support.command_line import DROP_INS, Shop
from tests.tui.driver import Driver, Visit
from tests.tui.screens import dialogs
from tests.tui.shops import ask, synced
from tests.tui.test_tui_hostile_text import HOSTILE, NEVER_SHOWN
from tests.tui.traffics import DEALS as EXCHANGE
from tests.tui.traffics import record

NAME = "[@click=app.quit]x[/]\x1b[2J\x00\u202eabc\u200b 会社"
WORST = "".join(text[:40] for name, text in HOSTILE.items() if name != "long")
NEXT = "right_square_bracket"
WIDTH, HEIGHT = 100, 30
SAID = (
    "Shop",
    "A shop in a file",
    "Data file",
    "What to say",
    "Tell a customer",
    "Change a deal",
    "The deal's id",
    "pro",
)
"""What the shop's connector says of itself, and of what it takes."""

ELSEWHERE = {
    "NangoDialog": "it waits for a broker: `test_tui_sign_in` and `test_tui_nango`",
    "SignInDialog": "it waits for a vendor: `test_tui_sign_in`",
}
OURS = {
    "ChoiceDialog": "the choices of a setting",
    "FilterWordsDialog": "the words that a filter may have",
    "HelpDialog": "the keys of the app",
    "JumpOverlay": "letters over what the screen beneath shows",
    "KeysDialog": "the keys of the app",
    "PressDialog": "a key that is pressed",
    "SettingsDialog": "the settings of the app",
    "ValueDialog": "a value that the user types",
}
"""Dialogs that show no vendor's text, and what they show."""


@dataclass(frozen=True)
class Opens:
    """What opens a dialog: a text that is pasted, then keys; `back` closes it."""

    dialog: str
    keys: tuple[str, ...]
    back: tuple[str, ...] = ("escape",)
    pasted: str = ""


ON_ANY = (
    Opens("NoticesDialog", ("exclamation_mark",)),
    Opens("TasksDialog", ("ampersand",)),
    Opens("PicturesDialog", ("P",)),
    Opens("OrganizationsDialog", ("O",)),
    Opens("SearchDialog", ("ctrl+f", *"click"), ("escape", "escape")),
)
ON_A_CONNECTION = (
    Opens("ConnectDialog", ("n",)),
    Opens("SyncDialog", ("S",)),
    Opens("ScheduleDialog", ("h",)),
    Opens("Ask", ("D",)),
    Opens("FillInDialog", ("w", "slash", *"send", "enter", "enter"), ()),
    Opens("SendDialog", ("f5",), (), pasted=re.sub("[\n\r\u2028]", "", WORST)),
)
ON_ROWS = (
    Opens("ColumnsDialog", ("c",)),
    Opens("CopyDialog", ("y",)),
    Opens("ExportDialog", ("E",)),
    Opens("ChartDialog", ("p",)),
    Opens("RecordDialog", ("enter",), ()),
    Opens("PayloadDialog", ("J",), ("escape", "q")),
)
ON_A_RESULT = (
    Opens("ChartDialog", ("p",)),
    Opens("CopyDialog", ("y",)),
    Opens("QueriesDialog", ("ctrl+r",)),
    Opens("TargetDialog", ("f2",)),
)
ON_REQUESTS = (Opens("FillInDialog", ("e",)), Opens("NoteDialog", ("x",)))
ON_TRAFFIC = (Opens("TrafficFilter", ("slash",)), Opens("BroughtRows", ("o",)))
ON_RUNS = (Opens("PayloadDialog", ("tab", "enter")),)
TOUR = (*ON_ANY, *ON_A_CONNECTION, *ON_ROWS, *ON_A_RESULT, *ON_REQUESTS, *ON_TRAFFIC, *ON_RUNS)


def test_every_dialog_is_among_them() -> None:
    assert sorted({step.dialog for step in TOUR} | set(ELSEWHERE) | set(OURS)) == dialogs()


@pytest.fixture
def hostile(ws: Workspace, shop: Shop) -> Workspace:
    """A shop in which every text is hostile."""
    source = (DROP_INS / "shop.py").read_text(encoding="utf-8")
    for said in SAID:
        assert said in source
        source = source.replace(f'"{said}"', repr(NAME))
    (ws.home / "connectors" / "shop.py").write_text(source, encoding="utf-8")
    good = [{"source_id": str(n), "name": text, "stage": text[:200]} for n, text in enumerate(HOSTILE.values())]
    bad = [{"source_id": f"bad {text[:50]}", "name": 7, "amount": text[:500]} for text in HOSTILE.values()]
    synced(ws, shop, owner=WORST, deals=good + bad)
    ask(ws, "write", "update_deal", {"id": WORST, "amount": 1}, reason=WORST)
    body = json.dumps({"results": [{"id": str(n)} for n in range(len(HOSTILE))], WORST: WORST}).encode()
    told = replace(EXCHANGE, selector="shop", run_id=1, entity="deals", response_body=body)
    record(ws, replace(told, url=f"https://shop.example/{WORST}", response_headers={WORST: WORST}))
    shop.change(token=WORST)
    return ws


async def is_harmless(visit: Visit, where: str) -> None:
    await visit.settle()
    lines = visit.screen.splitlines()
    assert len(lines) == HEIGHT, where
    assert not [line for line in lines if NEVER_SHOWN.search(line)], where


async def is_at(visit: Visit, dialog: str) -> None:
    """Wait until a dialog is open."""
    try:
        await visit.until(lambda: type(visit.app.screen).__name__ == dialog)
    except TimeoutError:
        raise AssertionError(f"{dialog} is not open, but {visit.app.screen}:\n{visit.screen}") from None


async def tour(visit: Visit, *steps: Opens) -> None:
    """Open them one after the other."""
    for step in steps:
        if step.pasted:
            await visit.paste(step.pasted)
        await visit.press(*step.keys)
        await is_at(visit, step.dialog)
        await is_harmless(visit, step.dialog)
        await visit.press(*step.back)


async def test_workspaces_and_what_opens_from_anywhere(driver: Driver, hostile: Workspace) -> None:
    async with driver(WIDTH, HEIGHT) as visit:
        await visit.press("slash", *"shop", "enter", "slash", "escape", "s")
        await visit.sees("The shop refused the token.")
        for tab in (*TABS[1:], TABS[0]):
            await visit.app.go(tab.id)
            await is_harmless(visit, tab.id)
        await tour(visit, *ON_ANY)


async def test_a_connection(driver: Driver, hostile: Workspace) -> None:
    async with driver(WIDTH, HEIGHT) as visit:
        await visit.press("slash", *"shop", "enter", "slash", "escape")
        for panel in PANELS:
            await is_harmless(visit, panel.id)
            await visit.press(NEXT)
        await tour(visit, *ON_A_CONNECTION)


async def test_rows_and_results(driver: Driver, hostile: Workspace) -> None:
    async with driver(WIDTH, HEIGHT) as visit:
        await visit.press("2", "slash", *"deals", "enter", "enter")
        await visit.sees(f"1 of {len(HOSTILE)}")
        await tour(visit, *ON_ROWS)
        await visit.press("3")
        await visit.paste(f'select name, stage as "{HOSTILE["markup"]}", 1 as n from deals')
        await visit.press("f5")
        await visit.sees(f"{len(HOSTILE)} rows")
        await visit.press("tab")
        await tour(visit, *ON_A_RESULT)


async def test_requests_traffic_and_runs(driver: Driver, hostile: Workspace) -> None:
    async with driver(WIDTH, HEIGHT) as visit:
        for key, seen, steps in (
            ("4", "Approvals", ON_REQUESTS),
            ("5", "1 of 1", ON_TRAFFIC),
            ("6", "rejected", ON_RUNS),
        ):
            await visit.press(key)
            await visit.sees(seen)
            await tour(visit, *steps)
