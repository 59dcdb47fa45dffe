"""When a schedule is due: intervals, cron expressions, quiet hours and jitter, over both changes of the clocks."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from revtops_tui.engine.due import Quiet, Spec, checked, duration, next_due, quiet_hours
from revtops_tui.engine.errors import EngineError

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def at(text: str) -> dt.datetime:
    """`2026-03-29 00:30` in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def dues(spec: Spec, after: str, count: int, seed: str = "") -> list[str]:
    """The next due times, one after the other."""
    moment, found = at(after), []
    for _ in range(count):
        moment = next_due(spec, moment, seed=seed)
        assert moment.tzinfo is dt.UTC
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


def cron(expression: str, zone: str = "UTC", quiet: str = "", jitter: str = "") -> Spec:
    length = duration(jitter) if jitter else dt.timedelta()
    return checked(Spec(zone, cron=expression, quiet=quiet_hours(quiet) if quiet else None, jitter=length))


def every(text: str, anchor: str = "2026-01-01 00:00", **options: str) -> Spec:
    spec = Spec(options.get("zone", "UTC"), every=duration(text), anchor=at(anchor))
    return checked(replace(spec, quiet=quiet_hours(options["quiet"]) if "quiet" in options else None))


# -- intervals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "anchor", "after", "expected"),
    [
        ("15m", "2026-01-01 00:00", "2026-01-01 00:00", "2026-01-01 00:15"),
        ("15m", "2026-01-01 00:00", "2026-01-01 00:14:59", "2026-01-01 00:15"),
        ("15m", "2026-01-01 00:00", "2026-01-01 00:15:00.5", "2026-01-01 00:30"),
        ("15m", "2026-01-01 00:07", "2026-01-01 09:30", "2026-01-01 09:37"),  # counted from when it was set
        ("1d", "2026-01-01 08:20", "2026-02-28 08:20", "2026-03-01 08:20"),
        ("7d", "2026-01-01 08:20", "2026-01-09 00:00", "2026-01-15 08:20"),
        ("15m", "2026-01-01 00:00", "2030-06-01 10:01", "2030-06-01 10:15"),  # years later: the next one, not all
    ],
)
def test_an_interval(text: str, anchor: str, after: str, expected: str) -> None:
    assert dues(every(text, anchor), after, 1) == [expected]


def test_an_interval_is_elapsed_time_whatever_the_clocks_do() -> None:
    spec = every("1h", zone=BERLIN)
    assert dues(spec, "2026-10-25 00:00", 3) == ["2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 03:00"]
    assert dues(spec, "2026-03-29 00:00", 3) == ["2026-03-29 01:00", "2026-03-29 02:00", "2026-03-29 03:00"]


# -- cron expressions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("*/15 8-18 * * 1-5", "2026-11-23 08:00", ["2026-11-23 08:15", "2026-11-23 08:30"]),
        ("*/15 8-18 * * 1-5", "2026-11-20 18:45", ["2026-11-23 08:00", "2026-11-23 08:15"]),  # over the weekend
        ("0 3 1 * *", "2026-01-01 03:00", ["2026-02-01 03:00", "2026-03-01 03:00"]),
        ("0 3 31 * *", "2026-01-31 03:00", ["2026-03-31 03:00", "2026-05-31 03:00"]),  # only months that have one
        ("0 3 30 * *", "2026-01-30 03:00", ["2026-03-30 03:00", "2026-04-30 03:00"]),
        ("0 0 29 2 *", "2026-01-01 00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 0 L * *", "2027-12-31 00:00", ["2028-01-31 00:00", "2028-02-29 00:00"]),  # the last day of a month
        ("30 23 31 12 *", "2026-12-31 23:30", ["2027-12-31 23:30", "2028-12-31 23:30"]),
        ("0 9 * * MON", "2026-11-23 09:00", ["2026-11-30 09:00", "2026-12-07 09:00"]),
        ("0 9 * * 7", "2026-11-23 09:00", ["2026-11-29 09:00", "2026-12-06 09:00"]),  # 0 and 7 are Sunday
        ("0 9 13 * 5", "2026-02-01 00:00", ["2026-02-06 09:00", "2026-02-13 09:00"]),  # either, as cron has it
        ("  0   9  *  *  * ", "2026-11-23 09:00", ["2026-11-24 09:00", "2026-11-25 09:00"]),
    ],
)
def test_a_cron_expression(expression: str, after: str, expected: list[str]) -> None:
    assert dues(cron(expression), after, 2) == expected


