"""What the Slack connector declares: its scopes, the fields of its credentials, its actions and events."""

from __future__ import annotations

from connectors.registry import AuthField, ConnectorAction, EventType, ParameterSpec

SCOPES = [
    "channels:history",
    "channels:read",
    "chat:write",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:write",
    "reactions:write",
    "users:read",
    "users:read.email",
]

AUTH_FIELDS = [
    AuthField("access_token", "Bot token", "password", help_text="xoxb-…, in the app under OAuth & Permissions."),
    AuthField(
        "signing_secret",
        "Signing secret",
        "password",
        required=False,
        help_text="Under Basic Information; for events that Slack sends to a public address.",
    ),
    AuthField(
        "app_token",
        "App-level token",
        "password",
        required=False,
        help_text="xapp-… with connections:write, under Basic Information; for events without public address.",
    ),
    AuthField(
        "user_token",
        "User token",
        "password",
        required=False,
        help_text="xoxp-… with search:read; Slack answers a search to no other token.",
    ),
]

_TARGET: list[ParameterSpec] = [
    {"name": "channel", "type": "string", "one_of": "target", "description": "#name or id of a channel"},
    {
        "name": "user_id",
        "type": "string",
        "one_of": "target",
        "description": "instead of a channel: a person's id, e-mail address or full name, for a direct message",
    },
]
_THREAD: ParameterSpec = {
    "name": "thread_ts",
    "type": "string",
    "description": "the ts of the message to answer in its thread",
}

ACTIONS = [
    ConnectorAction(
        "send_message",
        "Send a message to a channel that the app is in, or to a person. Slack's mrkdwn is understood.",
        [*_TARGET, {"name": "text", "type": "text", "required": True, "description": "the message"}, _THREAD],
    ),
    ConnectorAction(
        "add_reaction",
        "Add an emoji to a message.",
        [
            {"name": "channel", "type": "string", "required": True, "description": "#name or id"},
            {"name": "timestamp", "type": "string", "required": True, "description": "the message's ts"},
            {"name": "name", "type": "string", "required": True, "description": "the emoji, such as thumbsup"},
        ],
    ),
    ConnectorAction(
        "upload_file",
        "Upload a text as a file, and share it in a channel or with a person.",
        [
            *_TARGET,
            {"name": "filename", "type": "string", "required": True, "description": "such as report.csv"},
            {"name": "content", "type": "text", "required": True, "description": "what is in the file"},
            {"name": "title", "type": "string", "description": "what Slack shows in place of the filename"},
            {"name": "comment", "type": "text", "description": "the message that it is shared with"},
            _THREAD,
        ],
    ),
]

EVENT_TYPES = [
    EventType("message_created", "A message or a reply was sent in a channel that the app is in."),
    EventType("message_changed", "A message was edited."),
    EventType("message_deleted", "A message was deleted."),
]
