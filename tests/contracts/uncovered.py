"""What connectors ask for that no document describes: `METHOD /path` -> why, and what is the authority instead."""

from __future__ import annotations

_CLIENT = "Not in the document, a third party's. Authority: `hubspot-api-client`, "
_UPLOAD = "Newer than the document of 2021. Authority: `slack_sdk`, files_upload_v2."

_OAUTH = "Not of the API. Authority: RFC 6749, by authlib's client; differences are in the vendor's `Flow`."

UNCOVERED: dict[str, dict[str, str]] = {
    "hubspot": {
        "POST /oauth/2026-03/token": f"{_CLIENT}oauth.tokens_api.",
        "GET /account-info/v3/details": f"{_CLIENT}which sends such a request through `api_request`.",
        "GET /oauth/v1/access-tokens/{token}": f"{_CLIENT}oauth.access_tokens_api.",
        "GET /email/public/v1/events": f"{_CLIENT}which sends such a request through `api_request`.",
        "GET /marketing/v3/emails/": f"{_CLIENT}marketing.emails.marketing_emails_api.",
        "GET /marketing/v3/emails/{emailId}": f"{_CLIENT}marketing.emails.marketing_emails_api.",
        "GET /crm/v3/pipelines/{objectType}": f"{_CLIENT}crm.pipelines.pipelines_api.",
        "GET /crm/v3/properties/{objectType}": f"{_CLIENT}crm.properties.core_api.",
    },
    "code_sandbox": {
        "POST /envd/process.Process/{method}": "Connect RPC. Authority: e2b/process.proto, and E2B's client `e2b`.",
        "POST /envd/filesystem.Filesystem/{method}": "Connect RPC. Authority: e2b/filesystem.proto, and `e2b`.",
    },
    "nango": {
        "GET /connect/{token}": "The page behind `connect_link`, for a person's browser.",
        "POST /connect/{token}": "Likewise.",
    },
    "pipedrive": {"POST /oauth/token": _OAUTH, "POST /oauth/revoke": _OAUTH},
    "linear": {"POST /oauth/token": _OAUTH, "POST /oauth/revoke": _OAUTH},
    "asana": {"POST /-/oauth_token": _OAUTH, "POST /-/oauth_revoke": _OAUTH},
    "google_drive": {"POST /token": _OAUTH, "POST /revoke": _OAUTH},
    "slack": {
        "POST /api/oauth.v2.access": "Its document has GET alone. Authority: `slack_sdk`, oauth_v2_access.",
        "GET /api/files.getUploadURLExternal": _UPLOAD,
        "POST /api/files.getUploadURLExternal": _UPLOAD,
        "POST /api/files.completeUploadExternal": _UPLOAD,
        "POST /api/apps.connections.open": "Newer than the document of 2021. Authority: `slack_sdk`, SocketModeClient.",
        "GET /files-pri/{place}/{name}": "What files.info hands out as url_private. Authority: `slack_sdk`.",
        "POST /upload/v1/{ticket}": "The address that files.getUploadURLExternal hands out. Authority: `slack_sdk`.",
    },
}
