"""One declared parameter, and what is wrong with a value for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.parameters.types import KINDS
from connectors.wording import shown, suggestion


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation, or one field of the credentials: what forms, schemas and checks are made from."""

    name: str
    type: str = "string"
    required: bool = False
    description: str = ""
    default: Any = None
    choices: tuple[Any, ...] = ()
    items: Parameter | None = None
    one_of: str = ""
    aliases: tuple[str, ...] = ()
    label: str = ""
    nullable: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every name the parameter is accepted under, its own first."""
        return (self.name, *self.aliases)

    @property
    def secret(self) -> bool:
        """Whether its value must never be shown."""
        return self.type == "password"

    @property
    def expected(self) -> str:
        """What a value has to be, in words that fit behind "must be"."""
        if self.choices:
            return f"one of {', '.join(str(choice) for choice in self.choices)}"
        if self.items:
            return f"a list, each item {self.items.expected}"
        return KINDS[self.type].expected


def mistyped(parameter: Parameter, value: Any, name: str = "") -> str | None:
    """What is wrong with a value, as a clause that starts with the parameter's name."""
    if value is None and parameter.nullable:
        return None
    if not KINDS[parameter.type].accepts(value) or not _is_allowed(parameter, value):
        given = "what was given" if parameter.secret else shown(value)
        close = suggestion(value, [str(c) for c in parameter.choices]) if isinstance(value, str) else ""
        return f"`{name or parameter.name}` must be {parameter.expected}, not {given}{close}"
    if parameter.items:
        for position, item in enumerate(value):
            if problem := mistyped(parameter.items, item, f"{name or parameter.name}[{position}]"):
                return problem
    return None


def _is_allowed(parameter: Parameter, value: Any) -> bool:
    # True equals 1 in Python, and is no choice of an integer.
    same_kind = (c for c in parameter.choices if isinstance(c, bool) == isinstance(value, bool))
    return not parameter.choices or value in same_kind
