"""Checks a connector's declaration and says every mistake in it as a sentence for its author.

A class is never refused when it is defined: it is listed as broken, with these sentences, and takes nothing else down.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from connectors.base import BaseConnector
from connectors.errors import DeclarationError
from connectors.models import ENTITY_ALIASES, ENTITY_RECORDS, Record, entity_name
from connectors.oauth import OAuthApp
from connectors.oauth_validation import oauth_problems
from connectors.parameters import parse_auth_fields, parse_parameters
from connectors.registry import (
    AuthField,
    AuthType,
    Capability,
    ConnectorAction,
    ConnectorMeta,
    ConnectorScope,
    EventType,
    WriteOperation,
    credential_fields,
)
from connectors.sources import SDK_MODULES
from connectors.wording import shown, suggestion

_SLUG = re.compile(r"[a-z][a-z0-9_]{1,62}")
_ENTITY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_REQUIRED = ("name", "slug")
_METHODS = {
    Capability.QUERY: "query",
    Capability.WRITE: "write",
    Capability.ACTION: "execute_action",
    Capability.LISTEN: "handle_event",
}
_DECLARED_IN = {
    Capability.WRITE: "write_operations",
    Capability.ACTION: "actions",
    Capability.LISTEN: "event_types",
}


def problems(cls: type[BaseConnector]) -> list[str]:
    """Every mistake in the connector's declaration, one sentence each; empty when it can be used."""
    meta = getattr(cls, "meta", None)
    if meta is None:
        return [f"{cls.__name__} has no `meta`: declare one with ConnectorMeta."]
    if not isinstance(meta, ConnectorMeta):
        return [f"The `meta` of {cls.__name__} must be a ConnectorMeta, not {shown(meta)}."]
    # What has a wrong type is reported as that, and looked at no further.
    wrong = dict(_wrong_fields(meta))
    checks: list[tuple[tuple[str, ...], Callable[[], Iterator[str]]]] = [
        (("slug",), lambda: _slug_problems(cls, meta.slug)),
        (("auth_type", "auth_fields"), lambda: _auth_problems(meta)),
        (("oauth", "oauth_scopes", "auth_type"), lambda: oauth_problems(meta)),
        (("write_operations",), lambda: _operation_problems("write operation", meta.write_operations)),
        (("actions",), lambda: _operation_problems("action", meta.actions)),
        (("event_types",), lambda: _name_problems("event type", meta.event_types)),
        (("capabilities", *_DECLARED_IN.values()), lambda: _capability_problems(cls, meta)),
        (("entity_types",), lambda: _entity_problems(cls, meta.entity_types)),
    ]
    found = [problem for needs, check in checks if not wrong.keys() & set(needs) for problem in check()]
    return [*wrong.values(), *found, *_own_entity_problems(cls)]


# -- types of the fields -----------------------------------------------------------------------------------------


def _is_list_of(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list | tuple) and all(isinstance(item, kind) for item in value)


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


_TEXT = ("a text", _is(str))
_OPTIONAL_TEXT = ("a text or None", _is(str, type(None)))
_FIELDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": _TEXT,
    "slug": _TEXT,
    "auth_type": ("an AuthType, such as AuthType.OAUTH2", _is(AuthType)),
    "scope": ("a ConnectorScope, such as ConnectorScope.ORGANIZATION", _is(ConnectorScope)),
    "entity_types": ("a list of texts", _is_list_of(str)),
    "capabilities": ("a list of Capability values, such as [Capability.SYNC]", _is_list_of(Capability)),
    "write_operations": ("a list of WriteOperation", _is_list_of(WriteOperation)),
    "actions": ("a list of ConnectorAction", _is_list_of(ConnectorAction)),
    "event_types": ("a list of EventType", _is_list_of(EventType)),
    "query_description": _TEXT,
    "oauth_scopes": ("a list of texts", _is_list_of(str)),
    "auth_fields": ("a list of AuthField", _is_list_of(AuthField)),
    "nango_integration_id": _OPTIONAL_TEXT,
    "description": _TEXT,
    "icon": _TEXT,
    "usage_guide": _TEXT,
    "webhook_secret_extra_data_key": _OPTIONAL_TEXT,
    "default_sharing": _OPTIONAL_TEXT,
    "builtin": ("True or False", _is(bool)),
    "oauth": ("an OAuthApp or None", _is(OAuthApp, type(None))),
}


def _wrong_fields(meta: ConnectorMeta) -> Iterator[tuple[str, str]]:
    for field in fields(meta):
        value = getattr(meta, field.name)
        expected, accepts = _FIELDS[field.name]
        if value is ...:
            yield field.name, f"`{field.name}` is left as `...`: it must be {expected}."
        elif not accepts(value):
            yield field.name, f"`{field.name}` must be {expected}, not {shown(value)}."
        elif field.name in _REQUIRED and not value.strip():
            yield field.name, f"`{field.name}` is missing."


# -- slug, credentials, operations -------------------------------------------------------------------------------


