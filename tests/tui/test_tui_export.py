"""Writing rows to a file from the app: the dialog, the question, the task, and the file."""

from __future__ import annotations

import csv
import threading
from asyncio import to_thread
from functools import partial
from pathlib import Path

import pytest

from revtops_tui.engine.export import Exported, Options, export_table
from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.dialogs.export import ExportDialog
from revtops_tui.tui.paths import completed, file_name, shown_path
from revtops_tui.tui.shell.tasks import TaskProgress
from revtops_tui.tui.widgets.item_list import ItemList
from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.pictures import SIZES, Compare, picture
from tests.tui.shops import hold_times_still, synced
from tests.tui.test_tui_hostile_text import HOSTILE, NEVER_SHOWN


def _write(ws: Workspace, path: Path, progress: TaskProgress, options: Options) -> Exported:
    return export_table(
        ws, "deals", path, options=options, progress=progress.report, cancelled=lambda: progress.cancelled
    )


async def _open(visit: Visit, title: str = "Deals", name: str = "deals") -> None:
    ws = visit.app.ws
    visit.app.push_screen(ExportDialog(title, name, partial(_write, ws), about="12 rows · 20 columns"))
    await visit.sees("Export ", "12 rows · 20 columns", "Parquet")
    await visit.settle()


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


async def test_two_keys_write_a_file(driver: Driver, shop: Shop, tmp_path: Path) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(12))
    async with driver() as visit:
        await _open(visit)
        await visit.press("enter")
        await visit.sees("Wrote 12 rows to ~/deals.csv")
        assert len(_rows(tmp_path / "deals.csv")) == 13


async def test_the_format_is_on_the_arrow_keys_and_is_remembered(driver: Driver, shop: Shop, tmp_path: Path) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(12))
    async with driver() as visit:
        await _open(visit)
        await visit.press("down")
        await visit.sees("~/deals.xlsx")
        await visit.press("up", "up")
        await visit.sees("~/deals.parquet")
        await visit.press("enter")
        await visit.sees("Wrote 12 rows to ~/deals.parquet")
        await _open(visit)
        await visit.sees("~/deals.parquet")


async def test_a_format_is_chosen_with_the_mouse(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        await _open(visit)
        await visit.click(visit.app.screen.query_one(ItemList), 5, 2)
        await visit.sees("~/deals.jsonl")


async def test_a_file_that_is_there_is_asked_about(driver: Driver, shop: Shop, tmp_path: Path) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    file = tmp_path / "deals.csv"
    file.write_text("mine")
    async with driver() as visit:
        await _open(visit)
        await visit.sees("It is already there")
        await visit.press("enter")
        await visit.sees("Replace deals.csv?", "Keep it")
        await visit.press("enter")
        await visit.sees("12 rows · 20 columns")
        assert file.read_text() == "mine"
        await visit.press("enter")
        await visit.sees("Replace deals.csv?")
        await visit.press("right", "enter")
        await visit.sees("Wrote 3 rows")
        assert len(_rows(file)) == 4


async def test_what_stands_in_the_way_is_said_before(driver: Driver, shop: Shop, tmp_path: Path) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver() as visit:
        await _open(visit)
        await visit.press("ctrl+u")
        await visit.paste("~/nowhere/deals.csv")
        await visit.sees("There is no directory")
        await visit.press("ctrl+u")
        await visit.paste("~/deals.txt")
        await visit.sees("does not say what kind of file it is")
        await visit.press("enter")
        await visit.sees("Export Deals")


async def test_a_path_is_completed(driver: Driver, shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "reports" / "2026").mkdir(parents=True)
    async with driver() as visit:
        await _open(visit)
        await visit.press("ctrl+u")
        await visit.paste("~/rep")
        await visit.press("tab")
        await visit.sees("~/reports/")
        await visit.press("tab")
        await visit.sees("~/reports/2026/")


async def test_it_goes_on_elsewhere_and_can_be_stopped(driver: Driver, shop: Shop, tmp_path: Path) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    going, stopped = threading.Event(), threading.Event()

    def slow(path: Path, progress: TaskProgress, options: Options) -> Exported:
        def cancelled() -> bool:
            going.set()
            stopped.wait(30)
            return progress.cancelled

        return export_table(driver.ws, "deals", path, options=options, cancelled=cancelled)

    async with driver() as visit:
        visit.app.push_screen(ExportDialog("Deals", "deals", slow))
        await visit.sees("Export Deals")
        await visit.settle()
        await visit.press("enter")
        await visit.until(going.is_set)
        await visit.press("2")
        await visit.sees("⟳ Export deals.csv", "Tables")
        visit.app.cancel_all()
        stopped.set()
        await visit.until(lambda: not visit.app.running)
        assert not list(tmp_path.glob("*deals.csv*"))


@pytest.mark.parametrize("text", [text for name, text in HOSTILE.items() if name != "long"])
async def test_anybody_s_title_and_name(driver: Driver, shop: Shop, text: str) -> None:
    async with driver() as visit:
        await _open(visit, text, text)
        lines = visit.screen.splitlines()
        assert len(lines) == 30
        assert not any(NEVER_SHOWN.search(line) for line in lines)


def test_names_of_files() -> None:
    assert file_name("Deals · über 10k: “won”/\x1b[2J..") == "Deals - über 10k- -won-2J"
    assert file_name("../..") == "export"
    assert file_name("") == "export"


def test_paths_are_completed_as_a_shell_does(tmp_path: Path) -> None:
    for name in ("alpha.csv", "alphabet.csv", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert completed(f"{tmp_path}/al") == (f"{tmp_path}/alpha", ["alpha.csv", "alphabet.csv"])
    assert completed(f"{tmp_path}/fo") == (f"{tmp_path}/folder/", ["folder/"])
    assert completed(f"{tmp_path}/.h") == (f"{tmp_path}/.hidden", [".hidden"])
    assert completed(f"{tmp_path}/nothing") == (f"{tmp_path}/nothing", [])
    assert completed(f"{tmp_path}/no/where") == (f"{tmp_path}/no/where", [])
    assert shown_path(Path.home() / "a" / "b.csv") == "~/a/b.csv"


@SIZES
def test_export(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    synced(ws, shop, deals=deals(12))
    hold_times_still(ws)
    assert picture(compare, ws, size, _open)


@SIZES
def test_export_of_what_is_there(
    compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int], tmp_path: Path
) -> None:
    synced(ws, shop, deals=deals(12))
    hold_times_still(ws)
    (tmp_path / "deals.csv").touch()

    async def walk(visit: Visit) -> None:
        await _open(visit)
        await visit.press("enter")
        await visit.sees("Replace deals.csv?")

    assert picture(compare, ws, size, walk)


@SIZES
def test_export_to_nowhere(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _open(visit)
        await visit.press("ctrl+u")
        await visit.paste("~/nowhere/deals.xlsx")
        await visit.sees("There is no directory")

    assert picture(compare, ws, size, walk)
