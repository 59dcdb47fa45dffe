"""What a simulated HubSpot account is set up with: object types, their properties, pipelines, association types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from revtops_tui.simulators import story
from revtops_tui.simulators.company import INDUSTRIES

PropertyType = Literal["string", "number", "date", "datetime", "enumeration", "bool"]
_FIELD_TYPES = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "enumeration": "select",
    "bool": "booleancheckbox",
}
PORTAL_ID = 4242424
CREATED = "2024-01-15T09:00:00.000Z"
"""When the account was set up: the creation time of owners, pipelines and properties."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an object type. `options` None: any value of the type."""

    name: str
    label: str
    type: PropertyType = "string"
    options: tuple[str, ...] | None = None
    read_only: bool = False
    custom: bool = False
    unique: bool = False
    field_type: str = ""
    group: str = ""
    description: str = ""

    def document(self) -> dict[str, Any]:
        """The property as `/crm/v3/properties` shows it."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type or _FIELD_TYPES[self.type],
            "description": self.description,
            "groupName": self.group,
            "options": [
                {"label": o.replace("_", " ").title(), "value": o, "displayOrder": n, "hidden": False}
                for n, o in enumerate(self.options or ())
            ],
            "displayOrder": -1,
            "calculated": self.read_only,
            "externalOptions": False,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": not self.custom,
            "formField": not self.read_only,
            "archived": False,
            "createdAt": CREATED,
            "updatedAt": CREATED,
            "modificationMetadata": {
                "archivable": self.custom,
                "readOnlyDefinition": not self.custom,
                "readOnlyValue": self.read_only,
            },
        }


@dataclass(frozen=True, slots=True)
class Stage:
    """A deal stage; `probability` as HubSpot writes it, a decimal in text."""

    id: str
    label: str
    probability: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A deal pipeline with its stages in order."""

    id: str
    label: str
    stages: tuple[Stage, ...]

    def document(self, order: int) -> dict[str, Any]:
        """The pipeline as `/crm/v3/pipelines/deals` shows it."""
        stages = [
            {
                "id": stage.id,
                "label": stage.label,
                "displayOrder": n,
                "metadata": {"isClosed": str(stage.closed).lower(), "probability": stage.probability},
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                "archived": False,
                "createdAt": CREATED,
                "updatedAt": CREATED,
            }
            for n, stage in enumerate(self.stages)
        ]
        times = {"archived": False, "createdAt": CREATED, "updatedAt": CREATED}
        return {"id": self.id, "label": self.label, "displayOrder": order, "stages": stages, **times}


