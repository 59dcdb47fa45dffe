"""What an Asana account consists of. Times are milliseconds since 1970 UTC, relations are gids."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Workspace:
    """`paid`: whether task search answers there; without a plan it refuses with 402."""

    gid: str
    name: str
    is_organization: bool
    paid: bool


@dataclass(slots=True)
class User:
    gid: str
    name: str
    email: str
    workspaces: tuple[str, ...]


@dataclass(slots=True)
class Team:
    gid: str
    name: str
    description: str
    workspace: str


@dataclass(slots=True)
class Project:
    """`tasks` is ordered, and holds no subtasks but those that were added by themselves. `fields`: as of a task."""

    gid: str
    name: str
    workspace: str
    team: str | None
    owner: str | None
    created: int
    modified: int
    notes: str = ""
    due_on: str | None = None
    start_on: str | None = None
    archived: bool = False
    color: str | None = None
    status: tuple[str, str] | None = None
    sections: list[str] = field(default_factory=list)
    tasks: dict[str, None] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Section:
    gid: str
    name: str
    project: str
    created: int


@dataclass(slots=True)
class Task:
    """`projects`: project -> the section that the task is in there. `fields`: custom field -> value."""

    gid: str
    name: str
    workspace: str
    creator: str
    created: int
    modified: int
    notes: str = ""
    assignee: str | None = None
    due_on: str | None = None
    completed_at: int | None = None
    parent: str | None = None
    subtype: str = "default_task"
    projects: dict[str, str] = field(default_factory=dict)
    subtasks: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    external: dict[str, str] | None = None


@dataclass(slots=True)
class Tag:
    gid: str
    name: str
    workspace: str


@dataclass(slots=True)
class Story:
    gid: str
    task: str
    creator: str
    created: int
    text: str


@dataclass(slots=True)
class CustomField:
    """`kind`: text, number or enum; `options`: gid -> name of an enum's values."""

    gid: str
    name: str
    kind: str
    options: dict[str, str] = field(default_factory=dict)
