"""What is asked of Google Drive, one method a request or a listing. Facts: Google's discovery document of drive v3."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from connectors.errors import VendorUnavailableError
from connectors.http import HttpClient
from connectors.http.urls import Params
from connectors.json_answers import json_object

Reply = dict[str, Any]
File = Mapping[str, Any]
"""A file as Drive describes it, with the fields that were asked for."""

FILES = "/drive/v3/files"
USER = ""
"""The user's own files and what was shared with the user, beside the shared drives, which go by their ids."""

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
FIELDS = "id,name,mimeType,parents,driveId,webViewLink,size,modifiedTime,trashed"
_PAGE = 1000
_DRIVES_PAGE = 100


class Reader:
    """Reads one account. `scope` is USER or a shared drive's id."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def get(self, path: str, params: Params) -> Reply:
        """An object of JSON; always with a `fields` mask, because Drive else leaves out what matters."""
        return json_object((await self._http.get(path, params=params)).content, "Google Drive")

    async def content(self, path: str, params: Params) -> bytes:
        """What a file holds."""
        return (await self._http.get(path, params=params)).content

    async def user(self) -> Reply:
        """Whose account it is: `displayName`, `emailAddress`."""
        return dict((await self.get("/drive/v3/about", {"fields": "user(displayName,emailAddress)"})).get("user") or {})

    async def file(self, file_id: str, fields: str) -> Reply:
        """One file's fields. `root` is the top folder of My Drive."""
        return await self.get(f"{FILES}/{file_id}", {"fields": fields, "supportsAllDrives": True})

    async def drives(self) -> dict[str, str]:
        """The shared drives that the user belongs to, hidden ones too: id -> name."""
        found: dict[str, str] = {}
        params: dict[str, Any] = {"pageSize": _DRIVES_PAGE, "fields": "nextPageToken,drives(id,name)"}
        while True:
            reply = await self.get("/drive/v3/drives", params)
            found |= {drive["id"]: drive["name"] for drive in members(reply, "drives")}
            if not reply.get("nextPageToken"):
                return found
            params["pageToken"] = reply["nextPageToken"]

    async def start_token(self, scope: str) -> str:
        """Where the scope's feed of changes goes on from now."""
        params = {"driveId": scope or None, "supportsAllDrives": True, "fields": "startPageToken"}
        return str((await self.get("/drive/v3/changes/startPageToken", params))["startPageToken"])

    async def files(self, scope: str, query: str, page: str | None = None, fields: str = FIELDS) -> Reply:
        """A page of a scope's files: `files`, and `nextPageToken` where there are more."""
        return await self.get(
            FILES,
            {
                "q": query,
                "corpora": "drive" if scope else "user",
                "driveId": scope or None,
                "includeItemsFromAllDrives": True,
                "supportsAllDrives": True,
                "pageSize": _PAGE,
                "pageToken": page,
                "fields": f"nextPageToken,files({fields})",
            },
        )

    async def all_files(self, scope: str, query: str, fields: str = FIELDS) -> AsyncGenerator[list[Any], None]:
        """Every file of a scope that a query finds, page by page."""
        page = None
        while True:
            reply = await self.files(scope, query, page, fields)
            yield members(reply, "files")
            page = reply.get("nextPageToken")
            if not page:
                return

    async def search(
        self, query: str, fields: str, *, size: int = 100, page: str | None = None, order: str | None = None
    ) -> Reply:
        """A page of what a query finds everywhere; `incompleteSearch` where Drive did not look through all drives."""
        return await self.get(
            FILES,
            {
                "q": query,
                "corpora": "allDrives",
                "includeItemsFromAllDrives": True,
                "supportsAllDrives": True,
                "pageSize": min(_PAGE, size),
                "pageToken": page,
                "orderBy": order,
                "fields": f"nextPageToken,incompleteSearch,files({fields})",
            },
        )

    async def changes(self, scope: str, token: str) -> Reply:
        """A page of a scope's feed; a file that left the scope comes along if it is still in sight."""
        params = {
            "pageToken": token,
            "driveId": scope or None,
            "includeRemoved": True,
            "includeCorpusRemovals": True,
            "includeItemsFromAllDrives": True,
            "supportsAllDrives": True,
            "pageSize": _PAGE,
            "fields": f"nextPageToken,newStartPageToken,changes(changeType,fileId,removed,file({FIELDS}))",
        }
        return await self.get("/drive/v3/changes", params)


def members(reply: Reply, name: str) -> list[Any]:
    """A list in an answer. Raises VendorUnavailableError where it is none: to take it as empty would delete rows."""
    found = reply.get(name)
    if not isinstance(found, list):
        raise VendorUnavailableError(f"Google Drive's answer has no list of {name}.")
    return found


def quoted(value: str) -> str:
    """A text as Drive's search language takes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
