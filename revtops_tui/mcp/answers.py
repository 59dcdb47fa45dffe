"""What a tool answers: first what the product says itself, then, fenced, what a connected system says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from revtops_tui.engine.dispatch import OperationResult
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.fencing import Fenced, fenced, remark


@dataclass(frozen=True)
class Answer:
    """`head` is of our own words and becomes a JSON document; `data` is not, and follows it."""

    head: dict[str, Any]
    data: Fenced | None = None
    failed: bool = False


def with_data(head: dict[str, Any], value: Any, source: str) -> Answer:
    """An answer that brings data; the head says so when not all of it is here."""
    data = fenced(value, source)
    return Answer({**head, "truncated": True, "more": data.more} if data.more else head, data)


def refusal(error: EngineError, documentation: dict[str, Any], *, quotes: bool = False, **more: Any) -> Answer:
    """A failure, with what helps to ask better. `quotes`: the error may repeat what a connected system said."""
    shown = remark if quotes else str
    told = {"kind": error.kind, "message": shown(error.message), "hint": shown(error.hint) if error.hint else ""}
    return Answer({"error": told, "documentation": documentation, **more}, failed=True)


def outcome(done: OperationResult, source: str, documentation: dict[str, Any]) -> Answer:
    """How a write or an action ended, or that it waits."""
    head = {
        name: value
        for name, value in (
            ("status", done.status),
            ("approval_id", done.approval_id),
            ("ledger_id", done.ledger_id),
            ("note", done.note),
        )
        if value is not None
    }
    if done.status == "waiting":
        return Answer({**head, "message": _WAITING.format(done.approval_id)})
    if done.error is not None:
        return refusal(done.error, documentation, quotes=done.status != "denied", **head)
    if done.status == "unknown":
        return Answer({**head, "message": _UNDER_WAY})
    return with_data(head, done.result, source)


_WAITING = (
    "Nothing was sent yet: somebody has to agree first. Ask get_approval({}) for the outcome, or go on with something "
    "else. Do not ask for the same again."
)
_UNDER_WAY = (
    "It was sent and no outcome is known yet. Ask get_approval again; where it stays so, the process that sent it was "
    "interrupted, and somebody has to look in the other system. Do not ask for the same again."
)
