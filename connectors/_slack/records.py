"""Slack's channels and messages as records, and their text as people read it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors._slack.api import SlackApi

Fields = dict[str, Any]
Item = Mapping[str, Any]

TOMBSTONE = "tombstone"
"""The subtype of what a deleted message leaves behind that has replies."""
_MARKED = re.compile(r"<([^<>]+)>")
_MENTION = re.compile(r"<([@#])([A-Z0-9]+)>")
"""A user or a channel without its name; Slack's page "Formatting text for app surfaces"."""
_KEPT = ("user", "ts", "thread_ts", "reply_count", "subtype", "bot_id", "client_msg_id")


class Names:
    """What users and channels are called; looked up once each."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self._people: dict[str, Item] = {}
        self._channels: dict[str, str] = {}

    def learn_people(self, users: Iterable[Item]) -> None:
        """Take in users as users.list shows them."""
        self._people |= {str(user.get("id")): user for user in users}

    def learn_channels(self, channels: Iterable[Item]) -> None:
        """Take in channels as conversations.list shows them."""
        self._channels |= {str(channel.get("id")): str(channel.get("name")) for channel in channels}

    async def find(self, messages: Iterable[Item]) -> None:
        """Look up whom these messages name and nobody knows yet: people of other companies are not in users.list."""
        for sign, found in {pair for message in messages for pair in _named(message)}:
            if sign == "@" and found not in self._people:
                reply = await self._api.get("users.info", fine=("user_not_found", "user_not_visible"), user=found)
                self._people[found] = reply.get("user") or {}
            elif sign == "#" and found not in self._channels:
                reply = await self._api.get("conversations.info", fine=("channel_not_found",), channel=found)
                self._channels[found] = str((reply.get("channel") or {}).get("name") or found)

    def person(self, user_id: Any) -> str | None:
        """A user's full name, or else the name that they chose; None for nobody."""
        user = self._people.get(str(user_id), {})
        profile = user.get("profile") or {}
        return user.get("real_name") or profile.get("real_name") or profile.get("display_name") or user.get("name")

    def email(self, user_id: Any) -> str | None:
        """A user's address, where the token may see it."""
        return (self._people.get(str(user_id), {}).get("profile") or {}).get("email")

    def channel(self, channel_id: Any) -> str:
        """A channel's name, without #."""
        return self._channels.get(str(channel_id), str(channel_id))

    def readable(self, text: Any) -> Any:
        """Text with its mentions and links as people see them; what is no text stays what it is."""
        if not isinstance(text, str):
            return text
        return html.unescape(_MARKED.sub(self._read, text))

    def _read(self, match: re.Match[str]) -> str:
        target, bar, label = match[1].partition("|")
        kind, rest = target[0], target[1:]
        if kind == "@":
            return f"@{self.person(rest) or label or rest}"
        if kind == "#":
            return f"#{label or self.channel(rest)}"
        if kind == "!":
            return label or f"@{rest.partition('^')[0]}"
        return f"{label} ({target})" if bar and label and not target.endswith(label) else label or target


def _named(message: Item) -> Iterator[tuple[str, str]]:
    if isinstance(user := message.get("user"), str):
        yield "@", user
    if isinstance(text := message.get("text"), str):
        yield from _MENTION.findall(text)


def channel_record(channel: Item, names: Names, url: str) -> Fields:
    """A channel as an activity: what it is for, and whether its messages are synced (`is_member`)."""
    key = {"source_id": f"channel:{channel.get('id')}" if channel.get("id") else "", "type": "channel"}
    try:
        return key | _channel(channel, names, url)
    except (AttributeError, TypeError):  # of a shape that Slack does not describe: set aside, with all that is in it
        return {**key, "description": channel}


def message_record(message: Item, channel_id: str, names: Names, url: str) -> Fields:
    """A message as an activity."""
    key = {"source_id": f"{channel_id}:{ts}" if (ts := message.get("ts")) else "", "type": "message"}
    try:
        return key | _message(message, channel_id, names, url)
    except (AttributeError, TypeError):  # as above
        return {**key, "description": message}


def _channel(channel: Item, names: Names, url: str) -> Fields:
    name = channel.get("name")
    texts = {key: names.readable((channel.get(key) or {}).get("value")) for key in ("topic", "purpose")}
    flags = ("is_member", "is_private", "is_archived", "is_general", "is_shared", "num_members", "creator")
    return {
        "subject": f"#{name}" if isinstance(name, str) else name,
        "description": texts["purpose"] or texts["topic"] or None,
        "activity_date": channel.get("created"),
        "owner_email": names.email(channel.get("creator")),
        "custom_fields": {
            **{key: channel[key] for key in flags if key in channel},
            **{key: value for key, value in texts.items() if value},
            "permalink": f"{url}archives/{channel.get('id')}",
        },
    }


def _message(message: Item, channel_id: str, names: Names, url: str) -> Fields:
    return {
        "subject": f"#{names.channel(channel_id)}",
        "description": names.readable(_text(message)),
        "activity_date": message.get("ts"),
        "owner_email": names.email(message.get("user")),
        "custom_fields": {
            "channel": channel_id,
            **{key: message[key] for key in _KEPT if message.get(key) is not None},
            **_details(message, names),
            "permalink": permalink(url, channel_id, message.get("ts"), message.get("thread_ts")),
        },
    }


def permalink(url: str, channel_id: str, ts: Any, thread_ts: Any = None) -> str:
    """A message's address, as chat.getPermalink would say it. `url` is the workspace's."""
    link = f"{url}archives/{channel_id}/p{str(ts).replace('.', '')}"
    return f"{link}?thread_ts={thread_ts}&cid={channel_id}" if thread_ts and thread_ts != ts else link


def _details(message: Item, names: Names) -> Fields:
    author = names.person(message.get("user")) or message.get("username")
    files = [
        {"id": f.get("id"), "name": f.get("name"), "mimetype": f.get("mimetype"), "permalink": f.get("permalink")}
        for f in message.get("files") or ()
    ]
    details = {
        "user_name": author or (message.get("bot_profile") or {}).get("name"),
        "reactions": {reaction.get("name"): reaction.get("count") for reaction in message.get("reactions") or ()},
        "files": files,
        "edited_ts": (message.get("edited") or {}).get("ts"),
    }
    return {key: value for key, value in details.items() if value}


def _text(message: Item) -> Any:
    """A message's text; an app may have sent blocks or attachments alone."""
    if message.get("text"):
        return message["text"]
    parts = [*_texts(message.get("blocks")), *_texts(message.get("attachments"))]
    return "\n".join(parts)


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _texts(each)
    elif isinstance(part, Mapping):
        for key in ("title", "text", "fields", "elements", "blocks"):
            if isinstance(value := part.get(key), str):
                yield value
            else:
                yield from _texts(value)
        if not any(part.get(key) for key in ("text", "blocks", "type")) and isinstance(part.get("fallback"), str):
            yield part["fallback"]
