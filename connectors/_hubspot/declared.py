"""What can be written to HubSpot and looked up there: the declarations of its operations.

The parameters have the names of HubSpot's properties; any other property goes into `properties`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from connectors.registry import ConnectorAction, EventType, Idempotency, ParameterSpec, WriteOperation


def _parameter(name: str, description: str, kind: str = "string", **more: Any) -> ParameterSpec:
    return {"name": name, "type": kind, "description": description, **more}


_OWNER = _parameter("hubspot_owner_id", "The owner, by e-mail address, name or id.")
_REST = _parameter(
    "properties",
    "Any other properties by HubSpot's internal names, such as those of your own; null clears one. "
    "`revtops schema hubspot` lists them.",
    "object",
)
_COMPANY_ID = _parameter("company_id", "The id of the company that it belongs to.")
_CONTACT_ID = _parameter("contact_id", "The id of the contact that it is about.")
_DEAL_ID = _parameter("deal_id", "The id of the deal that it is about.")

_DEAL = [
    _parameter("amount", "In the deal's currency; null clears it.", "number", nullable=True),
    _parameter("dealstage", "The stage, by label or id."),
    _parameter("closedate", "The day it closes; null clears it.", "date", nullable=True),
    _parameter("pipeline", "The pipeline, by label or id; needs a dealstage of it."),
    _OWNER,
    _REST,
]
_CONTACT = [
    _parameter("firstname", "First name."),
    _parameter("lastname", "Last name."),
    _parameter("company", "The company's name, as text."),
    _parameter("jobtitle", "Job title."),
    _parameter("phone", "Phone number."),
    _OWNER,
    _REST,
]
_COMPANY = [
    _parameter("industry", "One of HubSpot's industries, such as COMPUTER_SOFTWARE."),
    _parameter("numberofemployees", "Number of employees; null clears it.", "integer", nullable=True),
    _OWNER,
    _REST,
]
_NOTE = [_parameter("hs_timestamp", "When it happened; now without it.", "datetime"), _OWNER, _REST]


def _required(parameter: ParameterSpec) -> ParameterSpec:
    return {**parameter, "required": True}


def _id(noun: str) -> ParameterSpec:
    return _parameter("id", f"The {noun}'s id.", required=True, aliases=[f"{noun}_id"])


_NAME = _parameter("dealname", "The deal's name.")
_EMAIL = _parameter("email", "E-mail address; no two contacts share one.")
_COMPANY_NAME = _parameter("name", "The company's name.")
_DOMAIN = _parameter("domain", "Its domain, such as acme.com; a company that has it already is not created again.")
_BODY = _parameter("hs_note_body", "The note's text; HTML is allowed.", "text")

WRITES = [
    WriteOperation(
        "create_deal",
        "deals",
        "Create a deal. It is sent once: when no answer came, look in HubSpot before you repeat it.",
        [_required(_NAME), *_DEAL, _COMPANY_ID, _CONTACT_ID],
        Idempotency.NONE,
    ),
    WriteOperation("update_deal", "deals", "Change a deal's properties.", [_id("deal"), _NAME, *_DEAL]),
    WriteOperation(
        "create_contact",
        "contacts",
        "Create a contact. If there is one with this address, the answer is that one, unchanged, and created: false.",
        [_required(_EMAIL), *_CONTACT, _COMPANY_ID],
        Idempotency.UNIQUE,
    ),
    WriteOperation("update_contact", "contacts", "Change a contact's properties.", [_id("contact"), _EMAIL, *_CONTACT]),
    WriteOperation(
        "create_company",
        "accounts",
        "Create a company. If there is one with this domain, the answer is that one, unchanged, and created: false.",
        [_required(_COMPANY_NAME), _DOMAIN, *_COMPANY],
        Idempotency.NONE,
    ),
    WriteOperation(
        "update_company",
        "accounts",
        "Change a company's properties.",
        [_id("company"), _COMPANY_NAME, _DOMAIN, *_COMPANY],
    ),
    WriteOperation(
        "create_note",
        "activities",
        "Create a note on a deal, a contact or a company. It is sent once: when no answer came, look in HubSpot before "
        "you repeat it.",
        [_required(_BODY), *({**link, "one_of": "record"} for link in (_DEAL_ID, _CONTACT_ID, _COMPANY_ID)), *_NOTE],
        Idempotency.NONE,
    ),
    WriteOperation("update_note", "activities", "Change a note.", [_id("note"), _BODY, *_NOTE]),
]

_PROPERTIES = _parameter("properties", "The properties to return; without it the usual ones.", "array", items="string")
_AFTER = _parameter("after", "Where to go on: the `after` of the answer before.")

_look_up = partial(ConnectorAction, read_only=True)

ACTIONS = [
    _look_up(
        "list_marketing_emails",
        "Marketing e-mails, a page of them, without their contents.",
        [_parameter("limit", "How many, from 1 to 100.", "integer", default=20), _AFTER],
    ),
    _look_up(
        "get_marketing_email",
        "One marketing e-mail with its contents and its numbers.",
        [_parameter("id", "The e-mail's id.", required=True)],
    ),
    _look_up(
        "list_email_events",
        "What became of marketing e-mails: sent, delivered, opened, clicked, bounced; the newest first.",
        [
            _parameter("recipient", "Only those of this e-mail address."),
            _parameter("campaignId", "Only those of this e-mail campaign; needs its appId."),
            _parameter("appId", "The id of the app that sent the campaign; needs its campaignId."),
            _parameter("eventType", "Only SENT, DELIVERED, OPEN, CLICK, BOUNCE, SPAMREPORT, …"),
            _parameter("startTimestamp", "Only from then on.", "datetime"),
            _parameter("endTimestamp", "Only until then.", "datetime"),
            _parameter("limit", "How many, from 1 to 1000.", "integer", default=100),
            _parameter("offset", "Where to go on: the `offset` of the answer before."),
            _parameter("excludeFilteredEvents", "Leave out what the account's filters hide, such as bots.", "boolean"),
        ],
    ),
    _look_up(
        "get_contact", "One contact by its id.", [_parameter("id", "The contact's id.", required=True), _PROPERTIES]
    ),
    _look_up(
        "find_contact_by_email",
        "The contact with this e-mail address.",
        [_parameter("email", "E-mail address.", required=True), _PROPERTIES],
    ),
    _look_up(
        "search_contacts",
        "Contacts that fit all the filters, a page of them.",
        [
            _parameter(
                "filters",
                'HubSpot\'s filters, such as {"propertyName": "lifecyclestage", "operator": "EQ", "value": "lead"}.',
                "array",
                items="object",
                required=True,
            ),
            _PROPERTIES,
            _parameter("sorts", 'As {"propertyName": "lastname", "direction": "ASCENDING"}.', "array", items="object"),
            _parameter("limit", "How many, from 1 to 100.", "integer", default=20),
            _AFTER,
        ],
    ),
]  # fmt: skip

EVENTS = [
    EventType("deal_changed", "A deal was created, changed, associated, merged, deleted or restored."),
    EventType("contact_changed", "A contact was created, changed, associated, merged, deleted or restored."),
    EventType("company_changed", "A company was created, changed, associated, merged, deleted or restored."),
]
