"""`python -m tests.contracts VENDOR "METHOD /path"`: an operation as the checks understand it, overlays applied."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.contracts.operation import Operation
from tests.contracts.rest import RestContract

_NOISE = ("description", "example", "examples", "title")


def _show(operation: Operation) -> None:
    print(operation.place)
    for (where, name), parameter in operation.parameters.items():
        must = "  required" if parameter.get("required") else ""
        print(f"  {where} {name}: {_text(parameter.get('schema', {}))}{must}")
    for kind, media in operation.content.get("requestBody", {}).get("content", {}).items():
        print(f"\nbody, {kind}\n{_text(operation.sent.whole(media['schema'])) if 'schema' in media else 'anything'}")
    for status, reply in operation.content["responses"].items():
        for kind, media in reply["content"].items():
            schema = _text(operation.received.whole(media["schema"])) if "schema" in media else "anything"
            print(f"\nreply {status}, {kind}\n{schema}")


def _text(schema: Any) -> str:
    return json.dumps(_quiet(schema), indent=1 if len(str(schema)) > 300 else None, ensure_ascii=False)


def _quiet(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {k: _quiet(v) for k, v in schema.items() if not (k in _NOISE and not isinstance(v, dict))}
    return [_quiet(each) for each in schema] if isinstance(schema, list) else schema


def main(vendor: str, wanted: str) -> None:
    """Print one operation, or the names of those that hold the words."""
    contract = RestContract(vendor)
    found = contract.find(*wanted.split(" ", 1)) if " " in wanted else None
    if found is not None:
        _show(found[0])
        return
    for described in contract.described:
        if wanted.rpartition(" ")[2] in described.path:
            print(described.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
