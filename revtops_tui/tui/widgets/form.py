"""A form made from declared parameters: one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical

from connectors.parameters import Parameter
from revtops_tui.tui.widgets.field import CLEARED, Field

__all__ = ["CLEARED", "Field", "Form"]


class Form(Vertical):
    """Fields for declared parameters, and what was typed into them."""

    DEFAULT_CSS = """
    Form { height: auto; }
    """

    def __init__(self, parameters: Sequence[Parameter], values: Mapping[str, Any]) -> None:
        super().__init__()
        self._parameters = parameters
        self._values = values

    def compose(self) -> ComposeResult:
        """One field each."""
        for parameter in self._parameters:
            yield Field(parameter, self._values.get(parameter.name))

    @property
    def fields(self) -> list[Field]:
        """Its fields, in order."""
        return list(self.query(Field))

    def values(self) -> dict[str, Any]:
        """What was filled in, in its declared types; what was left empty is left out, what is taken off is None."""
        return {field.parameter.name: field.value for field in self.fields if field.is_given}

    def check(self) -> bool:
        """Show each field's problem beneath it, and focus the first; True when there is none."""
        wrong = [field for field in self.fields if field.judge()]
        if wrong:
            wrong[0].focus_editor()
        return not wrong

    def draft(self) -> dict[str, Any]:
        """What may be kept for the next time the form is opened: everything but secrets."""
        return {field.parameter.name: field.given for field in self.fields if not field.parameter.secret}
