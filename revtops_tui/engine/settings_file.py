"""Writing `settings.toml`: with a comment above every setting, and with whatever the user wrote into it kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.files import replace_private
from revtops_tui.engine.settings import (
    Declared,
    Settings,
    all_declared,
    declared,
    mistake,
    parse,
    section_help,
    settings_path,
)
from revtops_tui.engine.suggestions import did_you_mean

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table

_WIDTH = 100
_HEAD = (
    "The settings of revtops. Edit them here, on the settings screen (the key is a comma) or with",
    "`revtops settings set`; comments of your own are kept.",
)


def save(home: Path, changes: Mapping[str, Any]) -> Settings:
    """Write settings (by name: `appearance.theme`), and return all of them as the file has them now.

    A file that does not exist yet is written whole, with the defaults. Raises EngineError where a value is wrong, and
    where the file has mistakes besides the changed settings: it is left as it is, because writing it could lose
    what its user meant.
    """
    for key, value in changes.items():
        setting = setting_called(key)
        if wrong := mistake(setting, value):
            raise EngineError("invalid_input", f"{key} {wrong}")
    path = settings_path(home)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    problems = [problem for problem in parse(text).problems if problem.key not in changes]
    if problems:
        raise EngineError(
            "invalid_input",
            f"{path} has a mistake and was left as it is. {problems[0]}",
            hint="Correct it in an editor, then try again.",
        )
    new = _changed(text, changes)
    replace_private(path, new)
    return parse(new)


def setting_called(key: str) -> Declared:
    """The setting of this name. Raises EngineError for a name that there is not."""
    try:
        return declared(key)
    except KeyError:
        hint = did_you_mean(key, [each.key for each in all_declared()])
        raise EngineError(
            "usage", f"There is no setting {key}.", hint=hint or "`revtops settings` lists them."
        ) from None


def from_text(setting: Declared, text: str) -> Any:
    """A value as a person types it. Raises EngineError where it does not fit."""
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    value: Any = text
    if setting.kind == "boolean":
        value = words.get(text.strip().lower(), text)
    elif setting.kind == "integer" and text.strip().lstrip("-").isdecimal():
        value = int(text)
    elif setting.kind == "keys":
        raise EngineError("usage", f"{setting.key} is a table.", hint=f"Name one: {setting.key}.app.help")
    if wrong := mistake(setting, value):
        raise EngineError("invalid_input", f"{setting.key} {wrong}")
    return value


def _changed(text: str, changes: Mapping[str, Any]) -> str:
    import tomlkit  # 100 ms: only who writes pays for it

    document = tomlkit.parse(text)
    if not text:
        for line in _HEAD:
            document.add(tomlkit.comment(line))
    for setting in all_declared():
        table = _section(document, setting.section)
        if setting.key in changes:
            _put(table, setting, changes[setting.key])
        elif setting.name not in table:
            _put(table, setting, setting.default)
    return tomlkit.dumps(document)


def _section(document: TOMLDocument, name: str) -> Table:
    import tomlkit
    from tomlkit.items import Table

    if name not in document:
        if document.body:
            document.add(tomlkit.nl())
        table = tomlkit.table()
        table.comment(section_help(name))
        document.add(name, table)
    found = document[name]
    if not isinstance(found, Table):
        raise EngineError("invalid_input", f"{name} is not a section of its own.", hint=f"Write it as [{name}].")
    return found


def _put(table: Table, setting: Declared, value: Any) -> None:
    import tomlkit

    if setting.name in table and setting.kind != "keys":
        table[setting.name] = value
        return
    if setting.kind == "keys":
        _put_keys(table, setting, value)
        return
    for line in _comments(setting):
        table.add(tomlkit.comment(line))
    table.add(setting.name, value)


def _put_keys(table: Table, setting: Declared, keys: Mapping[str, str]) -> None:
    """Bring a table of keys up to date, entry by entry: comments between them stay."""
    import tomlkit

    if setting.name not in table:
        inner = tomlkit.table()
        for line in _comments(setting):
            inner.add(tomlkit.comment(line))
        table.add(setting.name, inner)
    kept: Any = table[setting.name]
    for name in [name for name in kept if name not in keys]:
        kept.remove(name)
    for name, pressed in keys.items():
        if kept.get(name) != pressed:
            kept[name] = pressed


def _comments(setting: Declared) -> list[str]:
    from textwrap import wrap

    lines = wrap(setting.help, _WIDTH)
    if setting.choices:
        lines += wrap(f"One of: {', '.join(setting.choices)}.", _WIDTH)
    return lines
