"""`revtops settings` and `revtops keys`."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.settings import all_declared, settings_path
from revtops_tui.engine.workspace import Workspace

_BINDINGS = "keys.bindings."


def add_settings(parser: Parser) -> None:
    parser.teach(
        "The settings: listed, one of them, or changed. They are in settings.toml in the data directory, with a "
        "comment on each; what you write there yourself is kept.",
        ("revtops settings", "all of them, and what is wrong with the file"),
        ("revtops settings path", "where the file is"),
        ("revtops settings get appearance.theme", "one value"),
        ("revtops settings set appearance.theme revtops-light", "change it"),
        ("revtops settings set keys.bindings.app.help f1", "a key of your own; revtops keys lists the commands"),
    )
    parser.add_argument("what", nargs="?", choices=("list", "path", "get", "set"), default="list", help="what to do")
    parser.add_argument("name", nargs="?", metavar="NAME", help="which setting, such as appearance.theme")
    parser.add_argument("value", nargs="?", metavar="VALUE", help="its new value")
    parser.set_defaults(run=settings)


def settings(options: Namespace, ws: Workspace, console: Console) -> int:
    run = {"list": _list, "path": _path, "get": _get, "set": _set}[options.what]
    return run(options, ws, console)


def _list(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - one signature for all
    values = {each.key: ws.settings.value(each.key) for each in all_declared()}
    problems = [str(problem) for problem in ws.settings.problems]
    if console.as_json:
        console.document({"settings": values, "problems": problems})
    else:
        console.table(
            ("setting", "value", "default"), [(e.key, _told(values[e.key]), _told(e.default)) for e in all_declared()]
        )
        for problem in problems:
            console.say(f"{settings_path(ws.home)}, {problem} The default holds meanwhile.", "red")
    return 1 if problems else 0


def _path(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - one signature for all
    path = str(settings_path(ws.home))
    if console.as_json:
        console.document({"path": path})
    else:
        console.line(path)
    return 0


def _get(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine.settings_file import setting_called

    if options.name is None:
        raise EngineError("usage", "Which setting?", hint="`revtops settings` lists them.")
    value = ws.settings.value(setting_called(options.name).key)
    if console.as_json:
        console.document({options.name: value})
    else:
        console.line(_told(value))
    return 0


def _set(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine.settings_file import from_text, save, setting_called

    if options.name is None or options.value is None:
        raise EngineError("usage", "Which setting, and to what?", hint="revtops settings set appearance.theme nord")
    if options.name.startswith(_BINDINGS):
        changes: dict[str, Any] = {"keys.bindings": _bound(options, ws)}
    else:
        changes = {options.name: from_text(setting_called(options.name), options.value)}
    save(ws.home, changes)
    if console.as_json:
        console.document(changes)
    else:
        console.say(f"{options.name} is {options.value or 'not set'} now.")
    return 0


def _bound(options: Namespace, ws: Workspace) -> dict[str, str]:
    """The user's own keys with another one; an empty text takes one away. Raises EngineError for what cannot be."""
    command = options.name.removeprefix(_BINDINGS)
    bindings = {**ws.settings.keys.bindings, command: options.value}
    if not options.value:
        del bindings[command]
        return bindings
    wrong = [each for each in options.faces["keys"](ws.settings.keys.preset, bindings).problems if command in each]
    if wrong:
        raise EngineError("invalid_input", " ".join(wrong), hint="`revtops keys` lists commands and keys.")
    return bindings


def add_keys(parser: Parser) -> None:
    parser.teach(
        "The app's commands with the keys they have now, by the ids that settings use; and keys that mean two things.",
        ("revtops keys", "all of them"),
        ("revtops keys --json", "for scripts"),
    )
    parser.set_defaults(run=keys)


def keys(options: Namespace, ws: Workspace, console: Console) -> int:
    chosen = ws.settings.keys
    listed = options.faces["keys"](chosen.preset, chosen.bindings)
    if console.as_json:
        console.document({"commands": listed.commands, "problems": listed.problems})
    else:
        rows = [(each["id"], " ".join(each["keys"]), each["help"]) for each in listed.commands]
        console.table(("command", "keys", "what it does"), rows)
        for problem in listed.problems:
            console.say(problem, "red")
    return 1 if listed.problems else 0


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return ", ".join(f"{name} = {keys}" for name, keys in value.items())
    return str(value)


COMMANDS = {"settings": add_settings, "keys": add_keys}
