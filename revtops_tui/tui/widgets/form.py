"""A form made from declared parameters: one row each, typed, with its help and its error beneath it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from connectors.errors import InvalidInputError
from connectors.parameters import Parameter, coerce_text, validate_arguments
from revtops_tui.tui.text import label_of, plain

_RESTRICT = {"integer": r"[+-]?\d*", "number": r"[+-]?[\d.eE+-]*"}


class Toggle(Widget, can_focus=True):
    """Yes or no, said in words: a switch that one can also read without colours."""

    DEFAULT_CSS = """
    Toggle {
        height: 1;
        padding: 0 1;
        background: $panel;
        &:focus { background: $primary 18%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space,left,right", "change", "Change", show=False)]

    value: reactive[bool] = reactive(False)

    def __init__(self, value: bool) -> None:
        super().__init__()
        self.set_reactive(Toggle.value, value)

    def render(self) -> Content:
        """Both answers, the chosen one marked."""
        return Content("(•) yes   ( ) no" if self.value else "( ) yes   (•) no")

    def action_change(self) -> None:
        """The other answer."""
        self.value = not self.value

    def on_click(self) -> None:
        """Likewise."""
        self.action_change()


class Field(Vertical):
    """One parameter: label, editor, help, error."""

    DEFAULT_CSS = """
    Field {
        height: auto;
        margin-bottom: 1;
        & > .label { color: $text-muted; height: 1; }
        &:focus-within > .label { color: $primary; text-style: bold; }
        & > .help { color: $text-disabled; height: auto; }
        & > .error { color: $error; height: auto; display: none; }
        &.-wrong > .error { display: block; }
        & Input {
            border: none;
            height: 1;
            padding: 0 1;
            background: $panel;
            &:focus { border: none; background: $primary 18%; }
            &.-invalid, &.-invalid:focus { border: none; }
        }
        & Select { height: auto; }
        & SelectCurrent { border: none; height: 1; padding: 0 1; background: $panel; }
        & Select:focus > SelectCurrent { border: none; background: $primary 18%; }
        & SelectOverlay { border: round $primary; max-height: 8; }
    }
    """

    def __init__(self, parameter: Parameter, value: Any = None) -> None:
        """`value` is what was typed before, if anything was."""
        super().__init__()
        self.parameter = parameter
        self._value = parameter.default if value is None else value

    def compose(self) -> ComposeResult:
        """The row."""
        star = " *" if self.parameter.required else ""
        label = self.parameter.label or label_of(self.parameter.name)
        yield Static(plain(f"{label}{star}"), markup=False, classes="label")
        yield self._editor()
        if self.parameter.description:
            yield Static(plain(self.parameter.description, 2_000), markup=False, classes="help")
        yield Static("", markup=False, classes="error")

    def _editor(self) -> Widget:
        kind = self.parameter.type
        if kind == "boolean":
            return Toggle(bool(self._value))
        if self.parameter.choices:
            options = [(plain(str(choice)), str(choice)) for choice in self.parameter.choices]
            chosen = str(self._value) if self._value in self.parameter.choices else Select.NULL
            return Select(options, value=chosen, prompt="Choose", allow_blank=True)
        text = "" if self._value is None else str(self._value)
        return Input(text, password=self.parameter.secret, restrict=_RESTRICT.get(kind), placeholder=_placeholder(kind))

    @property
    def text(self) -> str | bool:
        """What stands in it."""
        editor = self.query_one("Input, Toggle, Select")
        if isinstance(editor, Input | Toggle):
            return editor.value
        return str(editor.value) if isinstance(editor, Select) and editor.value is not Select.NULL else ""

    def complain(self, problem: str) -> None:
        """Show what is wrong with it; nothing when it is empty."""
        self.query_one(".error", Static).update(plain(problem, 1_000))
        self.set_class(bool(problem), "-wrong")

    def focus_editor(self) -> None:
        """Focus what one types into."""
        self.query_one("Input, Toggle, Select").focus()


def _placeholder(kind: str) -> str:
    return {
        "url": "https://…",
        "date": "2026-01-31",
        "datetime": "2026-01-31T09:30",
        "object": "{ }",
        "array": "a, b",
    }.get(kind, "")


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
        """What was filled in, in its declared types; what was left empty is left out."""
        typed = {field.parameter.name: field.text for field in self.fields}
        texts = {name: text for name, text in typed.items() if isinstance(text, str) and text != ""}
        switches = {name: value for name, value in typed.items() if isinstance(value, bool)}
        return coerce_text(self._parameters, texts) | switches

    def check(self) -> bool:
        """Show each field's problem beneath it, and focus the first; True when there is none."""
        values = self.values()
        wrong: list[Field] = []
        for field in self.fields:
            problem = _problem(field.parameter, values)
            field.complain(problem)
            if problem:
                wrong.append(field)
        if wrong:
            wrong[0].focus_editor()
        return not wrong

    def draft(self) -> dict[str, Any]:
        """What may be kept for the next time the form is opened: everything but secrets."""
        return {field.parameter.name: field.text for field in self.fields if not field.parameter.secret}


def _problem(parameter: Parameter, values: Mapping[str, Any]) -> str:
    given = {parameter.name: values[parameter.name]} if parameter.name in values else {}
    try:
        validate_arguments([parameter], given)
    except InvalidInputError as error:
        return "Required." if not given else error.message.replace(f"`{parameter.name}` must", "It must")
    return ""
