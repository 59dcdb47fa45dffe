"""Google Drive synced: what becomes of a file, where it lies, and everything that can happen to either."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.google_drive import GoogleDriveConnector
from revtops_tui.engine import inbox
from revtops_tui.engine.connections import connections
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.google_drive import GoogleDriveSimulator
from revtops_tui.simulators.google_drive.account import DOCUMENT, FOLDER, SHORTCUT, Account, File, Person
from tests.support.crash import until
from tests.support.following import Following
from tests.support.vendors import Connected, connected

SIZE = 40


class Office:
    """A connection to a Drive, and short ways to what is in either."""

    def __init__(self, connected: Connected, simulator: GoogleDriveSimulator) -> None:
        self.connected, self.simulator = connected, simulator
        self.account: Account = simulator.account

    def file(self, name: str, *, mime: str | None = None) -> File:
        """A live file in the account, by its name."""
        named = (f for f in self.account.files.values() if f.name == name and not f.trashed)
        return next(file for file in named if mime in (None, file.mime))

    def rows(self, *, deleted: bool = False) -> dict[str, dict[str, Any]]:
        return self.connected.rows("shared_files", deleted=deleted)

    def row(self, file: File) -> dict[str, Any]:
        return self.rows()[file.id]

    def sync(self, **options: Any) -> dict[str, int]:
        """Sync, and make sure that what is stored is what a first sync would store; returns the counts."""
        counts = self.connected.synced(**options)["shared_files"]
        assert self.connected.counts() == self.simulator.counts()
        return counts

    def paths(self) -> dict[str, str]:
        return {file_id: row["folder_path"] for file_id, row in self.rows().items()}

    def requests(self) -> dict[str, int]:
        """What was asked for since this was last asked."""
        seen = dict(self.simulator.traffic.requests)
        self.simulator.traffic.requests.clear()
        return seen

    def new(self, name: str, parent: str | None, *, mime: str = DOCUMENT, drive: str | None = None) -> File:
        """A file that a user makes."""
        return self.account.add(File(self.account.new_id(), name, mime, parent, drive, self.account.user, 0, 0))

    def drive(self, name: str) -> str:
        return next(drive.id for drive in self.account.drives.values() if drive.name == name)


@pytest.fixture
def office(home: Path) -> Iterator[Office]:
    simulator = GoogleDriveSimulator(size=SIZE)
    with connected(home, simulator) as office:
        yield Office(office, simulator)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One that was synced, and that no test changes."""
    simulator = GoogleDriveSimulator(size=SIZE)
    with connected(tmp_path_factory.mktemp("drive") / "home", simulator) as office:
        office.synced()
        yield Office(office, simulator)


@pytest.fixture
def synced(office: Office) -> Office:
    """One that was synced, and whose requests are counted from now on."""
    office.sync()
    office.requests()
    return office


