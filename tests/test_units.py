"""The files that have the daemon started with the session."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.units import Launch, install, launchd_plist, status, systemd_unit, uninstall
from revtops_tui.engine.workspace import Workspace

GOLDEN = Path(__file__).parent / "golden"
PLAIN = Launch(
    "revtops-daemon",
    ("/usr/bin/python3", "-m", "revtops_tui", "--home", "/home/ada/.local/share/revtops", "daemon", "--listen"),
    Path("/home/ada/.local/share/revtops"),
)
NASTY_HOME = '/tmp/a b/100%/$HOME/"q"/back\\slash/;x/ü'
NASTY = Launch(
    "revtops-daemon-1a2b3c4d",
    ("/opt/my python/bin/python", "-m", "revtops_tui", "--home", NASTY_HOME, "daemon"),
    Path(NASTY_HOME),
    (("REVTOPS_CONNECTORS_PATH", "/a b:/c%d"),),
)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("revtops-daemon.service", systemd_unit(PLAIN).encode()),
        ("revtops-daemon-1a2b3c4d.service", systemd_unit(NASTY).encode()),
        ("revtops-daemon.plist", launchd_plist(PLAIN)),
        ("revtops-daemon-1a2b3c4d.plist", launchd_plist(NASTY)),
    ],
)
def test_the_files_are_the_ones_that_were_looked_at(file: str, content: bytes) -> None:
    assert content.decode() == (GOLDEN / file).read_text()


@pytest.mark.parametrize("launch", [PLAIN, NASTY])
def test_a_plist_says_what_was_meant(launch: Launch) -> None:
    read = plistlib.loads(launchd_plist(launch))
    assert read["Label"] == launch.label
    assert read["ProgramArguments"] == list(launch.command)
    assert read["EnvironmentVariables"] == dict(launch.environment)
    assert read["RunAtLoad"] is True


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and not os.environ.get("CI"), reason="there is no systemd to ask"
)
@pytest.mark.parametrize("launch", [PLAIN, NASTY])
def test_systemd_finds_nothing_wrong_with_a_unit(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks whether the program exists, too: so there is one with such a name."""
    program = tmp_path / "my python"
    program.symlink_to(sys.executable)
    unit = tmp_path / f"{launch.label}.service"
    unit.write_text(
        systemd_unit(Launch(launch.label, (str(program), *launch.command[1:]), launch.home, launch.environment))
    )
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--user", unit], capture_output=True, text=True, timeout=60, check=False
    )
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@pytest.mark.parametrize("home", ["/tmp/two\nlines", "/tmp/\x1b[2J", "/tmp/\udc80"])
def test_a_path_that_cannot_stand_in_a_unit_is_refused(home: str) -> None:
    with pytest.raises(EngineError, match="cannot stand in a unit file"):
        systemd_unit(Launch("x", ("/usr/bin/python3", "--home", home), Path("/home/ada")))


@pytest.mark.parametrize(("platform", "folder"), [("linux", "config/systemd/user"), ("darwin", "Library/LaunchAgents")])
def test_a_unit_is_written_replaced_and_taken_away(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, folder: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with Workspace(home) as ws:
        assert status(ws, platform=platform).unit is None
        unit = install(ws, platform=platform)
        assert unit.path.parent == tmp_path / folder
        assert status(ws, platform=platform).unit == unit.path
        before = unit.path.read_bytes()
        assert str(home).encode() in before
        assert b"--listen" not in before
        assert install(ws, ("--listen",), platform=platform).path == unit.path
        assert b"--listen" in unit.path.read_bytes()
        assert uninstall(ws, platform=platform).path == unit.path
        assert not unit.path.exists()
        with pytest.raises(EngineError, match="not installed"):
            uninstall(ws, platform=platform)


def test_each_data_directory_has_a_unit_of_its_own_and_the_usual_one_the_plain_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("REVTOPS_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    with Workspace() as usual, Workspace(tmp_path / "one") as one, Workspace(tmp_path / "two") as two:
        names = [install(ws, platform="linux").path.name for ws in (usual, one, two)]
    assert names[0] == "revtops-daemon.service"
    assert len(set(names)) == 3


def test_no_passphrase_gets_into_a_unit(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("REVTOPS_KEYRING_PASSPHRASE", "open sesame")
    with Workspace(home) as ws:
        for platform in ("linux", "darwin"):
            assert b"sesame" not in install(ws, platform=platform).path.read_bytes()


def test_elsewhere_it_says_what_to_do_instead(home: Path) -> None:
    with Workspace(home) as ws, pytest.raises(EngineError) as caught:
        install(ws, platform="win32")
    assert "revtops daemon --once" in caught.value.hint
