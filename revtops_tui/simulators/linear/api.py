"""Executing GraphQL over a workspace: parsing once, validation, complexity, resolvers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import graphql
from graphql import DocumentNode, GraphQLError, GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type

from revtops_tui.simulators.linear import filters
from revtops_tui.simulators.linear.account import Account, Node
from revtops_tui.simulators.linear.complexity import complexity
from revtops_tui.simulators.linear.listing import listed, page
from revtops_tui.simulators.linear.mutations import Mutations, by_name, find

_COLLECTIONS = {
    "comments": "comments",
    "issueLabels": "labels",
    "issues": "issues",
    "projectStatuses": "statuses",
    "projects": "projects",
    "teams": "teams",
    "users": "users",
    "webhooks": "webhooks",
    "workflowStates": "states",
}
"""Fields of Query that list a whole collection -> the account's name for it."""
_SINGLE = {
    "comment": ("comments", "Comment"),
    "issue": ("issues", "Issue"),
    "project": ("projects", "Project"),
    "team": ("teams", "Team"),
    "user": ("users", "User"),
    "webhook": ("webhooks", "Webhook"),
    "workflowState": ("states", "WorkflowState"),
}
_REVERSE = {
    ("Organization", "teams"): ("teams", "organization"),
    ("Organization", "users"): ("users", "organization"),
    ("User", "assignedIssues"): ("issues", "assignee"),
    ("User", "createdIssues"): ("issues", "creator"),
    ("Team", "issues"): ("issues", "team"),
    ("Team", "labels"): ("labels", "team"),
    ("Project", "issues"): ("issues", "project"),
    ("WorkflowState", "issues"): ("issues", "state"),
    ("Issue", "children"): ("issues", "parent"),
    ("Issue", "comments"): ("comments", "issue"),
    ("Comment", "children"): ("comments", "parent"),
}
"""Connections of a node that are found from the other side: which collection, and its field that has the node."""


@dataclass
class Request:
    """One request as its resolvers see it. `shift` is for the fault of rows that move between pages."""

    account: Account
    mutations: Mapping[str, Callable[[dict[str, Any]], Node]]
    shift: int = 0


@dataclass
class Answer:
    """What became of a request. `refused`: it was not executed at all."""

    data: dict[str, Any] | None
    errors: list[GraphQLError] = field(default_factory=list)
    complexity: float = 0
    refused: bool = False


class Api:
    """The GraphQL API of an account. `spend` is told what a request costs before it is executed, and may refuse it by
    raising.
    """

    def __init__(self, account: Account, spend: Callable[[float], None] = lambda _: None) -> None:
        self._account = account
        self._spend = spend
        self._mutations = by_name(Mutations(account))

    def execute(
        self, text: str, variables: Mapping[str, Any] | None, operation: str | None, *, shift: int = 0
    ) -> Answer:
        """Answer a request."""
        document, errors = _read(text)
        if document is None:
            return Answer(None, list(errors), refused=True)
        cost = complexity(schema(), document, variables or {}, operation)
        self._spend(cost)
        result = graphql.execute_sync(
            schema(),
            document,
            context_value=Request(self._account, self._mutations, shift),
            variable_values=dict(variables or {}),
            operation_name=operation,
            field_resolver=_leaf,
        )
        refused = bool(result.errors) and all(error.path is None for error in result.errors or ())
        return Answer(None if refused else result.data, list(result.errors or ()), cost, refused)