def test_wall_times_keep_to_the_clocks_of_their_zone() -> None:
    assert dues(cron("0 9 * * *", BERLIN), "2026-03-27 12:00", 3) == [
        "2026-03-28 08:00",
        "2026-03-29 07:00",
        "2026-03-30 07:00",
    ]
    assert dues(cron("0 9 * * *", NEW_YORK), "2026-10-31 12:00", 3) == [
        "2026-10-31 13:00",
        "2026-11-01 14:00",
        "2026-11-02 14:00",
    ]


SPRING = [
    # Berlin leaps from 02:00 to 03:00 at 01:00 UTC on 2026-03-29, New York at 07:00 UTC on 2026-03-08.
    (BERLIN, "30 2 * * *", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:30"]),
    (BERLIN, "0 2 * * *", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:00"]),
    (BERLIN, "59 2 * * *", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:59"]),
    (BERLIN, "0 3 * * *", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 01:00"]),
    (BERLIN, "*/15 2 * * *", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:00"]),  # four in the gap are one
    (BERLIN, "30 1-3 * * *", "2026-03-29 00:00", ["2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30"]),
    (BERLIN, "0 */2 * * *", "2026-03-28 23:00", ["2026-03-29 01:00", "2026-03-29 02:00"]),
    (BERLIN, "0 0-22/2 * * *", "2026-03-28 23:00", ["2026-03-29 01:00", "2026-03-29 02:00"]),
    (BERLIN, "30 * * * *", "2026-03-29 00:00", ["2026-03-29 00:30", "2026-03-29 01:30", "2026-03-29 02:30"]),
    (BERLIN, "30 0-23 * * *", "2026-03-29 00:00", ["2026-03-29 00:30", "2026-03-29 01:30", "2026-03-29 02:30"]),
    (BERLIN, "*/30 * * * *", "2026-03-29 00:00", ["2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30"]),
    (NEW_YORK, "30 2 * * *", "2026-03-07 12:00", ["2026-03-08 07:00", "2026-03-09 06:30"]),
    (NEW_YORK, "15 1,2,3 * * *", "2026-03-08 05:00", ["2026-03-08 06:15", "2026-03-08 07:00", "2026-03-08 07:15"]),
]

AUTUMN = [
    # Berlin goes back from 03:00 to 02:00 at 01:00 UTC on 2026-10-25, New York to 01:00 at 06:00 UTC on 2026-11-01.
    (BERLIN, "30 2 * * *", "2026-10-24 12:00", ["2026-10-25 00:30", "2026-10-26 01:30"]),
    (BERLIN, "0 2 * * *", "2026-10-24 12:00", ["2026-10-25 00:00", "2026-10-26 01:00"]),
    (BERLIN, "0 3 * * *", "2026-10-24 12:00", ["2026-10-25 02:00", "2026-10-26 02:00"]),
    (BERLIN, "*/30 2 * * *", "2026-10-24 12:00", ["2026-10-25 00:00", "2026-10-25 00:30", "2026-10-26 01:00"]),
    (BERLIN, "30 2 * * *", "2026-10-25 01:10", ["2026-10-26 01:30"]),  # asked for within the second hour
    (BERLIN, "0 */2 * * *", "2026-10-24 23:00", ["2026-10-25 00:00", "2026-10-25 03:00"]),
    (BERLIN, "30 * * * *", "2026-10-25 00:00", ["2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"]),
    (BERLIN, "30 0-23 * * *", "2026-10-25 00:00", ["2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"]),
    (BERLIN, "*/30 * * * *", "2026-10-25 00:15", ["2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30"]),
    (NEW_YORK, "30 1 * * *", "2026-10-31 12:00", ["2026-11-01 05:30", "2026-11-02 06:30"]),
    (NEW_YORK, "0 0,1,2 * * *", "2026-11-01 03:00", ["2026-11-01 04:00", "2026-11-01 05:00", "2026-11-01 07:00"]),
]


@pytest.mark.parametrize(("zone", "expression", "after", "expected"), SPRING)
def test_what_does_not_exist_is_due_at_the_first_moment_after_the_gap(
    zone: str, expression: str, after: str, expected: list[str]
) -> None:
    assert dues(cron(expression, zone), after, len(expected)) == expected


@pytest.mark.parametrize(("zone", "expression", "after", "expected"), AUTUMN)
def test_what_exists_twice_is_due_once(zone: str, expression: str, after: str, expected: list[str]) -> None:
    assert dues(cron(expression, zone), after, len(expected)) == expected


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia"])
@pytest.mark.parametrize("expression", ["30 2 * * *", "15 0 * * *", "45 1 * * *", "10 23 * * *"])
def test_a_daily_time_comes_once_on_every_day_of_a_year(zone: str, expression: str) -> None:
    spec, moment, days = cron(expression, zone), at("2026-01-01 12:00"), []
    while moment < at("2027-01-01 00:00"):
        moment = next_due(spec, moment)
        days.append(moment.astimezone(ZoneInfo(zone)).date())
    assert days == [days[0] + dt.timedelta(n) for n in range(len(days))]


# -- quiet hours and jitter --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "after", "expected"),
    [
        # Over midnight: the last before, then one at the end of the night for all that fell into it.
        (cron("*/30 * * * *", quiet="22:00-06:00"), "2026-11-23 21:00", ["2026-11-23 21:30", "2026-11-24 06:00"]),
        (cron("*/30 * * * *", quiet="22:00-06:00"), "2026-11-24 06:00", ["2026-11-24 06:30"]),
        (cron("0 23 * * *", quiet="22:00-06:00"), "2026-11-23 12:00", ["2026-11-24 06:00", "2026-11-25 06:00"]),
        (cron("0 22 * * *", quiet="22:00-06:00"), "2026-11-23 12:00", ["2026-11-24 06:00"]),
        (cron("0 6 * * *", quiet="22:00-06:00"), "2026-11-23 12:00", ["2026-11-24 06:00"]),
        (cron("0 12 * * *", quiet="09:00-17:00"), "2026-11-23 00:00", ["2026-11-23 17:00", "2026-11-24 17:00"]),
        (cron("0 23 31 12 *", quiet="22:00-06:00"), "2026-11-23 12:00", ["2027-01-01 06:00"]),
        (every("20m", quiet="22:00-06:10"), "2026-11-23 21:40", ["2026-11-24 06:10", "2026-11-24 06:20"]),
        # On the clocks of the zone: 22:00 to 06:00 in Berlin is 21:00 to 05:00 UTC in winter.
        (every("1h", quiet="22:00-06:00", zone=BERLIN), "2026-11-23 20:00", ["2026-11-24 05:00"]),
        (every("1h", quiet="22:00-06:00", zone=BERLIN), "2026-03-28 20:00", ["2026-03-29 04:00"]),
        (every("1h", quiet="22:00-06:00", zone=BERLIN), "2026-10-24 19:30", ["2026-10-25 05:00"]),
        # An end that does not exist is the end of the gap; one that exists twice ends the quiet twice.
        (every("1h", quiet="22:00-02:30", zone=BERLIN), "2026-03-28 20:00", ["2026-03-29 01:00"]),
        (every("1h", quiet="22:00-02:30", zone=BERLIN), "2026-10-24 19:30", ["2026-10-25 00:30", "2026-10-25 01:30"]),
    ],
)
def test_nothing_starts_in_quiet_hours(spec: Spec, after: str, expected: list[str]) -> None:
    assert dues(spec, after, len(expected)) == expected


def test_jitter_is_the_same_each_time_and_another_for_each_connection_and_due_time() -> None:
    spec = cron("0 * * * *", jitter="10m")
    assert dues(spec, "2026-11-23 00:00", 24, "1") == dues(spec, "2026-11-23 00:00", 24, "1")
    offsets = [moment.partition(":")[2] for moment in dues(spec, "2026-11-23 00:00", 24, "1")]
    assert len(set(offsets)) > 3
    assert all(0 <= int(minute) < 10 for minute in offsets)
    assert dues(spec, "2026-11-23 00:00", 24, "1") != dues(spec, "2026-11-23 00:00", 24, "2")


def test_jitter_is_a_known_one() -> None:
    """Every version and every machine has to find the same, or two of them would run one due time twice."""
    due = next_due(cron("0 * * * *", jitter="10m"), at("2026-11-23 08:00"), seed="7")
    assert due == at("2026-11-23 09:00") + dt.timedelta(minutes=6, seconds=29)


def test_jitter_does_not_lead_into_quiet_hours_or_put_all_at_their_end() -> None:
    spec = cron("59 21 * * *", quiet="22:00-06:00", jitter="50m")
    moments = {next_due(spec, at("2026-11-23 12:00"), seed=str(n)) for n in range(20)}
    assert len(moments) > 10
    assert not any(Quiet(dt.time(22), dt.time(6)).covers(moment.time()) for moment in moments)


def test_jitter_never_makes_a_due_time_come_again() -> None:
    spec = every("1m")
    spec = checked(replace(spec, jitter=duration("1m")))
    moments = dues(spec, "2026-11-23 00:00", 100, "1")
    assert moments == sorted(set(moments))


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Spec("UTC"), "either an interval or a cron expression"),
        (Spec("UTC", every=dt.timedelta(hours=1), cron="0 * * * *"), "either an interval or a cron expression"),
        (Spec("UTC", every=dt.timedelta(seconds=30)), "once a minute at most"),
        (Spec("UTC", every=dt.timedelta(minutes=5), jitter=dt.timedelta(minutes=6)), "jitter is too long"),
        (Spec("UTC", cron="0 * * * *", jitter=dt.timedelta(hours=2)), "jitter is too long"),
        (Spec("Europe/Berlinn", cron="0 * * * *"), "no time zone 'Europe/Berlinn'"),
        (Spec("../../etc/passwd", cron="0 * * * *"), "no time zone"),
        (Spec("", cron="0 * * * *"), "no time zone"),
        (Spec("UTC", cron="0 * * *"), "has not five fields"),
        (Spec("UTC", cron="0 0 * * * *"), "has not five fields"),  # seconds in front: another dialect
        (Spec("UTC", cron="61 * * * *"), "no cron expression: Bad minute"),
        (Spec("UTC", cron="0 25 * * *"), "no cron expression: Bad hour"),
        (Spec("UTC", cron="0 0 30 2 *"), "no cron expression: Bad day-of-month"),
        (Spec("UTC", cron="0 0 * * 8"), "no cron expression: Bad day-of-week"),
        (Spec("UTC", cron="0 0 */31 * MON#5"), "never comes"),  # the first of a month that is its fifth Monday
        (Spec("UTC", cron="\x1b[2J * * * *"), "no cron expression"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(spec: Spec, message: str) -> None:
    with pytest.raises(EngineError) as caught:
        checked(spec)
    assert message in caught.value.message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["", "15", "m", "0m", "-1h", "1.5h", "15 minutes", "9999d", "1000000d"])
def test_a_text_that_is_no_length_of_time(text: str) -> None:
    with pytest.raises(EngineError, match="no length of time"):
        duration(text)


@pytest.mark.parametrize("text", ["", "22", "22:00", "24:00-06:00", "22:60-06:00", "22:00-22:00", "22:00-06:00-07:00"])
def test_a_text_that_is_no_span_of_the_day(text: str) -> None:
    with pytest.raises(EngineError, match="no span of the day"):
        quiet_hours(text)


@pytest.mark.parametrize(
    "spec",
    [
        every("15m", "2026-01-01 00:07"),
        cron("0 9 * * 1-5", BERLIN, quiet="22:00-06:00", jitter="2m"),
        replace(every("1d"), full_every=dt.timedelta(days=7)),
    ],
)
def test_what_is_stored_is_what_was_meant(spec: Spec) -> None:
    assert Spec.of(spec.document()) == spec
