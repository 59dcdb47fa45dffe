"""A recorded exchange as the curl command that repeats it, without its secrets: they are names to be filled in."""

from __future__ import annotations

import re
import shlex

from connectors.redaction import MASK
from revtops_tui.engine.traffic import Exchange

_LEFT_OUT = frozenset({"accept-encoding", "connection", "content-length", "host", "user-agent"})
"""What curl does by itself, and what says who we are."""
_BODY_LIMIT = 100_000
_WORD = re.compile(r"[^A-Za-z0-9]+")
_MASKED_FIELD = re.compile(r'"([^"\\]+)"\s*:\s*"' + re.escape(MASK))


def as_curl(exchange: Exchange) -> str:
    """The command, one option a line. Each secret is a variable of the shell, named after its header or field."""
    summary, contents = exchange.summary, exchange.contents
    url = _filled(summary.url, "SECRET")
    parts = [f"curl {url}"] if summary.method == "GET" else [f"curl -X {shlex.quote(summary.method)} {url}"]
    for name, value in contents.request_headers.items():
        if name not in _LEFT_OUT:
            parts.append(f"-H {_header(name, value)}")
    if contents.request_body:
        parts.append(f"--data-binary {_body(contents.request_body)}")
    return " \\\n  ".join(parts)


def _header(name: str, value: str) -> str:
    if value != MASK:
        return _filled(f"{name}: {value}", name)
    return f'"{name}: {"Bearer " if name == "authorization" else ""}${_variable(name)}"'


def _body(body: bytes) -> str:
    if len(body) > _BODY_LIMIT or b"\0" in body:
        return "@body"  # too long for a command line, or none that it could hold: to be saved to a file first
    text = body.decode("utf-8", "replace")
    names = _MASKED_FIELD.findall(text)
    return _filled(text, names[0] if names else "SECRET")


def _filled(text: str, name: str) -> str:
    """A word of the shell; what is masked in it stands outside of the quotes, as a variable."""
    pieces = [shlex.quote(piece) if piece else "" for piece in text.split(MASK)]
    return f'"${_variable(name)}"'.join(pieces) or "''"


def _variable(name: str) -> str:
    return _WORD.sub("_", name).strip("_").upper() or "SECRET"
