"""`/drive/v3/changes`, `/drive/v3/drives`, `/drive/v3/about` and the push channels."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.faults import FAULT
from revtops_tui.simulators.google_drive.account import USER, Account, SharedDrive, now_ms
from revtops_tui.simulators.google_drive.conversions import EXPORTS
from revtops_tui.simulators.google_drive.files import distorted, flag, page_size
from revtops_tui.simulators.google_drive.replies import (
    Json,
    Mask,
    check_names,
    invalid,
    masked,
    parse_mask,
    refusal,
)
from revtops_tui.simulators.google_drive.resources import DEFAULT_FILE, drive_json, file_json, user_json
from revtops_tui.simulators.seeding import iso_utc
from revtops_tui.simulators.vendor import RefusalError, json_reply

if TYPE_CHECKING:
    from starlette.requests import Request

    from revtops_tui.simulators.outbox import Outbox

_CHANGE = ("kind", "changeType", "type", "time", "removed", "fileId", "file", "driveId", "drive")
_HOUR_MS = 3_600_000


@dataclass
class _Channel:
    id: str
    log: str
    resource_id: str
    resource_uri: str
    address: str
    token: str
    expiration: int
    sent: int = 0


class ChangeRoutes:
    """The feed of changes of one account, and whoever wants to be told of them."""

    def __init__(self, account: Account, outbox: Outbox) -> None:
        self._account = account
        self._outbox = outbox
        self._channels: dict[str, _Channel] = {}
        account.on_change = self._notify

    def routes(self) -> list[Route]:
        """What to mount."""
        return [
            Route("/drive/v3/about", self.about, methods=["GET"]),
            Route("/drive/v3/drives", self.drives, methods=["GET"]),
            Route("/drive/v3/drives", self.create_drive, methods=["POST"]),
            Route("/drive/v3/drives/{id}", self.drive, methods=["GET"]),
            Route("/drive/v3/changes/startPageToken", self.start, methods=["GET"]),
            Route("/drive/v3/changes", self.list, methods=["GET"]),
            Route("/drive/v3/changes/watch", self.watch, methods=["POST"]),
            Route("/drive/v3/channels/stop", self.stop, methods=["POST"]),
        ]

    # -- the account ---------------------------------------------------------------------------------------------------

    async def about(self, request: Request) -> Response:
        """Who this is. The one method that insists on `fields`."""
        if "fields" not in request.query_params:
            raise invalid("The 'fields' parameter is required for this method.", "fields", "required")
        exports = {mime: list(kinds) for mime, kinds in EXPORTS.items()}
        body = {"kind": "drive#about", "user": user_json(self._account), "exportFormats": exports}
        return json_reply(masked(body, parse_mask(request.query_params["fields"])))

    async def drives(self, request: Request) -> Response:
        """A page of the shared drives that the user belongs to."""
        mask = parse_mask(request.query_params.get("fields", "*"))
        check_names(mask, ("kind", "nextPageToken", "drives"))
        drives = self._account.member_drives()
        at = int(request.query_params.get("pageToken") or 0)
        end = at + page_size(request, 10, 100)
        body: Json = {"kind": "drive#driveList", "drives": [drive_json(drive) for drive in drives[at:end]]}
        if end < len(drives):
            body["nextPageToken"] = str(end)
        return json_reply(masked(body, mask))

    async def drive(self, request: Request) -> Response:
        """One shared drive."""
        return json_reply(drive_json(self._drive(request.path_params["id"])))

    async def create_drive(self, request: Request) -> Response:
        """A new shared drive."""
        if "requestId" not in request.query_params:
            raise invalid("Required parameter: requestId", "requestId", "required")
        name = orjson.loads(await request.body()).get("name", "")
        return json_reply(drive_json(self._account.add_drive(name, now_ms())))

    def _drive(self, drive_id: str) -> SharedDrive:
        drive = self._account.drives.get(drive_id)
        if drive is None or not drive.member:
            raise RefusalError(refusal(404, "notFound", f"Shared drive not found: {drive_id}", location="driveId"))
        return drive

    # -- the feed ------------------------------------------------------------------------------------------------------

    async def start(self, request: Request) -> Response:
        """Where the feed goes on from now."""
        self._log(request)
        body = {"kind": "drive#startPageToken", "startPageToken": str(self._account.position + 1)}
        return json_reply(masked(body, parse_mask(request.query_params.get("fields", "*"))))

    async def list(self, request: Request) -> Response:
        """A page of changes. Of a file that changed several times there is the last one."""
        log = self._log(request)
        mask = parse_mask(request.query_params.get("fields", "kind,nextPageToken,newStartPageToken,changes"))
        check_names(mask, ("kind", "nextPageToken", "newStartPageToken", "changes"))
        token = request.query_params.get("pageToken", "")
        if not token.isdigit() or int(token) <= self._account.floor:
            raise invalid("Invalid Value", "pageToken")
        entries = [(what, at) for what, at in list(self._account.logs[log].items()) if at >= int(token)]
        size = page_size(request, 100, 1000)
        shown = [change for what, _ in entries[:size] if (change := self._change(request, log, what, mask))]
        body: Json = {"kind": "drive#changeList", "changes": shown}
        if len(entries) > size:
            body["nextPageToken"] = str(entries[size][1])
        else:
            body["newStartPageToken"] = str(self._account.position + 1)
        fault = request.scope.get("extensions", {}).get(FAULT)
        if fault == "duplicates":
            body["changes"] = distorted(shown, fault)
        return json_reply({name: value for name, value in body.items() if name in mask or "*" in mask})

    def _log(self, request: Request) -> str:
        drive = request.query_params.get("driveId")
        if drive is None:
            return USER
        if not flag(request, "supportsAllDrives"):
            raise invalid("The driveId parameter requires supportsAllDrives.", "driveId")
        return self._drive(drive).id

    def _change(self, request: Request, log: str, what: str, mask: Mask) -> Json | None:
        shape = mask.get("changes") or {
            name: {} for name in ("kind", "removed", "fileId", "time", "changeType", "file")
        }
        check_names(shape, _CHANGE)
        change: Json = {"kind": "drive#change", "time": iso_utc(now_ms())}
        if what in self._account.logs or what.startswith("0A"):
            drive = self._account.drives.get(what)
            change |= {"changeType": "drive", "driveId": what, "removed": drive is None}
            if drive:
                change["drive"] = drive_json(drive)
            return dict(masked(change, shape))
        file = self._account.files.get(what)
        left = file is None or (log != USER and file.drive != log)
        if log == USER and file is not None and file.drive and not flag(request, "includeItemsFromAllDrives"):
            left = True
        if left and request.query_params.get("includeRemoved") == "false":
            return None
        change |= {"changeType": "file", "fileId": what, "removed": left}
        if file is not None and (not left or flag(request, "includeCorpusRemovals")):
            change["file"] = file_json(self._account, file, shape.get("file") or DEFAULT_FILE)
        return dict(masked(change, {**shape, "file": {}} if "file" in shape else shape))

    # -- push channels -------------------------------------------------------------------------------------------------

    async def watch(self, request: Request) -> Response:
        """Open a channel (Google's page "Notifications for resource changes"); its first message says `sync`."""
        log = self._log(request)
        asked = orjson.loads(await request.body())
        address = str(asked.get("address", ""))
        if asked.get("type") not in ("web_hook", "webhook"):
            raise invalid(f"Unknown channel type {asked.get('type')!r}", "entity.type")
        if not address.startswith(("https://", "http://127.0.0.1:")):
            raise invalid(f"WebHook callback must be HTTPS: {address}", "entity.address", "push.webhookUrlNotHttps")
        if not asked.get("id") or asked["id"] in self._channels:
            raise invalid(f"Channel id {asked.get('id')} not unique", "entity.id", "channelIdNotUnique")
        channel = _Channel(
            asked["id"],
            log,
            hashlib.sha256(log.encode()).hexdigest()[:27],
            f"https://www.googleapis.com/drive/v3/changes?{request.url.query}&alt=json",
            address,
            str(asked.get("token") or ""),
            int(asked.get("expiration") or time.time() * 1000 + _HOUR_MS),
        )
        self._channels[channel.id] = channel
        self._send(channel, "sync")
        return json_reply(
            {
                "kind": "api#channel",
                "id": channel.id,
                "resourceId": channel.resource_id,
                "resourceUri": channel.resource_uri,
                "token": channel.token,
                "expiration": str(channel.expiration),
            }
        )

    async def stop(self, request: Request) -> Response:
        """Close a channel."""
        asked = orjson.loads(await request.body())
        channel = self._channels.get(asked.get("id", ""))
        if channel is None or channel.resource_id != asked.get("resourceId"):
            raise RefusalError(refusal(404, "notFound", f"Channel '{asked.get('id')}' not found for project"))
        del self._channels[channel.id]
        return Response(status_code=204)

    def _notify(self, log: str) -> None:
        for channel in list(self._channels.values()):
            if channel.log == log and channel.expiration > now_ms():
                self._send(channel, "change")

    def _send(self, channel: _Channel, state: str) -> None:
        """A message: headers alone, without a body."""
        channel.sent += 1
        expires = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(channel.expiration / 1000))
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Message-Number": str(channel.sent),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-State": state,
            "X-Goog-Resource-URI": channel.resource_uri,
            "X-Goog-Channel-Expiration": expires,
        }
        if channel.token:
            headers["X-Goog-Channel-Token"] = channel.token
        self._outbox.send(channel.address, headers=headers, body=b"")
