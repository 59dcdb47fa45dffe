"""Overlays: what is changed in a document, in memory, before anything is checked against it."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Json = dict[str, Any]


GONE: Json = {"x-gone": True}


@dataclass(frozen=True)
class Overlay:
    """One mistake of a document.

    Args:
        operation: `METHOD /path` as the document has it, with `*` for anything.
        where: `query.NAME` (or path, header), `body.KEY.KEY[]`, or `reply.KEY[].KEY` for every status; `query` alone is
            the list of parameters, `body` and `reply` alone are whole schemas.
        change: keywords that are put in place of the document's; `properties` are added; GONE takes the place away.
        why: what is wrong with the document, and who says so.
    """

    operation: str
    where: str
    change: Json
    why: str

    def concerns(self, operation: str) -> bool:
        """Whether it is about this operation."""
        return fnmatchcase(operation, self.operation)

    def apply(self, operation: Json, schemas: Json) -> bool:
        """Change an operation; whether there was anything to change."""
        place, _, rest = self.where.partition(".")
        steps = _steps(rest)
        if place in ("query", "path", "header"):
            return self._parameter(operation, place, rest)
        if place == "body":
            holders = operation.get("requestBody", {}).get("content", {}).values()
        else:
            holders = [media for reply in operation["responses"].values() for media in reply["content"].values()]
        return _each(self._schema(holder, steps, schemas) for holder in holders if "schema" in holder)

    def _parameter(self, operation: Json, place: str, name: str) -> bool:
        if not name:
            operation["parameters"] += [{"in": place, **added} for added in self.change["added"]]
            return True
        parameters = operation["parameters"]
        found = [p for p in parameters if p["in"] == place and p["name"] == name]
        kept = [p for p in parameters if p not in found]
        operation["parameters"] = kept if self.change is GONE else [*kept, *(_merged(p, self.change) for p in found)]
        return bool(found)

    def _schema(self, holder: Json, steps: list[str], schemas: Json) -> bool:
        schema, found = _changed(holder["schema"], steps, self.change, schemas)
        holder["schema"] = schema
        return found


def _steps(path: str) -> list[str]:
    return [step for part in path.replace("[]", ".[]").split(".") if (step := part)]


def _each(results: Iterable[bool]) -> bool:
    return any(list(results))


def _changed(schema: Json, steps: list[str], change: Json, schemas: Json) -> tuple[Json, bool]:
    """The schema with a change at the end of the steps, and whether there was such a place. References are resolved on
    the way, so that a change holds in this operation only.
    """
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
    if not steps:
        return _merged(schema, change), True
    result, found = dict(schema), False
    step, rest = steps[0], steps[1:]
    if step == "[]" and isinstance(schema.get("items"), dict):
        result["items"], found = _changed(schema["items"], rest, change, schemas)
    elif step in schema.get("properties", {}):
        others = {key: value for key, value in schema["properties"].items() if key != step}
        if change is GONE and not rest:
            required = [key for key in schema.get("required", ()) if key != step]
            return {**result, "properties": others, "required": required}, True
        inner, found = _changed(schema["properties"][step], rest, change, schemas)
        result["properties"] = {**others, step: inner}
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            branches = [_changed(branch, steps, change, schemas) for branch in schema[key]]
            # A branch without such a place stays the reference that it is.
            result[key] = [new if hit else old for old, (new, hit) in zip(schema[key], branches, strict=True)]
            found = found or any(hit for _, hit in branches)
    return result, found


def _merged(schema: Json, change: Json) -> Json:
    result = deepcopy(schema)
    for key, value in change.items():
        if key in ("properties", "schema"):
            result[key] = {**result.get(key, {}), **value}
        else:
            result[key] = value
    return result
