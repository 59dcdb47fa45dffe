"""Where files lie: the folders of an account, the paths they make, and what a change to one of them entails."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from hashlib import blake2b
from typing import Any

import orjson

from connectors._google_drive.reading import FOLDER, USER, File, Reader, members
from connectors.errors import BookmarkLostError, InvalidInputError, NotFoundError, VendorUnavailableError
from connectors.stream import Deleted

Record = dict[str, Any]

SHARED = "Shared with me"
"""As Drive's own pages call what others shared and what lies in no folder that the user sees."""
_FOLDERS_A_QUERY = 50
"""As many as other clients are known to ask for at once; Drive refuses searches that are too complex."""


class Folders:
    """The folders of an account. `roots`: id -> name of My Drive and the shared drives; `known`: id -> name, parent."""

    def __init__(self, roots: Mapping[str, str], known: Mapping[str, list[str | None]]) -> None:
        self.roots = dict(roots)
        self.known = dict(known)
        self._paths: dict[str | None, list[str]] = {}

    def bookmark(self, tokens: Mapping[str, str]) -> dict[str, Any]:
        """What `Changes` goes on from: the page tokens, and the folders that the stored paths were made with."""
        return {"tokens": dict(tokens), "roots": self.roots, "folders": self.known}

    def digest(self) -> str:
        """Changes with every name and place."""
        content = orjson.dumps([self.roots, self.known], option=orjson.OPT_SORT_KEYS)
        return blake2b(content, digest_size=8).hexdigest()

    def put(self, file: File) -> bool:
        """Note a folder as it is now; whether that changes the path of what lies in it."""
        entry, folder_id = [str(file.get("name") or ""), parent_of(file)], str(file.get("id"))
        before, self.known[folder_id] = self.known.get(folder_id), entry
        if before == entry:
            return False
        self._paths.clear()
        return True

    def forget(self, folder_id: str) -> bool:
        """Drop a folder; whether it was known."""
        self._paths.clear()
        return self.known.pop(folder_id, None) is not None

    def name_root(self, root_id: str, name: str) -> bool:
        """Note the name of a shared drive; whether it is new."""
        before, self.roots[root_id] = self.roots.get(root_id), name
        self._paths.clear()
        return before != name

    def path(self, parent: str | None) -> list[str]:
        """The names from the top down to a folder and with it."""
        if parent not in self._paths:
            self._paths[parent] = self._path(parent)
        return self._paths[parent]

    def _path(self, folder: str | None) -> list[str]:
        names: list[str] = []
        above: set[str] = set()
        while folder in self.known and folder not in above:  # a feed read half-way may show a circle
            above.add(folder)
            name, folder = self.known[folder]
            names.append(str(name))
        return [self.roots.get(folder or "", SHARED), *reversed(names)]

    def record(self, file: File) -> Record:
        """The fields of a `SharedFileRecord`. A shortcut is a file of its own, where it lies."""
        parent = parent_of(file)
        path = self.path(parent)
        return {
            "external_id": file.get("id"),
            "name": file.get("name"),
            "mime_type": file.get("mimeType"),
            "parent_external_id": parent,
            "folder_path": "/".join(path),
            "web_view_link": file.get("webViewLink"),
            "file_size": file.get("size"),
            "source_modified_at": file.get("modifiedTime"),
            "source": path[0],
        }


def parent_of(file: File) -> str | None:
    """The folder that a file lies in. Files of before 2020 may have several: the first one, as Drive shows it."""
    parents = file.get("parents")
    return str(parents[0]) if isinstance(parents, list) and parents else None


