"""The JSON Schema of parameters."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from connectors.parameters.parameter import Parameter
from connectors.parameters.types import KINDS
from connectors.parameters.values import groups


def json_schema(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the object that `validate_arguments` accepts."""
    properties: dict[str, Any] = {}
    for parameter in parameters:
        properties[parameter.name] = _property(parameter)
        for alias in parameter.aliases:
            properties[alias] = {**_property(parameter), "deprecated": True}
    mandatory = [p for p in parameters if p.required and p.default is None]
    alternatives = [p.names for p in mandatory if p.aliases]
    alternatives += [tuple(name for p in members for name in p.names) for members in groups(parameters).values()]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": [p.name for p in mandatory if not p.aliases],
        "additionalProperties": False,
    }
    if alternatives:
        schema["allOf"] = [{"anyOf": [{"required": [name]} for name in names]} for names in alternatives]
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
