"""Schemas of the documents as JSON Schema 2020-12, in two readings: of what may be sent, and of what may come back.

A request is closed: where an object's keys are described, no other key may be there, also through allOf, anyOf and
$ref. That is said where a schema is used and not where it is defined, because a definition may be one part of an allOf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import jsonschema_rs

Json = dict[str, Any]

_PLAIN = (
    *("type", "enum", "const", "pattern", "format", "required", "multipleOf", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems"),
    *("minProperties", "maxProperties", "uniqueItems"),
)
_NUMBERS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")
_MAPS = ("properties", "patternProperties")
_BRANCHES = ("allOf", "anyOf", "oneOf")


class Reading:
    """The schemas of one document, read for requests (`closed`) or for replies."""

    def __init__(self, schemas: Mapping[str, Any], *, closed: bool, loose: Iterable[str] = ()) -> None:
        self._schemas = schemas
        self._closed = closed
        self._loose = frozenset(loose)
        self._hidden = "readOnly" if closed else "writeOnly"
        self._done: dict[str, Any] = {}

    def validator(self, schema: Json) -> Callable[[Any], list[str]]:
        """What checks a value and returns what is wrong with it, one line each: `at.path: what`."""
        compiled = jsonschema_rs.Draft202012Validator(self.whole(schema), validate_formats=True)
        return lambda value: [] if compiled.is_valid(value) else [worded(e) for e in compiled.iter_errors(value)]

    def whole(self, schema: Json) -> Json:
        """A schema with the definitions that it reaches, and no others: a document has thousands."""
        whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **self.site(schema)}
        return {**whole, "$defs": reachable} if (reachable := self._reachable(whole)) else whole

    def site(self, schema: Any) -> Any:
        """A schema where it is used: closed, if this reading is and the schema describes keys."""
        result = self._inside(schema)
        if not self._closed or not isinstance(result, dict) or "additionalProperties" in result:
            return result
        return {**result, "unevaluatedProperties": False} if self._describes_keys(schema, set()) else result

    def resolved(self, schema: Json) -> Json:
        """What a schema that is only a reference refers to."""
        while "$ref" in schema:
            schema = self._schemas[_target(schema["$ref"])]
        return schema

    def _inside(self, schema: Any) -> Any:
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            return {"$ref": f"#/$defs/{_name(schema['$ref'])}"}
        result: Json = {key: schema[key] for key in _PLAIN if key in schema}
        for key in _MAPS:
            if key in schema:
                shown = {str(k): v for k, v in schema[key].items() if not self._is_hidden(v)}
                result[key] = {k: self.site(v) for k, v in shown.items()}
        if isinstance(schema.get("additionalProperties"), dict | bool):
            result["additionalProperties"] = self.site(schema["additionalProperties"])
        for key in _BRANCHES:
            if schema.get(key):  # Nango has one without alternatives
                # Alternatives of these documents overlap: one that fits is enough, also where "one of" is written.
                kind = "anyOf" if key == "oneOf" else key
                result.setdefault(kind, []).extend(self._branch(part, kind) for part in schema[key])
        self._items(schema, result)
        self._repair(schema, result)
        return _nullable(schema, result)

    def _branch(self, part: Any, kind: str) -> Any:
        result = self._inside(part)
        free = kind == "anyOf" and isinstance(part, dict) and part.get("type") == "object"
        if free and self._closed and not self._describes_keys(part, set()):
            return {"additionalProperties": True, **result}
        return result

    def _items(self, schema: Json, result: Json) -> None:
        items = schema.get("items")
        if isinstance(items, list):  # Slack's way of saying: any of these
            result["items"] = {"anyOf": [self._branch(part, "anyOf") for part in items]}
        elif items is not None:
            result["items"] = self.site(items)

    def _repair(self, schema: Json, result: Json) -> None:
        if result.get("type") in ("any", "file"):
            del result["type"]
        if result.get("format") in self._loose:
            del result["format"]
        for key in _NUMBERS:
            if isinstance(result.get(key), str):  # discovery writes them as text
                result[key] = int(result[key])
        for limit, strict in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(result.get(strict), bool) and result.pop(strict):
                result[strict] = result.pop(limit)
        if "required" in result:
            properties = schema.get("properties", {})
            required = result.pop("required")
            if isinstance(required, list):  # a bare `required: true` is a parameter's, strayed
                result["required"] = [name for name in required if not self._is_hidden(properties.get(name))]

    def _is_hidden(self, schema: Any) -> bool:
        return isinstance(schema, dict) and bool(schema.get(self._hidden))

    def _describes_keys(self, schema: Any, seen: set[str]) -> bool:
        if not isinstance(schema, dict):
            return False
        if "$ref" in schema:
            name = _target(schema["$ref"])
            if name in seen:
                return False
            return self._describes_keys(self._schemas[name], seen | {name})
        if schema.get("properties"):
            return True
        return any(self._describes_keys(part, seen) for key in _BRANCHES for part in schema.get(key, ()))

    def _reachable(self, schema: Json) -> Json:
        found: Json = {}
        waiting: list[Any] = [schema]
        while waiting:
            part = waiting.pop()
            if isinstance(part, list):
                waiting.extend(part)
            elif isinstance(part, dict):
                name = part.get("$ref")
                if isinstance(name, str) and (key := _target(name)) not in found:
                    if key not in self._done:
                        self._done[key] = self._inside(self._schemas[key])
                    found[key] = self._done[key]
                    waiting.append(found[key])
                waiting.extend(part.values())
        return found


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def _target(reference: str) -> str:
    return _name(reference).replace("~1", "/").replace("~0", "~")


def _nullable(schema: Json, result: Json) -> Json:
    if not schema.get("nullable"):
        return result
    if isinstance(kind := result.get("type"), str) and not any(key in result for key in ("allOf", "anyOf")):
        result["type"] = [kind, "null"]
        if "enum" in result and None not in result["enum"]:
            result["enum"] = [*result["enum"], None]
        return result
    return {"anyOf": [result, {"type": "null"}]}


def worded(error: jsonschema_rs.ValidationError) -> str:
    """`data[0].name: what is wrong`; of alternatives, what is wrong with the nearest."""
    nearest = error
    while nearest.kind.name in ("anyOf", "oneOf"):
        branches = [branch for branch in cast("Any", nearest.kind).context if branch]
        if not branches:
            break
        nearest = max((_deepest(branch) for branch in branches), key=_depth)
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in nearest.instance_path)
    said = nearest.message
    said = said if len(said) <= 300 else f"{said[:140]} … {said[-140:]}"
    return f"{path.lstrip('.')}: {said}" if path else said


def _deepest(errors: list[jsonschema_rs.ValidationError]) -> jsonschema_rs.ValidationError:
    return max(errors, key=_depth)


def _depth(error: jsonschema_rs.ValidationError) -> tuple[int, bool]:
    return len(error.instance_path), error.kind.name != "type"