@lru_cache(maxsize=512)
def _read(text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """The document, or what is wrong with it; clients send the same few texts again and again."""
    try:
        document = graphql.parse(text)
    except GraphQLError as error:
        return None, (error,)
    errors = graphql.validate(schema(), document)
    return (None if errors else document), tuple(errors)


# -- resolvers ---------------------------------------------------------------------------------------------------------


@cache
def schema() -> GraphQLSchema:
    """The schema with its resolvers; what is not a connection or a root field is looked up in the node."""
    built = graphql.build_schema((Path(__file__).parent / "schema.graphql").read_text(encoding="utf-8"))
    for name, read in {"DateTimeOrDuration": filters.moment, "TimelessDateOrDuration": filters.day}.items():
        scalar: Any = built.type_map[name]
        scalar.parse_value = scalar.coerce_input_value = read
    for kind in built.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for name, definition in kind.fields.items():
                _wire(kind.name, name, definition)
    return built


def _wire(kind: str, name: str, definition: GraphQLField) -> None:
    if kind == "Mutation":
        definition.resolve = lambda _, info, **args: info.context.mutations[name](args)
    elif kind == "Query" and name in _SINGLE:
        collection, word = _SINGLE[name]
        definition.resolve = lambda _, info, **args: find(info.context.account, collection, args.get("id"), word)
    elif kind == "Query" and name == "searchIssues":
        definition.resolve = _search
    elif get_named_type(definition.type).name.endswith("Connection"):
        definition.resolve = _connection(kind, name)
    elif (kind, name) in _COMPUTED:
        definition.resolve = _COMPUTED[kind, name]


def _leaf(source: Node, info: Any, **_: Any) -> Any:
    return source[info.field_name]


def _connection(kind: str, name: str) -> Callable[..., Node]:
    def resolve(source: Node, info: Any, **args: Any) -> Node:
        request: Request = info.context
        if kind == "Query":
            nodes = getattr(request.account, _COLLECTIONS[name])
        elif (kind, name) in _REVERSE:
            collection, back = _REVERSE[kind, name]
            nodes = [node for node in getattr(request.account, collection) if node.get(back) is source]
        elif (kind, name) == ("Team", "projects"):
            nodes = [project for project in request.account.projects if source in project["teams"]]
        elif (kind, name) == ("Team", "members"):
            nodes = request.account.users
        else:
            nodes = source[name]
        if "includeDisabled" in info.parent_type.fields[name].args and not args.get("includeDisabled"):
            nodes = [user for user in nodes if user["active"]]
        return page(listed(nodes, args), args, request.account.by_id, shift=request.shift)

    return resolve


def _search(_: None, info: Any, **args: Any) -> Node:
    """All words of the term, anywhere in what an issue says; Linear's own search also knows what is similar."""
    request: Request = info.context
    comments: dict[int, str] = {}
    for comment in request.account.comments if args.get("includeComments") else ():
        comments[id(comment["issue"])] = comments.get(id(comment["issue"]), "") + comment["body"]
    words = args["term"].lower().split()

    def found(issue: Node) -> bool:
        text = f"{issue['identifier']} {issue['title']} {issue['description'] or ''} {comments.get(id(issue), '')}"
        return all(word in text.lower() for word in words)

    nodes = [issue for issue in listed(request.account.issues, args) if found(issue)]
    if team := args.get("teamId"):
        nodes = [issue for issue in nodes if team in (issue["team"]["id"], issue["team"]["key"])]
    return {**page(nodes, args, request.account.by_id, shift=request.shift), "totalCount": float(len(nodes))}


def _issue_count(team: Node, info: Any, **args: Any) -> int:
    issues = [issue for issue in info.context.account.issues if issue["team"] is team]
    return sum(bool(args.get("includeArchived")) or issue["archivedAt"] is None for issue in issues)


_COMPUTED: dict[tuple[str, str], Callable[..., Any]] = {
    ("Query", "viewer"): lambda _, info: info.context.account.viewer,
    ("Query", "organization"): lambda _, info: info.context.account.organization,
    ("Organization", "userCount"): lambda _, info: len(info.context.account.users),
    ("Team", "issueCount"): _issue_count,
    ("Comment", "issueId"): lambda comment, _: comment["issue"]["id"],
    ("Comment", "parentId"): lambda comment, _: (comment["parent"] or {}).get("id"),
}
