"""Google Drive searched, read, written to, and listened to."""

from __future__ import annotations

import io
import re
import shlex
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from docx import Document
from pptx import Presentation

from connectors._google_drive import text as texts
from connectors.errors import InvalidInputError
from revtops_tui.engine import operations
from revtops_tui.engine.connections import connect
from revtops_tui.engine.errors import EngineError
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.google_drive import GoogleDriveSimulator, documents
from revtops_tui.simulators.google_drive.account import DOCUMENT, FOLDER, PRESENTATION, SHORTCUT, SPREADSHEET, File
from tests.support.vendors import Connected, connected

PAGE = Path(__file__).parent.parent / "docs" / "connectors" / "google_drive.md"
CHANNEL = {"x-goog-channel-token": "simulated-channel-token", "x-goog-channel-id": "c1", "x-goog-message-number": "2"}
CHANGED = {**CHANNEL, "x-goog-resource-state": "change"}


@pytest.fixture(scope="module")
def simulator() -> GoogleDriveSimulator:
    """A Drive that these tests share: each adds files with names of its own, and changes no others."""
    return GoogleDriveSimulator(size=20)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, simulator: GoogleDriveSimulator) -> Iterator[Connected]:
    with connected(tmp_path_factory.mktemp("drive") / "home", simulator) as office:
        yield office


def add(simulator: GoogleDriveSimulator, name: str, mime: str, content: Any, **more: Any) -> str:
    account = simulator.account
    file = File(account.new_id(), name, mime, account.root, None, account.user, 0, 0, content, **more)
    return account.add(file).id


def named(simulator: GoogleDriveSimulator, start: str, mime: str | None = None) -> File:
    files = simulator.account.files.values()
    return next(f for f in files if f.name.startswith(start) and mime in (None, f.mime) and not f.trashed)


def refusal(office: Connected, request: str) -> EngineError:
    with pytest.raises(EngineError) as refused:
        office.query(request)
    return refused.value


def refused(office: Connected, operation: str, **data: Any) -> EngineError:
    """The error of a write, once it is sure that nothing was sent which could have changed something."""
    office.simulator.traffic.requests.clear()
    done = operations.write(office.ws, "google_drive", operation, data)
    assert done.status == "failed"
    assert done.error is not None
    assert [request for request in office.simulator.traffic.requests if not request.startswith("GET ")] == []
    return done.error


class TestSearch:
    def test_plain_words_are_found_in_names_and_contents(
        self, office: Connected, simulator: GoogleDriveSimulator
    ) -> None:
        file = add(simulator, "Memo", DOCUMENT, "The quarterly zebra's numbers")
        found = office.query("zebra's quarterly")
        assert found["columns"] == ["id", "name", "mime_type", "modified", "size", "owner", "parent", "drive", "url"]
        assert [row[:3] for row in found["rows"]] == [[file, "Memo", DOCUMENT]]
        owner, parent = found["rows"][0][5:7]
        assert (owner, parent) == (simulator.account.user.email, simulator.account.root)
        assert found["truncated"] is False

    def test_drives_own_language_is_taken_as_it_is(self, office: Connected, simulator: GoogleDriveSimulator) -> None:
        folder = named(simulator, "Meeting notes")
        listed = office.query(f"'{folder.id}' in parents and modifiedTime > '2020-01-01T00:00:00'")
        assert {row[0] for row in listed["rows"]} == {file.id for file in simulator.account.children(folder.id)}
        either = office.query("not (mimeType != 'application/pdf' or name contains 'RFP')")
        assert {row[1] for row in either["rows"]} == {"Order form.pdf"}

    def test_the_trash_is_searched_when_it_is_asked_for(
        self, office: Connected, simulator: GoogleDriveSimulator
    ) -> None:
        add(simulator, "trashed things", DOCUMENT, "", trashed=True)
        assert office.query("name = 'trashed things'")["rows"] == []
        assert len(office.query("name = 'trashed things' and trashed = true")["rows"]) == 1

    def test_a_limit_is_kept_and_said(self, office: Connected, simulator: GoogleDriveSimulator) -> None:
        for number in range(1_050):
            add(simulator, f"Bulk {number}", "text/plain", b"x")
        few = office.query("name contains 'Bulk'")
        assert (len(few["rows"]), few["truncated"]) == (100, True)
        most = office.query("name contains 'Bulk' limit 1040")
        assert (len(most["rows"]), most["truncated"]) == (1040, True)
        every = office.query("name contains 'Bulk' LIMIT 2000")
        assert (len(every["rows"]), every["truncated"]) == (1050, False)

    def test_a_wrong_search_is_refused_in_drives_words(self, office: Connected) -> None:
        error = refusal(office, "name = 'x' and and")
        assert error.kind == "invalid_input"
        assert error.message.endswith("with HTTP 400: Invalid Value")
        assert refusal(office, "   ").message == "There is nothing to search for."

    def test_the_schema_has_the_terms(self, office: Connected) -> None:
        (files,) = operations.schema(office.ws, "google_drive")
        assert {"name", "fullText", "parents", "modifiedTime"} <= {column["name"] for column in files["columns"]}


