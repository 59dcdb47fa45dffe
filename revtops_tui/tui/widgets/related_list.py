"""What belongs to a record: one line for each relation, and when one is entered, one for each of its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import BindingType
from textual.message import Message
from textual.worker import get_current_worker

from revtops_tui.tui.command import command
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.item_list import Item, ItemList

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.relations import Link
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp


class RelatedList(ItemList):
    """Relations of one record, filled as they are found: a large table takes half a second to look through."""

    BINDINGS: ClassVar[list[BindingType]] = [
        command("record.page_down", "pagedown,ctrl+d", "screen.scroll_page(1)", "Page down", show=False),
        command("record.page_up", "pageup,ctrl+u", "screen.scroll_page(-1)", "Page up", show=False),
    ]

    @dataclass
    class Followed(Message):
        """A related record was chosen: that with this number among the rows of the link."""

        link: Link
        number: int

    def __init__(self) -> None:
        super().__init__("Relations", empty="Looking…", name="relations")
        self._links: list[Link] = []
        self._entered: Link | None = None
        self._from: tuple[str, Any] = ("", None)

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    def look_from(self, entity: str, record: Mapping[str, Any]) -> None:
        """Look for what belongs to this record."""
        self._from = (entity, record.get("id"))
        self._links, self._entered = [], None
        self.say("Looking…")
        self._list()
        if not record:
            self.say("Nothing.")
            return
        self.run_worker(
            partial(self._look, self.host.ws, entity, record),
            thread=True,
            exit_on_error=False,
            group="related",
            exclusive=True,
        )

    def enter(self) -> None:
        """Follow what is under the cursor: to its only record, or into its list of records."""
        item = self.current
        if item is None:
            return
        if self._entered is not None:
            self.post_message(self.Followed(self._entered, int(item.id)))
            return
        link = self._links[int(item.id)]
        if not link.rows.ids:
            self.host.tell(f"{link.name}: not synced, or deleted.")
        elif len(link.rows.ids) == 1:
            self.post_message(self.Followed(link, 0))
        else:
            self._entered = link
            self._list()
            self.select("0")

    def leave(self) -> bool:
        """Back to the relations; False when they are what is shown."""
        if self._entered is None:
            return False
        place = self._links.index(self._entered)
        self._entered = None
        self._list()
        self.select(str(place))
        return True

    def _list(self) -> None:
        if self._entered is None:
            self.show([self._relation(place, link) for place, link in enumerate(self._links)])
            return
        entered = self._entered
        more = len(entered.rows.ids) - len(entered.rows.first)
        section = f"{entered.name} · the first {len(entered.rows.first)}" if more else entered.name
        rows = entered.rows.first
        self.show([Item(str(number), plain(row.name), section=section) for number, row in enumerate(rows)])

    def _relation(self, place: int, link: Link) -> Item:
        count = f"{len(link.rows.ids):,}{'+' if link.rows.more else ''}"
        if link.one:
            name = link.rows.first[0].name if link.rows.first else "not synced"
            return Item(str(place), f"{link.name}: {plain(name)}", mark="→")
        return Item(str(place), link.name, count, mark="→" if link.rows.ids else " ")

    # -- looking

    def _look(self, ws: Workspace, entity: str, record: Mapping[str, Any]) -> None:
        """In a thread: each relation is shown when it is found."""
        from revtops_tui.engine.errors import people
        from revtops_tui.engine.relations import links

        worker = get_current_worker()
        start = (entity, record.get("id"))
        try:
            for link in links(ws, entity, record, cancelled=lambda: worker.is_cancelled):
                self.call_later(partial(self._found, start, link))
        except Exception as error:  # noqa: BLE001 - whatever it is, the record stays and the list says it
            if not worker.is_cancelled:
                self.call_later(partial(self._failed, people(error)))
            return
        self.call_later(partial(self._done, start))

    def _found(self, start: tuple[str, Any], link: Link) -> None:
        if start == self._from:
            self._links.append(link)
            if self._entered is None:
                self._list()

    def _done(self, start: tuple[str, Any]) -> None:
        if start == self._from and not self._links:
            self.say("Nothing belongs to this record.")

    def _failed(self, error: EngineError) -> None:
        self.say(plain(error.message))
