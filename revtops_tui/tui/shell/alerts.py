"""What happens while the app is open, whoever does it: noticed once a second, listed, and told of where it waits."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from revtops_tui.tui.background import in_background
from revtops_tui.words import plural

if TYPE_CHECKING:
    from revtops_tui.engine.approvals import ApprovalInfo
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp


class Alerts:
    """Follows the database in a thread of its own, and the requests in it that wait for approval."""

    def __init__(self, app: RevtopsApp) -> None:
        self._app = app
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="alerts", daemon=True)
        self._told: set[int] = set()

    def start(self) -> None:
        """Begin; called once."""
        self._thread.start()

    def stop(self) -> None:
        """End, before the database is closed."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self) -> None:
        from revtops_tui.engine.changes import watch
        from revtops_tui.engine.errors import EngineError

        try:
            watch(self._app.ws, lambda: self._app.call_later(self.look), self._stopped)
        except EngineError as error:
            self._app.call_later(partial(self._app.tell_error, error))

    def look(self) -> None:
        """Something was stored, or another organization is looked at."""
        self._app.committed.publish(None)
        in_background(
            self._app, partial(_waiting, self._app.ws), self._have, self._failed, group="alerts", exclusive=True
        )

    def _have(self, waiting: Sequence[ApprovalInfo]) -> None:
        self._app.show_waiting(len(waiting))
        news = [request for request in waiting if request.id not in self._told]
        self._told.update(request.id for request in news)
        if len(news) == 1:
            request = news[0]
            self._app.tell(f"{request.operation} in {request.selector}. 4 shows it.", title=f"{_asker(request)} asks")
        elif news:
            self._app.tell("4 shows them.", title=f"{plural(len(news), 'request')} wait for approval")

    def _failed(self, error: EngineError) -> None:
        self._app.tell_error(error)


def _asker(request: ApprovalInfo) -> str:
    return {"agent": "An agent", "api": "The API"}.get(request.requested_by, "Somebody")


def _waiting(ws: Workspace) -> Sequence[ApprovalInfo]:
    from revtops_tui.engine.approvals import waiting

    return waiting(ws)
