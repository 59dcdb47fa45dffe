"""Values against parameters: read from text, checked with every problem in one message, completed with the defaults."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.errors import InvalidInputError
from connectors.parameters.declared import parse_auth_fields
from connectors.parameters.parameter import Parameter, mistyped
from connectors.parameters.types import KINDS
from connectors.registry import AuthField, ConnectorMeta, ParameterSpec, credential_fields
from connectors.wording import printable, shown, suggestion


def own_names(specs: Sequence[ParameterSpec], data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with each value under its parameter's own name, also where it was given under an alias."""
    own = {alias: spec["name"] for spec in specs for alias in spec.get("aliases", ())}
    return {own.get(name, name): value for name, value in data.items()}


def validate_arguments(parameters: Sequence[Parameter], data: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy of `data`, with the declared defaults for what was left out.

    Raises InvalidInputError with every problem in one message: unknown names, missing ones, wrong types, values that
    are not among the choices, groups of which nothing was given. Its hint lists what may be given.
    """
    if not isinstance(data, Mapping):
        raise InvalidInputError(f"Expected named values (an object), not {shown(data)}.", hint=_hint(parameters))
    problems = [*_unknown(parameters, data), *_missing(parameters, data), *_wrong(parameters, data)]
    if problems:
        raise InvalidInputError(" ".join(f"{problem}." for problem in problems), hint=_hint(parameters))
    defaults = {p.name: p.default for p in parameters if p.default is not None and not _given(p, data)}
    return copy.deepcopy({**data, **defaults})


def validate_credentials(meta: ConnectorMeta, data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `data`, checked against the connector's credential fields; an empty text counts as left out.

    Raises InvalidInputError, which never shows a secret.
    """
    return validate_fields(credential_fields(meta), data)


def validate_fields(fields: Sequence[AuthField], data: Mapping[str, Any]) -> dict[str, Any]:
    """`validate_credentials` for some of the fields."""
    parameters = parse_auth_fields(fields)
    if isinstance(data, Mapping):
        data = {name: value for name, value in data.items() if value != ""}
    return validate_arguments(parameters, data)


def coerce_text(parameters: Sequence[Parameter], texts: Mapping[str, str]) -> dict[str, Any]:
    """Values from text, as typed on a command line or into a form; pass the result to `validate_arguments`.

    Integers, numbers, booleans (yes/no, true/false, 1/0), arrays (JSON or comma-separated) and objects (JSON) are
    read, and no text at all as null where that is taken; text that is none, and text under an unknown name, stays
    text, so that validation can name it.
    """
    by_name = {name: parameter for parameter in parameters for name in parameter.names}
    return {name: _read(by_name[name], text) if name in by_name else text for name, text in texts.items()}


def _read(parameter: Parameter, text: str) -> Any:
    if parameter.nullable and not text:
        return None
    for choice in parameter.choices:
        if str(choice) == text:
            return choice
    try:
        value = KINDS[parameter.type].read(text)
    except ValueError:
        return text
    if parameter.items and not text.lstrip().startswith("["):
        return [_read(parameter.items, item) for item in value]
    return value


def _given(parameter: Parameter, data: Mapping[str, Any]) -> bool:
    return any(name in data for name in parameter.names)


def _unknown(parameters: Sequence[Parameter], data: Mapping[str, Any]) -> Iterator[str]:
    known = [name for parameter in parameters for name in parameter.names]
    for name in data:
        if name not in known:
            yield f"`{printable(str(name))}` is not a parameter{suggestion(str(name), known)}"


def _missing(parameters: Sequence[Parameter], data: Mapping[str, Any]) -> Iterator[str]:
    for parameter in parameters:
        if parameter.required and parameter.default is None and not _given(parameter, data):
            yield f"`{parameter.name}` is missing: it must be {parameter.expected}"
    for members in groups(parameters).values():
        if not any(_given(member, data) for member in members):
            yield f"Give at least one of {', '.join(f'`{member.name}`' for member in members)}"


def groups(parameters: Sequence[Parameter]) -> dict[str, list[Parameter]]:
    """The parameters of which at least one must be given, by the name of their group."""
    found: dict[str, list[Parameter]] = {}
    for parameter in parameters:
        if parameter.one_of:
            found.setdefault(parameter.one_of, []).append(parameter)
    return found


def _wrong(parameters: Sequence[Parameter], data: Mapping[str, Any]) -> Iterator[str]:
    for parameter in parameters:
        for name in parameter.names:
            if name in data and (problem := mistyped(parameter, data[name], name)):
                yield problem


def _hint(parameters: Sequence[Parameter]) -> str:
    if not parameters:
        return "It takes no parameters."
    return f"It takes: {', '.join(f'{p.name} (required)' if p.required else p.name for p in parameters)}."
