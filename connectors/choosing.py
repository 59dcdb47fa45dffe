"""Names into ids: a person, a team, a project or a stage as somebody wrote it, found exactly or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from connectors.errors import InvalidInputError

T = TypeVar("T")

_SHOWN = 8


def choose(
    wanted: Any, candidates: Iterable[T], *, what: str, names: Callable[[T], Sequence[str | None]], place: str = ""
) -> T:
    """The one candidate that goes by the name `wanted`; upper and lower case are the same.

    Args:
        what: the kind of thing, for the error: "assignee", "team".
        names: what a candidate goes by (id, e-mail address, name, key), the one that people know first.
        place: where it was looked for, for the error: "team ENG".

    Raises InvalidInputError that lists the candidates, where none or several are called that.
    """
    pool = list(candidates)
    sought = str(wanted).strip().casefold()
    found = [c for c in pool if any(name is not None and name.casefold() == sought for name in names(c))]
    if len(found) == 1:
        return found[0]
    where = f" in {place}" if place else ""
    if found:
        listed = ", ".join(_label(names(candidate)) for candidate in found[:_SHOWN])
        raise InvalidInputError(
            f"{len(found)} {what}s{where} are called {wanted}: {listed}.", hint="Give the id or the e-mail address."
        )
    raise InvalidInputError(f"There is no {what} {wanted}{where}.", hint=_offer(sought, what, [names(c) for c in pool]))


def _offer(sought: str, what: str, named: Sequence[Sequence[str | None]]) -> str:
    if not named:
        return f"There is no {what} at all."
    labels = {name.casefold(): _label(names) for names in named for name in names if name}
    inside = [label for name, label in labels.items() if sought and sought in name]
    close = [*inside, *(labels[name] for name in get_close_matches(sought, labels, n=_SHOWN))]
    if close:
        return f"Did you mean {' or '.join(list(dict.fromkeys(close))[:3])}?"
    shown = list(dict.fromkeys(map(_label, named)))
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f"There are: {', '.join(shown[:_SHOWN])}{more}."


def _label(names: Sequence[str | None]) -> str:
    known = [name for name in names if name]
    return f"{known[0]} ({known[1]})" if len(known) > 1 and known[1] != known[0] else (known[0] if known else "?")
