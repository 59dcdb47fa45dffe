"""What a query can name, as a tree: tables, and the columns of those that are opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from revtops_tui.tui.command import command
from revtops_tui.tui.sql.names import Name
from revtops_tui.tui.text import wrap
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.line import Line

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError


class SchemaTree(ItemList):
    """Enter takes a name, arrows open and close a table; the filter finds a table by its columns too."""

    DEFAULT_CSS = """
    SchemaTree { width: 36; margin-right: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("schema.open", "right,l", "unfold(True)", "Columns", "Show the columns of this table"),
        command("schema.close", "left,h", "unfold(False)", "Close", "Hide the columns", show=False),
        command("schema.toggle", "space", "turn", "Open or close", show=False),
        command("schema.read", "r", "read", "Read again", "Ask again what tables there are"),
        command("schema.leave", "escape", "leave", "Back", show=False),
    ]

    class Left(Message):
        """Back to the editor."""

    class Outdated(Message):
        """The names are to be read again."""

    def __init__(self) -> None:
        super().__init__("Tables", empty="Asking…", name="schema")
        self._names: Sequence[Name] = ()
        self._counts: Mapping[str, str] = {}
        self._opened: set[str] = set()
        self._problem = ""

    def wait(self) -> None:
        """The names are on their way."""
        self._names, self._problem = (), ""
        self.say("Asking…")
        self.show([])

    def grow(self, names: Sequence[Name]) -> None:
        """Show these."""
        self._names, self._problem = names, ""
        self.say("There is nothing to name.")
        self._show()

    def fail(self, error: EngineError) -> None:
        """Say why there are none."""
        self._names = ()
        self._problem = " ".join(part for part in (error.message, error.hint, "r asks again.") if part)
        self.show([])

    def count(self, counts: Mapping[str, str]) -> None:
        """Say how many rows the tables have, by their label."""
        self._counts = counts
        self._show()

    def name_of(self, item: Item) -> Name:
        """What an item stands for."""
        table, _, column = item.id.partition(".")
        found = self._names[int(table)]
        return found.columns[int(column)] if column else found

    def action_unfold(self, opened: bool) -> None:
        """Show or hide the columns of the table under the cursor, or of the one whose column is."""
        if self.current is None:
            return
        table = self.current.id.partition(".")[0]
        if opened:
            self._opened.add(table)
        else:
            self._opened.discard(table)
        self._show()
        self.select(table)

    def action_turn(self) -> None:
        """Show the columns, or hide them."""
        if self.current is not None:
            self.action_unfold(self.current.id.partition(".")[0] not in self._opened)

    def action_read(self) -> None:
        """Ask for the names again."""
        self.post_message(self.Outdated())

    def action_leave(self) -> None:
        """Go back to where the names are used."""
        self.post_message(self.Left())

    def render_line(self, y: int) -> Strip:
        """One line of the tree, or of the reason why there is none: that is longer than a line."""
        if not self._problem:
            return super().render_line(y)
        width = self.scrollable_content_region.width
        lines = wrap(self._problem, max(1, width - 2))
        return Line(self.rich_style).add(" ").add(lines[y] if y < len(lines) else "", self._style("bad")).strip(width)

    def _show(self) -> None:
        self.show([item for number, name in enumerate(self._names) for item in self._items_of(str(number), name)])

    def _items_of(self, number: str, table: Name) -> Iterator[Item]:
        is_open = number in self._opened
        note = self._counts.get(table.label) or table.count or table.note
        columns = " ".join(column.label for column in table.columns)
        yield Item(number, table.label, note, "▾" if is_open else "▸", section=table.schema, search=columns)
        if is_open:
            for at, column in enumerate(table.columns):
                yield Item(f"{number}.{at}", f"  {column.label}", column.note, section=table.schema, search=table.label)
