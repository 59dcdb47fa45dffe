"""An Asana account, and what users and API calls do to it; each change is told to its feeds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from revtops_tui.simulators.asana.feeds import Feeds
from revtops_tui.simulators.asana.things import (
    CustomField,
    Project,
    Section,
    Story,
    Tag,
    Task,
    Team,
    User,
    Workspace,
)

_FIRST_GID = 1_200_000_000_000_000


class Account:
    """Everything by gid. Each kind counts in a range of its own, so the same seed gives the same gids."""

    def __init__(self) -> None:
        self.workspaces: dict[str, Workspace] = {}
        self.users: dict[str, User] = {}
        self.teams: dict[str, Team] = {}
        self.projects: dict[str, Project] = {}
        self.sections: dict[str, Section] = {}
        self.tasks: dict[str, Task] = {}
        self.tags: dict[str, Tag] = {}
        self.stories: dict[str, list[Story]] = {}
        self.fields: dict[str, CustomField] = {}
        self.me = ""
        self.feeds = Feeds()
        self._counters: dict[str, int] = {}

    def gid(self, kind: str) -> str:
        """A gid that was never used."""
        if kind not in self._counters:
            self._counters[kind] = _FIRST_GID + len(self._counters) * 10_000_000_000
        self._counters[kind] += 1
        return str(self._counters[kind])

    # -- reading -----------------------------------------------------------------------------------------------

    def above(self, task: Task) -> Iterator[Task]:
        """The task, its parent, and so on."""
        following: Task | None = task
        while following is not None:
            yield following
            following = self.tasks.get(following.parent) if following.parent else None

    def in_projects(self) -> Iterator[Task]:
        """The tasks in some project, and their subtasks at any depth: what lists of projects lead to."""
        for task in list(self.tasks.values()):
            if any(each.projects for each in self.above(task)):
                yield task

    def by_external(self, external_gid: str) -> Task | None:
        """The task that an app gave this gid of its own."""
        found = (t for t in list(self.tasks.values()) if t.external and t.external.get("gid") == external_gid)
        return next(found, None)

    # -- changing ----------------------------------------------------------------------------------------------

    def add_team(self, name: str, workspace: str, description: str = "") -> Team:
        """A new team."""
        team = Team(self.gid("team"), name, description, workspace)
        self.teams[team.gid] = team
        return team

    def add_project(self, name: str, workspace: str, **values: Any) -> Project:
        """A new project with the section that Asana gives each."""
        now = now_ms()
        values = {"team": None, "owner": self.me, **values}
        project = Project(self.gid("project"), name, workspace, created=now, modified=now, **values)
        self.projects[project.gid] = project
        self.add_section(project, "Untitled section")
        self._tell_project(project, "added")
        return project

    def add_section(self, project: Project, name: str) -> Section:
        """A new section at the end of a project."""
        section = Section(self.gid("section"), name, project.gid, now_ms())
        self.sections[section.gid] = section
        project.sections.append(section.gid)
        self.feeds.tell(
            "added", "section", section.gid, section.name, user=self.me, to=[project.gid, project.workspace]
        )
        return section

    def change_section(self, section: Section, name: str) -> None:
        """Give a section another name."""
        section.name = name
        to = [section.project, self.projects[section.project].workspace]
        self.feeds.tell("changed", "section", section.gid, name, field="name", user=self.me, to=to)

    def change_project(self, project: Project, **values: Any) -> None:
        """Set fields of a project."""
        for name, value in values.items():
            setattr(project, name, value)
            self._tell_project(project, "changed", name)
        project.modified = now_ms()

    def remove_project(self, project: Project) -> None:
        """Delete a project. Of the tasks that were nowhere else, the assigned ones stay with those who have them."""
        del self.projects[project.gid]
        for gid in list(project.tasks):
            task = self.tasks[gid]
            del task.projects[project.gid]
            if task.projects or task.assignee or task.parent:
                self.tell_task(task, "removed", parent=("project", project.gid, project.name))
            else:
                self.remove_task(task)
        for gid in project.sections:
            del self.sections[gid]
        self._tell_project(project, "deleted")

    def add_task(self, task: Task) -> None:
        """Put a task where it says that it is."""
        self.tasks[task.gid] = task
        for gid in task.projects:
            self.projects[gid].tasks[task.gid] = None
        if task.parent:
            parent = self.tasks[task.parent]
            parent.subtasks.append(task.gid)
            self.tell_task(task, "added", parent=("task", parent.gid, parent.name))
        for gid in task.projects:
            self.tell_task(task, "added", parent=("project", gid, self.projects[gid].name))

    def change_task(self, task: Task, **values: Any) -> None:
        """Set fields of a task; an event names each that is another now."""
        changed = [name for name, value in values.items() if getattr(task, name) != value]
        for name in changed:
            setattr(task, name, values[name])
        if changed:
            task.modified = now_ms()
        for name in changed:
            self.tell_task(task, "changed", {"completed_at": "completed", "fields": "custom_fields"}.get(name, name))

    def place_task(self, task: Task, project: Project, section: str) -> None:
        """Put a task into a section of a project, where it may be already. This does not count as modifying it."""
        new = project.gid not in task.projects
        task.projects[project.gid] = section
        project.tasks[task.gid] = None
        if new:
            self.tell_task(task, "added", parent=("project", project.gid, project.name))
        self.tell_task(task, "added", parent=("section", section, self.sections[section].name))

    def take_task_out(self, task: Task, project: Project) -> None:
        """Remove a task from a project."""
        to = self._above_task(task)
        task.projects.pop(project.gid, None)
        project.tasks.pop(task.gid, None)
        self.tell_task(task, "removed", parent=("project", project.gid, project.name), to=to)

    def remove_task(self, task: Task) -> None:
        """Delete a task with its subtasks."""
        for gid in list(task.subtasks):
            self.remove_task(self.tasks[gid])
        to = self._above_task(task)
        for gid in task.projects:
            self.projects[gid].tasks.pop(task.gid, None)
        if task.parent and (parent := self.tasks.get(task.parent)):
            parent.subtasks.remove(task.gid)
        self.stories.pop(task.gid, None)
        del self.tasks[task.gid]
        self.tell_task(task, "deleted", to=to)

    def comment(self, task: Task, text: str) -> Story:
        """A comment of the token's user."""
        story = Story(self.gid("story"), task.gid, self.me, now_ms(), text)
        self.stories.setdefault(task.gid, []).append(story)
        task.modified = now_ms()
        parent = ("task", task.gid, task.name)
        to = self._above_task(task)
        self.feeds.tell("added", "story", story.gid, "", subtype="comment_added", parent=parent, user=self.me, to=to)
        return story

    # -- telling -----------------------------------------------------------------------------------------------

    def tell_task(
        self,
        task: Task,
        action: str,
        field: str = "",
        *,
        parent: tuple[str, str, str] | None = None,
        to: list[str] | None = None,
    ) -> None:
        """Tell the feeds of the task and of what it is in."""
        self.feeds.tell(
            action,
            "task",
            task.gid,
            task.name,
            subtype=task.subtype,
            field=field,
            parent=parent,
            user=self.me,
            to=self._above_task(task) if to is None else to,
        )

    def _tell_project(self, project: Project, action: str, field: str = "") -> None:
        to = [project.gid, project.workspace]
        self.feeds.tell(action, "project", project.gid, project.name, field=field, user=self.me, to=to)

    def _above_task(self, task: Task) -> list[str]:
        """What the task's events bubble up to: its parents, the projects of all of them, the workspace."""
        chain = list(self.above(task))
        projects = [gid for each in chain for gid in each.projects]
        return list(dict.fromkeys([*(each.gid for each in chain), *projects, task.workspace]))


def now_ms() -> int:
    """The time, as the account keeps it."""
    return int(time.time() * 1000)
