"""files.*: information, the upload in three steps, and the bytes themselves."""

from __future__ import annotations

import mimetypes
import time
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from revtops_tui.simulators.slack.calls import Call, SlackError, page
from revtops_tui.simulators.slack.conversations import Conversations
from revtops_tui.simulators.slack.workspace import File, Message, Workspace, shown_file

if TYPE_CHECKING:
    from starlette.requests import Request


class Files:
    """Methods over the files of a workspace."""

    def __init__(self, workspace: Workspace, conversations: Conversations) -> None:
        self._workspace = workspace
        self._conversations = conversations
        self._waiting: dict[str, File] = {}
        """Announced and not yet completed, by id."""

    def info(self, call: Call) -> dict[str, Any]:
        """files.info"""
        paging = {"count": 100, "total": 0, "page": 1, "pages": 0}
        return {"file": self._shown(self._file(call), call), "comments": [], "paging": paging}

    def all(self, call: Call) -> dict[str, Any]:
        """files.list"""
        files = [f for f in self._workspace.files.values() if call.text("channel") in ("", *f.channels)]
        found, _ = page(files, call)
        paging = {"count": 100, "total": len(files), "page": 1, "pages": 1}
        return {"files": [self._shown(file, call) for file in found], "paging": paging}

    def delete(self, call: Call) -> dict[str, Any]:
        """files.delete"""
        file = self._file(call)
        for channel in self._workspace.channels.values():
            for message in channel.messages.values():
                message.files = [each for each in message.files if each != file.id]
        del self._workspace.files[file.id]
        return {}

    def upload_url(self, call: Call) -> dict[str, Any]:
        """files.getUploadURLExternal: the first step"""
        name, length = call.text("filename"), call.text("length")
        if not name or not length.isdecimal() or int(length) == 0:
            raise SlackError("invalid_arguments")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = File(self._workspace.next_id("F"), name, name, kind, b"", call.user.id, int(time.time()))
        self._waiting[file.id] = file
        return {"upload_url": f"{call.host}/upload/v1/{file.id}", "file_id": file.id}

    async def upload(self, request: Request) -> Response:
        """The second step: bytes to the address of the first, as they are or as a form's file."""
        file = self._waiting.get(request.path_params["ticket"])
        if file is None:
            return Response("Not found", 404)
        if "multipart" in request.headers.get("content-type", ""):
            async with request.form() as form:
                parts = [await part.read() for part in form.values() if not isinstance(part, str)]
            file.content = b"".join(parts)
        else:
            file.content = await request.body()
        return Response(f"OK - {len(file.content)}")

    def complete(self, call: Call) -> dict[str, Any]:
        """files.completeUploadExternal: the third step; with a channel the files are shared in a message"""
        done: list[File] = []
        for given in call.objects("files"):
            file = self._waiting.get(str(given.get("id")))
            if file is None or not file.content:
                raise SlackError("file_not_found")
            file.title = given.get("title") or file.name
            done.append(file)
        channel_id = call.text("channel_id") or call.text("channels")
        channel = self._workspace.channels.get(channel_id)
        if channel_id and (channel is None or not channel.is_member):
            raise SlackError("channel_not_found" if channel is None else "not_in_channel")
        for file in done:
            self._workspace.files[file.id] = self._waiting.pop(file.id)
        if channel is not None:
            ids = [file.id for file in done]
            for file in done:
                file.channels.append(channel.id)
            thread = call.text("thread_ts") or None
            message = Message(self._workspace.now_ts(), call.user.id, call.text("initial_comment"), thread, files=ids)
            self._conversations.add(channel, message)
        return {"files": [self._shown(file, call) for file in done]}

    async def download(self, request: Request) -> Response:
        """The bytes, for whoever has a token."""
        file_id = request.path_params["place"].partition("-")[2]
        file = self._workspace.files.get(file_id)
        return Response("Not found", 404) if file is None else Response(file.content, media_type=file.mimetype)

    def _file(self, call: Call) -> File:
        file = self._workspace.files.get(call.text("file"))
        if file is None:
            raise SlackError("file_not_found")
        return file

    def _shown(self, file: File, call: Call) -> dict[str, Any]:
        return shown_file(file, self._workspace, call.host)
