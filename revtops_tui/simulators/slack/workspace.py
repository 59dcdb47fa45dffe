"""What is in the workspace: people, channels, messages with their threads, files."""

from __future__ import annotations

import bisect
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from revtops_tui.simulators.seeding import mix, stream

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MICROSECONDS = 1_000_000


def slack_id(prefix: str, seed: int, number: int) -> str:
    """An id as Slack makes them: a letter for the kind, and ten digits and capitals."""
    bits, text = mix(stream(seed, prefix), number), ""
    for _ in range(10):
        bits, digit = divmod(bits, len(_DIGITS))
        text += _DIGITS[digit]
    return prefix + text


def ts_of(seconds: int, micro: int) -> str:
    """A message's id within its channel: the time it was sent, with six decimals that make it unique."""
    return f"{seconds}.{micro % _MICROSECONDS:06d}"


@dataclass
class User:
    """A person, an app's bot, or (`stranger`) somebody of another company: those are not in users.list."""

    id: str
    name: str
    real_name: str
    email: str = ""
    title: str = ""
    deleted: bool = False
    is_bot: bool = False
    stranger: bool = False
    updated: int = 0


@dataclass
class File:
    """An uploaded file."""

    id: str
    name: str
    title: str
    mimetype: str
    content: bytes
    user: str
    created: int
    channels: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Message:
    """A message; `extra` holds the fields of its subtype."""

    ts: str
    user: str
    text: str
    thread_ts: str | None = None
    edited: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Channel:
    """A channel, or a direct message where `with_user` is set. `is_member`: whether the app is in it."""

    id: str
    name: str
    created: int
    creator: str
    purpose: str = ""
    topic: str = ""
    is_private: bool = False
    is_archived: bool = False
    is_member: bool = True
    with_user: str = ""
    order: list[str] = field(default_factory=list)
    """What its history shows, by ts, oldest first."""
    messages: dict[str, Message] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)
    """Parent -> its replies, by ts, oldest first."""

    def add(self, message: Message) -> None:
        """Take in a message, into its thread if it is a reply."""
        self.messages[message.ts] = message
        if message.thread_ts is None:
            bisect.insort(self.order, message.ts)
        else:
            bisect.insort(self.threads.setdefault(message.thread_ts, []), message.ts)

    def drop(self, ts: str) -> Message:
        """Take a message out. A parent with replies leaves a tombstone in its place, as at Slack."""
        message = self.messages[ts]
        if self.threads.get(ts):
            tombstone = {"subtype": "tombstone"}
            self.messages[ts] = Message(ts, "USLACKBOT", "This message was deleted.", extra=tombstone)
            return message
        del self.messages[ts]
        if message.thread_ts is None:
            self.order.remove(ts)
        else:
            self.threads[message.thread_ts].remove(ts)
        return message


class Workspace:
    """Everything that the account holds. Changes come from the API, and from `SlackSimulator.create` and the like."""

    def __init__(self, seed: int, name: str) -> None:
        self.name = name
        self.domain = name.split()[0].lower()
        self.seed = seed
        self.team_id = slack_id("T", seed, 0)
        self.app_id = slack_id("A", seed, 0)
        self.bot_id = slack_id("B", seed, 0)
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self._lock = threading.Lock()
        self._last = 0

    @property
    def url(self) -> str:
        """Where people open the workspace."""
        return f"https://{self.domain}.slack.com/"

    @property
    def bot(self) -> User:
        """The app's own user."""
        return next(user for user in self.users.values() if user.is_bot)

    def now_ts(self) -> str:
        """A ts that was never given out: time goes on by a microsecond at least."""
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            return ts_of(*divmod(self._last, _MICROSECONDS))

    def next_id(self, prefix: str) -> str:
        """An id that was never given out."""
        with self._lock:
            self._last += 1
            return slack_id(prefix, self.seed, self._last)

    def channel_named(self, name: str) -> Channel:
        """The channel of this name."""
        return next(channel for channel in self.channels.values() if channel.name == name)

    def permalink(self, channel: Channel, message: Message) -> str:
        """The message's address for people."""
        link = f"{self.url}archives/{channel.id}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else link

    def visible(self) -> Iterator[Channel]:
        """The channels that the app can see, without direct messages."""
        return (c for c in self.channels.values() if not c.with_user and (c.is_member or not c.is_private))


