"""Signing in through Nango from a terminal: the link, the browser, and the wait with a count of what is left."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

from revtops_tui.cli.console import Console
from revtops_tui.cli.text import countdown
from revtops_tui.cli.waiting import run_told
from revtops_tui.engine.workspace import Workspace


def sign_in(ws: Workspace, slug: str, name: str, console: Console) -> dict[str, Any]:
    """Sign in, and return what to keep. A connection that has lost its grant gets a new one. Raises EngineError."""
    from revtops_tui.engine import nango
    from revtops_tui.engine.brokered import grant_of
    from revtops_tui.engine.connections import connector_class
    from revtops_tui.engine.oauth.browser import open_browser

    meta = connector_class(ws, slug).meta
    session = nango.start(ws, meta, reconnect=grant_of(ws, slug, name))
    console.say(f"Sign in to {meta.name} through Nango at:")
    console.say(f"  {session.link}", "bold")
    if not open_browser(ws, session.link):
        console.say("Open it in any browser.", "dim")

    def work(cancel: threading.Event) -> dict[str, Any]:
        return nango.wait(ws, session, cancel)

    def words(_: float) -> str:
        left = (session.expires_at - dt.datetime.now(dt.UTC)).total_seconds()
        return f"waiting for you, {countdown(left)} left"

    return run_told(work, words, console, patience=0)
