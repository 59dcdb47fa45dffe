"""`revtops traffic`: what was exchanged with connected systems, as it was recorded."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revtops_tui.cli.console import Console
from revtops_tui.cli.numbers import count
from revtops_tui.cli.parsing import Parser
from revtops_tui.engine.errors import EngineError

if TYPE_CHECKING:
    from revtops_tui.engine.traffic import Exchange, Log, Summary
    from revtops_tui.engine.workspace import Workspace

VERBS = {
    "list": "the newest",
    "show": "one of them, whole",
    "export": "into a HAR file",
    "tail": "follow what comes",
    "clear": "forget all",
}
_LOOK = 0.5
"""Seconds between two looks for news."""
_EXPORTED = 10_000


def add_traffic(parser: Parser) -> None:
    parser.teach(
        "HTTP exchanges with connected systems, secrets masked before they were kept. The app and whatever runs "
        "by itself keep them; `revtops sync` does with --record. A filter has words like system:hubspot, status:>=400, "
        "path:/crm, run:12, ms:>500, since:1h, body:~text, record:deals/7, err, changes, waited, marked; any other "
        "word stands in the address.",
        ("revtops traffic", "the newest"),
        ("revtops traffic system:hubspot err", "what HubSpot refused, or did not answer"),
        ("revtops traffic record:deals/7", "what brought row 7 of deals"),
        ("revtops traffic show 12", "one exchange, whole"),
        ("revtops traffic show 12 --curl", "as a command that repeats it; you fill in the secrets"),
        ("revtops traffic export march.har since:2026-03-01", "for browsers and other inspectors"),
        ("revtops traffic tail err", "follow what comes, until Ctrl-C"),
        ("revtops traffic clear", "forget all of the organization's"),
    )
    parser.add_argument(
        "exchanges", nargs="*", metavar="WORD", help="show ID, export FILE, tail, clear, or list; then the filter"
    )
    parser.add_argument("--limit", type=count, default=50, metavar="N", help="how many at most (50)")
    parser.add_argument("--curl", action="store_true", help="for show: as a curl command, without secrets")
    parser.set_defaults(run=traffic)


def traffic(options: Namespace, ws: Workspace, console: Console) -> int:
    words = options.exchanges
    verb, *rest = words if words and words[0] in VERBS else ("list", *words)
    if verb == "show":
        return _show(ws, console, rest, as_command=options.curl)
    if verb == "export":
        return _export(ws, console, rest)
    if verb == "clear":
        return _clear(ws, console, rest)
    return _tail(ws, console, " ".join(rest)) if verb == "tail" else _list(ws, console, " ".join(rest), options.limit)


def _list(ws: Workspace, console: Console, text: str, limit: int) -> int:
    from revtops_tui.engine.traffic import exchanges

    found = exchanges(ws, text, limit=limit)
    if console.as_json:
        console.document([asdict(one) for one in found])
    elif found:
        console.table(
            ("id", "at", "connection", "method", "status", "ms", "waited", "bytes", "address"),
            [_row(one) for one in found],
        )
    else:
        console.say("Nothing that was recorded passes the filter." if text else "Nothing was recorded yet.")
    return 0


def _row(one: Summary) -> tuple[Any, ...]:
    from store.clock import moment_of

    began = f"{moment_of(one.started_at).astimezone():%Y-%m-%d %H:%M:%S}"
    waited = f"{one.waited:.1f} s" if one.waited else ""
    again = f" (attempt {one.attempt})" if one.attempt > 1 else ""
    status = one.status or "none"
    address = f"{one.url}{again}{f': {one.error}' if one.error else ''}"
    return (
        one.id,
        began,
        one.selector,
        one.method,
        status,
        f"{one.seconds * 1000:.0f}",
        waited,
        one.response_size,
        address,
    )


def _show(ws: Workspace, console: Console, words: Sequence[str], *, as_command: bool) -> int:
    from revtops_tui.engine.traffic import exchange

    if len(words) != 1 or not words[0].isdecimal():
        raise EngineError("usage", "Which exchange?", hint="revtops traffic show ID; revtops traffic lists them.")
    found = exchange(ws, int(words[0]))
    if as_command:
        from revtops_tui.engine.curl import as_curl

        command = as_curl(found)
        if console.as_json:
            console.document({"curl": command})
        else:
            for line in command.split("\n"):
                console.line(line)
    elif console.as_json:
        console.document(_document(found))
    else:
        _write(found, console)
    return 0


def _document(found: Exchange) -> dict[str, Any]:
    contents = found.contents
    return {
        **asdict(found.summary),
        "request_headers": contents.request_headers,
        "request_body": _text(contents.request_body),
        "response_headers": contents.response_headers,
        "response_body": _text(contents.response_body),
        "attempts": [one.id for one in found.attempts],
    }


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode("utf-8", "replace")


def _write(found: Exchange, console: Console) -> None:
    summary, contents = found.summary, found.contents
    console.heading(f"{summary.method} {summary.url}")
    for name, value in contents.request_headers.items():
        console.line(f"{name}: {value}")
    _write_body(contents.request_body, console)
    waited = f", waited {summary.waited:.1f} s" if summary.waited else ""
    console.heading(f"{summary.status or summary.error}  {summary.seconds * 1000:.0f} ms{waited}")
    for name, value in contents.response_headers.items():
        console.line(f"{name}: {value}")
    _write_body(contents.response_body, console)


def _write_body(body: bytes | None, console: Console) -> None:
    console.line()
    if body:
        for line in _laid_out(body).split("\n"):
            console.line(line)
        console.line()


def _laid_out(body: bytes) -> str:
    import orjson

    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _export(ws: Workspace, console: Console, words: Sequence[str]) -> int:
    from revtops_tui.engine.har import export_har
    from revtops_tui.engine.traffic import exchanges

    if not words:
        raise EngineError("usage", "Into which file?", hint="revtops traffic export FILE.har [FILTER]")
    file, *words = words
    count = export_har(ws, Path(file), exchanges(ws, " ".join(words), limit=_EXPORTED))
    if console.as_json:
        console.document({"file": file, "exchanges": count})
    else:
        console.say(f"{count} exchanges are in {file}.")
    return 0


def _clear(ws: Workspace, console: Console, words: Sequence[str]) -> int:
    from revtops_tui.engine.traffic import clear

    if words:
        raise EngineError("usage", "clear forgets everything; it takes no filter.", hint="revtops traffic clear")
    count = clear(ws)
    if console.as_json:
        console.document({"forgotten": count})
    else:
        console.say(f"{count} exchanges were forgotten.")
    return 0


def _tail(ws: Workspace, console: Console, text: str) -> int:
    """Tell each exchange as it comes, until somebody interrupts; with --json, one line of JSON for each."""
    from revtops_tui.engine.traffic import Log

    log = Log(ws, text)
    log.catch_up()
    last = max(log.ids(0, log.count), default=0)
    console.say("Following what comes; Ctrl-C ends it.", "dim")
    try:
        while True:
            if log.catch_up():
                last = _tell(log, last, console)
            time.sleep(_LOOK)
    except KeyboardInterrupt:
        return 0
    finally:
        log.close()


def _tell(log: Log, last: int, console: Console) -> int:
    from revtops_tui.engine.documents import to_json

    fresh = sorted(one for one in log.ids(0, log.count) if one > last)
    found = log.summaries(fresh)
    for one in fresh:
        if one not in found:
            continue
        if console.as_json:
            console.line(to_json(asdict(found[one]), indent=None))
        else:
            identity, began, selector, method, status, ms, waited, _, address = _row(found[one])
            held = f" after {waited}" if waited else ""
            console.line(f"{identity} {began[11:]} {selector} {method} {status} {ms} ms{held} {address}")
    return max([last, *fresh])


COMMANDS = {"traffic": add_traffic}
