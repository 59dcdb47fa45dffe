"""What must not be said: the secrets this process has in hand, and what looks like one.

Errors of connectors quote what they were given, and a log is read by more people than a screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.registry import ConnectorMeta

_SHAPED = re.compile(
    r"""((?:authorization|cookie|token|secret|api[_-]?key|password|passphrase)["']?\s*[:=]\s*["']?(?:bearer\s+|basic\s+)?
        |\bbearer\s+
        |://[^\s/:@]*:(?=[^\s/@]+@))
        [^\s"',;&@]+""",
    re.IGNORECASE | re.VERBOSE,
)
_known: set[str] = set()


def remember(meta: ConnectorMeta, credentials: Mapping[str, Any]) -> None:
    """Take the secret fields of some credentials into account from now on."""
    from connectors.oauth import SECRETS
    from connectors.registry import credential_fields

    secret = SECRETS | {field.name for field in credential_fields(meta) if field.type == "password"}
    remember_values(str(value) for name, value in credentials.items() if name in secret and value)


def remember_values(secrets: Iterable[str]) -> None:
    """Take these secrets into account from now on."""
    _known.update(secrets)


def without_secrets(text: str) -> str:
    """`text` with known secrets masked, and whatever stands where secrets stand: a header, a URL, `name=value`."""
    shaped = _SHAPED.sub(r"\1***", text)
    if not _known:
        return shaped
    from connectors.redaction import Redactor

    return Redactor(lambda: _known).text(shaped)


def masked(value: Any) -> Any:
    """A JSON value with the known secrets masked in every text of it."""
    if not _known:
        return value
    from connectors.redaction import Redactor

    redactor = Redactor(lambda: _known)

    def mask(item: Any) -> Any:
        if isinstance(item, dict):
            return {name: mask(inner) for name, inner in item.items()}
        if isinstance(item, list):
            return [mask(inner) for inner in item]
        return redactor.text(item) if isinstance(item, str) else item

    return mask(value)
