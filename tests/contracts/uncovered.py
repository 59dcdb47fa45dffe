"""What connectors ask for that no document describes: `METHOD /path` -> why, and what is the authority instead."""

from __future__ import annotations

_CLIENT = "Not in the document, a third party's. Authority: `hubspot-api-client`, "
_UPLOAD = "Newer than the document of 2021. Authority: `slack_sdk`, files_upload_v2."

UNCOVERED: dict[str, dict[str, str]] = {
    "hubspot": {
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
    "slack": {
        "GET /api/files.getUploadURLExternal": _UPLOAD,
        "POST /api/files.getUploadURLExternal": _UPLOAD,
        "POST /api/files.completeUploadExternal": _UPLOAD,
        "POST /api/apps.connections.open": "Newer than the document of 2021. Authority: `slack_sdk`, SocketModeClient.",
        "GET /files-pri/{place}/{name}": "What files.info hands out as url_private. Authority: `slack_sdk`.",
        "POST /upload/v1/{ticket}": "The address that files.getUploadURLExternal hands out. Authority: `slack_sdk`.",
    },
}
