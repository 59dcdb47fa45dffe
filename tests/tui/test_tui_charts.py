"""Charts: functions from numbers to lines of characters, whatever the numbers and their labels are."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from rich.cells import cell_len

from revtops_tui.tui.charts import Series, bar_chart, column_chart, heat_map, line_chart, sparkline
from revtops_tui.tui.widgets.sheet import Paper
from tests.tui.test_tui_hostile_text import HOSTILE, NEVER_SHOWN

Draw = Callable[[int, list[tuple[str, float | None]]], Paper]
KINDS: dict[str, Draw] = {
    "bars": bar_chart,
    "columns": lambda width, rows: column_chart(width, 10, rows),
    "line": lambda width, rows: line_chart(
        width, 10, [Series("all", [value for _, value in rows])], [label for label, _ in rows]
    ),
    "heat": lambda width, rows: heat_map(width, [(label, [value]) for label, value in rows], ["now"]),
}
NUMBERS: dict[str, list[float | None]] = {
    "none at all": [],
    "one": [3],
    "zeros": [0, 0, 0],
    "missing": [None, math.nan, math.inf, -math.inf],
    "negative": [-1, -2.5],
    "both sides": [5, -3, 0, 0.0001],
    "huge": [1e308, -1.7e308, 10**400, 2**63],
    "tiny": [1e-300, 5e-324],
    "many": [math.sin(n) * n for n in range(10_000)],
}
EVERY_KIND = pytest.mark.parametrize("draw", KINDS.values(), ids=KINDS.keys())
EVERY_WIDTH = pytest.mark.parametrize("width", [20, 60, 120])


@EVERY_KIND
@EVERY_WIDTH
@pytest.mark.parametrize("numbers", NUMBERS.values(), ids=NUMBERS.keys())
def test_every_number_fits_in_the_width(draw: Draw, width: int, numbers: list[float | None]) -> None:
    paper = draw(width, [(f"row {n}", number) for n, number in enumerate(numbers)])
    assert 1 <= len(paper.lines) < 80
    assert max(cell_len(line) for line in paper.plain.split("\n")) <= width


@EVERY_KIND
@EVERY_WIDTH
@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_label_stays_where_it_belongs(draw: Draw, width: int, label: str) -> None:
    paper, innocent = draw(width, [(label, 2), ("a", 1)]), draw(width, [("b", 2), ("a", 1)])
    assert len(paper.lines) == len(innocent.lines)
    for line in paper.plain.split("\n"):
        assert cell_len(line) <= width
        assert not NEVER_SHOWN.search(line)


def _eighths(line: str) -> int:
    return sum(8 - "█▉▊▋▌▍▎▏".index(c) for c in line if c in "█▉▊▋▌▍▎▏")


def test_bars_compare() -> None:
    paper = bar_chart(40, [("Won", 100), ("Open", 50), ("Crumbs", 0.01), ("None", 0), ("Unknown", None)], unit="EUR")
    won, opened, crumbs, none, unknown = paper.plain.split("\n")
    assert _eighths(won) == pytest.approx(2 * _eighths(opened), abs=1)
    assert crumbs.rstrip().endswith("▏"), "what is not nothing is seen"
    assert none.rstrip().endswith("0.00 EUR") or none.rstrip().endswith("0 EUR")
    assert unknown.rstrip().endswith("\N{EN DASH} EUR")
    assert "100 EUR" in won


def test_bars_below_zero_grow_to_the_left() -> None:
    up, down = bar_chart(40, [("up", 4), ("down", -4)]).plain.split("\n")
    assert up.index("│") == down.index("│")
    assert up.index("█") > up.index("│") > down.index("█")


def test_of_ten_thousand_bars_the_heaviest_are_drawn_and_the_rest_is_summed_up() -> None:
    lines = bar_chart(60, [(f"row {n}", n) for n in range(10_000)], most=3).plain.split("\n")
    assert [line.split("  ")[0].strip() for line in lines] == ["row 9998", "row 9999", "9,998 others together"]
    assert "█" not in lines[-1]


def test_columns_stand_on_a_line_with_their_numbers() -> None:
    paper = column_chart(60, 10, [("Jan", 1500), ("Feb", 3000), ("Mar", -750)])
    text = paper.plain
    assert all(word in text for word in ("Jan", "Feb", "Mar", "1.5k", "3k", "┤"))
    heights = [sum(line[6:7] == "█" for line in text.split("\n")), sum(line[16:17] == "█" for line in text.split("\n"))]
    assert 0 < heights[0] < heights[1]


def test_of_more_columns_than_room_the_last_are_drawn_and_that_is_said() -> None:
    assert "of 400." in column_chart(60, 10, [(str(n), n) for n in range(400)]).plain


def test_a_missing_number_breaks_a_line() -> None:
    whole = line_chart(60, 6, [Series("a", [1, 1, 1, 1])]).plain
    broken = line_chart(60, 6, [Series("a", [1, None, None, 1])]).plain
    drawn = [sum("\u2800" < c < "\u2900" for c in text) for text in (whole, broken)]
    assert drawn[0] > 50
    assert drawn[1] == 2


def test_each_line_has_its_own_scale() -> None:
    text = line_chart(60, 14, [Series("Rows", [1, 1_000_000]), Series("Errors", [0, 3])]).plain
    assert text.index("Rows") < text.index("1M") < text.index("Errors") < text.index("3 ┤")


def test_the_ends_of_an_axis_are_told_apart() -> None:
    assert "1,000,003" in line_chart(60, 6, [Series("a", [1_000_001, 1_000_003])]).plain


def test_heat_says_what_its_shades_stand_for() -> None:
    text = heat_map(60, [("Mon", [0, 1, None, 40]), ("Tue", [20, 30])], ["00", "01", "02", "03"]).plain
    monday = text.split("\n")[1]
    assert monday.startswith("Mon ·")
    assert "░" in monday
    assert "█" in monday
    assert "█ to 40" in text


def test_a_line_of_blocks_keeps_its_peaks() -> None:
    assert sparkline([0, 1, 8, None], 10) == "▁▂█ "
    assert sparkline([0] * 500 + [1] + [0] * 500, 20).count("█") == 1
    assert sparkline([], 5) == ""
    assert sparkline([-4, 0, 4], 3) == "▁▅█"
