"""What must not be said: the secrets this process has in hand, and what looks like one.

Errors of connectors quote what they were given, and a log is read by more people than a screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.redaction import Redactor
    from connectors.registry import ConnectorMeta

_SHAPED = re.compile(
    r"""((?:authorization|cookie|token|secret|api[_-]?key|password|passphrase)["']?\s*[:=]\s*["']?(?:bearer\s+|basic\s+)?
        |\bbearer\s+
        |://[^\s/:@]*:(?=[^\s/@]+@))
        [^\s"',;&@]+""",
    re.IGNORECASE | re.VERBOSE,
)
_MOST_KNOWN = 256
"""The newest: a process that runs for months renews tokens every hour, and looks for each of them in every text."""
_known: dict[str, None] = {}


def remember(meta: ConnectorMeta, credentials: Mapping[str, Any]) -> None:
    """Take what is secret in some credentials into account from now on."""
    from connectors.redaction import secret_values
    from connectors.registry import credential_fields

    remember_values(secret_values(credential_fields(meta), credentials))


def remember_values(secrets: Iterable[str]) -> None:
    """Take these secrets into account from now on."""
    for secret in secrets:
        _known.pop(secret, None)
        _known[secret] = None
    while len(_known) > _MOST_KNOWN:
        del _known[next(iter(_known))]


def without_secrets(text: str) -> str:
    """`text` with known secrets masked, the environment's too, and whatever stands where secrets stand: a header, a
    URL, `name=value`."""
    return _SHAPED.sub(r"\1***", _everything_known().text(text))


def without_known(text: str) -> str:
    """`text` with known secrets masked."""
    return _redactor().text(text) if _known else text


def masked(value: Any) -> Any:
    """A JSON value with the known secrets masked in every text of it."""
    return _redactor().json(value) if _known else value


def data_masked(value: Any) -> Any:
    """What a system answers, likewise: only what is too long to stand in it by chance."""
    from connectors.redaction import SHORTEST_IN_DATA

    return _redactor(SHORTEST_IN_DATA).json(value) if _known else value


@cache
def _everything_known() -> Redactor:
    from connectors.redaction import Redactor, environment_secrets

    return Redactor(lambda: (*_known, *environment_secrets()))


@cache
def _redactor(shortest: int = 4) -> Redactor:
    from connectors.redaction import Redactor

    return Redactor(lambda: tuple(_known), shortest=shortest)
