"""A list with sections, marks and a filter of its own: connections and connectors, tables.

One widget takes every key, the typed filter included: keys that arrive faster than the screen (type-ahead at start,
a paste) are handled in their order and none can fall between two widgets. Until the items are there, keys other than
the filter's wait, and are played back when `show` brings the items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from revtops_tui.tui.command import command
from revtops_tui.tui.text import fit, plain, wrap
from revtops_tui.tui.widgets.line import Line, LineByLine, ink
from revtops_tui.tui.widgets.typed_text import TypedText

_NEVER_HELD = frozenset({"escape", "ctrl+q", "ctrl+c", "tab", "shift+tab", "question_mark", "ctrl+p"})


@dataclass(frozen=True)
class Item:
    """One row: `mark` and `note` frame the `label`; `tone` (good, bad, busy, off) colours the mark."""

    id: str
    label: str
    note: str = ""
    mark: str = " "
    tone: str = "off"
    section: str = ""
    search: str = ""


class ItemList(LineByLine, can_focus=True, inherit_bindings=False):
    """Items under their sections, one of them highlighted."""

    DEFAULT_CSS = """
    ItemList {
        background: $surface;
        border: round $border-blurred;
        border-title-color: $text-muted;
        border-subtitle-color: $accent;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        &:focus { border: round $primary; border-title-color: $foreground; }
        & > .item--section { color: $text-muted; text-style: bold; }
        & > .item--note { color: $text-muted; }
        & > .item--off { color: $text-disabled; }
        & > .item--good { color: $success; }
        & > .item--bad { color: $error; }
        & > .item--busy { color: $accent; }
        & > .item--cursor { background: $panel; }
        &:focus > .item--cursor { background: $primary 25%; text-style: bold; }
        & > .item--bar { color: $primary; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "item--section",
        "item--note",
        "item--off",
        "item--good",
        "item--bad",
        "item--busy",
        "item--cursor",
        "item--bar",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        command("list.down", "down,j", "move(1)", "Next", show=False),
        command("list.up", "up,k", "move(-1)", "Previous", show=False),
        command("list.page_down", "pagedown,ctrl+d", "page(1)", "Page down", show=False),
        command("list.page_up", "pageup,ctrl+u", "page(-1)", "Page up", show=False),
        command("list.top", "home,g", "move(-1000000)", "First", show=False),
        command("list.bottom", "end,G", "move(1000000)", "Last", show=False),
        command("list.choose", "enter", "choose", "Open", show=False),
        command("list.choose_too", "ctrl+j", "choose", "Open", show=False),  # enter, typed before the start
        command("list.filter", "slash", "filter", "Filter", "Type to show only what matches; esc shows all", mark="/"),
    ]

    @dataclass
    class Highlighted(Message):
        """Another item is under the cursor (None: nothing matches the filter)."""

        list: ItemList
        item: Item | None

        @property
        def control(self) -> ItemList:
            """The list, for `@on` selectors."""
            return self.list

    @dataclass
    class Chosen(Message):
        """Enter or a click on the item under the cursor."""

        list: ItemList
        item: Item

        @property
        def control(self) -> ItemList:
            """The list, for `@on` selectors."""
            return self.list

    def __init__(self, title: str, *, empty: str = "Nothing here.", name: str | None = None) -> None:
        super().__init__(id=name)
        self.border_title = Content(title)
        self._empty = empty
        self._items: Sequence[Item] = ()
        self._lines: list[Item | str] = []
        self._matches: list[Item] = []
        self._current: str | None = None
        self._filter = TypedText()
        self._loaded = False
        self._early: list[str] = []

    # -- what others use

    @property
    def current(self) -> Item | None:
        """The item under the cursor."""
        return next((item for item in self._matches if item.id == self._current), None)

    @property
    def filter_text(self) -> str:
        """What has been typed as a filter."""
        return self._filter.text

    @property
    def has_typed_ahead(self) -> bool:
        """Whether somebody typed before there was anything to show."""
        return bool(self._early) or self._filter.is_open or bool(self._filter.text)

    def show(self, items: Sequence[Item]) -> None:
        """Show `items` (grouped by section, in the given order); the cursor stays with its item where that still is."""
        self._items = items
        self._arrange()
        if not self._loaded:
            self._loaded = True
            self.call_later(self._play_back)

    def select(self, item_id: str) -> None:
        """Put the cursor on an item; does nothing when it is not shown."""
        if any(item.id == item_id for item in self._matches):
            self._go(item_id)

    def say(self, empty: str) -> None:
        """What stands in place of the items while there are none."""
        self._empty = empty
        self.refresh()

    # -- keys

    def on_key(self, event: events.Key) -> None:
        """Edit the filter, or hold the key back while there is nothing to apply it to."""
        if self._filter.take(event):
            self._arrange()
            event.stop()
            event.prevent_default()
        elif event.key == "escape" and self._filter.text:
            self._filter.drop()
            self._arrange()
            event.stop()
        elif event.key == "slash":  # here and not by the binding: the key behind it is on its way already
            self.action_filter()
            event.stop()
        elif not self._loaded and event.key not in _NEVER_HELD:
            self._early.append(event.key)
            event.stop()

    async def _play_back(self) -> None:
        """Do what was typed before there was anything to do it to."""
        while self._early:
            active = self.screen.active_bindings.get(self._early.pop(0))
            if active is not None and active.enabled:
                await self.app.run_action(active.binding.action, active.node)

    def on_resize(self) -> None:
        """Another width shows more or less of the filter."""
        self._show_filter()

    def on_paste(self, event: events.Paste) -> None:
        """A paste while filtering is typed text."""
        if self._filter.paste(event):
            self._arrange()

    def action_filter(self) -> None:
        """Start typing a filter."""
        self._filter.begin(self._filter.text)
        self._show_filter()

    def action_move(self, by: int) -> None:
        """Move the cursor by so many items, stopping at the ends."""
        self._move(by)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a screenful."""
        self._move(direction * max(1, self.scrollable_content_region.height - 2))

    def action_choose(self) -> None:
        """Open the item under the cursor."""
        if item := self.current:
            self.post_message(self.Chosen(self, item))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; a second one on the same item opens it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        y = offset.y + self.scroll_offset.y
        item = self._lines[y] if 0 <= y < len(self._lines) else None
        if isinstance(item, Item):
            self.select(item.id)
            if event.chain == 2:
                self.action_choose()

    def _move(self, by: int) -> None:
        if not self._matches:
            return
        position = next((n for n, item in enumerate(self._matches) if item.id == self._current), 0)
        self._go(self._matches[min(max(position + by, 0), len(self._matches) - 1)].id)

    # -- state

    def _arrange(self) -> None:
        words, before = self._filter.text.casefold().split(), self._lines
        self._matches = [i for i in self._items if all(w in f"{i.label} {i.search}".casefold() for w in words)]
        self._lines = []
        for section in dict.fromkeys(item.section for item in self._matches):
            if section:
                self._lines += ["", section] if self._lines else [section]
            self._lines += [item for item in self._matches if item.section == section]
        self._matches = [line for line in self._lines if isinstance(line, Item)]
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines))
        self._show_filter()
        if before and self._lines:
            self.refresh_changed(before, self._lines)
        else:
            self.refresh()
        if self.current is None:
            self._go(self._matches[0].id if self._matches else None)

    def _go(self, item_id: str | None) -> None:
        if item_id == self._current:
            return
        self.refresh_line(self._line_of_current)
        self._current = item_id
        y = self._line_of_current
        self.refresh_line(y)
        first = 0 if y <= 1 else y  # the first section's heading comes along
        self.scroll_to_region(Region(0, first, 1, 1 + y - first), animate=False, force=True, immediate=True)
        self.post_message(self.Highlighted(self, self.current))

    @property
    def _line_of_current(self) -> int:
        return next((n for n, line in enumerate(self._lines) if isinstance(line, Item) and line.id == self._current), 0)

    def _show_filter(self) -> None:
        room = max(4, self.scrollable_content_region.width - 6)
        self.caption(self._filter.shown(room))

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the list."""
        width = self.scrollable_content_region.width
        base = self.ground
        number = y + self.scroll_offset.y
        if not self._lines:
            texts = wrap("Nothing matches." if self._filter.text else self._empty, max(1, width - 1))
            text = texts[y] if y < len(texts) else ""
            return Line(base).add(" ").cell(text, width - 1, self._style("note")).strip(width)
        if number >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[number]
        if isinstance(line, str):
            return Line(base).add(" ").cell(plain(line), width - 1, self._style("section")).strip(width)
        return self._item_line(line, base, width)

    def _item_line(self, item: Item, base: Style, width: int) -> Strip:
        is_current = item.id == self._current
        if is_current:
            base += self.get_component_rich_style("item--cursor")
        note = plain(item.note, 12)
        room = width - 4 - (len(note) + 2 if note else 1)
        line = Line(base).add("▌" if is_current else " ", self._style("bar"))
        line.cell(item.mark, 1, self._style(item.tone)).add(" ").add(fit(plain(item.label), room))
        return line.cell(note, width - line.width - 1, self._style("note"), right=True).strip(width)

    def _style(self, part: str) -> Style:
        return ink(self, f"item--{part}")
