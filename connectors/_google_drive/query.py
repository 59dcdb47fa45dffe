"""Finding files, and reading what is in them."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors._google_drive import text as texts
from connectors._google_drive.reading import FILES, SHORTCUT, File, Reader, members, quoted
from connectors.errors import InvalidInputError, NotFoundError, PermissionDeniedError

APPS = "application/vnd.google-apps."
_READ = "id,name,mimeType,size,webViewLink,modifiedTime,trashed,shortcutDetails(targetId)"
_FOUND = "id,name,mimeType,modifiedTime,size,owners(emailAddress),parents,driveId,webViewLink"
_COLUMNS = ("id", "name", "mime_type", "modified", "size", "owner", "parent", "drive", "url")
_ROWS = 100

_ID = re.compile(r"[\w-]{15,}")
_READING = re.compile(r"read\s+(\S*[\w-]{15,}\S*)", re.IGNORECASE)
_LIMIT = re.compile(r"\s+limit\s+(\d+)\s*$", re.IGNORECASE)
_TERMS = (
    "name|fullText|mimeType|modifiedTime|viewedByMeTime|createdTime|sharedWithMeTime|trashed|starred|sharedWithMe|"
    "properties|appProperties|visibility|shortcutDetails.targetId"
)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'")
_SEARCH = re.compile(rf"[\s(]*(?:not[\s(]+)*(?:(?:{_TERMS})\s*(?:=|!=|<|>|contains\s|has\s)|{_QUOTED.pattern}\s+in\s)")
"""What a request in Drive's own search language begins with; anything else is plain words."""

SEARCH_TERMS = (
    ("name", "text", "contains (beginnings of words), =, !="),
    ("fullText", "text", 'contains: words anywhere in name and content; a phrase in "double quotes"'),
    ("mimeType", "text", "contains (a beginning), =, !="),
    ("modifiedTime", "time", "<=, <, =, !=, >, >=; such as '2026-01-31T12:00:00', in UTC"),
    ("createdTime", "time", "<=, <, =, !=, >, >="),
    ("sharedWithMeTime", "time", "<=, <, =, !=, >, >="),
    ("trashed", "boolean", "=, !="),
    ("starred", "boolean", "=, !="),
    ("sharedWithMe", "boolean", "=, !="),
    ("parents", "ids", "'<folder id>' in parents; root is My Drive"),
    ("owners", "e-mail addresses", "'<address>' in owners; so too writers and readers"),
    ("shortcutDetails.targetId", "id", "=, !="),
)
"""Name, type and operators (Google's page "Search query terms and operators")."""


class Finder:
    """Finds and reads the files of one account."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def answer(self, request: str) -> dict[str, Any]:
        """What is asked for: `read <id>`, words, or a search; `limit 500` at its end for more rows than a hundred."""
        if reading := _READING.fullmatch(request.strip()):
            return await self.read(file_id(reading[1]))
        limit = _LIMIT.search(request)
        words = (request[: limit.start()] if limit else request).strip()
        if not words:
            raise InvalidInputError("There is nothing to search for.", hint="Give words, a search, or `read <id>`.")
        return await self.search(search_of(words), int(limit[1]) if limit else _ROWS)

    async def search(self, query: str, limit: int) -> dict[str, Any]:
        """What a search finds, at most `limit` rows; `truncated`: there is more, or Drive did not look everywhere."""
        # Sorting is refused beside fullText, where the best match comes first.
        order = None if "fullText" in _unquoted(query) else "modifiedTime desc"
        rows: list[list[Any]] = []
        page, complete = None, True
        while len(rows) < limit:
            reply = await self._reader.search(query, _FOUND, size=limit - len(rows), page=page, order=order)
            rows += [_row(file) for file in members(reply, "files")]
            page, complete = reply.get("nextPageToken"), complete and reply.get("incompleteSearch") is not True
            if not page:
                break
        return {"columns": list(_COLUMNS), "rows": rows, "truncated": bool(page) or not complete}

    async def read(self, file: str) -> dict[str, Any]:
        """A document's text, and what is missing of it."""
        found = await self.file(file)
        name, mime = found["name"], found["mimeType"]
        kind = texts.EXPORTS.get(mime, mime)
        if mime in texts.EXPORTS:
            content = await self._export(found, kind)
        elif mime.startswith(APPS):
            raise InvalidInputError(f"{name} is a {mime.removeprefix(APPS)}, which has no text to read.")
        elif int(found.get("size") or 0) > texts.MOST_BYTES:
            most = texts.MOST_BYTES // 1024**2
            raise InvalidInputError(f"{name} has {int(found['size']):,} bytes; up to {most} MB are read.")
        else:
            content = await self._reader.content(f"{FILES}/{found['id']}", {"alt": "media", "supportsAllDrives": True})
        read = await asyncio.to_thread(texts.read, kind, content)
        return {
            "id": found["id"],
            "name": name,
            "mime_type": mime,
            "modified": found.get("modifiedTime"),
            "url": found.get("webViewLink"),
            "text": read.text,
            "truncated": read.truncated,
            "note": read.note,
        }

    async def _export(self, file: File, kind: str) -> bytes:
        try:
            return await self._reader.content(f"{FILES}/{file['id']}/export", {"mimeType": kind})
        except PermissionDeniedError as error:
            if "too large" not in error.message:
                raise
            raise InvalidInputError(
                f"{file['name']} is larger than the 10 MB that Google Drive exports.", hint=str(file.get("webViewLink"))
            ) from error

    async def file(self, file: str) -> dict[str, Any]:
        """A file, or the one that a shortcut means."""
        try:
            found = await self._reader.file(file, _READ)
            if found["mimeType"] == SHORTCUT:
                found = await self._reader.file((found.get("shortcutDetails") or {})["targetId"], _READ)
        except NotFoundError as error:
            message = f"There is no file {file}, or this account may not see it: Google Drive does not say which."
            raise NotFoundError(message, hint="Ask its owner to share it with this account.") from error
        return found


def file_id(text: str) -> str:
    """The id in a link such as `https://docs.google.com/document/d/<id>/edit`, or what is one already.

    Raises InvalidInputError.
    """
    text = text.strip()
    if "://" in text:
        parts = urlsplit(text)
        named = parse_qs(parts.query).get("id", [])
        pieces = parts.path.split("/")
        after = [pieces[at + 1] for at, piece in enumerate(pieces[:-1]) if piece in ("d", "folders")]
        text = next(iter([*named, *after]), "")
    if text != "root" and not _ID.fullmatch(text):
        raise InvalidInputError(f"{text or 'The link'} is no id of a file.", hint="Give a file's id, or its link.")
    return text


def search_of(words: str) -> str:
    """Words, or a search without what is in the trash, in Drive's search language."""
    if not _SEARCH.match(words):
        return f"fullText contains {quoted(words)} and trashed = false"
    return words if "trashed" in _unquoted(words) else f"({words}) and trashed = false"


def _unquoted(query: str) -> str:
    return _QUOTED.sub("", query)


def _row(file: File) -> list[Any]:
    (owner,) = (file.get("owners") or [{}])[:1]
    (parent,) = (file.get("parents") or [None])[:1]
    names = ("id", "name", "mimeType", "modifiedTime", "size")
    return [
        *(file.get(name) for name in names),
        owner.get("emailAddress"),
        parent,
        file.get("driveId"),
        file.get("webViewLink"),
    ]
