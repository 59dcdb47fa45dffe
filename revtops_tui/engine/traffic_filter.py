"""The words that filter the traffic: `system:hubspot status:>=400 path:/crm run:12 ms:>500 since:1h err`."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.suggestions import did_you_mean
from store.clock import now, text_of
from store.exchanges import Wanted

HELP: Mapping[str, str] = {
    "system:hubspot": "of this connection, or of all of this system's",
    "status:404": "with this status; also 4xx, >=400, 400-499, and none where no answer came",
    "method:post": "with this method",
    "path:/crm": "with this in the address; a word of its own means the same, and finds errors too",
    "run:12": "of this sync run",
    "ledger:7": "of this write or action",
    "entity:deals": "made while this entity was synced",
    "ms:>500": "that took longer; ms:<50 shorter",
    "since:1h": "not older than this; also 30m, 2d, or a date and time",
    "until:1h": "older than this",
    "body:~text": "with this text in what was sent or answered",
    "record:deals/7": "that brought this row, by its table and id",
    "err": "without an answer, or with one that refuses",
    "changes": "that may have changed something",
    "waited": "held back by a limit, or tried again",
    "marked": "marked with m",
}
"""Every kind of word, and what it lets through."""

_FLAGS: Mapping[str, Callable[[Wanted], Wanted]] = {
    "err": lambda wanted: replace(wanted, failed=True),
    "changes": lambda wanted: replace(wanted, changing=True),
    "waited": lambda wanted: replace(wanted, waited=True),
    "marked": lambda wanted: replace(wanted, marked=True),
}
_STATUS = re.compile(r"(?P<class>[1-5])xx|(?P<low>\d{3})-(?P<high>\d{3})|(?P<sign>>=|<=|>|<)?(?P<number>\d{3})")
_SPAN = re.compile(r"(\d+)(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MILLISECONDS = 1000.0
_ANY = 999

RowExchanges = Callable[[str, int], tuple[int, ...]]
"""The ids of the exchanges that brought a row: its table and id are given."""


def parse(text: str, rows: RowExchanges | None = None) -> Wanted:
    """What the words of a filter let through; all of them hold, of several of one kind any. Raises EngineError."""
    wanted = Wanted()
    for word in _words(text):
        name, colon, value = word.partition(":")
        name = name.lower()
        if not colon or f"{name}:" not in _NAMES:
            wanted = _bare(wanted, word)
        elif not value:
            raise _misspelt(word, f"{word} says nothing to compare with.")
        elif name == "record":
            wanted = replace(wanted, ids=_row(word, value, rows))
        else:
            wanted = _PARSERS[name](wanted, value)
    return wanted


_NAMES = {word.partition(":")[0] + ":" for word in HELP if ":" in word}


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is not closed yet: it is being typed
        return text.split()


def _bare(wanted: Wanted, word: str) -> Wanted:
    if flag := _FLAGS.get(word.lower()):
        return flag(wanted)
    name, colon, _ = word.partition(":")
    if colon and (meant := did_you_mean(name, [known[:-1] for known in _NAMES])):
        raise _misspelt(word, f"Nothing is called {name}.", meant)
    return replace(wanted, texts=(*wanted.texts, word))


def _system(wanted: Wanted, value: str) -> Wanted:
    return replace(wanted, systems=(*wanted.systems, value))


def _method(wanted: Wanted, value: str) -> Wanted:
    return replace(wanted, methods=(*wanted.methods, value.upper()))


def _path(wanted: Wanted, value: str) -> Wanted:
    return replace(wanted, texts=(*wanted.texts, value))


def _entity(wanted: Wanted, value: str) -> Wanted:
    return replace(wanted, entity=value)


def _body(wanted: Wanted, value: str) -> Wanted:
    return replace(wanted, bodies=(*wanted.bodies, value.removeprefix("~")))


def _run(wanted: Wanted, value: str) -> Wanted:
    return replace(wanted, run_id=_whole(f"run:{value}", value))


def _ledger(wanted: Wanted, value: str) -> Wanted:
    return replace(wanted, ledger_id=_whole(f"ledger:{value}", value))


def _status(wanted: Wanted, value: str) -> Wanted:
    if value.lower() == "none":
        return replace(wanted, unanswered=True)
    found = _STATUS.fullmatch(value.lower())
    if found is None:
        raise _unlike(f"status:{value}", f"{value} is no status.", "status:404")
    return replace(wanted, statuses=(*wanted.statuses, _range(found)))


def _range(found: re.Match[str]) -> tuple[int, int]:
    if found["class"]:
        return int(found["class"]) * 100, int(found["class"]) * 100 + 99
    if found["low"]:
        return int(found["low"]), int(found["high"])
    number = int(found["number"])
    ends = {">=": (number, _ANY), ">": (number + 1, _ANY), "<=": (0, number), "<": (0, number - 1)}
    return ends.get(found["sign"] or "", (number, number))


def _ms(wanted: Wanted, value: str) -> Wanted:
    number = value.lstrip("<>=")
    if not number.isdecimal():
        raise _unlike(f"ms:{value}", f"{value} is no number of milliseconds.", "ms:>500")
    seconds = int(number) / _MILLISECONDS
    return replace(wanted, faster=seconds) if value.startswith("<") else replace(wanted, slower=seconds)


def _since(wanted: Wanted, value: str) -> Wanted:
    return replace(wanted, since=_moment(f"since:{value}", value))


def _until(wanted: Wanted, value: str) -> Wanted:
    return replace(wanted, until=_moment(f"until:{value}", value))


def _moment(word: str, value: str) -> str:
    if found := _SPAN.fullmatch(value.lower()):
        return text_of(now() - dt.timedelta(**{_UNITS[found[2]]: int(found[1])}))
    try:
        return text_of(dt.datetime.fromisoformat(value).astimezone())
    except ValueError:
        raise _unlike(word, f"{value} is no time.", "since:1h") from None


def _whole(word: str, value: str) -> int:
    if not value.isdecimal():
        raise _misspelt(word, f"{value} is no number.")
    return int(value)


def _row(word: str, value: str, rows: RowExchanges | None) -> tuple[int, ...]:
    entity, _, number = value.rpartition("/")
    if rows is None or not entity or not number.isdecimal():
        raise _unlike(word, f"{value} names no row.", "record:deals/7")
    return rows(entity, int(number))


def _unlike(word: str, message: str, like: str) -> EngineError:
    """The error for a value that is none; `like` is the word of the help that shows how it is written."""
    return _misspelt(word, message, f"Such as {like}: {HELP[like]}.")


def _misspelt(word: str, message: str, hint: str = "") -> EngineError:
    return EngineError("usage", f"In the filter, {word}: {message}", hint=hint)


_PARSERS: Mapping[str, Callable[[Wanted, str], Wanted]] = {
    "system": _system,
    "status": _status,
    "method": _method,
    "path": _path,
    "run": _run,
    "ledger": _ledger,
    "entity": _entity,
    "ms": _ms,
    "since": _since,
    "until": _until,
    "body": _body,
}
