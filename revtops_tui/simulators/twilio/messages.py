"""The account's messages: the seeded conversations, and the way a sent message takes to its receiver.

Statuses are those of Twilio's page "Message resource"; a carrier's answer depends on the receiver's number alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from itertools import islice
from typing import Any

from revtops_tui.simulators.hubspot.seeded import AWKWARD_NAMES
from revtops_tui.simulators.seeding import DAY_MS, mix, stream
from revtops_tui.simulators.story import Story

API = "/2010-04-01/Accounts"
OWN_NUMBER = "+15550100000"
SERVICE_SID = "MG" + "5e" * 16

_MINUTE_MS = 60_000
_WAITING = 6
"""Messages of yesterday that the carriers have not confirmed yet."""
_RECENT = 4
"""Messages that came in today."""

IN_TRANSIT = frozenset({"accepted", "scheduled", "queued", "sending", "sent"})
_STEPS = {"accepted": "queued", "queued": "sending", "sending": "sent"}
_REFUSED = {
    "97": ("undelivered", 30005, "Unknown destination handset"),
    "98": ("failed", 30006, "Landline or unreachable carrier"),
    "99": ("undelivered", 30003, "Unreachable destination handset"),
}
"""What becomes of a message by the last two digits of the receiver's number; every other one is delivered."""


@dataclass(slots=True)
class Message:
    """A message; times are in milliseconds since 1970 UTC. `sender` and `receiver` as Twilio writes them."""

    number: int
    sid: str
    direction: str
    sender: str
    receiver: str
    body: str
    status: str
    created: int
    sent: int | None
    updated: int
    media: int = 0
    error_code: int | None = None
    error_message: str | None = None
    service: str | None = None
    callback: str | None = None
    gone: bool = False

    def document(self, account: str) -> dict[str, Any]:
        """As the API shows it."""
        uri = f"{API}/{account}/Messages/{self.sid}"
        settled = self.status not in IN_TRANSIT and self.status not in ("failed", "canceled")
        segments = 1 + len(self.body) // 154
        return {
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": rfc2822(self.created),
            "date_sent": None if self.sent is None else rfc2822(self.sent),
            "date_updated": rfc2822(self.updated),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": self.error_message,
            "from": self.sender,
            "messaging_service_sid": self.service,
            "num_media": str(self.media),
            "num_segments": str(segments),
            "price": f"-{0.0079 * segments + 0.02 * self.media:.5f}" if settled else None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
            "to": self.receiver,
            "uri": f"{uri}.json",
        }


def rfc2822(milliseconds: int) -> str:
    """A time as Twilio writes it: `Fri, 24 May 2019 17:44:46 +0000`."""
    return formatdate(milliseconds / 1000).replace("-0000", "+0000")


def now_ms() -> int:
    """The time."""
    return time.time_ns() // 1_000_000


def phone(text: str) -> str:
    """A number of the story in E.164."""
    return "+" + "".join(c for c in text if c.isdigit())


@dataclass(frozen=True, slots=True, order=True)
class Words:
    """What is said, by whom: `theirs` and `ours` are the addresses of the two sides."""

    inbound: bool
    theirs: str
    ours: str
    text: str
    media: int = 0


