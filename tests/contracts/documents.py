"""The vendors' documents: which there are, how each is read, and what is put right in all of them at once.

The files are never changed. OpenAPI 3, Swagger 2 and Google's discovery format become one form, OpenAPI 3's; an
operation is turned only when a request for it is seen, and a file is read only when a test speaks to its vendor.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml  # type: ignore[import-untyped]

Json = dict[str, Any]

_DEPTH_OF_NAMED = 3
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


def specs() -> Path:
    """Where the documents are: `$REVTOPS_SPECS`, or `../shared/specs` beside the repository."""
    given = os.environ.get("REVTOPS_SPECS")
    return Path(given) if given else Path(__file__).parents[2].parent / "shared" / "specs"


SPECS = specs()
"""Taken when the tests start: they clear the environment of REVTOPS_ variables."""


@dataclass(frozen=True)
class Source:
    """A file. `bases`: the paths that its operations are below, where they are not the document's own. `mounted`: the
    prefix under which the simulator has it. `loose`: formats that the file names and does not mean.
    `refuses_with_200`: whether `ok: false` in a 200 is the document's `default` reply.
    """

    file: str
    bases: tuple[str, ...] | None = None
    mounted: str = ""
    loose: tuple[str, ...] = ()
    refuses_with_200: bool = False


SOURCES: dict[str, tuple[Source, ...]] = {
    "hubspot": (Source("hubspot/hubspot-crm-v2.swagger.json"), Source("hubspot/hubspot-engagements-v2.swagger.json")),
    "pipedrive": (
        Source("pipedrive/v2.yaml"),
        # Both addresses are served. Its times are "2020-09-08 13:11:21", which is no date-time of RFC 3339.
        Source("pipedrive/v1.yaml", bases=("/v1", "/api/v1"), loose=("date-time",)),
    ),
    "asana": (Source("asana/asana_oas.yaml"),),
    "google_drive": (Source("google/drive.v3.json"),),
    "slack": (Source("slack/slack_web_openapi_v2.json", refuses_with_200=True),),
    # Its addresses are paths without a host, which are references and not URIs.
    "twilio": (
        Source("twilio/twilio_api_v2010.json", loose=("uri",)),
        Source("twilio/twilio_messaging_v1.json", loose=("uri",)),
    ),
    "web_search": (
        Source("exa/exa-openapi-spec.yaml", mounted="/exa"),
        *(Source(f"tavily/post_{name}.yaml", mounted="/tavily") for name in ("search", "extract", "crawl", "map")),
        Source("brave/apiDefinition.swagger.json", mounted="/brave"),
        Source("perplexity/search-post.yaml", mounted="/perplexity"),
    ),
    "nango": (Source("nango/spec.yaml"),),
    "code_sandbox": (Source("e2b/openapi.yml"), Source("e2b/envd.yaml", mounted="/envd")),
}
"""Connector (or broker) -> its documents. Linear's is GraphQL: see `linear`."""


@dataclass(frozen=True)
class Described:
    """An operation as a document has it, not read yet. `path` is the template that requests are matched with."""

    document: Document
    method: str
    path: str
    read: Callable[[], Json] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """`GET /path`."""
        return f"{self.method} {self.path}"


@dataclass(eq=False)
class Document:
    """One file: its operations, and the schemas that they refer to by name."""

    source: Source
    schemas: Json = field(default_factory=dict)
    operations: list[Described] = field(default_factory=list)

    @classmethod
    def load(cls, source: Source) -> Document:
        """Read a file of any of the forms."""
        content = _parsed(SPECS / source.file)
        document = cls(source)
        form = _discovery if "discoveryVersion" in content else _swagger if "swagger" in content else _openapi
        form(document, content)
        return document

    def add(self, method: str, path: str, base: str, read: Callable[[], Json]) -> None:
        """Note an operation, once for each base path."""
        for prefix in self.source.bases or (base,):
            whole = f"{self.source.mounted}{prefix.rstrip('/')}/{path.lstrip('/')}".rstrip("/")
            self.operations.append(Described(self, method.upper(), whole or "/", read))


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """YAML 1.2's idea of what is not a string: no dates, and of the words only true, false and null."""


