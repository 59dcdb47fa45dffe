"""The credentials of this data directory as a whole: what is kept where, and moving it. Secrets are never returned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.locks import credentials_lock, daemon_holder, run_holder
from revtops_tui.engine.workspace import Workspace
from store import connections as store
from store.connections import Connection
from store.credentials import VAULT_NAME, CredentialStore, open_credentials
from store.credentials.moving import Moved

__all__ = ["Kept", "Moved", "kept", "move_to_file", "move_to_keyring", "rotate_passphrase"]


@dataclass(frozen=True)
class Kept:
    """The credentials of one connection: the names of the fields that are kept, never their values.

    `error` says why they could not be read; without one and without `fields`, there are none.
    """

    organization_id: str
    connection: str
    fields: list[str]
    error: str | None = None


def kept(ws: Workspace) -> list[Kept]:
    """What is kept for each connection of every organization, in the place that `ws.credentials` names."""
    return [_kept(ws.credentials, connection) for connection in _all(ws)]


def move_to_file(ws: Workspace, passphrase: str) -> Moved:
    """Move everything from the OS keyring into an encrypted file under `passphrase`. Raises EngineError."""
    from store.credentials import moving

    try:
        with _nobody_else(ws) as keys:
            moved = moving.to_file(ws.home, keys, passphrase)
    except Exception as error:
        raise people(error) from error
    if (ws.home / VAULT_NAME).exists():
        ws.credentials = open_credentials(ws.home, passphrase=passphrase)
    return moved


def move_to_keyring(ws: Workspace, passphrase: str) -> Moved:
    """Move everything from the encrypted file, which `passphrase` opens, into the OS keyring. Raises EngineError."""
    from store.credentials import moving, open_keyring

    try:
        with _nobody_else(ws) as keys:
            moved = moving.to_keyring(ws.home, keys, passphrase)
        ws.credentials = open_keyring(ws.home)
    except Exception as error:
        raise people(error) from error
    return moved


def rotate_passphrase(ws: Workspace, old: str, new: str) -> None:
    """Put the encrypted file under another passphrase. Raises EngineError."""
    from store.credentials.vault import change_passphrase

    try:
        change_passphrase(ws.home, old, new)
    except Exception as error:
        raise people(error) from error


def _kept(place: CredentialStore, connection: Connection) -> Kept:
    try:
        fields = sorted(place.get(connection.credentials_key) or {})
    except Exception as error:  # noqa: BLE001 - one that is damaged does not hide the others
        return Kept(connection.organization_id, connection.selector, [], people(error).message)
    return Kept(connection.organization_id, connection.selector, fields)


def _all(ws: Workspace) -> Iterator[Connection]:
    for organization in store.organizations(ws.database):
        yield from store.connections(ws.database, organization.id)


@contextmanager
def _nobody_else(ws: Workspace) -> Iterator[list[str]]:
    """The keys of all connections, while no other process renews a token: it would be renewed in the place that is
    given up. Raises EngineError (busy)."""
    mine = list(_all(ws))
    holders = [daemon_holder(ws.home), *(run_holder(ws.home, connection.id) for connection in mine)]
    if holder := next((one for one in holders if one), None):
        raise EngineError(
            "busy",
            f"Process {holder.pid} is working with the credentials.",
            hint="Wait for its sync, or stop the daemon; then move them.",
        )
    keys = [connection.credentials_key for connection in mine]
    with ExitStack() as held:
        for key in sorted(keys):
            held.enter_context(credentials_lock(ws.home, key))
        yield keys