# -- as Slack shows them -----------------------------------------------------------------------------------------------


def shown_user(user: User, workspace: Workspace) -> dict[str, Any]:
    """A user of users.list and users.info."""
    first, _, last = user.real_name.partition(" ")
    profile = {
        "title": user.title,
        "phone": "",
        "skype": "",
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "fields": {},
        "status_text": "",
        "status_emoji": "",
        "avatar_hash": "g0",
        "first_name": first,
        "last_name": last,
        "team": workspace.team_id,
        **({"email": user.email} if user.email else {}),
    }
    return {
        "id": user.id,
        "team_id": workspace.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": "Europe/Lisbon",
        "profile": profile,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_stranger": user.stranger,
        "updated": user.updated,
    }


def shown_channel(channel: Channel, members: list[str]) -> dict[str, Any]:
    """A channel of conversations.list and conversations.info."""
    if channel.with_user:
        return {"id": channel.id, "is_im": True, "user": channel.with_user, "created": channel.created}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_general": channel.name == "general",
        "is_shared": False,
        "is_org_shared": False,
        "is_member": channel.is_member,
        "created": channel.created,
        "creator": channel.creator,
        "topic": {"value": channel.topic, "creator": channel.creator, "last_set": channel.created},
        "purpose": {"value": channel.purpose, "creator": channel.creator, "last_set": channel.created},
        "previous_names": [],
        "num_members": len(members),
    }


def shown_file(file: File, workspace: Workspace, host: str) -> dict[str, Any]:
    """A file of files.info and of messages. `host`: where its bytes can be had."""
    kind = file.name.rpartition(".")[2].lower() if "." in file.name else "text"
    private = f"{host}/files-pri/{workspace.team_id}-{file.id}/{file.id.lower()}.{kind}"
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": kind,
        "pretty_type": kind.upper(),
        "user": file.user,
        "mode": "hosted",
        "editable": False,
        "size": len(file.content),
        "is_external": False,
        "is_public": True,
        "url_private": private,
        "url_private_download": private,
        "permalink": f"{workspace.url}files/{file.user}/{file.id}/{file.id.lower()}",
        "channels": file.channels,
        "groups": [],
        "ims": [],
        "comments_count": 0,
    }


def shown_message(
    channel: Channel, message: Message, workspace: Workspace, host: str, *, in_thread: bool = False
) -> dict[str, Any]:
    """A message. With `in_thread` as conversations.replies shows it, where a parent always names its thread."""
    shown: dict[str, Any] = {"type": "message", "ts": message.ts, "text": message.text}
    if message.user:
        shown |= {"user": message.user, "team": workspace.team_id}
    shown |= message.extra
    if message.edited:
        shown["edited"] = {"user": message.user, "ts": message.edited}
    if message.reactions:
        shown["reactions"] = [{"name": n, "users": u, "count": len(u)} for n, u in message.reactions.items()]
    if message.files:
        shown["files"] = [shown_file(workspace.files[f], workspace, host) for f in message.files]
    replies = channel.threads.get(message.ts, [])
    if message.thread_ts:
        parent = channel.messages.get(message.thread_ts)
        shown |= {"thread_ts": message.thread_ts, "parent_user_id": parent.user if parent else "USLACKBOT"}
    elif replies or in_thread:
        users = list(dict.fromkeys(channel.messages[ts].user for ts in replies))
        shown |= {"thread_ts": message.ts, "reply_count": len(replies), "subscribed": False}
        if replies:
            shown |= {"reply_users": users[:5], "reply_users_count": len(users), "latest_reply": replies[-1]}
    return shown
