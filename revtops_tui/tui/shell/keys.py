"""Which keys do what: every command of the app with its keys, the presets, and what is wrong with keys of one's own.

A command has an id, `area.name`; keys are bound to ids. Listing the commands imports every screen, so a start does not.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from textual.binding import Binding
from textual.dom import DOMNode

if TYPE_CHECKING:
    from revtops_tui.engine.settings import Keys

PRESETS: Mapping[str, Mapping[str, str]] = {
    "default": {},
    "vim": {
        "app.palette": "ctrl+p,colon",
        "list.page_down": "pagedown,ctrl+d,ctrl+f",
        "list.page_up": "pageup,ctrl+u,ctrl+y",
        "sheet.page_down": "pagedown,space,ctrl+d,ctrl+f",
        "sheet.page_up": "pageup,ctrl+u,ctrl+y",
        "ask.previous": "left,h,k",
        "ask.next": "right,l,j",
        "app.search": "asterisk",
    },
    "emacs": {
        "app.palette": "alt+x",
        "query.new": "alt+n",
        "list.down": "down,ctrl+n",
        "list.up": "up,ctrl+p",
        "list.page_down": "pagedown,ctrl+v",
        "list.page_up": "pageup,alt+v",
        "list.top": "home,alt+less_than_sign",
        "list.bottom": "end,alt+greater_than_sign",
        "sheet.down": "down,ctrl+n",
        "sheet.up": "up,ctrl+p",
        "sheet.page_down": "pagedown,ctrl+v",
        "sheet.page_up": "pageup,alt+v",
        "sheet.top": "home,alt+less_than_sign",
        "sheet.bottom": "end,alt+greater_than_sign",
    },
}
"""What each preset binds otherwise than the app's own keys. Lists and sheets have vim's keys anyway."""

_NEVER = re.compile(r"ctrl\+(m|i|h|a|b|z|left_square_bracket|shift\+.*|[A-Z])|shift\+ctrl\+.*|alt\+\d")
_ALONE = frozenset({"f1", "f10", "f11"})
_NAMED_KEY = re.compile(r"(ctrl\+|alt\+|shift\+|super\+|meta\+)*([a-z][a-z0-9_]+|[^\W_]|[0-9])")


@dataclass(frozen=True)
class Command:
    """A command of the app: its keys, what it does, and where it works (the class that declares it)."""

    id: str
    keys: tuple[str, ...]
    title: str
    help: str
    place: str
    priority: bool = False

    @property
    def area(self) -> str:
        """The part of the app it belongs to."""
        return self.id.split(".")[0]


@cache
def commands() -> tuple[Command, ...]:
    """Every command there is, by area. Imports every screen."""
    import revtops_tui.tui as package

    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    found = [command_of(binding, cls) for cls in _classes(DOMNode) for binding in declared_by(cls)]
    return tuple(sorted((each for each in found if each.id), key=lambda each: (each.area != "app", each.area)))


def commands_without_id() -> list[str]:
    """Bindings that nobody could change, as `class: key`: a mistake of ours."""
    return [
        f"{cls.__name__}: {binding.key}"
        for cls in _classes(DOMNode)
        for binding in declared_by(cls)
        if not binding.id and not binding.system
    ]


def declared_by(cls: type[DOMNode]) -> Iterator[Binding]:
    """The bindings that a class of ours declares itself."""
    for binding in cls.__dict__.get("BINDINGS", ()):
        yield binding if isinstance(binding, Binding) else Binding(*binding)


def command_of(binding: Binding, cls: type[DOMNode]) -> Command:
    """A binding as a command."""
    keys = tuple(key.strip() for key in binding.key.split(","))
    help_text = binding.tooltip or binding.description
    return Command(binding.id or "", keys, binding.description, help_text, cls.__name__, binding.priority)


def _classes(base: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for cls in base.__subclasses__():
        if cls.__module__.startswith("revtops_tui."):
            yield cls
        yield from _classes(cls)


def keymap(keys: Keys) -> dict[str, str]:
    """What a preset and the user's own bindings make of the commands' keys, as Textual takes it."""
    own = {command: ",".join(parse_keys(text)) for command, text in keys.bindings.items() if not _wrong_keys(text)}
    return {**PRESETS[keys.preset], **own}


def parse_keys(text: str) -> list[str]:
    """The keys that a text names, separated by commas: `ctrl+r`, `?`, `f5`; a comma itself is `comma`."""
    from textual.keys import _character_to_key

    names = [part.strip() for part in text.split(",") if part.strip()]
    return [_character_to_key(name) if len(name) == 1 else name for name in names]


def _wrong_keys(text: str) -> str:
    keys = parse_keys(text)
    if not keys:
        return "names no key."
    for key in keys:
        if not _NAMED_KEY.fullmatch(key):
            return f"{key} is no key. Keys are written like ctrl+r, f5, G or question_mark."
    return next((wrong for key in keys if (wrong := undeliverable(key))), "")


def undeliverable(key: str) -> str:
    """Why a key had better not be bound; empty where nothing speaks against it."""
    if _NEVER.fullmatch(key):
        return f"{key} does not arrive in every terminal, or is another key there."
    return ""


def problems(keys: Keys) -> list[str]:
    """What is wrong with the user's own keys: unknown commands, impossible keys, and two commands on one key."""
    known = {command.id for command in commands()}
    found = [f"keys.bindings: there is no command {each}." for each in keys.bindings if each not in known]
    found += [f"{each}: {wrong}" for each, text in keys.bindings.items() if (wrong := _wrong_keys(text))]
    return found + [str(conflict) for conflict in conflicts(keymap(keys))]


