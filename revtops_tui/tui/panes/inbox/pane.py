"""What waits for somebody to agree, and what systems told by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content

from revtops_tui.engine.person import whoever_this_is
from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.panes.inbox.mail import Mail, empty, event_item, load, request_item, write_event, write_request
from revtops_tui.tui.panes.inbox.replaying import Replaying
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.papers.foresight import foresee
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.item_list import ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.approvals import ApprovalInfo
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.inbox import EventInfo
    from revtops_tui.engine.operations import OperationResult
    from revtops_tui.engine.preview import Preview
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.operation import Operation

_AGES_CHANGE = 30.0


class InboxPane(Pane):
    """Requests above, events beneath, and what is chosen of them beside."""

    DEFAULT_CSS = """
    InboxPane {
        & > Vertical { width: 44%; min-width: 30; max-width: 60; }
        & #requests { height: auto; min-height: 4; max-height: 50%; }
        & #events { height: 1fr; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("inbox.approve", "a", "approve", "Approve", "Agree to this request, and have it carried out"),
        command("inbox.reject", "x", "reject", "Reject", "Say no to this request, and why"),
        command("inbox.edit", "e", "edit", "Edit", "Change what is asked for, then agree to that"),
        command("inbox.replay", "p", "replay", "Replay", "Have this event handled again"),
        command("inbox.reload", "r", "reload", "Reload", "Read requests and events again", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._mail = Mail()
        self._results: dict[int, OperationResult] = {}
        self._previews: dict[int, Preview | None] = {}
        self._is_loaded = False
        self._is_stale = False
        self._shows_events = False

    def compose(self) -> ComposeResult:
        """Both lists, and the sheet."""
        with Vertical():
            yield ItemList("Approvals", empty="Reading…", name="requests")
            yield ItemList("Events", empty="Reading…", name="events")
        yield Sheet(name="letter")

    def on_mount(self) -> None:
        """Read what there is, and again when something was stored."""
        self._replaying = Replaying(self, self.host, self.action_reload)
        self.host.committed.subscribe(self, lambda _: self._catch_up())
        self.set_interval(_AGES_CHANGE, self._catch_up)
        self.action_reload()

    def focus_main(self) -> None:
        """The list that was used last, brought up to date."""
        (self._events if self._shows_events else self._requests).focus()
        if self._is_stale:
            self.action_reload()

    @property
    def _requests(self) -> ItemList:
        return self.query_one("#requests", ItemList)

    @property
    def _events(self) -> ItemList:
        return self.query_one("#events", ItemList)

    @property
    def request(self) -> ApprovalInfo | None:
        """The request that is chosen."""
        item = None if self._shows_events else self._requests.current
        return next((one for one in self._mail.requests if item and str(one.id) == item.id), None)

    @property
    def event(self) -> EventInfo | None:
        """The event that is chosen."""
        item = self._events.current if self._shows_events else None
        return next((one for one in self._mail.events if item and str(one.id) == item.id), None)

    # -- reading

    def _catch_up(self) -> None:
        self._is_stale = True
        if self.display:
            self.action_reload()

    def action_reload(self) -> None:
        """Read requests and events again."""
        self._is_stale = False
        in_background(self, partial(load, self.host.ws), self._loaded, self._failed, group="mail", exclusive=True)

    def _loaded(self, mail: Mail) -> None:
        self._mail = mail
        # One without an answer may be under way in another process: that is looked up again.
        self._results = {key: one for key, one in self._results.items() if one.status != "unknown" or one.error}
        self._requests.say("Nothing waits.")
        self._events.say("None came.")
        self._list()
        if not self._is_loaded and not mail.requests and mail.events:
            self._shows_events = True
            self._events.focus()
        self._is_loaded = True
        self._show(keep_place=True)

    def _list(self) -> None:
        mail, now = self._mail, self.host.clock()
        self._requests.show([request_item(mail, one, self._results.get(one.id), now) for one in mail.requests])
        self._events.show([event_item(mail, one, now) for one in mail.events])

    def _failed(self, error: EngineError) -> None:
        for items in (self._requests, self._events):
            items.say("Not available.")
            items.show([])
        self._sheet_title("The inbox could not be read")
        self.query_one(Sheet).fail(error)

    # -- showing

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What is shown belongs to the list that was used last."""
        if isinstance(event.widget, ItemList) and self._shows_events is not (event.widget is self._events):
            self._shows_events = event.widget is self._events
            self._show()

    @on(ItemList.Highlighted)
    def _highlighted(self, message: ItemList.Highlighted) -> None:
        if (message.list is self._events) is self._shows_events:
            self._show()

    @on(ItemList.Chosen)
    def _chosen(self) -> None:
        self.query_one(Sheet).focus()

    def _show(self, *, keep_place: bool = False) -> None:
        self.refresh_bindings()
        request = self.request
        self._sheet_title("Request" if request else "Event" if self.event else "")
        self.query_one(Sheet).show(self._write, keep_place=keep_place)
        if request is not None:
            self._look_up(request)

    def _look_up(self, request: ApprovalInfo) -> None:
        """Have what is not stored with a request: what it would change, or what became of it."""
        if request.status != "waiting":
            if request.id not in self._results:
                look = partial(_outcome, self.host.ws, request.id)
                done = partial(self._have_outcome, request.id)
                in_background(self, look, done, _nothing, group="outcome", exclusive=True)
            return
        operation = self._mail.operation(request)
        if request.kind == "write" and operation is not None and request.id not in self._previews:
            self._previews[request.id] = None  # asked once: what goes wrong now, approving it will tell
            foreseen = partial(self._have_preview, request.id)
            in_background(self, partial(foresee, self.host.ws, operation, request.arguments), foreseen, _nothing)

    def _sheet_title(self, title: str) -> None:
        self.query_one(Sheet).border_title = Content(plain(title)) if title else None

    def _have_preview(self, request_id: int, preview: Preview) -> None:
        self._previews[request_id] = preview
        self.query_one(Sheet).rewrite()

    def _have_outcome(self, request_id: int, result: OperationResult) -> None:
        self._results[request_id] = result
        self._list()
        self.query_one(Sheet).rewrite()

    def _write(self, width: int) -> Paper:
        now = self.host.clock()
        if event := self.event:
            return write_event(width, self._mail, event, now)
        if request := self.request:
            result, preview = self._results.get(request.id), self._previews.get(request.id)
            return write_request(width, self._mail, request, now, result=result, preview=preview)
        return empty(width) if self._is_loaded else Paper(width).line(("Reading…", "muted"))

    # -- deciding

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """What makes sense for what is chosen; the rest is neither offered nor done."""
        if action in ("approve", "reject", "edit"):
            request = self.request if self.is_mounted else None
            return request is not None and request.status == "waiting"
        if action == "replay":
            return self.is_mounted and self.event is not None
        return True

    def _declared(self, request: ApprovalInfo) -> Operation | None:
        operation = self._mail.operation(request)
        if operation is None:
            message = f"{self._mail.system(request.selector)} does not declare {request.operation} any more: reject it."
            self.host.tell(message, title="Cannot be approved", severity="error")
        return operation

    def action_approve(self) -> None:
        """Have it carried out; what cannot be undone is asked about once more."""
        if (request := self.request) is None or (operation := self._declared(request)) is None:
            return
        from revtops_tui.tui.dialogs.send import SendDialog

        send = partial(self._approve, request.id, None)
        at_once = not operation.cannot_be_undone
        self.host.push_screen(SendDialog(operation, request.arguments, send, at_once=at_once), self._decided)

    def action_edit(self) -> None:
        """Fill in the form with what is asked for, and agree to what is there then."""
        if (request := self.request) is None or (operation := self._declared(request)) is None:
            return
        from revtops_tui.tui.dialogs.fill_in import FillInDialog

        send = partial(self._approve, request.id)
        dialog = FillInDialog(operation, send, values=request.arguments, draft=f"request {request.id}")
        self.host.push_screen(dialog, self._decided)

    def _approve(self, request_id: int, data: Mapping[str, Any] | None) -> OperationResult:
        """In a thread."""
        from revtops_tui.engine.approvals import approve

        result = approve(self.host.ws, request_id, decided_by=whoever_this_is(), data=data)
        self._results[request_id] = result  # with its hint, which the ledger does not keep
        return result

    def _decided(self, _sent: object) -> None:
        self.action_reload()

    def action_reject(self) -> None:
        """Say no."""
        if (request := self.request) is None:
            return
        from revtops_tui.tui.dialogs.note import NoteDialog

        text = f"{request.operation} in {self._mail.system(request.selector)} is not sent. Say why, if you like:"
        dialog = NoteDialog("Reject this request?", text, done="rejects it")
        self.host.push_screen(dialog, partial(self._reject, request.id))

    def _reject(self, request_id: int, note: str | None) -> None:
        if note is None:
            return
        in_background(
            self,
            partial(_reject, self.host.ws, request_id, note or None),
            self._decided,
            partial(self.host.tell_error, title="Not rejected"),
            group="reject",
        )

    # -- events

    def action_replay(self) -> None:
        """Have it handled again."""
        if event := self.event:
            self._replaying.start(event)


def _nothing(_: object) -> None:
    return


# Called in threads, where importing the engine does not hold up a frame.


def _outcome(ws: Workspace, request_id: int) -> OperationResult:
    from revtops_tui.engine.approvals import outcome

    return outcome(ws, request_id)


def _reject(ws: Workspace, request_id: int, note: str | None) -> None:
    from revtops_tui.engine.approvals import reject

    reject(ws, request_id, decided_by=whoever_this_is(), note=note)
