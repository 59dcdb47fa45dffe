"""Numbers as arguments. Raise ArgumentTypeError, whose text ends the parser's sentence."""

from __future__ import annotations

from argparse import ArgumentTypeError

_HIGHEST_PORT = 65_535


def whole(text: str, least: int | None = None, most: int | None = None) -> int:
    """A whole number, within bounds where there are any."""
    try:
        number = int(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is no whole number") from None
    if (least is not None and number < least) or (most is not None and number > most):
        bounds = f"from {least}" if most is None else f"from {least} to {most:,}"
        raise ArgumentTypeError(f"'{text}' is no whole number {bounds}")
    return number


def count(text: str) -> int:
    """How many: from 1."""
    return whole(text, 1)


def port(text: str) -> int:
    """A TCP port; 0 where any will do."""
    return whole(text, 0, _HIGHEST_PORT)


def amount(text: str) -> float:
    """A number from 0."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise ArgumentTypeError(f"'{text}' is no number of 0 or more")
    return number
