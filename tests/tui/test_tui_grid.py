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


@pytest.fixture
def many() -> list[Row]:
    return [(number, "text") for number in range(1_000)]


async def test_the_bar_is_pulled_and_pressed_with_the_mouse(many: list[Row]) -> None:
    app = _Nasty()
    async with app.run_test(size=(40, 24)) as pilot:
        grid = app.query_one(RecordGrid)
        grid.show(ListSource(many), measure(["n", "t"], many[:50]), many[:200])
        await pilot.pause()
        x, height = grid.outer_size.width - 2, grid.lines_in_view
        await pilot.mouse_down(grid, offset=(x, 1))
        await pilot.hover(grid, offset=(x, 11))
        assert 350 < grid.scroll_offset.y < 650
        await pilot.hover(grid, offset=(x, height + 1))
        assert grid.scroll_offset.y == grid.max_scroll_y
        await pilot.mouse_up(grid, offset=(x, height + 1))
        await pilot.hover(grid, offset=(x, 2))
        assert grid.scroll_offset.y == grid.max_scroll_y
        await pilot.click(grid, offset=(x, 6))
        assert 150 < grid.scroll_offset.y < 350
        assert grid.row == 0


def _bar(grid: RecordGrid) -> str:
    return "".join(grid.render_line(y).text[-1] for y in range(grid.lines_in_view))


async def test_the_bar_shows_where_one_is_and_goes_with_the_rows(many: list[Row]) -> None:
    app = _Nasty()
    async with app.run_test(size=(40, 24)) as pilot:
        grid = app.query_one(RecordGrid)
        grid.show(ListSource(many), measure(["n", "t"], many[:50]), many[:200])
        grid.focus()
        await pilot.press("pagedown", "pagedown")
        assert set(_bar(grid)) & set("▁▂▃▄▅▆▇")
        place = _bar(grid)
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert _bar(grid) != place
        grid.show(ListSource(many[:5]), measure(["n", "t"], many[:5]), many[:5])
        await pilot.pause()
        assert not grid.is_on_bar(grid.scrollable_content_region.width - 1)
        grid.clear("Nothing.")
        await pilot.pause()
        assert grid.render_line(0).text.strip() == "Nothing."


async def test_rows_that_come_late_and_rows_that_change_are_drawn() -> None:
    rows = [(number, f"first {number}") for number in range(600)]
    app = _Nasty()
    async with app.run_test(size=(40, 24)) as pilot:
        grid = app.query_one(RecordGrid)
        grid.show(ListSource(rows), measure(["n", "t"], rows[:50]), rows[:200])
        grid.focus()
        await pilot.press("ctrl+end")
        while "first 599" not in grid.render_line(grid.lines_in_view - 1).text:
            await pilot.pause(0.02)
        again = [(number, f"second {number}") for number in range(600)]
        grid.show(ListSource(again), measure(["n", "t"], again[:50]), again[:200], keep_place=True)
        while "second 599" not in grid.render_line(grid.lines_in_view - 1).text:
            await pilot.pause(0.02)


async def test_what_stands_in_an_empty_grid_is_wrapped() -> None:
    app = _Nasty()
    async with app.run_test(size=(24, 12)) as pilot:
        grid = app.query_one(RecordGrid)
        grid.clear("No rows yet: sync a connection (1, then s).")
        await pilot.pause()
        lines = [grid.render_line(y).text.strip() for y in range(4)]
        assert " ".join(lines).strip() == "No rows yet: sync a connection (1, then s)."
        assert lines[1]
        assert "…" not in "".join(lines)
