"""What is wrong in the vendors' documents. Each line says how that is known."""

from __future__ import annotations

from typing import Any

from tests.contracts.changes import GONE, Overlay

_INTEGER: dict[str, Any] = {"type": "integer"}
_STRING: dict[str, Any] = {"type": "string"}

_HUBSPOT_CLIENT = "The document, a third party's, calls every number and flag a string; `hubspot-api-client` has "
_SORT = {
    "type": "object",
    "properties": {"propertyName": {"type": "string"}, "direction": {"enum": ["ASCENDING", "DESCENDING"]}},
}

_SLACK_ERRORS = (
    "The lists of errors are of 2021. Slack's pages name token_revoked, token_expired, ratelimited and internal_error "
    "for every method; `slack_sdk` takes any text."
)
_CURSOR = {"type": "object", "properties": {"next_cursor": _STRING}, "required": ["next_cursor"]}
_SLACK_CURSORS = dict.fromkeys(
    ("history", "replies"), "The document takes a cursor and never gives one; `slack_sdk` goes on by response_metadata."
)
_SLACK_TOKEN = "The token goes into `Authorization: Bearer`, as in `slack_sdk`; in an address it would be logged."

_PIPEDRIVE_NULL = (
    "A key without a value is null, and not left out: so have it the objects of v2 in Pipedrive's \"API v2 migration "
    'guide" (`lost_time`, `expected_close_date`, the `update_time` of a stage).'
)
_PIPEDRIVE_NULLS = {
    "deals": "person_id org_id stage_id expected_close_date won_time lost_time",
    "persons": "org_id",
    "activities": "deal_id lead_id person_id org_id project_id due_date due_time duration marked_as_done_time location "
    "public_description priority note",
    "stages": "update_time",
}

_ASANA_NULL = "Nullable in a branch of an allOf, where that has no effect; its description says when it is null."

_NANGO_OAUTH2 = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["OAUTH2"]},
        **dict.fromkeys(("access_token", "refresh_token"), _STRING),
        "expires_at": {"type": "string", "format": "date-time"},
        "raw": {"type": "object"},
    },
    "required": ["type", "access_token", "raw"],
}
_NANGO_OTHERS = ("ApiKeyCredentials", "BasicApiCredentials")

