"""The log file: what nobody expected, with its traceback and without secrets. A screen shows a sentence instead."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from revtops_tui.cli.console import Console
from revtops_tui.engine.secrets import without_secrets

_FILE_BYTES = 1_000_000
_FILES_KEPT = 3


def keep_log(home: Path) -> None:
    """Send warnings and errors to `<home>/logs/revtops.log`. The file appears with the first of them.

    So too what Python would print on stderr by itself, as it is: warnings, and exceptions that nobody caught.
    """
    logging.getLogger().addHandler(_LogFile(home / "logs" / "revtops.log"))
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda _kind, error, _trace: show_traceback(error)
    threading.excepthook = lambda failed: _log_uncaught(failed.exc_value)
    sys.unraisablehook = lambda failed: _log_uncaught(failed.exc_value)


def narrate(console: Console) -> None:
    """For what runs by itself: tell on stderr what is going on, and write it to the log file too."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _LogFile):
            handler.setLevel(logging.INFO)
    logger = logging.getLogger("revtops")
    logger.setLevel(logging.INFO)
    logger.addHandler(_Told(console))


def show_tracebacks() -> None:
    """Print the traceback of what nobody expected on stderr, wherever it happens (-vv)."""
    logging.getLogger("revtops").addHandler(_Tracebacks(logging.ERROR))


def show_traceback(error: BaseException) -> None:
    """Print a failure's traceback on stderr."""
    sys.stderr.write(without_secrets("".join(traceback.format_exception(error))))


def _log_uncaught(error: BaseException | None) -> None:
    if not isinstance(error, SystemExit):
        logging.getLogger("revtops").error("an exception that nobody caught", exc_info=error)


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class _Told(logging.Handler):
    """A line for each record; its traceback is for the file."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        style = "yellow" if record.levelno >= logging.WARNING else ""
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        with suppress(OSError, ValueError):  # nobody reads it any more
            self._console.say(f"{moment} {without_secrets(record.getMessage())}", style)


class _Tracebacks(logging.Handler):
    """Tracebacks alone: the sentences are told elsewhere."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            show_traceback(record.exc_info[1])


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
