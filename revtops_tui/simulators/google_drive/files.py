"""`/drive/v3/files`: listed, searched, read, downloaded, exported."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.faults import FAULT
from revtops_tui.simulators.google_drive import search
from revtops_tui.simulators.google_drive.account import Account, File
from revtops_tui.simulators.google_drive.conversions import EXPORTS
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


def flag(request: Request, name: str) -> bool:
    """A boolean parameter."""
    return request.query_params.get(name) == "true"


def page_size(request: Request, default: int, most: int) -> int:
    """The `pageSize`; values above the maximum are coerced to it."""
    text = request.query_params.get("pageSize", str(default))
    if not text.isdigit() or int(text) < 1:
        raise invalid(f"Invalid value '{text}'. Values must be within the range: [1, {most}]", "pageSize")
    return min(int(text), most)


def file_mask(request: Request) -> Mask:
    """The fields of a file that are wanted. Asked before anything is changed: a wrong one refuses the request."""
    text = request.query_params.get("fields")
    mask = parse_mask(text) if text else DEFAULT_FILE
    check_names(mask, FILE_FIELDS)
    return mask


class FileEndpoints:
    """What endpoints about one file have in common."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def _file(self, request: Request, *, anywhere: bool = False) -> File:
        file = self._account.get(request.path_params["id"])
        if file is None or (file.drive and not anywhere and not flag(request, "supportsAllDrives")):
            raise no_file(request.path_params["id"])
        return file

    def _reply(self, request: Request, file: File) -> Response:
        fault = request.scope.get("extensions", {}).get(FAULT)
        return json_reply(distorted([file_json(self._account, file, file_mask(request))], fault)[0])


class FileRoutes(FileEndpoints):
    """Reading the files of one account."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._listings: OrderedDict[str, list[str]] = OrderedDict()

    def routes(self) -> list[Route]:
        """What to mount, behind `generateIds`, which looks like an id."""
        return [
            Route("/drive/v3/files", self.page, methods=["GET"]),
            Route("/drive/v3/files/{id}", self.read, methods=["GET"]),
            Route("/drive/v3/files/{id}/export", self.export, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        """A page of what a query finds; the order is of no meaning, and a page token holds for one listing."""
        mask = parse_mask(request.query_params.get("fields", "kind,incompleteSearch,nextPageToken,files"))
        check_names(mask, ("kind", "incompleteSearch", "nextPageToken", "files"))
        shape = mask.get("files") or DEFAULT_FILE
        check_names(shape, FILE_FIELDS)
        listing, at = self._listing(request)
        fault = request.scope.get("extensions", {}).get(FAULT)
        if fault == "page_shift" and at:
            at -= 1
        end = at + page_size(request, 100, 1000)
        ids = self._listings[listing]
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

    def _found(self, request: Request) -> list[str]:
        given = request.query_params
        self._check_corpora(request)
        query = given.get("q", "")
        if "orderBy" in given and "fullText" in query:
            raise forbidden("invalidParameter", "Sorting is not supported for queries with fullText terms.")
        wanted = search.parse(query, self._account) if query else lambda _: True
        folders = search.folders_in(query)
        files: Iterable[File] = list(self._account.files.values())  # users change things meanwhile
        if folders is not None:
            files = (file for folder in folders for file in self._account.children(folder))
        found = [file for file in files if self._is_in(file, request) and wanted(file)]
        for key in reversed([key for key in given.get("orderBy", "").split(",") if key]):
            name, _, order = key.partition(" ")
            attribute = {"modifiedTime": "modified", "createdTime": "created", "name": "name"}.get(name, "id")
            found.sort(key=attrgetter(attribute), reverse=order == "desc")
        return [file.id for file in found]

    def _check_corpora(self, request: Request) -> None:
        corpora, drive = request.query_params.get("corpora", "user"), request.query_params.get("driveId")
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

    @staticmethod
    def _is_in(file: File, request: Request) -> bool:
        corpora, drive = request.query_params.get("corpora", "user"), request.query_params.get("driveId")
        if drive is not None:
            return file.drive == drive
        if file.drive is None or corpora == "allDrives":
            return True
        # Of shared drives, the user's own corpus has what the user opened, or was given alone.
        return flag(request, "includeItemsFromAllDrives") and (file.shared is not None or file.modified % 3 == 0)


def distorted(shown: list[Json], fault: str | None) -> list[Json]:
    """A page as a fault makes it."""
    if fault == "duplicates" and shown:
        return [shown[0], *shown]
    if fault == "schema_drift" and shown:
        return [{**shown[0], "modifiedTime": {"at": "noon"}, "parents": {"of": "it"}, "mood": "blue"}, *shown[1:]]
    return shown
