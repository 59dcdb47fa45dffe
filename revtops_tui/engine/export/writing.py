"""The file itself: checked before the first row, written under another name, and put in its place when it is whole."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.export.formats import Format, format_of
from revtops_tui.engine.export.watching import Options, Watch

__all__ = ["Exported", "Options", "Watch", "check", "write"]


@dataclass(frozen=True)
class Exported:
    """A file that was written. `notes` are sentences about what it has differently from the data."""

    path: Path
    format: str
    rows: int
    bytes: int
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """It as `--json` prints it."""
        return {
            "file": str(self.path),
            "format": self.format,
            "rows": self.rows,
            "bytes": self.bytes,
            "notes": list(self.notes),
        }


def check(path: Path, *, replace: bool) -> Format:
    """Whether a file can be put there, before any work is done for it. Raises EngineError."""
    found = format_of(path)
    if path.is_dir():
        raise EngineError("invalid_input", f"{path} is a directory.", hint="Name a file in it.")
    if not path.parent.is_dir():
        raise EngineError("invalid_input", f"There is no directory {path.parent}.", hint="Make it, or name another.")
    if path.exists() and not replace:
        hint = "Name another file, or say that it may be replaced."
        raise EngineError("exists", f"{path} is already there.", hint=hint)
    return found


def write(watch: Watch, path: Path, options: Options) -> Exported:
    """Write the rows of a watch. Raises EngineError."""
    path = path.expanduser()
    if path.is_symlink():
        path = path.resolve()
    found = check(path, replace=options.replace)
    try:
        return _write(watch, path, found, options)
    except OSError as error:
        raise people(error) from error


def _write(watch: Watch, path: Path, found: Format, options: Options) -> Exported:
    write_rows = found.load()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # readable by its owner only
    try:
        with open(descriptor, "w+b") as file:  # noqa: PTH123 - a descriptor
            write_rows(watch, file, options)
            file.flush()
            os.fsync(file.fileno())
            size = file.seek(0, os.SEEK_END)
        check(path, replace=options.replace)  # somebody else may have been quicker
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Exported(path, found.ending[1:], watch.done, size, tuple(watch.notes))
