"""One exchange for the eye: its line in the list, and the pages beside its bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.line import Line
from revtops_tui.tui.widgets.sheet import Paper
from revtops_tui.words import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.style import Style

    from revtops_tui.engine.traffic import Exchange, Summary

_BAR = 40
_NAMED, _SIZED = 60, 84
"""Cells from which on a line has the connection's name, and the answer's size."""
_NAMES = 22


def duration(seconds: float) -> str:
    """Seconds in one short word: `8 ms`, `1.2 s`, `75 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def size(count: int | None) -> str:
    """Bytes in one short word: `812 B`, `48 kB`, `5.0 MB`."""
    if count is None:
        return ""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def tone_of(exchange: Summary) -> str:
    """good, bad or busy (it was refused for a while, and asked again)."""
    if exchange.status == 429 or (exchange.status or 0) in range(300, 400):
        return "busy"
    return "bad" if exchange.status is None or exchange.status >= 400 else "good"


def clock(exchange: Summary) -> str:
    """When it began, here."""
    from revtops_tui.engine.traffic import began

    return f"{began(exchange).astimezone():%H:%M:%S}"


def address(exchange: Summary) -> str:
    """Path and query, without the host that the connection says."""
    parts = urlsplit(exchange.url)
    return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def list_line(
    line: Line, exchange: Summary, width: int, ink: Callable[[str], Style], *, follows: bool, names_system: bool
) -> None:
    """Write an exchange's line. `follows`: it stands under an earlier attempt of its request."""
    mark = ("★", "mark") if exchange.marked else ("⚠", "busy") if exchange.may_change else (" ", "note")
    line.cell(mark[0], 2, ink(mark[1])).cell(clock(exchange), 9, ink("note"))
    line.cell(exchange.method, 5).cell(str(exchange.status or "—"), 4, ink(tone_of(exchange)))
    line.cell(duration(exchange.seconds), 6, ink("note"), right=True)
    if width >= _SIZED:
        line.cell(size(exchange.response_size), 7, ink("note"), right=True)
    line.add(" ")
    if width >= _NAMED and names_system:
        line.cell(plain(exchange.selector), 9).add(" ")
    room = width - line.width
    if follows:
        line.cell(f"└ again after {duration(exchange.waited)}", room, ink("busy"))
        return
    held = f"+{duration(exchange.waited)} " if exchange.waited else ""
    line.cell(held, len(held), ink("busy"))
    line.cell(plain(exchange.error or address(exchange)), width - line.width, ink("bad") if exchange.error else None)


def title_of(exchange: Summary) -> str:
    """What stands over its details."""
    left = f" · {exchange.budget:,} left" if exchange.budget is not None else ""
    held = f" · waited {duration(exchange.waited)}" if exchange.waited else ""
    return (
        f"#{exchange.id} {exchange.method} {exchange.status or 'no answer'} · {duration(exchange.seconds)}{held}{left}"
    )


def write_headers(width: int, exchange: Exchange) -> Paper:
    """The address taken apart, and the headers both ways."""
    paper, parts = Paper(width), urlsplit(exchange.summary.url)
    paper.line((f"{exchange.summary.method} ", "title")).text(f"{parts.scheme}://{parts.netloc}{parts.path}")
    if parts.query:
        paper.heading("Parameters")
        _pairs(paper, dict(parse_qsl(parts.query, keep_blank_values=True)))
    paper.heading("Sent")
    _pairs(paper, exchange.contents.request_headers)
    paper.heading("Answered", str(exchange.summary.status or exchange.summary.error or ""))
    _pairs(paper, exchange.contents.response_headers)
    return paper


def _pairs(paper: Paper, pairs: Mapping[str, str]) -> None:
    names = min(max(map(len, pairs), default=0), _NAMES, paper.width // 2)
    for name, value in pairs.items():
        label = plain(name, 60)
        masked = value == "***"
        if len(label) > names:
            paper.line((label, "key")).text(value, "muted" if masked else "", indent=2)
            continue
        wrapped = Paper(paper.width - names - 2).text(value, "muted" if masked else "").lines
        paper.lines.append(((label.ljust(names + 2), "key"), *wrapped[0]))
        paper.lines += [((" " * (names + 2), ""), *line) for line in wrapped[1:]]


def write_timing(width: int, exchange: Exchange) -> Paper:
    """When and for what it was made, each attempt with its wait, and what the vendor says is left."""
    paper, summary = Paper(width), exchange.summary
    began = exchange.started_at.astimezone()
    for_what = _purpose(summary)
    sent, answered = (size(count) or "nothing" for count in (summary.request_size, summary.response_size))
    _pairs(
        paper,
        {
            "Began": f"{began:%Y-%m-%d %H:%M:%S}.{began.microsecond // 1000:03}",
            "Took": f"{duration(summary.seconds)} to the last byte",
            "System": f"{summary.selector}  {for_what}".rstrip(),
            "Bodies": f"{sent} sent, {answered} answered",
        },
    )
    if summary.may_change:
        paper.line(("⚠ ", "busy"), "It may have changed something there.")
    if summary.error:
        paper.blank().text(summary.error, "bad")
    _attempts(paper, exchange)
    _budget(paper, exchange.contents.response_headers)
    return paper


def _purpose(summary: Summary) -> str:
    words = [
        f"run {summary.run_id}" if summary.run_id else "",
        f"ledger {summary.ledger_id}" if summary.ledger_id else "",
    ]
    return ", ".join(word for word in (*words, summary.entity or "") if word)


def _attempts(paper: Paper, exchange: Exchange) -> None:
    paper.heading("Attempts", plural(len(exchange.attempts), "attempt"))
    longest = max(one.waited + one.seconds for one in exchange.attempts) or 1.0
    room = max(4, min(_BAR, paper.width - 32))
    for one in exchange.attempts:
        waited, took = (round(part / longest * room) for part in (one.waited, one.seconds))
        bars = ("░" * waited, "busy"), ("█" * max(took, 1), tone_of(one))
        name = f"{'▸' if one.id == exchange.summary.id else ' '}{one.attempt} {one.status or '—'!s:>4} "
        paper.line((name, "key"), *bars, (f" {_spent(one)}", "muted"))


def _spent(one: Summary) -> str:
    return f"{duration(one.waited)} waiting, {duration(one.seconds)}" if one.waited else duration(one.seconds)


def _budget(paper: Paper, headers: Mapping[str, str]) -> None:
    stated = {name: value for name, value in headers.items() if "ratelimit" in name or name == "retry-after"}
    paper.heading("Budget")
    if stated:
        _pairs(paper, stated)
    else:
        paper.text("The answer states no limit.", "muted")
