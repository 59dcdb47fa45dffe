"""Checking exchanges with Linear against its GraphQL schema: the query, its variables, and the data of the reply."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSkipDirective,
    OperationDefinitionNode,
    SelectionSetNode,
    build_ast_schema,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)
from graphql.execution.values import VariableValues, get_directive_values, get_variable_values

from revtops_tui.simulators.server import ServedExchange
from tests.contracts.documents import SPECS
from tests.contracts.routes import Routes
from tests.contracts.uncovered import UNCOVERED
from tests.contracts.violation import Violation

Json = dict[str, Any]

_FILE = "linear/schema.graphql"
_ENVELOPE = {"query", "variables", "operationName", "extensions"}
_DURATION = re.compile(r"-?P(?=.)(\d+[YMWD])*(T(\d+[HMS])+)?")
_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d{2})?")


@dataclass
class Asked:
    """A request that was understood: its operation, its fragments by name, its variables."""

    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: VariableValues


class LinearContract:
    """Linear's schema."""

    def __init__(self) -> None:
        text = (SPECS / _FILE).read_text(encoding="utf-8")
        # What publishes it has validated it.
        self.schema = build_ast_schema(parse(text, no_location=True), assume_valid=True, assume_valid_sdl=True)
        _teach_scalars(self.schema)
        self._read = cache(self._read_document)
        self._uncovered = Routes(UNCOVERED.get("linear", {}).items())

    def check(self, exchange: ServedExchange) -> Iterator[Violation]:
        """What does not fit: the request if a connector made it, the reply always."""
        say = partial(Violation, "linear", f"{exchange.method} {exchange.path}")
        from_connector = exchange.request_headers.get("user-agent") == "revtops"
        if exchange.path != "/graphql":
            if from_connector and self._uncovered.find(exchange.method, exchange.path) is None:
                yield say("is not an operation: Linear has POST /graphql, and it is not listed in uncovered.py", _FILE)
            return
        problems, asked = self._asked(exchange)
        if from_connector:
            for problem in problems:
                yield say(problem, f"{_FILE}, request")
        if exchange.whole and exchange.fault != "schema_drift":
            for problem in self._reply_problems(exchange, asked):
                yield say(f"in the reply, {problem}", f"{_FILE}, reply {exchange.status}")

    # -- requests --------------------------------------------------------------------------------------------------

    def _asked(self, exchange: ServedExchange) -> tuple[list[str], Asked | None]:
        if exchange.method != "POST":
            return [f"{exchange.method} is sent, not POST"], None
        try:
            body = json.loads(exchange.request_body)
        except ValueError as error:
            return [f"the body is not JSON: {error}"], None
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return ["the body has no query"], None
        problems = [f"the body has an unknown key {key!r}" for key in sorted(body.keys() - _ENVELOPE)]
        wrong, document = self._read(body["query"])
        if document is None or wrong:
            return problems + wrong, None
        found, asked = self._with_variables(document, body)
        return problems + found, asked

    def _read_document(self, text: str) -> tuple[list[str], DocumentNode | None]:
        try:
            document = parse(text)
        except GraphQLError as error:
            return [f"the query cannot be read: {error.message}"], None
        return [f"the query is not valid: {error.message}" for error in validate(self.schema, document)], document

    def _with_variables(self, document: DocumentNode, body: Json) -> tuple[list[str], Asked | None]:
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        named = body.get("operationName")
        chosen = [each for each in operations if named is None or (each.name and each.name.value == named)]
        if len(chosen) != 1:
            return [f"operationName {named!r} does not say which of {len(operations)} operations is meant"], None
        given = body.get("variables") or {}
        declared = {each.variable.name.value for each in chosen[0].variable_definitions or ()}
        problems = [f"the variable ${name} is not declared in the query" for name in sorted(given.keys() - declared)]
        variables = get_variable_values(self.schema, chosen[0].variable_definitions or (), given)
        if isinstance(variables, list):
            return problems + [error.message for error in variables], None
        fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
        return problems, Asked(chosen[0], fragments, variables)

    # -- replies ---------------------------------------------------------------------------------------------------

    def _reply_problems(self, exchange: ServedExchange, asked: Asked | None) -> Iterator[str]:
        if "json" not in exchange.reply_headers.get("content-type", ""):
            return  # a page of the gateway's
        try:
            reply = json.loads(exchange.reply_body)
        except ValueError as error:
            yield f"there is no JSON: {error}"
            return
        if unknown := sorted(reply.keys() - {"data", "errors", "extensions"}):
            yield f"{unknown[0]}: is no part of a GraphQL response"
        yield from _error_problems(reply)
        if reply.get("data") is None:
            if "errors" not in reply:
                yield "there are neither data nor errors"
        elif asked is None:
            yield "data: the request is not valid, and is answered nevertheless"
        else:
            root = self.schema.get_root_type(asked.operation.operation)
            assert root is not None
            walk = _Walk(self.schema, asked)
            walk.object(reply["data"], root, [asked.operation.selection_set], "data")
            yield from walk.problems


def _error_problems(reply: Json) -> Iterator[str]:
    if "errors" not in reply:
        return
    errors = reply["errors"]
    if not isinstance(errors, list) or not errors:
        yield "errors: must be a list with something in it"
        return
    for error in errors:
        if not isinstance(error, dict) or not isinstance(error.get("message"), str):
            yield "errors[]: has no message"
        elif unknown := sorted(error.keys() - {"message", "locations", "path", "extensions"}):
            yield f"errors[].{unknown[0]}: is no part of a GraphQL error"
        elif not isinstance(error.get("extensions", {}), dict):
            yield "errors[].extensions: must be an object"


