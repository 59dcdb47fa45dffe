"""Copying: by every way that may work from here, because no single one does everywhere.

OSC 52 asks the terminal itself, also over SSH, but tmux and some terminals ignore it; a tool of the desktop only helps
on that desktop. A file has the text in any case.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from revtops_tui.engine.children import environment_of
from revtops_tui.tui.background import in_background
from revtops_tui.words import plural

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp

FILE = "last-copy.txt"
_TOOLS = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("", ("pbcopy",)),
    ("", ("clip.exe",)),
)
_SECONDS = 3.0
_TERMINAL_LIMIT = 100_000
"""Characters. Terminals drop what is too long for them, and none says so."""


@dataclass(frozen=True)
class Copied:
    """By which ways a text was handed over, and where it is in any case (None when it could not be written)."""

    ways: tuple[str, ...]
    file: Path | None


def hand_over(text: str, home: Path, environment: Mapping[str, str] = os.environ) -> Copied:
    """Give a text to tmux, to a tool of this desktop and to the file in the data directory. It blocks: in a thread."""
    ways = [command[0] for command in _commands(environment) if _give(command, text, environment)]
    return Copied(tuple(ways), _write(text, home))


def _commands(environment: Mapping[str, str]) -> list[Sequence[str]]:
    found: list[Sequence[str]] = []
    if environment.get("TMUX") and shutil.which("tmux"):
        found.append(("tmux", "load-buffer", "-w", "-"))
    if "SSH_TTY" in environment or "SSH_CONNECTION" in environment:
        return found  # the desktop of this machine is not the one that is looked at
    for variable, command in _TOOLS:
        if (not variable or environment.get(variable)) and shutil.which(command[0]):
            return [*found, command]
    return found


def _give(command: Sequence[str], text: str, environment: Mapping[str, str]) -> bool:
    try:
        subprocess.run(
            command,
            input=text.encode("utf-8", "replace"),
            env=environment,
            stdout=subprocess.DEVNULL,  # xclip stays behind with what it inherits
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _write(text: str, home: Path) -> Path | None:
    from revtops_tui.engine.files import replace_private

    path = home / FILE
    try:
        replace_private(path, text.encode("utf-8", "replace").decode())
    except OSError:
        return None
    return path


def copy(app: RevtopsApp, text: str, what: str) -> None:
    """Copy `text`, and say how: `what` names it ("the record"), because the text itself may not be for every eye."""
    text = text.encode("utf-8", "replace").decode()  # half of a surrogate pair cannot be handed to anybody
    by_terminal = len(text) <= _TERMINAL_LIMIT
    if by_terminal:
        app.copy_to_clipboard(text)

    def told(copied: Copied) -> None:
        ways = [*(["the terminal (OSC 52)"] if by_terminal else []), *copied.ways]
        said = f"{plural(len(text), 'character')}, by {' and '.join(ways)}." if ways else "No clipboard was found."
        where = f" Also in {copied.file}" if copied.file else ""
        app.tell(f"{said}{where}", title=f"Copied {what}" if ways or copied.file else f"Could not copy {what}")

    def give() -> Copied:
        return hand_over(text, app.ws.home, environment_of(app.ws))

    in_background(app, give, told, app.tell_error, group="copy")
