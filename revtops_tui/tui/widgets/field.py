"""One declared parameter as a row of a form: typed, with its help, and with what is wrong as one types."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Select, Static, TextArea

from connectors.parameters import Parameter
from revtops_tui.tui.command import command
from revtops_tui.tui.text import label_of, plain
from revtops_tui.tui.widgets.harmless import Pictured, TextEditor
from revtops_tui.tui.widgets.json_editor import JsonEditor
from revtops_tui.tui.widgets.toggle import Toggle
from revtops_tui.tui.widgets.typed import OF_LINES, RESTRICT, is_unfinished, placeholder, problem, text_of, value_of

_EDITORS = "Input, Toggle, Select, TextArea"


class _Cleared:
    """What a field holds whose value is to be taken off."""

    def __repr__(self) -> str:
        return "CLEARED"


CLEARED = _Cleared()
"""In place of a value: null is to be sent, which empties what is there."""


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
        &.-cleared Input, &.-cleared TextArea, &.-cleared SelectCurrent { color: $text-disabled; text-style: strike; }
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

    BINDINGS: ClassVar[list[BindingType]] = [
        command("form.clear", "f4", "clear", "Take off", "Send null: empty what is there")
    ]

    class Changed(Message):
        """What is filled in has changed."""

    def __init__(self, parameter: Parameter, value: Any = None) -> None:
        """`value` is what was given or typed before, if anything was, or CLEARED."""
        super().__init__()
        self.parameter = parameter
        self._is_cleared = value is CLEARED
        self._value = None if self._is_cleared else parameter.default if value is None else value
        self.set_class(self._is_cleared, "-cleared")

    def compose(self) -> ComposeResult:
        """The row."""
        yield Static(self._label, markup=False, classes="label")
        yield self._editor()
        if self.parameter.description:
            yield Static(plain(self.parameter.description, 2_000), markup=False, classes="help")
        yield Static("", markup=False, classes="error")

    @property
    def _label(self) -> str:
        parameter = self.parameter
        star = " *" if parameter.required else ""
        label = f"{plain(parameter.label or label_of(parameter.name))}{star}"
        if self._is_cleared:
            label += " · taken off; f4 keeps it"
        elif parameter.nullable:
            label += " · f4 takes it off"
        return plain(label)

    def _editor(self) -> Widget:
        parameter, kind = self.parameter, self.parameter.type
        if kind == "boolean":
            optional = not parameter.required and parameter.default is None
            return Toggle(self._value if optional else bool(self._value), optional=optional)
        text = text_of(parameter, self._value)
        if parameter.choices:
            options = [(plain(str(choice)), str(choice)) for choice in parameter.choices]
            known = any(text == value for _, value in options)
            return Select(options, value=text if known else Select.NULL, prompt="Choose", allow_blank=True)
        if kind == "object":
            return JsonEditor(text, placeholder=placeholder(parameter))
        if kind in OF_LINES or "\n" in text:
            return TextEditor(text, tab_behavior="focus", placeholder=placeholder(parameter))
        restrict, hint = RESTRICT.get(kind), placeholder(parameter)
        return Input(text, password=parameter.secret, restrict=restrict, placeholder=hint, highlighter=Pictured())

    @property
    def given(self) -> Any:
        """What stands in it: a switch's answer, else a text, empty where nothing was given; or CLEARED."""
        if self._is_cleared:
            return CLEARED
        editor = self.query_one(_EDITORS)
        if isinstance(editor, TextArea):
            return editor.text
        if isinstance(editor, Input | Toggle):
            return editor.value
        return str(editor.value) if isinstance(editor, Select) and editor.value is not Select.NULL else ""

    @property
    def is_given(self) -> bool:
        """Whether there is something to send, be it null."""
        return self._is_cleared or self.value is not None

    @property
    def value(self) -> Any:
        """What was given, in the declared type; None where nothing was, or where it is to be taken off."""
        given = self.given
        if isinstance(given, str):
            return value_of(self.parameter, given) if given else None
        return None if given is CLEARED else given

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Only what may be null can be taken off."""
        return self.parameter.nullable if action == "clear" else True

    def action_clear(self) -> None:
        """Take the value off, or keep it after all."""
        self._is_cleared = not self._is_cleared
        self.set_class(self._is_cleared, "-cleared")
        self.query_one(".label", Static).update(self._label)
        self.judge()
        self.post_message(self.Changed())

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
    @on(Toggle.Changed)
    def _typed(self) -> None:
        """Say at once what cannot become right by typing on; what is only not complete yet is no mistake."""
        given = self.given
        if given not in ("", self._value) and self._is_cleared is False:
            self._say("" if is_unfinished(self.parameter, given) else problem(self.parameter, self.value))
        elif self.has_class("-wrong"):  # the complaint goes as soon as there is no reason for it
            self.judge()
        self.post_message(self.Changed())

    def judge(self) -> bool:
        """Say beneath it what is wrong with it; whether anything is."""
        wrong = "" if self._is_cleared else problem(self.parameter, self.value)
        self._say(wrong)
        return bool(wrong)

    def _say(self, wrong: str) -> None:
        self.query_one(".error", Static).update(plain(wrong, 1_000))
        self.set_class(bool(wrong), "-wrong")
        if wrong and self.has_focus_within:
            self.call_after_refresh(self.scroll_visible, animate=False)

    def focus_editor(self) -> None:
        """Focus what one types into."""
        self.query_one(_EDITORS).focus()
