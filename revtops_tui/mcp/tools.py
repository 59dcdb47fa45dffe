"""The tools: what each is called, takes and does. They are declared with the parameters of operations, and so checked.

Nothing here knows the protocol: a tool is a function of the workspace, its arguments and an event that cancels it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.errors import ConnectorError
from connectors.parameters import Parameter, json_schema, parse_parameters, validate_arguments
from connectors.registry import ParameterSpec
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.workspace import Workspace
from revtops_tui.mcp import calls
from revtops_tui.mcp.answers import Answer, refusal
from revtops_tui.mcp.calls import Arguments

_SEARCH_LIMIT = 20


@dataclass(frozen=True)
class Tool:
    """One tool. `documentation` is what an error of it comes with; the flags are the protocol's hints about it."""

    name: str
    title: str
    description: str
    specs: tuple[ParameterSpec, ...]
    call: Callable[[Workspace, Arguments, threading.Event], Answer]
    documentation: Callable[[Workspace, Arguments], dict[str, Any]]
    read_only: bool = True
    idempotent: bool = True
    open_world: bool = False

    @property
    def parameters(self) -> list[Parameter]:
        """What it takes."""
        return parse_parameters(self.specs)

    def about(self) -> dict[str, Any]:
        """The tool itself, as documentation."""
        return {"tool": self.name, "description": self.description, "input_schema": json_schema(self.parameters)}


def answer(ws: Workspace, name: str, arguments: Arguments, cancel: threading.Event) -> Answer:
    """Call a tool by its name. Whatever goes wrong is an answer too, with the documentation that helps."""
    tool = TOOLS.get(name)
    if tool is None:
        unknown = EngineError("usage", "There is no such tool.", hint=f"There are: {', '.join(TOOLS)}.")
        return refusal(unknown, {"tools": [one.about() for one in TOOLS.values()]})
    try:
        given = validate_arguments(tool.parameters, arguments)
    except ConnectorError as error:
        return refusal(people(error), tool.about())
    try:
        return tool.call(ws, given, cancel)
    except Exception as failure:  # noqa: BLE001 - the last one who can tell the agent
        reason = people(failure)
        return refusal(reason, tool.documentation(ws, given), quotes=reason.kind == "bug")


# -- the list ----------------------------------------------------------------------------------------------------------

_SYSTEM: ParameterSpec = {
    "name": "system",
    "required": True,
    "description": "Which connected system: its slug, as list_connected_systems has it.",
}
_REASON: ParameterSpec = {
    "name": "reason",
    "description": "Why, in a sentence: it is shown to the person who has to agree.",
}


def _about_itself(name: str) -> Callable[[Workspace, Arguments], dict[str, Any]]:
    return lambda _ws, _arguments: TOOLS[name].about()


_ALL = (
    Tool(
        "list_connected_systems",
        "List connected systems",
        "The systems that are connected, what each one can do, and the parameters of its writes and actions. "
        "Start here.",
        (),
        calls.list_connected_systems,
        _about_itself("list_connected_systems"),
    ),
    Tool(
        "get_system_docs",
        "Read a system's documentation",
        "How one connected system is used: how it is queried and what there is to query, its writes and actions, which "
        "of them wait for somebody to agree, and the tables that its records are synced into.",
        (_SYSTEM,),
        calls.get_system_docs,
        calls.about_asking,
        open_world=True,
    ),
    Tool(
        "query_system",
        "Query a system",
        "Ask a connected system, live, in its own query language; get_system_docs says how. For what is synced, "
        "search_records and run_sql are faster.",
        (
            _SYSTEM,
            {"name": "query", "required": True, "description": "The request, as the system's query_description says."},
        ),
        calls.query_system,
        calls.about_asking,
        open_world=True,
    ),
    Tool(
        "write_to_system",
        "Write to a system",
        "Create, change or delete a record in a connected system. As a rule a person has to agree first: then the "
        "answer is waiting, and get_approval has the outcome.",
        (
            _SYSTEM,
            {"name": "operation", "required": True, "description": "One of the system's write_operations."},
            {"name": "data", "type": "object", "required": True, "description": "The operation's parameters."},
            _REASON,
        ),
        calls.write_to_system,
        calls.about_writing,
        read_only=False,
        open_world=True,
    ),
    Tool(
        "run_action",
        "Run an action",
        "Have a connected system do something once, such as sending a message; it cannot be taken back. As a rule a "
        "person has to agree first: then the answer is waiting, and get_approval has the outcome.",
        (
            _SYSTEM,
            {"name": "action", "required": True, "description": "One of the system's actions."},
            {"name": "params", "type": "object", "required": True, "description": "The action's parameters."},
            _REASON,
        ),
        calls.run_action,
        calls.about_acting,
        read_only=False,
        idempotent=False,
        open_world=True,
    ),
    Tool(
        "get_approval",
        "Ask for a decision",
        "What became of a write or an action that waited for somebody to agree: its outcome, or why it was rejected.",
        (
            {
                "name": "approval_id",
                "type": "integer",
                "required": True,
                "description": "As the waiting answer says.",
            },
            {
                "name": "wait_seconds",
                "type": "integer",
                "default": 0,
                "description": f"How long to wait for the decision, at most {calls.LONGEST_WAIT}.",
            },
        ),
        calls.get_approval,
        _about_itself("get_approval"),
    ),
    Tool(
        "search_records",
        "Search records",
        "Find synced records of every system, best first: every word of the text has to begin a word of the record's "
        "name, title, e-mail address, domain or description, in any case. Its id in its own system finds it, too. Each "
        "comes with its entity and id: SELECT * FROM entity WHERE id = … has the rest of it.",
        (
            {"name": "query", "required": True, "description": "The text to find."},
            {"name": "entity", "description": "Only in this entity, such as deals or contacts."},
            {
                "name": "limit",
                "type": "integer",
                "default": _SEARCH_LIMIT,
                "description": f"How many at most, up to {calls.MOST_HITS}.",
            },
        ),
        calls.search_records,
        calls.about_searching,
    ),
    Tool(
        "run_sql",
        "Run SQL",
        "One SELECT (SQLite) over the synced records of every system. The resources revtops://schema/… have the "
        f"columns; dates are ISO 8601 text, custom_fields is JSON. At most {calls.SQL_ROWS} rows come back.",
        ({"name": "query", "required": True, "description": "The SELECT."},),
        calls.run_sql,
        calls.about_tables,
    ),
)
TOOLS = {tool.name: tool for tool in _ALL}
"""The tools by name, in the order in which they are listed."""
