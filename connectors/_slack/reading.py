"""Reading the messages of many channels: what is new, what changed or went lately, and the threads that moved.

Slack tells neither edits nor deletions, and no search finds them: history shows what is there now. So a run reads each
channel from its newest message back, for a week and at least for a page, which costs the same request whether it holds
one message or a hundred. What it saw there is kept in the bookmark; what the next run does not find again is deleted. A
thread is read where it is not the one that was seen: another last reply, or another number of replies.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

from connectors._slack.api import SlackApi, next_cursor
from connectors._slack.records import TOMBSTONE, Fields, Item, Names, message_record
from connectors.paging import Fetched
from connectors.stream import Deleted

LOOK_BACK = dt.timedelta(days=7)
"""How long after it was sent a message's edit or deletion is found, at least."""
_WHOLE, _RECENT = 999, 100
"""Messages asked for at a time: Slack's most, and what is looked at of a quiet channel."""
_LEFT = ("not_in_channel", "channel_not_found")
_TS = re.compile(r"[0-9]{10}\.[0-9]{6}")
_NEVER = "9999999999.999999"

Items: TypeAlias = list[Fields | Deleted]

Thread = Sequence[Any]
"""`[latest_reply, reply_count, [ts of each reply]]`: as it was when it was read."""
Seen = Mapping[str, Thread | None]
"""The newest messages of a channel by ts, with the thread that each began."""


@dataclass(frozen=True)
class Place:
    """Where the reading stands: all of it JSON, so that it is a checkpoint. Never changed, only followed by another.

    Attributes:
        done: channel -> what was seen of it; None for one that the app was thrown out of meanwhile.
        channel: the one that is read; empty before the first.
        page: the cursor of its next page of history, None for the first one; `ended` once there is no further one.
        seen: what was seen of it so far.
        unmet: what the last run saw of it and this one did not yet.
        threads: those to be read before its next page; `replies` is the cursor in the first of them.
    """

    done: Mapping[str, Seen | None] = field(default_factory=dict)
    channel: str = ""
    page: str | None = None
    ended: bool = False
    seen: Seen = field(default_factory=dict)
    unmet: Sequence[str] = ()
    threads: Sequence[str] = ()
    replies: str | None = None

    @classmethod
    def read(cls, cursor: Mapping[str, Any]) -> Place:
        """The place in a checkpoint, also in one that another version of this code left."""
        return cls(**{known.name: cursor[known.name] for known in fields(cls) if known.name in cursor})