_Loader.yaml_implicit_resolvers = {
    letter: [pair for pair in pairs if pair[0] not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")]
    for letter, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def _parsed(path: Path) -> Json:
    with path.open("rb") as file:
        content: Json = json.load(file) if path.suffix == ".json" else yaml.load(file, _Loader)
    return content


# -- OpenAPI 3 -------------------------------------------------------------------------------------------------------


def _openapi(document: Document, content: Json) -> None:
    content = _inlined(content, content)
    document.schemas = content.get("components", {}).get("schemas", {})
    for path, item in content["paths"].items():
        for method in _METHODS:
            if method in item:
                servers = item[method].get("servers") or item.get("servers") or content.get("servers") or [{}]
                base = urlsplit(servers[0].get("url", "")).path
                document.add(method, path, base, partial(_openapi_operation, content, item, method))


def _openapi_operation(content: Json, item: Json, method: str) -> Json:
    operation = item[method]
    follow = partial(_followed, content)
    parameters = [follow(each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    result: Json = {"parameters": parameters, "responses": {}}
    if "requestBody" in operation:
        result["requestBody"] = follow(operation["requestBody"])
    for status, reply in operation["responses"].items():
        result["responses"][str(status)] = {"content": follow(reply).get("content", {})}
    return result


def _inlined(part: Any, content: Json) -> Any:
    """References into the middle of something (`#/components/schemas/Name/properties/key`) put in place."""
    if isinstance(part, list):
        return [_inlined(each, content) for each in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if isinstance(reference, str) and reference.count("/") > _DEPTH_OF_NAMED:
        return _inlined(_followed(content, part), content)
    return {key: _inlined(value, content) for key, value in part.items()}


def _followed(content: Json, part: Json) -> Json:
    while "$ref" in part:
        target: Any = content
        for key in part["$ref"].removeprefix("#/").split("/"):
            target = target[key.replace("~1", "/").replace("~0", "~")]
        part = target
    return part


# -- Swagger 2 -------------------------------------------------------------------------------------------------------


def _swagger(document: Document, content: Json) -> None:
    document.schemas = content.get("definitions", {})
    base = content.get("basePath", "")
    for path, item in content["paths"].items():
        for method in _METHODS:
            if method in item:
                document.add(method, path, base, partial(_swagger_operation, content, item, method))


def _swagger_operation(content: Json, item: Json, method: str) -> Json:
    operation = item[method]
    given = [_followed(content, p) for p in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    result: Json = {
        "parameters": [_swagger_parameter(p) for p in given if p["in"] not in ("body", "formData")],
        "responses": {},
    }
    takes = operation.get("consumes") or content.get("consumes") or ["application/json"]
    form = [p for p in given if p["in"] == "formData"]
    for body in (p for p in given if p["in"] == "body"):
        media = {kind: {"schema": body["schema"]} for kind in takes}
        result["requestBody"] = {"required": body.get("required", False), "content": media}
    if form:
        schema = {
            "type": "object",
            "properties": {p["name"]: _bare(p) for p in form},
            "required": [p["name"] for p in form if p.get("required")],
        }
        result["requestBody"] = {"content": {kind: {"schema": schema} for kind in takes}}
    gives = operation.get("produces") or content.get("produces") or ["application/json"]
    for status, reply in operation["responses"].items():
        answer = _followed(content, reply).get("schema")
        result["responses"][status] = {"content": {kind: {"schema": answer} for kind in gives} if answer else {}}
    return result


def _bare(parameter: Json) -> Json:
    schema = {key: value for key, value in parameter.items() if key not in ("name", "in", "required", "description")}
    return {**schema, "type": "string"} if schema.get("type") == "file" else schema


def _swagger_parameter(parameter: Json) -> Json:
    return {
        "name": parameter["name"],
        "in": parameter["in"],
        "required": parameter.get("required", False),
        "description": parameter.get("description", ""),
        "schema": _bare(parameter),
        "explode": parameter.get("collectionFormat", "csv") == "multi",
    }


# -- Google's discovery format -----------------------------------------------------------------------------------------


def _discovery(document: Document, content: Json) -> None:
    document.schemas = content["schemas"]
    base = content["basePath"]
    for method in _discovered(content):
        read = partial(_discovery_operation, content, method)
        path = method.get("flatPath") or method["path"]
        document.add(method["httpMethod"], path, base, read)
        for kind, protocol in method.get("mediaUpload", {}).get("protocols", {}).items():
            if kind == "simple":  # the resumable kind has the same address, with another uploadType
                document.add(method["httpMethod"], protocol["path"], "", partial(_upload, content, method))


def _discovered(part: Json) -> Iterator[Json]:
    yield from part.get("methods", {}).values()
    for resource in part.get("resources", {}).values():
        yield from _discovered(resource)


def _discovery_operation(content: Json, method: Json) -> Json:
    common = {name: parameter for name, parameter in content["parameters"].items() if parameter["location"] == "query"}
    result: Json = {
        "parameters": [_discovery_parameter(n, p) for n, p in {**common, **method.get("parameters", {})}.items()],
        "responses": {},
    }
    if "request" in method:
        media = {"application/json": {"schema": method["request"]}}
        result["requestBody"] = {"content": media}
    reply: Json = {}
    if "response" in method:
        reply["application/json"] = {"schema": method["response"]}
    if method.get("supportsMediaDownload"):
        reply["*/*"] = {}
    result["responses"]["200"] = {"content": reply}
    if not reply:
        result["responses"]["204"] = {"content": {}}
    return result


def _upload(content: Json, method: Json) -> Json:
    result = _discovery_operation(content, method)
    kinds = {"type": "string", "enum": ["media", "multipart", "resumable"]}
    result["parameters"] = [p for p in result["parameters"] if p["name"] != "uploadType"]
    result["parameters"].append({"name": "uploadType", "in": "query", "required": True, "schema": kinds})
    metadata = {"schema": method["request"]}
    media = {"application/json": metadata, "multipart/related": metadata, "*/*": {}}
    result["requestBody"] = {"content": media}
    return result


def _discovery_parameter(name: str, parameter: Mapping[str, Any]) -> Json:
    hidden = ("location", "required", "repeated", "description")
    schema: Json = {key: value for key, value in parameter.items() if key not in hidden}
    if parameter.get("repeated"):
        schema = {"type": "array", "items": schema}
    return {
        "name": name,
        "in": parameter["location"],
        "required": parameter.get("required", False),
        "schema": schema,
        "explode": True,
    }