OVERLAYS: dict[str, tuple[Overlay, ...]] = {
    "asana": (
        *(
            Overlay(operation, f"reply.data.{name}", {"nullable": True}, _ASANA_NULL)
            for operation, names in (
                ("*/tasks*", ("assignee", "parent")),
                ("*/projects*", ("owner", "current_status")),
            )
            for name in names
        ),
        Overlay(
            "GET */workspaces/{workspace_gid}",
            "reply.data.email_domains[]",
            {"format": "hostname"},
            "Its own example is asana.com, which is no URI but a domain.",
        ),
    ),
    "hubspot": (
        Overlay("POST */search", "body.limit", _INTEGER, f"{_HUBSPOT_CLIENT}an int in PublicObjectSearchRequest."),
        Overlay(
            "POST */search", "body.sorts[]", _SORT, 'HubSpot\'s page "CRM search" sorts by propertyName, direction.'
        ),
        Overlay("POST */search", "reply.total", _INTEGER, f"{_HUBSPOT_CLIENT}an int in its collection responses."),
        Overlay("GET /crm/v3/owners", "query.email", {"required": False}, "`hubspot-api-client`: a filter, optional."),
        Overlay(
            "GET /crm/v3/owners",
            "reply.results[].userId",
            {"type": "integer", "nullable": True},
            f"{_HUBSPOT_CLIENT}an optional int in PublicOwner; an archived owner is no user any more.",
        ),
        Overlay(
            "GET /crm/v3/owners",
            "reply.results[].teams[].primary",
            {"type": "boolean"},
            f"{_HUBSPOT_CLIENT}a bool in PublicTeam.",
        ),
        Overlay(
            "GET /crm/v3/owners/{*}", "reply.userId", _INTEGER, f"{_HUBSPOT_CLIENT}an optional int in PublicOwner."
        ),
        Overlay(
            "GET /crm/v3/owners/{*}",
            "reply.teams[].primary",
            {"type": "boolean"},
            f"{_HUBSPOT_CLIENT}a bool in PublicTeam.",
        ),
        Overlay(
            "PUT /crm/v4/*",
            "reply.results[].associationSpec.associationTypeId",
            _INTEGER,
            f"{_HUBSPOT_CLIENT}an int in AssociationSpec.",
        ),
        Overlay(
            "POST /crm/v4/*",
            "reply.results[].to[].associationTypes[].typeId",
            _INTEGER,
            f"{_HUBSPOT_CLIENT}an int in AssociationSpecWithLabel.",
        ),
        Overlay(
            "POST /crm/v4/*",
            "reply.results[].to[].associationTypes[].label",
            {"nullable": True},
            "Types that HubSpot defines have no label; `hubspot-api-client` leaves it out or None.",
        ),
        Overlay(
            "GET /crm/v4/*",
            "reply.results[].associationTypes[].typeId",
            _INTEGER,
            f"{_HUBSPOT_CLIENT}an int in AssociationSpecWithLabel.",
        ),
        Overlay(
            "GET /crm/v4/*",
            "reply.results[].associationTypes[].label",
            {"nullable": True},
            "Types that HubSpot defines have no label; `hubspot-api-client` leaves it out or None.",
        ),
        Overlay(
            "POST *",
            "body.associations[].types[].associationTypeId",
            _INTEGER,
            f"{_HUBSPOT_CLIENT}an int in AssociationSpec.",
        ),
        Overlay("POST *", "reply.numErrors", _INTEGER, f"{_HUBSPOT_CLIENT}an int in its multi-status responses."),
        Overlay("POST *", "reply.errors[].category", _STRING, "`hubspot-api-client` has a str in StandardError."),
        Overlay(
            "POST *",
            "reply.errors[].subCategory",
            _STRING,
            "`hubspot-api-client` takes anything; HubSpot sends names such as crm.associations.NO_ASSOCIATIONS_FOUND.",
        ),
    ),
    "nango": (
        Overlay(
            "GET /connections/{*}",
            "reply.credentials",
            {"anyOf": [_NANGO_OAUTH2, *({"$ref": f"#/components/schemas/{n}"} for n in _NANGO_OTHERS)]},
            "OAuth2CredentialsWithRaw is two closed objects at once, so that nothing fits; its parts are put together.",
        ),
    ),
    "pipedrive": (
        Overlay(
            "GET /api/v2/*",
            "reply.additional_data.next_cursor",
            {"nullable": True},
            "The last page's is null: Pipedrive's page \"Pagination\", and this document for the listings of fields.",
        ),
        Overlay(
            "GET /api/v2/*earch",
            "reply.data.items[].item.address",
            {"nullable": True},
            "Not every organization has one: in the document's own example of /persons/search it is null.",
        ),
        *(
            Overlay(f"* /api/v2/{plural}*", f"reply.{place}.{key}", {"nullable": True}, _PIPEDRIVE_NULL)
            for plural, keys in _PIPEDRIVE_NULLS.items()
            for key in keys.split()
            for place in ("data", "data[]")
        ),
    ),
    "slack": (
        Overlay("*", "header.token", GONE, _SLACK_TOKEN),
        Overlay("*", "query.token", GONE, _SLACK_TOKEN),
        Overlay("*", "body.token", GONE, _SLACK_TOKEN),
        Overlay("*", "reply", {"properties": {"error": _STRING}}, _SLACK_ERRORS),
        *(
            Overlay(f"GET /api/conversations.{method}", "reply", {"properties": {"response_metadata": _CURSOR}}, why)
            for method, why in _SLACK_CURSORS.items()
        ),
        Overlay(
            "GET /api/conversations.history",
            "reply",
            {"properties": {"is_limited": {"type": "boolean"}}},
            "Slack's page of the method: true where a free workspace hides older messages.",
        ),
        Overlay(
            "GET /api/conversations.history",
            "reply.messages",
            {"minItems": 0, "uniqueItems": False},
            "A new channel is empty; `slack_sdk` asks for no least number. And the fault `duplicates` repeats one.",
        ),
        Overlay(
            "GET /api/conversations.history",
            "reply.messages[]",
            {"properties": {"edited": {"type": "object", "properties": {"user": _STRING, "ts": _STRING}}}},
            'Slack\'s page "message event": an edited message says so; `slack_sdk` has `edited` in its Message.',
        ),
        *(
            Overlay(operation, where, {"uniqueItems": False}, "The fault `duplicates` repeats one.")
            for operation, where in (
                ("GET /api/conversations.list", "reply.channels"),
                ("GET /api/users.list", "reply.members"),
                ("GET /api/conversations.replies", "reply.messages"),
            )
        ),
    ),
    "web_search": (
        Overlay(
            "POST /tavily/search",
            "reply.answer",
            GONE,
            "It is called required, and described as there only where `include_answer` asked for it.",
        ),
    ),
}
