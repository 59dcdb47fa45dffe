"""Looking messages up: what a request asks for."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from connectors._twilio.sending import e164
from connectors.errors import InvalidInputError
from connectors.wording import printable

_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
_WORD = re.compile(r"\b(with|to|from|on|since|until|limit)\b", re.IGNORECASE)
_DAYS = {"on": "DateSent", "since": "DateSent>", "until": "DateSent<"}
"""`since` and `until` include their day: with the `=` of the query string the names read `DateSent>=`, `DateSent<=`."""

DEFAULT_LIMIT = 100
_EXAMPLE = "For example: with +14155552671 since 2026-09-01 limit 50, or the SID of a message."


@dataclass
class Lookup:
    """A request, read. `sid` excludes the rest; `other` is a number on either side; `filters` are Twilio's own."""

    sid: str = ""
    other: str = ""
    filters: dict[str, str] = field(default_factory=dict)
    limit: int = DEFAULT_LIMIT

    @property
    def listings(self) -> list[dict[str, str]]:
        """The filters of each listing it takes: Twilio has none for either side, nor for a number on any channel."""
        if not self.other:
            return [self.filters]
        addresses = [self.other] if ":" in self.other else [self.other, f"whatsapp:{self.other}"]
        return [{**self.filters, side: address} for side in ("From", "To") for address in addresses]


def parse(request: str) -> Lookup:
    """Read a request. Raises InvalidInputError."""
    first, *rest = _WORD.split(request.strip())
    lookup = Lookup()
    if _SID.fullmatch(first.strip()) and not rest:
        return Lookup(sid=first.strip())
    if first.strip():
        rest = ["with", first, *rest]
    for word, value in zip(rest[::2], rest[1::2], strict=True):
        _take(lookup, word.lower(), value.strip())
    if lookup.other and lookup.filters.keys() & {"From", "To"}:
        raise InvalidInputError("`with` is either side of a message: it goes with neither `from` nor `to`.")
    return lookup


def _take(lookup: Lookup, word: str, value: str) -> None:
    if word == "limit":
        if not value.isdecimal() or not int(value):
            raise InvalidInputError(f"The limit {printable(value)!r} is not a number from 1 on.", hint=_EXAMPLE)
        lookup.limit = int(value)
    elif word in _DAYS:
        lookup.filters[_DAYS[word]] = f"{_day(value)}T00:00:00Z"
    elif word == "with":
        lookup.other = _address(value)
    else:
        lookup.filters[word.capitalize()] = _address(value)


def _day(text: str) -> dt.date:
    if text.lower() in ("today", "yesterday"):
        return dt.datetime.now(dt.UTC).date() - dt.timedelta(days=text.lower() == "yesterday")
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"{printable(text)!r} is not a day. Twilio finds messages by the day, in UTC.", hint=_EXAMPLE
        ) from None


def _address(text: str) -> str:
    """A number, a channel's address such as `whatsapp:+14155552671`, or the name that a message was sent under."""
    channel, colon, number = text.rpartition(":")
    if colon and channel.isalpha():
        return f"{channel.lower()}:{e164(number)}"
    if any(c.isalpha() for c in text) and len(text.split()) == 1:
        return text
    return e164(text)
