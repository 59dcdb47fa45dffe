"""The passphrase of the encrypted file that keeps credentials where there is no keyring."""

from __future__ import annotations

import os

from revtops_tui.cli import prompts
from revtops_tui.cli.console import Console
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from store.credentials import PASSPHRASE_VARIABLE, VAULT_NAME, open_credentials


def unlock(ws: Workspace, console: Console) -> None:
    """Bring the credentials within reach: ask for the passphrase of the encrypted file, if there is one.

    Does nothing without a terminal, and where the passphrase is in the environment.
    """
    sealed = (ws.home / VAULT_NAME).exists() and not os.environ.get(PASSPHRASE_VARIABLE)
    if sealed and console.interactive:
        passphrase = prompts.secret("Passphrase of the encrypted credentials: ")
        ws.credentials = open_credentials(ws.home, passphrase=passphrase)


def offer_encrypted_file(ws: Workspace, console: Console, error: EngineError) -> bool:
    """On a machine without a keyring: offer to keep credentials in an encrypted file. Whether that was accepted."""
    if error.kind != "keyring_missing" or not console.interactive:
        return False
    console.say(error.message)
    if not prompts.confirm("Keep credentials in an encrypted file, under a passphrase?"):
        return False
    ws.credentials = open_credentials(ws.home, passphrase=new_passphrase(console))
    return True


def new_passphrase(console: Console) -> str:
    """Ask for a passphrase that is to be, twice. Raises EngineError when the two differ, or nobody can be asked."""
    if not console.interactive:
        raise EngineError("usage", "A new passphrase is needed.", hint='Give it with --stdin, as {"new": "…"}.')
    passphrase = prompts.secret("New passphrase: ")
    if not passphrase or passphrase != prompts.secret("The same once more: "):
        raise EngineError("usage", "The two passphrases differ, or are empty.", hint="Nothing was changed. Try again.")
    return passphrase
