"""The log file: what nobody expected, with its traceback and without secrets. A screen shows a sentence instead."""

from __future__ import annotations

import logging
import sys
import traceback
from functools import cached_property
from pathlib import Path

from revtops_tui.engine.secrets import without_secrets

_FILE_BYTES = 1_000_000
_FILES_KEPT = 3


def keep_log(home: Path) -> None:
    """Send warnings and errors to `<home>/logs/revtops.log`. The file appears with the first of them."""
    logging.getLogger().addHandler(_LogFile(home / "logs" / "revtops.log"))


def show_traceback(error: BaseException) -> None:
    """Print a failure's traceback on stderr (-vv)."""
    sys.stderr.write(without_secrets("".join(traceback.format_exception(error))))


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class _LogFile(logging.Handler):
    """Opens the rotating file with the first record: most commands have nothing to log, and need not pay for it."""

    def __init__(self, path: Path) -> None:
        super().__init__(logging.WARNING)
        self._path = path

    @cached_property
    def _file(self) -> logging.Handler:
        from logging.handlers import RotatingFileHandler

        from store.home import make_private

        make_private(self._path.parent)
        handler = RotatingFileHandler(self._path, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8")
        handler.setFormatter(_Redacting("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
        return handler

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._file.emit(record)
        except OSError:
            # A log that cannot be written must not be what ends a command: a full disk is reported by the command.
            return
