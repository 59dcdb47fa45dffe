"""Asking a person: questions go to stderr, so that stdout stays the answer's."""

from __future__ import annotations

import sys

from revtops_tui.engine.errors import EngineError


def confirm(question: str) -> bool:
    """Whether the answer is yes; no is what Enter means."""
    return line(f"{question} [y/N] ").lower() in ("y", "yes")


def line(prompt: str) -> str:
    """A line as it was typed, without the space around it. Raises EngineError when the input ends instead."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    typed = sys.stdin.readline()
    if not typed:
        raise _ended()
    return typed.strip()


def secret(prompt: str) -> str:
    """A line that is not shown while it is typed. Raises EngineError when the input ends instead."""
    from getpass import getpass

    try:
        return getpass(prompt, stream=sys.stderr)
    except EOFError as error:
        raise _ended() from error


def _ended() -> EngineError:
    return EngineError("cancelled", "Cancelled: the input ended.")
