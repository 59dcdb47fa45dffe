"""The palette: every command of every workspace, every connection and table by name, looks, settings, organizations.

It opens with what can be done here and now. The rest is read when the first letter is typed, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher
from textual.markup import escape
from textual.worker import WorkerError

from revtops_tui.tui.shell.keys import declared_by
from revtops_tui.tui.tabs import TABS, Tab
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.item_list import ItemList

if TYPE_CHECKING:
    from textual.binding import Binding
    from textual.dom import DOMNode

    from revtops_tui.engine.data import TableInfo
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp
    from revtops_tui.tui.operation import Operation
    from revtops_tui.tui.panes.connectors.inventory import Entry
    from revtops_tui.tui.panes.pane import Pane

_TITLE = 60
_HELP = 100


@dataclass(frozen=True)
class Offer:
    """A line of the palette. Its texts may name what a vendor named."""

    title: str
    help: str
    run: Callable[[], Any]
    keys: str = ""

    @property
    def line(self) -> str:
        """What is matched and shown."""
        return plain(self.title, _TITLE)


@dataclass(frozen=True)
class Things:
    """What there is that has a name."""

    entries: Sequence[Entry]
    tables: Sequence[TableInfo]
    organizations: Sequence[str]


class Everything(Provider):
    """All that can be done, in one list: so it is ordered by how well it fits, whatever it is."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._known: list[Offer] | None = None

    @property
    def _host(self) -> RevtopsApp:
        return cast("RevtopsApp", self.app)

    async def discover(self) -> Hits:
        """What can be done here, and everywhere."""
        for offer in self._here():
            yield DiscoveryHit(_shown(offer, Content(offer.line)), offer.run, offer.line, _help(offer))

    async def search(self, query: str) -> Hits:
        """Whatever fits what was typed."""
        matcher = self.matcher(query)
        for offer in await self._all():
            if (score := matcher.match(offer.line)) > 0:
                yield Hit(score, _shown(offer, _highlighted(matcher, offer.line)), offer.run, offer.line, _help(offer))

    async def _all(self) -> list[Offer]:
        if self._known is None:
            things = await asyncio.to_thread(_read, self._host.ws)
            here = list(self._here())
            elsewhere = await asyncio.to_thread(lambda: list(self._elsewhere()))
            self._known = [*here, *elsewhere, *self._of_things(things), *self._looks()]
        return self._known

    # -- commands

    def _here(self) -> Iterator[Offer]:
        seen = {"command_palette"}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if active.enabled and binding.tooltip and binding.action not in seen:
                seen.add(binding.action)
                run = partial(self._host.run_action, binding.action, active.node)
                yield Offer(binding.description, binding.tooltip, run, self.app.get_key_display(binding))

    def _elsewhere(self) -> Iterator[Offer]:
        """The commands of the workspaces that are not shown. Imports them."""
        for tab in TABS:
            if tab.id != self._host.tab:
                for binding in declared_by(tab.pane_class()):
                    if binding.tooltip:
                        title = f"{tab.title}: {binding.description}"
                        yield Offer(title, binding.tooltip, partial(self._there, tab, binding), binding.key)

    async def _there(self, tab: Tab, binding: Binding) -> None:
        pane = await self._go(tab.id)
        pane.call_later(self._run_in, pane, binding)

    async def _go(self, tab_id: str) -> Pane:
        """Go to a workspace, and wait until it has read what there is."""
        pane = await self._host.go(tab_id)
        for worker in [each for each in self._host.workers if pane in each.node.ancestors_with_self]:
            with suppress(WorkerError):
                await worker.wait()
        return pane

    async def _run_in(self, pane: Pane, binding: Binding) -> None:
        action = binding.action.split("(")[0]
        if pane.check_action(action, ()):
            await self._host.run_action(binding.action, cast("DOMNode", pane))
        else:
            self._host.tell(f"{binding.description}: not possible with what is chosen here.", severity="warning")

    # -- things

    def _of_things(self, things: Things) -> Iterator[Offer]:
        for entry in things.entries:
            yield from self._of_entry(entry)
        for table in things.tables:
            yield Offer(f"Open {table.label}", f"The table {table.name}", partial(self._open_table, table.name), "2")
        for organization in things.organizations:
            look = partial(self._host.look_at, organization)
            yield Offer(f"Organization {organization}", "Look at its connections and records", look)

    def _of_entry(self, entry: Entry) -> Iterator[Offer]:
        if entry.connection is None:
            if entry.manifest is not None:
                yield Offer(f"Connect {entry.title}", "Give its credentials", partial(self._choose, entry, "connect"))
            return
        yield Offer(f"Show {entry.title}", "Its state and what it brought", partial(self._choose, entry, ""))
        if entry.can_sync:
            yield Offer(f"Sync {entry.title}", "Fetch what is new", partial(self._sync, entry))
        if entry.can_query:
            yield Offer(f"Query {entry.title}…", "Ask it live", partial(self._choose, entry, "query"))
        if entry.can_act:
            from revtops_tui.tui.operation import operations_of

            for operation in operations_of(entry):
                title = f"{entry.title}: {operation.name}…"
                yield Offer(title, operation.description, partial(self._fill_in, operation))

    def _sync(self, entry: Entry) -> None:
        self._host.start_sync(entry.id, entry.title)

    async def _choose(self, entry: Entry, action: str) -> None:
        pane = await self._go("connectors")
        pane.query(ItemList).first().select(entry.id)
        if action:
            await self._host.run_action(action, pane)

    def _fill_in(self, operation: Operation) -> None:
        from revtops_tui.tui.dialogs.fill_in import FillInDialog
        from revtops_tui.tui.operation import submit

        self._host.push_screen(FillInDialog(operation, partial(submit, self._host.ws, operation)))

    async def _open_table(self, table: str) -> None:
        tables = (await self._go("data")).query(ItemList).first()
        tables.select(table)
        tables.action_choose()

    # -- looks

    def _looks(self) -> Iterator[Offer]:
        from revtops_tui.engine.settings import all_declared

        for setting in all_declared():
            run = partial(self._host.show_settings, setting.key)
            yield Offer(f"Setting {setting.key}", setting.help, run, ",")
            for choice in setting.choices:
                change = partial(self._host.change_setting, setting.key, choice)
                yield Offer(f"{setting.name.capitalize()} {choice}", f"Set {setting.key}", change)


def _highlighted(matcher: Matcher, line: str) -> Content:
    """A line with what was matched in it. The matcher's own way would take brackets in it for markup."""
    content = Content(line)
    for place in matcher.fuzzy_search.match(matcher.query, line)[1]:
        if not line[place].isspace():
            content = content.stylize(matcher.match_style, place, place + 1)
    return content


def _help(offer: Offer) -> str:
    """What is said beneath a line, which the palette takes for markup."""
    return escape(plain(offer.help, _HELP))


def _shown(offer: Offer, line: Content) -> Content:
    return Content.assemble(line, (f"  {offer.keys}", "$text-muted")) if offer.keys else line


def _read(ws: Workspace) -> Things:
    from revtops_tui.engine.data import tables
    from revtops_tui.engine.organizations import organizations
    from revtops_tui.tui.panes.connectors.inventory import load

    return Things(load(ws), tables(ws), [each.id for each in organizations(ws) if each.id != ws.organization_id])
