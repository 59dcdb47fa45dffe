"""Filling in an operation: a form made from what its connector declares; what was typed waits when it is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Static

from connectors.errors import InvalidInputError
from connectors.parameters import validate_arguments
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.dialogs.send import SendDialog
from revtops_tui.tui.operation import Operation
from revtops_tui.tui.papers.document import write_record
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.form import CLEARED, Field, Form
from revtops_tui.tui.widgets.press import Press
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.operations import OperationResult

_AROUND_FIELDS = 9
_PREVIEW = 5
_WIDE = 100


class FillInDialog(Dialog[bool]):
    """Dismissed with True when it was sent, whatever came of it, or with None."""

    DEFAULT_CSS = """
    FillInDialog {
        & > Box { width: 116; }
        & .both { height: auto; }
        & VerticalScroll { width: 3fr; height: auto; scrollbar-size-vertical: 1; }
        & #preview { width: 2fr; height: 100%; padding: 0 0 0 2; border-left: solid $border-blurred; }
        & #preview:focus { border-left: solid $primary; }
        &.-narrow {
            & .both { layout: vertical; }
            & VerticalScroll { width: 100%; }
            & #preview { width: 100%; height: 5; padding: 0; border-left: none; border-top: solid $border-blurred; }
            & #preview:focus { border-left: none; border-top: solid $primary; }
        }
        & .about { color: $text-muted; height: auto; max-height: 3; margin-bottom: 1; }
        & #state { height: auto; max-height: 4; color: $text-muted; }
        & #state.-wrong { color: $error; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("form.review", "ctrl+s,f5", "review", "Review", show=False),
        command("form.copy", "y", "copy_command", "Copy", "Copy it as a command", show=False),
    ]

    def __init__(
        self,
        operation: Operation,
        send: Callable[[Mapping[str, Any]], OperationResult],
        *,
        values: Mapping[str, Any] | None = None,
        draft: str = "",
    ) -> None:
        """`send` carries it out, in a thread; `values` are filled in already; `draft` is what its draft is kept as."""
        super().__init__()
        self._operation = operation
        self._send = send
        self._draft = draft or operation.id
        given = operation.arguments_of(values or {})
        self._values = {name: CLEARED if value is None else value for name, value in given.items()}

    def compose(self) -> ComposeResult:
        """The declared parameters."""
        values = self.host.drafts.get(self._draft, self._values)
        with Box(self._operation.title, "ctrl+s look over & send · tab next · esc close"):
            if self._operation.description:
                yield Static(plain(self._operation.description, 2_000), markup=False, classes="about")
            with Horizontal(classes="both"):
                with VerticalScroll(can_focus=False):
                    yield Form(self._operation.parameters, values)
                yield Sheet(self._write, name="preview")
            yield Static(self._usual, markup=False, id="state")
            with Horizontal(classes="buttons"):
                yield Press("Cancel", name="cancel")
                yield Press("Look over & send", name="review")

    @property
    def _usual(self) -> str:
        return "* required" if self._operation.parameters else "It takes nothing."

    def on_mount(self) -> None:
        """Start in the first field."""
        fields = self.query(Field)
        if fields:
            fields.first().focus_editor()
        else:
            self.query_one("#review").focus()

    def on_resize(self) -> None:
        """The fields scroll; what stands below them, and the buttons, are always in view."""
        is_narrow = self.size.width < _WIDE
        self.set_class(is_narrow, "-narrow")
        room = int(self.size.height * 0.92) - _AROUND_FIELDS - (_PREVIEW if is_narrow else 0)
        self.query_one(VerticalScroll).styles.max_height = max(4, room)

    @on(Field.Changed)
    def _changed(self) -> None:
        self.query_one("#preview", Sheet).rewrite()

    def _write(self, width: int) -> Paper:
        """What would be sent as it stands, and the command that sends the same."""
        paper = Paper(width).line(("Will be sent", "title"))
        arguments = self.query_one(Form).values()
        if arguments:
            paper.put(write_record(width, self._operation.shown(arguments)))
        else:
            paper.line(("nothing yet" if self._operation.parameters else "nothing", "muted"))
        paper.heading("As a command", "tab here, then y copies")
        return paper.text(self._operation.command(arguments), "muted")

    def action_copy_command(self) -> None:
        """Copy the command that sends the same."""
        self.host.copy(self._operation.command(self.query_one(Form).values()), "the command")

    def action_leave(self) -> None:
        """Close; what was typed is kept until the app is left."""
        self.host.drafts[self._draft] = self.query_one(Form).draft()
        self.dismiss(None)

    @on(Press.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_leave()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.focus_next()

    @on(Press.Pressed, "#review")
    def action_review(self) -> None:
        """Check what was typed, then show what is about to be sent."""
        form = self.query_one(Form)
        self._say("")
        if not form.check():
            return
        try:
            arguments = validate_arguments(self._operation.parameters, form.values())
        except InvalidInputError as error:  # what no single field could know
            self._say(error.message)
            return
        send = partial(self._send, arguments)
        self.host.push_screen(SendDialog(self._operation, arguments, send), self._sent)

    def _sent(self, sent: bool | None) -> None:
        if sent:
            self.host.drafts.pop(self._draft, None)
            self.dismiss(True)

    def _say(self, problem: str) -> None:
        state = self.query_one("#state", Static)
        state.set_class(bool(problem), "-wrong")
        state.update(plain(problem, 1_000) or self._usual)
