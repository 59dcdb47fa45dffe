"""What the app told: toasts, and all of them again for who missed one."""

from __future__ import annotations

import datetime as dt
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from revtops_tui.tui.text import plain

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from revtops_tui.engine.errors import EngineError
    from revtops_tui.tui.app import RevtopsApp

_SECONDS = 6.0
_KEPT = 500
_TEXT_LIMIT = 2_000


@dataclass(frozen=True)
class Notice:
    """Something that was told. The texts are plain already."""

    at: dt.datetime
    title: str
    text: str
    severity: SeverityLevel


class Notices:
    """Tells, and remembers what was told for as long as the app is open."""

    def __init__(self, app: RevtopsApp) -> None:
        self._app = app
        self.told: deque[Notice] = deque(maxlen=_KEPT)
        self.unseen_errors = 0

    def tell(self, message: str, *, title: str = "", severity: SeverityLevel = "information") -> None:
        """A toast. The text may be a vendor's: it is neither markup nor control codes here."""
        heading = plain(title, 60)
        self.told.append(Notice(self._app.clock(), heading, plain(message, _TEXT_LIMIT), severity))
        self.unseen_errors += severity == "error"
        self._app.notify(plain(message), title=heading, severity=severity, timeout=_SECONDS, markup=False)
        self._app.show_notices()

    def tell_error(self, error: EngineError, *, title: str = "") -> None:
        """An error as a toast, with what to do next."""
        self.tell(" ".join(part for part in (error.message, error.hint) if part), title=title, severity="error")

    def seen(self) -> None:
        """Somebody has read them."""
        self.unseen_errors = 0
        self._app.show_notices()
