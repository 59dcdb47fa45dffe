"""What is about to be sent, the last word about it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.operation import Operation
from revtops_tui.tui.papers.document import write_record
from revtops_tui.tui.papers.foresight import foresee, write_changes, write_request
from revtops_tui.tui.papers.outcome import summary, write_outcome
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.press import Press
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.operations import OperationResult
    from revtops_tui.engine.preview import Preview

_AROUND_SHEET = 8


class SendDialog(Dialog[bool]):
    """Dismissed with True when it was sent, whatever came of it; with None when it was not.

    It can be left while no answer has come: that is told wherever one is by then.
    """

    DEFAULT_CSS = """
    SendDialog {
        & > Box { width: 90; }
        & Sheet { height: auto; padding: 0; }
        & #state { height: auto; max-height: 4; margin-top: 1; color: $text-muted; }
        & #state.-wrong { color: $error; }
        & #state.-busy { color: $accent; }
        &.-ended #state, &.-ended .buttons { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("send.previous", "left,h", "app.focus_previous", "Previous", show=False),
        command("send.next", "right,l", "app.focus_next", "Next", show=False),
        command("send.close", "enter,q", "close", "Close", show=False),
        command("send.copy", "y", "copy_command", "Copy", "Copy it as a command", show=False),
    ]

    def __init__(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        send: Callable[[], OperationResult],
        *,
        at_once: bool = False,
    ) -> None:
        """`send` carries it out, in a thread. `at_once`: somebody has agreed already."""
        super().__init__()
        self._operation = operation
        self._arguments = arguments
        self._send = send
        self._at_once = at_once
        self._is_sent = False
        self._seconds = 0
        self._preview: Preview | None = None
        self._problem: EngineError | None = None

    def compose(self) -> ComposeResult:
        """What is sent, what that means, and the two answers."""
        with Box(self._operation.title, "← → choose · enter · tab scrolls · y command · esc"):
            yield Sheet(self._write_arguments)
            yield Static(self._meaning, markup=False, id="state")
            with Horizontal(classes="buttons"):
                yield Press("Cancel", name="cancel")
                yield Press("Send once" if self._operation.cannot_be_undone else "Send", name="send")

    @property
    def _meaning(self) -> str:
        if self._operation.cannot_be_undone:
            return f"{plain(self._operation.system)} does this once for each time it is sent; it cannot be taken back."
        return "It changes nothing." if self._operation.read_only else ""

    def on_mount(self) -> None:
        """A stray enter never does what cannot be undone."""
        self._clock = self.set_interval(1, self._count, pause=True)
        if self._at_once:
            self.action_send()
        else:
            self.query_one("#cancel" if self._operation.cannot_be_undone else "#send").focus()
            if not self._operation.read_only:  # of which a dry run would be the whole
                self._foresee()

    def _foresee(self) -> None:
        look = partial(foresee, self.host.ws, self._operation, self._arguments)
        in_background(self, look, self._foreseen, self._not_foreseen, group="preview")

    def _foreseen(self, preview: Preview) -> None:
        self._preview = preview
        self._rewrite()

    def _not_foreseen(self, error: EngineError) -> None:
        self._problem = error
        self._rewrite()

    def _rewrite(self) -> None:
        if not self.has_class("-ended"):
            self.query_one(Sheet).rewrite()

    def on_resize(self) -> None:
        """The sheet scrolls; the answers are always in view."""
        self.query_one(Sheet).styles.max_height = max(3, int(self.size.height * 0.92) - _AROUND_SHEET)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Enter closes only what has ended."""
        return self.has_class("-ended") if action == "close" else True

    def action_copy_command(self) -> None:
        """Copy the command that sends the same."""
        self.host.copy(self._operation.command(self._arguments), "the command")

    def action_close(self) -> None:
        """Close it, read."""
        self.dismiss(True)

    def action_leave(self) -> None:
        """Close it: nothing is sent, or what was sent goes on by itself."""
        self.dismiss(True if self._is_sent else None)

    @on(Press.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.action_leave()

    @on(Press.Pressed, "#send")
    def action_send(self) -> None:
        """Send it."""
        if self._is_sent:
            return
        self._is_sent = True
        self._seconds = 0
        for button in self.query(Press):
            button.disabled = True
        self._say("Sending…", "-busy")
        self._clock.resume()
        in_background(self.app, self._send, self._ended, self._refused, group=f"send {self._operation.id}")

    def _count(self) -> None:
        self._seconds += 1
        self._say(f"Sending… {self._seconds} s", "-busy")

    def _ended(self, result: OperationResult) -> None:
        if not self.is_current:
            message, severity = summary(result)
            self.host.tell(message, title=self._operation.title, severity=severity)
            return
        self._clock.pause()
        self.add_class("-ended")
        self.query_one(Box).name_keys("↑ ↓ scroll · enter close")
        sheet = self.query_one(Sheet)
        sheet.show(lambda width: write_outcome(Paper(width), self._operation.system, result))
        sheet.focus()

    def _refused(self, error: EngineError) -> None:
        """It did not come so far that anything was sent."""
        if not self.is_current:
            self.host.tell_error(error, title=self._operation.title)
            return
        self._clock.pause()
        self._is_sent = False
        self._say("\n".join(part for part in ("Nothing was sent.", error.message, error.hint) if part), "-wrong")
        for button in self.query(Press):
            button.disabled = False
        self.query_one("#cancel").focus()

    def _say(self, text: str, tone: str) -> None:
        state = self.query_one("#state", Static)
        state.set_classes(tone)
        state.update("\n".join(plain(line) for line in text.splitlines()))

    def _write_arguments(self, width: int) -> Paper:
        paper = Paper(width)
        if self._arguments:
            paper.put(write_record(width, self._operation.shown(self._arguments)))
        else:
            paper.text("It takes nothing.", "muted")
        if self._problem is not None:
            paper.blank().text(self._problem.message, "muted" if self._problem.kind == "usage" else "bad")
        if self._preview is not None:
            write_changes(paper, self._operation.system, self._preview, self.host.clock())
            write_request(paper, self._preview)
        return paper
