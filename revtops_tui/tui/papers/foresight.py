"""What a write or an action would do, on paper: the fields that would change, and the request that would be sent."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from revtops_tui.tui.operation import Operation
from revtops_tui.tui.papers.document import write_record
from revtops_tui.tui.text import ago, single_line
from revtops_tui.tui.widgets.sheet import Paper

if TYPE_CHECKING:
    from revtops_tui.engine.preview import Preview
    from revtops_tui.engine.workspace import Workspace

_LABEL = 14


def foresee(ws: Workspace, operation: Operation, arguments: Mapping[str, Any]) -> Preview:
    """Ask the connector. Blocking. Raises EngineError, also for a connector that cannot tell."""
    from revtops_tui.engine.preview import preview

    return preview(ws, operation.selector, operation.kind, operation.name, arguments)


def write_changes(paper: Paper, system: str, preview: Preview, now: dt.datetime) -> Paper:
    """Before and after, where that is known, and a warning where what is stored here is not what would be changed."""
    if preview.changes is None:
        return paper
    paper.heading("Changes")
    for change in preview.changes:
        before, after = (single_line(value) or "(empty)" for value in (change.before, change.after))
        paper.line((f"  {change.name:<{_LABEL}}", "key"), (f"{before} ", "muted"), "→ ", (after, "string"))
    if not preview.changes:
        paper.text("None: it is like that already.", "muted", indent=2)
    if preview.changed_at is not None:
        paper.text(f"{system} has had it changed {ago(preview.changed_at, now)}, after it was synced here.", "busy")
    return paper


def write_request(paper: Paper, preview: Preview) -> Paper:
    """The first request that would change something."""
    request = preview.request
    if request is None:
        return paper
    paper.heading("Request").line((f"  {request.method} ", "key"), request.url)
    if not request.body:
        return paper
    return paper.put(write_record(paper.width - 2, _readable(request.body)), indent=2)


def _readable(body: bytes) -> Mapping[str, Any]:
    """A body as data where it is a JSON object, as text where it is anything else."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        read = body.decode(errors="replace")
    return read if isinstance(read, dict) else {"body": read}
