"""Leaving the app: at once when nothing runs, else after the user said what becomes of it; and when the terminal goes.

Whichever way: work that runs is asked to stop, commits what it has, and has ended before the process does.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ScreenError
from textual.css.query import NoMatches
from textual.dom import NoScreen
from textual.signal import SignalError
from textual.widget import MountError

from revtops_tui.tui.text import plain

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp

_log = logging.getLogger("revtops")
_CANCELLED = 130
NOT_THERE = (MountError, NoMatches, NoScreen, ScreenError, SignalError)
"""What asking for a widget or a screen raises that was not made yet, or is gone."""


class Leaving:
    """Whether the user wants to leave, and how. `wanted` is "", "finish" or "stop"."""

    def __init__(self, app: RevtopsApp) -> None:
        self._app = app
        self._silence = ExitStack()
        self.wanted = ""

    def last_words(self, error: BaseException | None) -> Text:
        """What stays on the terminal when something that nobody expected ends the app. The log has its traceback."""
        from revtops_tui.engine.secrets import without_secrets

        _log.error("the app ended unexpectedly", exc_info=error)
        what = plain(without_secrets(f"{type(error).__name__}: {error}"))
        return Text(f"The app ended unexpectedly. {what}\nThe log file (`revtops doctor` says where) has the details.")

    def ask(self) -> None:
        """Leave; while something runs, ask what becomes of it."""
        titles = [each.title for each in self._app.running]
        if not titles:
            self._app.exit()
            return
        from revtops_tui.tui.dialogs.ask import Ask, Choice

        running = " and ".join(titles)
        question = Ask(
            "Leave while something runs?",
            f"{running}: under way. To stop loses nothing: what is stored stays, and the next sync goes on from there.",
            (Choice("finish", "Finish, then quit"), Choice("stop", "Stop and quit", danger=True)),
            cancel="Stay",
        )
        self._app.push_screen(question, self._answered)

    def _answered(self, answer: str | None) -> None:
        self.wanted = answer or ""
        if answer == "stop":
            self._app.cancel_all()
        elif answer == "finish" and self._app.running:
            self._app.tell("revtops closes when that has ended. q asks again.", title="Finishing")
        self.work_ended()

    def work_ended(self) -> None:
        """Something has ended: who waits for the last of it leaves."""
        if self.wanted and not self._app.running:
            self._app.exit()

    # -- signals

    def listen(self) -> None:
        """Leave in an orderly way also when the process is told to end, or its terminal is closed."""
        if sys.platform == "win32" or self._app.is_headless:
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, partial(self._told, number))

    def _told(self, number: signal.Signals) -> None:
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(each)  # a second one ends the process as it always did
        if number == signal.SIGHUP:
            self._let_go_of_terminal()
        self._app.cancel_all()
        self._app.exit(return_code=_CANCELLED)

    def _let_go_of_terminal(self) -> None:
        """What is drawn from now on goes nowhere, and nothing more is typed: the terminal answers with errors only."""
        self._silence.enter_context(self._app.batch_update())
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
            if stream is not None:
                os.dup2(nowhere, stream.fileno())