class Reader:
    """Reads the messages of `channels` (ids), one request at a time, as a listing to walk.

    Args:
        since: from when on, None for everything.
        known: channel -> what the last complete run saw of it. A channel that is not in it is read to its beginning.
            None where the user asks for a window of their own: then every channel is read back to its start only.
    """

    def __init__(
        self,
        api: SlackApi,
        names: Names,
        url: str,
        channels: Sequence[str],
        since: dt.datetime | None,
        known: Mapping[str, Seen] | None,
    ) -> None:
        self._api = api
        self._names = names
        self._url = url
        self._channels = channels
        self._since = since
        self._known = known
        self._lately = (dt.datetime.now(dt.UTC) - LOOK_BACK).timestamp()
        self._done: Mapping[str, Seen | None] = {}

    @property
    def seen(self) -> dict[str, Seen]:
        """What the next run has to know, once everything was read."""
        return {channel: seen for channel, seen in self._done.items() if seen is not None}

    async def fetch(self, cursor: Any) -> Fetched:
        """One request's worth of messages, and where to go on."""
        place = Place.read(cursor) if cursor else self._next(Place())
        items: Items = []
        if place.channel:
            items, place = await (self._replies(place) if place.threads else self._history(place))
        if place.ended and not place.threads:
            place = self._next(replace(place, done={**place.done, place.channel: place.seen}))
        self._done = place.done
        return Fetched(items, vars(place) if place.channel else None)

    async def _history(self, place: Place) -> tuple[Items, Place]:
        """The next page of a channel's own messages, newest first."""
        floor = self._floor(place.channel)
        limit = _RECENT if floor and place.page is None else _WHOLE
        reply = await self._api.messages(
            "conversations.history", limit, _LEFT, channel=place.channel, cursor=place.page
        )
        if not reply["ok"]:
            return [], self._left(place)
        messages, page = reply.get("messages") or [], next_cursor(reply)
        times = {ts for message in messages if (ts := _ts(message))}
        oldest = min(times, default=_NEVER)
        more = bool(reply.get("has_more") and page) and (not times or float(oldest) > floor)
        unmet = [ts for ts in place.unmet if ts not in times]
        place = replace(place, page=page, ended=not more, unmet=unmet)
        place, gone = self._noticed(place, messages)
        if place.ended:
            # Of what is below, or behind the wall of a free workspace (is_limited), nothing is known to be gone.
            looked_to = oldest if reply.get("has_more") or reply.get("is_limited") else ""
            gone += self._vanished(place.channel, [ts for ts in unmet if ts >= looked_to])
        return await self._items(place.channel, messages, gone), place

    async def _replies(self, place: Place) -> tuple[Items, Place]:
        """The next page of the first thread that waits, oldest first."""
        parent = place.threads[0]
        reply = await self._api.messages(
            "conversations.replies",
            _WHOLE,
            (*_LEFT, "thread_not_found"),
            channel=place.channel,
            ts=parent,
            cursor=place.replies,
        )
        if reply.get("error") in _LEFT:
            return [], self._left(place)
        messages = [message for message in reply.get("messages") or () if message.get("ts") != parent]
        page = next_cursor(reply) if reply.get("has_more") else ""
        gone: list[str] = []
        if thread := place.seen.get(parent):
            latest, count, before = thread
            replies = [*before, *filter(None, map(_ts, messages))]
            place = replace(place, seen={**place.seen, parent: [latest, count, replies]})
            gone = [] if page else [ts for ts in self._replies_before(place.channel, parent) if ts not in set(replies)]
        place = replace(place, replies=page) if page else replace(place, replies=None, threads=place.threads[1:])
        return await self._items(place.channel, messages, gone), place

    def _noticed(self, place: Place, messages: Sequence[Item]) -> tuple[Place, list[str]]:
        """The place with what a page tells: what is remembered, which threads moved, and what is surely gone."""
        before, seen = self._before(place.channel), dict(place.seen)
        threads: list[str] = []
        gone: list[str] = []
        for message in messages:
            if not (ts := _ts(message)):
                continue
            old, thread = before.get(ts), _thread(message, ts)
            moved = thread is not None and (old is None or list(old[:2]) != thread[:2])
            if thread is None:
                gone += self._replies_before(place.channel, ts)
            if message.get("subtype") == TOMBSTONE:
                gone.append(ts)
            if moved:
                threads.append(ts)
            if len(seen) < _RECENT or float(ts) > self._lately or (moved and old):
                seen[ts] = thread if moved or thread is None else old
        return replace(place, seen=seen, threads=list(dict.fromkeys(threads))), gone

    def _vanished(self, channel: str, times: Sequence[str]) -> list[str]:
        """Messages that were not found again, with the replies that went with them."""
        return [ts for parent in times for ts in (parent, *self._replies_before(channel, parent))]

    def _before(self, channel: str) -> Seen:
        return (self._known or {}).get(channel, {})

    def _replies_before(self, channel: str, parent: str) -> Sequence[str]:
        thread = self._before(channel).get(parent)
        return thread[2] if thread else ()

    def _floor(self, channel: str) -> float:
        """How far back a channel is read, in seconds since 1970; 0 for all of it."""
        if self._since is None:
            return 0.0
        if self._known is None:
            return self._since.timestamp()
        return (self._since - LOOK_BACK).timestamp() if channel in self._known else 0.0

    def _next(self, place: Place) -> Place:
        """The beginning of a channel that was not read yet; of none where all were."""
        channel = next((c for c in self._channels if c not in place.done), "")
        return Place(place.done, channel, unmet=list(self._before(channel)))

    def _left(self, place: Place) -> Place:
        """Behind a channel that the app was thrown out of while it was read: what is stored of it stays."""
        return self._next(replace(place, done={**place.done, place.channel: None}))

    async def _items(self, channel: str, messages: Sequence[Item], gone: Sequence[str]) -> Items:
        await self._names.find(messages)
        items: Items = [
            message_record(message, channel, self._names, self._url)
            for message in messages
            if message.get("subtype") != TOMBSTONE
        ]
        return [*items, Deleted([f"{channel}:{ts}" for ts in gone])] if gone else items


def _ts(message: Item) -> str:
    """A message's ts; empty where it is none: such a message is handed on, and rejected."""
    ts = message.get("ts")
    return ts if isinstance(ts, str) and _TS.fullmatch(ts) else ""


def _thread(message: Item, ts: str) -> list[Any] | None:
    """The thread that a message began, nothing read of it yet."""
    count = message.get("reply_count")
    if not count or message.get("thread_ts") not in (None, ts):
        return None
    return [message.get("latest_reply"), count, []]
