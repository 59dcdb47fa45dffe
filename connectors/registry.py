"""What a connector declares about itself: one `ConnectorMeta` drives forms, command line, agent tools and docs.

Nothing here is checked when a class is defined: a declaration with a mistake must still import, so that it can be
listed as broken with its reason. `connectors.validation` does the checking; discovery applies it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from connectors.oauth import OAuthApp

if TYPE_CHECKING:
    from connectors.discovery import Catalog

ParameterSpec = Mapping[str, Any]
"""One declared parameter as the guide writes it: `{"name", "type", "required", "description", …}`; see `parameters`."""


class Capability(StrEnum):
    """What a connector can do; each one obliges it to implement the methods named in the guide."""

    SYNC = "sync"
    QUERY = "query"
    WRITE = "write"
    ACTION = "action"
    LISTEN = "listen"


class AuthType(StrEnum):
    """How a connection authenticates, and so which fields its credentials have."""

    OAUTH2 = "oauth2"
    API_KEY = "api_key"
    BEARER_TOKEN = "bearer_token"  # noqa: S105 - the name of a kind, not a secret
    CUSTOM = "custom"


class ConnectorScope(StrEnum):
    """Whether one connection serves the whole organization, or each user makes their own."""

    ORGANIZATION = "organization"
    USER = "user"


@dataclass(frozen=True)
class AuthField:
    """One field of the credentials form. `type`: string, password, url, integer, boolean or choice.

    `env`: the environment variable that may hold the value already, for the credentials of a built-in connector.
    """

    name: str
    label: str = ""
    type: str = "string"
    required: bool = True
    help_text: str = ""
    default: Any = None
    choices: list[str] = field(default_factory=list)
    env: str = ""


class Idempotency(StrEnum):
    """What keeps a write that is sent twice from happening twice."""

    ABSOLUTE = "absolute"
    """Its values take the place of what is there: the second time changes nothing."""
    CLIENT_ID = "client_id"
    """It carries an id of ours (`WriteOperation.client_id`), which the system takes once."""
    UNIQUE = "unique"
    """The system takes one of its values once, such as an e-mail address."""
    SEARCH = "search"
    """What it would make is looked for first."""
    NONE = "none"
    """Nothing does: it is sent once."""


@dataclass(frozen=True)
class WriteOperation:
    """A change to a record of `entity_type`, sent again after a passing failure unless its `idempotency` is NONE.

    `client_id`: the parameter that takes an id of ours; where it is left out, a new UUID is given.
    """

    name: str
    entity_type: str = ""
    description: str = ""
    parameters: list[ParameterSpec] = field(default_factory=list)
    idempotency: Idempotency = Idempotency.ABSOLUTE
    client_id: str = ""


@dataclass(frozen=True)
class ConnectorAction:
    """A side effect that must not be repeated blindly. One that is `read_only` has none: nobody is asked before it."""

    name: str
    description: str = ""
    parameters: list[ParameterSpec] = field(default_factory=list)
    read_only: bool = False


@dataclass(frozen=True)
class EventType:
    """An inbound event that `handle_event` understands."""

    name: str
    description: str = ""


@dataclass(frozen=True)
class ConnectorMeta:
    """Everything the product knows about a connector without running it.

    Every field has a default, because the guide's recipes leave most of them out; what is missing is reported by
    validation at discovery, against this connector and no other.
    """

    name: str = ""
    slug: str = ""
    auth_type: AuthType = AuthType.CUSTOM
    scope: ConnectorScope = ConnectorScope.USER
    entity_types: list[str] = field(default_factory=list)
    capabilities: list[Capability] = field(default_factory=lambda: [Capability.SYNC])
    write_operations: list[WriteOperation] = field(default_factory=list)
    actions: list[ConnectorAction] = field(default_factory=list)
    event_types: list[EventType] = field(default_factory=list)
    query_description: str = ""
    oauth_scopes: list[str] = field(default_factory=list)
    auth_fields: list[AuthField] = field(default_factory=list)
    nango_integration_id: str | None = None
    description: str = ""
    icon: str = ""
    usage_guide: str = ""
    webhook_secret_extra_data_key: str | None = None
    default_sharing: str | None = None
    builtin: bool = False
    """Connects with one click: with the platform's credentials (`AuthField.env`), or with none at all."""
    oauth: OAuthApp | None = None
    """How an app of the user's own signs in at the vendor, in place of a token that is pasted."""


_TOKEN_FIELDS: dict[AuthType, AuthField] = {
    AuthType.OAUTH2: AuthField("access_token", "Access token", "password", help_text="A token pasted from the vendor."),
    AuthType.API_KEY: AuthField("api_key", "API key", "password"),
    AuthType.BEARER_TOKEN: AuthField("token", "Token", "password"),
}


def credential_fields(meta: ConnectorMeta) -> list[AuthField]:
    """The fields that make up a connection's credentials: the auth type's own, then the declared `auth_fields`."""
    own = _TOKEN_FIELDS.get(meta.auth_type)
    declared = {f.name for f in meta.auth_fields}
    return [*([own] if own and own.name not in declared else []), *meta.auth_fields]


def discover_connectors(**where: Any) -> Catalog:
    """Find every connector without importing the ones that are known already; see `connectors.discovery.discover`."""
    from connectors.discovery import discover

    return discover(**where)
