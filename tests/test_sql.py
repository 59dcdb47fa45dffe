"""What the editor knows of SQL: tokens, colours, what may come next, and where a mistake is."""

from __future__ import annotations

import sqlite3
from itertools import pairwise

import pytest

from revtops_tui.tui.sql.complete import Candidate, complete
from revtops_tui.tui.sql.highlight import Highlights
from revtops_tui.tui.sql.mistakes import meant, place_of
from revtops_tui.tui.sql.names import Name, only_table
from revtops_tui.tui.sql.scan import FARTHEST, scan, statement_at
from revtops_tui.tui.sql.words import OWN, POSTGRES, SQLITE, Language, language_of, quoted


def _table(name: str, *columns: str, schema: str = "") -> Name:
    return Name(name, quoted(name), columns=[Name(each, quoted(each), "text") for each in columns], schema=schema)


DEALS = _table("deals", "id", "source_id", "name", "amount", "deal_stage", "type")
ACCOUNTS = _table("accounts", "id", "source_id", "name", "domain")
ODD = _table("Odd table", "order", 'say "hi"', schema="sales")
NAMES = [DEALS, ACCOUNTS, ODD]


def offered(text: str, language: Language = SQLITE) -> list[Candidate]:
    """What is offered where `|` stands."""
    found = complete(text.replace("|", ""), text.index("|"), NAMES, language)
    return list(found.candidates) if found else []


def texts(text: str, language: Language = SQLITE) -> list[str]:
    return [candidate.text for candidate in offered(text, language)]


@pytest.mark.parametrize(
    "text",
    [
        'select \'it\'\'s\', "a ""b""", 1.5e3 -- end',
        "/* open",
        "'open",
        '"open',
        "select $tag$ it's $tag$, e'a\\'b', $1",
        "sélect ünïcode FROM 日本",
        "\x00\x1b[2J",
    ],
)
def test_tokens_leave_nothing_out(text: str) -> None:
    tokens = list(scan(text))
    assert all(text[token.start : token.end] == token.text for token in tokens)
    gaps = [text[a.end : b.start] for a, b in pairwise(tokens)]
    assert not "".join(gaps).strip()


def test_what_nobody_writes_is_not_looked_at() -> None:
    assert sum(1 for _ in scan("a " * FARTHEST)) == FARTHEST // 2


def test_the_statement_around_the_cursor() -> None:
    text = "select 1; select 'a;b' -- c;d\nfrom x; select 3"
    tokens = list(scan(text))
    assert [token.text for token in statement_at(tokens, text.index("from"))] == ["select", "'a;b'", "from", "x"]


def test_colours_are_by_line_and_columns_are_no_keywords() -> None:
    lines = ["select type, count(*) /* one", "two */ from deals -- x", "where count = 'a", "b' and 1"]
    colours = Highlights(lines, SQLITE)
    shown = [[(lines[n][start:end], role) for start, end, role in colours.of(n)] for n in (3, 0, 1, 2)]
    assert shown[0] == [("b'", "string"), ("and", "keyword"), ("1", "number")]
    assert shown[1] == [("select", "keyword"), ("count", "function"), ("/* one", "comment")]
    assert shown[2] == [("two */", "comment"), ("from", "keyword"), ("-- x", "comment")]
    assert shown[3] == [("where", "keyword"), ("'a", "string")]


def test_other_languages_have_no_keywords() -> None:
    assert list(Highlights(["select deals"], OWN).of(0)) == []


def test_languages_are_told_by_what_connectors_say() -> None:
    assert language_of("One SQL statement in PostgreSQL's dialect") is POSTGRES
    assert language_of("Some SQL") is SQLITE
    assert language_of("GraphQL that only reads") is OWN


def test_columns_of_the_tables_that_are_named() -> None:
    assert texts("select na| from deals") == ["name", "natural"]
    assert texts("select d.| from deals d") == ["id", "source_id", "name", "amount", "deal_stage", "type"]
    assert texts("select d.| from deals as d join accounts a on 1") == texts("select deals.| from deals")
    assert texts("select dom| from deals") == []
    assert texts("select * from accounts; select dom| from deals") == []
    assert texts("select am|") == ["amount"]  # no table is named yet: of all


