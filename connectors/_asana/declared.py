"""What can be written to Asana and heard from it: the declarations, and the scopes that all of it takes."""

from __future__ import annotations

from typing import Any

from connectors.registry import EventType, Idempotency, WriteOperation

SCOPES = [
    "workspaces:read",
    "workspaces.typeahead:read",
    "users:read",
    "teams:read",
    "projects:read",
    "project_sections:read",
    "tasks:read",
    "tasks:write",
    "stories:read",
    "stories:write",
    "tags:read",
    "custom_fields:read",
]
_TASK_FIELDS: list[dict[str, Any]] = [
    {"name": "description", "description": "Plain text"},
    {
        "name": "assignee",
        "aliases": ["assignee_name"],
        "description": "Name, e-mail address or gid, or @me; empty takes it off",
    },
    {
        "name": "state",
        "aliases": ["state_name"],
        "description": "completed, not completed, or a section of the task's project by name or gid",
    },
    {"name": "due_date", "type": "date", "nullable": True, "description": "Day it is due; null clears it"},
]
_WHICH: dict[str, Any] = {
    "required": True,
    "aliases": ["issue_identifier", "issue_id"],
    "description": "The task's gid: the source_id, and the number behind /task/ in its address",
}
WRITE_OPERATIONS = [
    WriteOperation(
        name="create_issue",
        entity_type="tracker_issues",
        description="Create a task in a project, or in a workspace for its assignee alone",
        parameters=[
            {"name": "title", "required": True},
            {"name": "project", "one_of": "place", "aliases": ["project_name"], "description": "Name or gid"},
            {
                "name": "team",
                "one_of": "place",
                "aliases": ["team_key"],
                "description": "Name or gid of the project's team, where several projects have one name",
            },
            {"name": "workspace", "one_of": "place", "description": "Name or gid"},
            *_TASK_FIELDS,
            {
                "name": "external_id",
                "description": "An id of your own: given again, the task is not made a second time. Takes the token of "
                "an OAuth app",
            },
        ],
        idempotency=Idempotency.SEARCH,
    ),
    WriteOperation(
        name="update_issue",
        entity_type="tracker_issues",
        description="Change a task",
        parameters=[
            {"name": "id", **_WHICH},
            {"name": "title", "one_of": "change"},
            *({**spec, "one_of": "change"} for spec in _TASK_FIELDS),
        ],
    ),
    WriteOperation(
        name="comment",
        entity_type="tracker_issues",
        description="Comment on a task",
        parameters=[
            {"name": "issue", **_WHICH},
            {"name": "body", "required": True, "aliases": ["text"], "description": "Plain text"},
        ],
        idempotency=Idempotency.SEARCH,
    ),
]
EVENT_TYPES = [
    EventType("task_added", "A task was created, or put into a project"),
    EventType("task_changed", "A task was changed, moved or restored"),
    EventType("task_deleted", "A task was deleted"),
]
