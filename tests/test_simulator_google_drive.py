"""Google's own client library, pointed at the simulator: it must not be able to tell. And what no client shows."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload, MediaIoBaseDownload

from revtops_tui.simulators.google_drive import GoogleDriveSimulator
from revtops_tui.simulators.google_drive.account import DOCUMENT, FOLDER, PRESENTATION, SPREADSHEET
from revtops_tui.simulators.google_drive.resources import FILE_FIELDS
from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.server import serve
from tests.contracts.documents import SPECS

FILE = "id,name,mimeType,parents,trashed,size,md5Checksum,version"
ANYWHERE = {"corpora": "allDrives", "includeItemsFromAllDrives": True, "supportsAllDrives": True}


@pytest.fixture
def simulator() -> GoogleDriveSimulator:
    return GoogleDriveSimulator(size=40)


@pytest.fixture
def url(simulator: GoogleDriveSimulator) -> Iterator[str]:
    with serve(simulator.app) as server:
        yield server.url


@pytest.fixture
def drive(url: str) -> Iterator[Any]:
    """Google's client, made from the discovery document, whose root is the simulator."""
    document = json.loads((SPECS / "google" / "drive.v3.json").read_bytes())
    document["rootUrl"] = f"{url}/"
    with build_from_document(document, credentials=Credentials("simulated-token")) as service:
        yield service


@pytest.fixture
def http(url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"{url}/drive/v3", headers={"Authorization": "Bearer simulated-token"}) as client:
        yield client


def listed(drive: Any, **options: Any) -> list[dict[str, Any]]:
    """Every file of a listing, by the client's own way from page to page."""
    found: list[dict[str, Any]] = []
    request = drive.files().list(**options)
    while request is not None:
        reply = request.execute()
        found += reply["files"]
        request = drive.files().list_next(request, reply)
    return found


def downloaded(request: Any) -> bytes:
    target = io.BytesIO()
    download = MediaIoBaseDownload(target, request, chunksize=1024 * 1024)
    done = False
    while not done:
        _, done = download.next_chunk()
    return target.getvalue()


def refused(call: Any) -> tuple[int, str]:
    """The status and the reason of a refusal."""
    with pytest.raises(HttpError) as error:
        call.execute()
    return error.value.resp.status, error.value.error_details[0]["reason"]


