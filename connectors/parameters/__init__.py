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

from connectors.parameters.declared import parse_auth_fields, parse_parameters
from connectors.parameters.parameter import Parameter
from connectors.parameters.schema import json_schema
from connectors.parameters.values import (
    coerce_text,
    own_names,
    validate_arguments,
    validate_credentials,
    validate_fields,
)

__all__ = [
    "Parameter",
    "coerce_text",
    "json_schema",
    "own_names",
    "parse_auth_fields",
    "parse_parameters",
    "validate_arguments",
    "validate_credentials",
    "validate_fields",
]
