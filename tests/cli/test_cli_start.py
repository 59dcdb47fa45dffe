"""What starting costs, and what the command line says about itself."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from revtops_tui import __version__
from revtops_tui.cli import commands
from revtops_tui.cli.main import top_parser
from revtops_tui.engine.errors import EngineError
from tests.support.command_line import CommandLine, Shop, ended

HEAVY = {
    "textual",
    "rich",
    "sqlalchemy",
    "sqlmodel",
    "pydantic",
    "aiohttp",
    "httpx2",
    "keyring",
    "alembic",
    "orjson",
    "asyncio",
}

_MODULES_AFTER = """
import json, sys
from revtops_tui.__main__ import main
sys.argv = ["revtops", *sys.argv[1:]]
main()
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def modules_after(*arguments: str) -> set[str]:
    """The modules that a command has imported when it is done."""
    done = subprocess.run(
        [sys.executable, "-c", _MODULES_AFTER, *arguments], capture_output=True, encoding="utf-8", check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_version_is_told_without_importing_anything(home: Path) -> None:
    loaded = modules_after("--version")
    assert not loaded & (HEAVY | {"argparse", "logging", "json.decoder", "pathlib"} - _at_start())
    assert {name for name in loaded if name.startswith("revtops_tui")} == {"revtops_tui", "revtops_tui.__main__"}


def _at_start() -> set[str]:
    """What the interpreter and the line that prints the result bring along."""
    done = subprocess.run(
        [sys.executable, "-c", "import json, sys; print(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        check=True,
    )
    return set(json.loads(done.stdout))


def test_the_version(revtops: CommandLine) -> None:
    assert revtops("--version").stdout == f"revtops {__version__}\n"
    assert revtops("--org", "acme", "--version").stdout == f"revtops {__version__}\n"


def test_listing_connectors_imports_no_connector_and_nothing_heavy(revtops: CommandLine) -> None:
    revtops("connectors")  # makes the manifest
    loaded = modules_after("connectors")
    assert not loaded & HEAVY
    ours = {name for name in loaded if name.startswith(("connectors", "store", "revtops_tui.engine"))}
    assert ours <= {
        "connectors",
        "connectors.discovery",
        "connectors.sources",
        "store",
        "store.home",
        "revtops_tui.engine",
        "revtops_tui.engine.catalog",
        "revtops_tui.engine.errors",
        "revtops_tui.engine.secrets",
        "revtops_tui.engine.suggestions",
        "revtops_tui.engine.workspace",
    }
    assert "revtops_tui.cli.sync" not in loaded


def test_without_a_terminal_the_app_prints_help_and_refuses(revtops: CommandLine) -> None:
    done = revtops()
    assert done.code == 2
    assert done.stdout == top_parser().format_help()
    assert "The app needs a terminal." in done.stderr


def test_without_a_terminal_json_still_gets_a_document(revtops: CommandLine) -> None:
    done = revtops("--json")
    assert done.code == 2
    assert done.json["error"]["kind"] == "usage"


def test_in_a_terminal_the_app_opens(revtops: CommandLine, connected_shop: Shop) -> None:
    with revtops.terminal() as screen:
        screen.expect("Shop")
        screen.sendcontrol("q")
        assert ended(screen) == 0


@pytest.mark.parametrize("name", commands.names())
def test_every_command_explains_itself(name: str) -> None:
    parser = commands.parser_for(name)
    assert parser is not None
    text = parser.format_help()
    assert f"usage: revtops {name}" in text
    assert len(parser.examples) >= 1
    assert all(action.help for action in parser._actions)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", commands.names())
def test_every_example_is_understood(name: str) -> None:
    parser = commands.parser_for(name)
    assert parser is not None
    for line, _ in parser.examples:
        words = _words(line)
        assert words[:2] == ["revtops", name]
        if "--help" not in words:  # which would end the process here
            parser.parse_intermixed_args(words[2:])


def _words(line: str) -> list[str]:
    """The words of the revtops command in a shell line: pipes and redirections around it are the shell's."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>")
    lexer.whitespace_split = True
    words = list(lexer)
    start = words.index("revtops")
    end = next((i for i in range(start, len(words)) if words[i] in "|<>"), len(words))
    return words[start:end]


def test_help_lists_every_command_and_the_exit_codes(revtops: CommandLine) -> None:
    done = revtops("--help")
    assert done.code == 0
    for name in commands.names():
        assert f"\n  {name} " in done.stdout
    assert "130  cancelled" in done.stdout


def test_an_unknown_command_is_answered_with_the_nearest(revtops: CommandLine) -> None:
    done = revtops("snyc")
    assert done.code == 2
    assert done.stdout == ""
    assert "There is no command snyc." in done.stderr
    assert "Did you mean sync?" in done.stderr


def test_a_mistake_in_the_arguments_is_a_document_too(revtops: CommandLine) -> None:
    done = revtops("sync", "--since", "tomorrow", "--json")
    assert done.code == 2
    error = done.json["error"]
    assert error["kind"] == "usage"
    assert "tomorrow" in error["message"]
    assert error["hint"] == "revtops sync --help"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("org", "rename"), "'rename' is none of list, create, use."),
        (("ledger", "--status", "lost"), "--status: 'lost' is none of ok, failed, unknown."),
        (("sql", "SELECT 1", "--limit", "0"), "Argument --limit: '0' is no whole number from 1."),
        (("undo", "last"), "Argument ID: 'last' is no whole number."),
        (("serve", "--port", "70000"), "Argument --port: '70000' is no whole number from 0 to 65,535."),
        (("policy", "--expire", "-1"), "Argument --expire: '-1' is no number of 0 or more."),
    ],
)
def test_an_argument_that_is_none_is_refused_in_words_for_people(words: tuple[str, ...], message: str) -> None:
    parser = commands.parser_for(words[0])
    assert parser is not None
    with pytest.raises(EngineError) as refusal:
        parser.parse_intermixed_args(list(words[1:]))
    assert refusal.value.message == message


def test_options_stand_before_and_after_the_command(revtops: CommandLine, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    revtops.home.joinpath("revtops.db").unlink()
    for arguments in (
        ("--json", "--home", str(elsewhere), "org", "create", "acme"),
        ("org", "create", "beta", "--json", f"--home={elsewhere}"),
    ):
        done = revtops(*arguments)
        assert (done.code, done.stderr) == (0, "")
        assert done.json["connections"] == 0
    assert (elsewhere / "revtops.db").exists()
    assert not revtops.home.joinpath("revtops.db").exists()


def test_a_shortened_option_is_refused(revtops: CommandLine) -> None:
    assert revtops("sync", "--ful").code == 2
