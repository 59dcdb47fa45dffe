"""`revtops schedule`, and what `revtops daemon install` tells."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, Shop


def test_a_schedule_is_set_shown_switched_and_removed(revtops: CommandLine, connected_shop: Shop) -> None:
    assert revtops("schedule", "--json").json == []
    assert "Nothing is synced by itself yet" in revtops("schedule").stderr
    made = revtops("schedule", "shop", "--every", "15m", "--jitter", "2m", "--zone", "Europe/Berlin", "--json")
    assert made.code == 0, made.stdout
    assert made.json | {"anchor": "", "next_due_at": ""} == {
        "slug": "shop",
        "name": "default",
        "organization_id": "default",
        "every": 900,
        "anchor": "",
        "cron": None,
        "jitter": 120,
        "quiet": None,
        "zone": "Europe/Berlin",
        "full_every": None,
        "enabled": True,
        "running": False,
        "next_due_at": "",
        "last_run_at": None,
        "last_status": None,
    }
    due = dt.datetime.fromisoformat(made.json["next_due_at"])
    assert due.utcoffset() == dt.timedelta()
    assert revtops("schedule", "--json").json == [made.json]
    assert revtops("schedule", "shop", "--json").json == made.json
    assert revtops("connections", "--json").json[0]["next_sync_at"] == made.json["next_due_at"]
    assert "in 1" in revtops("connections").stdout  # in 14 or 16 min
    listed = revtops("schedule").stdout
    assert "every 15m, up to 2m later" in listed
    assert f"{due:%Y-%m-%d %H:%M} UTC" in listed

    assert revtops("schedule", "shop", "--off", "--json").json["enabled"] is False
    assert "off" in revtops("schedule").stdout
    assert revtops("connections", "--json").json[0]["next_sync_at"] is None
    assert revtops("schedule", "shop", "--on", "--json").json["enabled"] is True
    assert revtops("schedule", "shop", "--remove", "--json").json == {"connection": "shop", "status": "removed"}
    gone = revtops("schedule", "shop", "--json")
    assert (gone.code, gone.json["error"]["kind"]) == (1, "not_found")


def test_a_cron_expression_with_everything(revtops: CommandLine, connected_shop: Shop) -> None:
    options = ("--cron", "0  9 * * 1-5", "--quiet", "22:00-06:00", "--full-every", "1w", "--zone", "Europe/Berlin")
    made = revtops("schedule", "shop", *options)
    assert made.code == 0
    assert made.stdout.startswith("shop: 0 9 * * 1-5, not 22:00-06:00, in full every 7d (Europe/Berlin); 2")
    assert "No daemon runs" in made.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--every", "15m"), "Which connection?"),
        (("--off",), "Which connection?"),
        (("shop", "--every", "15"), "no length of time"),
        (("shop", "--every", "1h", "--cron", "0 * * * *"), "either an interval or a cron expression"),
        (("shop", "--jitter", "2m"), "either an interval or a cron expression"),
        (("shop", "--cron", "every day"), "has not five fields"),
        (("shop", "--cron", "0 9 * * *", "--zone", "Berlin"), "no time zone 'Berlin'"),
        (("shop", "--cron", "0 9 * * *", "--quiet", "night"), "no span of the day"),
        (("shop", "--every", "1h", "--off"), "stand alone"),
        (("shop", "--on", "--off"), "not allowed with"),
    ],
)
def test_what_makes_no_sense_is_refused(
    revtops: CommandLine, connected_shop: Shop, arguments: tuple[str, ...], message: str
) -> None:
    refused = revtops("schedule", *arguments, "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (2, "usage")
    assert message in refused.json["error"]["message"]


def test_the_zone_is_this_machine_s_where_none_is_named(revtops: CommandLine, connected_shop: Shop) -> None:
    made = revtops("schedule", "shop", "--cron", "0 9 * * *", "--json", env={"TZ": "America/New_York"})
    assert made.json["zone"] == "America/New_York"
    assert dt.datetime.fromisoformat(made.json["next_due_at"]).hour in (13, 14)
    strange = revtops("schedule", "shop", "--cron", "0 9 * * *", "--json", env={"TZ": "EST5EDT4,M3.2.0,M11.1.0"})
    assert strange.code == 0


def test_installing_the_daemon_tells_how_to_switch_it_on(revtops: CommandLine, tmp_path: Path) -> None:
    here = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    made = revtops("daemon", "install", "--listen", "--port", "8123", "--json", env=here)
    assert (made.code, made.json["status"]) == (0, "installed")
    unit = Path(made.json["unit"])
    assert "--listen" in unit.read_text()
    assert "8123" in unit.read_text()
    assert made.json["next"]
    status = revtops("daemon", "status", "--json", env=here)
    assert (status.code, status.json["status"], status.json["unit"]) == (1, "stopped", str(unit))
    assert revtops("daemon", "uninstall", env=here).stdout == f"Removed {unit}.\n"
    assert revtops("daemon", "uninstall", env=here).code == 1