# HubSpot's ids, in the order of `story.STAGES`: words in its default pipeline, numbers in every other.
_PIPELINE_IDS = {"Sales Pipeline": "default", "Renewals": "71900312"}
_STAGE_IDS = (
    "appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin", "contractsent",
    "closedwon", "closedlost", "139211001", "139211002", "139211003", "139211004",
)  # fmt: skip
PIPELINES = tuple(
    Pipeline(
        pipeline_id,
        label,
        tuple(
            Stage(stage_id, stage.name, str(stage.probability), stage.closed)
            for stage_id, stage in zip(_STAGE_IDS, story.STAGES, strict=True)
            if stage.pipeline == label
        ),
    )
    for label, pipeline_id in _PIPELINE_IDS.items()
)
STAGES = {stage.id: stage for pipeline in PIPELINES for stage in pipeline.stages}


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One kind of CRM object. `created` and `modified` name the properties that hold its times; `defaults` are what a
    read without `properties` returns; `searched` are the properties that a search's `query` looks into.
    """

    name: str
    singular: str
    type_id: str
    created: str
    modified: str
    defaults: tuple[str, ...]
    searched: tuple[str, ...]
    properties: dict[str, Property] = field(default_factory=dict)


def _object_type(
    name: str, singular: str, type_id: str, defaults: str, searched: str, own: tuple[Property, ...]
) -> ObjectType:
    created = "createdate" if name in ("companies", "contacts", "deals") else "hs_createdate"
    modified = "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"
    group = f"{singular}information"
    common = (
        Property(created, "Create date", "datetime", read_only=True),
        Property(modified, "Last modified date", "datetime", read_only=True),
        Property("hs_object_id", "Record ID", "number", read_only=True),
        Property("hubspot_owner_id", "Owner", "enumeration"),
    )
    properties = {
        p.name: Property(
            p.name, p.label, p.type, p.options, p.read_only, p.custom, p.unique, p.field_type, group, p.description
        )
        for p in (*own, *common)
    }
    return ObjectType(
        name, singular, type_id, created, modified, tuple(defaults.split()), tuple(searched.split()), properties
    )


_ENGAGEMENT = (Property("hs_timestamp", "Activity date", "datetime"),)

OBJECT_TYPES: dict[str, ObjectType] = {
    t.name: t
    for t in (
        _object_type(
            "companies",
            "company",
            "0-2",
            "createdate domain hs_lastmodifieddate hs_object_id name",
            "name domain phone",
            (
                Property("name", "Company name"),
                Property("domain", "Company domain name"),
                Property("industry", "Industry", "enumeration", INDUSTRIES),
                Property("numberofemployees", "Number of employees", "number"),
                Property("annualrevenue", "Annual revenue", "number"),
                Property("city", "City"),
                Property("country", "Country/Region"),
                Property("phone", "Phone number", field_type="phonenumber"),
                Property("description", "Description", field_type="textarea"),
                Property("health_score", "Health score", "number", custom=True),
                Property("customer_tier", "Customer tier", "enumeration", ("gold", "silver", "bronze"), custom=True),
            ),
        ),
        _object_type(
            "contacts",
            "contact",
            "0-1",
            "createdate email firstname hs_object_id lastmodifieddate lastname",
            "firstname lastname email phone company",
            (
                Property("email", "Email", unique=True),
                Property("firstname", "First name"),
                Property("lastname", "Last name"),
                Property("jobtitle", "Job title"),
                Property("phone", "Phone number", field_type="phonenumber"),
                Property("company", "Company name"),
                Property(
                    "lifecyclestage",
                    "Lifecycle stage",
                    "enumeration",
                    ("lead", "opportunity", "customer", "evangelist"),
                ),
                Property("newsletter_opt_in", "Newsletter opt-in", "bool", custom=True),
            ),
        ),
        _object_type(
            "deals",
            "deal",
            "0-3",
            "amount closedate createdate dealname dealstage hs_lastmodifieddate hs_object_id pipeline",
            "dealname pipeline dealstage description dealtype",
            (
                Property("dealname", "Deal name"),
                Property("amount", "Amount", "number"),
                Property("dealstage", "Deal stage", "enumeration", tuple(STAGES), field_type="radio"),
                Property("pipeline", "Pipeline", "enumeration", tuple(p.id for p in PIPELINES)),
                Property("closedate", "Close date", "datetime"),
                Property("dealtype", "Deal type", "enumeration", ("newbusiness", "existingbusiness")),
                Property("description", "Deal description", field_type="textarea"),
                Property("deal_currency_code", "Currency", "enumeration", ("USD", "EUR", "GBP", "JPY")),
                Property("hs_deal_stage_probability", "Deal probability", "number", read_only=True),
                Property("competitor", "Competitor", custom=True),
                Property("renewal_date", "Renewal date", "date", custom=True),
                Property("discount_pct", "Discount (%)", "number", custom=True),
                Property("next_step", "Next step", custom=True, field_type="textarea"),
            ),
        ),
        _object_type(
            "calls",
            "call",
            "0-48",
            "hs_createdate hs_lastmodifieddate hs_object_id",
            "hs_call_title hs_call_body",
            (
                *_ENGAGEMENT,
                Property("hs_call_title", "Call title"),
                Property("hs_call_body", "Call notes", field_type="html"),
                Property("hs_call_duration", "Call duration (ms)", "number"),
                Property("hs_call_direction", "Call direction", "enumeration", ("INBOUND", "OUTBOUND")),
                Property("hs_call_status", "Call status", "enumeration", ("COMPLETED", "NO_ANSWER", "BUSY")),
            ),
        ),
        _object_type(
            "emails",
            "email",
            "0-49",
            "hs_createdate hs_lastmodifieddate hs_object_id",
            "hs_email_subject hs_email_text",
            (
                *_ENGAGEMENT,
                Property("hs_email_subject", "Email subject"),
                Property("hs_email_text", "Email body", field_type="textarea"),
                Property("hs_email_direction", "Email direction", "enumeration", ("EMAIL", "INCOMING_EMAIL")),
                Property("hs_email_status", "Email send status", "enumeration", ("SENT", "BOUNCED", "FAILED")),
            ),
        ),
        _object_type(
            "meetings",
            "meeting",
            "0-47",
            "hs_createdate hs_lastmodifieddate hs_object_id",
            "hs_meeting_title hs_meeting_body",
            (
                *_ENGAGEMENT,
                Property("hs_meeting_title", "Meeting name"),
                Property("hs_meeting_body", "Meeting description", field_type="html"),
                Property("hs_meeting_start_time", "Meeting start time", "datetime"),
                Property("hs_meeting_end_time", "Meeting end time", "datetime"),
                Property("hs_meeting_outcome", "Meeting outcome", "enumeration", ("SCHEDULED", "COMPLETED", "NO_SHOW")),
            ),
        ),
        _object_type(
            "notes",
            "note",
            "0-46",
            "hs_createdate hs_lastmodifieddate hs_object_id",
            "hs_note_body",
            (*_ENGAGEMENT, Property("hs_note_body", "Note body", field_type="html")),
        ),
        _object_type(
            "tasks",
            "task",
            "0-27",
            "hs_createdate hs_lastmodifieddate hs_object_id",
            "hs_task_subject hs_task_body",
            (
                *_ENGAGEMENT,
                Property("hs_task_subject", "Task title"),
                Property("hs_task_body", "Task notes", field_type="html"),
                Property("hs_task_status", "Task status", "enumeration", ("NOT_STARTED", "IN_PROGRESS", "COMPLETED")),
                Property("hs_task_priority", "Priority", "enumeration", ("LOW", "MEDIUM", "HIGH")),
            ),
        ),
        _object_type(
            "goal_targets",
            "goal_target",
            "0-74",
            "hs_createdate hs_goal_name hs_lastmodifieddate hs_object_id hs_target_amount",
            "hs_goal_name",
            (
                Property("hs_goal_name", "Goal name"),
                Property("hs_target_amount", "Target amount", "number"),
                Property("hs_start_datetime", "Start date", "datetime"),
                Property("hs_end_datetime", "End date", "datetime"),
                Property("hs_kpi_value_currency_code", "Currency", "enumeration", ("USD", "EUR", "GBP", "JPY")),
                Property("hs_created_by_user_id", "Created by user ID", "number"),
            ),
        ),
    )
}
_ALIASES = {alias: t.name for t in OBJECT_TYPES.values() for alias in (t.name, t.singular, t.type_id)}


def object_type_name(name: str) -> str | None:
    """The plural name of an object type given by plural, singular or id (`0-3`); None when there is none."""
    return _ALIASES.get(name.lower())
