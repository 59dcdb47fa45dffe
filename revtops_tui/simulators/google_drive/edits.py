"""`/drive/v3/files` changed: created, uploaded, renamed, moved, trashed, copied."""

from __future__ import annotations

from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.google_drive.account import APPS, FOLDER, SHORTCUT, Account, File, now_ms
from revtops_tui.simulators.google_drive.conversions import imported
from revtops_tui.simulators.google_drive.files import FileEndpoints, file_mask
from revtops_tui.simulators.google_drive.replies import Json, forbidden, invalid, masked, no_file, parse_mask, refusal
from revtops_tui.simulators.google_drive.resources import FILE_FIELDS
from revtops_tui.simulators.vendor import RefusalError, json_reply

if TYPE_CHECKING:
    from starlette.requests import Request

_UPLOAD = "/upload/drive/v3/files"


class EditRoutes(FileEndpoints):
    """Changing the files of one account."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._given: set[str] = set()
        self._uploads: dict[str, tuple[File | None, Json, str]] = {}

    def routes(self) -> list[Route]:
        """What to mount."""
        base = "/drive/v3/files"
        return [
            Route(f"{base}/generateIds", self.generate_ids, methods=["GET"]),
            Route(base, self.create, methods=["POST"]),
            Route(f"{base}/{{id}}", self.update, methods=["PATCH"]),
            Route(f"{base}/{{id}}", self.delete, methods=["DELETE"]),
            Route(f"{base}/{{id}}/copy", self.copy, methods=["POST"]),
            Route(_UPLOAD, self.upload, methods=["POST"]),
            Route(f"{_UPLOAD}/{{id}}", self.upload, methods=["PATCH"]),
            Route(f"/resumable{_UPLOAD}", self.upload, methods=["POST"]),
            Route(f"{_UPLOAD}/session/{{session}}", self.resume, methods=["PUT"]),
        ]

    async def generate_ids(self, request: Request) -> Response:
        """Ids for files to be created."""
        text = request.query_params.get("count", "10")
        if not text.isdigit() or not 1 <= int(text) <= 1000:
            raise invalid(f"Invalid value '{text}'. Values must be within the range: [1, 1000]", "count")
        ids = [self._account.new_id() for _ in range(int(text))]
        self._given.update(ids)
        body = {"kind": "drive#generatedIds", "space": "drive", "ids": ids}
        return json_reply(masked(body, parse_mask(request.query_params.get("fields", "*"))))

    # -- changing ----------------------------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        """A file without content: a folder, a shortcut, an empty document."""
        file_mask(request)
        return self._reply(request, self._create(await _json(request)))

    async def update(self, request: Request) -> Response:
        """Rename, move, trash."""
        file_mask(request)
        file = self._file(request)
        self._update(file, request, await _json(request))
        return self._reply(request, file)

    async def delete(self, request: Request) -> Response:
        """Delete a file for good, past the trash."""
        self._account.remove(self._file(request))
        return Response(status_code=204)

    async def copy(self, request: Request) -> Response:
        """A copy of a file."""
        file_mask(request)
        file, body = self._file(request), await _json(request)
        if file.mime == FOLDER:
            raise forbidden("cannotCopyFile", "This file cannot be copied by the user.")
        made = self._create({"name": f"Copy of {file.name}", "parents": [file.parent], **body, "mimeType": file.mime})
        made.content = file.content
        return self._reply(request, made)

    async def upload(self, request: Request) -> Response:
        """Content, with or without a description of the file (Google's page "Upload file data")."""
        file_mask(request)
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
