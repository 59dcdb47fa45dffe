"""Which scopes something needs, and which of them a connection was not given."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from connectors.registry import ConnectorMeta


def needed(meta: ConnectorMeta, *purposes: str) -> list[str]:
    """The scopes for the most telling of `purposes` (an operation, then its capability) that says any."""
    declared: Mapping[str, Sequence[str]] = meta.oauth.scopes_for if meta.oauth else {}
    return list(next((declared[purpose] for purpose in purposes if purpose in declared), ()))


def missing(meta: ConnectorMeta, granted: Collection[str], *purposes: str) -> list[str]:
    """What is needed and was not given; nothing where it is not known what was given."""
    return [scope for scope in needed(meta, *purposes) if granted and scope not in granted]


def hint(meta: ConnectorMeta, credentials: Mapping[str, Any], selector: str, *purposes: str) -> str:
    """What to do about a refusal that a missing scope explains; empty where none does."""
    lacking = missing(meta, credentials.get("granted_scopes") or (), *purposes)
    if not lacking:
        return ""
    which = f"the scope {lacking[0]}" if len(lacking) == 1 else f"the scopes {', '.join(lacking)}"
    return f"It was not given {which}: add what is missing to the app, and sign in again: revtops connect {selector}"
