"""How a write or an action ended, on paper: the same after sending it and after approving it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from revtops_tui.tui.papers.document import write_record
from revtops_tui.tui.widgets.sheet import Paper

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.operations import OperationResult

_SAID = {
    "ok": ("✓", "good", "Done"),
    "failed": ("✗", "bad", "Not done"),
    "unknown": ("!", "busy", "Nobody knows whether it was done"),
    "waiting": ("…", "busy", "Waits for approval"),
    "denied": ("✗", "bad", "Not allowed"),
}
_LABEL = 9
_LOUDNESS: dict[str, SeverityLevel] = {"ok": "information", "waiting": "information", "unknown": "warning"}


def write_outcome(paper: Paper, system: str, result: OperationResult) -> Paper:
    """The outcome, what it made or changed, and what to do about one that is not good."""
    mark, tone, said = _SAID[result.status]
    paper.line((f"{mark} ", tone), (said, "title"))
    if result.error is not None:
        write_problem(paper, result.error)
    if result.status == "unknown" and (result.error is None or not result.error.hint):
        paper.text(f"Look in {system} whether it happened before you send it again.", "muted")
    if result.status == "waiting":
        paper.text("It is in the inbox (4), and nothing was sent yet.", "muted")
    note = None if result.status == "denied" else result.note  # there, it is in the error
    for label, value in (("id", result.vendor_id), ("url", result.url), ("note", note)):
        if value:
            paper.line((f"  {label:<{_LABEL}}", "key"), value)
    if result.ledger_id is not None:
        paper.line((f"  {'ledger':<{_LABEL}}", "key"), (f"entry {result.ledger_id}", "muted"))
    return _write_answer(paper, system, result.result)


def write_problem(paper: Paper, error: EngineError) -> Paper:
    """An error and what to do next."""
    paper.text(error.message, "bad")
    return paper.text(error.hint, "muted") if error.hint else paper


def _write_answer(paper: Paper, system: str, answer: Any) -> Paper:
    if answer is None:
        return paper
    document = answer if isinstance(answer, Mapping) else {"answer": answer}
    return paper.heading(f"{system} answered").put(write_record(paper.width - 2, document), indent=2)


def summary(result: OperationResult) -> tuple[str, SeverityLevel]:
    """The outcome as a toast: what is said, and how loud."""
    said = _SAID[result.status][2]
    error = " ".join(part for part in (result.error.message, result.error.hint) if part) if result.error else ""
    return f"{said}. {error or result.url or result.vendor_id or ''}".strip(), _LOUDNESS.get(result.status, "error")
