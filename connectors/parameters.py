"""Declared parameters: the one place that knows parameter types.

An operation declares its parameters as plain dicts, as in the guide:

    {"name": "title", "type": "string", "required": True, "description": "Issue title"}

Keys: `name` (required); `type` (default string); `required` (default False); `description`; `label`; `default`, used
when the parameter is left out; `choices` (or `enum`), the values allowed; `items`, what an array holds: a type or a
spec without a name; `nullable` (default False), whether null is taken, which clears what is there; `one_of`, the name
of a group of which at least one parameter must be given; `aliases`, legacy names, passed on to the connector as they
were given.

Values are JSON values: dates and datetimes are ISO 8601 text. What is validated here is what the connector gets.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.errors import DeclarationError, InvalidInputError
from connectors.parameter_types import KINDS, is_scalar, printable, shown, suggestion
from connectors.registry import AuthField, ConnectorMeta, ParameterSpec, credential_fields

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation, or one field of the credentials: what forms, schemas and checks are made from."""

    name: str
    type: str = "string"
    required: bool = False
    description: str = ""
    default: Any = None
    choices: tuple[Any, ...] = ()
    items: Parameter | None = None
    one_of: str = ""
    aliases: tuple[str, ...] = ()
    label: str = ""
    nullable: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every name the parameter is accepted under, its own first."""
        return (self.name, *self.aliases)

    @property
    def secret(self) -> bool:
        """Whether its value must never be shown."""
        return self.type == "password"

    @property
    def expected(self) -> str:
        """What a value has to be, in words that fit behind "must be"."""
        if self.choices:
            return f"one of {', '.join(str(choice) for choice in self.choices)}"
        if self.items:
            return f"a list, each item {self.items.expected}"
        return KINDS[self.type].expected


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


# -- declarations ------------------------------------------------------------------------------------------------


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
    if parameter.default is not None and (wrong := _mistyped(parameter, parameter.default)):
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


# -- values ------------------------------------------------------------------------------------------------------


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
    for members in _groups(parameters).values():
        if not any(_given(member, data) for member in members):
            yield f"Give at least one of {', '.join(f'`{member.name}`' for member in members)}"


def _groups(parameters: Sequence[Parameter]) -> dict[str, list[Parameter]]:
    groups: dict[str, list[Parameter]] = {}
    for parameter in parameters:
        if parameter.one_of:
            groups.setdefault(parameter.one_of, []).append(parameter)
    return groups


def _wrong(parameters: Sequence[Parameter], data: Mapping[str, Any]) -> Iterator[str]:
    for parameter in parameters:
        for name in parameter.names:
            if name in data and (problem := _mistyped(parameter, data[name], name)):
                yield problem


def _mistyped(parameter: Parameter, value: Any, name: str = "") -> str | None:
    """What is wrong with a value, as a clause that starts with the parameter's name."""
    if value is None and parameter.nullable:
        return None
    if not KINDS[parameter.type].accepts(value) or not _allowed(parameter, value):
        given = "what was given" if parameter.secret else shown(value)
        close = suggestion(value, [str(c) for c in parameter.choices]) if isinstance(value, str) else ""
        return f"`{name or parameter.name}` must be {parameter.expected}, not {given}{close}"
    if parameter.items:
        for position, item in enumerate(value):
            if problem := _mistyped(parameter.items, item, f"{name or parameter.name}[{position}]"):
                return problem
    return None


def _allowed(parameter: Parameter, value: Any) -> bool:
    # True equals 1 in Python, and is no choice of an integer.
    same_kind = (c for c in parameter.choices if isinstance(c, bool) == isinstance(value, bool))
    return not parameter.choices or value in same_kind


def _hint(parameters: Sequence[Parameter]) -> str:
    if not parameters:
        return "It takes no parameters."
    return f"It takes: {', '.join(f'{p.name} (required)' if p.required else p.name for p in parameters)}."


# -- JSON Schema -------------------------------------------------------------------------------------------------


def json_schema(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the object that `validate_arguments` accepts."""
    properties: dict[str, Any] = {}
    for parameter in parameters:
        properties[parameter.name] = _property(parameter)
        for alias in parameter.aliases:
            properties[alias] = {**_property(parameter), "deprecated": True}
    mandatory = [p for p in parameters if p.required and p.default is None]
    groups = [p.names for p in mandatory if p.aliases]
    groups += [tuple(name for p in members for name in p.names) for members in _groups(parameters).values()]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": [p.name for p in mandatory if not p.aliases],
        "additionalProperties": False,
    }
    if groups:
        schema["allOf"] = [{"anyOf": [{"required": [name]} for name in names]} for names in groups]
    return schema


def _property(parameter: Parameter) -> dict[str, Any]:
    schema = dict(KINDS[parameter.type].schema)
    if parameter.nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    if parameter.label:
        schema["title"] = parameter.label
    if parameter.description:
        schema["description"] = parameter.description
    if parameter.choices:
        schema["enum"] = [*parameter.choices, *([None] if parameter.nullable else [])]
    if parameter.items:
        schema["items"] = _property(parameter.items)
    if parameter.default is not None:
        schema["default"] = copy.deepcopy(parameter.default)
    return schema
