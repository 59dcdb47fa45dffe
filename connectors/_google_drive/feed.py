"""Hearing that something changed, without an address that Drive could send notifications to: its feeds are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import blake2b

import orjson

from connectors._google_drive.reading import USER, Reader, members
from connectors.errors import InvalidInputError, NotFoundError


def position(tokens: Mapping[str, str]) -> str:
    """Where the feeds stand, in short: the same for the same page tokens of the same scopes."""
    content = orjson.dumps(dict(tokens), option=orjson.OPT_SORT_KEYS)
    return blake2b(content, digest_size=16).hexdigest()


async def wait_for_change(reader: Reader, tokens: Mapping[str, str], pause: float) -> None:
    """Return once there is a change behind the page tokens (scope -> token), asked for every `pause` seconds.

    A shared drive that was joined or left is one too, and so is a token that Drive no longer takes: nobody knows what
    is behind it.
    """
    at = dict(tokens)
    while True:
        await asyncio.sleep(pause)
        if at.keys() != {USER, *await reader.drives()}:
            return
        try:
            replies = await asyncio.gather(*(reader.changes(scope, token) for scope, token in at.items()))
        except (InvalidInputError, NotFoundError):
            return
        if any(members(reply, "changes") for reply in replies):
            return
        # A page may be empty and not the last one.
        moved = (reply.get("nextPageToken") or reply.get("newStartPageToken") for reply in replies)
        at = {scope: token or at[scope] for scope, token in zip(at, moved, strict=True)}