@dataclass
class _Walk:
    """Going through a reply's data along the query."""

    schema: GraphQLSchema
    asked: Asked
    problems: list[str] = field(default_factory=list)

    def value(self, value: Any, kind: GraphQLOutputType, nodes: list[FieldNode], path: str) -> None:
        """A field's value."""
        if is_non_null_type(kind):
            if value is None:
                self.problems.append(f"{path}: is null, and its type is {kind}")
                return
            kind = kind.of_type
        if value is None:
            return
        if is_list_type(kind):
            if not isinstance(value, list):
                self.problems.append(f"{path}: is no list, and its type is {kind}")
                return
            for index, item in enumerate(value):
                self.value(item, kind.of_type, nodes, f"{path}[{index}]")
        elif is_leaf_type(kind):
            known = kind.values if is_enum_type(kind) else None
            fits = value in known if known is not None else _SCALARS.get(kind.name, _anything)(value)
            if not fits:
                self.problems.append(f"{path}: {value!r} is no {kind}")
        else:
            sets = [node.selection_set for node in nodes if node.selection_set]
            self.object(value, kind, sets, path)

    def object(self, value: Any, kind: Any, selections: list[SelectionSetNode], path: str) -> None:
        """An object's fields: those that were selected, and no others."""
        if not isinstance(value, dict):
            self.problems.append(f"{path}: is no object, and its type is {kind}")
            return
        actual = self._actual(value, kind)
        asked: dict[str, list[FieldNode]] = {}
        optional: dict[str, list[FieldNode]] = {}
        for selection in selections:
            self._collect(selection, actual, asked, optional)
        for key in sorted(asked.keys() - value.keys()):
            self.problems.append(f"{path}.{key}: was asked for and is missing")
        for key in sorted(value.keys() - asked.keys() - optional.keys()):
            self.problems.append(f"{path}.{key}: was not asked for")
        for key, nodes in asked.items():
            definition = self.schema.get_field(actual, nodes[0].name.value)  # introspection's fields too
            if key in value and definition is not None:
                self.value(value[key], definition.type, nodes, f"{path}.{key}")

    def _actual(self, value: Json, kind: Any) -> Any:
        told = self.schema.get_type(value.get("__typename", "")) if is_abstract_type(kind) else None
        return told or kind

    def _collect(
        self,
        selection: SelectionSetNode,
        actual: Any,
        asked: dict[str, list[FieldNode]],
        optional: dict[str, list[FieldNode]],
    ) -> None:
        for node in selection.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                asked.setdefault((node.alias or node.name).value, []).append(node)
                continue
            spread: Any = self.asked.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            condition = spread.type_condition
            fits = condition is None or self._fits(condition.name.value, actual)
            # Which type an interface's value has is not known unless __typename was asked for.
            if fits or is_abstract_type(actual):
                self._collect(spread.selection_set, actual, asked if fits else optional, optional)

    def _fits(self, condition: str, actual: Any) -> bool:
        wanted = self.schema.type_map[condition]
        return wanted is actual or (is_abstract_type(wanted) and self.schema.is_sub_type(wanted, actual))

    def _included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.asked.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.asked.variables)
        return not (skip and skip["if"]) and not (include and not include["if"])


# -- scalars -----------------------------------------------------------------------------------------------------------


def _anything(_: Any) -> bool:
    return True


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31


def _time(value: Any) -> bool:
    try:
        return isinstance(value, str) and dt.datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(dt.date.fromisoformat(value))
    except ValueError:
        return False


def _uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False


_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "String": _text,
    "ID": _text,
    "Boolean": lambda value: isinstance(value, bool),
    "Float": _number,
    "Int": _integer,
    "DateTime": _time,
    "TimelessDate": _date,
    "Duration": _number,
    "UUID": _uuid,
    "JSON": _text,
    "JSONObject": lambda value: isinstance(value, dict),
}
"""What a value looks like in a reply; the rest are names of notification types."""


def _relative(value: Any) -> bool:
    return isinstance(value, str) and bool(_DURATION.fullmatch(value) or _YEAR_OR_MONTH.fullmatch(value))


def _teach_scalars(schema: GraphQLSchema) -> None:
    """Have variables of the schema's own scalars checked: a schema in SDL knows no more than their names."""
    accepted: dict[str, Callable[[Any], bool]] = {
        "DateTime": lambda value: _time(value) or _date(value),
        "DateTimeOrDuration": lambda value: _time(value) or _date(value) or _relative(value),
        "TimelessDate": _date,
        "TimelessDateOrDuration": lambda value: _date(value) or _relative(value),
        "Duration": lambda value: _number(value) or _relative(value),
        "UUID": _uuid,
        "JSONObject": _SCALARS["JSONObject"],
    }
    for name, fits in accepted.items():
        scalar: Any = schema.type_map[name]
        scalar.parse_value = scalar.coerce_input_value = partial(_parsed, name, fits)


def _parsed(name: str, fits: Callable[[Any], bool], value: Any) -> Any:
    if not fits(value):
        raise GraphQLError(f"{value!r} is no {name}.")
    return value
