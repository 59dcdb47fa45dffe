"""Whose data is looked at: the organizations there are, and a new one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.words import plural

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.organizations import Organization
    from revtops_tui.engine.workspace import Workspace


class OrganizationsDialog(Dialog[str]):
    """Dismissed with the id of the organization that was chosen, which every command uses from then on, or None."""

    DEFAULT_CSS = """
    OrganizationsDialog {
        & ItemList { height: auto; min-height: 1; max-height: 16; border: none; &:focus { border: none; } }
        & #problem { height: auto; color: $error; display: none; &.-wrong { display: block; } }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [command("organizations.create", "n", "create", "New", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self._syncs: dict[str, int] = {}

    def compose(self) -> ComposeResult:
        """One line for each, and room for what went wrong."""
        with Box("Organization", "enter looks at it · n new · / filter · esc"):
            yield ItemList("", empty="Reading…", name="organizations")
            yield Static("", markup=False, id="problem")

    def on_mount(self) -> None:
        """Read them."""
        for job in self.host.jobs.everywhere:
            self._syncs[job.organization] = self._syncs.get(job.organization, 0) + 1
        in_background(self, partial(_organizations, self.host.ws), self._show, self._say)

    def _show(self, found: Sequence[Organization]) -> None:
        items = self.query_one(ItemList)
        items.show([self._item(one) for one in found])
        items.select(self.host.ws.organization_id)
        items.focus()

    def _item(self, one: Organization) -> Item:
        syncs = self._syncs.get(one.id)
        label = f"{one.id} · {plural(one.connections, 'connection')}"
        mark, tone = ("●", "good") if one.current else (" ", "off")
        return Item(one.id, label, plural(syncs, "sync", "syncs") if syncs else "", mark, tone)

    @on(ItemList.Chosen)
    def _chosen(self, message: ItemList.Chosen) -> None:
        self._use(message.item.id)

    def _use(self, organization_id: str) -> None:
        in_background(self, partial(_use, self.host.ws, organization_id), self._done, self._say)

    def _done(self, organization_id: str) -> None:
        self.dismiss(organization_id)

    def action_create(self) -> None:
        """Ask for a name, make it, and look at it."""
        from revtops_tui.tui.dialogs.note import NoteDialog

        text = "Its connections and records are kept apart from those of the others. Its name:"
        self.host.push_screen(NoteDialog("A new organization", text, done="makes it"), self._create)

    def _create(self, name: str | None) -> None:
        if name is not None:
            in_background(self, partial(_create, self.host.ws, name), self._use, self._say)

    def _say(self, error: EngineError) -> None:
        problem = self.query_one("#problem", Static)
        problem.set_class(True, "-wrong")
        problem.update(plain(error.message, 1_000))


# Called in threads, where importing the engine does not hold up a frame.


def _organizations(ws: Workspace) -> list[Organization]:
    from revtops_tui.engine.organizations import Organization, organizations

    found = organizations(ws)
    if any(one.current for one in found):
        return found
    return [Organization(ws.organization_id, ws.organization_id, current=True, connections=0), *found]  # not used yet


def _use(ws: Workspace, organization_id: str) -> str:
    from revtops_tui.engine.organizations import use_organization

    if organization_id != ws.organization_id:
        use_organization(ws, organization_id)
    return organization_id


def _create(ws: Workspace, name: str) -> str:
    from revtops_tui.engine.organizations import create_organization

    return create_organization(ws, name).id
