"""Settings: read without ever failing, written with comments, and never at the cost of what their user wrote."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.settings import Settings, all_declared, load, settings_path
from revtops_tui.engine.settings_file import save
from tests.support.command_line import CommandLine


def test_without_a_file_the_defaults_hold(home: Path) -> None:
    assert load(home) == Settings()


def test_the_file_is_written_whole_with_a_comment_on_every_setting(home: Path) -> None:
    save(home, {"appearance.theme": "nord"})
    text = settings_path(home).read_text()
    assert load(home).appearance.theme == "nord"
    assert settings_path(home).stat().st_mode & 0o777 == 0o600
    document = tomllib.loads(text)
    for setting in all_declared():
        assert setting.name in document[setting.section]
        assert setting.help.split(".")[0] in text


def test_what_the_user_wrote_is_kept(home: Path) -> None:
    save(home, {"keys.bindings": {"app.help": "f12"}})
    path = settings_path(home)
    path.write_text(path.read_text().replace("mouse = true", "# my mouse\nmouse = false  # no thanks"))
    save(home, {"appearance.theme": "dracula", "keys.bindings": {"app.help": "f12", "app.jump": "f7"}})
    assert "# my mouse\nmouse = false  # no thanks" in path.read_text()
    assert load(home).keys.bindings == {"app.help": "f12", "app.jump": "f7"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[appearance]\n\ntheme = 3\n", "line 3, appearance.theme: must be one of"),
        ("[appearance]\nthem = 'nord'\n", "line 2, appearance.them: there is no such setting. Did you mean"),
        ("\n[looks]\n", "line 2, looks: there is no such section."),
        ("[traffic]\nkeep_megabytes = 0\n", "line 2, traffic.keep_megabytes: must be a whole number from 1"),
        ("[keys.bindings]\n'app.help' = 1\n", "line 1, keys.bindings: must be a table of texts"),
        ("[traffic]\nrecord = maybe\n", "line 2: Invalid value."),
        ("appearance = 1\n", "line 1, appearance: there is no such section."),
        ('[tools]\neditor = "a\\u001bb"\n', "line 2, tools.editor: must be a text of one line."),
    ],
)
def test_a_mistake_is_named_by_line_and_field_and_the_file_is_left_alone(home: Path, text: str, problem: str) -> None:
    settings_path(home).write_text(text)
    settings = load(home)
    assert str(settings.problems[0]).startswith(problem)
    assert settings.appearance == Settings().appearance
    with pytest.raises(EngineError, match="has a mistake and was left as it is") as refused:
        save(home, {"nango.host": "https://nango.example"})
    assert str(settings.problems[0]) in refused.value.message
    assert settings_path(home).read_text() == text


def test_the_wrong_field_itself_can_be_put_right(home: Path) -> None:
    settings_path(home).write_text("[appearance]\ntheme = 'norg'\n")
    assert save(home, {"appearance.theme": "nord"}).problems == ()


def test_the_command_line_reads_and_writes_them(revtops: CommandLine, home: Path) -> None:
    assert revtops("settings", "path").stdout.strip() == str(settings_path(home))
    assert revtops("settings", "get", "traffic.record").stdout.strip() == "true"
    assert revtops("settings", "set", "traffic.record", "no").code == 0
    assert revtops("settings", "--json").json["settings"]["traffic.record"] is False
    refused = revtops("settings", "set", "appearance.theme", "nordd")
    assert refused.code == 2
    assert "Did you mean nord?" in refused.stderr
    settings_path(home).write_text("[appearance]\ntheme = 1\n")
    listed = revtops("settings")
    assert listed.code == 1
    assert "line 2, appearance.theme" in listed.stderr
