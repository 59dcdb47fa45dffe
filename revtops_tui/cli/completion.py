"""`revtops completion`: a short script for each shell. What can follow is found here, in one way for all of them."""

from __future__ import annotations

import shlex
import sys
from argparse import Action, Namespace
from collections.abc import Callable, Iterable, Sequence

from revtops_tui.cli import commands
from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser, split
from revtops_tui.cli.text import plain
from revtops_tui.engine.workspace import Workspace

Candidate = tuple[str, str]
"""What may stand there, and what it is."""

_BASH = """\
# Completion of revtops for bash. To install it:
#   revtops completion bash > ~/.local/share/bash-completion/completions/revtops
_revtops() {
    local IFS=$'\\n'
    COMPREPLY=($(revtops _complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o default -F _revtops revtops
"""

_ZSH = """\
#compdef revtops
# Completion of revtops for zsh. To install it into a directory of your $fpath:
#   revtops completion zsh > ~/.zfunc/_revtops
_revtops() {
    local -a closed open
    local line entry
    for line in "${(@f)$(revtops _complete zsh "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        entry="${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}"
        if [[ ${line%%$'\\t'*} == *= ]]; then open+=("$entry"); else closed+=("$entry"); fi
    done
    if (( ! ${#closed} && ! ${#open} )); then
        _files
        return
    fi
    (( ${#closed} )) && _describe -t values revtops closed
    (( ${#open} )) && _describe -t parameters revtops open -S ''
}
if [[ $funcstack[1] == _revtops ]]; then
    _revtops "$@"
else
    compdef _revtops revtops
fi
"""