class Changes:
    """What changed since a bookmark: `{"tokens": scope -> token, "roots": …, "folders": …}`.

    The bookmark carries the folders, because Drive's feed names a folder that was renamed, moved or trashed, and not
    what lies below it, whose path or whose being there has changed with it.
    """

    def __init__(self, reader: Reader, bookmark: Mapping[str, Any]) -> None:
        self._reader = reader
        self._tokens: dict[str, str] = dict(bookmark["tokens"])
        self._folders = Folders(bookmark["roots"], bookmark["folders"])
        self._below: dict[str, str] = {}
        """Folder -> scope: what lies below these is looked at again."""
        self._seen: set[str] = set()
        self._gone: set[str] = set()

    @property
    def bookmark(self) -> dict[str, Any]:
        """Where to go on once all items are taken."""
        return self._folders.bookmark(self._tokens)

    async def items(self) -> AsyncGenerator[list[Record] | Deleted, None]:
        """Records, and at last what is gone. Raises BookmarkLostError where only a full listing helps."""
        await self._compare_drives()
        for scope in self._tokens:
            async for page in self._feed(scope):
                yield [record for change in page if (record := self._changed(change)) is not None]
        async for files in self._files_below():
            yield [record for file in files if (record := self._looked_at(file)) is not None]
        # Not before everything was read: what left one drive may have come to another.
        yield Deleted(sorted(self._gone - self._seen))

    async def _compare_drives(self) -> None:
        drives = await self._reader.drives()
        if lost := self._tokens.keys() - drives.keys() - {USER}:
            names = ", ".join(sorted(self._folders.roots.get(drive, drive) for drive in lost))
            raise BookmarkLostError(f"The shared drive {names} is out of reach, and with it the list of what it held.")
        for drive, name in drives.items():
            is_new = drive not in self._tokens
            if is_new:
                self._tokens[drive] = await self._reader.start_token(drive)
            if self._folders.name_root(drive, name) or is_new:
                self._below[drive] = drive

    async def _feed(self, scope: str) -> AsyncGenerator[list[Any], None]:
        while True:
            try:
                reply = await self._reader.changes(scope, self._tokens[scope])
            except (InvalidInputError, NotFoundError) as error:
                raise BookmarkLostError(f"Google Drive no longer takes the page token: {error.message}") from error
            yield members(reply, "changes")
            token = reply.get("nextPageToken") or reply.get("newStartPageToken")
            if not token:
                raise VendorUnavailableError("Google Drive's changes end without a token to go on from.")
            self._tokens[scope] = token
            if not reply.get("nextPageToken"):
                return

    def _changed(self, change: Mapping[str, Any]) -> Record | None:
        if change.get("changeType") == "drive":  # these were compared before
            return None
        file = change.get("file")
        if file is None:
            self._removed(str(change.get("fileId")))
            return None
        return self._looked_at(file)

    def _removed(self, file_id: str) -> None:
        if self._folders.forget(file_id):
            raise BookmarkLostError("A folder is out of reach, and with it the list of what lies below it.")
        self._gone.add(file_id)

    def _looked_at(self, file: File) -> Record | None:
        """The record of a file as it is now; None for one in the trash."""
        file_id, trashed, is_folder = str(file.get("id")), file.get("trashed") is True, file.get("mimeType") == FOLDER
        if is_folder and (self._folders.forget(file_id) if trashed else self._folders.put(file)):
            self._below[file_id] = scope_of(file, self._tokens)
        if trashed:
            self._gone.add(file_id)
            return None
        self._seen.add(file_id)
        return self._folders.record(file)

    async def _files_below(self) -> AsyncGenerator[list[Any], None]:
        """The children of the folders noted in `_below`, and theirs, for as long as there are any."""
        done: set[str] = set()
        while self._below:
            scope = next(iter(self._below.values()))
            folders = [folder for folder, where in self._below.items() if where == scope][:_FOLDERS_A_QUERY]
            done.update(folders)
            query = " or ".join(f"'{folder}' in parents" for folder in folders)
            async for files in self._reader.all_files(scope, query):
                yield files
                for file in files:
                    if file.get("mimeType") == FOLDER and file.get("id") not in done:
                        self._below[str(file.get("id"))] = scope
            for folder in folders:
                self._below.pop(folder, None)


def scope_of(file: File, tokens: Mapping[str, Any]) -> str:
    """Which scope a file is synced in. One that was shared out of a drive that the user is not in is the user's."""
    drive = file.get("driveId")
    return drive if isinstance(drive, str) and drive in tokens else USER
