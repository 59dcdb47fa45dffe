"""A form made from declared parameters: one row each, typed, with its help and its error beneath it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Select, Static, TextArea

from connectors.errors import InvalidInputError
from connectors.parameters import Parameter, coerce_text, validate_arguments
from revtops_tui.tui.text import label_of, plain

_RESTRICT = {"integer": r"[+-]?\d*", "number": r"[+-]?[\d.eE+-]*"}
_OF_LINES = frozenset({"text", "object"})
_PLACEHOLDERS = {
    "url": "https://…",
    "date": "2026-01-31",
    "datetime": "2026-01-31T09:30",
    "object": '{"name": "value"}',
    "array": "a, b",
}
_EDITORS = "Input, Toggle, Select, TextArea"


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
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,right", "change(1)", "Change", show=False),
        Binding("left", "change(-1)", "Change", show=False),
    ]

    value: reactive[bool | None] = reactive[bool | None](False)

    def __init__(self, value: bool | None, *, optional: bool = False) -> None:
        """`optional`: it can be left open as well, which is None."""
        super().__init__()
        self._answers: dict[bool | None, str] = {True: "yes", False: "no"}
        if optional:
            self._answers[None] = "not given"
        self.set_reactive(Toggle.value, value)

    def render(self) -> Content:
        """All answers, the chosen one marked."""
        return Content("   ".join(f"({'•' if v is self.value else ' '}) {word}" for v, word in self._answers.items()))

    def action_change(self, by: int) -> None:
        """The next answer, or the one before."""
        answers = list(self._answers)
        self.value = answers[(answers.index(self.value) + by) % len(answers)]

    def on_click(self) -> None:
        """Likewise."""
        self.action_change(1)


class Field(Vertical):
    """One parameter: label, editor, help, error."""

    DEFAULT_CSS = """
    Field {
        height: auto;
        margin-bottom: 1;
        & > .label { color: $text-muted; height: 1; }
        &.-current > .label { color: $primary; text-style: bold; }
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
        & TextArea {
            border: none;
            height: 4;
            padding: 0 1;
            background: $panel;
            scrollbar-size-vertical: 1;
            &:focus { border: none; background: $primary 18%; }
            & .text-area--cursor-line { background: transparent; }
            & .text-area--placeholder { color: $text-disabled; }
        }
        & Select { height: auto; }
        & SelectCurrent { border: none; height: 1; padding: 0 1; background: $panel; }
        & Select:focus > SelectCurrent { border: none; background: $primary 18%; }
        & SelectOverlay { border: round $primary; max-height: 8; }
    }
    """

    def __init__(self, parameter: Parameter, value: Any = None) -> None:
        """`value` is what was given or typed before, if anything was."""
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
        parameter, kind = self.parameter, self.parameter.type
        if kind == "boolean":
            optional = not parameter.required and parameter.default is None
            return Toggle(self._value if optional else bool(self._value), optional=optional)
        text = _text_of(self._value)
        if parameter.choices:
            options = [(plain(str(choice)), str(choice)) for choice in parameter.choices]
            known = any(text == value for _, value in options)
            return Select(options, value=text if known else Select.NULL, prompt="Choose", allow_blank=True)
        if kind in _OF_LINES or "\n" in text:
            return TextArea(text, tab_behavior="focus", placeholder=_PLACEHOLDERS.get(kind, ""))
        restrict, placeholder = _RESTRICT.get(kind), _PLACEHOLDERS.get(kind, "")
        return Input(text, password=parameter.secret, restrict=restrict, placeholder=placeholder)

    @property
    def given(self) -> str | bool | None:
        """What stands in it; for a switch its answer, for everything else a text, empty where nothing was given."""
        editor = self.query_one(_EDITORS)
        if isinstance(editor, TextArea):
            return editor.text
        if isinstance(editor, Input | Toggle):
            return editor.value
        return str(editor.value) if isinstance(editor, Select) and editor.value is not Select.NULL else ""

    @property
    def value(self) -> Any:
        """What was given, in the declared type; None where nothing was."""
        given = self.given
        if isinstance(given, str):
            return coerce_text([self.parameter], {self.parameter.name: given})[self.parameter.name] if given else None
        return given

    def on_descendant_focus(self) -> None:
        """Stand out from the others."""
        self.add_class("-current")

    def on_descendant_blur(self) -> None:
        """Say what is wrong with it when it is left; that something is missing is said when the form is sent."""
        self.remove_class("-current")
        if self.value is not None:
            self.judge()

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Select.Changed)
    def _typed(self) -> None:
        if self.has_class("-wrong"):  # the complaint goes as soon as there is no reason for it
            self.judge()

    def judge(self) -> bool:
        """Say beneath it what is wrong with it; whether anything is."""
        problem = _problem(self.parameter, self.value)
        self.query_one(".error", Static).update(plain(problem, 1_000))
        self.set_class(bool(problem), "-wrong")
        return bool(problem)

    def focus_editor(self) -> None:
        """Focus what one types into."""
        self.query_one(_EDITORS).focus()


def _text_of(value: Any) -> str:
    """A value as one would type it."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, Mapping) else None)


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
        return {field.parameter.name: field.value for field in self.fields if field.value is not None}

    def check(self) -> bool:
        """Show each field's problem beneath it, and focus the first; True when there is none."""
        wrong = [field for field in self.fields if field.judge()]
        if wrong:
            wrong[0].focus_editor()
        return not wrong

    def draft(self) -> dict[str, Any]:
        """What may be kept for the next time the form is opened: everything but secrets."""
        return {field.parameter.name: field.given for field in self.fields if not field.parameter.secret}


def _problem(parameter: Parameter, value: Any) -> str:
    alone = replace(parameter, one_of="")  # whether one of a group was given, no field knows for itself
    try:
        validate_arguments([alone], {} if value is None else {parameter.name: value})
    except InvalidInputError as error:
        return "Required." if value is None else error.message.replace(f"`{parameter.name}` must", "It must")
    return ""
