"""What a person or an agent asks Slack on the spot: channels, history, a thread, search, a file's text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors._slack.api import Reply, SlackApi, next_cursor
from connectors._slack.workspace import Workspace
from connectors.errors import InvalidInputError, PermissionDeniedError
from connectors.http.urls import origin

if TYPE_CHECKING:
    from connectors.http import HttpClient

_CHANNEL_COLUMNS = ("id", "name", "is_member", "is_private", "is_archived", "num_members", "topic", "purpose")
_MESSAGE_COLUMNS = ("time", "user", "text", "reply_count", "thread_ts", "ts")
_FOUND_COLUMNS = ("time", "channel", "user", "text", "permalink", "ts")
_FILE_COLUMNS = ("id", "name", "mimetype", "size", "user", "permalink", "text")

FORMS: dict[str, tuple[str, Sequence[str]]] = {
    "channels": ("channels [words]", _CHANNEL_COLUMNS),
    "channel": ("channel #sales", _CHANNEL_COLUMNS),
    "history": ("history #sales [since 2026-01-31] [limit 100]", _MESSAGE_COLUMNS),
    "thread": ("thread #sales 1234567890.123456", _MESSAGE_COLUMNS),
    "search": ("search renewal in:#sales [limit 100]", _FOUND_COLUMNS),
    "file": ("file F0123456789", _FILE_COLUMNS),
}
"""First word of a request -> what it looks like, and the columns of its answer."""

_LIMIT = re.compile(r"\s+limit\s+([1-9][0-9]{0,5})$", re.IGNORECASE)
_SINCE = re.compile(r"\s+since\s+(\S+)$", re.IGNORECASE)
_PAGE = 200
_SEARCH_PAGE, _SEARCH_PAGES = 100, 100
"""search.messages: the most results of a page, and the last page that it gives."""
_LARGEST_FILE = 5_000_000
"""Bytes of a file that is read into an answer."""

Answer = dict[str, Any]


class Queries:
    """Answers requests. `user_token` is what search needs."""

    def __init__(self, api: SlackApi, workspace: Workspace, http: HttpClient, bot_token: str, user_token: str) -> None:
        self._api = api
        self._workspace = workspace
        self._http = http
        self._bot_token = bot_token
        self._user_token = user_token

    async def answer(self, request: str) -> Answer:
        """`{"columns", "rows", "truncated"}`. Raises InvalidInputError for what is no request."""
        kind, _, rest = request.strip().partition(" ")
        rest, limit = _taken(f" {rest.strip()}", _LIMIT)
        count = int(limit or 100)
        match kind.lower():
            case "channels":
                return await self._channels(rest)
            case "channel" if rest:
                return await self._channel(rest)
            case "history" if rest:
                return await self._history(rest, count)
            case "thread" if len(words := rest.split()) == 2:
                return await self._thread(words[0], words[1], count)
            case "search" if rest:
                return await self._search(rest, count)
            case "file" if rest:
                return await self._file(rest)
        forms = "; ".join(form for form, _ in FORMS.values())
        raise InvalidInputError("That is no request that Slack can answer.", hint=f"Such as: {forms}.")

    async def _channels(self, words: str) -> Answer:
        rows = [_channel(c) for c in await self._workspace.channels()]
        sought = words.casefold()
        rows = [row for row in rows if any(sought in text.casefold() for text in row if isinstance(text, str))]
        return {"columns": list(_CHANNEL_COLUMNS), "rows": rows, "truncated": False}

    async def _channel(self, wanted: str) -> Answer:
        channel = await self._workspace.channel_id(wanted)
        reply = await self._api.get("conversations.info", channel=channel, include_num_members=True)
        return {"columns": list(_CHANNEL_COLUMNS), "rows": [_channel(reply["channel"])], "truncated": False}

    async def _history(self, rest: str, limit: int) -> Answer:
        wanted, since = _taken(f" {rest}", _SINCE)
        oldest = _epoch(since) if since else None
        channel = await self._workspace.channel_id(wanted)
        return await self._messages("conversations.history", limit, channel=channel, oldest=oldest)

    async def _thread(self, wanted: str, ts: str, limit: int) -> Answer:
        return await self._messages(
            "conversations.replies", limit, channel=await self._workspace.channel_id(wanted), ts=ts
        )

    async def _messages(self, method: str, limit: int, **where: Any) -> Answer:
        found: list[Reply] = []
        cursor: str | None = None
        while cursor != "" and len(found) < limit:
            page = min(_PAGE, limit - len(found))
            reply = await self._api.messages(method, page, (), cursor=cursor, **where)
            found += reply.get("messages") or ()
            cursor = next_cursor(reply) if reply.get("has_more") else ""
        names = self._workspace.names
        await names.find(found)
        rows = [
            [_time(m.get("ts")), names.person(m.get("user")) or m.get("username"), names.readable(m.get("text")),
             m.get("reply_count"), m.get("thread_ts"), m.get("ts")]
            for m in found
        ]  # fmt: skip
        return {"columns": list(_MESSAGE_COLUMNS), "rows": rows[:limit], "truncated": bool(cursor)}

    async def _search(self, words: str, limit: int) -> Answer:
        if not self._user_token:
            raise PermissionDeniedError(
                "Slack answers a search only to a person's token, and this connection has none.",
                hint="Connect again and give user_token (xoxp-…) with the scope search:read.",
            )
        found: list[Reply] = []
        page, pages, total = 1, 1, 0
        while page <= min(pages, _SEARCH_PAGES) and len(found) < limit:
            reply = await self._api.get(
                "search.messages",
                token=self._user_token,
                query=words,
                count=_SEARCH_PAGE,
                page=page,
                sort="timestamp",
            )
            messages = reply.get("messages") or {}
            found += messages.get("matches") or ()
            pages, total = (messages.get("paging") or {}).get("pages", 0), messages.get("total", 0)
            page += 1
        names = self._workspace.names
        await names.find(found)
        rows = [
            [_time(m.get("ts")), (m.get("channel") or {}).get("name"), names.person(m.get("user")) or m.get("username"),
             names.readable(m.get("text")), m.get("permalink"), m.get("ts")]
            for m in found[:limit]
        ]  # fmt: skip
        return {"columns": list(_FOUND_COLUMNS), "rows": rows, "truncated": total > len(rows)}

    async def _file(self, wanted: str) -> Answer:
        file = (await self._api.get("files.info", file=wanted))["file"]
        text, notice = await self._text(file)
        row = [*(file.get(name) for name in _FILE_COLUMNS[:-1]), text]
        return {"columns": list(_FILE_COLUMNS), "rows": [row], "truncated": False, "notice": notice}

    async def _text(self, file: Reply) -> tuple[str | None, str]:
        """A file's text, or None and why there is none."""
        url, size = str(file.get("url_private_download") or file.get("url_private") or ""), file.get("size") or 0
        if file.get("is_external") or not self._is_slacks(url):
            return None, "The file lies outside of Slack, where this token must not be shown."
        if size > _LARGEST_FILE:
            return None, f"The file has {size:,} bytes; up to {_LARGEST_FILE:,} are read."
        answer = await self._http.get(url, headers={"Authorization": f"Bearer {self._bot_token}"})
        if "html" in answer.headers.get("content-type", "") and "html" not in str(file.get("mimetype")):
            # Slack's page "Working with files": who may not see a file gets a page to sign in, with HTTP 200.
            raise PermissionDeniedError("Slack does not show this file to the app.")
        try:
            return answer.content.decode("utf-8"), ""
        except UnicodeDecodeError:
            return None, f"The file is no text ({file.get('mimetype')})."

    def _is_slacks(self, url: str) -> bool:
        where = origin(url)
        return where == origin(self._http.base_url) or (where.scheme == "https" and where.host.endswith(".slack.com"))


def _taken(text: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    """A request without such an ending, and the ending's value."""
    match = pattern.search(text)
    return (text[: match.start()].strip(), match[1]) if match else (text.strip(), "")


def _channel(channel: Mapping[str, Any]) -> list[Any]:
    values = [channel.get(name) for name in _CHANNEL_COLUMNS]
    return [value.get("value") if isinstance(value, Mapping) else value for value in values]


def _time(ts: Any) -> str | None:
    try:
        return dt.datetime.fromtimestamp(float(ts), dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (TypeError, ValueError, OverflowError):
        return None


def _epoch(text: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"{text} is no day or time.", hint="Such as 2026-01-31 or 2026-01-31T09:30:00Z."
        ) from None
    return f"{(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp():.6f}"
