"""Twilio's messages: what becomes of one, and which days have to be listed again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

Message: TypeAlias = Mapping[str, Any]

FINAL = frozenset({"delivered", "undelivered", "failed", "received", "read", "canceled", "partially_delivered"})
"""Statuses that nothing follows, by Twilio's page "Message resource"; `read` may still follow on `delivered`."""

LOOK_BACK = dt.timedelta(days=7)
"""How long a message is waited for: many carriers never confirm a delivery, and its status stays `sent` for good."""

REMEMBERED = 20_000
"""Of how many messages it is kept that they were there, to tell which ones are gone."""

ASKED_FOR = 200
"""How many messages that were not sent yet are asked for one by one. Those beyond are found once they are sent."""

_KEPT = (
    "direction",
    "status",
    "from",
    "to",
    "price",
    "price_unit",
    "error_code",
    "error_message",
    "num_segments",
    "num_media",
    "messaging_service_sid",
    "date_created",
    "date_updated",
    "account_sid",
)


def activity(message: Message) -> dict[str, Any]:
    """The fields of an `ActivityRecord`."""
    kind = channel_of(message)
    inbound = message.get("direction") == "inbound"
    other = message.get("from") if inbound else message.get("to")
    names = {"sms": "SMS", "mms": "MMS", "whatsapp": "WhatsApp message"}
    return {
        "source_id": message.get("sid"),
        "type": kind,
        "subject": f"{names.get(kind, kind)} {'from' if inbound else 'to'} {str(other).rpartition(':')[2]}",
        "description": message.get("body"),
        "activity_date": sent_or_created(message),
        "custom_fields": {name: message.get(name) for name in _KEPT},
    }


def channel_of(message: Message) -> str:
    """`sms`, `mms`, `whatsapp`, or another channel that Twilio's addresses name, such as `messenger` and `rcs`."""
    name, colon, _ = str(message.get("to")).partition(":")
    if colon:
        return name
    return "sms" if str(message.get("num_media") or "0") == "0" else "mms"


def moment(text: Any) -> Any:
    """The time of an RFC 2822 date; what is none is handed on as it is, so that the record is set aside with it."""
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return text
    return when if when.tzinfo else when.replace(tzinfo=dt.UTC)


def sent_or_created(message: Message) -> Any:
    """When it was sent, or created where it was not sent yet: a time, or what stands in its place."""
    return moment(message.get("date_sent") or message.get("date_created"))


class Window:
    """What a listing of the last days found: where the next one has to begin, and what must still be there then.

    Twilio has no filter for what was updated and no list of what was deleted. So a run lists again from the day on
    which the oldest message was sent that is still under way; what is missing there, of what was there before, is gone.
    A message without a day of sending is in no listing by the day: it is asked for by its SID.

    Args:
        first: the day the listing begins with (UTC).
    """

    def __init__(self, first: dt.date) -> None:
        self.first = first
        self._days: dict[str, set[str]] = {}
        self._unsent: set[str] = set()
        self._waiting: dt.date | None = None

    @classmethod
    def of(cls, since: dt.datetime, now: dt.datetime, bookmark: Any) -> Window:
        """The window of a run that goes on from `since` and a former `bookmark`."""
        days = [since.date()]
        if bookmark and bookmark["waiting"]:
            days.append(max(dt.date.fromisoformat(bookmark["waiting"]), (now - LOOK_BACK).date()))
        return cls(min(days))

    def note(self, message: Message) -> None:
        """Take in a message that was listed."""
        sid, sent = message.get("sid"), moment(message.get("date_sent"))
        under_way = message.get("status") not in FINAL
        if not isinstance(sid, str):
            return
        if sent is None and under_way:
            self._unsent.add(sid)
        if not isinstance(sent, dt.datetime) or (day := sent.astimezone(dt.UTC).date()) < self.first:
            return
        self._days.setdefault(day.isoformat(), set()).add(sid)
        if under_way:
            self._waiting = min(day, self._waiting or day)

    def gone(self, bookmark: Any) -> list[str]:
        """What was there at the time of `bookmark`, and is not any more."""
        first = self.first.isoformat()
        before = bookmark["days"] if bookmark else {}
        return [sid for day, sids in before.items() if day >= first for sid in sids if not self._listed(sid)]

    def unlisted(self, bookmark: Any) -> list[str]:
        """What was not sent at the time of `bookmark`, and is not in the listing now."""
        return [sid for sid in (bookmark["unsent"] if bookmark else ()) if not self._listed(sid)]

    def bookmark(self, started: dt.datetime) -> dict[str, Any]:
        """What the next run has to know: `{"waiting": day or None, "unsent": [sid, …], "days": {day: [sid, …]}}`.

        Days with more messages than are remembered are left out whole, the oldest ones first.
        """
        waiting = self._waiting and self._waiting.isoformat()
        yesterday = started - dt.timedelta(days=1)  # the engine's look-back may reach into the day before
        begins = Window.of(yesterday, started, {"waiting": waiting}).first.isoformat()
        days: dict[str, list[str]] = {}
        room = REMEMBERED
        for day in sorted(self._days, reverse=True):
            room -= len(self._days[day])
            if day < begins or room < 0:
                break
            days[day] = sorted(self._days[day])
        return {"waiting": waiting, "unsent": sorted(self._unsent)[:ASKED_FOR], "days": days}

    def _listed(self, sid: str) -> bool:
        return sid in self._unsent or any(sid in sids for sids in self._days.values())
