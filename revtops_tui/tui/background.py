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
        except Exception as error:  # noqa: BLE001 - whatever a connector or the engine raises is shown, in its pane
            from revtops_tui.engine.errors import people

            finish: Callable[[], object] = partial(failed, people(error))
        else:
            finish = partial(done, result)
        if not worker.is_cancelled:
            node.call_later(finish)

    return node.run_worker(run, thread=True, exit_on_error=False, group=group, exclusive=exclusive)
