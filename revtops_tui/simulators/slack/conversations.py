"""conversations.*, users.*, chat.*, reactions.* and search.messages."""

from __future__ import annotations

import bisect
import time
from collections.abc import Callable, Sequence
from typing import Any

from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.slack.calls import Call, SlackError, decoded, distorted, encoded, page
from revtops_tui.simulators.slack.workspace import (
    Channel,
    Message,
    User,
    Workspace,
    shown_channel,
    shown_message,
    shown_user,
)

Announce = Callable[[str, Channel, Message, Message | None], None]
"""Told of each change: created, changed or deleted; the message as it is now, and as it was."""

_LONGEST_TEXT = 40_000
SMALL_PAGE = 15
SMALL_LIMIT = Limit(1, 60.0)
"""What apps get that are distributed outside of Slack's Marketplace: "Rate limit changes for non-Marketplace apps"."""


class Conversations:
    """Methods over the channels of a workspace. With `small`, history and replies give 15 messages a page at most.

    `hidden_before`: a ts before which a free workspace shows nothing.
    """

    hidden_before = ""

    def __init__(self, workspace: Workspace, announce: Announce, *, small: bool = False) -> None:
        self._workspace = workspace
        self._announce = announce
        self._small = small

    # -- channels --------------------------------------------------------------------------------------------------

    def all(self, call: Call) -> dict[str, Any]:
        """conversations.list"""
        return self._listed([c for c in self._workspace.visible() if _wanted(c, call)], call)

    def of_user(self, call: Call) -> dict[str, Any]:
        """users.conversations: the channels that the app is in"""
        return self._listed([c for c in self._workspace.visible() if c.is_member and _wanted(c, call)], call)

    def info(self, call: Call) -> dict[str, Any]:
        """conversations.info"""
        return {"channel": self._shown(self._channel(call))}

    def members(self, call: Call) -> dict[str, Any]:
        """conversations.members"""
        found, cursor = page(self._members(self._channel(call)), call)
        return {"members": found, "response_metadata": {"next_cursor": cursor}}

    def open(self, call: Call) -> dict[str, Any]:
        """conversations.open: the direct message with one user"""
        if not call.text("users"):
            raise SlackError("users_list_not_supplied")
        user = self._user(call.text("users"))
        channels = self._workspace.channels
        found = next((c for c in channels.values() if c.with_user == user.id), None)
        if found is None:
            found = Channel(self._workspace.next_id("D"), "", int(time.time()), user.id, with_user=user.id)
            channels[found.id] = found
        return {"channel": {"id": found.id}}

    def join(self, call: Call) -> dict[str, Any]:
        """conversations.join"""
        channel = self._channel(call)
        if channel.is_archived:
            raise SlackError("is_archived")
        channel.is_member = True
        return {"channel": self._shown(channel)}

    def create(self, call: Call) -> dict[str, Any]:
        """conversations.create"""
        name = call.text("name")
        if not name:
            raise SlackError("invalid_name_required")
        if any(channel.name == name for channel in self._workspace.channels.values()):
            raise SlackError("name_taken")
        new = Channel(self._workspace.next_id("C"), name, int(time.time()), call.user.id)
        new.is_private = call.flag("is_private")
        self._workspace.channels[new.id] = new
        return {"channel": self._shown(new)}

    def archive(self, call: Call) -> dict[str, Any]:
        """conversations.archive"""
        self._channel(call).is_archived = True
        return {}

    # -- messages --------------------------------------------------------------------------------------------------

    def history(self, call: Call) -> dict[str, Any]:
        """conversations.history: newest first"""
        channel = self._readable(call)
        shown_ones = [ts for ts in reversed(channel.order) if ts >= self.hidden_before]
        found, more, cursor = self._slice(shown_ones, call, newest_first=True)
        shown = [self._message(channel, ts, call) for ts in found]
        reply = {
            "messages": distorted(shown, call, "text"),
            "has_more": more,
            "pin_count": 0,
            "channel_actions_ts": None,
            "channel_actions_count": 0,
            **({"is_limited": True} if len(shown_ones) < len(channel.order) else {}),
        }
        return {**reply, "response_metadata": {"next_cursor": cursor}} if more else reply

    def replies(self, call: Call) -> dict[str, Any]:
        """conversations.replies: the parent, then its replies, oldest first"""
        channel, parent = self._readable(call), call.text("ts")
        if parent not in channel.messages:
            raise SlackError("thread_not_found")
        thread = [parent, *channel.threads.get(parent, [])]
        found, more, cursor = self._slice(thread, call, newest_first=False)
        shown = [self._message(channel, ts, call, in_thread=True) for ts in found]
        reply = {"messages": distorted(shown, call, "text"), "has_more": more}
        return {**reply, "response_metadata": {"next_cursor": cursor}} if more else reply

    def post(self, call: Call) -> dict[str, Any]:
        """chat.postMessage"""
        channel = self._writable(call)
        thread = call.text("thread_ts") or None
        if not (call.text("text") or call.text("blocks") or call.text("attachments")):
            raise SlackError("no_text")
        if thread and thread not in channel.messages:
            raise SlackError("thread_not_found")
        bot = {"bot_id": self._workspace.bot_id} if call.kind == "bot" else {}
        text = call.text("text")[:_LONGEST_TEXT]
        message = Message(self._workspace.now_ts(), call.user.id, text, thread, extra=bot)
        self.add(channel, message)
        return {"channel": channel.id, "ts": message.ts, "message": self._message(channel, message.ts, call)}

    def update(self, call: Call) -> dict[str, Any]:
        """chat.update"""
        channel, message = self._own(call, "cant_update_message")
        if not call.text("text"):
            raise SlackError("no_text")
        self.edit(channel, message, call.text("text"))
        shown = self._message(channel, message.ts, call)
        return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}

    def delete(self, call: Call) -> dict[str, Any]:
        """chat.delete"""
        channel, message = self._own(call, "cant_delete_message")
        self.drop(channel, message)
        return {"channel": channel.id, "ts": message.ts}

    def permalink(self, call: Call) -> dict[str, Any]:
        """chat.getPermalink"""
        channel = self._channel(call)
        message = self._existing(channel, call.text("message_ts"))
        return {"channel": channel.id, "permalink": self._workspace.permalink(channel, message)}

    def react(self, call: Call) -> dict[str, Any]:
        """reactions.add"""
        channel, message, users = self._reaction(call)
        if call.user.id in users:
            raise SlackError("already_reacted")
        message.reactions[call.text("name")] = [*users, call.user.id]
        self._announce("reacted", channel, message, None)
        return {}

    def take_back(self, call: Call) -> dict[str, Any]:
        """reactions.remove"""
        _, message, users = self._reaction(call)
        if call.user.id not in users:
            raise SlackError("no_reaction")
        message.reactions[call.text("name")] = [user for user in users if user != call.user.id]
        if len(users) == 1:
            del message.reactions[call.text("name")]
        return {}

    def reactions(self, call: Call) -> dict[str, Any]:
        """reactions.get"""
        channel = self._readable(call)
        message = self._existing(channel, call.text("timestamp"))
        return {"type": "message", "channel": channel.id, "message": self._message(channel, message.ts, call)}

    def search(self, call: Call) -> dict[str, Any]:
        """search.messages: newest first, by page and count; knows words and in:channel"""
        if not call.text("query"):
            raise SlackError("no_query")
        words = [word.casefold() for word in call.text("query").split()]
        places = [word.removeprefix("in:").lstrip("#") for word in words if word.startswith("in:")]
        sought = [word for word in words if not word.startswith("in:")]
        found = sorted(
            ((m.ts, c) for c in self._workspace.visible() if not places or c.name in places
             for m in c.messages.values() if all(word in m.text.casefold() for word in sought)),
            key=lambda pair: pair[0], reverse=True,
        )  # fmt: skip
        count, number = int(call.text("count", "20")), int(call.text("page", "1"))
        matches = [self._match(c, c.messages[ts], call) for ts, c in found[(number - 1) * count : number * count]]
        paging = {"count": count, "total": len(found), "page": number, "pages": -(-len(found) // count)}
        return {"query": call.text("query"), "messages": {"total": len(found), "paging": paging, "matches": matches}}

    # -- people ----------------------------------------------------------------------------------------------------

    def users(self, call: Call) -> dict[str, Any]:
        """users.list: everybody of the company, the deactivated too"""
        own = [user for user in self._workspace.users.values() if not user.stranger]
        found, cursor = page(own, call)
        shown = distorted([shown_user(user, self._workspace) for user in found], call, "real_name")
        return {"members": shown, "cache_ts": int(time.time()), "response_metadata": {"next_cursor": cursor}}

    def user(self, call: Call) -> dict[str, Any]:
        """users.info"""
        return {"user": shown_user(self._user(call.text("user")), self._workspace)}

    def user_by_email(self, call: Call) -> dict[str, Any]:
        """users.lookupByEmail"""
        for user in self._workspace.users.values():
            if user.email and user.email == call.text("email").lower():
                return {"user": shown_user(user, self._workspace)}
        raise SlackError("users_not_found")

    # -- changes, also those made behind the API's back ------------------------------------------------------------

    def add(self, channel: Channel, message: Message) -> None:
        """Somebody sends a message."""
        channel.add(message)
        self._announce("created", channel, message, None)

    def edit(self, channel: Channel, message: Message, text: str) -> None:
        """Somebody edits a message."""
        before = Message(message.ts, message.user, message.text, message.thread_ts, message.edited)
        message.text, message.edited = text, self._workspace.now_ts()
        self._announce("changed", channel, message, before)

    def drop(self, channel: Channel, message: Message) -> None:
        """Somebody deletes a message."""
        before = channel.drop(message.ts)
        tombstone = channel.messages.get(message.ts)
        self._announce("changed" if tombstone else "deleted", channel, tombstone or message, before)

    # -- finding ---------------------------------------------------------------------------------------------------

    def _listed(self, channels: Sequence[Channel], call: Call) -> dict[str, Any]:
        found, cursor = page(channels, call)
        shown = distorted([self._shown(channel) for channel in found], call, "name")
        return {"channels": shown, "response_metadata": {"next_cursor": cursor}}

    def _shown(self, channel: Channel) -> dict[str, Any]:
        return shown_channel(channel, self._members(channel))

    def _members(self, channel: Channel) -> list[str]:
        people = [user.id for user in self._workspace.users.values() if not user.deleted and not user.is_bot]
        return people + ([self._workspace.bot.id] if channel.is_member else [])

    def _message(self, channel: Channel, ts: str, call: Call, *, in_thread: bool = False) -> dict[str, Any]:
        return shown_message(channel, channel.messages[ts], self._workspace, call.host, in_thread=in_thread)

    def _match(self, channel: Channel, message: Message, call: Call) -> dict[str, Any]:
        user = self._workspace.users.get(message.user)
        return {
            **self._message(channel, message.ts, call),
            "channel": {"id": channel.id, "name": channel.name, "is_private": channel.is_private},
            "username": user.name if user else "",
            "permalink": self._workspace.permalink(channel, message),
            "iid": f"{channel.id}-{message.ts}",
        }

    def _slice(self, order: Sequence[str], call: Call, *, newest_first: bool) -> tuple[Sequence[str], bool, str]:
        """A page of a sorted list, between `oldest` and `latest`."""
        most = SMALL_PAGE if self._small else 999
        limit = min(call.limit(100, 1000), most)
        oldest, latest, inclusive = call.text("oldest", "0"), call.text("latest", "~"), call.flag("inclusive")
        within = [t for t in order if oldest < t < latest or (inclusive and t in (oldest, latest))]
        start = 0
        if place := decoded(call.text("cursor"), "next_ts:"):
            at = [-float(t) if newest_first else float(t) for t in within]
            start = bisect.bisect_left(at, -float(place) if newest_first else float(place))
            if call.fault == "page_shift":
                start -= 1
        found = within[start : start + limit]
        more = start + limit < len(within)
        return found, more, encoded(f"next_ts:{within[start + limit]}") if more else ""

    def _channel(self, call: Call) -> Channel:
        channel = self._workspace.channels.get(call.text("channel"))
        if channel is None or (channel.is_private and not channel.is_member):
            raise SlackError("channel_not_found")
        return channel

    def _readable(self, call: Call) -> Channel:
        channel = self._channel(call)
        if not channel.is_member and call.kind == "bot":
            raise SlackError("not_in_channel")
        return channel

    def _writable(self, call: Call) -> Channel:
        channel = self._readable(call)
        if channel.is_archived:
            raise SlackError("is_archived")
        return channel

    def _existing(self, channel: Channel, ts: str) -> Message:
        if ts not in channel.messages:
            raise SlackError("message_not_found")
        return channel.messages[ts]

    def _own(self, call: Call, otherwise: str) -> tuple[Channel, Message]:
        channel = self._channel(call)
        message = self._existing(channel, call.text("ts"))
        if message.user != call.user.id:
            raise SlackError(otherwise)
        return channel, message

    def _reaction(self, call: Call) -> tuple[Channel, Message, list[str]]:
        channel = self._readable(call)
        name = call.text("name")
        if not name or not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
            raise SlackError("invalid_name")
        message = self._existing(channel, call.text("timestamp"))
        return channel, message, message.reactions.get(name, [])

    def _user(self, user_id: str) -> User:
        user = self._workspace.users.get(user_id)
        if user is None:
            raise SlackError("user_not_found")
        return user


def _wanted(channel: Channel, call: Call) -> bool:
    kinds = call.text("types", "public_channel").replace(" ", "").split(",")
    kind = "private_channel" if channel.is_private else "public_channel"
    return kind in kinds and not (call.flag("exclude_archived") and channel.is_archived)
