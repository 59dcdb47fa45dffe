"""The grid by itself: a source that breaks, values that would break its lines, columns beyond the edge, the mouse."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult

from revtops_tui.tui.widgets.columns import measure
from revtops_tui.tui.widgets.record_grid import RecordGrid
from revtops_tui.tui.widgets.windows import ListSource, Row
from store.errors import StoreError
from tests.tui.test_tui_hostile_text import HOSTILE, NEVER_SHOWN


class _Breaking:
    """A source that knows three rows, and then learns that it will know no more."""

    exact = False
    error: Exception | None = None
    count = 3

    def rows(self, first: int, n: int) -> Sequence[Row]:
        return [(number,) for number in range(first, min(first + n, 3))]


class _Shelf(App[None]):
    failures: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        yield RecordGrid()

    def on_record_grid_failed(self, message: RecordGrid.Failed) -> None:
        self.failures += (message.error.message,)


async def test_what_ends_the_counting_is_told_once() -> None:
    app, source = _Shelf(), _Breaking()
    async with app.run_test() as pilot:
        grid = app.query_one(RecordGrid)
        grid.show(source, measure(["n"], source.rows(0, 3)), source.rows(0, 3))
        await pilot.pause()
        assert app.failures == ()
        source.error = StoreError("corrupt", "The database is damaged.")
        while not app.failures:
            await pilot.pause(0.05)
        grid.action_move(1, 0)
        await pilot.pause()
        assert app.failures == ("The database is damaged.",)


NASTY = [
    *HOSTILE.values(),
    "\u0000\u001b[31m\u009b",
    "עברית 123 العربية",
    "🇩🇪🇫🇷 👍🏽 👩🏾‍💻 ✊🏿",
    "ﷺ ０１２ Ａ㌔ ｱｲｳ",  # noqa: RUF001 - such characters are what it is about
    "กำนัน नमस्ते 각",
    "a\u0300\u0301\u0302b\u200dc\ufe0f",
    "\ud83d lone",
    "x" * 10_000_000,
    b"\x00\x01",
    None,
    1e300,
]


class _Nasty(App[None]):
    def compose(self) -> ComposeResult:
        yield RecordGrid()


@pytest.mark.parametrize("width", [20, 21, 33, 60, 80, 81, 120])
async def test_every_line_is_as_wide_as_the_grid_wherever_one_scrolls(width: int) -> None:
    rows = [(text, number, text, "plain", text) for number, text in enumerate(NASTY)]
    app = _Nasty()
    async with app.run_test(size=(width, len(rows) + 4)) as pilot:
        grid = app.query_one(RecordGrid)
        grid.show(ListSource(rows), measure(["日本 [b]", "n", "\x1b[1m", "p", "e\u0301"], rows), rows)
        grid.focus()
        for left in range(0, grid.max_scroll_x + 1, 3):
            grid.scroll_to(x=left, animate=False, force=True)
            await pilot.pause()
            room = grid.scrollable_content_region.size
            for y in range(room.height):
                strip = grid.render_line(y)
                text = "".join(segment.text for segment in strip)
                assert strip.cell_length == cell_len(text) == room.width, (left, y, text)
                assert not NEVER_SHOWN.search(text)


async def test_the_first_column_stays_when_one_scrolls_sideways() -> None:
    rows = [(f"row {number}", *(f"{number}.{column}" for column in range(30))) for number in range(5)]
    app = _Nasty()
    async with app.run_test(size=(60, 10)) as pilot:
        grid = app.query_one(RecordGrid)
        grid.show(ListSource(rows), measure(["name", *(f"c{n}" for n in range(30))], rows), rows)
        grid.focus()
        await pilot.press("end")
        assert grid.render_line(3).text.startswith(" row 2  ")
        assert "2.29" in grid.render_line(3).text
        await pilot.click(grid, offset=(3, 3))
        assert (grid.row, grid.column) == (1, 0)
        await pilot.press("end")
        await pilot.click(grid, offset=(12, 3))
        assert grid.column > 20
        await pilot.press("home")
        assert grid.scroll_offset.x == 0


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    rows = [(number,) for number in range(100)]
    app = _Nasty()
    async with app.run_test(size=(40, 12)) as pilot:
        grid = app.query_one(RecordGrid)
        grid.show(ListSource(rows), measure(["n"], rows), rows)
        await pilot.pause()
        for _ in range(3):
            grid.post_message(
                events.MouseScrollDown(
                    grid, x=5, y=5, delta_x=0, delta_y=1, button=0, shift=False, meta=False, ctrl=False
                )
            )
        await pilot.pause()
        assert grid.scroll_offset.y > 0
        assert grid.row == 0
