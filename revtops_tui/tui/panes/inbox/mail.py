"""What the inbox lists, read in one go, and each of it on paper: requests for approval, and events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from revtops_tui.tui.operation import Operation, find, operations_of
from revtops_tui.tui.panes.connectors.inventory import load as load_inventory
from revtops_tui.tui.papers.document import write_record
from revtops_tui.tui.papers.foresight import write_changes
from revtops_tui.tui.papers.outcome import write_outcome
from revtops_tui.tui.text import age, ago, left
from revtops_tui.tui.widgets.item_list import Item
from revtops_tui.tui.widgets.sheet import Paper
from revtops_tui.words import plural

if TYPE_CHECKING:
    from revtops_tui.engine.approvals import ApprovalInfo
    from revtops_tui.engine.inbox import EventInfo
    from revtops_tui.engine.operations import OperationResult
    from revtops_tui.engine.preview import Preview
    from revtops_tui.engine.workspace import Workspace

_DECIDED = 50
_EVENTS = 500
_LABEL = 10
_WHO = {"agent": "An agent", "api": "The local API", "person": "A person"}
_REQUEST_MARKS = {
    "waiting": ("?", "busy"),
    "approved": ("✓", "good"),
    "rejected": ("✗", "bad"),
    "expired": ("✗", "off"),
    "ok": ("✓", "good"),
    "failed": ("✗", "bad"),
    "unknown": ("!", "busy"),
}
_EVENT_MARKS = {"waiting": ("…", "busy"), "handled": ("✓", "good"), "failed": ("!", "bad"), "set_aside": ("✗", "bad")}


@dataclass(frozen=True)
class Mail:
    """Requests, those that wait first, and events; the newest of each first. `titles` are those of connections."""

    requests: Sequence[ApprovalInfo] = ()
    events: Sequence[EventInfo] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    operations: Sequence[Operation] = ()

    def system(self, selector: str) -> str:
        """A connection's title."""
        return self.titles.get(selector, selector)

    def operation(self, request: ApprovalInfo) -> Operation | None:
        """What is asked for, as it is declared; None where it no longer is."""
        return find(self.operations, request.selector, request.kind, request.operation)


def load(ws: Workspace) -> Mail:
    """Everything there is. Blocking. Raises EngineError."""
    from revtops_tui.engine import approvals, inbox

    entries = [entry for entry in load_inventory(ws) if entry.connection is not None]
    decided = [one for one in approvals.approvals(ws, limit=_DECIDED) if one.status != "waiting"]
    return Mail(
        [*approvals.waiting(ws), *decided],
        inbox.events(ws, limit=_EVENTS),
        {entry.id: entry.title for entry in entries},
        [operation for entry in entries for operation in operations_of(entry)],
    )


# -- as rows of the lists ----------------------------------------------------------------------------------------------


def request_item(mail: Mail, request: ApprovalInfo, result: OperationResult | None, now: dt.datetime) -> Item:
    """A request: who asks, and how long it goes on waiting; or what became of it."""
    waits = request.status == "waiting"
    state = result.status if result is not None and result.status in _REQUEST_MARKS else request.status
    note = f"{request.requested_by} {left(request.expires_at, now)}" if waits else state
    return Item(
        str(request.id),
        f"{request.operation} · {mail.system(request.selector)}",
        note,
        *_REQUEST_MARKS[state],
        section="Waiting" if waits else "Decided",
        search=f"{request.requested_by} {request.status} {request.reason or ''}",
    )


def event_item(mail: Mail | None, event: EventInfo, now: dt.datetime) -> Item:
    """An event: what happened, where unless all are of one connection (no `mail`), and when it came."""
    mark, tone = _EVENT_MARKS[event.status]
    search = f"{event.connection} {event.status} {event.event_id} {event.error or ''}"
    label = f"{event.type} · {mail.system(event.connection)}" if mail else event.type
    return Item(str(event.id), label, age(event.received_at, now), mark, tone, search=search)


# -- on paper ----------------------------------------------------------------------------------------------------------


def empty(width: int) -> Paper:
    """What comes here, while nothing has."""
    paper = Paper(width).line(("Nothing has come yet", "title")).blank()
    paper.text("Requests of agents and of the local API that have to wait for approval appear here at once.")
    paper.blank().text("Events that connected systems send are listed while something takes them:", "muted")
    return paper.line(("  revtops listen", "key"))


def write_request(
    width: int,
    mail: Mail,
    request: ApprovalInfo,
    now: dt.datetime,
    *,
    result: OperationResult | None = None,
    preview: Preview | None = None,
) -> Paper:
    """What is asked for, by whom and why; what it would change, or how it ended."""
    paper = Paper(width)
    system = mail.system(request.selector)
    operation = mail.operation(request)
    paper.line((f"{request.operation}", "title"), (f"  {request.kind} in {system}", "muted"))
    if operation is not None and operation.description:
        paper.text(operation.description, "muted")
    if request.status == "waiting" and operation is not None and operation.cannot_be_undone:
        paper.text("It is sent once, and cannot be taken back.", "busy")
    paper.blank()
    paper.labelled(
        "asked by", f"{_WHO.get(request.requested_by, request.requested_by)}, {ago(request.created_at, now)}"
    )
    if request.status == "waiting":
        paper.labelled("expires", f"in {left(request.expires_at, now)}")
    elif request.decided_by:
        paper.labelled(request.status, f"by {request.decided_by}, {ago(request.decided_at, now)}")
    if request.reason:
        paper.heading("Reason").text(request.reason, indent=2)
    if preview is not None and request.status == "waiting":
        write_changes(paper, system, preview, now)
    if result is not None:
        write_outcome(paper.blank(), system, result)
    paper.heading("Arguments")
    if not request.arguments:
        return paper.text("none", "muted", indent=2)
    return paper.put(write_record(paper.width - 2, request.arguments), indent=2)


def write_event(width: int, mail: Mail, event: EventInfo, now: dt.datetime) -> Paper:
    """What a system told, and what became of it."""
    paper = Paper(width)
    paper.line((event.type, "title"), (f"  from {mail.system(event.connection)}", "muted")).blank()
    paper.labelled("received", ago(event.received_at, now))
    mark, tone = _EVENT_MARKS[event.status]
    tries = f" after {plural(event.attempts, 'try', 'tries')}" if event.attempts > 1 else ""
    paper.line((f"  {'status':<{_LABEL}}", "key"), (f"{mark} ", tone), f"{event.status.replace('_', ' ')}{tries}")
    if event.status == "failed" and event.next_attempt_at:
        paper.labelled("again", f"in {left(event.next_attempt_at, now)}")
    paper.labelled("id", event.event_id)
    if event.error:
        paper.blank().text(event.error, "bad")
    return paper.heading("Payload").put(write_record(paper.width - 2, event.payload), indent=2)
