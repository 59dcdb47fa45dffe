"""`revtops sync`: the summary, the exit codes, progress, Ctrl-C, and deletes that ask first."""

from __future__ import annotations

import re
import signal
import sqlite3
from contextlib import closing

import pexpect

from revtops_tui.simulators.server import SimulatorServer
from tests.support.command_line import TOKEN, CommandLine, Shop, deals, ended

NOTHING = {"inserted": 0, "updated": 0, "unchanged": 0, "deleted": 0, "rejected": 0}


def stored(revtops: CommandLine) -> int:
    """Deals that are there and not marked as deleted, as any SQLite tool sees them."""
    with closing(sqlite3.connect(revtops.home / "revtops.db")) as database:
        return int(database.execute("SELECT count(*) FROM deals WHERE deleted_at IS NULL").fetchone()[0])


def test_a_sync_reports_what_changed(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(3), accounts=[{"source_id": "a", "name": "Acme"}])
    (run,) = revtops("sync", "--json").json["runs"]
    assert (run["slug"], run["status"], run["error"]) == ("shop", "success", None)
    assert run["seconds"] >= 0
    assert run["entities"] == {"deals": {**NOTHING, "inserted": 3}, "accounts": {**NOTHING, "inserted": 1}}

    connected_shop.change(deals=[*deals(2), {"source_id": "3", "name": "Renamed"}, *deals(1, first=4)])
    done = revtops("sync", "shop", "--entity", "deals")
    assert done.code == 0
    head, row = done.stdout.splitlines()
    assert head.split() == ["connection", "entity", "inserted", "updated", "unchanged", "deleted", "rejected"]
    assert row.split() == ["shop", "deals", "1", "1", "2", "0", "0"]
    assert "shop: success in" in done.stderr
    (listed,) = revtops("connections", "--json").json
    assert listed["counts"] == {"deals": 4, "accounts": 1}
    assert listed["last_sync_at"]
    assert "just now" in revtops("connections").stdout


def test_a_dry_run_stores_nothing(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(3))
    done = revtops("sync", "--dry-run")
    assert done.code == 0
    assert "nothing was stored" in done.stderr
    assert done.stdout.splitlines()[1].split()[:3] == ["shop", "accounts", "0"]
    assert stored(revtops) == 0


def test_rejected_records_do_not_fail_a_sync(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=[*deals(1), {"source_id": "9", "amount": "a lot"}])
    done = revtops("sync")
    assert done.stdout.splitlines()[-1].split() == ["shop", "deals", "1", "0", "0", "0", "1"]
    assert "revtops rejected shop" in done.stderr
    assert stored(revtops) == 1


def test_one_entity_that_fails_makes_it_partial(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(2), stumbles=True)
    done = revtops("sync", "--json")
    assert done.code == 3
    (run,) = done.json["runs"]
    assert run["status"] == "partial"
    assert "RuntimeError" in run["error"]
    assert "Traceback" not in done.stderr
    log = (revtops.home / "logs" / "revtops.log").read_text()
    assert "Traceback" in log
    for told in (log, done.stdout, done.stderr):
        assert "hunter2secret" not in told
        assert TOKEN not in told


