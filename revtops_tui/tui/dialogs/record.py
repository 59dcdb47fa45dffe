"""One record, whole, and what belongs to it: enter follows a relation, esc goes back the way one came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.papers.record_page import in_order, write_page
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.item_list import ItemList
from revtops_tui.tui.widgets.related_list import RelatedList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.data import Changed
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.relations import Link
    from revtops_tui.engine.workspace import Workspace

Fetch = Callable[[int], Mapping[str, Any]]
"""The record with this number; called in a thread."""

_KEYS_ALONE = "↑ ↓ scroll · ← → neighbours · y copy · esc close"
_KEYS = "enter follow · ← → neighbours · PgDn scroll · y copy · esc back"


@dataclass
class _Stop:
    """A place on the way: records beside each other, and which of them is looked at.

    `entity`: their table; None where they are of no table (a query's result) and have no relations.
    """

    title: str
    count: int
    fetch: Fetch
    entity: str | None = None
    number: int = 0

    @property
    def label(self) -> str:
        """What the title says of it."""
        return self.title if self.count == 1 else f"{self.title} · {self.number + 1:,} of {self.count:,}"


@dataclass(frozen=True)
class _Page:
    """A record with what is said of it."""

    record: Mapping[str, Any]
    types: Mapping[str, str]
    changes: Sequence[Changed]


class RecordDialog(Dialog[int]):
    """Dismissed with the number of the record that was shown last, of those that it was opened with."""

    DEFAULT_CSS = """
    RecordDialog {
        & > Box { width: 100; height: 92%; padding: 0; }
        & #record { height: 1fr; layout: vertical; }
        & Sheet { height: 1fr; width: 1fr; }
        & RelatedList { height: auto; max-height: 9; width: 1fr; }
        &.-wide > Box { width: 94%; max-width: 150; }
        &.-wide #record { layout: horizontal; }
        &.-wide RelatedList { width: 38; height: 1fr; max-height: 100%; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual's own annotation stands
    BINDINGS: ClassVar[list[BindingType]] = [
        command("record.next", "right,l,n", "go(1)", "Next", "The next record", show=False),
        command("record.previous", "left,h,p", "go(-1)", "Previous", "The record before", show=False),
        command("record.back", "escape,backspace", "back", "Back", "Back the way one came", show=False),
        command("record.close", "q", "leave", "Close", "Close the record", show=False),
        command("record.copy", "y", "copy", "Copy", "Copy the record, its id or its address", show=False),
        command("record.browse", "o", "browse", "Browser", "Open it at the vendor", show=False),
        command("record.json", "J", "json", "JSON", "Show it as JSON, to fold and search", show=False),
        command("record.traffic", "t", "traffic", "Traffic", "The exchange that brought it", show=False),
        command("record.page_down", "pagedown,ctrl+d", "scroll_page(1)", "Page down", show=False),
        command("record.page_up", "pageup,ctrl+u", "scroll_page(-1)", "Page up", show=False),
    ]

    def __init__(self, title: str, number: int, count: int, fetch: Fetch, *, entity: str | None = None) -> None:
        """`entity`: the table that the records are of, where they are of one."""
        super().__init__()
        self._way = [_Stop(title, count, fetch, entity, number)]
        self._page = _Page({}, {}, ())

    def compose(self) -> ComposeResult:
        """The record, and what belongs to it."""
        with Box("", _KEYS if self._stop.entity else _KEYS_ALONE), Container(id="record"):
            yield Sheet(lambda width: Paper(width).line(("Reading…", "muted")))
            if self._stop.entity:
                yield RelatedList()

    def on_mount(self) -> None:
        """Read it."""
        (self.query_one(RelatedList) if self._stop.entity else self.query_one(Sheet)).focus()
        self._read()

    @property
    def _stop(self) -> _Stop:
        return self._way[-1]

    # -- reading

    def _read(self) -> None:
        self.query_one(Box).border_title = Content(plain(" › ".join(stop.label for stop in self._way)))
        work = partial(_page, self.host.ws, self._stop)
        in_background(self, work, self._show, self._failed, group="record", exclusive=True)

    def _show(self, page: _Page) -> None:
        self._page = page
        now = self.host.clock()
        self.query_one(Sheet).show(
            lambda width: write_page(width, in_order(page.record), page.types, page.changes, now)
        )
        if self._stop.entity:
            self.query_one(RelatedList).look_from(self._stop.entity, page.record)

    def _failed(self, error: EngineError) -> None:
        self.query_one(Sheet).fail(error)

    # -- walking

    def action_go(self, by: int) -> None:
        """Show a neighbour."""
        number = min(max(self._stop.number + by, 0), self._stop.count - 1)
        if number != self._stop.number:
            self._stop.number = number
            self._read()

    @on(ItemList.Chosen)
    def _chosen(self) -> None:
        self.query_one(RelatedList).enter()

    @on(RelatedList.Followed)
    def _followed(self, message: RelatedList.Followed) -> None:
        self._way.append(_along(self.host.ws, message.link, message.number))
        self._read()

    def action_back(self) -> None:
        """Back: out of a list of related records, to the record before, and at last out of the dialog."""
        if self._stop.entity and self.query_one(RelatedList).leave():
            return
        if len(self._way) == 1:
            self.action_leave()
            return
        self._way.pop()
        self._read()

    def action_leave(self) -> None:
        """Close, and say where one was."""
        self.dismiss(self._way[0].number)

    def action_scroll_page(self, direction: int) -> None:
        """Scroll the record, wherever the focus is."""
        self.query_one(Sheet).action_page(direction)

    # -- doing something with it

    def action_copy(self) -> None:
        """Choose what of the record to copy."""
        from revtops_tui.tui.record_actions import copy_menu

        copy_menu(self.host, self._page.record)

    def action_browse(self) -> None:
        """Open the record at the vendor."""
        from revtops_tui.tui.record_actions import browse

        browse(self.host, self._page.record)

    def action_json(self) -> None:
        """Show the record as JSON."""
        from revtops_tui.tui.dialogs.payload import PayloadDialog
        from revtops_tui.tui.record_actions import opened

        if self._page.record:
            self.host.push_screen(PayloadDialog(f"{self._stop.title} · JSON", "", opened(self._page.record)))

    async def action_traffic(self) -> None:
        """Go to the exchange that brought the record."""
        entity, row_id = self._stop.entity, self._page.record.get("id")
        if entity and row_id is not None:
            self.action_leave()
            await self.host.show_traffic(f"record:{entity}/{row_id}")


# Called in threads, where importing the engine does not hold up a frame.


def _page(ws: Workspace, stop: _Stop) -> _Page:
    record = stop.fetch(stop.number)
    if stop.entity is None or not record:
        return _Page(record, {}, ())
    from revtops_tui.engine.data import changes, types

    return _Page(record, types(ws, stop.entity), changes(ws, stop.entity, record["id"]))


def _along(ws: Workspace, link: Link, number: int) -> _Stop:
    """The stop that following a relation leads to."""

    def fetch(at: int) -> Mapping[str, Any]:
        from revtops_tui.engine.data import record

        return record(ws, link.entity, link.rows.ids[at])

    return _Stop(link.name, len(link.rows.ids), fetch, link.entity, number)