class TestReading:
    @pytest.mark.parametrize(
        ("start", "mime", "expected"),
        [
            ("Proposal", DOCUMENT, "# Proposal for"),
            ("Order form", "application/pdf", "Amount: "),
            ("Contract", texts.DOCX, "Between Larkspur Systems and"),
        ],
    )
    def test_a_documents_text_is_read(
        self, office: Connected, simulator: GoogleDriveSimulator, start: str, mime: str, expected: str
    ) -> None:
        file = named(simulator, start, mime)
        read = office.query(f"read {file.id}")
        assert (read["id"], read["name"], read["mime_type"]) == (file.id, file.name, mime)
        assert expected in read["text"]
        assert (read["truncated"], read["note"]) == (False, "")

    @pytest.mark.parametrize("mime", [SPREADSHEET, texts.XLSX])
    def test_every_sheet_is_read(self, office: Connected, simulator: GoogleDriveSimulator, mime: str) -> None:
        sheets: documents.Sheets = [("North", [["a", "b, c"], ["1", "2"]]), ("South", [["x"]])]
        file = add(simulator, "Two", mime, sheets if mime == SPREADSHEET else documents.xlsx(sheets))
        assert (
            office.query(f"read {file}")["text"] == 'Sheets: North, South\n\n## North\na,"b, c"\n1,2\n\n## South\nx\n'
        )

    @pytest.mark.parametrize("mime", [PRESENTATION, texts.PPTX])
    def test_every_slide_is_read(self, office: Connected, simulator: GoogleDriveSimulator, mime: str) -> None:
        slides = ["One\nfirst", "Two"]
        file = add(simulator, "Deck", mime, "\f".join(slides) if mime == PRESENTATION else documents.pptx(slides))
        text = office.query(f"read {file}")["text"]
        assert [line for line in text.splitlines() if line and not line.startswith("##")] == ["One", "first", "Two"]

    def test_tables_and_groups_of_office_files_are_read(self) -> None:
        file = io.BytesIO()
        letter = Document()
        letter.add_paragraph("Before")
        table = letter.add_table(1, 2)
        table.cell(0, 0).text, table.cell(0, 1).text = "a", "b, c"
        letter.add_paragraph("After")
        letter.save(file)
        assert texts.read(texts.DOCX, file.getvalue()).text == 'Before\na,"b, c"\nAfter\n'
        file = io.BytesIO()
        deck = Presentation()
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        cells = slide.shapes.add_table(1, 2, 0, 0, 100, 100).table
        cells.cell(0, 0).text, cells.cell(0, 1).text = "x", "y"
        slide.shapes.add_group_shape().shapes.add_textbox(0, 0, 100, 100).text_frame.text = "In a group"
        deck.save(file)
        assert texts.read(texts.PPTX, file.getvalue()).text == "## Slide 1\nx,y\nIn a group\n"

    def test_a_link_is_as_good_as_an_id_and_a_shortcut_as_what_it_means(
        self, office: Connected, simulator: GoogleDriveSimulator
    ) -> None:
        file = add(simulator, "Memo", DOCUMENT, "Hello")
        shortcut = add(simulator, "To memo", SHORTCUT, None, target=file)
        for request in (
            f"read https://docs.google.com/document/d/{file}/edit?usp=sharing",
            f"READ https://drive.google.com/open?id={file}",
            f"read {shortcut}",
        ):
            assert office.query(request)["id"] == file

    def test_a_text_that_is_cut_says_so(
        self, office: Connected, simulator: GoogleDriveSimulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(texts, "MOST_CHARACTERS", 30)
        sheets = [("First", [["x" * 40]]), ("Second", [["y"]])]
        read = office.query(f"read {add(simulator, 'Long', SPREADSHEET, sheets)}")
        assert len(read["text"]) == 30
        assert read["text"].startswith("Sheets: First, Second\n")
        assert (read["truncated"], read["note"]) == (True, "Cut after 30 characters; there is more.")

    def test_a_document_that_takes_too_long_is_cut_and_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(texts, "MOST_SECONDS", -1.0)
        read = texts.read(texts.PPTX, documents.pptx(["One", "Two"]))
        assert (read.truncated, "of reading; there is more" in read.note) == (True, True)
        assert "Two" not in read.text

    def test_a_scan_says_that_there_is_no_text(self, office: Connected, simulator: GoogleDriveSimulator) -> None:
        read = office.query(f"read {add(simulator, 'Scan.pdf', 'application/pdf', documents.pdf([]))}")
        assert "scanned pages" in read["note"]

    @pytest.mark.parametrize(
        ("mime", "content", "expected"),
        [
            ("image/png", b"\x89PNG", "A file of type image/png cannot be read as text."),
            ("application/pdf", b"no PDF", "it is damaged, or locked with a password"),
            (texts.DOCX, b"no zip", "it is damaged, or locked with a password"),
            (FOLDER, None, "is a folder, which has no text to read"),
            ("text/plain", b"x" * (texts.MOST_BYTES + 1), "20,971,521 bytes; up to 20 MB are read"),
            (DOCUMENT, "x" * (10 * 1024 * 1024 + 1), "larger than the 10 MB that Google Drive exports"),
        ],
    )
    def test_what_cannot_be_read_says_why(
        self, office: Connected, simulator: GoogleDriveSimulator, mime: str, content: Any, expected: str
    ) -> None:
        error = refusal(office, f"read {add(simulator, 'It', mime, content)}")
        assert error.kind == "invalid_input"
        assert expected in error.message

    def test_a_file_that_would_fill_the_memory_is_not_unpacked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(texts, "_MOST_UNPACKED", 1_000_000)
        bomb = documents.docx(["0" * 2_000_000])
        assert len(bomb) < 20_000
        with pytest.raises(InvalidInputError, match="unpacks to more than"):
            texts.read(texts.DOCX, bomb)

    def test_a_file_out_of_sight_says_what_drive_does_not(self, office: Connected) -> None:
        error = refusal(office, "read 1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        assert (error.kind, error.hint) == ("not_found", "Ask its owner to share it with this account.")
        assert "or this account may not see it" in error.message


class TestWriting:
    def test_a_folder_is_created_once(self, office: Connected, simulator: GoogleDriveSimulator) -> None:
        made = office.write("create_folder", name="Plans")
        assert made == {
            "id": made["id"],
            "name": "Plans",
            "url": f"https://drive.google.com/drive/folders/{made['id']}",
            "created": True,
        }
        folder = simulator.account.files[made["id"]]
        assert (folder.mime, folder.parent) == (FOLDER, simulator.account.root)
        assert office.write("create_folder", name="Plans") == {**made, "created": False}
        below = office.write("create_folder", name="Plans", parent_folder_id=made["url"])
        assert simulator.account.files[below["id"]].parent == made["id"]

    @pytest.mark.parametrize(
        ("file_type", "mime", "content", "expected"),
        [
            ("document", DOCUMENT, "# Title\n\nText", "# Title\n\nText"),
            ("spreadsheet", SPREADSHEET, 'a,"b, c"\n', [("Sheet1", [["a", "b, c"]])]),
            ("presentation", PRESENTATION, "# One\nfirst\n---\nTwo", "One\nfirst\fTwo"),
            ("text", "text/plain", "naïve --- ✓", "naïve --- ✓".encode()),
            ("markdown", "text/markdown", "# Hi", b"# Hi"),
            ("csv", "text/csv", "a\n", b"a\n"),
        ],
    )
    def test_a_file_is_created_once_and_replaced(
        self,
        office: Connected,
        simulator: GoogleDriveSimulator,
        file_type: str,
        mime: str,
        content: str,
        expected: Any,
    ) -> None:
        folder = named(simulator, "Deals")
        asked = {"file_type": file_type, "title": f"Made {file_type}", "content": content, "folder_id": folder.id}
        made = office.write("create_file", **asked)
        file = simulator.account.files[made["id"]]
        stored = file.content.rstrip("\f\n") if file_type == "presentation" else file.content
        assert (file.name, file.mime, file.parent, file.drive, stored) == (
            f"Made {file_type}",
            mime,
            folder.id,
            folder.drive,
            expected,
        )
        assert office.write("create_file", **asked)["created"] is False
        changed = office.write("update_file", id=made["url"], content="other")
        assert changed == {**made, "created": False}
        read = office.query(f"read {made['id']}")["text"]
        assert "other" in read
        assert file.mime == mime

    @pytest.mark.parametrize("file_type", ["text", "document"])
    def test_a_lost_answer_leaves_one_file(
        self, office: Connected, simulator: GoogleDriveSimulator, file_type: str
    ) -> None:
        simulator.traffic.faults.append(Fault("lost_reply", path="/upload/", times=1))
        made = office.write("create_file", file_type=file_type, title=f"Only {file_type}", content="x")
        assert made["created"] is True
        assert [f.id for f in simulator.account.files.values() if f.name == f"Only {file_type}"] == [made["id"]]

    def test_a_document_that_failed_is_asked_for_again(
        self, office: Connected, simulator: GoogleDriveSimulator
    ) -> None:
        fault = Fault("500", path="/upload/", times=1)
        simulator.traffic.faults.append(fault)
        made = office.write("create_file", file_type="document", title="Failed once", content="x")
        assert (fault.hits, made["created"]) == (1, True)
        assert [f.id for f in simulator.account.files.values() if f.name == "Failed once"] == [made["id"]]

    def test_what_text_would_ruin_is_refused_before_anything_is_sent(
        self, office: Connected, simulator: GoogleDriveSimulator
    ) -> None:
        contract = named(simulator, "Contract")
        error = refused(office, "update_file", id=contract.id, content="x")
        assert "cannot be written as text" in error.message
        much = "é" * (texts.MOST_UPLOADED // 2 + 1)
        error = refused(office, "create_file", file_type="text", title="Long", content=much)
        assert error.message == "The content is longer than the 5 MB that are sent at once."

    def test_nothing_is_put_into_what_is_no_folder(self, office: Connected, simulator: GoogleDriveSimulator) -> None:
        contract = named(simulator, "Contract")
        error = refused(office, "create_folder", name="x", parent_folder_id=contract.id)
        assert error.message == f"Contract.docx ({contract.id}) is not a folder, so nothing can be put into it."
        error = refused(office, "create_folder", name="x", parent_folder_id="1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        assert error.kind == "not_found"
        assert "no id of a file" in refused(office, "create_folder", name="x", parent_folder_id="Deals").message

    def test_a_file_may_be_named_by_its_older_name(self, office: Connected, simulator: GoogleDriveSimulator) -> None:
        file = add(simulator, "Memo", "text/plain", b"old")
        office.write("update_file", external_id=file, content="new")
        assert simulator.account.files[file].content == b"new"


class TestEvents:
    @pytest.fixture
    def simulator(self) -> GoogleDriveSimulator:
        return GoogleDriveSimulator(size=20)

    @pytest.fixture
    def office(self, home: Path, simulator: GoogleDriveSimulator) -> Iterator[Connected]:
        with connected(home, simulator) as office:
            yield office

    def test_a_notification_fetches_what_changed(self, office: Connected, simulator: GoogleDriveSimulator) -> None:
        office.synced()
        new = add(simulator, "New", DOCUMENT, "")
        contract, deals = named(simulator, "Contract"), named(simulator, "Deals")
        simulator.account.trash(contract)
        deals.name = "Wins"
        simulator.account.touch(deals)
        office.receive(b"", CHANGED)
        rows = office.rows("shared_files")
        assert rows[new]["folder_path"] == "My Drive"
        assert contract.id not in rows
        assert any(row["folder_path"].startswith("Sales/Wins/") for row in rows.values())
        assert office.counts() == simulator.counts()
        counts = office.synced()["shared_files"]  # passes there again, and finds it done
        assert (counts["inserted"], counts["updated"], counts["deleted"]) == (0, 0, 0)

    def test_the_first_message_of_a_channel_and_one_before_the_first_sync_ask_nothing(
        self, office: Connected, simulator: GoogleDriveSimulator
    ) -> None:
        simulator.traffic.requests.clear()
        office.receive(b"", {**CHANNEL, "x-goog-resource-state": "sync"})
        office.receive(b"", CHANGED)
        assert simulator.traffic.requests.total() == 0

    def test_what_needs_a_full_listing_waits_for_the_next_run(
        self, office: Connected, simulator: GoogleDriveSimulator
    ) -> None:
        office.synced()
        simulator.account.unshare(named(simulator, "Meeting notes"))
        office.receive(b"", CHANGED)
        office.synced()
        assert office.counts() == simulator.counts()

    @pytest.mark.parametrize("token", [None, "", "wrong", "simulated-channel-tokex"])
    def test_a_message_without_the_channels_token_is_refused(self, office: Connected, token: str | None) -> None:
        headers = {name: value for name, value in CHANGED.items() if name != "x-goog-channel-token"}
        with pytest.raises(EngineError) as error:
            office.receive(b"", headers if token is None else {**headers, "x-goog-channel-token": token})
        assert error.value.kind == "webhook_refused"

    def test_without_a_token_of_its_own_a_connection_takes_none(
        self, office: Connected, simulator: GoogleDriveSimulator
    ) -> None:
        connect(office.ws, "google_drive", {"access_token": "simulated-token"}, base_url=office.url)
        with pytest.raises(EngineError) as error:
            office.receive(b"", {**CHANGED, "x-goog-channel-token": ""})
        assert "has no channel token" in error.value.message

    def test_a_channel_of_the_simulator_tells_what_changed_until_it_is_stopped(
        self, office: Connected, simulator: GoogleDriveSimulator
    ) -> None:
        office.synced()

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                office.receive(b"", dict(self.headers.items()))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = httpx2.Client(base_url=office.url, headers={"Authorization": "Bearer simulated-token"})
        with client:
            token = client.get("/drive/v3/changes/startPageToken").json()["startPageToken"]
            asked = {
                "id": "c1",
                "type": "web_hook",
                "address": f"http://127.0.0.1:{server.server_port}/",
                "token": "simulated-channel-token",
            }
            channel = client.post("/drive/v3/changes/watch", params={"pageToken": token}, json=asked).json()
            new = add(simulator, "New", DOCUMENT, "")
            sent = [dict(delivery.headers) for delivery in simulator.outbox.wait()]
            assert [(h["X-Goog-Resource-State"], h["X-Goog-Message-Number"]) for h in sent] == [
                ("sync", "1"),
                ("change", "2"),
            ]
            assert new in office.rows("shared_files")
            stopped = client.post("/drive/v3/channels/stop", json={"id": "c1", "resourceId": channel["resourceId"]})
            assert stopped.status_code == 204
            add(simulator, "Newer", DOCUMENT, "")
            assert len(simulator.outbox.wait()) == 2
        server.shutdown()
        server.server_close()


def test_the_commands_of_the_page_run(office: Connected, simulator: GoogleDriveSimulator) -> None:
    known = {"FOLDER": named(simulator, "Deals").id, "FILE": named(simulator, "Proposal", DOCUMENT).id}
    commands = re.findall(r"^revtops ((?:write|query) google_drive .*)", PAGE.read_text(), re.MULTILINE)
    assert len(commands) >= 6
    for command in commands:
        for example, value in known.items():
            command = command.replace(example, value)
        arguments = shlex.split(command)
        if arguments[0] == "query":
            assert office.query(arguments[2])
        else:
            data = dict(argument.split("=", 1) for argument in arguments[3:])
            assert office.write(arguments[2], **data)["id"]