class TestRecords:
    def test_a_file_is_stored_with_the_path_of_its_folder(self, seen: Office) -> None:
        order = seen.file("Order form.pdf")
        deal = seen.account.files[seen.account.files[order.parent or ""].parent or ""]
        row = seen.row(order)
        assert (row["external_id"], row["name"], row["mime_type"]) == (order.id, "Order form.pdf", "application/pdf")
        assert (row["parent_external_id"], row["folder_path"]) == (order.parent, f"Sales/Deals/{deal.name}/Legal")
        assert row["web_view_link"] == f"https://drive.google.com/file/d/{order.id}/view?usp=drivesdk"
        assert row["file_size"] == len(order.content or b"")
        assert row["source_modified_at"].startswith("202")
        assert row["source"] == "Sales"

    def test_folders_and_what_lies_at_the_top_have_the_names_of_their_tops(self, seen: Office) -> None:
        assert seen.row(seen.file("Meeting notes"))["folder_path"] == "My Drive"
        assert seen.row(seen.file("Invoices"))["folder_path"] == "Finance"

    def test_what_others_shared_lies_where_drive_shows_it(self, seen: Office) -> None:
        request = next(file for file in seen.account.files.values() if file.name.startswith("RFP"))
        assert seen.row(request)["folder_path"] == "Shared with me"
        assert seen.row(request)["parent_external_id"] is None

    def test_a_file_of_a_shared_drive_that_one_is_not_in_comes_too(self, seen: Office) -> None:
        assert seen.row(seen.file("Board letter"))["folder_path"] == "Shared with me"

    def test_a_shortcut_is_a_file_where_it_lies(self, seen: Office) -> None:
        shortcut = next(file for file in seen.account.files.values() if file.mime == SHORTCUT)
        row = seen.row(shortcut)
        assert (row["mime_type"], row["folder_path"], row["file_size"]) == (SHORTCUT, "My Drive/Favourites", None)

    def test_what_is_in_the_trash_is_not_there(self, seen: Office) -> None:
        assert "Old draft" not in {row["name"] for row in seen.rows().values()}
        assert any(file.name == "Old draft" for file in seen.account.files.values())

    def test_a_circle_of_folders_ends(self, synced: Office) -> None:
        """Two moves may reach a reader in an order in which the folders lie in each other."""
        outer = synced.new("Outer", synced.account.root, mime=FOLDER)
        inner = synced.new("Inner", outer.id, mime=FOLDER)
        outer.parent = inner.id
        synced.sync()
        assert synced.row(inner)["folder_path"] == "Shared with me/Inner/Outer"

    def test_everything_costs_few_requests(self, office: Office) -> None:
        office.sync()
        assert office.requests() == {
            "GET /drive/v3/about": 1,
            "GET /drive/v3/drives": 1,
            "GET /drive/v3/changes/startPageToken": 3,
            "GET /drive/v3/files/root": 1,
            "GET /drive/v3/files": 6,
        }
        office.sync()
        assert office.requests() == {"GET /drive/v3/drives": 1, "GET /drive/v3/changes": 3}


