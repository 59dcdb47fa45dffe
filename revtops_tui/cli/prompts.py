"""Asking a person: questions go to stderr, so that stdout stays the answer's."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import InvalidInputError
from connectors.parameters import Parameter, coerce_text, validate_arguments
from revtops_tui.cli.console import Console
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from store.credentials import PASSPHRASE_VARIABLE, VAULT_NAME, open_credentials


def confirm(question: str) -> bool:
    """Whether the answer is yes; no is what Enter means."""
    return _line(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def ask_for(fields: Sequence[Parameter], console: Console) -> dict[str, Any]:
    """Ask for each field until its answer is of the right type; what may be left out and is, is not in the result."""
    answers: dict[str, Any] = {}
    for field in fields:
        while True:
            text = _ask(field, console)
            if not text and (field.default is not None or not field.required):
                break
            try:
                answers |= validate_arguments([field], coerce_text([field], {field.name: text} if text else {}))
            except InvalidInputError as error:
                console.say(error.message, "yellow")
            else:
                break
    return answers


def _ask(field: Parameter, console: Console) -> str:
    if field.description:
        console.say(field.description, "dim")
    if field.choices:
        console.say(f"One of: {', '.join(map(str, field.choices))}.", "dim")
    label = field.label or field.name
    if field.default is not None:
        label += f" [{field.default}]"
    elif not field.required:
        label += " (may be empty)"
    return _secret(f"{label}: ") if field.secret else _line(f"{label}: ").strip()


def _line(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EngineError("cancelled", "Cancelled: the input ended.")
    return line.rstrip("\n")


def _secret(prompt: str) -> str:
    from getpass import getpass

    try:
        return getpass(prompt, stream=sys.stderr)
    except EOFError as error:
        raise EngineError("cancelled", "Cancelled: the input ended.") from error


# -- the encrypted file's passphrase -----------------------------------------------------------------------------------


def unlock(ws: Workspace, console: Console) -> None:
    """Bring the credentials within reach: ask for the passphrase of the encrypted file, if there is one.

    Does nothing without a terminal, and where the passphrase is in the environment.
    """
    sealed = (ws.home / VAULT_NAME).exists() and not os.environ.get(PASSPHRASE_VARIABLE)
    if sealed and console.interactive:
        ws.credentials = open_credentials(ws.home, passphrase=_secret("Passphrase of the encrypted credentials: "))


def offer_encrypted_file(ws: Workspace, console: Console, error: EngineError) -> bool:
    """On a machine without a keyring: offer to keep credentials in an encrypted file. Whether that was accepted."""
    if error.kind != "keyring_missing" or not console.interactive:
        return False
    console.say(error.message)
    if not confirm("Keep credentials in an encrypted file, under a passphrase?"):
        return False
    passphrase = _secret("New passphrase: ")
    if not passphrase or passphrase != _secret("The same once more: "):
        raise EngineError("usage", "The two passphrases differ, or are empty.", hint="Nothing was stored. Try again.")
    ws.credentials = open_credentials(ws.home, passphrase=passphrase)
    return True


# -- values given on the command line ----------------------------------------------------------------------------------


def read_object(text: str, what: str) -> Mapping[str, Any]:
    """A JSON object from an argument, or from stdin where that is `-`. Raises EngineError."""
    import json

    try:
        value = json.loads(sys.stdin.read() if text == "-" else text)
    except (ValueError, RecursionError) as error:
        # The position only: the text may hold a secret.
        where = f" (character {error.pos + 1})" if isinstance(error, json.JSONDecodeError) else ""
        raise EngineError("invalid_input", f"{what} is not JSON{where}.", hint='Such as {"name": "value"}.') from error
    if not isinstance(value, dict):
        raise EngineError("invalid_input", f"{what} must be a JSON object.", hint='Such as {"name": "value"}.')
    return value


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """`name=value…` by name. Raises EngineError for anything else, and for a name given twice."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            # Not the text itself: it may be a secret that lost its name.
            raise EngineError("usage", "Values are given as name=value.", hint="Such as: amount=1200")
        if name in found:
            raise EngineError("usage", f"{name} is given twice.")
        found[name] = value
    return found
