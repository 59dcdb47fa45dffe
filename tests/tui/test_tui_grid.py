"""The grid over rows whose source breaks while it is still counting."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import App, ComposeResult

from revtops_tui.tui.widgets.columns import measure
from revtops_tui.tui.widgets.record_grid import RecordGrid
from revtops_tui.tui.widgets.windows import Row
from store.errors import StoreError


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
