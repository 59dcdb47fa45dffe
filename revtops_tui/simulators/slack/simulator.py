"""Slack's Web API, Events API and Socket Mode over a seeded workspace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from revtops_tui.simulators.faults import FAULT, Fault
from revtops_tui.simulators.limits import Limit, Meter
from revtops_tui.simulators.seeding import stream
from revtops_tui.simulators.signing_in import Asked, Flow
from revtops_tui.simulators.slack.calls import Call, SlackError, arguments
from revtops_tui.simulators.slack.conversations import SMALL_LIMIT, Conversations
from revtops_tui.simulators.slack.feeds import Announcer
from revtops_tui.simulators.slack.files import Files
from revtops_tui.simulators.slack.seeded import seeded
from revtops_tui.simulators.slack.workspace import Channel, Message, Workspace
from revtops_tui.simulators.vendor import VendorSimulator, json_reply

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

Tier = int
_A_MINUTE: dict[Tier, int] = {1: 1, 2: 20, 3: 50, 4: 100}
"""Requests that a tier allows for each method, app and workspace: "Rate limits"."""
_CHANNELS = "channels:read,groups:read"
_HISTORY = "channels:history,groups:history"
_TWELVE_HOURS = 43_200
ALL_SCOPES = frozenset(
    f"{_CHANNELS},{_HISTORY},users:read,users:read.email,team:read,chat:write,reactions:write,reactions:read,"
    "files:read,files:write,im:write,channels:join,channels:manage,search:read,connections:write".split(",")
)


@dataclass(frozen=True)
class _Method:
    """A method: what carries it out, how often it may be called, the scopes of which it needs one, and whose tokens
    it takes."""

    run: Callable[[Call], dict[str, Any]]
    tier: Tier
    scope: str = ""
    kinds: tuple[str, ...] = ("bot", "user")


def _answer(asked: Asked) -> dict[str, Any]:
    """Slack's; the user's own token is inside (method oauth.v2.access). The last two are there with token rotation."""
    rotation = {"refresh_token": asked.refresh_token, "expires_in": asked.seconds} if asked.refresh_token else {}
    return {
        "ok": True,
        "access_token": asked.token,
        "token_type": "bot",
        "scope": ",".join(asked.scopes),
        "bot_user_id": "U0000000BOT",
        "app_id": "A00000000",
        "team": {"id": "T00000000", "name": "Simulated"},
        "authed_user": {"id": "U00000001", "scope": "search:read", "access_token": SlackSimulator.user_token},
        **rotation,
    }


def _oauth_refusal(code: str, _sentence: str) -> Response:
    """With HTTP 200, and words of its own."""
    words = {"invalid_client": "bad_client_secret", "invalid_grant": "invalid_code"}
    return json_reply({"ok": False, "error": words.get(code, code)})


class SlackSimulator(VendorSimulator):
    """A Slack workspace on this machine.

    Args:
        small: whether the app is one that is distributed outside of Slack's Marketplace, and so gets 15 messages for
            each call of conversations.history and conversations.replies; `small_limit` is how many calls.
        tiers: whether the methods' own rate limits hold.
        scopes: what the tokens were granted.
        rotates: whether the app has token rotation on: its tokens last twelve hours, a refresh token is good once.
    """

    slug: ClassVar[str] = "slack"
    flow = Flow(
        "/oauth/v2/authorize",
        "/api/oauth.v2.access",
        seconds=None,
        separator=",",
        answer=_answer,
        refusal=_oauth_refusal,
    )
    bot_token: ClassVar[str] = "xoxb-simulated"  # noqa: S105 - opens nothing but this simulator, like the others
    user_token: ClassVar[str] = "xoxp-simulated"  # noqa: S105
    app_token: ClassVar[str] = "xapp-simulated"  # noqa: S105
    signing_secret: ClassVar[str] = "simulated-signing-secret"  # noqa: S105

    def __init__(
        self,
        *,
        small: bool = False,
        small_limit: Limit = SMALL_LIMIT,
        tiers: bool = False,
        rotates: bool = False,
        scopes: frozenset[str] = ALL_SCOPES,
        seed: int = 1,
        size: int = 1_000,
        **options: Any,
    ) -> None:
        self._seed = stream(seed, "slack")
        self._limits = {tier: Limit(requests, 60.0) for tier, requests in _A_MINUTE.items()} if tiers else {}
        self._small_limit = small_limit if small else None
        self._meters: defaultdict[str, list[Meter]] = defaultdict(list)
        self.scopes = scopes
        super().__init__(seed=seed, size=size, **options)
        if rotates and self.sign_in is not None:
            self.sign_in.flow = replace(self.flow, seconds=_TWELVE_HOURS, renewal="rotates")

    # -- what Slack says of itself ---------------------------------------------------------------------------------

    @property
    def credentials(self) -> dict[str, Any]:
        """The fields of a connection that may do everything."""
        return {
            "access_token": self.bot_token,
            "user_token": self.user_token,
            "app_token": self.app_token,
            "signing_secret": self.signing_secret,
        }

    def routes(self) -> Sequence[BaseRoute]:
        """The Web API, the addresses of files, and Socket Mode's."""
        return [
            Route("/api/{method}", self._call, methods=["GET", "POST"]),
            Route("/upload/v1/{ticket}", self._files.upload, methods=["POST"]),
            Route("/files-pri/{place}/{name}", self._files.download, methods=["GET"]),
            WebSocketRoute("/link/", self.events.sockets.serve),
        ]

    @cached_property
    def workspace(self) -> Workspace:
        """What the account holds."""
        return seeded(self.story, self._seed)

    @cached_property
    def events(self) -> Announcer:
        """The Events API and Socket Mode."""
        return Announcer(self.workspace, self.outbox, self.signing_secret)

    @cached_property
    def _conversations(self) -> Conversations:
        return Conversations(self.workspace, self.events.announce, small=self._small_limit is not None)

    @cached_property
    def _files(self) -> Files:
        return Files(self.workspace, self._conversations)

    def unauthorized(self, request: Request) -> Response | None:
        """Slack's refusal of a token, with HTTP 200. An upload's address is its own key."""
        if request.url.path.startswith("/upload/") or self._kind(request):
            return None
        given = request.headers.get("authorization")
        return _refusal(SlackError("invalid_auth" if given else "not_authed"))

    def fault_reply(self, fault: Fault) -> Response:
        """How Slack words it: what is wrong with a token comes with HTTP 200."""
        if fault.kind == "429":
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            return json_reply({"ok": False, "error": "ratelimited"}, 429, headers)
        if fault.kind == "500":
            return json_reply({"ok": False, "error": "internal_error"}, 500)
        return _refusal(SlackError("token_expired" if fault.kind == "expired_token" else "token_revoked"))

    def not_found(self) -> Response:
        """An unknown method."""
        return _refusal(SlackError("unknown_method"))

    # -- what happens behind its back ------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """All channels that the app can see, and the messages of those that it is in."""
        channels = list(self.workspace.visible())
        alive = (m for c in channels if c.is_member for m in c.messages.values())
        return {"activities": len(channels) + sum(m.extra.get("subtype") != "tombstone" for m in alive)}

    @property
    def changeable(self) -> tuple[str, ...]:
        """Messages are."""
        return ("activities",)

    def create(self, entity: str) -> str:  # noqa: ARG002 - there is one entity
        """A colleague writes to #sales."""
        return self.say("sales", "Just created: a new lead came in over the website.")

    def change(self, entity: str) -> str:  # noqa: ARG002
        """The newest message of #sales is edited."""
        channel = self.workspace.channel_named("sales")
        message = channel.messages[channel.order[-1]]
        self._conversations.edit(channel, message, f"{message.text} (changed)")
        return f"{channel.id}:{message.ts}"

    def remove(self, entity: str) -> str:  # noqa: ARG002
        """A message of #random is deleted."""
        channel = self.workspace.channel_named("random")
        return self.unsay(f"{channel.id}:{channel.order[-1]}")

    def say(self, channel: str, text: str, thread_ts: str | None = None, **more: Any) -> str:
        """A colleague writes to a channel, or answers in a thread; returns the message's `source_id`."""
        place = self.workspace.channel_named(channel)
        author = next(iter(self.workspace.users))
        message = Message(self.workspace.now_ts(), author, text, thread_ts, **more)
        self._conversations.add(place, message)
        return f"{place.id}:{message.ts}"

    def unsay(self, source_id: str) -> str:
        """A message is deleted; returns its `source_id`."""
        channel, message = self._found(source_id)
        self._conversations.drop(channel, message)
        return source_id

    def hide_before(self, source_id: str) -> None:
        """What is older than this message is no longer shown: the workspace's plan became the free one."""
        self._conversations.hidden_before = source_id.partition(":")[2]

    def _found(self, source_id: str) -> tuple[Channel, Message]:
        channel_id, _, ts = source_id.partition(":")
        channel = self.workspace.channels[channel_id]
        return channel, channel.messages[ts]

    # -- the Web API -----------------------------------------------------------------------------------------------

    async def _call(self, request: Request) -> Response:
        name = request.path_params["method"]
        method = self._methods.get(name)
        if method is None:
            return self.not_found()
        try:
            call = await self._read(request)
            self._permit(method, call)
            if wait := self._wait(name, method, call):
                return self.fault_reply(Fault("429", retry_after=f"{max(1, round(wait))}"))
            return json_reply({"ok": True, **method.run(call)})
        except SlackError as error:
            return _refusal(error)

    async def _read(self, request: Request) -> Call:
        kind = self._kind(request)
        user = self.workspace.bot if kind == "bot" else next(iter(self.workspace.users.values()))
        fault = request.scope.get("extensions", {}).get(FAULT, "")
        host = str(request.base_url).rstrip("/")
        return Call(await arguments(request), user, kind, host, fault)

    def _permit(self, method: _Method, call: Call) -> None:
        if call.kind not in method.kinds:
            raise SlackError("not_allowed_token_type")
        scopes = method.scope.split(",")
        if method.scope and not self.scopes.intersection(scopes):
            raise SlackError("missing_scope", needed=scopes[0], provided=",".join(sorted(self.scopes)))

    def _wait(self, name: str, method: _Method, call: Call) -> float:
        """The seconds until the call may be made, 0 for one that may; then it counts."""
        key = f"{name} {call.text('channel')}" if name == "chat.postMessage" else name
        if key not in self._meters:
            limits = [self._limits[method.tier]] if self._limits else []
            if name == "chat.postMessage" and limits:
                limits = [Limit(1, 1.0)]  # "posting messages": one a second to each channel
            if self._small_limit and name in ("conversations.history", "conversations.replies"):
                limits = [self._small_limit]
            self._meters[key] = [Meter(limit) for limit in limits]
        return max((meter.take() for meter in self._meters[key]), default=0.0)

    def _kind(self, request: Request) -> str:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return {self.bot_token: "bot", self.user_token: "user", self.app_token: "app"}.get(given, "")

    @cached_property
    def _methods(self) -> dict[str, _Method]:
        talk, files = self._conversations, self._files
        channels = partial(_Method, scope=_CHANNELS)
        history = partial(_Method, tier=3, scope=_HISTORY)
        return {
            "auth.test": _Method(self._who, 4),
            "team.info": _Method(self._team, 3, "team:read"),
            "apps.connections.open": _Method(self._open_socket, 1, "connections:write", ("app",)),
            "users.list": _Method(talk.users, 2, "users:read"),
            "users.info": _Method(talk.user, 4, "users:read"),
            "users.lookupByEmail": _Method(talk.user_by_email, 3, "users:read.email"),
            "users.conversations": channels(talk.of_user, 3),
            "conversations.list": channels(talk.all, 2),
            "conversations.info": channels(talk.info, 3),
            "conversations.members": channels(talk.members, 4),
            "conversations.history": history(talk.history),
            "conversations.replies": history(talk.replies),
            "conversations.open": _Method(talk.open, 3, "im:write"),
            "conversations.join": _Method(talk.join, 3, "channels:join"),
            "conversations.create": _Method(talk.create, 2, "channels:manage"),
            "conversations.archive": _Method(talk.archive, 2, "channels:manage"),
            "chat.postMessage": _Method(talk.post, 3, "chat:write"),
            "chat.update": _Method(talk.update, 3, "chat:write"),
            "chat.delete": _Method(talk.delete, 3, "chat:write"),
            "chat.getPermalink": _Method(talk.permalink, 4),
            "reactions.add": _Method(talk.react, 3, "reactions:write"),
            "reactions.remove": _Method(talk.take_back, 3, "reactions:write"),
            "reactions.get": _Method(talk.reactions, 3, "reactions:read"),
            "search.messages": _Method(talk.search, 2, "search:read", ("user",)),
            "files.info": _Method(files.info, 4, "files:read"),
            "files.list": _Method(files.all, 3, "files:read"),
            "files.delete": _Method(files.delete, 3, "files:write"),
            "files.getUploadURLExternal": _Method(files.upload_url, 4, "files:write"),
            "files.completeUploadExternal": _Method(files.complete, 4, "files:write"),
        }

    def _who(self, call: Call) -> dict[str, Any]:
        who = {"url": self.workspace.url, "team": self.workspace.name, "team_id": self.workspace.team_id}
        bot = {"bot_id": self.workspace.bot_id} if call.kind == "bot" else {}
        return {**who, "user": call.user.name, "user_id": call.user.id, **bot, "is_enterprise_install": False}

    def _team(self, _: Call) -> dict[str, Any]:
        team = {"id": self.workspace.team_id, "name": self.workspace.name, "domain": self.workspace.domain}
        return {"team": {**team, "email_domain": self.story.company.domain, "icon": {"image_default": True}}}

    def _open_socket(self, call: Call) -> dict[str, Any]:
        return {"url": self.events.sockets.address(call.host)}


def _refusal(error: SlackError) -> Response:
    return json_reply(error.document)
