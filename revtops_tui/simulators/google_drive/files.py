"""`/drive/v3/files`, and the uploads beside it."""

from __future__ import annotations

from collections import OrderedDict
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.faults import FAULT
from revtops_tui.simulators.google_drive import search
from revtops_tui.simulators.google_drive.account import APPS, FOLDER, SHORTCUT, Account, File, now_ms
from revtops_tui.simulators.google_drive.conversions import EXPORTS, imported
from revtops_tui.simulators.google_drive.replies import (
    Json,
    Mask,
    check_names,
    forbidden,
    invalid,
    masked,
    no_file,
    parse_mask,
    refusal,
)
from revtops_tui.simulators.google_drive.resources import DEFAULT_FILE, FILE_FIELDS, file_json
from revtops_tui.simulators.vendor import RefusalError, json_reply

if TYPE_CHECKING:
    from starlette.requests import Request

EXPORT_LIMIT = 10 * 1024 * 1024
"""Bytes; from the description of `files.export`."""
_LISTINGS_KEPT = 64
_UPLOAD = "/upload/drive/v3/files"


def flag(request: Request, name: str) -> bool:
    """A boolean parameter."""
    return request.query_params.get(name) == "true"


def page_size(request: Request, default: int, most: int) -> int:
    """The `pageSize`; values above the maximum are coerced to it."""
    text = request.query_params.get("pageSize", str(default))
    if not text.isdigit() or int(text) < 1:
        raise invalid(f"Invalid value '{text}'. Values must be within the range: [1, {most}]", "pageSize")
    return min(int(text), most)


