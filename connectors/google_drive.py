"""Google Drive: files with their folder paths, search, reading and writing documents, change notifications.

The page for its users is `docs/connectors/google_drive.md`.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import cached_property, partial
from typing import Any, ClassVar

from connectors._google_drive.feed import position, wait_for_change
from connectors._google_drive.folders import Changes, Folders, scope_of
from connectors._google_drive.query import SEARCH_TERMS, Finder, file_id
from connectors._google_drive.reading import FOLDER, USER, File, Reader, members
from connectors._google_drive.signing_in import OAUTH
from connectors._google_drive.writing import FILE_TYPES, Writer
from connectors.base import BaseConnector
from connectors.errors import BookmarkLostError
from connectors.http import RateBudget
from connectors.paging import Fetched
from connectors.persistence import delete_records, persist_records
from connectors.registry import (
    AuthField,
    AuthType,
    Capability,
    ConnectorMeta,
    ConnectorScope,
    EventType,
    Idempotency,
    WriteOperation,
)
from connectors.stream import Bookmark, Deleted, StreamItem
from connectors.webhooks import InboundEvent, WebhookRefusedError, WebhookRequest


class GoogleDriveConnector(BaseConnector):
    """Speaks Google Drive's API, version 3."""

    source_system = "google_drive"
    base_url = "https://www.googleapis.com"
    rate_budgets = (RateBudget(12_000, per=60),)
    """Google's page "Usage limits": what projects from before May 2026 keep; newer ones are counted in units, which are
    more. Beyond it Drive answers 403 with the reason userRateLimitExceeded, which is waited for."""
    dry_runs: ClassVar[bool] = True
    poll_seconds: ClassVar[float] = 20.0
    """How often `listen` asks whether something changed: a request for each feed, and one for the shared drives."""

    meta = ConnectorMeta(
        name="Google Drive",
        slug="google_drive",
        auth_type=AuthType.OAUTH2,
        scope=ConnectorScope.USER,
        capabilities=[Capability.SYNC, Capability.QUERY, Capability.WRITE, Capability.LISTEN],
        entity_types=["shared_files"],
        oauth_scopes=["https://www.googleapis.com/auth/drive"],
        auth_fields=[
            AuthField(
                "channel_token",
                "Channel token",
                "password",
                required=False,
                help_text="The token of the notification channel, made up by whoever opened it. For events only.",
            )
        ],
        webhook_secret_extra_data_key="channel_token",  # noqa: S106 - the name of a field
        query_description="`read <id or link>` gives a document's text: Google documents, sheets (every sheet) and "
        "slides, text, PDF, docx, xlsx, pptx. Anything else searches: plain words, anywhere in names and contents, or "
        "Drive's own search language, such as `name contains 'contract' and modifiedTime > '2026-01-01' limit 500` or "
        "`'<folder id>' in parents`. What is in the trash is left out unless `trashed` is asked for.",
        write_operations=[
            WriteOperation(
                name="create_folder",
                entity_type="shared_files",
                description="Create a folder, unless this very one was created before",
                parameters=[
                    {"name": "name", "required": True, "description": "Folder name"},
                    {"name": "parent_folder_id", "description": "Id or link of the folder to put it in; else My Drive"},
                ],
                idempotency=Idempotency.SEARCH,
            ),
            WriteOperation(
                name="create_file",
                entity_type="shared_files",
                description="Create a file with content, unless this very one was created before",
                parameters=[
                    {"name": "file_type", "required": True, "choices": list(FILE_TYPES), "description": "What it is"},
                    {"name": "title", "required": True, "description": "File name"},
                    {
                        "name": "content",
                        "required": True,
                        "description": "Markdown for a document, CSV for a spreadsheet; the slides of a presentation "
                        "are separated by lines of ---, their first lines are the titles",
                    },
                    {"name": "folder_id", "description": "Id or link of the folder to put it in; else My Drive"},
                ],
                idempotency=Idempotency.SEARCH,
            ),
            WriteOperation(
                name="update_file",
                entity_type="shared_files",
                description="Replace the whole content of a document, sheet, presentation or text file. A spreadsheet "
                "has one sheet afterwards",
                parameters=[
                    {
                        "name": "id",
                        "required": True,
                        "aliases": ["external_id"],
                        "description": "Id or link of the file",
                    },
                    {"name": "content", "required": True, "description": "The new content, as for create_file"},
                ],
            ),
        ],
        event_types=[EventType("files_changed", "Something changed in the Drive: what it was is fetched and stored")],
        nango_integration_id="google-drive",
        oauth=OAUTH,
        description="Files with their folders from Google Drive; search, read and write documents.",
        icon="google_drive",
        usage_guide="Connect with an OAuth access token of the scope drive. With drive.readonly everything but writing "
        "works; with drive.file only what this app made or was given is seen.",
    )

    @cached_property
    def reader(self) -> Reader:
        """What this connection reads with."""
        return Reader(self.http)

    async def test_connection(self) -> str:
        """Ask whose Drive it is; returns such as `Ada Novak <ada@acme.com>`."""
        user = await self.reader.user()
        return f"{user.get('displayName') or ''} <{user.get('emailAddress') or 'unknown'}>".strip()

    # -- SYNC ------------------------------------------------------------------------------------------------------

    def sync_shared_files(self) -> Any:
        """Files, folders and shortcuts that are not in the trash: all of them, then what the feeds of changes name."""
        return self._listed() if self.bookmark is None else self._changed()

    async def _listed(self) -> AsyncGenerator[StreamItem, None]:
        """The user's files and those of each shared drive; in a window of time, those modified in it.

        The page tokens of the feeds are taken before anything is listed, and travel in the checkpoint: what changes
        meanwhile, also between a kill and the next run, is in the feed of the run after this one.
        """
        since, left_off = self.sync_since, (self.resume_cursor or {}).get("cursor") or {}
        drives = await self.reader.drives()
        tokens = left_off.get("tokens") or await self._start_tokens((USER, *drives))
        folders = await self._folders(tokens, drives)
        query = "trashed = false" if since is None else f"modifiedTime >= '{since.isoformat()}'"
        async with aclosing(self.walk(files=partial(self._page, folders, folders.digest(), tokens, query))) as items:
            async for item in items:
                yield item
        if since is None:
            yield Bookmark(folders.bookmark(tokens))

    async def _start_tokens(self, scopes: Sequence[str]) -> dict[str, str]:
        tokens = await asyncio.gather(*map(self.reader.start_token, scopes))
        return dict(zip(scopes, tokens, strict=True))

    async def _folders(self, tokens: Mapping[str, str], drives: Mapping[str, str]) -> Folders:
        root = await self.reader.file("root", "id,name")
        folders = Folders({root["id"]: root["name"], **drives}, {})
        for scope in tokens:
            query = f"mimeType = '{FOLDER}' and trashed = false"
            async for files in self.reader.all_files(scope, query, "id,name,parents"):
                for file in files:
                    folders.put(file)
        return folders

    async def _page(self, folders: Folders, digest: str, tokens: Mapping[str, str], query: str, cursor: Any) -> Fetched:
        start = {"scope": USER, "tokens": tokens, "folders": digest}
        # A run that was killed goes on, unless folders changed meanwhile: rows would have been stored with old paths,
        # and a bookmark with the new ones would hide that.
        cursor = cursor if cursor and cursor["folders"] == digest else start
        scope = cursor["scope"]
        reply = await self.reader.files(scope, query, cursor.get("page"))
        # What the user opened of a shared drive is also among the user's own; it comes with the drive.
        files = [file for file in members(reply, "files") if scope_of(file, tokens) == scope]
        items = [_listed_item(folders, file) for file in files]
        if page := reply.get("nextPageToken"):
            return Fetched(items, {**cursor, "page": page})
        scopes = list(tokens)
        left = scopes[scopes.index(scope) + 1 :]
        return Fetched(items, {**start, "scope": left[0]} if left else None)

    async def _changed(self) -> AsyncGenerator[StreamItem, None]:
        changes = Changes(self.reader, self.bookmark)
        async with aclosing(changes.items()) as items:
            async for item in items:
                yield item
        yield Bookmark(changes.bookmark)

    # -- LISTEN ----------------------------------------------------------------------------------------------------

    async def verify_webhook(self, request: WebhookRequest) -> None:
        """Compare the channel's token, which only Google was told (page "Notifications for resource changes")."""
        token = self.webhook_secret()
        if not token:
            raise WebhookRefusedError(
                "The connection has no channel token, so nobody can tell who sent this.",
                status=403,
                hint="Connect again and give the token that the channel was opened with.",
            )
        given = request.headers.get("x-goog-channel-token", "")
        if not hmac.compare_digest(token.encode(), given.encode("utf-8", "surrogateescape")):
            raise WebhookRefusedError("The notification does not carry the token of this connection's channel.")

    def process_webhook_payload(self, request: WebhookRequest) -> list[InboundEvent]:
        """All is in the headers, the body is empty. A channel's first message, `sync`, says only that it is open."""
        headers = request.headers
        state, channel = headers.get("x-goog-resource-state", ""), headers.get("x-goog-channel-id", "")
        if state == "sync":
            return []
        number = headers.get("x-goog-message-number", "")
        payload = {"channel_id": channel, "state": state, "message_number": number}
        return [InboundEvent("files_changed", payload, f"{channel}:{number}")]

    async def listen(self) -> AsyncGenerator[InboundEvent, None]:
        """Ask the feeds of changes again and again, and tell when they have gone on. Raises a ConnectorError.

        The first event comes at once: what changed while nobody listened is behind it. Each goes by where the feeds
        stand, so that one who begins to listen twice at the same place is told once.
        """
        while True:
            # Taken before the event is given out, so that what changes while it is handled makes another one.
            tokens = await self._start_tokens((USER, *await self.reader.drives()))
            yield InboundEvent("files_changed", {"page_tokens": tokens}, position(tokens))
            await wait_for_change(self.reader, tokens, self.poll_seconds)

    async def handle_event(self, event_type: str, payload: dict[str, Any]) -> None:  # noqa: ARG002 - it says nothing
        """Store what changed since the last run. Its bookmark stays where it is: the next run passes there again."""
        bookmark = self.context.stored_bookmark("shared_files")
        if bookmark is None:  # nothing was synced yet, so the first run brings it
            return
        try:
            async with aclosing(Changes(self.reader, bookmark).items()) as items:
                async for item in items:
                    await self._store(item)
        except BookmarkLostError:
            return  # the next run finds the same, and lists everything

    async def _store(self, item: list[dict[str, Any]] | Deleted) -> None:
        if isinstance(item, Deleted):
            await delete_records(self.organization_id, "shared_files", item.source_ids, self.source_system)
        else:
            await persist_records(self.organization_id, "shared_files", item, self.source_system)

    # -- QUERY -----------------------------------------------------------------------------------------------------

    async def get_schema(self) -> list[dict[str, Any]]:
        """The terms of Drive's search language, as Google's page "Search query terms and operators" has them."""
        columns = [{"name": name, "type": kind, "description": description} for name, kind, description in SEARCH_TERMS]
        return [{"name": "files", "type": "search", "columns": columns}]

    async def query(self, request: str) -> dict[str, Any]:
        """A document's text (`read <id>`), or the files that a search finds: `{"columns", "rows", "truncated"}`.

        Raises NotFoundError for a file that does not exist or is out of sight, InvalidInputError for one without text.
        """
        return await Finder(self.reader).answer(request)

    # -- WRITE -----------------------------------------------------------------------------------------------------

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        """Returns `id`, `name`, `url`, and `created`: False where what should be created was there.

        A creation is marked with a digest of what is asked for, in a property that only this app sees, and looked for
        before it is made: repeated, it finds the first one. Within a call, an answer that was lost does no harm: a
        file of an id that was reserved before (`files.generateIds`) is created once. Google's own formats take no
        such id; of those the mark is looked for again.
        """
        writer = Writer(self.http, self.reader)
        match operation:
            case "create_folder":
                return await writer.create(FOLDER, data["name"], None, data.get("parent_folder_id"))
            case "create_file":
                mime = FILE_TYPES[data["file_type"]]
                return await writer.create(mime, data["title"], data["content"], data.get("folder_id"))
            case "update_file":
                return await writer.update(file_id(data.get("id") or data["external_id"]), data["content"])
        return await super().write(operation, data)


def _listed_item(folders: Folders, file: File) -> dict[str, Any] | Deleted:
    return Deleted([str(file.get("id"))]) if file.get("trashed") is True else folders.record(file)
