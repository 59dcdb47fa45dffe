"""Files, shared drives and changes as Drive's JSON; of a file only the fields are made that are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from revtops_tui.simulators.google_drive.account import (
    APPS,
    DOCUMENT,
    FOLDER,
    PRESENTATION,
    SHORTCUT,
    SPREADSHEET,
    Account,
    File,
    Person,
    SharedDrive,
)
from revtops_tui.simulators.google_drive.conversions import EXPORTS
from revtops_tui.simulators.google_drive.replies import Json, Mask, check_names, masked
from revtops_tui.simulators.seeding import iso_utc

_PLACES = {DOCUMENT: "document", SPREADSHEET: "spreadsheets", PRESENTATION: "presentation"}

DEFAULT_FILE: Mask = {"kind": {}, "id": {}, "name": {}, "mimeType": {}}
"""What comes of a file where no `fields` are asked for."""


def _user(account: Account, person: Person) -> Json:
    return {
        "kind": "drive#user",
        "displayName": person.name,
        "emailAddress": person.email,
        "me": person == account.user,
        "permissionId": str(int(hashlib.sha256(person.email.encode()).hexdigest()[:16], 16)),
    }


def _parents(account: Account, file: File) -> list[str] | None:
    return [file.parent] if file.parent and account.get(file.parent) else None


def _link(file: File) -> str:
    if file.mime == FOLDER:
        return f"https://drive.google.com/drive/folders/{file.id}"
    if place := _PLACES.get(file.mime):
        return f"https://docs.google.com/{place}/d/{file.id}/edit?usp=drivesdk"
    return f"https://drive.google.com/file/d/{file.id}/view?usp=drivesdk"


def _size(file: File) -> str | None:
    if isinstance(file.content, bytes):
        return str(len(file.content))
    return "1024" if file.mime.startswith(APPS) and file.mime not in (FOLDER, SHORTCUT) else None


def _digest(name: str, file: File) -> str | None:
    return hashlib.new(name, file.content).hexdigest() if isinstance(file.content, bytes) else None


def _shortcut(account: Account, file: File) -> Json | None:
    if file.target is None:
        return None
    target = account.get(file.target)
    return {"targetId": file.target, **({"targetMimeType": target.mime} if target else {})}


def _extension(file: File) -> str | None:
    return file.name.rpartition(".")[2] if isinstance(file.content, bytes) and "." in file.name else None


FILE_FIELDS: dict[str, Callable[[Account, File], Any]] = {
    "kind": lambda _, __: "drive#file",
    "id": lambda _, file: file.id,
    "name": lambda _, file: file.name,
    "mimeType": lambda _, file: file.mime,
    "description": lambda _, __: None,
    "starred": lambda _, __: False,
    "trashed": lambda _, file: file.trashed,
    "explicitlyTrashed": lambda _, file: file.explicitly,
    "parents": _parents,
    "properties": lambda _, __: None,
    "appProperties": lambda _, file: file.app_properties or None,
    "spaces": lambda _, __: ["drive"],
    "version": lambda _, file: str(file.version),
    "webContentLink": lambda _, file: (
        f"https://drive.google.com/uc?id={file.id}&export=download" if isinstance(file.content, bytes) else None
    ),
    "webViewLink": lambda _, file: _link(file),
    "hasThumbnail": lambda _, __: False,
    "createdTime": lambda _, file: iso_utc(file.created),
    "modifiedTime": lambda _, file: iso_utc(file.modified),
    "sharedWithMeTime": lambda _, file: None if file.shared is None else iso_utc(file.shared),
    "owners": lambda account, file: None if file.drive else [_user(account, file.owner)],
    "driveId": lambda _, file: file.drive,
    "lastModifyingUser": lambda account, file: _user(account, file.owner),
    "shared": lambda _, file: None if file.drive else file.shared is not None,
    "ownedByMe": lambda account, file: None if file.drive else file.owner == account.user,
    "capabilities": lambda account, file: {"canEdit": file.drive is not None or file.owner == account.user},
    "originalFilename": lambda _, file: file.name if isinstance(file.content, bytes) else None,
    "fullFileExtension": lambda _, file: _extension(file),
    "fileExtension": lambda _, file: _extension(file),
    "md5Checksum": lambda _, file: _digest("md5", file),
    "sha1Checksum": lambda _, file: _digest("sha1", file),
    "sha256Checksum": lambda _, file: _digest("sha256", file),
    "size": lambda _, file: _size(file),
    "quotaBytesUsed": lambda _, file: _size(file) or "0",
    "headRevisionId": lambda _, file: f"0B{file.version:06d}" if isinstance(file.content, bytes) else None,
    "exportLinks": lambda _, file: (
        {kind: f"https://docs.google.com/export?id={file.id}&mimeType={kind}" for kind in EXPORTS.get(file.mime, ())}
        or None
    ),
    "shortcutDetails": _shortcut,
    "resourceKey": lambda _, __: None,
    "thumbnailLink": lambda _, __: None,
}
"""Field -> its value; None where the file has none."""


def file_json(account: Account, file: File, mask: Mask) -> Json:
    """A file with the fields of the mask; all of them where it is empty or a star."""
    check_names(mask, FILE_FIELDS)
    names = FILE_FIELDS if not mask or "*" in mask else mask
    made = {name: value for name in names if (value := FILE_FIELDS[name](account, file)) is not None}
    return dict(masked(made, mask))


def drive_json(drive: SharedDrive) -> Json:
    """A shared drive."""
    return {
        "kind": "drive#drive",
        "id": drive.id,
        "name": drive.name,
        "createdTime": iso_utc(drive.created),
        "hidden": False,
        "capabilities": {"canAddChildren": True, "canListChildren": True},
    }


def user_json(account: Account) -> Json:
    """The account's own user."""
    return _user(account, account.user)
