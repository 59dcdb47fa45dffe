"""Starting the daemon with the session: a systemd user unit, or a launchd agent.

The files are written and taken away here; switching them on is the user's own command, which is told.
"""

from __future__ import annotations

import hashlib
import os
import plistlib
import sys
from dataclasses import dataclass
from pathlib import Path

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.locks import Holder, daemon_holder
from revtops_tui.engine.workspace import Workspace
from store.home import data_dir

_STOP_SECONDS = 60
"""A sync that is asked to stop commits what it has; nothing should need that long."""
_KEPT_VARIABLES = ("REVTOPS_CONNECTORS_PATH", "PYTHON_KEYRING_BACKEND")
"""Variables that the daemon needs as this process has them. None of them may hold a secret: the file is no vault."""
_SYSTEMD = """\
[Unit]
Description=revtops daemon over {home} (schedules, feeds and events)

[Service]
Type=exec
ExecStart={command}
{environment}Restart=on-failure
RestartSec=30
RestartPreventExitStatus=2 5
TimeoutStopSec={stop_seconds}
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""


@dataclass(frozen=True)
class Launch:
    """What is started: the daemon of `home`, by this Python. `label` names it to the system."""

    label: str
    command: tuple[str, ...]
    home: Path
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Unit:
    """The file that has the daemon started, and the commands by which the system takes note of it or of its end."""

    path: Path
    after_installing: tuple[str, ...]
    after_removing: tuple[str, ...]


@dataclass(frozen=True)
class DaemonStatus:
    """Whether a daemon runs over the data directory, and whether it is started with the session."""

    holder: Holder | None
    unit: Path | None


def install(ws: Workspace, options: tuple[str, ...] = (), *, platform: str = sys.platform) -> Unit:
    """Write the unit that starts `revtops daemon` with these options. Raises EngineError."""
    unit, launch = _unit(ws.home, platform), _launch(ws.home, options)
    content = launchd_plist(launch) if platform == "darwin" else systemd_unit(launch).encode()
    try:
        unit.path.parent.mkdir(parents=True, exist_ok=True)
        unit.path.write_bytes(content)
    except OSError as error:
        raise EngineError("no_access", f"{unit.path} cannot be written: {error.strerror}.") from error
    return unit


def uninstall(ws: Workspace, *, platform: str = sys.platform) -> Unit:
    """Take the unit away. Raises EngineError (not_found) where there is none."""
    unit = _unit(ws.home, platform)
    try:
        unit.path.unlink()
    except FileNotFoundError:
        raise EngineError("not_found", f"The daemon is not installed: there is no {unit.path}.") from None
    except OSError as error:
        raise EngineError("no_access", f"{unit.path} cannot be removed: {error.strerror}.") from error
    return unit


def status(ws: Workspace, *, platform: str = sys.platform) -> DaemonStatus:
    """How it stands with the daemon."""
    path = _unit(ws.home, platform).path if platform != "win32" else None
    return DaemonStatus(daemon_holder(ws.home), path if path and path.exists() else None)


def _unit(home: Path, platform: str) -> Unit:
    label = _label(home)
    if platform == "darwin":
        path = Path.home() / "Library" / "LaunchAgents" / f"{label}.plist"
        domain = f"gui/{os.getuid()}"
        return Unit(path, (f"launchctl bootstrap {domain} '{path}'",), (f"launchctl bootout {domain}/{label}",))
    if platform == "win32":
        raise EngineError(
            "usage",
            "The daemon can be installed on Linux and macOS only.",
            hint="Have the task scheduler run: revtops daemon --once",
        )
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Unit(
        config / "systemd" / "user" / f"{label}.service",
        ("systemctl --user daemon-reload", f"systemctl --user enable --now {label}"),
        (f"systemctl --user stop {label}", "systemctl --user daemon-reload"),
    )


def _launch(home: Path, options: tuple[str, ...]) -> Launch:
    home = home.absolute()
    environment = tuple((name, os.environ[name]) for name in _KEPT_VARIABLES if os.environ.get(name))
    command = (sys.executable, "-m", "revtops_tui", "--home", str(home), "daemon", *options)
    return Launch(_label(home), command, home, environment)


def _label(home: Path) -> str:
    """One for each data directory; the usual one has the plain name."""
    home = home.absolute()
    if home == data_dir().absolute() and not os.environ.get("REVTOPS_HOME"):
        return "revtops-daemon"
    return f"revtops-daemon-{hashlib.sha256(os.fsencode(home)).hexdigest()[:8]}"


def systemd_unit(launch: Launch) -> str:
    """A user unit. Raises EngineError for a path that cannot stand in one.

    It is started again when it fails, but not where that cannot help: wrong options (2), another daemon (5).
    """
    program, *arguments = map(_word, launch.command)
    return _SYSTEMD.format(
        home=_unspecified(str(launch.home)),
        command=" ".join([program, *(argument.replace("$", "$$") for argument in arguments)]),
        environment="".join(f"Environment={_word(f'{name}={value}')}\n" for name, value in launch.environment),
        stop_seconds=_STOP_SECONDS,
    )


def _word(text: str) -> str:
    """One word of a unit file, whatever is in it (systemd.syntax(7), "Quoting")."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_unspecified(escaped)}"'


def _unspecified(text: str) -> str:
    if not text.isprintable():
        raise EngineError("usage", f"{text!r} cannot stand in a unit file.", hint="Use a path without such characters.")
    return text.replace("%", "%%")


def launchd_plist(launch: Launch) -> bytes:
    """An agent's property list. It is started again when it fails (`KeepAlive`), half a minute later."""
    content = {
        "Label": launch.label,
        "ProgramArguments": list(launch.command),
        "EnvironmentVariables": dict(launch.environment),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 30,
        "ExitTimeOut": _STOP_SECONDS,
        "ProcessType": "Background",
        "Umask": 0o077,
    }
    return plistlib.dumps(content)