def test_what_two_tables_have_is_qualified() -> None:
    assert texts("select na| from deals d, accounts a")[:2] == ["d.name", "a.name"]
    assert texts("select dom| from deals d, accounts a") == ["domain"]


def test_tables_where_tables_stand() -> None:
    assert texts("select * from d|") == ["deals"]
    assert texts("select * from deals, a|") == ["accounts"]
    assert texts("select * from sales.o|") == ['"Odd table"']
    assert texts("select * from odd|") == ['"Odd table"']
    assert "deals" not in texts("select * from accounts d|")  # an alias is being written
    assert texts("select * from deals as d|") == []


def test_beginnings_come_before_parts_and_those_before_the_middle() -> None:
    assert texts("select st| from deals")[:1] == ["strftime("]
    assert texts("select stage| from deals") == ["deal_stage"]
    assert [c.kind for c in offered("select mou| from deals")] == ["column"]


def test_keywords_are_written_as_one_writes() -> None:
    assert texts("sel|") == ["select"]
    assert texts("SEL|") == ["SELECT"]
    assert texts("select|") == []


@pytest.mark.parametrize(
    "text", ["select 'na|'", "select 'na|", "-- na|", "/* na| */", "select 1|", "select |", 'select "na|', "select x.|"]
)
def test_nothing_is_offered_where_nothing_is_known(text: str) -> None:
    assert texts(text) == []


def test_names_are_quoted_where_they_must_be() -> None:
    assert texts('select o.| from "Odd table" o') == ['"order"', '"say ""hi"""']


def test_other_languages_complete_names() -> None:
    assert texts("dea|", OWN) == ["deals", "deal_stage"]
    assert texts("deals where deal_s|", OWN) == ["deal_stage"]


def _place(query: str) -> str | None:
    """The text at which SQLite's own message points."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE deals (name)")
    with pytest.raises(sqlite3.Error) as caught:
        database.execute(query)
    place = place_of(query, f"SQL: {caught.value}.")
    database.close()
    return query[place[0] : place[1]] if place else None


def test_where_sqlite_gave_up() -> None:
    assert _place("selec 1") == "selec"
    assert _place("select naem from deals") == "naem"
    assert _place("select d.naem, name from deals d") == "d.naem"
    assert _place("select foo(1)") == "foo"
    assert _place("select * from dael") == "dael"
    assert _place("select name from") is None


def test_the_second_of_two_is_found() -> None:
    query = "select name, 1 from deals where name, 2"
    assert place_of(query, 'SQL: near ",": syntax error.') == (query.rindex(","), query.rindex(",") + 1)


def test_where_postgresql_points() -> None:
    query = "select 1,\n  deal_stag from x"
    message = 'column "deal_stag" does not exist\nline 2:   deal_stag from x\n          ^'
    place = place_of(query, message)
    assert place is not None
    assert query[place[0] : place[1]] == "deal_stag"
    assert place_of(query, "line 9: x\n        ^") is None
    assert place_of(query, "out of time") is None


def test_what_was_meant() -> None:
    assert meant("SQL: no such column: d.naem.", NAMES) == "Did you mean name?"
    assert meant("SQL: no such column: zzz.", NAMES) == ""
    assert meant("something else", NAMES) == ""


@pytest.mark.parametrize(
    ("query", "table"),
    [
        ("select * from deals where amount > 1 order by 2", "deals"),
        ("select id, name from accounts", "accounts"),
        ("select d.id from deals d join accounts a on 1", None),
        ("select id from deals, accounts", None),
        ("select stage, max(id) as id from deals group by 1", None),
        ("select id from deals union select id from accounts", None),
        ("select 1 as id", None),
    ],
)
def test_whose_records_the_rows_are(query: str, table: str | None) -> None:
    found = only_table(query, NAMES)
    assert (found.label if found else None) == table
