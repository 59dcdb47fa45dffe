"""`revtops schedule`: connections that are synced by themselves."""

from __future__ import annotations

import datetime as dt
from argparse import Namespace
from dataclasses import replace
from typing import Any

from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.text import ago
from revtops_tui.engine import schedules as engine
from revtops_tui.engine.due import Spec, duration, quiet_hours
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.locks import daemon_holder
from revtops_tui.engine.schedules import ScheduleInfo
from revtops_tui.engine.workspace import Workspace
from revtops_tui.engine.zones import local_zone
from store.clock import now

_OF_A_SPEC = ("every", "cron", "jitter", "quiet", "zone", "full_every")


def add_schedule(parser: Parser) -> None:
    parser.teach(
        "Have a connection synced by itself: after an interval, or at the times of a cron expression. `revtops daemon` "
        "runs what is due; what was missed while none ran is caught up by one sync. Without options it lists.",
        ("revtops schedule", "all of them, and when each is due next"),
        ("revtops schedule hubspot --every 15m --jitter 2m", "every quarter of an hour, give or take"),
        ('revtops schedule hubspot --cron "*/15 8-18 * * 1-5" --zone Europe/Berlin', "in office hours"),
        ("revtops schedule slack --every 5m --quiet 22:00-06:00", "and at night not at all"),
        ("revtops schedule linear --every 1h --full-every 7d", "once a week everything: that notices deletes"),
        ("revtops schedule hubspot --off", "for a while; --on goes on, --remove forgets it"),
    )
    parser.add_argument("connection", nargs="?", metavar="SLUG", help="which connection: its slug, or slug:name")
    parser.add_argument("--every", metavar="TIME", help="so long after each other: 15m, 2h, 1d")
    parser.add_argument("--cron", metavar="EXPR", help="minute, hour, day of month, month, day of week")
    parser.add_argument("--jitter", metavar="TIME", help="up to that much later, so that not all start at once")
    parser.add_argument("--quiet", metavar="FROM-TO", help="start nothing then: 22:00-06:00")
    parser.add_argument("--zone", metavar="ZONE", help="whose clocks are meant (default: this machine's)")
    parser.add_argument("--full-every", metavar="TIME", help="a full sync when the last one is so long ago")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--on", action="store_true", help="switch it on again")
    what.add_argument("--off", action="store_true", help="switch it off and keep it")
    what.add_argument("--remove", action="store_true", help="forget it")
    parser.set_defaults(run=schedule)


def schedule(options: Namespace, ws: Workspace, console: Console) -> int:
    given = [name for name in _OF_A_SPEC if getattr(options, name) is not None]
    switched = options.on or options.off or options.remove
    if options.connection is None and (given or switched):
        raise EngineError("usage", "Which connection?", hint="revtops schedule SLUG …")
    if given and switched:
        raise EngineError("usage", "--on, --off and --remove stand alone.", hint="revtops schedule SLUG --off")
    if options.connection is None:
        return _list(engine.schedules(ws), console)
    if options.remove:
        return _remove(options.connection, ws, console)
    if given:
        info = engine.set_schedule(ws, options.connection, _spec(options))
    elif switched:
        info = engine.switch_schedule(ws, options.connection, enabled=options.on)
    else:
        info = engine.schedule(ws, options.connection)
    _show(info, console)
    if (given or options.on) and daemon_holder(ws.home) is None:
        console.say("No daemon runs that would heed it: revtops daemon, or revtops daemon install", "yellow")
    return 0


def _spec(options: Namespace) -> Spec:
    """What the options ask for. An interval counts from now."""
    spec = Spec(
        options.zone or local_zone(),
        every=duration(options.every) if options.every else None,
        anchor=now().replace(microsecond=0) if options.every else None,
        cron=options.cron,
        quiet=quiet_hours(options.quiet) if options.quiet else None,
        full_every=duration(options.full_every) if options.full_every else None,
    )
    return replace(spec, jitter=duration(options.jitter)) if options.jitter else spec


def _remove(selector: str, ws: Workspace, console: Console) -> int:
    engine.remove_schedule(ws, selector)
    if console.as_json:
        console.document({"connection": selector, "status": "removed"})
    else:
        console.line(f"{selector} is no longer synced by itself.")
    return 0


def _list(found: list[ScheduleInfo], console: Console) -> int:
    if console.as_json:
        console.document([_document(info) for info in found])
    elif not found:
        console.say("Nothing is synced by itself yet: revtops schedule SLUG --every 15m")
    else:
        moment = now()
        console.table(
            ("connection", "schedule", "next due", "last run", ""),
            [(i.selector, str(i.spec), _next(i), ago(i.last_run_at, moment), i.last_status or "") for i in found],
        )
    return 0


def _show(info: ScheduleInfo, console: Console) -> None:
    if console.as_json:
        console.document(_document(info))
    else:
        console.line(f"{info.selector}: {info.spec}; {_next(info)}")


def _next(info: ScheduleInfo) -> str:
    if not info.enabled:
        return "off"
    return "running" if info.running else moment_text(info.next_due_at)


def moment_text(moment: dt.datetime) -> str:
    """`2026-11-23 08:15 UTC`."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def _document(info: ScheduleInfo) -> dict[str, Any]:
    return {
        "slug": info.slug,
        "name": info.name,
        "organization_id": info.organization_id,
        **info.spec.document(),
        "enabled": info.enabled,
        "running": info.running,
        "next_due_at": info.next_due_at,
        "last_run_at": info.last_run_at,
        "last_status": info.last_status,
    }


COMMANDS = {"schedule": add_schedule}
