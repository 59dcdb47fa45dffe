"""Pictures made of characters: functions from a width and some numbers to a `Paper`, which every theme can show.

Length and shade say everything; a colour only repeats it. Numbers that are missing (None) or no numbers at all (NaN,
infinity) are shown as a dash and never bend a scale; labels may be anybody's text.
"""

from revtops_tui.tui.charts.bars import bar_chart
from revtops_tui.tui.charts.columns import column_chart, sparkline
from revtops_tui.tui.charts.heat import heat_map
from revtops_tui.tui.charts.lines import Series, line_chart

__all__ = ["Series", "bar_chart", "column_chart", "heat_map", "line_chart", "sparkline"]
