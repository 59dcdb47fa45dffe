"""Saved queries on the command line."""

from __future__ import annotations

from tests.cli.test_cli_completion import candidates
from tests.support.command_line import CommandLine, Shop


def test_a_query_is_saved_listed_run_and_deleted(revtops: CommandLine) -> None:
    assert revtops("queries").stderr.startswith("Nothing is saved yet")
    saved = revtops("queries", "save", "answer", "SELECT 40 + 2 AS answer", "--json")
    assert (saved.json["name"], saved.json["connection"], saved.json["text"]) == (
        "answer",
        None,
        "SELECT 40 + 2 AS answer",
    )
    assert [one["name"] for one in revtops("queries", "--json").json] == ["answer"]
    assert "local data" in revtops("queries", "list").stdout
    ran = revtops("queries", "run", "answer", "--json")
    assert ran.json == {"columns": ["answer"], "rows": [[42]], "truncated": False}
    assert revtops("queries", "delete", "answer").stdout == "Deleted answer.\n"
    assert revtops("queries", "--json").json == []


def test_rows_are_limited_as_sql_does(revtops: CommandLine) -> None:
    revtops("queries", "save", "three", "-", stdin="SELECT 1 UNION SELECT 2 UNION SELECT 3")
    ran = revtops("queries", "run", "three", "--limit", "2", "--json")
    assert (len(ran.json["rows"]), ran.json["truncated"]) == (2, True)


def test_a_query_for_a_system(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(answer={"columns": ["id"], "rows": [[7]]})
    saved = revtops("queries", "save", "orders", "any word", "--connection", "shop")
    assert saved.stdout == "Saved orders.\n"
    assert revtops("queries", "run", "orders", "--json").json["rows"] == [[7]]


def test_what_is_asked_of_it_wrongly_is_a_sentence(revtops: CommandLine) -> None:
    for arguments, message in [
        (("run",), "Which query to run?"),
        (("run", "nothing"), "There is no saved query nothing."),
        (("save", "name"), "Which query is to be saved?"),
        (("save", "name", " "), "A saved query has 1 to 100,000 characters."),
        (("save", "a\nb", "SELECT 1"), "A name is one line of 1 to 80 characters."),
        (("save", "name", "SELECT 1", "--connection", "nowhere"), "nowhere"),
    ]:
        done = revtops("queries", *arguments)
        assert done.code in (2, 4)
        assert message in done.stderr


def test_a_name_stands_for_one_query(revtops: CommandLine) -> None:
    assert revtops("queries", "save", "twin", "SELECT 1").code == 0
    refused = revtops("queries", "save", "twin", "SELECT 2")
    assert refused.code != 0
    assert "There is a query named twin already." in refused.stderr
    assert revtops("queries", "save", "twin", "SELECT 2", "--replace").code == 0
    assert [one["text"] for one in revtops("queries", "--json").json] == ["SELECT 2"]
    assert revtops("--org", "acme", "queries", "--json").json == []
    assert revtops("queries", "run", "twi").stderr.count("Did you mean twin?") == 1


def test_names_are_completed(revtops: CommandLine, connected_shop: Shop) -> None:
    revtops("queries", "save", "stages", "SELECT 1")
    assert candidates(revtops, "queries", "r") == ["run"]
    assert candidates(revtops, "queries", "run", "") == ["stages"]
    assert candidates(revtops, "queries", "save", "x", "--connection", "") == ["shop"]
