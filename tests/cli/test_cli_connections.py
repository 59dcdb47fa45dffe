"""Connecting, by prompt and by pipe; what is refused; testing and disconnecting."""

from __future__ import annotations

import json
import os

from tests.support.command_line import TOKEN, CommandLine, Shop, deals, ended


def everything_on_disk(revtops: CommandLine) -> bytes:
    """All that revtops wrote; the vendor's own file is not of that."""
    files = (path for path in revtops.home.rglob("*") if path.is_file() and path.name != "shop.json")
    return b"".join(path.read_bytes() for path in files)


def test_connecting_by_prompts(revtops: CommandLine, shop: Shop) -> None:
    with revtops.terminal("connect", "shop") as screen:
        screen.expect("Where the shop is")
        screen.expect("Data file: ")
        screen.sendline("shop.json")
        screen.expect(r"Port \[80\]: ")
        screen.sendline("eighty")
        screen.expect("must be a whole number")
        screen.expect(r"Port \[80\]: ")
        screen.sendline("8080")
        screen.expect("One of: free, pro.")
        screen.expect(r"Tier \(may be empty\): ")
        screen.sendline("")
        screen.expect("Token: ")
        screen.sendline(TOKEN)
        screen.expect("Connected shop: Ada at port 8080")
        assert TOKEN not in screen.before  # typed without an echo
        assert ended(screen) == 0
    assert revtops("test", "shop", "--json").json["identity"] == "Ada at port 8080"


def test_a_required_field_is_asked_for_until_it_is_given(revtops: CommandLine, shop: Shop) -> None:
    with revtops.terminal("connect", "shop", "--set", "file=shop.json", "--set", "port=1") as screen:
        screen.expect("Tier")
        screen.sendline("golden")
        screen.expect("must be one of free, pro")
        screen.sendline("pro")
        screen.expect("Token: ")
        screen.sendline("")
        screen.expect("`token` is missing")
        screen.sendline(TOKEN)
        screen.expect("Connected shop")
        assert ended(screen) == 0


def test_the_end_of_input_while_asking_cancels(revtops: CommandLine, shop: Shop) -> None:
    with revtops.terminal("connect", "shop") as screen:
        screen.expect("Data file: ")
        screen.sendeof()
        screen.expect("Cancelled")
        assert ended(screen) == 130


def test_connecting_by_pipe(revtops: CommandLine, shop: Shop) -> None:
    done = revtops("connect", "shop", "--set", "port=8080", "--stdin", "--json", stdin=shop.fields)
    assert done.code == 0, done.stderr
    assert done.json == {
        "slug": "shop",
        "name": "default",
        "organization_id": "default",
        "status": "connected",
        "identity": "Ada at port 8080",
        "user_id": None,
        "base_url": None,
        "scopes": [],
        "missing_scopes": [],
        "last_sync_at": None,
        "next_sync_at": None,
        "last_error": None,
        "counts": {},
    }
    assert revtops("connections", "--json").json == [done.json]


def test_a_second_connection_has_a_name(revtops: CommandLine, connected_shop: Shop) -> None:
    named = revtops("connect", "shop", "--stdin", "--name", "emea", stdin=connected_shop.fields)
    assert named.code == 0
    assert "Connected shop:emea" in named.stdout
    assert revtops("disconnect", "shop:emea").code == 0
    assert [c["name"] for c in revtops("connections", "--json").json] == ["default"]


def test_a_secret_is_not_accepted_as_an_argument(revtops: CommandLine, shop: Shop) -> None:
    done = revtops("connect", "shop", "--set", "file=shop.json", "--set", f"token={TOKEN}")
    assert done.code == 2
    assert "token is secret" in done.stderr
    assert "--stdin" in done.stderr
    assert TOKEN not in done.stdout + done.stderr


def test_what_is_missing_without_a_terminal_is_named(revtops: CommandLine, shop: Shop) -> None:
    done = revtops("connect", "shop", "--json")
    assert done.code == 2
    assert done.json["error"]["message"] == "Not given: file, token."
    assert '{"file": "…", "token": "…"}' in done.json["error"]["hint"]


def test_mistakes_in_fields(revtops: CommandLine, shop: Shop) -> None:
    cases = [
        (("--set", "fiel=x"), "", "fiel is not among the fields.", "Did you mean file?"),
        (("--set", "file"), "", "Values are given as name=value.", ""),
        (("--set", "port=1", "--set", "port=2"), "", "port is given twice.", ""),
        (("--stdin",), "{oops", "What came on stdin is not JSON (character 2).", ""),
        (("--stdin",), '["a"]', "What came on stdin must be a JSON object.", ""),
        (("--stdin", "--set", "file=x"), '{"file": "y"}', "file came with --set and on stdin.", ""),
        (("--stdin", "--set", "port=x"), shop.fields, "`port` must be a whole number, not the text 'x'", ""),
    ]
    for arguments, stdin, message, hint in cases:
        done = revtops("connect", "shop", *arguments, "--json", stdin=stdin)
        assert done.code == 2, done.stdout
        assert message in done.json["error"]["message"]
        assert hint in done.json["error"]["hint"]