def test_withdrawn_credentials_have_their_own_exit_code(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(token="another")
    done = revtops("sync", "--json")
    assert done.code == 4
    (run,) = done.json["runs"]
    assert (run["status"], run["error_kind"]) == ("failed", "authentication")
    shown = revtops("sync")
    assert "The shop refused the token." in shown.stderr
    assert "Connect again" in shown.stderr


def test_bad_input(revtops: CommandLine, connected_shop: Shop) -> None:
    cases = [
        (("--entity", "dealz"), "no entity dealz"),
        (("--full", "--since", "7d"), "contradict"),
        (("--since", "soon"), "is no time"),
        (("--since", "2999-01-01"), "is in the future"),
    ]
    for arguments, message in cases:
        done = revtops("sync", "shop", *arguments, "--json")
        assert done.code == 2
        assert message in done.json["error"]["message"]
    assert revtops("sync", "shop", "--since", "yesterday").code == 0


def test_deletes_beyond_half_wait_for_a_person(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(4))
    assert revtops("sync", "--full").code == 0
    connected_shop.change(deals=deals(1))
    refused = revtops("sync", "--full", "--json")
    assert refused.code == 3
    assert refused.json["runs"][0]["error_kind"] == "sweep_refused"
    assert stored(revtops) == 4

    with revtops.terminal("sync", "--full") as screen:
        screen.expect(r"should they be marked deleted here\? \[y/N\] ")
        screen.sendline("n")
        assert ended(screen) == 3
    assert stored(revtops) == 4

    with revtops.terminal("sync", "--full") as screen:
        screen.expect(r"should they be marked deleted here\? \[y/N\] ")
        screen.sendline("y")
        screen.expect("shop: success")
        assert ended(screen) == 0
    assert stored(revtops) == 1


def test_deletes_can_be_allowed_beforehand(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(4))
    assert revtops("sync", "--full").code == 0
    connected_shop.change(deals=[])
    (run,) = revtops("sync", "--full", "--allow-deletes", "--json").json["runs"]
    assert run["entities"]["deals"]["deleted"] == 4


def test_progress_on_a_terminal_and_ctrl_c(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(5), expect=10, closes_never=True)
    with revtops.terminal("sync") as screen:
        screen.expect(r"deals +━━━━━━━━╌╌╌╌╌╌╌╌ +5 of 10")
        screen.sendintr()
        screen.expect_exact("\x1b[?25h")  # the cursor is back
        screen.expect("shop: aborted")
        assert ended(screen) == 130
    assert stored(revtops) == 5  # what was committed is kept
    connected_shop.change(closes_never=False)
    assert revtops("sync").code == 0


def test_progress_without_a_terminal_is_a_line_now_and_then(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(5), expect=10, closes_never=True)
    with revtops.in_background("sync") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert re.match(r"shop \d+\.\d s: 5 of 10 deals \(\d/s\)$", line)
        process.send_signal(signal.SIGINT)
        assert "aborted" in process.stderr.read()
    assert process.returncode == 130


def test_a_second_ctrl_c_ends_the_process_at_once(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(5), expect=10, deaf=True)
    with revtops.terminal("sync") as screen:
        screen.expect("5 of 10")
        screen.sendintr()
        screen.expect("Ctrl-C again to kill")  # two signals at once may arrive as one
        screen.sendintr()
        assert ended(screen) in (130, -signal.SIGINT)
    connected_shop.change(deaf=False)
    assert revtops("sync").code == 0


def test_a_second_sync_of_the_same_connection_is_told_who_holds_it(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(5), expect=10, closes_never=True)
    with revtops.terminal("sync") as screen:
        screen.expect("5 of 10")
        second = revtops("sync", "--json")
        assert second.code == 5
        (run,) = second.json["runs"]
        assert (run["status"], run["error_kind"]) == ("failed", "busy")
        screen.sendintr()
        assert ended(screen) == 130


def test_a_termination_is_orderly_and_still_prints_the_document(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(5), expect=10, closes_never=True)
    with revtops.terminal("sync", "--json") as screen:
        screen.expect("5 of 10")
        screen.kill(signal.SIGTERM)
        screen.expect('"status": "aborted"')
        screen.expect(pexpect.EOF)
        screen.wait()
        assert screen.exitstatus == 130


def test_a_hubspot_account_end_to_end(revtops: CommandLine, hubspot: SimulatorServer) -> None:
    token = '{"access_token": "simulated-token"}'
    connected = revtops("connect", "hubspot", "--stdin", "--base-url", hubspot.url, "-v", stdin=token)
    assert connected.code == 0, connected.stderr
    tested = revtops("test", "hubspot", "-v")
    synced = revtops("sync", "hubspot", "--json", "-v")
    assert synced.code == 0, synced.stderr
    (run,) = synced.json["runs"]
    assert run["entities"]["deals"]["inserted"] == 200
    assert stored(revtops) == 200
    for done in (connected, tested, synced):
        assert re.search(rf"^(GET|POST) 200 \d+ ms {hubspot.url}/\S+$", done.stderr, re.MULTILINE)
        assert "simulated-token" not in done.stdout + done.stderr
