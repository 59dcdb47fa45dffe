"""What may be asked of Linear live: words to search for, or GraphQL that only reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.errors import InvalidInputError

_MOST_TOKENS = 10_000
_LIMIT = re.compile(r"\s+limit\s+(\d+)\s*$", re.IGNORECASE)
_DEFAULT_LIMIT, _MOST = 50, 250

COLUMNS = ("identifier", "title", "state", "priority", "assignee", "team", "project", "updated", "url")
SEARCH = """query ($term: String!, $first: Int!) { searchIssues(term: $term, first: $first) {
  nodes { identifier title priorityLabel updatedAt url state { name } assignee { name } team { key } project { name } }
  pageInfo { hasNextPage } } }"""

_TYPES = {
    "issues": "Issue",
    "projects": "Project",
    "teams": "Team",
    "users": "User",
    "workflowStates": "WorkflowState",
    "issueLabels": "IssueLabel",
    "comments": "Comment",
}
"""The lists worth asking for, and the type of what is in them."""
SCHEMA = (
    "{ "
    + " ".join(f'{name}: __type(name: "{kind}") {{ ...Fields }}' for name, kind in _TYPES.items())
    + " } fragment Fields on __Type { name fields { name description "
    "type { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } }"
)


@dataclass(frozen=True)
class Search:
    """Words to search issues for."""

    words: str
    limit: int = _DEFAULT_LIMIT


@dataclass(frozen=True)
class GraphQL:
    """A query in GraphQL, known to read only."""

    text: str
    variables: dict[str, Any] = field(default_factory=dict)


def parse(request: str) -> Search | GraphQL:
    """A request as a person or an agent writes it: GraphQL has braces, `{"query", "variables"}` is JSON, the rest is
    words. Raises InvalidInputError for what is empty, not valid, or would write.
    """
    request = request.strip()
    if "{" in request:
        return _graphql(request)
    limit = _LIMIT.search(request)
    words = request[: limit.start()] if limit else request
    if not words:
        raise InvalidInputError(
            "There is nothing to search for.", hint='For example: "login fails", or "{ viewer { name } }".'
        )
    wanted = int(limit[1]) if limit else _DEFAULT_LIMIT
    if not 0 < wanted <= _MOST:
        raise InvalidInputError(f"The limit must be from 1 to {_MOST}; it is {wanted}.")
    return Search(words, wanted)


def _graphql(request: str) -> GraphQL:
    try:
        document = orjson.loads(request)
    except orjson.JSONDecodeError:
        document = {"query": request}
    given = document if isinstance(document, dict) else {}
    text, variables = given.get("query"), given.get("variables") or {}
    if not isinstance(text, str) or not isinstance(variables, dict) or given.keys() - {"query", "variables"}:
        raise InvalidInputError("A request in JSON has a `query`, a text, and may have `variables`, an object.")
    _refuse_writes(text)
    return GraphQL(text, variables)


def _refuse_writes(text: str) -> None:
    """Read the document as Linear would. Raises InvalidInputError unless it is one query and nothing else.

    All definitions count, whatever they are called and whichever would be run.
    """
    from graphql import FragmentDefinitionNode, GraphQLError, OperationDefinitionNode, OperationType, parse

    try:
        definitions = parse(text, no_location=True, max_tokens=_MOST_TOKENS).definitions
    except GraphQLError as error:
        line, column = error.locations[0] if error.locations else (1, 1)
        raise InvalidInputError(f"This is not valid GraphQL: {error.message} Line {line}, column {column}.") from error
    except RecursionError:
        raise InvalidInputError("This GraphQL is nested too deeply.") from None
    operations = [node for node in definitions if not isinstance(node, FragmentDefinitionNode)]
    for node in operations:
        if not isinstance(node, OperationDefinitionNode) or node.operation is not OperationType.QUERY:
            kind = node.operation.value if isinstance(node, OperationDefinitionNode) else "definition of a type"
            raise InvalidInputError(
                f"Only queries are sent; this is a {kind}.", hint="To change something, use a write operation."
            )
    if len(operations) != 1:
        raise InvalidInputError(f"One query at a time is sent; these are {len(operations)}.")


def table(found: dict[str, Any]) -> dict[str, Any]:
    """The result of a search as `{"columns", "rows", "truncated"}`."""
    rows = [
        [
            node["identifier"],
            node["title"],
            node["state"]["name"],
            node["priorityLabel"],
            (node["assignee"] or {}).get("name"),
            node["team"]["key"],
            (node["project"] or {}).get("name"),
            node["updatedAt"],
            node["url"],
        ]
        for node in found["nodes"]
    ]
    return {"columns": list(COLUMNS), "rows": rows, "truncated": found["pageInfo"]["hasNextPage"]}


def described(types: dict[str, Any]) -> list[dict[str, Any]]:
    """Introspected types as `{"name", "type", "columns": [{"name", "type", "description"}]}`."""
    return [
        {"name": name, "type": f"list of {kind['name']}", "columns": [_column(each) for each in kind["fields"]]}
        for name, kind in types.items()
    ]


def _column(definition: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": definition["name"],
        "type": _written(definition["type"]),
        "description": definition["description"] or "",
    }


def _written(kind: dict[str, Any]) -> str:
    """A type as GraphQL writes it: `[String!]!`."""
    if kind["kind"] == "NON_NULL":
        return f"{_written(kind['ofType'])}!"
    return f"[{_written(kind['ofType'])}]" if kind["kind"] == "LIST" else str(kind["name"])
