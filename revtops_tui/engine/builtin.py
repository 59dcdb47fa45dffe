"""Built-in connectors: connected with one click, by what this machine has already."""

from __future__ import annotations

import os
from collections.abc import Mapping

from connectors.parameters import coerce_text, parse_auth_fields
from connectors.registry import AuthField
from revtops_tui.engine.catalog import connector_info
from revtops_tui.engine.connections import ConnectionInfo, connect
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace


def connect_builtin(
    ws: Workspace, slug: str, *, base_url: str | None = None, environment: Mapping[str, str] = os.environ
) -> ConnectionInfo:
    """Connect a built-in connector with the platform's credentials, which are in environment variables, or with none.

    Raises EngineError that says what is missing; then the fields can be given as for any other connector.
    """
    manifest = connector_info(ws, slug).manifest
    if not manifest["builtin"]:
        raise EngineError("usage", f"{manifest['name']} is no built-in connector.", hint=f"revtops connect {slug}")
    fields = [AuthField(**field) for field in manifest["auth_fields"]]
    found = {field.name: environment[field.env] for field in fields if field.env and environment.get(field.env)}
    missing = [f for f in fields if f.required and f.default is None and f.name not in found]
    if missing:
        names = ", ".join(field.env or field.name for field in missing)
        raise EngineError(
            "usage",
            f"{manifest['name']} has no credentials on this machine: {names} not set.",
            hint=f"Set them in the environment, or give the credentials: revtops connect {slug}",
        )
    return connect(ws, slug, coerce_text(parse_auth_fields(fields), found), base_url=base_url)
