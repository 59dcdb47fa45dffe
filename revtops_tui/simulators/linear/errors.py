"""How Linear says no: errors of GraphQL whose extensions name a type and a code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError
from starlette.responses import Response

from revtops_tui.simulators.vendor import json_reply


def extensions(kind: str, code: str, status: int, presentable: str) -> dict[str, Any]:
    """The `extensions` of an error. `kind` is one of the types that Linear's SDK knows (`LinearErrorType`)."""
    return {
        "type": kind,
        "code": code,
        "statusCode": status,
        "userError": status < 500,
        "userPresentableMessage": presentable,
    }


def refusal(message: str, kind: str, code: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without data."""
    error = {"message": message, "extensions": extensions(kind, code, status, message)}
    return json_reply({"errors": [error]}, status, headers)


def invalid(message: str, presentable: str = "") -> GraphQLError:
    """An input that cannot be."""
    return GraphQLError(message, extensions=extensions("invalid input", "INPUT_ERROR", 400, presentable or message))


def missing(kind: str) -> GraphQLError:
    """There is no such entity, or it may not be seen."""
    return invalid(f"Entity not found: {kind}", f"Could not find referenced {kind}.")
