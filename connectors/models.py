"""Records: what connectors return. Field names are column names.

A field that a record did not set keeps its stored value; a field set to None clears it. Datetimes without a zone are
taken as UTC, others are converted: behind this border every time is aware UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _utc(value: dt.datetime) -> dt.datetime:
    try:
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("it lies outside of the years 1 to 9999 in UTC") from None


UtcDatetime = Annotated[dt.datetime, AfterValidator(_utc)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""A whole number of at most 64 bits: what a database stores exactly."""
SourceId = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")]
"""A vendor's id. Without one records would overwrite each other, and SQLite's JSON cuts text at a NUL."""
CustomFields = dict[str, Any]


class Record(BaseModel):
    """What every record has. `source_id` is the vendor's id; `source_system` is filled in by the engine when empty."""

    # NaN and infinity are refused: SQLite keeps NaN as NULL, and no JSON reader takes either of them.
    model_config = ConfigDict(coerce_numbers_to_str=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    source_id: SourceId
    source_system: str = ""


class DealRecord(Record):
    """A deal. `stage` is its name, `probability` 0 to 1, `currency` a code of ISO 4217, `url` its page."""

    name: str
    amount: float | None = None
    stage: str | None = None
    probability: float | None = None
    close_date: dt.date | None = None
    created_date: UtcDatetime | None = None
    last_modified_date: UtcDatetime | None = None
    owner_email: str | None = None
    account_source_id: str | None = None
    pipeline_source_id: str | None = None
    currency: str | None = None
    url: str | None = None
    custom_fields: CustomFields | None = None


class AccountRecord(Record):
    """A company. `annual_revenue` is in the currency that the vendor keeps it in."""

    name: str
    domain: str | None = None
    industry: str | None = None
    employee_count: Whole | None = None
    annual_revenue: float | None = None
    owner_email: str | None = None
    url: str | None = None
    custom_fields: CustomFields | None = None


class ContactRecord(Record):
    """A person, at the account of `account_source_id`."""

    name: str | None = None
    email: str | None = None
    title: str | None = None
    phone: str | None = None
    account_source_id: str | None = None
    owner_email: str | None = None
    url: str | None = None
    custom_fields: CustomFields | None = None


class ActivityRecord(Record):
    """Something that happened: a call, a meeting, a note, a message; `type` says which."""

    type: str
    subject: str | None = None
    description: str | None = None
    activity_date: UtcDatetime | None = None
    deal_source_id: str | None = None
    account_source_id: str | None = None
    contact_source_id: str | None = None
    owner_email: str | None = None
    custom_fields: CustomFields | None = None


class PipelineRecord(Record):
    """A pipeline of deals."""

    name: str
    display_order: Whole | None = None
    is_default: bool | None = None


class PipelineStageRecord(Record):
    """A stage of a pipeline. `probability` is 0 to 1."""

    pipeline_source_id: str
    name: str
    display_order: Whole | None = None
    probability: float | None = None
    is_closed_won: bool | None = None
    is_closed_lost: bool | None = None


class GoalRecord(Record):
    """A target for a time, in the unit that its `goal_type` has."""

    name: str
    target_amount: float | None = None
    start_date: dt.date | None = None
    end_date: dt.date | None = None
    goal_type: str | None = None
    owner_email: str | None = None
    pipeline_source_id: str | None = None
    custom_fields: CustomFields | None = None


class TrackerTeamRecord(Record):
    """A team of a tracker. `key` is what its issues are numbered under."""

    name: str
    key: str | None = None
    description: str | None = None


class TrackerProjectRecord(Record):
    """A project of a tracker. `progress` is 0 to 1."""

    name: str
    description: str | None = None
    state: str | None = None
    progress: float | None = None
    target_date: dt.date | None = None
    start_date: dt.date | None = None
    url: str | None = None
    lead_name: str | None = None
    team_source_ids: list[str] = Field(default_factory=list)
    custom_fields: CustomFields | None = None


class TrackerIssueRecord(Record):
    """An issue or a task. `identifier` is what people call it; `priority` is 0 (none), 1 (urgent) to 4 (low)."""

    identifier: str
    title: str
    description: str | None = None
    state_name: str | None = None
    state_type: str | None = None
    priority: int | None = Field(default=None, ge=0, le=4)
    priority_label: str | None = None
    issue_type: str | None = None
    assignee_name: str | None = None
    assignee_email: str | None = None
    creator_name: str | None = None
    project_source_id: str | None = None
    team_source_id: str | None = None
    labels: list[str] = Field(default_factory=list)
    estimate: float | None = None
    url: str | None = None
    due_date: dt.date | None = None
    created_date: UtcDatetime | None = None
    updated_date: UtcDatetime | None = None
    completed_date: UtcDatetime | None = None
    cancelled_date: UtcDatetime | None = None
    parent_source_id: str | None = None
    custom_fields: CustomFields | None = None


class SharedFileRecord(Record):
    """A file; its `external_id` is its `source_id`: giving one of the two is enough."""

    source_id: SourceId = ""
    external_id: SourceId
    name: str
    mime_type: str | None = None
    parent_external_id: str | None = None
    folder_path: str | None = None
    web_view_link: str | None = None
    file_size: Whole | None = None
    source_modified_at: UtcDatetime | None = None
    source: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _two_names_of_one_id(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        ids = {name: given.get(name) for name in ("source_id", "external_id")}
        found = next((value for value in ids.values() if value not in (None, "")), None)
        return given if found is None else {**given, **{n: found for n, value in ids.items() if value in (None, "")}}


ENTITY_RECORDS: dict[str, type[Record]] = {
    "deals": DealRecord,
    "accounts": AccountRecord,
    "contacts": ContactRecord,
    "activities": ActivityRecord,
    "pipelines": PipelineRecord,
    "pipeline_stages": PipelineStageRecord,
    "goals": GoalRecord,
    "tracker_teams": TrackerTeamRecord,
    "tracker_projects": TrackerProjectRecord,
    "tracker_issues": TrackerIssueRecord,
    "shared_files": SharedFileRecord,
}
"""Entity (its table's name) -> the record that fills it. A connector adds its own through `BaseConnector.entities`."""

ENTITY_ALIASES = {
    "teams": "tracker_teams",
    "projects": "tracker_projects",
    "issues": "tracker_issues",
    "files": "shared_files",
}
"""The guide's short names for trackers and files."""


def entity_name(name: str) -> str:
    """The table's name for an entity as a person or the guide writes it."""
    return ENTITY_ALIASES.get(name, name)
