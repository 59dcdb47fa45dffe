"""Work that may take its time, away from the event loop; its end comes back as a call on the loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from textual.dom import DOMNode
from textual.worker import Worker, get_current_worker

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError

T = TypeVar("T")


def in_background(
    node: DOMNode,
    work: Callable[[], T],
    done: Callable[[T], object],
    failed: Callable[[EngineError], object],
    *,
    group: str = "default",
    exclusive: bool = False,
) -> Worker[None]:
    """Run `work` in a thread, then `done(result)` or `failed(error)` on the event loop, if `node` is still there.

    Nothing that `work` raises ends the app: it arrives as the sentence that `failed` shows. With `exclusive`, the
    result of an earlier call of the same group is dropped.
    """

    def run() -> None:
        worker = get_current_worker()
        try:
            result = work()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a connector raises is shown, in its pane
            from revtops_tui.engine.errors import people

            finish: Callable[[], object] = partial(failed, people(error))
        else:
            finish = partial(done, result)
        if not worker.is_cancelled:
            node.call_later(_finish, node, finish)

    return node.run_worker(run, thread=True, exit_on_error=False, group=group, exclusive=exclusive)


def is_up(node: DOMNode) -> bool:
    """Whether a node still stands, in an app that is not being left: what is beside it may be gone before it is."""
    return node.app.is_running and node.is_attached


def _finish(node: DOMNode, finish: Callable[[], object]) -> object:
    return finish() if is_up(node) else None
