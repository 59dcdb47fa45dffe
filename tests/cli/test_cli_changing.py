"""`write`, `action`, `rejected`, `org`, `doctor` and `backup`."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, Shop, deals, ended

# -- writes and actions ------------------------------------------------------------------------------------------------


def test_a_write_reads_values_by_their_declared_type(revtops: CommandLine, connected_shop: Shop) -> None:
    done = revtops("write", "shop", "update_deal", "id=42", "amount=12.5", "stage=won", "--json")
    assert done.code == 0
    assert done.json["status"] == "ok"
    assert done.json["result"] == {"written": {"id": "42", "amount": 12.5, "stage": "won"}}
    assert done.json["error"] is None
    assert isinstance(done.json["ledger_id"], int)
    for data in ("-", json.dumps({"id": "42"})):
        again = revtops("write", "shop", "update_deal", "--data", data, "--json", stdin='{"id": "42"}')
        assert again.json["result"] == {"written": {"id": "42"}}
    assert "written:\n  id: 42\n" in revtops("write", "shop", "update_deal", "id=42").stdout


def test_a_write_that_does_not_fit_the_declaration_is_not_sent(revtops: CommandLine, connected_shop: Shop) -> None:
    cases = [
        (("update_deal",), "`id` is missing"),
        (("update_deal", "id=1", "amount=much"), "`amount` must be a number"),
        (("update_deal", "id=1", "stage=wun"), "did you mean `won`?"),
        (("update_deal", "id=1", "nmae=x"), "`nmae` is not a parameter"),
        (("update_deal", "id"), "name=value"),
        (("update_deal", "id=1", "--data", "{}"), "not both"),
        (("update_dael", "id=1"), "no write update_dael"),
    ]
    for arguments, message in cases:
        done = revtops("write", "shop", *arguments, "--json")
        assert done.code == 2, arguments
        assert message in done.json["error"]["message"]
    assert revtops("write").code == 2


def test_a_refused_write(revtops: CommandLine, connected_shop: Shop) -> None:
    done = revtops("write", "shop", "fail", "--json")
    assert done.code == 2
    assert done.json["status"] == "failed"
    assert done.json["error"]["message"] == "The shop does not want that."
    assert "Ask for something else." in revtops("write", "shop", "fail").stderr


def test_operations_explain_themselves(revtops: CommandLine, shop: Shop) -> None:
    listed = revtops("write", "shop")
    assert "revtops write shop update_deal id=…" in listed.stdout
    assert [o["name"] for o in revtops("write", "shop", "--json").json] == ["update_deal", "fail"]
    one = revtops("write", "shop", "update_deal", "--help")
    assert one.code == 0
    assert "open|won" in one.stdout
    assert "New amount" in one.stdout
    assert "Always refused" not in one.stdout
    assert "usage: revtops write" in revtops("write", "--help").stdout
    assert "revtops action shop send_message text=…" in revtops("action", "shop").stdout


def test_an_action_needs_somebody_to_agree(revtops: CommandLine, connected_shop: Shop) -> None:
    refused = revtops("action", "shop", "send_message", "text=Hello", "--json")
    assert (refused.code, refused.json["error"]["hint"]) == (2, "Add --yes to send it.")
    agreed = revtops("action", "shop", "send_message", "text=Hello", "--yes", "--json")
    assert agreed.json["result"] == {"sent": "Hello"}
    for answer, code, said in (("n", 130, "Nothing was sent."), ("y", 0, "sent: Hello")):
        with revtops.terminal("action", "shop", "send_message", "text=Hello") as screen:
            screen.expect("shop: send_message\r\n  text: Hello\r\nSend this once\\? \\[y/N\\] ")
            screen.sendline(answer)
            screen.expect(said)
            assert ended(screen) == code


def test_an_action_without_an_answer_is_unknown(revtops: CommandLine, connected_shop: Shop) -> None:
    done = revtops("action", "shop", "lose_answer", "--yes", "--json")
    assert done.code == 1
    assert done.json["status"] == "unknown"
    assert "before you send it again" in done.json["error"]["hint"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("write", "shop", "send_message"), "revtops action shop send_message"),
        (("action", "shop", "update_deal"), "revtops write shop update_deal"),
        (("write", "shop", "update_dael"), "Did you mean update_deal?"),
        (("write", "shop", "paint"), "There are: update_deal, fail."),
    ],
)
def test_an_operation_that_is_not_there_is_answered_with_where_it_is(
    revtops: CommandLine, shop: Shop, words: tuple[str, ...], hint: str
) -> None:
    done = revtops(*words)
    assert done.code == 2
    assert done.stderr.splitlines()[1] == hint


# -- rejected records --------------------------------------------------------------------------------------------------


def test_rejected_records_are_shown_and_retried(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=[*deals(1), {"source_id": "9", "amount": 5}])
    revtops("sync")
    (one,) = revtops("rejected", "--json").json
    assert (one["slug"], one["entity"], one["source_id"]) == ("shop", "deals", "9")
    assert one["payload"]["amount"] == 5
    assert "name" in one["reason"]
    shown = revtops("rejected", "shop").stdout.splitlines()
    assert shown[1].split()[1:4] == ["shop", "deals", "9"]
    retried = revtops("rejected", "--retry", "--json")
    assert (retried.code, retried.json) == (3, {"stored": 0, "rejected": 1})
    unknown = revtops("rejected", "--retry", str(one["id"]), str(one["id"] + 1))
    assert unknown.code == 3
    assert "1 ID not among the rejected records." in unknown.stderr
    for option in ("--retry", "--ignore"):
        none = revtops("rejected", option, str(one["id"] + 1))
        assert (none.code, none.stdout) == (2, "")
        assert f"There is no rejected record {one['id'] + 1}." in none.stderr
    assert revtops("rejected", "shop", "--retry", "7").code == 2


def test_rejected_records_are_ignored(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=[{"source_id": str(n), "name": "x", "amount": "much"} for n in range(3)])
    revtops("sync", "shop")
    first, *others = revtops("rejected", "--json").json
    assert revtops("rejected", "--ignore", str(first["id"]), "--json").json == {"ignored": 1}
    assert [one["id"] for one in revtops("rejected", "--json").json] == [one["id"] for one in others]
    assert revtops("rejected", "shop", "--ignore", "1").code == 2


def test_no_rejected_records(revtops: CommandLine, connected_shop: Shop) -> None:
    done = revtops("rejected")
    assert (done.code, done.stdout) == (0, "")
    assert "No records were rejected." in done.stderr


# -- organizations -----------------------------------------------------------------------------------------------------


def test_organizations_keep_connections_apart(revtops: CommandLine, connected_shop: Shop) -> None:
    assert revtops("org", "create", "acme").code == 0
    assert revtops("org", "use", "acme").code == 0
    assert revtops("connections", "--json").json == []
    assert len(revtops("connections", "--json", env={"REVTOPS_ORG": "default"}).json) == 1
    assert len(revtops("connections", "--json", "--org", "default").json) == 1
    assert {o["id"]: o["current"] for o in revtops("org", "--json").json} == {"default": False, "acme": True}
    listed = revtops("org", "list").stdout.splitlines()
    assert ["acme", "yes", "0"] in [line.split() for line in listed]


def test_mistakes_with_organizations(revtops: CommandLine) -> None:
    assert revtops("org", "use", "nowhere").code == 2
    assert revtops("org", "create").code == 2
    assert revtops("org", "destroy").code == 2
    assert "no organization yet" in revtops("org").stderr


# -- this machine ------------------------------------------------------------------------------------------------------


def test_the_doctor(revtops: CommandLine, connected_shop: Shop) -> None:
    done = revtops("doctor", "--json")
    assert done.code == 0
    assert {"database", "credentials", "connectors"} <= {check["name"] for check in done.json if check["ok"]}
    (revtops.home / "connectors" / "torn.py").write_text("1 / 0\n")
    broken = revtops("doctor")
    assert broken.code == 1
    assert "ZeroDivisionError" in broken.stdout


def test_a_backup_is_a_database(revtops: CommandLine, connected_shop: Shop, tmp_path: Path) -> None:
    connected_shop.change(deals=deals(3))
    revtops("sync")
    target = tmp_path / "copy.db"
    done = revtops("backup", str(target), "--json")
    assert done.json == {"file": str(target), "bytes": target.stat().st_size}
    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT count(*) FROM deals").fetchone() == (3,)
    assert revtops("backup", str(target)).code == 2
    assert "MB" in revtops("backup", str(tmp_path / "second.db")).stdout


def test_the_demo_needs_a_terminal(revtops: CommandLine) -> None:
    done = revtops("demo", "--json")
    assert (done.code, done.json["error"]["kind"]) == (2, "usage")