@dataclass(frozen=True)
class KeyList:
    """The commands as documents (`id`, `keys`, `help`, `area`), and what is wrong with the user's keys."""

    commands: list[dict[str, Any]]
    problems: list[str]


def listed(keys: Keys) -> KeyList:
    """Every command once, with its keys as they are now."""
    documents = [
        {"id": each.id, "keys": list(keys_of(each, keys)), "help": each.help, "area": each.area} for each in distinct()
    ]
    return KeyList(documents, problems(keys))


def distinct() -> list[Command]:
    """Each command once, though several widgets may declare it."""
    return list({each.id: each for each in reversed(commands())}.values())[::-1]


@dataclass(frozen=True)
class Conflict:
    """Two commands that one key would do."""

    key: str
    first: Command
    second: Command

    def __str__(self) -> str:
        return f"{self.key} would be both {self.first.id} and {self.second.id}."


def conflicts(bound: Mapping[str, str]) -> list[Conflict]:
    """Keys that mean two things in one place: in the same screen or widget, or there and everywhere."""
    found = []
    now = [(command, _keys_now(command, bound)) for command in commands()]
    for number, (first, keys) in enumerate(now):
        for second, others in now[number + 1 :]:
            if first.id != second.id and _meet(first, second):
                shared = [key for key in keys if key in others and not _meant_to(first, second, key)]
                found += [Conflict(key, first, second) for key in shared]
    return found


def _meant_to(first: Command, second: Command, key: str) -> bool:
    """One key was given to both by ourselves: they are told apart by what is possible at a time."""
    is_near = first.place == second.place or _has_within(first, second) or _has_within(second, first)
    return is_near and key in first.keys and key in second.keys


def _keys_now(command: Command, bound: Mapping[str, str]) -> Sequence[str]:
    return parse_keys(bound[command.id]) if bound.get(command.id) else command.keys


def _meet(first: Command, second: Command) -> bool:
    if first.place == second.place or _has_within(first, second) or _has_within(second, first):
        return True
    return "app" in (first.area, second.area) and _same_screen(first, second)


def _has_within(outer: Command, inner: Command) -> bool:
    """A list or a sheet in a workspace takes the keys it knows away from it."""
    return inner.area in ("list", "sheet") and outer.place.endswith("Pane")


def _same_screen(first: Command, second: Command) -> bool:
    """A dialog covers the app's keys, unless they come first."""
    app, other = (first, second) if first.area == "app" else (second, first)
    return app.priority or not other.place.endswith(("Dialog", "Ask", "Overlay"))


def with_command(keys: Keys, command: str, pressed: str) -> dict[str, str]:
    """The user's own bindings, with another key for one command."""
    return {**keys.bindings, command: pressed}


def keys_of(command: Command, keys: Keys) -> Sequence[str]:
    """The keys of a command as they are now."""
    return _keys_now(command, keymap(keys))
