"""Giving a connection another name: its credentials are kept under that name, so they move with it."""

from __future__ import annotations

from contextlib import ExitStack

from revtops_tui.engine.connected import ConnectionInfo, info_of
from revtops_tui.engine.connections import check_name, find
from revtops_tui.engine.errors import people
from revtops_tui.engine.locks import credentials_lock, run_lock
from revtops_tui.engine.oauth.unstored import credentials_under
from revtops_tui.engine.workspace import Workspace
from store import connections as store


def rename(ws: Workspace, selector: str, name: str) -> ConnectionInfo:
    """Give a connection another name. A process that dies meanwhile leaves it under one of the two, with credentials.

    Raises EngineError (in_use; busy while a sync of the connection runs).
    """
    found = find(ws, selector)
    check_name(name)
    old, new = found.credentials_key, store.credentials_key(ws.organization_id, found.slug, name)
    if old == new:
        return info_of(ws, found)
    try:
        with ExitStack() as held:
            held.enter_context(run_lock(ws.home, found.id, found.selector))
            for key in sorted((old, new)):  # two that swap names must not wait for each other
                held.enter_context(credentials_lock(ws.home, key))
            store.refuse_taken_name(ws.database, found, name)  # before anything of the other's is touched
            if (credentials := credentials_under(ws, old)) is not None:
                ws.credentials.set(new, credentials)
            renamed = store.rename_connection(ws.database, found, name)
            ws.credentials.delete(old)
    except Exception as error:
        raise people(error) from error
    return info_of(ws, renamed)
