"""What the tools do, each as a function of the workspace, its checked arguments and an event that cancels it.

The `about_*` say what an error of a tool comes with, so that the next try is a better one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from revtops_tui.engine import agents, approvals, data, operations, search
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.mcp.answers import Answer, outcome, refusal, with_data

Arguments = Mapping[str, Any]

SQL_ROWS = 500
MOST_HITS = 200
LONGEST_WAIT = 50
"""Seconds: clients give up on a call after a minute."""
_LOOK_SECONDS = 0.25
_LOCAL = "the records synced into the local database"
_OURS = frozenset({"usage", "not_connected", "unknown_connector", "broken_connector"})
"""Kinds of errors that the engine raises before a system is asked."""


# -- what there is -----------------------------------------------------------------------------------------------------


def list_connected_systems(ws: Workspace, _arguments: Arguments, _cancel: threading.Event) -> Answer:
    """The manifest."""
    return Answer(agents.manifest(ws))


def get_system_docs(ws: Workspace, arguments: Arguments, cancel: threading.Event) -> Answer:
    """What is declared about a system, and what it says itself can be queried."""
    system = arguments["system"]
    docs = agents.system_docs(ws, system)
    if "query" not in docs["capabilities"]:
        return Answer(docs)
    try:
        schema = operations.schema(ws, system, cancel=cancel)
    except EngineError as error:  # what is declared helps without what the system says about itself
        return Answer({**docs, "schema_error": refusal(error, {}, quotes=True).head["error"]})
    return with_data(docs, {"schema": schema}, agents.system_name(ws, system))


# -- asking ------------------------------------------------------------------------------------------------------------


def query_system(ws: Workspace, arguments: Arguments, cancel: threading.Event) -> Answer:
    """A system's live answer."""
    system = arguments["system"]
    try:
        result = operations.query(ws, system, arguments["query"], cancel=cancel)
    except EngineError as error:
        docs = agents.documentation(ws, system, "query")
        return refusal(error, docs, quotes=error.kind not in _OURS)
    return with_data({"status": "ok"}, result, agents.system_name(ws, system))


def search_records(ws: Workspace, arguments: Arguments, cancel: threading.Event) -> Answer:
    """Synced records that are called like the text."""
    limit = min(max(arguments["limit"], 1), MOST_HITS)
    hits = search.search_records(ws, arguments["query"], entity=arguments.get("entity"), limit=limit, cancel=cancel)
    head: dict[str, Any] = {"count": len(hits.records), "truncated": hits.truncated}
    if hits.truncated:
        head["more"] = f"There is more: the first {limit} are here. Search for a longer text, or in one entity."
    return with_data(head, [asdict(hit) for hit in hits.records], _LOCAL)


def run_sql(ws: Workspace, arguments: Arguments, cancel: threading.Event) -> Answer:
    """The rows of a SELECT over the local database."""
    found = data.sql(ws, arguments["query"], limit=SQL_ROWS, cancel=cancel)
    head: dict[str, Any] = {"count": len(found.rows), "truncated": found.truncated}
    if found.truncated:
        head["more"] = f"There is more: the first {len(found.rows)} rows are here. Aggregate, or use WHERE and LIMIT."
    return with_data(head, {"columns": found.columns, "rows": found.rows, "truncated": found.truncated}, _LOCAL)


# -- changing ----------------------------------------------------------------------------------------------------------


def write_to_system(ws: Workspace, arguments: Arguments, _cancel: threading.Event) -> Answer:
    """A write: carried out, or waiting for somebody to agree."""
    return _submitted(ws, arguments, "write", arguments["operation"], arguments["data"])


def run_action(ws: Workspace, arguments: Arguments, _cancel: threading.Event) -> Answer:
    """An action: carried out, or waiting for somebody to agree."""
    return _submitted(ws, arguments, "action", arguments["action"], arguments["params"])


def _submitted(ws: Workspace, arguments: Arguments, kind: str, name: str, values: Mapping[str, Any]) -> Answer:
    system = arguments["system"]
    done = operations.submit(
        ws, system, kind, name, values, requested_by="agent", reason=arguments.get("reason") or None
    )
    return outcome(done, agents.system_name(ws, system), agents.documentation(ws, system, kind, name))


def get_approval(ws: Workspace, arguments: Arguments, cancel: threading.Event) -> Answer:
    """What became of a request; waits for the decision as long as was asked for."""
    approval_id = arguments["approval_id"]
    asked = approvals.find(ws, approval_id)
    until = time.monotonic() + min(arguments["wait_seconds"], LONGEST_WAIT)
    while True:
        done = approvals.outcome(ws, approval_id)
        under_way = done.status == "waiting" or (done.status == "unknown" and done.error is None)
        # Whoever decides does it in another process, which has no way to wake this one.
        if not under_way or time.monotonic() >= until or cancel.wait(_LOOK_SECONDS):
            docs = agents.documentation(ws, asked.selector, asked.kind, asked.operation)
            return outcome(done, agents.system_name(ws, asked.selector), docs)


# -- what an error comes with ------------------------------------------------------------------------------------------


def about_asking(ws: Workspace, arguments: Arguments) -> dict[str, Any]:
    """How the system is asked."""
    return agents.documentation(ws, arguments["system"], "query")


def about_writing(ws: Workspace, arguments: Arguments) -> dict[str, Any]:
    """The write that was tried, or those that there are."""
    return agents.documentation(ws, arguments["system"], "write", arguments["operation"])


def about_acting(ws: Workspace, arguments: Arguments) -> dict[str, Any]:
    """The action that was tried, or those that there are."""
    return agents.documentation(ws, arguments["system"], "action", arguments["action"])


def about_tables(ws: Workspace, _arguments: Arguments) -> dict[str, Any]:
    """The tables that SQL can read."""
    return {"dialect": "SQLite, SELECT only", "tables": agents.table_columns(ws)}


def about_searching(ws: Workspace, _arguments: Arguments) -> dict[str, Any]:
    """What can be searched."""
    return {"searched": list(search.SEARCHED), "entities": search.entities(ws)}
