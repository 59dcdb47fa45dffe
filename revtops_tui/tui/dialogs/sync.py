"""A sync that is not the usual one: from some day on, of some entities, or only tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, SelectionList, Static
from textual.widgets.selection_list import Selection

from connectors.models import entity_name
from connectors.parameters import Parameter
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.moments import moment
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.shell.jobs import Extent
from revtops_tui.tui.text import label_of, plain
from revtops_tui.tui.widgets.form import Field, Form
from revtops_tui.tui.widgets.press import Press

_FULL = Parameter(
    "full",
    "boolean",
    default=False,
    label="Everything",
    description="Fetch all there is again, and notice what was deleted.",
)
_SINCE = Parameter("since", label="Since", description="2026-01-31, 2026-01-31T09:30, 12h, 7d, today or yesterday.")
_DRY_RUN = Parameter(
    "dry_run",
    "boolean",
    default=False,
    label="Only try",
    description="Fetch and compare, say what would change, store nothing.",
)
_AROUND = 9


class SyncDialog(Dialog[Extent]):
    """Dismissed with how much to sync, or None."""

    DEFAULT_CSS = """
    SyncDialog {
        & VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
        & .label { color: $text-muted; }
        & SelectionList {
            height: auto;
            max-height: 8;
            border: none;
            padding: 0;
            background: $panel;
            &:focus { border: none; }
        }
        & #state { height: auto; max-height: 3; color: $error; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [command("sync.start", "ctrl+s,f5", "start", "Sync", show=False)]

    def __init__(self, title: str, entities: Sequence[str]) -> None:
        """`entities`: those the connector declares."""
        super().__init__()
        self._heading = title
        self._entities = tuple(dict.fromkeys(entity_name(one) for one in entities))

    def compose(self) -> ComposeResult:
        """What there is to say, and the two answers."""
        with Box(f"Sync {self._heading}", "ctrl+s sync · tab next · space ticks · esc close"):
            with VerticalScroll(can_focus=False):
                yield Form([_FULL, _SINCE, _DRY_RUN], {})
                yield Static("Entities", markup=False, classes="label")
                yield SelectionList(*[Selection(Content(label_of(one)), one, True) for one in self._entities])
            yield Static("", markup=False, id="state")
            with Horizontal(classes="buttons"):
                yield Press("Cancel", name="cancel")
                yield Press("Sync", name="sync")

    def on_mount(self) -> None:
        """Start in the first field."""
        self.query(Field).first().focus_editor()

    def on_resize(self) -> None:
        """The fields scroll; the buttons are always in view."""
        self.query_one(VerticalScroll).styles.max_height = max(4, self.size.height - _AROUND)

    @on(Press.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_leave()

    @on(Input.Submitted)
    @on(Press.Pressed, "#sync")
    def action_start(self) -> None:
        """Check it, and let it start."""
        try:
            self.dismiss(self._extent())
        except EngineError as error:
            self.query_one("#state", Static).update(plain(error.message, 1_000))

    def _extent(self) -> Extent:
        given = self.query_one(Form).values()
        chosen = tuple(self.query_one(SelectionList).selected)
        if given.get("full") and given.get("since"):
            raise EngineError("usage", "Everything, and only since some day, contradict each other.")
        if not chosen:
            raise EngineError("usage", "Nothing is ticked: which entities are to be synced?")
        return Extent(
            full=bool(given.get("full")),
            since=moment(given["since"]) if given.get("since") else None,
            entities=chosen if len(chosen) < len(self._entities) else (),
            dry_run=bool(given.get("dry_run")),
        )
