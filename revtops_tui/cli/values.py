"""Values for declared parameters: from arguments, from JSON, and from somebody who is asked for them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import InvalidInputError
from connectors.parameters import Parameter, coerce_text, validate_arguments
from revtops_tui.cli import prompts
from revtops_tui.cli.console import Console
from revtops_tui.engine.errors import EngineError

_OBJECT = 'A JSON object is needed, such as {"name": "value"}.'


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


def read_object(text: str, what: str) -> Mapping[str, Any]:
    """A JSON object from an argument, or from stdin where that is `-`. Raises EngineError."""
    given = sys.stdin.read() if text == "-" else text
    if not given.strip():
        raise EngineError("invalid_input", f"{what} is empty.", hint=_OBJECT)
    try:
        value = json.loads(given)
    except (ValueError, RecursionError) as error:
        # The position only: the text may hold a secret.
        where = f" (character {error.pos + 1})" if isinstance(error, json.JSONDecodeError) else ""
        raise EngineError("invalid_input", f"{what} is not JSON{where}.", hint=_OBJECT) from error
    if not isinstance(value, dict):
        raise EngineError("invalid_input", f"{what} must be a JSON object.", hint=_OBJECT)
    return value


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
    return prompts.secret(f"{label}: ") if field.secret else prompts.line(f"{label}: ")