def _slug_problems(cls: type[BaseConnector], slug: str) -> Iterator[str]:
    if not _SLUG.fullmatch(slug):
        yield f"The slug must be 2 to 63 lower-case letters, digits and `_`, a letter first; it is {shown(slug)}."
    elif slug in SDK_MODULES:
        yield f"The slug `{slug}` is the name of a module of the SDK: choose another."
    package, _, stem = cls.__module__.rpartition(".")
    if package == "connectors" and not stem.startswith("_") and stem != slug:
        yield f"The file is called {stem}.py and the slug is {shown(slug)}: they must be the same."


def _auth_problems(meta: ConnectorMeta) -> Iterator[str]:
    try:
        parse_auth_fields(credential_fields(meta))
    except DeclarationError as error:
        yield f"The auth fields: {error.message}."


def _operation_problems(kind: str, operations: Sequence[WriteOperation | ConnectorAction]) -> Iterator[str]:
    yield from _name_problems(kind, operations)
    for operation in operations:
        if not isinstance(getattr(operation, "entity_type", ""), str):
            yield f"The {kind} {shown(operation.name)} has an entity_type that is not a text."
        try:
            parse_parameters(operation.parameters)
        except DeclarationError as error:
            yield f"The {kind} {shown(operation.name)}: {error.message}."


def _name_problems(kind: str, declared: Sequence[WriteOperation | ConnectorAction | EventType]) -> Iterator[str]:
    names: list[Any] = [item.name for item in declared]
    for name, item in zip(names, declared, strict=True):
        if not isinstance(name, str) or len(name.split()) != 1:
            yield f"The {kind} {shown(name)} needs a name without spaces."
        elif not isinstance(item.description, str):
            yield f"The {kind} `{name}` has a description that is not a text."
    for name in dict.fromkeys(str(name) for name in names if names.count(name) > 1):
        yield f"The {kind} `{name}` is declared twice."


# -- capabilities ------------------------------------------------------------------------------------------------


def _capability_problems(cls: type[BaseConnector], meta: ConnectorMeta) -> Iterator[str]:
    if not meta.capabilities:
        yield "`capabilities` is empty: declare what the connector can do."
    if Capability.SYNC in meta.capabilities and not any(_overrides(cls, name) for name in _sync_methods(cls)):
        yield "It declares SYNC and implements no sync_* method, nor sync_all."
    for capability, method in _METHODS.items():
        declared_in = _DECLARED_IN.get(capability)
        declared = bool(declared_in and getattr(meta, declared_in))
        if capability in meta.capabilities:
            if not _overrides(cls, method):
                yield f"It declares {capability.name} and does not implement {method}."
            if declared_in and not declared:
                yield f"It declares {capability.name} and no `{declared_in}`."
        elif declared:
            yield f"It has `{declared_in}` and does not declare the capability {capability.name}."


def _sync_methods(cls: type[BaseConnector]) -> list[str]:
    return [name for name in dir(cls) if name.startswith("sync_") and callable(getattr(cls, name, None))]


def _overrides(cls: type[BaseConnector], method: str) -> bool:
    own = getattr(cls, method, None)
    return callable(own) and own is not getattr(BaseConnector, method, None)


# -- entities ----------------------------------------------------------------------------------------------------


def _entity_problems(cls: type[BaseConnector], entity_types: Sequence[str]) -> Iterator[str]:
    own: Any = cls.entities
    own_names = [name for name in own if isinstance(name, str)] if isinstance(own, Mapping) else []
    known = [*ENTITY_RECORDS, *ENTITY_ALIASES, *own_names]
    for name in entity_types:
        if entity_name(name) not in known:
            yield (
                f"`entity_types` has the unknown entity {shown(name)}{suggestion(name, known)}; "
                "an entity of your own also goes into the class's `entities`."
            )


def _own_entity_problems(cls: type[BaseConnector]) -> Iterator[str]:
    own: Any = cls.entities
    if not isinstance(own, Mapping):
        yield f"`entities` must be a dict of entity to (record, table), not {shown(own)}."
        return
    for name, pair in own.items():
        if not isinstance(name, str) or not _ENTITY.fullmatch(name):
            yield f"`entities` has {shown(name)}: an entity is named with lower-case letters, digits and `_`."
        elif name in ENTITY_RECORDS or name in ENTITY_ALIASES:
            yield f"`entities` has `{name}`, which every connector shares: name your own differently."
        elif not isinstance(pair, tuple) or len(pair) != 2:
            yield f"The entity `{name}` must be a pair (record, table), not {shown(pair)}."
        else:
            yield from _pair_problems(name, *pair)


def _pair_problems(name: str, record: Any, table: Any) -> Iterator[str]:
    if not (isinstance(record, type) and issubclass(record, Record)):
        yield f"The record of the entity `{name}` must be a subclass of connectors.models.Record."
    declared = getattr(table, "__table__", None)
    if declared is None:
        yield f"The table of the entity `{name}` must be an SQLModel with table=True."
        return
    if declared.name != name:
        yield f"The table of the entity `{name}` is called `{declared.name}`: they must be the same."
    column = declared.columns.get("organization_id")
    if column is None:
        yield f"The table of the entity `{name}` has no column `organization_id`, which keeps organizations apart."
    elif column.nullable:
        yield f"The column `organization_id` of the entity `{name}` must not be nullable."