_FISH = """\
# Completion of revtops for fish. To install it:
#   revtops completion fish > ~/.config/fish/completions/revtops.fish
function __revtops_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (revtops _complete fish $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c revtops -f -a '(__revtops_complete)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

_CAPABILITIES = {
    "sync": "sync",
    "query": "query",
    "queries": "query",
    "schema": "query",
    "write": "write",
    "action": "action",
}
"""Command -> what a connection must be able to do to be offered."""


def add_completion(parser: Parser) -> None:
    parser.teach(
        "Print a script that teaches your shell to complete commands, options, connectors, connections, entities, "
        "operations and their parameters.",
        ("revtops completion bash > ~/.local/share/bash-completion/completions/revtops", "bash"),
        ("revtops completion zsh > ~/.zfunc/_revtops", "zsh, a directory of its $fpath"),
        ("revtops completion fish > ~/.config/fish/completions/revtops.fish", "fish"),
    )
    parser.add_argument("shell", choices=tuple(_SCRIPTS), metavar="|".join(_SCRIPTS), help="which shell")
    parser.set_defaults(run=completion)


def completion(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - every command's signature
    script = _SCRIPTS[options.shell]
    if console.as_json:
        console.document({"shell": options.shell, "script": script})
    else:
        sys.stdout.write(script)
    return 0


# -- what the scripts call ---------------------------------------------------------------------------------------------


def complete(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - every command's signature
    """`revtops _complete SHELL WORD…`: what the last word may become, a line each, behind a tab what it is.

    bash hands over the line instead of its words: it would split them at `:` and `=`, and wants back what follows
    the last of these.
    """
    shell, *words = options.words
    if shell == "bash":
        words = _words(words[0])[1:]
    *before, current = words or [""]
    try:
        found = [c for c in _candidates(before, current, ws) if c[0].startswith(current)]
    except Exception:  # noqa: BLE001 - somebody is typing: no help is better than a message in the middle of a line
        return 0
    done = max(current.rfind(":"), current.rfind("=")) + 1 if shell == "bash" else 0
    for value, meaning in found:
        tail = "" if shell == "bash" else f"\t{plain(meaning)}"
        sys.stdout.write(f"{plain(value[done:])}{tail}\n")
    return 0


def _words(line: str) -> list[str]:
    """The words of an unfinished line; the last one is the one being typed."""
    for closing in ("", '"', "'"):
        try:
            words = shlex.split(line + closing)
        except ValueError:
            continue
        return [*words, ""] if line[-1:].isspace() and not closing else words
    return []


def _candidates(before: Sequence[str], current: str, ws: Workspace) -> Iterable[Candidate]:
    _, name, after = split(before)
    if name is None:
        from revtops_tui.cli.main import top_parser

        if current.startswith("-") or (before and before[-1] == "--org"):
            return _in_command(top_parser(), "", before, current, ws)
        return [(command, commands.summary(command)) for command in commands.names()]
    parser = commands.parser_for(name)
    return _in_command(parser, name, after, current, ws) if parser else []


def _in_command(parser: Parser, name: str, words: Sequence[str], current: str, ws: Workspace) -> Iterable[Candidate]:
    options = {flag: action for action in parser._actions for flag in action.option_strings}
    if words and (pending := options.get(words[-1])) and pending.nargs != 0:
        return _values(pending, [], ws, name)
    if current.startswith("-"):
        return [(flag, action.help or "") for flag, action in options.items() if flag.startswith("--")]
    given = _positionals(words, options)
    places = [action for action in parser._actions if not action.option_strings]
    if not places or (len(given) >= len(places) and places[-1].nargs != "*"):
        return []
    return _values(places[min(len(given), len(places) - 1)], [*given, current], ws, name)


def _positionals(words: Sequence[str], options: dict[str, Action]) -> list[str]:
    found: list[str] = []
    value_follows = False
    for word in words:
        if value_follows:
            value_follows = False
        elif word.startswith("-"):
            action = options.get(word)
            value_follows = action is not None and action.nargs != 0
        else:
            found.append(word)
    return found


def _values(action: Action, given: list[str], ws: Workspace, command: str) -> Iterable[Candidate]:
    if action.choices:
        return [(str(choice), "") for choice in action.choices]
    source = _SOURCES.get(action.dest)
    return source(ws, command, given) if source else []


# -- the names there are -----------------------------------------------------------------------------------------------


def _connectors(ws: Workspace, command: str, given: list[str]) -> Iterable[Candidate]:  # noqa: ARG001 - see _SOURCES
    return [(slug, info.manifest["name"]) for slug, info in ws.catalog.items()]


def _connections(ws: Workspace, command: str, given: list[str]) -> Iterable[Candidate]:
    from store.connections import connections

    needed = _CAPABILITIES.get(command)
    for found in connections(ws.database, ws.organization_id):
        able = ws.catalog[found.slug].manifest["capabilities"] if found.slug in ws.catalog else []
        if found.selector not in given[:-1] and (needed is None or needed in able):
            yield found.selector, found.identity or ""


def _operations(ws: Workspace, command: str, given: list[str]) -> Iterable[Candidate]:
    return [(one["name"], one["description"]) for one in _declared(ws, command, given)]


def _declared(ws: Workspace, command: str, given: list[str]) -> list[dict[str, str]]:
    declared = ws.catalog[given[0].partition(":")[0]].manifest
    found: list[dict[str, str]] = declared["write_operations" if command == "write" else "actions"]
    return found


def _parameters(ws: Workspace, command: str, given: list[str]) -> Iterable[Candidate]:
    from connectors.parameters import parse_parameters

    operation = next(one for one in _declared(ws, command, given) if one["name"] == given[1])
    taken = {text.partition("=")[0] for text in given[2:-1]}
    for parameter in parse_parameters(operation["parameters"]):  # type: ignore[arg-type]
        if parameter.name in taken:
            continue
        if parameter.choices and given[-1].startswith(f"{parameter.name}="):
            yield from ((f"{parameter.name}={choice}", "") for choice in parameter.choices)
        else:
            yield f"{parameter.name}=", parameter.description


def _entities(ws: Workspace, command: str, given: list[str]) -> Iterable[Candidate]:  # noqa: ARG001 - see _SOURCES
    found = {entity: info.manifest["name"] for info in ws.catalog.values() for entity in info.manifest["entity_types"]}
    return list(found.items())


def _organizations(ws: Workspace, command: str, given: list[str]) -> Iterable[Candidate]:  # noqa: ARG001 - see _SOURCES
    from store.connections import organizations

    return [(one.id, one.name) for one in organizations(ws.database)]


def _tables(ws: Workspace, command: str, given: list[str]) -> Iterable[Candidate]:  # noqa: ARG001 - see _SOURCES
    from revtops_tui.engine.data import tables

    return [(table.name, table.label) for table in tables(ws)]


def _saved_queries(ws: Workspace, command: str, given: list[str]) -> Iterable[Candidate]:  # noqa: ARG001 - see _SOURCES
    from store.queries import saved

    return [(query.name or "", query.text) for query in saved(ws.database, ws.organization_id)]


def _exchanges(ws: Workspace, command: str, given: list[str]) -> Iterable[Candidate]:  # noqa: ARG001 - see _SOURCES
    from revtops_tui.cli.traffic import VERBS
    from revtops_tui.engine.traffic_filter import HELP

    words = {f"{word.partition(':')[0]}:" if ":" in word else word: what for word, what in HELP.items()}
    return [*([] if given[:-1] else VERBS.items()), *words.items()]


_SOURCES: dict[str, Callable[[Workspace, str, list[str]], Iterable[Candidate]]] = {
    "connector": _connectors,
    "connection": _connections,
    "connections": _connections,
    "operation": _operations,
    "action": _operations,
    "values": _parameters,
    "entity": _entities,
    "org": _organizations,
    "name": _organizations,
    "saved": _saved_queries,
    "table": _tables,
    "exchanges": _exchanges,
}
"""Name of an argument -> the names that may stand there, from the command and the arguments so far."""

COMMANDS = {"completion": add_completion}
