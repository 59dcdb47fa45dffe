"""Reading times, measuring text, and keeping secrets out of the log."""

from __future__ import annotations

import argparse
import datetime as dt

import pytest

from revtops_tui import words
from revtops_tui.cli import text
from revtops_tui.cli.when import moment
from revtops_tui.engine.secrets import without_secrets


def local(*parts: int) -> dt.datetime:
    return dt.datetime(*parts).astimezone()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-01-31", local(2026, 1, 31)),
        ("2026-01-31T09:30", local(2026, 1, 31, 9, 30)),
        ("2026-01-31 09:30:15", local(2026, 1, 31, 9, 30, 15)),
        ("2026-01-31t09:30z", dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)),
        ("2026-01-31T09:30+02:00", dt.datetime(2026, 1, 31, 7, 30, tzinfo=dt.UTC)),
    ],
)
def test_a_moment(given: str, expected: dt.datetime) -> None:
    assert moment(given) == expected


@pytest.mark.parametrize(
    ("given", "ago"),
    [
        ("30m", dt.timedelta(minutes=30)),
        ("12h", dt.timedelta(hours=12)),
        ("7 D", dt.timedelta(days=7)),
        ("2w", dt.timedelta(weeks=2)),
    ],
)
def test_a_moment_ago(given: str, ago: dt.timedelta) -> None:
    before = dt.datetime.now(dt.UTC)
    found = moment(given)
    assert before - ago <= found <= dt.datetime.now(dt.UTC) - ago


def test_a_day_by_its_word() -> None:
    today, yesterday = moment("today"), moment("Yesterday")
    assert today.time() == yesterday.time() == dt.time()
    assert today.date() - yesterday.date() == dt.timedelta(days=1)
    assert today.tzinfo is not None


@pytest.mark.parametrize("given", ["", "soon", "7", "7x", "-7d", "999999w", "2026-02-30", "2999-01-01", "26-1-1"])
def test_what_is_no_past_moment(given: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"is no time|in the future"):
        moment(given)


def test_a_table_measures_cells() -> None:
    lines = text.columns(("name", "n"), [("日本", 1), ("e\u0301", 20), ("x", None)])
    assert lines == ["name   n", "日本   1", "e\u0301     20", "x"]


@pytest.mark.parametrize(
    ("width", "shown"), [(10, "日本語"), (6, "日本語"), (5, "日本…"), (4, "日…"), (1, "…"), (0, "")]
)
def test_fitting_wide_characters(width: int, shown: str) -> None:
    assert text.fit("日本語", width) == shown


def test_one_long_value_does_not_widen_every_row() -> None:
    lines = text.columns(("a", "b"), [("x" * 10_000, 1), ("y", 2)])
    assert lines[1] == "x" * 10_000 + "  1"
    assert len(lines[2]) < 200


def test_narrow_tables_give_every_column_its_room() -> None:
    lines = text.columns(("id", "text"), [(1, "x" * 200)], width=30)
    assert [len(line) for line in lines] == [8, 30]


@pytest.mark.parametrize(("seconds", "shown"), [(0.44, "0.4 s"), (12.9, "12 s"), (182, "3:02"), (3723, "1:02:03")])
def test_durations(seconds: float, shown: str) -> None:
    assert words.duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "just now"), (59, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (90_000, "1 d ago")],
)
def test_how_long_ago(seconds: int, shown: str) -> None:
    now = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
    assert text.ago(now - dt.timedelta(seconds=seconds), now) == shown
    assert text.ago(None, now) == "never"
    assert text.ago(now - dt.timedelta(days=60), now).startswith("2026-04-")


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer abc123def",
        '{"access_token": "abc123def"}',
        "{'api_key': 'abc123def'}",
        "password=abc123def&x=1",
        "GET https://user:abc123def@host/path",
        "https://host/?token=abc123def",
        "sent bearer abc123def",
        "REVTOPS_KEYRING_PASSPHRASE=abc123def",
        "Set-Cookie: abc123def",
        "client_secret = 'abc123def'",
    ],
)
def test_secrets_do_not_reach_the_log(line: str) -> None:
    assert "abc123def" not in without_secrets(line)


def test_other_text_reaches_the_log_as_it_is() -> None:
    line = "deals: KeyError 'amount' at https://api.example.com/deals?page=2 (the token was refused)"
    assert without_secrets(line) == line
