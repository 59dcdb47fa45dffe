"""A dry run as it is shown: the request that would be sent, and the fields that would change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from revtops_tui.cli.console import Console
from revtops_tui.cli.text import outline

if TYPE_CHECKING:
    from revtops_tui.engine.preview import Preview


def show_preview(found: Preview, console: Console) -> int:
    """What a write or an action would send and change; returns the exit code."""
    request = found.request
    if console.as_json:
        console.document(
            {
                "status": "not_sent",
                "request": None if request is None else {**vars(request), "body": _readable(request.body)},
                "changes": None if found.changes is None else [vars(change) for change in found.changes],
                "changed_since_sync": found.changed_at,
                "result": found.result,
            }
        )
        return 0
    if request is None:
        console.say("It would change nothing. Its answer:", "dim")
        for line in outline(found.result or {}):
            console.line(line)
        return 0
    console.heading(f"{request.method} {request.url}")
    for line in outline(_readable(request.body), 1):
        console.line(line)
    show_changes(found, console)
    console.say("Nothing was sent.", "dim")
    return 0


def show_changes(found: Preview, console: Console) -> None:
    """The fields that would change, and whether somebody else changed the record meanwhile."""
    if found.changes:
        console.table(("field", "before", "after"), [(c.name, _cell(c.before), _cell(c.after)) for c in found.changes])
    elif found.changes is not None:
        console.say("No field would change.", "dim")
    if found.changed_at is not None:
        changed = f"{found.changed_at.astimezone():%Y-%m-%d %H:%M:%S}"
        console.say(f"The record was changed at {changed}, after it was last synced.", "yellow")


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "(empty)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _readable(body: bytes | None) -> Any:
    """A body as data where it is JSON, as text where it is anything else."""
    if body is None:
        return {}
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