class TestChanges:
    def test_a_renamed_folder_changes_the_paths_of_all_below_it_and_nothing_else(self, synced: Office) -> None:
        before = synced.paths()
        deals = synced.file("Deals")
        deals.name = "Opportunities"
        synced.account.touch(deals)
        counts = synced.sync()
        after = synced.paths()
        moved = {file_id for file_id, path in before.items() if path.startswith("Sales/Deals")}
        assert len(moved) > 30
        assert all(after[file_id] == before[file_id].replace("Sales/Deals", "Sales/Opportunities") for file_id in moved)
        assert {file_id: before[file_id] for file_id in before.keys() - moved} == {
            file_id: after[file_id] for file_id in after.keys() - moved
        }
        assert counts["updated"] == len(moved) + 1
        assert synced.requests()["GET /drive/v3/files"] == 3  # a query for each level of folders

    def test_a_folder_that_only_changed_otherwise_costs_no_listing(self, synced: Office) -> None:
        synced.account.touch(synced.file("Deals"))
        assert synced.sync()["updated"] == 1
        assert "GET /drive/v3/files" not in synced.requests()

    def test_a_folder_moved_into_another_drive_takes_all_below_it_along(self, synced: Office) -> None:
        legal = synced.file("Legal")
        invoices = synced.file("Invoices")
        below = [file.id for file in synced.account.children(legal.id)]
        synced.account.move(legal, invoices.id, invoices.drive)
        synced.sync()
        assert synced.row(legal)["folder_path"] == "Finance/Invoices"
        assert {synced.paths()[file_id] for file_id in below} == {"Finance/Invoices/Legal"}
        assert {synced.rows()[file_id]["source"] for file_id in below} == {"Finance"}

    def test_what_leaves_one_drive_for_another_is_not_deleted(self, synced: Office) -> None:
        contract, notes = synced.file("Contract.docx"), synced.file("Meeting notes")
        synced.account.move(contract, notes.id, None)
        assert synced.sync()["deleted"] == 0
        assert synced.row(contract)["folder_path"] == "My Drive/Meeting notes"

    def test_a_change_below_a_folder_that_was_renamed_later_has_the_new_path(self, synced: Office) -> None:
        new = synced.new("Fresh", synced.file("Legal").id, drive=synced.drive("Sales"))
        deals = synced.file("Deals")
        deals.name = "Wins"
        synced.account.touch(deals)
        synced.sync()
        assert synced.row(new)["folder_path"].startswith("Sales/Wins/")

    def test_a_folder_in_the_trash_takes_all_below_it_along_and_brings_it_back(self, synced: Office) -> None:
        deals = synced.file("Deals")
        held = synced.connected.counts()["shared_files"]
        below = sum(path.startswith("Sales/Deals") for path in synced.paths().values())
        synced.account.trash(deals)
        assert synced.sync()["deleted"] == below + 1
        assert deals.id in synced.rows(deleted=True)
        synced.account.trash(deals, trashed=False)
        synced.sync()
        assert synced.connected.counts()["shared_files"] == held
        assert sum(path.startswith("Sales/Deals") for path in synced.paths().values()) == below

    def test_what_is_deleted_for_good_is_deleted(self, synced: Office) -> None:
        contract = synced.file("Contract.docx")
        synced.account.remove(contract)
        assert synced.sync()["deleted"] == 1
        assert contract.id in synced.rows(deleted=True)

    def test_a_folder_out_of_reach_makes_it_list_everything_and_find_what_is_missing(self, synced: Office) -> None:
        notes = synced.file("Meeting notes")
        below = {file.id for file in synced.account.children(notes.id)}
        synced.account.unshare(notes)
        assert synced.sync()["deleted"] == len(below) + 1
        assert below <= synced.rows(deleted=True).keys()
        synced.requests()
        synced.sync()
        assert synced.requests() == {"GET /drive/v3/drives": 1, "GET /drive/v3/changes": 3}

    def test_a_new_shared_drive_is_read_from_its_top(self, synced: Office) -> None:
        drive = synced.account.add_drive("Legal matters", 0)
        folder = synced.new("Cases", drive.id, mime=FOLDER, drive=drive.id)
        case = synced.new("Case 1", folder.id, drive=drive.id)
        synced.sync()
        assert synced.row(case)["folder_path"] == "Legal matters/Cases"
        again = synced.new("Case 2", folder.id, drive=drive.id)
        synced.sync()
        assert synced.row(again)["folder_path"] == "Legal matters/Cases"

    def test_a_drive_that_one_joined_while_everything_was_listed_is_read_too(self, office: Office) -> None:
        office.simulator.traffic.faults.append(Fault("expired_token", path="/drive/v3/files", after=5))
        office.connected.sync()
        drive = office.account.add_drive("Joined", 0)
        file = office.new("In it", drive.id, drive=drive.id)
        office.simulator.traffic.faults.clear()
        office.connected.synced()
        office.sync()
        assert office.row(file)["folder_path"] == "Joined"

    def test_a_renamed_shared_drive_renames_the_paths_in_it(self, synced: Office) -> None:
        synced.account.rename_drive(synced.drive("Finance"), "Accounting")
        synced.sync()
        assert synced.row(synced.file("Invoices"))["folder_path"] == "Accounting"
        assert not any(path.startswith("Finance") for path in synced.paths().values())

    def test_a_shared_drive_that_one_left_is_gone_with_all_in_it(self, synced: Office) -> None:
        finance = synced.drive("Finance")
        gone = {file.id for file in synced.account.files.values() if file.drive == finance}
        synced.account.leave_drive(finance)
        assert synced.sync()["deleted"] == len(gone)
        assert gone <= synced.rows(deleted=True).keys()

    def test_a_refused_page_token_makes_it_list_everything_and_find_what_is_missing(self, synced: Office) -> None:
        removed, new = synced.file("Contract.docx"), synced.new("New", synced.account.root)
        synced.account.remove(removed)
        synced.account.forget_changes()
        counts = synced.sync()
        assert (counts["inserted"], counts["deleted"]) == (1, 1)
        assert synced.row(new)["folder_path"] == "My Drive"
        synced.new("Newer", synced.account.root)
        synced.requests()
        assert synced.sync()["inserted"] == 1
        assert "GET /drive/v3/files" not in synced.requests()

    def test_what_changes_while_everything_is_listed_is_in_the_next_run(self, office: Office) -> None:
        """The page tokens are taken before the first listing: a file trashed behind it is not missed."""
        office.simulator.traffic.faults.append(Fault("expired_token", path="/drive/v3/files", after=5))
        assert office.connected.sync().status == "failed"
        notes = office.file("Meeting notes")
        stored = next(file for file in office.account.children(notes.id))
        assert stored.id in office.rows()
        office.account.trash(stored)
        office.simulator.traffic.faults.clear()
        office.requests()
        office.connected.synced()
        assert "GET /drive/v3/changes/startPageToken" not in office.requests()
        office.sync()
        assert stored.id in office.rows(deleted=True)

    def test_a_listing_is_not_gone_on_with_once_folders_have_changed(self, office: Office) -> None:
        office.simulator.traffic.faults.append(Fault("expired_token", path="/drive/v3/files", after=5))
        office.connected.sync()
        notes = office.file("Meeting notes")
        notes.name = "Protocols"
        office.account.touch(notes)
        office.simulator.traffic.faults.clear()
        office.connected.synced()
        below = {office.paths()[file.id] for file in office.account.children(notes.id)}
        assert below == {"My Drive/Protocols"}

    def test_a_window_brings_what_was_modified_in_it_and_leaves_the_feed_where_it_was(self, synced: Office) -> None:
        new, trashed = synced.new("New", synced.account.root), synced.file("Contract.docx")
        synced.account.touch(new)
        synced.account.trash(trashed)
        synced.account.touch(trashed)
        since = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
        assert synced.sync(since=since) == {"inserted": 1, "updated": 0, "unchanged": 0, "deleted": 1, "rejected": 0}
        deals = synced.file("Deals")
        deals.name = "Wins"
        synced.account.touch(deals)
        synced.sync()
        assert sum(path.startswith("Sales/Wins") for path in synced.paths().values()) > 30

    def test_pages_of_a_feed_are_all_read(self, synced: Office) -> None:
        made = [synced.new(f"File {number}", synced.account.root).id for number in range(1_005)]
        assert synced.sync()["inserted"] == len(made)
        assert synced.requests()["GET /drive/v3/changes"] == 4  # two pages of the user's feed, one of each drive's


