"""Renewed tokens that the place for credentials did not take: used from memory, and offered to it again at each use.

The vendor took the token before them for the last time, so what is lost here is lost for good.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.oauth import token_of

if TYPE_CHECKING:
    from revtops_tui.engine.workspace import Workspace

_log = logging.getLogger("revtops")


@dataclass(frozen=True)
class Unstored:
    """Credentials that wait, and the token that stands in their place."""

    replaced: str = field(repr=False)
    credentials: Mapping[str, Any] = field(repr=False)
    connection_id: int


def credentials_under(ws: Workspace, key: str) -> dict[str, Any] | None:
    """What is kept under `key`, or waits to be; None where there is nothing. Raises CredentialsError.

    What waits gives way where somebody has signed in again meanwhile, or disconnected.
    """
    waiting = ws.unstored.get(key)
    if waiting is None:
        return ws.credentials.get(key)
    try:
        kept = ws.credentials.get(key)
    except Exception:  # noqa: BLE001 - whatever is the matter with the place: what is in memory is good
        return dict(waiting.credentials)
    if token_of(kept or {}) == waiting.replaced:
        return dict(waiting.credentials)
    ws.unstored.pop(key, None)
    return kept


def offer_again(ws: Workspace, key: str) -> None:
    """Try to store what waits under `key`; that it cannot be stored yet is no error."""
    if key not in ws.unstored:
        return
    from revtops_tui.engine.locks import credentials_lock

    with suppress(Exception), credentials_lock(ws.home, key):
        waiting = credentials_under(ws, key)
        if key in ws.unstored and waiting is not None:
            ws.credentials.set(key, waiting)
            del ws.unstored[key]


def offer_for_the_last_time(ws: Workspace) -> None:
    """The program ends: what cannot be stored now is lost, and its connection says so."""
    from store.connections import note_status

    for key, waiting in list(ws.unstored.items()):
        offer_again(ws, key)
        if key in ws.unstored:
            _log.error("the renewed token under %s could not be stored", key)
            lost = f"{ws.credentials.name} did not take its renewed token, which is lost: sign in again."
            note_status(ws.database, waiting.connection_id, status="error", error=lost)
    ws.unstored.clear()