class Messages:
    """All of them, in order of their numbers, which is the order of their times."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._seed = stream(story.seed, "messages")
        self._all: list[Message] = []
        self._by_sid: dict[str, Message] = {}
        self._in_transit: dict[str, Message] = {}
        self._lock = threading.Lock()
        for created, words in sorted(self._conversations()):
            self.add(
                created=created, sent=created + 1_000, status="received" if words.inbound else "delivered", words=words
            )
        self.waiting = [self.add(created=at, sent=at, status="sent", words=words) for at, words in self._yesterday()]
        """Messages that the carriers have not confirmed; nothing but a test changes that."""
        self.today = [self.add(created=at, sent=at, status="received", words=words) for at, words in self._today()]

    # -- reading ---------------------------------------------------------------------------------------------------

    def get(self, sid: str) -> Message | None:
        """A live message."""
        message = self._by_sid.get(sid)
        return None if message is None or message.gone else message

    def newest_first(self, before: int | None = None) -> Iterator[Message]:
        """The live ones; `before`: those with a lower number."""
        messages = self._all if before is None else islice(self._all, before)
        return (message for message in reversed(list(messages)) if not message.gone)

    def count(self) -> int:
        """How many are live."""
        return sum(not message.gone for message in self._all)

    # -- changing --------------------------------------------------------------------------------------------------

    def add(self, *, created: int, sent: int | None, status: str, words: Words, **more: Any) -> Message:
        """A new message, with a number above all others."""
        with self._lock:
            number = len(self._all)
            sid = f"{'MM' if words.media else 'SM'}{mix(self._seed, number):016x}{mix(self._seed, ~number):016x}"
            parties = (words.theirs, words.ours) if words.inbound else (words.ours, words.theirs)
            direction = "inbound" if words.inbound else "outbound-api"
            message = Message(
                number,
                sid,
                direction,
                *parties,
                words.text,
                status,
                created,
                sent,
                sent or created,
                words.media,
                **more,
            )
            self._all.append(message)
            self._by_sid[sid] = message
            return message

    def send(self, *, status: str, words: Words, **more: Any) -> Message:
        """A message that the API took. It is under way from now on, unless it is only scheduled."""
        message = self.add(created=now_ms(), sent=None, status=status, words=words, **more)
        if status != "scheduled":
            self._in_transit[message.sid] = message
        return message

    def receive(self) -> Message:
        """A customer writes."""
        now = now_ms()
        deal = self._story.deal(self._story.key_deals()[len(self._all) % len(self._story.key_deals())])
        words = Words(True, phone(self._story.contact(deal).phone), OWN_NUMBER, f"Quick question about {deal.name}")
        return self.add(created=now, sent=now, status="received", words=words)

    def advance(self) -> list[Message]:
        """Everything under way takes its next step; returns what did."""
        moved = list(self._in_transit.values())
        for message in moved:
            if message.status in _STEPS:
                self.settle(message, _STEPS[message.status])
                if message.status == "sent":
                    message.sent = message.updated
            else:
                status, code, why = _REFUSED.get(message.receiver[-2:], ("delivered", None, None))
                self.settle(message, status, code, why)
                del self._in_transit[message.sid]
        return moved

    @staticmethod
    def settle(message: Message, status: str, error_code: int | None = None, error_message: str | None = None) -> None:
        """Give it another status."""
        message.status, message.error_code, message.error_message = status, error_code, error_message
        message.updated = now_ms()

    # -- what there is from the start ------------------------------------------------------------------------------

    def _conversations(self) -> Iterator[tuple[int, Words]]:
        """A short one about every key deal."""
        for index in self._story.key_deals():
            deal = self._story.deal(index)
            them, owner = self._story.contact(deal), self._story.owner(deal)
            prefix = "whatsapp:" if deal.bits >> 7 & 3 == 0 else ""
            sides = (f"{prefix}{phone(them.phone)}", f"{prefix}{OWN_NUMBER}")
            name = AWKWARD_NAMES.get(index // 4) or deal.name
            texts = (
                (False, f"Hi {them.first_name}, {owner.first_name} from Larkspur here. I sent the offer: {name}", 0),
                (True, "Thanks, got it. We will look at it this week.", 0),
                (False, f"Any news on {deal.product}?", 0),
                (
                    True,
                    "Signed copy attached" if deal.bits >> 9 & 1 else "Legal needs another week",
                    deal.bits >> 9 & 1,
                ),
                (False, "Great, thank you!", 0),
            )
            begins = max(deal.created, deal.modified - DAY_MS)
            for turn, (inbound, text, media) in enumerate(texts):
                at = begins + turn * (7 + deal.bits % 50) * _MINUTE_MS
                yield at, Words(inbound, *sides, text, media)

    def _yesterday(self) -> Iterator[tuple[int, Words]]:
        for turn in range(_WAITING):
            deal = self._story.deal(self._story.key_deals()[turn % len(self._story.key_deals())])
            text = f"Reminder: our call about {deal.product} is tomorrow"
            at = now_ms() - DAY_MS + turn * _MINUTE_MS
            yield at, Words(False, phone(self._story.contact(deal).phone), OWN_NUMBER, text)

    def _today(self) -> Iterator[tuple[int, Words]]:
        for turn in range(_RECENT):
            deal = self._story.deal(self._story.key_deals()[turn % len(self._story.key_deals())])
            at = now_ms() - (_RECENT - turn) * _MINUTE_MS
            yield (
                at,
                Words(True, phone(self._story.contact(deal).phone), OWN_NUMBER, f"See you at the call: {deal.name}"),
            )
