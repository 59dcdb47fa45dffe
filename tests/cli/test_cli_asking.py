"""`query`, `schema` and `sql`: documents, tables, and text that would do something to a terminal."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pexpect
import pytest

from tests.support.command_line import CommandLine, Shop, deals, ended

EVIL = "red \x1b[31m bell \x07 \x9b31m back\rwards \u202e."


def test_a_tabular_answer(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(answer={"columns": ["id", "name"], "rows": [[1, "Zoë"], [22, None]], "truncated": True})
    done = revtops("query", "shop", "anything", "--json")
    assert done.json == connected_shop.content["answer"]
    shown = revtops("query", "shop", "anything")
    assert shown.stdout.splitlines() == ["id  name", " 1  Zoë", "22"]
    assert "There is more: these are the first 2 rows." in shown.stderr


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        ({"owner": {"name": "Ada"}, "tags": ["a", "b"]}, ["owner:", "  name: Ada", "tags:", "  - a", "  - b"]),
        ([{"id": 1, "name": "A"}, {"id": 2, "size": 3}], ["id  name  size", " 1  A", " 2           3"]),
        ("one\ntwo", ["one", "two"]),
        ({"columns": ["a"], "rows": [[1, 2]]}, ["columns:", "  - a", "rows:", "  -", "    - 1", "    - 2"]),
    ],
)
def test_any_other_answer_comes_as_it_is(
    revtops: CommandLine, connected_shop: Shop, answer: Any, lines: list[str]
) -> None:
    connected_shop.change(answer=answer)
    assert revtops("query", "shop", "x", "--json").json == {"result": answer}
    assert revtops("query", "shop", "x").stdout.splitlines() == lines


def test_a_request_from_stdin_and_an_empty_one(revtops: CommandLine, connected_shop: Shop) -> None:
    assert revtops("query", "shop", "-", stdin="x").code == 0
    assert revtops("query", "shop", "-", stdin="\n").code == 2
    assert revtops("sql", "-", "--json", stdin="SELECT 7 AS seven").json["rows"] == [[7]]


def test_a_schema(revtops: CommandLine, connected_shop: Shop) -> None:
    assert revtops("schema", "shop").stdout.splitlines() == ["public.deals", "name  type", "id    text"]
    assert revtops("schema", "shop", "--json").json[0]["name"] == "deals"


def test_vendor_text_does_nothing_to_a_terminal(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=[{"source_id": "1", "name": EVIL}], answer={"said": EVIL})
    assert revtops("sync").code == 0
    for arguments in (("sql", "SELECT name FROM deals"), ("query", "shop", "x")):
        shown = revtops(*arguments)
        document = revtops(*arguments, "--json")
        for text in (shown.stdout, document.stdout):
            assert all(c == "\n" or c.isprintable() for c in text)
            assert r"red \x1b[31m" in text or r"red \u001b[31m" in text
        assert EVIL in _leaves(document.json)


def _leaves(value: Any) -> Any:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def test_sql_says_when_there_is_more(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(5))
    assert revtops("sync").code == 0
    query = "SELECT name, amount FROM deals ORDER BY amount"
    done = revtops("sql", query, "--limit", "2")
    assert done.stdout.splitlines() == ["name    amount", "Deal 1   100.0", "Deal 2   200.0"]
    assert "--limit shows more" in done.stderr
    assert revtops("sql", query, "--limit", "2", "--json").json["truncated"] is True
    assert revtops("sql", query, "--json").json["truncated"] is False
    assert "No rows." in revtops("sql", "SELECT 1 WHERE 0").stderr


def test_sql_is_read_only_and_of_one_organization(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(2))
    assert revtops("sync").code == 0
    other = revtops("--org", "other", "sql", "SELECT count(*) FROM deals", "--json")
    assert other.json["rows"] == [[0]]
    assert other.stderr == "There is no organization other; there are: default.\n"
    assert revtops("--org", "default", "sql", "SELECT 1").stderr == ""
    done = revtops("sql", "DELETE FROM deals", "--json")
    assert done.code != 0
    assert done.json["error"]["message"]
    assert revtops("sql", "SELECT count(*) FROM deals", "--json").json["rows"] == [[2]]


def test_a_terminal_cuts_what_is_too_wide_and_a_pipe_does_not(revtops: CommandLine, connected_shop: Shop) -> None:
    query = f"SELECT 1 AS id, '{'wide 日本 ' * 20}' AS words, 'end' AS last"
    with revtops.terminal("sql", query, width=40) as screen:
        screen.expect(pexpect.EOF)
        head, row = str(screen.before).splitlines()
    assert head == f"\x1b[1mid  words{' ' * 27}last\x1b[0m"
    assert row == " 1  wide 日本 wide 日本 wide 日本…  end"
    assert "…" not in revtops("sql", query).stdout
    with revtops.terminal("sql", query, "--no-color", width=40) as screen:
        screen.expect(pexpect.EOF)
        assert "\x1b" not in str(screen.before)


def test_a_number_that_is_none_is_null(revtops: CommandLine, connected_shop: Shop) -> None:
    assert revtops("sql", "SELECT 9e999, x'00ff', NULL", "--json").json["rows"] == [[None, "00ff", None]]


def test_a_reader_that_leaves_early_hears_no_traceback(revtops: CommandLine, connected_shop: Shop) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 90000) SELECT i FROM n"
    command = f"'{sys.executable}' -m revtops_tui sql '{numbers}' --limit 90000 | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8", check=True)
    assert (done.stdout.strip(), done.stderr) == ("i", "")


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("SELECT d.amout FROM deals d", "Did you mean amount?"),
        ("SELECT 1 FROM Dealz", "Did you mean deals?"),
        ("SELECT 1 FROM zzz", "There are: accounts,"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_one_that_is(
    revtops: CommandLine, connected_shop: Shop, query: str, hint: str
) -> None:
    assert revtops("sql", query, "--json").json["error"]["hint"].startswith(hint)


def test_what_nobody_expected_is_a_sentence_with_a_traceback_for_those_who_ask(
    revtops: CommandLine, connected_shop: Shop
) -> None:
    del connected_shop.content["answer"]
    connected_shop.change()
    done = revtops("query", "shop", "x", "--json")
    assert done.code == 1
    assert done.json["error"]["kind"] == "bug"
    assert re.search(r"KeyError: 'answer' \(shop\.py, line \d+\)", done.json["error"]["message"])
    assert "Traceback" not in done.stderr
    assert "KeyError: 'answer'" in (revtops.home / "logs" / "revtops.log").read_text()
    assert revtops("query", "shop", "x", "-vv").stderr.count("Traceback") == 1


def test_a_bug_in_a_sync_names_its_line_and_shows_its_traceback_to_those_who_ask(
    revtops: CommandLine, connected_shop: Shop
) -> None:
    del connected_shop.content["deals"]
    connected_shop.change()
    done = revtops("sync", "shop", "-vv")
    assert re.search(r"KeyError: 'deals' \(shop\.py, line \d+\)", done.stderr)
    assert done.stderr.count("Traceback") == 1


def test_a_process_without_standard_streams(revtops: CommandLine, connected_shop: Shop) -> None:
    command = f"'{sys.executable}' -m revtops_tui connections --json <&- 2>&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8", check=True)
    assert '"slug": "shop"' in done.stdout
    without_stdout = subprocess.run(["bash", "-c", f"{command} >&-"], capture_output=True, check=False)
    assert without_stdout.returncode == 0


def test_a_terminal_that_knows_no_umlauts(revtops: CommandLine, connected_shop: Shop) -> None:
    done = revtops("sql", "SELECT 'Zoë' AS name", env={"PYTHONIOENCODING": "ascii"})
    assert done.stdout.splitlines()[1] == r"Zo\xeb"


def test_a_long_query_is_cancelled(revtops: CommandLine, connected_shop: Shop) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with revtops.terminal("sql", endless) as screen:
        screen.expect("Ctrl-C stops it")
        screen.sendintr()
        screen.expect("cancelled")
        assert ended(screen) == 130
