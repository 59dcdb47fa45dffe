"""The user's settings: declared here, once, and kept in `settings.toml` in the data directory.

Reading never fails: what the file says wrong is a problem with its line and field, and the default holds meanwhile.
`engine/settings_file.py` writes the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

FILE = "settings.toml"
THEMES = (
    "auto",
    "revtops",
    "revtops-light",
    "revtops-contrast",
    "revtops-plain",
    "ansi-dark",
    "ansi-light",
    "atom-one-dark",
    "atom-one-light",
    "catppuccin-frappe",
    "catppuccin-latte",
    "catppuccin-macchiato",
    "catppuccin-mocha",
    "dracula",
    "flexoki",
    "gruvbox",
    "monokai",
    "nord",
    "rose-pine",
    "rose-pine-dawn",
    "rose-pine-moon",
    "solarized-dark",
    "solarized-light",
    "textual-dark",
    "textual-light",
    "tokyo-night",
)
_CHOICES_NAMED = 5
PRESETS = ("default", "vim", "emacs")

T = TypeVar("T")


@dataclass(frozen=True)
class Declared:
    """One setting: what it is called, of which kind it is, and what it does.

    `kind` is choice, text, boolean, integer or keys (a table from a command's id to its keys).
    """

    section: str
    name: str
    kind: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 0

    @property
    def key(self) -> str:
        """How people name it: `appearance.theme`."""
        return f"{self.section}.{self.name}"


@dataclass(frozen=True)
class Problem:
    """Something that the file says wrong; `line` counts from 1, and is 0 where it is not known."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.key) if part)
        return f"{where}: {self.message}" if where else self.message


def _of(default: Any, help: str, **more: Any) -> Any:  # noqa: A002 - the declaration's word
    return field(default=default, metadata={"help": help, **more})


@dataclass(frozen=True)
class Appearance:
    """How the app looks."""

    theme: str = _of("auto", "The colours. auto: revtops, and revtops-plain where NO_COLOR is set.", choices=THEMES)
    mouse: bool = _of(
        True, "Whether the mouse is used. Without, the terminal's own selecting works; at the next start."
    )


@dataclass(frozen=True)
class Keys:
    """Which keys do what."""

    preset: str = _of("default", "A set of keys to begin with.", choices=PRESETS)
    bindings: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"help": 'Keys of your own, by the id that `revtops keys` lists: "app.help" = "f1,question_mark".'},
    )


@dataclass(frozen=True)
class Traffic:
    """What is kept of the exchanges with vendors."""

    record: bool = _of(True, "Whether exchanges are kept, redacted, to be looked at later.")
    keep_megabytes: int = _of(
        200, "How much of it is kept; the oldest goes first. In megabytes.", minimum=1, maximum=100_000
    )


@dataclass(frozen=True)
class Tools:
    """Programs of this machine that are used."""

    editor: str = _of("", "The command that edits a text, with its options. Empty: $VISUAL, $EDITOR, then vi.")
    pager: str = _of("", "The command that shows a long text. Empty: $PAGER, then less.")


@dataclass(frozen=True)
class Export:
    """Where results go."""

    folder: str = _of("~", "The folder that exports are offered to be written to.")


@dataclass(frozen=True)
class Nango:
    """The broker of tokens, for those who have one."""

    host: str = _of("https://api.nango.dev", "Where it is. Its secret key comes from REVTOPS_NANGO_SECRET_KEY.")


@dataclass(frozen=True)
class Settings:
    """All settings, and what is wrong with the file that they came from."""

    appearance: Appearance = field(default_factory=Appearance)
    keys: Keys = field(default_factory=Keys)
    traffic: Traffic = field(default_factory=Traffic)
    tools: Tools = field(default_factory=Tools)
    export: Export = field(default_factory=Export)
    nango: Nango = field(default_factory=Nango)
    problems: tuple[Problem, ...] = ()

    def value(self, key: str) -> Any:
        """The value of the setting of this name. Raises KeyError."""
        found = declared(key)
        return getattr(getattr(self, found.section), found.name)


_KINDS = {bool: "boolean", int: "integer", str: "text"}


