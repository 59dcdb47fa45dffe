"""What Twilio's connections are made with, and what a message that is sent is made of."""

from __future__ import annotations

from connectors.registry import AuthField, ParameterSpec

AUTH_FIELDS = [
    AuthField("account_sid", "Account SID", env="TWILIO_ACCOUNT_SID", help_text="AC… on the console's page"),
    AuthField(
        "auth_token",
        "Auth token",
        "password",
        required=False,
        env="TWILIO_AUTH_TOKEN",
        help_text="Beside the account SID. Webhooks are signed with it, so events need it.",
    ),
    AuthField(
        "api_key",
        "API key SID",
        required=False,
        env="TWILIO_API_KEY",
        help_text="SK…, instead of the auth token",
    ),
    AuthField("api_key_secret", "API key secret", "password", required=False, env="TWILIO_API_KEY_SECRET"),
    AuthField(
        "from_number",
        "Number to send from",
        required=False,
        env="TWILIO_FROM_NUMBER",
        help_text="One of the account's numbers, such as +14155552671.",
    ),
    AuthField(
        "messaging_service_sid",
        "Messaging service SID",
        required=False,
        env="TWILIO_MESSAGING_SERVICE_SID",
        help_text="MG…: chooses the number to send from; used before the number above.",
    ),
    AuthField(
        "whatsapp_from",
        "WhatsApp number to send from",
        required=False,
        env="TWILIO_WHATSAPP_FROM",
        help_text="Where it is another one than the number above.",
    ),
    AuthField(
        "status_callback_url",
        "Status callback address",
        "url",
        required=False,
        env="TWILIO_STATUS_CALLBACK_URL",
        help_text="Where Twilio tells what becomes of a message sent from here: this connection's webhook.",
    ),
]

SEND: list[ParameterSpec] = [
    {
        "name": "to",
        "type": "string",
        "required": True,
        "description": "The receiver's number with its country code, such as +14155552671; ten digits alone get +1",
    },
    {"name": "body", "type": "text", "required": True, "description": "The message, at most 1,600 characters"},
    {"name": "media_url", "type": "string", "description": "The public https address of a picture or file to send"},
]
