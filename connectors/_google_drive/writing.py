"""Creating files and folders, each once, and replacing what is in them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

import orjson

from connectors._google_drive import text as texts
from connectors._google_drive.query import APPS, Finder, file_id
from connectors._google_drive.reading import FILES, FOLDER, File, Reader, members
from connectors.errors import InvalidInputError, VendorUnavailableError
from connectors.http import HttpClient
from connectors.json_answers import json_object

FILE_TYPES = {
    "document": texts.DOCUMENT,
    "spreadsheet": texts.SPREADSHEET,
    "presentation": texts.PRESENTATION,
    "text": "text/plain",
    "markdown": "text/markdown",
    "csv": "text/csv",
}
"""What can be created: the word for it -> its type."""

_UPLOAD = "/upload/drive/v3/files"
_SHOWN = "id,name,webViewLink"
_MARK = "revtops_key"

Content = tuple[str, bytes] | None
"""A content type and bytes; None for what has no content."""


class Writer:
    """Writes to one account."""

    def __init__(self, http: HttpClient, reader: Reader) -> None:
        self._http = http
        self._reader = reader
        self._finder = Finder(reader)

    async def create(self, mime: str, name: str, text: str | None, folder: str | None) -> dict[str, Any]:
        """Make a file or folder in `folder` (an id or link; None is My Drive), unless this very one was made before."""
        content = None if text is None else await asyncio.to_thread(texts.upload, mime, text)
        parent = await self._parent(folder)
        mark = hashlib.sha256(orjson.dumps([mime, name, text, parent])).hexdigest()[:32]
        if (found := await self._marked(mark)) is not None:
            return _result(found, created=False)
        described: dict[str, Any] = {
            "name": name,
            "mimeType": mime,
            "parents": [parent],
            "appProperties": {_MARK: mark},
        }
        if mime != FOLDER and mime.startswith(APPS):
            return _result(await self._create_native(described, content, mark), created=True)
        described["id"] = await self._reserved_id()
        try:
            return _result(await self._send("POST", "", described, content, repeatable=True), created=True)
        except InvalidInputError as error:
            if error.status != 409:
                raise
        # The id is in use, and nobody else has it: an attempt before went well, and its answer was lost.
        return _result(await self._reader.file(described["id"], _SHOWN), created=True)

    async def _create_native(self, described: Mapping[str, Any], content: Content, mark: str) -> dict[str, Any]:
        try:
            return await self._send("POST", "", described, content)
        except VendorUnavailableError:
            if (found := await self._marked(mark)) is None:
                raise
            return found

    async def update(self, file: str, text: str) -> dict[str, Any]:
        """Replace what is in a file."""
        found = await self._finder.file(file)
        content = await asyncio.to_thread(texts.upload, found["mimeType"], text)
        described = {"mimeType": found["mimeType"]}
        return _result(await self._send("PATCH", f"/{found['id']}", described, content, repeatable=True), created=False)

    async def _parent(self, folder: str | None) -> str:
        """The id of the folder that something is created in; My Drive's own by default. Raises InvalidInputError."""
        if not folder:
            return str((await self._reader.file("root", "id"))["id"])
        found = await self._finder.file(file_id(folder))
        if found["mimeType"] != FOLDER or found.get("trashed"):
            what = "in the trash" if found.get("trashed") else "not a folder"
            raise InvalidInputError(f"{found['name']} ({found['id']}) is {what}, so nothing can be put into it.")
        return str(found["id"])

    async def _marked(self, mark: str) -> dict[str, Any] | None:
        query = f"appProperties has {{ key='{_MARK}' and value='{mark}' }} and trashed = false"
        return next(iter(members(await self._reader.search(query, _SHOWN), "files")), None)

    async def _reserved_id(self) -> str:
        reply = await self._reader.get(f"{FILES}/generateIds", {"count": 1, "type": "files", "fields": "ids"})
        return str(members(reply, "ids")[0])

    async def _send(
        self,
        method: str,
        path: str,
        described: Mapping[str, Any],
        content: Content,
        *,
        repeatable: bool | None = None,
    ) -> dict[str, Any]:
        params: dict[str, bool | str] = {"supportsAllDrives": True, "fields": _SHOWN}
        if content is None:
            reply = await self._http.request(method, FILES + path, params=params, json=described, repeatable=repeatable)
        else:
            body, kind = _multipart(described, *content)
            reply = await self._http.request(
                method,
                _UPLOAD + path,
                params={**params, "uploadType": "multipart"},
                content=body,
                headers={"content-type": kind},
                repeatable=repeatable,
            )
        return json_object(reply.content, "Google Drive")


def _result(file: File, *, created: bool) -> dict[str, Any]:
    return {"id": file["id"], "name": file.get("name"), "url": file.get("webViewLink"), "created": created}


def _multipart(described: Mapping[str, Any], kind: str, content: bytes) -> tuple[bytes, str]:
    """A multipart/related body, and its content type (Google's page "Upload file data")."""
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n".encode()
    middle = f"\r\n--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode()
    end = f"\r\n--{boundary}--\r\n".encode()
    return head + orjson.dumps(described) + middle + content + end, f"multipart/related; boundary={boundary}"