def all_declared() -> Iterator[Declared]:
    """Every setting, in the order of the file."""
    for section in (entry for entry in fields(Settings) if entry.name != "problems"):
        for entry in fields(_default_of(section.name)):
            default = getattr(_default_of(section.name), entry.name)
            more = entry.metadata
            kind = "choice" if "choices" in more else _KINDS.get(type(default), "keys")
            yield Declared(section.name, entry.name, kind, default, **more)


def declared(key: str) -> Declared:
    """The setting of this name. Raises KeyError."""
    for each in all_declared():
        if each.key == key:
            return each
    raise KeyError(key)


def section_help(section: str) -> str:
    """What a section is about."""
    return _default_of(section).__doc__ or ""


def _default_of(section: str) -> Any:
    return getattr(Settings(), section)


def mistake(setting: Declared, value: object) -> str:
    """What is wrong with a value for this setting, as a sentence; empty when nothing is."""
    checks = {"choice": _choice, "boolean": _boolean, "integer": _integer, "text": _text, "keys": _keys}
    return checks[setting.kind](setting, value)


def _choice(setting: Declared, value: object) -> str:
    if value in setting.choices:
        return ""
    from revtops_tui.engine.suggestions import did_you_mean

    hint = did_you_mean(value, setting.choices) if isinstance(value, str) else ""
    return f"must be one of {', '.join(setting.choices[:_CHOICES_NAMED])}{_more(setting)}. {hint}".strip()


def _more(setting: Declared) -> str:
    more = len(setting.choices) - _CHOICES_NAMED
    return f" or {more} more" if more > 0 else ""


def _boolean(_: Declared, value: object) -> str:
    return "" if isinstance(value, bool) else "must be true or false."


def _integer(setting: Declared, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or not setting.minimum <= value <= setting.maximum:
        return f"must be a whole number from {setting.minimum:,} to {setting.maximum:,}."
    return ""


def _text(_: Declared, value: object) -> str:
    if not isinstance(value, str):
        return "must be a text, in quotes."
    return "" if value.isprintable() else "must be a text of one line."


def _keys(_: Declared, value: object) -> str:
    fits = isinstance(value, Mapping) and all(isinstance(keys, str) for keys in value.values())
    return "" if fits else 'must be a table of texts: "app.help" = "f1".'


def settings_path(home: Path) -> Path:
    """Where the file is, whether it exists or not."""
    return home / FILE


def load(home: Path) -> Settings:
    """The settings of a data directory; the defaults where there is no file."""
    path = settings_path(home)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        return Settings(problems=(Problem(0, "", f"The file cannot be read: {_reason(error)}."),))
    return parse(text)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "it is not UTF-8"


def parse(text: str) -> Settings:
    """The settings that a file of this text means."""
    import tomllib  # 5 ms that a start without a file does not pay

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Settings(problems=(_syntax(str(error), text),))
    return _settings(document, text)


def _syntax(message: str, text: str) -> Problem:
    """Python's `Invalid value (at line 3, column 9)` as a problem."""
    import re

    found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    what = message[: found.start()] if found else message
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    return Problem(line, "", f"{what}.")


def _settings(document: Mapping[str, Any], text: str) -> Settings:
    from revtops_tui.engine.toml_lines import line_of

    settings, problems = Settings(), []
    known = {f"{each.section}.{each.name}": each for each in all_declared()}
    for section, content in document.items():
        if not isinstance(content, Mapping) or not is_dataclass(getattr(settings, section, None)):
            problems.append(Problem(line_of(text, section), section, "there is no such section."))
            continue
        good = {}
        for name, value in content.items():
            key = f"{section}.{name}"
            wrong = mistake(known[key], value) if key in known else f"there is no such setting.{_meant(key, known)}"
            if wrong:
                problems.append(Problem(line_of(text, section, name), key, wrong))
            else:
                good[name] = value
        settings = replace(settings, **{section: replace(getattr(settings, section), **good)})
    return replace(settings, problems=tuple(problems))


def _meant(key: str, known: Mapping[str, Declared]) -> str:
    from revtops_tui.engine.suggestions import did_you_mean

    hint = did_you_mean(key, known)
    return f" {hint}" if hint else ""
