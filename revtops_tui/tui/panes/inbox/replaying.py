"""Having events handled again, from wherever they are looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.dom import DOMNode

from revtops_tui.tui.background import in_background

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.inbox import EventInfo
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp


class Replaying:
    """The events that are being handled again for one widget."""

    def __init__(self, node: DOMNode, host: RevtopsApp, done: Callable[[], object]) -> None:
        """`done` is called whenever one was, however that ended."""
        self._node = node
        self._host = host
        self._done = done
        self._under_way: set[int] = set()

    def start(self, event: EventInfo) -> None:
        """Have it handled again, and say how that went."""
        if event.id in self._under_way:
            return
        self._under_way.add(event.id)
        self._host.tell("Being handled again…", title=event.type)
        in_background(
            self._node,
            partial(_replay, self._host.ws, event.id),
            self._replayed,
            partial(self._failed, event),
            group=f"replay {event.id}",
        )

    def _replayed(self, event: EventInfo) -> None:
        self._under_way.discard(event.id)
        if event.status == "handled":
            self._host.tell("Handled.", title=event.type)
        else:
            self._host.tell(event.error or "It waits to be handled.", title=event.type, severity="warning")
        self._done()

    def _failed(self, event: EventInfo, error: EngineError) -> None:
        self._under_way.discard(event.id)
        self._host.tell_error(error, title=event.type)


def _replay(ws: Workspace, event_id: int) -> EventInfo:
    from revtops_tui.engine.inbox import replay

    return replay(ws, [event_id])[0]
