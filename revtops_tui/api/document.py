"""The OpenAPI document: what FastAPI makes of the models, and what it cannot know of itself.

That is the token, the one shape of all errors, and what each declared operation takes: a client made from the document
offers `create_deal` with its parameters, and not just an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.discovery import Catalog
from connectors.parameters import json_schema, parse_parameters
from revtops_tui.api.models import Failure

_SECURITY = {"token": {"type": "http", "scheme": "bearer", "description": "`revtops api token` shows it."}}
_BODIES = {"Write": ("operation", "write_operations"), "Action": ("action", "actions")}
"""The models of the bodies that name an operation: in which field, and where it is declared."""


def completed(document: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    """The document with the token, the errors and the operations of the connectors in it."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas.update(_schema_of_failure())
    document["components"]["securitySchemes"] = _SECURITY
    document["security"] = [{"token": []}]
    refused = {
        "description": "It failed; the status says how.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}},
    }
    for operation in _operations(document):
        operation["responses"].pop("422", None)
        operation["responses"]["default"] = refused
    for model, (field, declared) in _BODIES.items():
        schemas[model] = _body(schemas[model], field, declared, catalog, schemas)
        _or_outcome(document["paths"][f"/api/{model.lower()}"]["post"])
    _or_outcome(document["paths"]["/api/approvals/{approval_id}/approve"]["post"])
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _schema_of_failure() -> dict[str, Any]:
    schema = Failure.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Failure": schema}


def _or_outcome(operation: dict[str, Any]) -> None:
    """What was tried and failed is an outcome too, with its entry in the ledger."""
    either = [{"$ref": "#/components/schemas/Outcome"}, {"$ref": "#/components/schemas/Failure"}]
    operation["responses"]["default"] = {
        "description": "It failed, was refused, or its outcome is unknown; the status says how.",
        "content": {"application/json": {"schema": {"anyOf": either}}},
    }


def _body(
    model: Mapping[str, Any], field: str, declared: str, catalog: Catalog, schemas: dict[str, Any]
) -> dict[str, Any]:
    """The model of a body as one of the declared operations, each with its own parameters."""
    variants = []
    for slug, info in catalog.items():
        for operation in info.manifest[declared]:
            name = f"{slug}.{operation['name']}"
            takes = json_schema(parse_parameters(operation["parameters"]))
            takes.pop("$schema")
            schemas[name] = {**takes, "description": operation["description"]}
            of_slug = {"type": "string", "pattern": f"^{re.escape(slug)}(:[A-Za-z0-9._-]+)?$"}
            properties = {
                **model["properties"],
                "connection": {**model["properties"]["connection"], **of_slug},
                field: {"type": "string", "const": operation["name"]},
                "data": {"$ref": f"#/components/schemas/{name}"},
            }
            required = ["connection", field, *(["data"] if takes.get("required") or takes.get("allOf") else [])]
            variants.append({**model, "title": name, "properties": properties, "required": required})
    return {"title": model["title"], "description": model["description"], "anyOf": variants} if variants else {**model}
