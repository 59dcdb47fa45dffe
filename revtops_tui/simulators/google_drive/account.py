"""A Drive account's files, shared drives and logs of changes, without HTTP."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from revtops_tui.simulators.google_drive.documents import Sheets

APPS = "application/vnd.google-apps."
FOLDER, SHORTCUT = f"{APPS}folder", f"{APPS}shortcut"
DOCUMENT, SPREADSHEET, PRESENTATION = f"{APPS}document", f"{APPS}spreadsheet", f"{APPS}presentation"
USER = ""
"""The log of changes of the user, beside those of the shared drives, which go by their ids."""

Content = bytes | str | Sheets | None
"""Bytes of a blob; the text of a Google document or, slides between form feeds, a presentation; a sheet's sheets."""


@dataclass(frozen=True, slots=True)
class Person:
    """A Google account."""

    name: str
    email: str


@dataclass(slots=True)
class File:
    """A file, folder or shortcut. Times are milliseconds since 1970 UTC; `drive` is the shared drive's id or None."""

    id: str
    name: str
    mime: str
    parent: str | None
    drive: str | None
    owner: Person
    created: int
    modified: int
    content: Content = None
    target: str | None = None
    shared: int | None = None
    trashed: bool = False
    explicitly: bool = False
    version: int = 1
    app_properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SharedDrive:
    """A shared drive. Of one whose `member` the user is not, only what was shared with the user is seen."""

    id: str
    name: str
    created: int
    member: bool = True


class Account:
    """What one user sees. `on_change` is called with the log's name for each new entry of a log."""

    def __init__(self, user: Person, seed: int) -> None:
        self.user = user
        self.files: dict[str, File] = {}
        self.drives: dict[str, SharedDrive] = {}
        self.logs: dict[str, dict[str, int]] = {USER: {}}
        self.position = 1_000
        self.floor = 0
        """Tokens from before are refused."""
        self.on_change: Callable[[str], None] = lambda _: None
        self._children: dict[str, dict[str, None]] = {}
        self._seed = seed
        self._made = 0
        self.root = self.new_id("0A")

    def new_id(self, start: str = "1") -> str:
        """An id as Drive makes them: 33 characters, 19 for what begins with 0A."""
        self._made += 1
        digest = blake2b(b"%d:%d" % (self._seed, self._made), digest_size=24).digest()
        return (start + urlsafe_b64encode(digest).decode())[: 19 if start == "0A" else 33]

    # -- reading -----------------------------------------------------------------------------------------------------

    def add_drive(self, name: str, created: int, *, member: bool = True) -> SharedDrive:
        """Add a shared drive."""
        drive = SharedDrive(self.new_id("0A"), name, created, member)
        self.drives[drive.id] = drive
        self.logs[drive.id] = {}
        return drive

    def member_drives(self) -> list[SharedDrive]:
        """The shared drives that the user belongs to."""
        return [drive for drive in self.drives.values() if drive.member]

    def get(self, file_id: str) -> File | None:
        """A file that the user may see; `root` and a drive's id mean their top folders."""
        if file_id in ("root", self.root):
            return File(self.root, "My Drive", FOLDER, None, None, self.user, 0, 0)
        if (drive := self.drives.get(file_id)) is not None and drive.member:
            return File(drive.id, drive.name, FOLDER, None, drive.id, self.user, drive.created, drive.created)
        return self.files.get(file_id)

    def children(self, folder_id: str) -> Iterator[File]:
        """What lies directly in a folder."""
        folder_id = self.root if folder_id == "root" else folder_id
        return (self.files[file_id] for file_id in list(self._children.get(folder_id, ())))

    def live(self) -> int:
        """How many files, folders and shortcuts the user has that are not in the trash."""
        return sum(not file.trashed for file in self.files.values())

    def is_below(self, file: File, folder_id: str) -> bool:
        """Whether a folder is the file itself or above it."""
        above: File | None = file
        while above is not None:
            if above.id == folder_id:
                return True
            above = self.files.get(above.parent or "")
        return False

    # -- changing ----------------------------------------------------------------------------------------------------

    def seed(self, file: File) -> File:
        """Add a file that was always there."""
        self.files[file.id] = file
        self._children.setdefault(file.parent or "", {})[file.id] = None
        return file

    def add(self, file: File) -> File:
        """Add a file."""
        self.seed(file)
        self._log(file.id, file.drive)
        return file

    def touch(self, file: File) -> None:
        """A file was edited."""
        file.modified = max(now_ms(), file.modified + 1)
        self._log(file.id, file.drive)

    def move(self, file: File, parent: str | None, drive: str | None) -> None:
        """Move a file, with what lies below it."""
        before = file.drive
        self._children.get(file.parent or "", {}).pop(file.id, None)
        file.parent = parent
        self._children.setdefault(parent or "", {})[file.id] = None
        for below in self._subtree(file):
            below.drive = drive
        self._log(file.id, before, drive)

    def trash(self, file: File, *, trashed: bool = True) -> None:
        """Put a file into the trash, or back; what lies below goes along, and no log says so."""
        file.explicitly = trashed
        for below in self._subtree(file):
            below.trashed = trashed or below.explicitly
        self._log(file.id, file.drive)

    def remove(self, file: File) -> None:
        """Delete a file for good, with what lies below it: each has an entry in the logs."""
        for below in list(self._subtree(file)):
            self._forget(below)
            self._log(below.id, below.drive)

    def unshare(self, file: File) -> None:
        """The user may no longer see a folder and what is below it; only the folder has an entry in the logs."""
        for below in list(self._subtree(file)):
            self._forget(below)
        self._log(file.id, file.drive)

    def rename_drive(self, drive_id: str, name: str) -> None:
        """Give a shared drive another name."""
        self.drives[drive_id] = replace(self.drives[drive_id], name=name)
        self._log(drive_id, drive_id)

    def leave_drive(self, drive_id: str) -> None:
        """The user no longer belongs to a shared drive: all that is in it is out of sight."""
        del self.drives[drive_id]
        for file in [file for file in self.files.values() if file.drive == drive_id]:
            self._forget(file)
        self._log(drive_id, None)

    def forget_changes(self) -> None:
        """Page tokens from before are refused from now on."""
        self.position += 1
        self.floor = self.position

    def _subtree(self, file: File) -> Iterator[File]:
        yield file
        for child in self.children(file.id):
            yield from self._subtree(child)

    def _forget(self, file: File) -> None:
        self.files.pop(file.id, None)
        self._children.get(file.parent or "", {}).pop(file.id, None)

    def _log(self, what: str, *drives: str | None) -> None:
        """Note a change in the user's log and those of the shared drives; of each file only the last one is kept."""
        self.position += 1
        if (file := self.files.get(what)) is not None:
            file.version += 1
        for name in dict.fromkeys((USER, *(drive for drive in drives if drive in self.logs))):
            log = self.logs[name or USER]
            log.pop(what, None)
            log[what] = self.position
            self.on_change(name or USER)


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return int(time.time() * 1000)
