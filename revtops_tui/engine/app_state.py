"""What the app remembers between two starts: which columns one looked at, where one was. A file per organization.

It is a convenience, so it never stands in the way: a file that cannot be read is put aside and begun anew, one that
cannot be written is left as it was, and the log says so.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from revtops_tui.engine.files import replace_private

if TYPE_CHECKING:
    from pathlib import Path

    from revtops_tui.engine.workspace import Workspace

_SECONDS = 1.0
"""How long a change may wait for others before it is written."""

_log = logging.getLogger("revtops")


class AppState(MutableMapping[str, Any]):
    """JSON values by name (`data.columns.deals`); read on first use, written a second after the first change.

    `note` is told, once, when the file was damaged. Values are taken as they are at the moment they are set: to
    change a list, set it again.
    """

    def __init__(self, ws: Workspace, note: Callable[[str], object] = _log.warning) -> None:
        self.ws = ws
        self._note = note
        self._values: dict[str, Any] | None = None
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    @property
    def path(self) -> Path:
        """The organization's file. Its id is opaque text, which need not be the name of a file."""
        name = hashlib.sha256(self.ws.organization_id.encode()).hexdigest()[:16]
        return self.ws.home / "app_state" / f"{name}.json"

    def __getitem__(self, key: str) -> Any:
        return self._read()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self._read() and self._read()[key] == value:
            return
        self._read()[key] = json.loads(json.dumps(value))
        self._write_soon()

    def __delitem__(self, key: str) -> None:
        del self._read()[key]
        self._write_soon()

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._read()))

    def __len__(self) -> int:
        return len(self._read())

    def flush(self) -> None:
        """Write what has not been written yet."""
        with self._lock:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            self._write()

    def _read(self) -> dict[str, Any]:
        if self._values is None:
            self._values = self._stored()
        return self._values

    def _stored(self) -> dict[str, Any]:
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            values = document["state"]
            return dict(values) if isinstance(values, dict) else self._damaged()
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, RecursionError):
            return self._damaged()
        except OSError as error:
            self._note(f"What the app remembers could not be read: {error.strerror}.")
            return {}

    def _damaged(self) -> dict[str, Any]:
        aside = self.path.with_suffix(".damaged")
        self.path.replace(aside)
        self._note(f"What the app remembered was damaged, and begins anew. The old file is {aside}.")
        return {}

    def _write_soon(self) -> None:
        with self._lock:
            if self._timer is None:
                self._timer = threading.Timer(_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def _write(self) -> None:
        try:
            replace_private(
                self.path, json.dumps({"organization": self.ws.organization_id, "state": dict(self._read())}, indent=1)
            )
        except OSError as error:
            _log.warning("what the app remembers could not be written: %s", error.strerror)