class TestOfficialClient:
    def test_a_file_is_created_read_listed_updated_and_deleted(self, drive: Any) -> None:
        folder = drive.files().create(body={"name": "Plans", "mimeType": FOLDER}, fields=FILE).execute()
        described = {"name": "plan.txt", "parents": [folder["id"]], "appProperties": {"made": "here"}}
        media = MediaInMemoryUpload(b"first", mimetype="text/plain")
        made = drive.files().create(body=described, media_body=media, fields=FILE).execute()
        assert (made["name"], made["mimeType"], made["size"]) == ("plan.txt", "text/plain", "5")
        assert drive.files().get(fileId=made["id"], fields=FILE).execute() == made
        assert downloaded(drive.files().get_media(fileId=made["id"])) == b"first"
        query = f"'{folder['id']}' in parents and appProperties has {{ key='made' and value='here' }}"
        assert [file["id"] for file in listed(drive, q=query, pageSize=1)] == [made["id"]]
        again = MediaInMemoryUpload(b"second!", mimetype="text/plain")
        changed = drive.files().update(fileId=made["id"], body={"name": "b.txt"}, media_body=again, fields=FILE)
        assert changed.execute()["size"] == "7"
        assert drive.files().update(fileId=made["id"], body={"trashed": True}, fields=FILE).execute()["trashed"]
        drive.files().delete(fileId=folder["id"]).execute()
        assert refused(drive.files().get(fileId=made["id"])) == (404, "notFound")

    @pytest.mark.parametrize(
        ("mime", "kind", "content"),
        [(DOCUMENT, "text/plain", b"Hello"), (SPREADSHEET, "text/csv", b"a,b\r\n1,2")],
    )
    def test_an_upload_becomes_a_google_document(self, drive: Any, mime: str, kind: str, content: bytes) -> None:
        media = MediaInMemoryUpload(content, mimetype=kind)
        made = drive.files().create(body={"name": "Made", "mimeType": mime}, media_body=media).execute()
        assert made["mimeType"] == mime
        exported = drive.files().export(fileId=made["id"], mimeType=kind).execute()
        assert exported.removeprefix(b"\xef\xbb\xbf") == content
        assert refused(drive.files().export(fileId=made["id"], mimeType="image/png")) == (400, "badRequest")

    def test_a_resumable_upload_arrives(self, drive: Any) -> None:
        media = MediaInMemoryUpload(b"x" * 3_000, mimetype="text/plain", resumable=True)
        made = drive.files().create(body={"name": "big.txt"}, media_body=media, fields=FILE).execute()
        assert made["size"] == "3000"

    def test_the_feed_of_changes_is_followed(self, drive: Any, simulator: GoogleDriveSimulator) -> None:
        token = drive.changes().getStartPageToken().execute()["startPageToken"]
        assert drive.changes().list(pageToken=token).execute()["changes"] == []
        made = drive.files().create(body={"name": "New", "mimeType": DOCUMENT}).execute()
        gone = simulator.remove("shared_files")
        fields = "newStartPageToken,nextPageToken,changes(fileId,removed,file(name,trashed))"
        request = drive.changes().list(pageToken=token, pageSize=1, includeItemsFromAllDrives=True,
                                       supportsAllDrives=True, fields=fields)  # fmt: skip
        changes: list[dict[str, Any]] = []
        while request is not None:
            reply = request.execute()
            changes += reply["changes"]
            request = drive.changes().list_next(request, reply)
        assert [change["fileId"] for change in changes] == [made["id"], gone]
        assert changes[0]["file"] == {"name": "New", "trashed": False}
        assert changes[1]["file"]["trashed"] is True
        assert drive.changes().list(pageToken=reply["newStartPageToken"]).execute()["changes"] == []

    def test_the_account_and_its_drives_are_told(self, drive: Any, simulator: GoogleDriveSimulator) -> None:
        user = drive.about().get(fields="user").execute()["user"]
        assert user["emailAddress"] == simulator.story.company.colleagues[0].email
        first = drive.drives().list(pageSize=1).execute()
        second = drive.drives().list_next(drive.drives().list(pageSize=1), first).execute()
        assert [reply["drives"][0]["name"] for reply in (first, second)] == ["Sales", "Finance"]
        made = drive.drives().create(requestId="r1", body={"name": "New"}).execute()
        assert drive.drives().get(driveId=made["id"]).execute()["name"] == "New"

    def test_a_copy_and_a_move(self, drive: Any) -> None:
        made = drive.files().create(body={"name": "One", "mimeType": FOLDER}).execute()
        file = drive.files().create(body={"name": "Doc", "mimeType": DOCUMENT}, fields=FILE).execute()
        moved = drive.files().update(
            fileId=file["id"], addParents=made["id"], removeParents=file["parents"][0], fields=FILE
        )
        assert moved.execute()["parents"] == [made["id"]]
        copied = drive.files().copy(fileId=file["id"], body={"name": "Copy"}, fields=FILE).execute()
        assert (copied["name"], copied["parents"]) == ("Copy", [made["id"]])
        cycle = drive.files().update(fileId=made["id"], addParents=made["id"])
        assert refused(cycle) == (403, "cyclicParent")

    def test_a_channel_is_opened_and_stopped(self, drive: Any) -> None:
        body = {"id": "c1", "type": "web_hook", "address": "http://127.0.0.1:9/x", "token": "t"}
        channel = drive.changes().watch(pageToken="1", body=body).execute()
        assert (channel["kind"], channel["id"], channel["token"]) == ("api#channel", "c1", "t")
        assert refused(drive.changes().watch(pageToken="1", body=body)) == (400, "channelIdNotUnique")
        plain = {**body, "id": "c2", "address": "http://example.com"}
        assert refused(drive.changes().watch(pageToken="1", body=plain)) == (400, "push.webhookUrlNotHttps")
        stopped = {"id": "c1", "resourceId": channel["resourceId"]}
        drive.channels().stop(body=stopped).execute()
        assert refused(drive.channels().stop(body=stopped)) == (404, "notFound")


def test_every_field_of_a_file_is_one_of_drives() -> None:
    document = json.loads((SPECS / "google" / "drive.v3.json").read_bytes())
    assert FILE_FIELDS.keys() <= document["schemas"]["File"]["properties"].keys()


