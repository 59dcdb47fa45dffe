"""What is the same everywhere in the app: palette, settings, keys, jumping, tasks, messages, copying, an editor."""

from __future__ import annotations

import os
import threading
from asyncio import to_thread
from pathlib import Path

import pytest

from revtops_tui.engine.app_state import AppState
from revtops_tui.engine.settings import load
from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.shell.clipboard import FILE, hand_over
from revtops_tui.tui.shell.tasks import Task, TaskProgress
from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.shops import connect, synced


async def _find(visit: Visit, text: str) -> None:
    await visit.press("ctrl+p")
    await visit.paste(text)


async def test_the_palette_syncs_a_connection_by_name_from_anywhere(driver: Driver, shop: Shop) -> None:
    shop.change(deals=deals(7))
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.press("2")
        await visit.sees("Tables")
        await _find(visit, "sync shop")
        await visit.sees("Sync Shop", "Fetch what is new")
        await visit.press("enter")
        await visit.sees("Shop synced", "7 new")


async def test_the_palette_opens_a_table_a_form_and_a_command_of_another_workspace(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver() as visit:
        await _find(visit, "open deals")
        await visit.sees("Open Deals")
        await visit.press("enter")
        await visit.sees("1 of 3")
        await _find(visit, "shop update_deal")
        await visit.sees("Change a deal")
        await visit.press("enter")
        await visit.sees("New amount")
        await visit.press("escape")
        await _find(visit, "inbox reload")
        await visit.sees("Inbox: Reload")
        await visit.press("enter")
        await visit.sees("Approvals")


async def test_the_palette_shows_the_keys_of_what_it_offers(driver: Driver) -> None:
    async with driver() as visit:
        await _find(visit, "jump")
        await visit.sees("Jump  ^o")


async def test_a_theme_is_tried_on_and_kept_only_when_it_is_taken(driver: Driver) -> None:
    async with driver() as visit:
        before = visit.app.theme
        await visit.press("comma")
        await visit.sees("appearance.theme", "default  auto")
        await visit.press("enter")
        await visit.sees("enter takes it")
        await visit.press("slash", "l", "i", "g", "h", "t", "enter")
        await visit.until(lambda: visit.app.theme == "revtops-light")
        await visit.press("escape", "escape")  # the filter, then the question
        await visit.until(lambda: visit.app.theme == before)
        assert load(driver.ws.home).appearance.theme == "auto"
        await visit.press("enter", "slash", "l", "i", "g", "h", "t", "enter", "enter")
        await visit.until(lambda: load(driver.ws.home).appearance.theme == "revtops-light")
        await visit.sees("now      revtops-light")


async def test_a_number_is_judged_as_it_is_typed(driver: Driver) -> None:
    async with driver() as visit:
        await visit.press("comma", "slash", "k", "e", "e", "p", "enter", "enter")
        await visit.sees("traffic.keep_megabytes", "enter takes it")
        await visit.press("ctrl+u", "0")
        await visit.sees("from 1 to 100,000")
        await visit.press("enter")
        await visit.press("ctrl+u", "5", "0", "enter")
        await visit.until(lambda: load(driver.ws.home).traffic.keep_megabytes == 50)


async def test_a_mistake_in_the_file_is_told_and_the_default_holds(driver: Driver) -> None:
    (driver.ws.home / "settings.toml").write_text('[appearance]\ntheme = "revtop"\n')
    async with driver() as visit:
        await visit.press("exclamation_mark")
        await visit.sees("settings.toml", "line 2, appearance.theme", "Did you mean revtops")
        assert visit.app.theme == "revtops"


async def test_a_key_is_changed_by_pressing_another_and_one_that_is_taken_is_refused(driver: Driver) -> None:
    async with driver() as visit:
        await visit.press("comma", "slash")
        await visit.paste("bindings")
        await visit.press("enter", "enter")
        await visit.sees("enter another key")
        await visit.press("slash")
        await visit.paste("app.jump")
        await visit.press("enter", "enter")
        await visit.sees("Press the new key")
        await visit.press("ctrl+p")
        await visit.sees("ctrl+p is taken: Every command, found by typing (app.palette).")
        await visit.press("ctrl+h")
        await visit.sees("does not arrive in every terminal")
        await visit.press("f12")
        await visit.until(lambda: load(driver.ws.home).keys.bindings == {"app.jump": "f12"})
        await visit.press("escape", "escape", "escape", "escape", "f12")  # each list's filter, then its dialog
        await visit.until(lambda: type(visit.app.screen).__name__ == "JumpOverlay")


async def test_a_letter_goes_to_a_widget_or_a_workspace_and_any_other_key_stays(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        await visit.press("ctrl+o")
        await visit.until(lambda: type(visit.app.screen).__name__ == "JumpOverlay")
        await visit.press("s")  # the second letter: the second workspace
        await visit.sees("Tables")
        await visit.press("ctrl+o", "escape")
        await visit.until(lambda: len(visit.app.screen_stack) == 1)
        assert visit.app.tab == "data"


async def test_a_task_goes_on_elsewhere_is_listed_and_can_be_stopped(driver: Driver) -> None:
    begun, results = threading.Event(), []

    def work(progress: TaskProgress) -> str:
        progress.report(63, 100, "row 63")
        begun.set()
        stopped = threading.Event()
        while not progress.cancelled:
            stopped.wait(0.01)
        return "so far"

    async with driver() as visit:
        visit.app.start_task(Task("Exporting deals", work, results.append, ended=lambda _: "stopped early"))
        await to_thread(begun.wait)
        await visit.press("2")
        await visit.sees("⟳ Exporting deals 63%")
        await visit.press("ampersand")
        await visit.sees("Tasks", "row 63", "█")
        await visit.press("x")
        await visit.sees("Nothing runs.", "Ended", "stopped early")
        assert results == ["so far"]


async def test_quitting_asks_about_a_task(driver: Driver) -> None:
    def work(progress: TaskProgress) -> None:
        stopped = threading.Event()
        while not progress.cancelled:
            stopped.wait(0.01)

    async with driver() as visit:
        visit.app.start_task(Task("Exporting deals", work))
        await visit.press("q")
        await visit.sees("Leave while something runs?", "Exporting deals")
        await visit.press("left", "enter")
        await visit.until(lambda: not visit.app.is_running)


async def test_a_task_that_fails_is_told_of(driver: Driver) -> None:
    def work(progress: TaskProgress) -> None:
        raise OSError(28, "No space left on device")

    async with driver() as visit:
        visit.app.start_task(Task("Exporting deals", work))
        await visit.sees("Exporting deals", "! 1")


async def test_what_was_told_can_be_read_again(driver: Driver) -> None:
    async with driver() as visit:
        visit.app.tell("[@click=app.quit]It said no[/]\x1b[2J", title="Shop", severity="error")
        await visit.sees("! 1")
        await visit.press("exclamation_mark")
        await visit.sees("Messages", "09:30:00", "[@click=app.quit]It said no[/]␛[2J")
        await visit.press("escape")
        assert "! 1" not in visit.screen


async def test_a_copy_is_kept_in_a_file_and_never_shown(driver: Driver) -> None:
    async with driver() as visit:
        visit.app.copy("nobody should see this", "the record")
        await visit.sees("Copied the record", "22 characters")
        assert "nobody" not in visit.screen
    kept = driver.ws.home / FILE
    assert kept.read_text() == "nobody should see this"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_tool_of_the_desktop_is_used_only_on_that_desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "wl-copy"
    tool.write_text(f"#!/bin/sh\ncat > {tmp_path}/pasted\n")
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    here = {"PATH": os.environ["PATH"], "WAYLAND_DISPLAY": "w"}
    assert hand_over("über", tmp_path, here).ways == ("wl-copy",)
    assert (tmp_path / "pasted").read_text() == "über"
    assert hand_over("x", tmp_path, {**here, "SSH_TTY": "/dev/pts/1"}).ways == ()


async def test_without_a_terminal_of_its_own_the_editor_is_refused(driver: Driver) -> None:
    async with driver() as visit:
        assert await visit.app.edit("{}") is None
        await visit.sees("Editor", "Another program")


def test_what_is_remembered_survives_and_a_damaged_file_is_put_aside(ws: Workspace) -> None:
    state = AppState(ws)
    state["data.columns.deals"] = ["name"]
    state.flush()
    assert dict(AppState(ws)) == {"data.columns.deals": ["name"]}
    assert dict(AppState(ws.seen_by("another"))) == {}
    state.path.write_text('{"state": ["torn')
    notes: list[str] = []
    assert dict(AppState(ws, notes.append)) == {}
    assert "damaged" in notes[0]
    assert state.path.with_suffix(".damaged").exists()


async def test_a_megabyte_is_pasted_without_harm(driver: Driver) -> None:
    async with driver() as visit:
        await visit.press("slash")
        await visit.paste("x" * 1_000_000)
        await visit.sees("Nothing matches.")