def test_refused_credentials_are_not_kept(revtops: CommandLine, shop: Shop) -> None:
    fields = json.dumps({"file": "shop.json", "token": "not-the-right-one"})
    done = revtops("connect", "shop", "--stdin", stdin=fields)
    assert done.code == 4
    assert "The shop refused the token." in done.stderr
    assert revtops("connections", "--json").json == []
    assert not (revtops.home / "credentials.vault").exists()


def test_secrets_are_on_disk_in_the_encrypted_file_only_and_encrypted(
    revtops: CommandLine, connected_shop: Shop
) -> None:
    revtops("sync", "-vv")
    assert (revtops.home / "credentials.vault").exists()
    assert TOKEN.encode() not in everything_on_disk(revtops)


def test_an_unknown_connector_is_answered_with_the_nearest(revtops: CommandLine, shop: Shop) -> None:
    done = revtops("connect", "shoop", "--json")
    assert done.code == 2
    assert done.json["error"] == {
        "kind": "unknown_connector",
        "message": "There is no connector shoop.",
        "hint": "Did you mean shop?",
    }


def test_a_broken_connector_is_listed_with_its_reason(revtops: CommandLine, shop: Shop) -> None:
    (revtops.home / "connectors" / "torn.py").write_text("import nowhere_to_be_found\n")
    listed = revtops("connectors", "--json").json
    (broken,) = [one for one in listed if one["slug"] == "torn"]
    assert "nowhere_to_be_found" in broken["error"]
    assert "torn cannot be used" in revtops("connectors").stderr
    done = revtops("connect", "torn", "--json")
    assert (done.code, done.json["error"]["kind"]) == (2, "broken_connector")


def test_connectors_in_full(revtops: CommandLine, shop: Shop) -> None:
    (found,) = [one for one in revtops("connectors", "--json").json if one["slug"] == "shop"]
    assert set(found) >= {
        "slug", "name", "description", "auth_type", "scope", "entity_types", "capabilities", "write_operations",
        "actions", "event_types", "query_description", "auth_fields", "icon",
    }  # fmt: skip
    assert found["write_operations"][0]["parameters"][0]["name"] == "id"
    assert revtops("connectors", "shop", "--json").json == found
    shown = revtops("connectors", "shop").stdout
    assert "revtops write shop update_deal id=…" in shown
    assert "any word" in shown


def test_testing_credentials_that_were_withdrawn(revtops: CommandLine, connected_shop: Shop) -> None:
    assert "shop works: Ada at port 80" in revtops("test", "shop").stdout
    connected_shop.change(token="another")
    done = revtops("test", "shop")
    assert done.code == 4
    assert "refused" in done.stderr
    (listed,) = revtops("connections", "--json").json
    assert listed["status"] == "error"
    assert "The shop refused the token." in revtops("connections").stderr


def test_what_is_not_connected(revtops: CommandLine, shop: Shop) -> None:
    for arguments in (("test", "shop"), ("disconnect", "shop"), ("sync",), ("query", "shop", "x")):
        done = revtops(*arguments, "--json")
        assert (done.code, done.json["error"]["kind"]) == (4, "not_connected"), arguments
    assert "Nothing is connected yet" in revtops("connections").stderr


def test_disconnecting_keeps_records_or_deletes_them(revtops: CommandLine, shop: Shop) -> None:
    shop.change(deals=deals(3))
    for arguments, deleted in (((), 0), (("--delete-data",), 3)):
        assert revtops("connect", "shop", "--stdin", stdin=shop.fields).code == 0
        assert revtops("sync").code == 0
        done = revtops("disconnect", "shop", *arguments, "--json")
        assert done.json == {"connection": "shop", "status": "disconnected", "deleted": deleted}
    assert revtops("connections", "--json").json == []


def test_the_encrypted_file_is_unlocked_by_prompt(revtops: CommandLine, connected_shop: Shop) -> None:
    environment = {"REVTOPS_KEYRING_PASSPHRASE": ""}
    locked = revtops("test", "shop", env=environment)
    assert locked.code == 4
    with revtops.terminal("test", "shop", env=environment) as screen:
        screen.expect("Passphrase of the encrypted credentials: ")
        screen.sendline(os.environ["REVTOPS_KEYRING_PASSPHRASE"])
        screen.expect("shop works: Ada at port 80")
        assert ended(screen) == 0


def test_without_a_keyring_an_encrypted_file_is_offered(revtops: CommandLine, shop: Shop) -> None:
    environment = {"REVTOPS_KEYRING_PASSPHRASE": "", "DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": "/nonexistent"}
    arguments = ("connect", "shop", "--set", "file=shop.json", "--set", "port=1", "--set", "tier=pro")
    with revtops.terminal(*arguments, env=environment) as screen:
        screen.expect("Token: ")
        screen.sendline(TOKEN)
        screen.expect(r"Keep credentials in an encrypted file, under a passphrase\? \[y/N\] ")
        screen.sendline("y")
        screen.expect("New passphrase: ")
        screen.sendline("correct horse")
        screen.expect("The same once more: ")
        screen.sendline("correct horse")
        screen.expect("Connected shop")
        assert ended(screen) == 0
    assert revtops("test", "shop", env=environment | {"REVTOPS_KEYRING_PASSPHRASE": "correct horse"}).code == 0
