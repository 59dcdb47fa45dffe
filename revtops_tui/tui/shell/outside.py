"""Programs outside of the app: an editor for a text, a pager for a long one. The app steps aside while they run."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from revtops_tui.engine.children import environment_of
from revtops_tui.tui.text import plain_lines

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp


class _OutsideError(Exception):
    """A program could not be used; the text says why."""


def edit(app: RevtopsApp, text: str, suffix: str) -> str | None:
    """What the user made of `text` in the editor; None where it was left as it was, or there is no editor.

    The text lies in a file of its owner's for as long as the editor runs. Not for secrets: editors keep copies.
    """
    command = app.ws.settings.tools.editor or os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        return _edited(app, command, text, suffix)
    except _OutsideError as error:
        app.tell(str(error), title="Editor", severity="warning")
        return None


def page(app: RevtopsApp, text: str) -> None:
    """Show a text in the pager, harmless as everywhere: pagers pass terminal codes on."""
    command = app.ws.settings.tools.pager or os.environ.get("PAGER") or "less"
    try:
        _run(app, _words(command), "\n".join(plain_lines(text)))
    except _OutsideError as error:
        app.tell(str(error), title="Pager", severity="warning")


def _edited(app: RevtopsApp, command: str, text: str, suffix: str) -> str | None:
    with tempfile.TemporaryDirectory(prefix="revtops-") as folder:
        file = Path(folder) / f"text{suffix}"
        file.touch(0o600)
        file.write_text(text, encoding="utf-8", newline="")
        _run(app, [*_words(command), str(file)])
        try:
            edited = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise _OutsideError("What the editor left cannot be read as text; nothing was changed.") from None
    if not text.endswith("\n"):
        edited = edited.removesuffix("\n")  # most editors end a file with one
    return None if edited == text else edited


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise _OutsideError(f"The command `{command}` cannot be understood: {error}.") from None
    if not words:
        raise _OutsideError("The command for it is empty.")
    return words


def _run(app: RevtopsApp, command: Sequence[str], text: str | None = None) -> None:
    try:
        with app.suspend():
            _finish(command, text, environment_of(app.ws))
    except SuspendNotSupported:
        raise _OutsideError("Another program can be opened in a terminal only, not from here.") from None


def _finish(command: Sequence[str], text: str | None, environment: Mapping[str, str]) -> None:
    """Run a program to its end. The event loop waits: whatever it drew would be drawn over the program."""
    try:
        ended = subprocess.run(command, input=text, env=environment, encoding="utf-8", check=False)
    except OSError as error:
        raise _OutsideError(f"{command[0]} could not be started: {error.strerror}.") from None
    if ended.returncode:
        raise _OutsideError(f"{command[0]} ended with code {ended.returncode}; nothing was changed.")
