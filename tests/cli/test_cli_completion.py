"""Completion: what the scripts are told, and bash itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, Shop


def candidates(revtops: CommandLine, *words: str) -> list[str]:
    """What may stand in place of the last word."""
    done = revtops("_complete", "fish", *words)
    assert (done.code, done.stderr) == (0, "")
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def test_commands_and_options(revtops: CommandLine) -> None:
    assert candidates(revtops, "con") == ["connectors", "connect", "connections"]
    assert candidates(revtops, "--home", "/tmp", "doc") == ["doctor"]
    assert candidates(revtops, "sync", "--d") == ["--dry-run"]
    assert candidates(revtops, "--js") == ["--json"]
    assert candidates(revtops, "completion", "") == ["bash", "zsh", "fish"]
    assert candidates(revtops, "org", "u") == ["use"]
    assert candidates(revtops, "nonsense", "") == []
    assert candidates(revtops, "backup", "") == []  # files are the shell's
    done = revtops("_complete", "zsh", "doctor"[:3])
    assert done.stdout == "doctor\tcheck that everything revtops needs is in order\n"


def test_names_of_this_machine(revtops: CommandLine, connected_shop: Shop) -> None:
    assert candidates(revtops, "connect", "sh") == ["shop"]
    assert candidates(revtops, "sync", "") == ["shop"]
    assert candidates(revtops, "sync", "shop", "") == []
    assert candidates(revtops, "sync", "--entity", "de") == ["deals"]
    assert candidates(revtops, "--org", "") == ["default"]
    assert candidates(revtops, "org", "use", "d") == ["default"]
    assert candidates(revtops, "write", "shop", "") == ["update_deal", "fail"]
    assert candidates(revtops, "action", "shop", "send") == ["send_message"]
    assert candidates(revtops, "write", "shop", "update_deal", "id=1", "") == ["amount=", "stage="]
    assert candidates(revtops, "write", "shop", "update_deal", "stage=w") == ["stage=won"]
    assert candidates(revtops, "write", "shop", "no_such_thing", "") == []


def test_only_connections_that_can_do_it_are_offered(revtops: CommandLine, connected_shop: Shop) -> None:
    file = revtops.home / "connectors" / "shop.py"
    file.write_text(file.read_text().replace("Capability.QUERY, ", "").replace("async def query", "async def ask"))
    assert candidates(revtops, "query", "") == []
    assert candidates(revtops, "sync", "") == ["shop"]


@pytest.fixture
def path_with_revtops(tmp_path: Path) -> str:
    """A PATH on which `revtops` is the one under test."""
    command = tmp_path / "bin" / "revtops"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m revtops_tui "$@"\n')
    command.chmod(0o755)
    return f"{command.parent}{os.pathsep}{os.environ['PATH']}"


def test_bash(revtops: CommandLine, connected_shop: Shop, path_with_revtops: str) -> None:
    assert revtops("connect", "shop", "--name", "emea", "--stdin", stdin=connected_shop.fields).code == 0
    script = revtops("completion", "bash").stdout
    for line, replies in {
        "revtops conn": ["connectors", "connect", "connections"],
        "revtops sync ": ["shop", "shop:emea"],
        "revtops sync shop:e": ["emea"],  # bash takes what follows the colon for a word of its own
        "revtops write shop update_deal stage=w": ["won"],
        "revtops write shop 'up": ["update_deal"],
        "revtops --org default test sh": ["shop", "shop:emea"],
        "revtops backup ": [],
    }.items():
        assert _bash(script, path_with_revtops, line) == replies


def _bash(script: str, path: str, line: str) -> list[str]:
    """What bash offers behind `line` when it has read `script`."""
    commands = f"""
        {script}
        complete -p revtops >/dev/null || exit 1
        COMP_LINE=$1 COMP_POINT=${{#1}}
        _revtops
        ((${{#COMPREPLY[@]}})) && printf '%s\\n' "${{COMPREPLY[@]}}"
        true
    """
    done = subprocess.run(
        ["bash", "-c", commands, "bash", line],
        env={**os.environ, "PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.splitlines()
