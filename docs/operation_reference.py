"""Writes `operation_reference.md` from what the connectors declare: `python docs/operation_reference.py`.

A test checks that the page is current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.discovery import discover
from connectors.parameters import Parameter, parse_parameters

_INTRODUCTION = """\
# Every write and action

This page is made from the connectors' declarations (`docs/operation_reference.py`). The command line, the forms of the
app, the API and the agents' tools take the same parameters, checked in the same way;
[Writes and actions](operations.md) says how they are carried out. On the command line null is no text: `due_date=`.
"""
_REPEATED = {
    "absolute": "Its values take the place of what is there, so it is sent again after a passing failure.",
    "client_id": "It carries an id of its own, so it is sent again after a passing failure.",
    "unique": "The system takes one of its values once, so it is sent again after a passing failure.",
    "search": "What it would make is looked for first, so it is sent again after a passing failure.",
    "none": "It is sent once: when no answer came, look in the other system before you send it again.",
}


def page() -> str:
    """The whole page."""
    lines = [_INTRODUCTION]
    for slug, info in discover().items():
        operations = [("write", one) for one in info.manifest["write_operations"]]
        operations += [("action", one) for one in info.manifest["actions"]]
        if operations:
            lines += [f"## {info.manifest['name']}", ""]
        for verb, one in operations:
            lines += [*_operation(verb, slug, one), ""]
    return "\n".join(lines)


def _operation(verb: str, slug: str, one: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `revtops {verb} {slug} {one['name']}`"
    yield ""
    yield f"{one['description'].rstrip('.')}. {_sending(verb, one)}"
    yield ""
    parameters = parse_parameters(one["parameters"])
    if not parameters:
        yield "It takes no parameters."
        return
    yield "| parameter | type | required | default | meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for parameter in parameters:
        cells = (
            f"`{parameter.name}`",
            _type(parameter),
            _required(parameter),
            _default(parameter),
            _meaning(parameter),
        )
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _sending(verb: str, one: Mapping[str, Any]) -> str:
    if verb == "write":
        return _REPEATED[one["idempotency"]]
    return "It changes nothing." if one["read_only"] else "It is sent once, and cannot be taken back."


def _type(parameter: Parameter) -> str:
    if parameter.choices:
        kind = ", ".join(f"`{choice}`" for choice in parameter.choices)
    elif parameter.items:
        kind = f"array of {parameter.items.type}"
    else:
        kind = parameter.type
    return f"{kind} or null" if parameter.nullable else kind


def _required(parameter: Parameter) -> str:
    if parameter.one_of:
        return f"one of: {parameter.one_of}"
    return "yes" if parameter.required else ""


def _default(parameter: Parameter) -> str:
    return "" if parameter.default is None else f"`{parameter.default}`"


def _meaning(parameter: Parameter) -> str:
    also = f" Also called {', '.join(f'`{alias}`' for alias in parameter.aliases)}." if parameter.aliases else ""
    said = f"{parameter.description.rstrip('.')}." if parameter.description else ""
    return f"{said}{also}".strip()


if __name__ == "__main__":
    sys.stdout.write(page())
