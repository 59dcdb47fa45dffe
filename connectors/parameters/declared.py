"""Declarations, as a connector writes them, into parameters; one that is wrong is named with everything wrong in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from connectors.errors import DeclarationError
from connectors.parameters.parameter import Parameter, mistyped
from connectors.parameters.types import KINDS, is_scalar
from connectors.registry import AuthField, ParameterSpec
from connectors.wording import shown, suggestion

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
FIELD_TYPES = frozenset(KINDS)
"""The types an `AuthField` may have."""
PARAMETER_TYPES = FIELD_TYPES - {"url"}
"""The types an operation's parameter may have."""

_SECRET_WORDS = frozenset({"token", "secret", "password", "passphrase"})

_SPEC_KEYS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "type": (str,),
    "required": (bool,),
    "description": (str,),
    "label": (str,),
    "default": (object,),
    "choices": (list, tuple),
    "enum": (list, tuple),
    "items": (str, Mapping),
    "one_of": (str,),
    "aliases": (list, tuple),
    "nullable": (bool,),
}


def parse_parameters(specs: Sequence[ParameterSpec]) -> list[Parameter]:
    """An operation's declared parameters. Raises DeclarationError, naming every parameter that is declared wrongly."""
    return _parse_all(specs, PARAMETER_TYPES)


def parse_auth_fields(fields: Sequence[AuthField]) -> list[Parameter]:
    """The fields of a credentials form as parameters. Raises DeclarationError, naming every one declared wrongly."""
    return _parse_all([_field_spec(auth_field) for auth_field in fields], FIELD_TYPES)


def _field_spec(auth_field: AuthField) -> dict[str, Any]:
    return {
        "name": auth_field.name,
        "type": "password" if _is_secret(auth_field) else auth_field.type,
        "required": auth_field.required,
        "description": auth_field.help_text,
        "label": auth_field.label,
        "default": auth_field.default,
        "choices": auth_field.choices,
    }


def _is_secret(auth_field: AuthField) -> bool:
    """Also a text that is called a secret, and was not declared to be one: it is not shown while it is typed."""
    return auth_field.type == "string" and auth_field.name.rpartition("_")[2] in _SECRET_WORDS


def _parse_all(specs: Sequence[ParameterSpec], types: Collection[str]) -> list[Parameter]:
    if not isinstance(specs, list | tuple):
        raise DeclarationError(f"its parameters must be a list of dicts, not {shown(specs)}")
    parameters: list[Parameter] = []
    problems: list[str] = []
    for position, spec in enumerate(specs, 1):
        try:
            parameters.append(_parse(spec, types, f"parameter {position}"))
        except DeclarationError as error:
            problems.append(error.message)
    names = [name for parameter in parameters for name in parameter.names]
    problems += [f"`{name}` is declared twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    if problems:
        raise DeclarationError("; ".join(problems))
    return parameters


def _parse(spec: ParameterSpec, types: Collection[str], where: str) -> Parameter:
    if not isinstance(spec, Mapping):
        raise DeclarationError(f"{where} must be a dict, not {shown(spec)}")
    name = spec.get("name")
    if not isinstance(name, str) or not name:
        raise DeclarationError(f"{where} has no name")
    problems = [*_key_problems(spec), *_value_problems(spec, types)]
    if problems:
        raise DeclarationError(f"`{name}` {', and '.join(problems)}")
    parameter = Parameter(
        name=name,
        type=spec.get("type", "string"),
        required=spec.get("required", False),
        description=spec.get("description", ""),
        default=spec.get("default"),
        choices=tuple(spec.get("choices") or spec.get("enum") or ()),
        items=_parse_items(name, spec.get("items"), types),
        one_of=spec.get("one_of", ""),
        aliases=tuple(spec.get("aliases", ())),
        label=spec.get("label", ""),
        nullable=spec.get("nullable", False),
    )
    if parameter.default is not None and (wrong := mistyped(parameter, parameter.default)):
        raise DeclarationError(f"the default of {wrong}")
    return parameter


def _parse_items(name: str, items: str | Mapping[str, Any] | None, types: Collection[str]) -> Parameter | None:
    if items is None:
        return None
    spec = {"type": items} if isinstance(items, str) else items
    try:
        return _parse({**spec, "name": name}, types, name)
    except DeclarationError as error:
        raise DeclarationError(f"the items of {error.message}") from error


def _key_problems(spec: ParameterSpec) -> Iterator[str]:
    for key, value in spec.items():
        if key not in _SPEC_KEYS:
            yield f"has an unknown key `{key}`{suggestion(key, _SPEC_KEYS)}"
        elif not isinstance(value, _SPEC_KEYS[key]):
            yield f"has a `{key}` that must not be {shown(value)}"


def _value_problems(spec: ParameterSpec, types: Collection[str]) -> Iterator[str]:
    name, kind = spec["name"], spec.get("type", "string")
    aliases = spec.get("aliases", ())
    if not _NAME.fullmatch(name):
        yield "is not a name: letters, digits, `_`, `-` and `.` only, and a letter first"
    if isinstance(kind, str) and kind not in types:
        yield f"has the unknown type `{kind}`{suggestion(kind, types)} (known: {', '.join(sorted(types))})"
    if isinstance(aliases, list | tuple) and not all(
        isinstance(alias, str) and _NAME.fullmatch(alias) for alias in aliases
    ):
        yield "has an alias that is not a name"
    if "items" in spec and kind != "array":
        yield f"has `items`, which only an array has, and is of type `{kind}`"
    yield from _choice_problems(spec, kind)


def _choice_problems(spec: ParameterSpec, kind: Any) -> Iterator[str]:
    choices = spec.get("choices") or spec.get("enum") or ()
    if kind == "choice" and not choices:
        yield "is a choice without `choices`"
    if spec.get("choices") and spec.get("enum"):
        yield "has both `choices` and `enum`, which mean the same"
    if isinstance(choices, list | tuple) and isinstance(kind, str) and kind in KINDS:
        wrong = [choice for choice in choices if not (is_scalar(choice) and KINDS[kind].accepts(choice))]
        if wrong:
            yield f"has a choice that is not of type `{kind}`: {shown(wrong[0])}"
