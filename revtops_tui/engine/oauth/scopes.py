"""Which scopes something needs, and which of them a connection was not given."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.registry import ConnectorMeta


def listed(scope: object) -> list[str]:
    """The scopes in a token answer: separated by spaces (RFC 6749, 3.3), by commas at Slack and Linear, or a list."""
    texts = scope if isinstance(scope, list) else str(scope or "").replace(",", " ").split()
    return [text for text in texts if isinstance(text, str)]


def missing(declared: Sequence[str], granted: Collection[str]) -> tuple[str, ...]:
    """The scopes that a connector can use and a connection was not given; none where nobody knows what it was given."""
    return tuple(scope for scope in declared if scope not in granted) if granted else ()


def needed(meta: ConnectorMeta, *purposes: str) -> list[str]:
    """The scopes for the most telling of `purposes` (an operation, then its capability) that says any."""
    declared: Mapping[str, Sequence[str]] = meta.oauth.scopes_for if meta.oauth else {}
    return list(next((declared[purpose] for purpose in purposes if purpose in declared), ()))


def hint(meta: ConnectorMeta, granted: Collection[str], selector: str, *purposes: str) -> str:
    """What to do about a refusal that a missing scope explains; empty where none does.

    `granted`: what the connection was given; empty where nobody knows, as with a token that was pasted.
    """
    scopes = [scope for scope in needed(meta, *purposes) if scope not in granted]
    if not scopes:
        return ""
    which = f"the scope {scopes[0]}" if len(scopes) == 1 else f"the scopes {', '.join(scopes)}"
    if not granted:
        return f"It takes {which}: see to it that the token has {'it' if len(scopes) == 1 else 'them'}."
    return f"The connection was not given {which}: add that to the app, and sign in again: revtops connect {selector}"
