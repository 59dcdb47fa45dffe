"""What an agent is told about the connected systems: the manifest, a system's documentation, the tables' columns.

All of it is what connectors declare and what the product knows; what systems say themselves goes through
`revtops_tui.engine.fencing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.parameters import json_schema, parse_parameters
from revtops_tui.engine import approvals
from revtops_tui.engine.catalog import connector_info
from revtops_tui.engine.connections import find
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.workspace import Workspace
from store import browse
from store.connections import DEFAULT_NAME, Connection, connections
from store.errors import StoreError

_OPERATIONS = {"write": "write_operations", "action": "actions"}


def manifest(ws: Workspace) -> dict[str, Any]:
    """The organization's connected systems: `{"systems": […], "count": n}`.

    A system has `slug` (what the tools take as `system`; `slug:name` for a further connection of one connector),
    `name`, `capabilities`, `query_description`, `write_operations` and `actions`. An operation has its `parameters` as
    declared, and as JSON Schema in `input_schema`. A system whose connector is broken has `error`.
    """
    systems = [_system(ws, one) for one in _connected(ws)]
    return {"systems": systems, "count": len(systems)}


def system_docs(ws: Workspace, selector: str) -> dict[str, Any]:
    """Everything that is declared about a connected system, and what an agent may do there.

    To the system's entry in the manifest it adds `description`, `usage_guide`, `entities` (the tables that its records
    are in), `event_types`, and for each operation `approval`: allow, ask (somebody has to agree first) or deny.
    Raises EngineError.
    """
    found = find(ws, selector)
    declared = connector_info(ws, found.slug).manifest
    entry = _system(ws, found)
    for operation in (*entry["write_operations"], *entry["actions"]):
        operation["approval"] = approvals.decision(ws, found.selector, operation["name"], "agent")
    return {
        **entry,
        "description": declared["description"],
        "usage_guide": declared["usage_guide"],
        "entities": declared["entity_types"],
        "event_types": declared["event_types"],
    }


def system_name(ws: Workspace, selector: str) -> str:
    """What people call a system; the selector itself where there is no such connector."""
    info = ws.catalog.get(selector.partition(":")[0])
    return str(info.manifest["name"]) if info else selector


def documentation(ws: Workspace, selector: str, kind: str, operation: str = "") -> dict[str, Any]:
    """What helps somebody who asked wrongly: about the operation, else about the system, else which systems there are.

    `kind` is what was tried: query, write or action.
    """
    try:
        entry = _system(ws, find(ws, selector))
    except EngineError:
        known = [{name: one[name] for name in ("slug", "name", "capabilities")} for one in manifest(ws)["systems"]]
        return {"connected_systems": known}
    if kind not in _OPERATIONS:
        return {name: entry[name] for name in ("slug", "name", "capabilities", "query_description")}
    declared = entry[_OPERATIONS[kind]]
    named = [one for one in declared if one["name"] == operation]
    if named:
        return {"system": entry["slug"], "operation": named[0]}
    return {"system": entry["slug"], "capabilities": entry["capabilities"], _OPERATIONS[kind]: declared}


def table_columns(ws: Workspace) -> dict[str, dict[str, str]]:
    """The tables that can be read, each with its columns and their types: entities, and the product's own books."""
    try:
        return browse.column_types(ws.database.path, ws.organization_id)
    except StoreError as error:
        raise people(error) from error


def _connected(ws: Workspace) -> list[Connection]:
    return [one for one in connections(ws.database, ws.organization_id) if one.status != "revoked"]


def _system(ws: Workspace, connection: Connection) -> dict[str, Any]:
    try:
        declared = connector_info(ws, connection.slug).manifest
    except EngineError as error:
        nothing = {"capabilities": [], "query_description": "", "write_operations": [], "actions": []}
        return {"slug": connection.selector, "name": connection.slug, **nothing, "error": error.message}
    named = "" if connection.name == DEFAULT_NAME else f" ({connection.name})"
    return {
        "slug": connection.selector,
        "name": f"{declared['name']}{named}",
        "capabilities": declared["capabilities"],
        "query_description": declared["query_description"],
        "write_operations": [_operation(one) for one in declared["write_operations"]],
        "actions": [_operation(one) for one in declared["actions"]],
    }


def _operation(declared: Mapping[str, Any]) -> dict[str, Any]:
    return {**declared, "input_schema": json_schema(parse_parameters(declared["parameters"]))}