class FileRoutes:
    """The file endpoints over one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._listings: OrderedDict[str, list[str]] = OrderedDict()
        self._given: set[str] = set()
        self._uploads: dict[str, tuple[File | None, Json, str]] = {}

    def routes(self) -> list[Route]:
        """What to mount; order matters: `generateIds` is no file."""
        base = "/drive/v3/files"
        return [
            Route(base, self.list, methods=["GET"]),
            Route(base, self.create, methods=["POST"]),
            Route(f"{base}/generateIds", self.generate_ids, methods=["GET"]),
            Route(f"{base}/{{id}}", self.read, methods=["GET"]),
            Route(f"{base}/{{id}}", self.update, methods=["PATCH"]),
            Route(f"{base}/{{id}}", self.delete, methods=["DELETE"]),
            Route(f"{base}/{{id}}/export", self.export, methods=["GET"]),
            Route(f"{base}/{{id}}/copy", self.copy, methods=["POST"]),
            Route(_UPLOAD, self.upload, methods=["POST"]),
            Route(f"{_UPLOAD}/{{id}}", self.upload, methods=["PATCH"]),
            Route(f"/resumable{_UPLOAD}", self.upload, methods=["POST"]),
            Route(f"{_UPLOAD}/session/{{session}}", self.resume, methods=["PUT"]),
        ]

    # -- reading -----------------------------------------------------------------------------------------------------

    async def list(self, request: Request) -> Response:
        """A page of what a query finds; the order is of no meaning, and a page token holds for one listing."""
        mask = parse_mask(request.query_params.get("fields", "kind,incompleteSearch,nextPageToken,files"))
        check_names(mask, ("kind", "incompleteSearch", "nextPageToken", "files"))
        listing, at = self._listing(request)
        fault = request.scope.get("extensions", {}).get(FAULT)
        if fault == "page_shift" and at:
            at -= 1
        end = at + page_size(request, 100, 1000)
        ids = self._listings[listing]
        shape = mask.get("files") or DEFAULT_FILE
        found = [file for file_id in ids[at:end] if (file := self._account.files.get(file_id))]
        body: Json = {
            "kind": "drive#fileList",
            "incompleteSearch": False,
            "files": distorted([file_json(self._account, file, shape) for file in found], fault),
        }
        if end < len(ids):
            body["nextPageToken"] = f"~!!~{listing}.{end}"
        return json_reply(masked(body, {name: {} for name in mask}))

    async def read(self, request: Request) -> Response:
        """One file, or with `alt=media` its bytes."""
        file = self._file(request)
        if request.query_params.get("alt") != "media":
            return self._reply(request, file)
        if not isinstance(file.content, bytes):
            message = "Only files with binary content can be downloaded. Use Export with Docs Editors files."
            raise forbidden("fileNotDownloadable", message)
        return Response(file.content, media_type=file.mime)

    async def export(self, request: Request) -> Response:
        """A Google-native file in another format."""
        file, kind = self._file(request, anywhere=True), request.query_params.get("mimeType")
        if kind is None:
            raise invalid("Required parameter: mimeType", "mimeType", "required")
        if file.mime not in EXPORTS:
            raise forbidden("fileNotExportable", "Export only supports Docs Editors files.")
        if kind not in EXPORTS[file.mime]:
            raise invalid("The requested conversion is not supported.", "convertTo", "badRequest")
        content = EXPORTS[file.mime][kind](file)
        if len(content) > EXPORT_LIMIT:
            raise forbidden("exportSizeLimitExceeded", "This file is too large to be exported.")
        return Response(content, media_type=kind)

    async def generate_ids(self, request: Request) -> Response:
        """Ids for files to be created."""
        text = request.query_params.get("count", "10")
        if not text.isdigit() or not 1 <= int(text) <= 1000:
            raise invalid(f"Invalid value '{text}'. Values must be within the range: [1, 1000]", "count")
        ids = [self._account.new_id() for _ in range(int(text))]
        self._given.update(ids)
        return self._masked(request, {"kind": "drive#generatedIds", "space": "drive", "ids": ids})

    # -- changing ----------------------------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        """A file without content: a folder, a shortcut, an empty document."""
        _mask(request)
        return self._reply(request, self._create(await _json(request)))

    async def update(self, request: Request) -> Response:
        """Rename, move, trash."""
        _mask(request)
        file = self._file(request)
        self._update(file, request, await _json(request))
        return self._reply(request, file)

    async def delete(self, request: Request) -> Response:
        """Delete a file for good, past the trash."""
        self._account.remove(self._file(request))
        return Response(status_code=204)

    async def copy(self, request: Request) -> Response:
        """A copy of a file."""
        _mask(request)
        file, body = self._file(request), await _json(request)
        if file.mime == FOLDER:
            raise forbidden("cannotCopyFile", "This file cannot be copied by the user.")
        made = self._create({"name": f"Copy of {file.name}", "parents": [file.parent], **body, "mimeType": file.mime})
        made.content = file.content
        return self._reply(request, made)

    async def upload(self, request: Request) -> Response:
        """Content, with or without a description of the file (Google's page "Upload file data")."""
        _mask(request)
        kind = request.query_params.get("uploadType")
        file = self._file(request) if "id" in request.path_params else None
        body = await request.body()
        if kind == "media":
            return self._reply(request, self._store(file, request, {}, _type(request), body))
        if kind == "multipart":
            described, content_type, content = _parts(request.headers.get("content-type", ""), body)
            return self._reply(request, self._store(file, request, described, content_type, content))
        if kind == "resumable":
            session = self._account.new_id("AB")
            type_ = request.headers.get("x-upload-content-type", "application/octet-stream")
            self._uploads[session] = (file, orjson.loads(body or b"{}"), type_)
            place = request.url.replace(path=f"{_UPLOAD}/session/{session}")
            return json_reply({}, headers={"Location": str(place)})
        raise invalid(f"Invalid upload type {kind}", "uploadType")

    async def resume(self, request: Request) -> Response:
        """The content of a resumable upload, in one piece."""
        upload = self._uploads.pop(request.path_params["session"], None)
        if upload is None:
            raise RefusalError(refusal(404, "notFound", "Not Found"))
        file, described, kind = upload
        return self._reply(request, self._store(file, request, described, kind, await request.body()))

    # -- how ---------------------------------------------------------------------------------------------------------

    def _file(self, request: Request, *, anywhere: bool = False) -> File:
        file = self._account.get(request.path_params["id"])
        if file is None or (file.drive and not anywhere and not flag(request, "supportsAllDrives")):
            raise no_file(request.path_params["id"])
        return file

    def _reply(self, request: Request, file: File) -> Response:
        fault = request.scope.get("extensions", {}).get(FAULT)
        return json_reply(distorted([file_json(self._account, file, _mask(request))], fault)[0])

    def _masked(self, request: Request, body: Json) -> Response:
        text = request.query_params.get("fields")
        return json_reply(masked(body, parse_mask(text) if text else {}))

    def _listing(self, request: Request) -> tuple[str, int]:
        token = request.query_params.get("pageToken")
        if token is not None:
            listing, _, at = token.removeprefix("~!!~").partition(".")
            if listing not in self._listings or not at.isdigit():
                raise invalid("Invalid Value", "pageToken")
            return listing, int(at)
        listing = self._account.new_id("L")
        self._listings[listing] = self._found(request)
        if len(self._listings) > _LISTINGS_KEPT:
            self._listings.popitem(last=False)
        return listing, 0

    def _found(self, request: Request) -> Any:
        given = request.query_params
        corpora, drive = given.get("corpora", "user"), given.get("driveId")
        everywhere = flag(request, "includeItemsFromAllDrives")
        if corpora not in ("user", "drive", "allDrives", "domain"):
            raise invalid(f"Invalid value '{corpora}'", "corpora")
        if (corpora == "drive") is not (drive is not None):
            raise invalid("The driveId must be specified if and only if corpora is set to drive.", "driveId")
        if everywhere and not flag(request, "supportsAllDrives"):
            raise forbidden("teamDrivesParentLimit", "includeItemsFromAllDrives requires supportsAllDrives.")
        if corpora in ("drive", "allDrives") and not everywhere:
            raise invalid(f"includeItemsFromAllDrives must be true with corpora={corpora}.", "corpora")
        if drive is not None and drive not in {found.id for found in self._account.member_drives()}:
            raise RefusalError(refusal(404, "notFound", f"Shared drive not found: {drive}", location="driveId"))
        wanted = search.parse(given["q"], self._account) if given.get("q") else lambda _: True
        if "orderBy" in given and "fullText" in given.get("q", ""):
            raise forbidden("invalidParameter", "Sorting is not supported for queries with fullText terms.")
        files = self._account.files.values()
        found = [f for f in files if self._is_in(f, corpora, drive, everywhere=everywhere) and wanted(f)]
        for key in reversed([key for key in given.get("orderBy", "").split(",") if key]):
            name, _, order = key.partition(" ")
            attribute = {"modifiedTime": "modified", "createdTime": "created", "name": "name"}.get(name, "id")
            found.sort(key=lambda file: getattr(file, attribute), reverse=order == "desc")
        return [file.id for file in found]

    def _is_in(self, file: File, corpora: str, drive: str | None, *, everywhere: bool) -> bool:
        if drive is not None:
            return file.drive == drive
        if file.drive is None or corpora == "allDrives":
            return True
        # Of shared drives, the user's own corpus has what the user opened, or was given alone.
        return everywhere and (file.shared is not None or file.modified % 3 == 0)

    def _create(self, body: Json) -> File:
        file_id = body.get("id")
        mime = body.get("mimeType", "application/octet-stream")
        if file_id is not None:
            if mime.startswith(APPS) and mime not in (FOLDER, SHORTCUT):
                raise invalid("Generated IDs are not supported for Docs Editors formats.", "id")
            if self._account.get(file_id):
                raise RefusalError(refusal(409, "fileIdInUse", "A file already exists with the provided ID."))
            if file_id not in self._given:
                raise invalid("The provided file ID is not usable.", "file.id")
        parents = body.get("parents") or ["root"]
        parent = self._parent(parents)
        now = now_ms()
        target = (body.get("shortcutDetails") or {}).get("targetId")
        owner = self._account.user
        made = File(
            file_id or self._account.new_id(),
            body.get("name", "Untitled"),
            mime,
            parent.id,
            parent.drive,
            owner,
            now,
            now,
        )
        made.target = target
        made.app_properties = dict(body.get("appProperties") or {})
        if not mime.startswith(APPS):
            made.content = b""
        return self._account.add(made)

    def _parent(self, parents: Any) -> File:
        if not isinstance(parents, list) or len(parents) != 1:
            raise forbidden("multipleParentsNotSupported", "A shared drive item must have exactly one parent.")
        parent = self._account.get(parents[0])
        if parent is None:
            raise no_file(parents[0])
        if parent.mime != FOLDER:
            raise forbidden("parentNotAFolder", "The specified parent is not a folder.")
        return parent

    def _update(self, file: File, request: Request, body: Json) -> None:
        if "parents" in body:
            message = (
                "The parents field is not directly writable in update requests. Use the addParents and removeParents"
            )
            raise forbidden("fieldNotWritable", f"{message} parameters instead.")
        if unknown := set(body) - set(FILE_FIELDS):
            raise invalid(f"Invalid JSON payload received. Unknown name {min(unknown)!r}", "", "badRequest")
        if added := request.query_params.get("addParents"):
            parent = self._parent([added])
            if self._account.is_below(parent, file.id):
                raise forbidden("cyclicParent", "A folder cannot be moved into itself.")
            self._account.move(file, parent.id, parent.drive)
        if "trashed" in body and body["trashed"] is not file.trashed:
            self._account.trash(file, trashed=body["trashed"])
        changed = {name: body[name] for name in ("name", "mimeType", "appProperties") if name in body}
        file.name = changed.get("name", file.name)
        file.app_properties |= changed.get("appProperties", {})
        if changed:
            self._account.touch(file)

    def _store(self, file: File | None, request: Request, described: Json, kind: str, content: bytes) -> File:
        """Take an upload: a new file, or the next content of `file`. What cannot be converted changes nothing."""
        mime = described.get("mimeType") or (file.mime if file else kind)
        try:
            taken = imported(mime, kind, content) if mime.startswith(APPS) else content
        except ValueError:
            raise invalid("Bad Request", reason="badRequest") from None
        if file is None:
            file = self._create({**described, "mimeType": mime})
        else:
            self._update(file, request, {name: value for name, value in described.items() if name != "mimeType"})
        file.content, file.mime = taken, mime
        self._account.touch(file)
        return file


def distorted(shown: list[Json], fault: str | None) -> list[Json]:
    """A page as a fault makes it."""
    if fault == "duplicates" and shown:
        return [shown[0], *shown]
    if fault == "schema_drift" and shown:
        return [{**shown[0], "modifiedTime": {"at": "noon"}, "parents": {"of": "it"}, "mood": "blue"}, *shown[1:]]
    return shown


def _mask(request: Request) -> Mask:
    """The fields of a file that are wanted. Asked before anything is changed: a wrong one refuses the request."""
    text = request.query_params.get("fields")
    mask = parse_mask(text) if text else DEFAULT_FILE
    check_names(mask, FILE_FIELDS)
    return mask


async def _json(request: Request) -> Json:
    body = await request.body()
    if not body:
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise invalid("Parse Error", reason="parseError") from None
    if not isinstance(document, dict):
        raise invalid("Parse Error", reason="parseError")
    return document


def _type(request: Request) -> str:
    return request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip()


def _parts(content_type: str, body: bytes) -> tuple[Json, str, bytes]:
    """The description and the content of a multipart/related upload, and the content's type."""
    message = BytesParser(policy=policy.HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if message.get_content_type() != "multipart/related" or len(parts) != 2:
        raise invalid("Malformed multipart body.", reason="badContent")
    described, content = (bytes(part.get_payload(decode=True) or b"") for part in parts)
    return orjson.loads(described), parts[1].get_content_type(), content
