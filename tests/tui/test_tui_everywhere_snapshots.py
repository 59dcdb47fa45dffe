"""The dialogs of everywhere as pictures."""

from __future__ import annotations

from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.shell.tasks import Task
from tests.tui.driver import Visit
from tests.tui.pictures import SIZES, Compare, picture


@SIZES
def test_the_settings(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("comma", "j")
        await visit.sees("Appearance", "Whether the mouse is used")

    assert picture(compare, ws, size, walk)


@SIZES
def test_another_value(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        visit.app.show_settings("traffic.keep_megabytes")
        await visit.sees("from     1 to 100,000")
        await visit.press("enter", "ctrl+u", "0")
        await visit.sees("must be a whole number")

    assert picture(compare, ws, size, walk)


@SIZES
def test_the_key_that_is_asked_for(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        visit.app.show_settings("keys.bindings")
        await visit.sees("keys.bindings")
        await visit.press("enter", "slash")
        await visit.paste("app.jump")
        await visit.press("enter", "enter")
        await visit.sees("Press the new key")
        await visit.press("q")
        await visit.sees("q is taken")

    assert picture(compare, ws, size, walk)


@SIZES
def test_tasks_that_have_ended(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        visit.app.start_task(Task("Exporting deals", lambda _: 12, ended=lambda rows: f"{rows} rows"))
        await visit.press("ampersand")
        await visit.sees("Nothing runs.", "12 rows")

    assert picture(compare, ws, size, walk)


@SIZES
def test_messages(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        visit.app.tell("1,200 new", title="Shop synced")
        visit.app.tell("The shop refused the token. Enter gives new credentials.", title="Shop", severity="error")
        visit.app.clear_notifications()
        await visit.press("exclamation_mark")
        await visit.sees("Messages", "refused the token")

    assert picture(compare, ws, size, walk)


@SIZES
def test_letters_to_jump_by(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("ctrl+o")
        await visit.until(lambda: len(visit.app.screen_stack) == 2)

    assert picture(compare, ws, size, walk)


@SIZES
def test_the_palette(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("ctrl+p")
        await visit.paste("theme revtops")
        await visit.sees("Theme revtops-light")

    assert picture(compare, ws, size, walk)