class TestIds:
    def test_an_id_that_was_generated_creates_a_file_once(self, drive: Any) -> None:
        (file_id,) = drive.files().generateIds(count=1).execute()["ids"]
        body = {"id": file_id, "name": "x", "mimeType": "text/plain"}
        assert drive.files().create(body=body).execute()["id"] == file_id
        assert refused(drive.files().create(body=body)) == (409, "fileIdInUse")

    @pytest.mark.parametrize("mime", [DOCUMENT, SPREADSHEET, PRESENTATION])
    def test_googles_own_formats_take_none(self, drive: Any, mime: str) -> None:
        (file_id,) = drive.files().generateIds(count=1).execute()["ids"]
        assert refused(drive.files().create(body={"id": file_id, "name": "x", "mimeType": mime}))[0] == 400

    def test_an_id_of_ones_own_is_refused(self, drive: Any) -> None:
        assert refused(drive.files().create(body={"id": "1" * 33, "name": "x"}))[0] == 400


class TestAccess:
    def test_the_corpora_hold_what_they_should(self, drive: Any, simulator: GoogleDriveSimulator) -> None:
        files = simulator.account.files
        own = listed(drive, fields="nextPageToken,files(id,driveId)", pageSize=10)
        assert not any("driveId" in file for file in own)
        assert len(own) == sum(file.drive is None for file in files.values())
        assert len(listed(drive, **ANYWHERE)) == len(files)
        (sales, _) = drive.drives().list().execute()["drives"]
        inside = listed(drive, **{**ANYWHERE, "corpora": "drive"}, driveId=sales["id"])
        assert len(inside) == sum(file.drive == sales["id"] for file in files.values())

    def test_a_shared_drives_file_is_hidden_from_who_does_not_know_of_them(
        self, drive: Any, simulator: GoogleDriveSimulator
    ) -> None:
        file = next(file for file in simulator.account.files.values() if file.drive)
        assert refused(drive.files().get(fileId=file.id)) == (404, "notFound")
        assert drive.files().get(fileId=file.id, supportsAllDrives=True).execute()["id"] == file.id

    @pytest.mark.parametrize(
        ("path", "status", "reason"),
        [
            ("/files?corpora=drive", 400, "invalid"),
            ("/files?includeItemsFromAllDrives=true", 403, "teamDrivesParentLimit"),
            ("/files?fields=files(id,size_)", 400, "invalidParameter"),
            ("/files?fields=files(id,mood)", 400, "invalidParameter"),
            ("/files?q=name+contains", 400, "invalid"),
            ("/files?q=fullText+contains+'x'&orderBy=name", 403, "invalidParameter"),
            ("/files?pageSize=0", 400, "invalid"),
            ("/files?pageToken=none", 400, "invalid"),
            ("/files/nothing", 404, "notFound"),
            ("/changes?pageToken=x", 400, "invalid"),
            ("/about", 400, "required"),
            ("/unicorns", 404, "notFound"),
        ],
    )
    def test_what_is_wrong_is_refused_in_drives_way(
        self, http: httpx2.Client, path: str, status: int, reason: str
    ) -> None:
        reply = http.get(path)
        error = reply.json()["error"]
        assert (reply.status_code, error["code"], error["errors"][0]["reason"]) == (status, status, reason)

    def test_without_a_token_nothing_is_told(self, url: str) -> None:
        reply = httpx2.get(f"{url}/drive/v3/files", headers={"Authorization": "Bearer other"})
        assert (reply.status_code, reply.json()["error"]["errors"][0]["reason"]) == (401, "authError")

    def test_a_document_is_exported_and_a_blob_is_downloaded(self, drive: Any, simulator: GoogleDriveSimulator) -> None:
        files = simulator.account.files.values()
        document = next(file for file in files if file.mime == DOCUMENT)
        blob = next(file for file in files if file.mime == "application/pdf")
        media = drive.files().get_media(fileId=document.id, supportsAllDrives=True)
        assert refused(media) == (403, "fileNotDownloadable")
        assert refused(drive.files().export(fileId=blob.id, mimeType="text/plain")) == (403, "fileNotExportable")


def test_too_many_requests_are_a_403_with_its_own_reason() -> None:
    simulator = GoogleDriveSimulator(size=4, limit=Limit(2, per=60))
    with serve(simulator.app) as server:
        headers = {"Authorization": "Bearer simulated-token"}
        replies = [httpx2.get(f"{server.url}/drive/v3/files", headers=headers) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 403]
    assert replies[-1].json()["error"]["errors"][0]["reason"] == "userRateLimitExceeded"


def test_the_same_seed_gives_the_same_drive_and_another_seed_another() -> None:
    first, same, other = (GoogleDriveSimulator(size=20, seed=seed).account.files for seed in (1, 1, 2))
    assert list(first) == list(same)
    assert {file.name for file in first.values()} == {file.name for file in same.values()}
    assert not first.keys() & other.keys()
