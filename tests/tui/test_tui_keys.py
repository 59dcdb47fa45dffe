"""Every command can be bound to another key, and no key of ours is one that terminals do not deliver."""

from __future__ import annotations

import pytest

from revtops_tui.engine.settings import PRESETS as NAMES
from revtops_tui.engine.settings import THEMES, Keys
from revtops_tui.tui.app import RevtopsApp
from revtops_tui.tui.shell.keys import (
    PRESETS,
    commands,
    commands_without_id,
    conflicts,
    keymap,
    problems,
    undeliverable,
)
from tests.support.command_line import CommandLine
from tests.tui.driver import Driver


def test_every_binding_has_an_id_by_which_it_is_changed() -> None:
    commands()
    assert commands_without_id() == []


def test_no_key_is_one_that_terminals_do_not_deliver() -> None:
    assert [(each.id, key) for each in commands() for key in each.keys if undeliverable(key)] == []


@pytest.mark.parametrize("preset", NAMES)
def test_a_preset_binds_commands_that_there_are_and_no_key_twice(preset: str) -> None:
    assert problems(Keys(preset, {})) == []
    assert set(PRESETS[preset]) <= {each.id for each in commands()}


@pytest.mark.parametrize("preset", NAMES)
def test_the_command_line_says_of_no_preset_that_keys_mean_two_things(revtops: CommandLine, preset: str) -> None:
    assert revtops("settings", "set", "keys.preset", preset).code == 0
    listed = revtops("keys", "--json")
    assert listed.json["problems"] == []
    assert listed.code == 0


def test_a_key_that_a_list_takes_away_from_its_workspace_is_a_conflict() -> None:
    both = "ctrl+n would be both list.down and query.new."
    assert both in problems(Keys("default", {"list.down": "down,ctrl+n"}))
    assert both in problems(Keys("emacs", {"query.new": "ctrl+n"}))


def test_a_conflict_an_unknown_command_and_an_impossible_key_are_said() -> None:
    found = problems(Keys("default", {"app.help": "q", "app.hlp": "f12", "app.jump": "ctrl+m", "app.tasks": "quit!"}))
    assert "q would be both app.help and app.quit." in found
    assert "keys.bindings: there is no command app.hlp." in found
    assert any(each.startswith("app.jump: ctrl+m does not arrive") for each in found)
    assert any(each.startswith("app.tasks: quit! is no key") for each in found)
    assert not conflicts(keymap(Keys("default", {"app.help": "f12"})))


def test_the_command_line_lists_them_and_takes_one(revtops: CommandLine) -> None:
    listed = {each["id"]: each for each in revtops("keys", "--json").json["commands"]}
    assert listed["app.palette"]["keys"] == ["ctrl+p"]
    assert revtops("settings", "set", "keys.bindings.app.palette", "f12").code == 0
    assert "f12" in revtops("keys").stdout
    taken = revtops("settings", "set", "keys.bindings.app.help", "q")
    assert taken.code == 2
    assert "q would be both app.help and app.quit." in taken.stderr


async def test_a_key_of_ones_own_works_and_is_shown(driver: Driver, revtops: CommandLine) -> None:
    assert revtops("settings", "set", "keys.bindings.app.help", "f12").code == 0
    async with driver() as visit:
        await visit.sees("f12 Help")
        await visit.press("f12")
        await visit.sees("Keys", "Everywhere")


def test_the_themes_that_settings_name_are_those_there_are(driver: Driver) -> None:
    app: RevtopsApp = driver.app()
    assert set(THEMES) - {"auto"} == set(app.available_themes)