class TestListening:
    """The feeds of changes, asked again and again by `inbox.follow`, for a machine without a public address."""

    @pytest.fixture(autouse=True)
    def _often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(GoogleDriveConnector, "poll_seconds", 0.01)

    def opened(self, office: Office) -> None:
        """Wait until the feed's first event came: from now on it sees every change."""
        until(lambda: bool(inbox.events(office.connected.ws)))

    def hears(self, office: Office, condition: Callable[[], bool]) -> None:
        """Handle the events that come until they have brought this about."""

        def handled() -> bool:
            inbox.handle_due(office.connected.ws)
            return condition()

        until(handled)
        assert [event.error for event in inbox.events(office.connected.ws) if event.error] == []

    def asked(self, office: Office, path: str, times: int) -> None:
        """Wait until the feed has asked for this so many times from now on."""
        before = office.simulator.traffic.requests[path]
        until(lambda: office.simulator.traffic.requests[path] >= before + times)

    def test_what_changes_is_stored_without_an_address_and_without_a_sync(self, synced: Office) -> None:
        contract = synced.file("Contract.docx")
        with Following(synced.connected) as following:
            self.opened(synced)
            new = synced.new("Heard of", synced.account.root)
            self.hears(synced, lambda: new.id in synced.rows())
            synced.account.trash(contract)  # in the feed of a shared drive
            self.hears(synced, lambda: contract.id not in synced.rows())
        assert following.error is None
        assert synced.connected.counts() == synced.simulator.counts()
        assert {event.type for event in inbox.events(synced.connected.ws)} == {"files_changed"}

    def test_while_nothing_changes_nothing_is_told_and_little_asked(self, synced: Office) -> None:
        with Following(synced.connected):
            self.asked(synced, "GET /drive/v3/drives", 4)
        assert len(inbox.events(synced.connected.ws)) == 1
        assert synced.requests().keys() == {
            "GET /drive/v3/drives",
            "GET /drive/v3/changes/startPageToken",
            "GET /drive/v3/changes",
        }

    def test_what_changed_while_nobody_listened_is_told_of_and_the_same_place_once(self, synced: Office) -> None:
        for _ in range(2):
            with Following(synced.connected):
                self.asked(synced, "GET /drive/v3/changes", 3)
        assert len(inbox.events(synced.connected.ws)) == 1
        new = synced.new("Unheard", synced.account.root)
        with Following(synced.connected):
            self.hears(synced, lambda: new.id in synced.rows())

    def test_an_event_behind_a_sync_changes_nothing(self, synced: Office) -> None:
        synced.new("Both ways", synced.account.root)
        with Following(synced.connected):
            self.opened(synced)
        synced.sync()
        stored = synced.rows()
        synced.connected.handle_events()
        assert synced.rows() == stored
        assert synced.sync() == {"inserted": 0, "updated": 0, "unchanged": 0, "deleted": 0, "rejected": 0}

    def test_a_refused_page_token_begins_anew(self, synced: Office) -> None:
        with Following(synced.connected) as following:
            self.opened(synced)
            # The floor first: no poll between the two may take a token that is good afterwards.
            synced.account.floor = synced.account.position + 1
            synced.account.position += 1
            until(lambda: len(inbox.events(synced.connected.ws)) == 2)
            synced.sync()
            new = synced.new("After it", synced.account.root)
            self.hears(synced, lambda: new.id in synced.rows())
        assert following.error is None

    def test_a_shared_drive_is_listened_to_from_when_one_joins_until_one_leaves(self, synced: Office) -> None:
        with Following(synced.connected) as following:
            self.opened(synced)
            drive = synced.account.add_drive("Joined", 0)
            until(lambda: len(inbox.events(synced.connected.ws)) == 2)
            new = synced.new("In it", drive.id, drive=drive.id)
            self.hears(synced, lambda: new.id in synced.rows())
            assert synced.row(new)["folder_path"] == "Joined"
            told = len(inbox.events(synced.connected.ws))
            synced.account.leave_drive(drive.id)
            until(lambda: len(inbox.events(synced.connected.ws)) > told)
            # What the user's own feed has from now on shows that it goes on without the drive.
            other = synced.new("Elsewhere", synced.account.root)
            self.hears(synced, lambda: other.id in synced.rows())
        assert following.error is None


class TestLargeDrives:
    def test_several_pages_of_files_and_folders_are_all_read(self, home: Path) -> None:
        simulator = GoogleDriveSimulator(size=1_200)
        with connected(home, simulator) as large:
            large.synced()
            assert large.counts() == simulator.counts()
            assert large.counts()["shared_files"] > 2_000


def test_refusals_for_pace_are_waited_for(office: Office) -> None:
    fault = Fault("429", after=3, times=2, retry_after="0.05")
    office.simulator.traffic.faults.append(fault)
    office.sync()
    assert fault.hits == 2


def test_the_identity_is_whose_drive_it_is(seen: Office) -> None:
    (info,) = connections(seen.connected.ws)
    user: Person = seen.account.user
    assert info.identity == f"{user.name} <{user.email}>"
