"""The end of the app in a real terminal, in the middle of a sync: told to end, or its terminal closed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pexpect
import pytest

from revtops_tui.engine.data import counts
from revtops_tui.engine.sync import runs
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import SECONDS, CommandLine, Shop, deals, ended


def _syncing(revtops: CommandLine, shop: Shop, home: Path) -> pexpect.spawn[str]:
    """The app in a terminal, with a sync that has stored what there is and waits for more."""
    shop.change(deals=deals(500), expect=1000, closes_never=True)
    app = revtops.terminal()
    app.expect_exact("Shop")
    app.send("/shop\r")
    app.expect_exact("Sync")
    app.send("s")
    app.expect_exact("50%")
    return app


def _is_whole(home: Path) -> None:
    with Workspace(home) as ws:
        assert [run.status for run in runs(ws)] == ["aborted"]
        assert counts(ws)["deals"] == 500


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_stops_the_sync_and_keeps_what_is_stored(
    revtops: CommandLine, connected_shop: Shop, home: Path, number: signal.Signals
) -> None:
    app = _syncing(revtops, connected_shop, home)
    os.kill(app.pid, number)
    assert ended(app) == 130
    _is_whole(home)


def test_a_closed_terminal_ends_it_and_loses_nothing(revtops: CommandLine, connected_shop: Shop, home: Path) -> None:
    app = _syncing(revtops, connected_shop, home)
    os.close(app.child_fd)
    app.child_fd = -1
    app.closed = True
    until = time.monotonic() + SECONDS
    while os.waitpid(app.pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > until:
            with suppress(ProcessLookupError):
                os.kill(app.pid, signal.SIGKILL)
            pytest.fail("it did not end")
        time.sleep(0.02)
    _is_whole(home)


def test_without_a_terminal_that_can_draw_it_says_so(revtops: CommandLine, connected_shop: Shop) -> None:
    app = revtops.terminal(env={"TERM": "dumb"})
    app.expect_exact("revtops demo")
    assert ended(app) == 2
