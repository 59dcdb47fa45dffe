"""The account that the company has in Asana: an organization with teams, and a small free workspace beside it."""

from __future__ import annotations

from typing import Any

from revtops_tui.simulators.asana.account import Account
from revtops_tui.simulators.asana.things import CustomField, Project, Section, Tag, Task, Team, User, Workspace
from revtops_tui.simulators.company import Colleague
from revtops_tui.simulators.hubspot.seeded import AWKWARD_NAMES
from revtops_tui.simulators.seeding import DAY_MS, iso_day
from revtops_tui.simulators.story import STAGES, Deal, Story

_SECTIONS = ("To do", "In progress", "Waiting for customer", "Done")
_DEALS_A_PROJECT = 12
_HIGH, _MEDIUM, _LOW = "High", "Medium", "Low"


class Seeder:
    """Fills an account with what the story's key deals led to.

    Each has a rollout, with subtasks for every second one, and two smaller tasks; every fifth rollout is in two
    projects, and every fourth deal has an idea in the free workspace.
    """

    def __init__(self, story: Story) -> None:
        self.account = Account()
        self._story = story
        self._workspaces()
        self._people = [self._user(colleague) for colleague in story.company.colleagues]
        self.account.me = self._people[0].gid
        self._fields()
        self._teams = [self._team(name) for name in dict.fromkeys(c.team for c in story.company.colleagues)]
        self.account.add_team("Everyone", self._office.gid, "No projects, only announcements.")
        self._projects = self._all_projects()
        for number, index in enumerate(story.key_deals()):
            self._deal(number, story.deal(index))

    def _workspaces(self) -> None:
        account, company = self.account, self._story.company
        self._office = Workspace(account.gid("workspace"), company.name, is_organization=True, paid=True)
        self._labs = Workspace(account.gid("workspace"), f"{company.name} Labs", is_organization=False, paid=False)
        account.workspaces = {each.gid: each for each in (self._office, self._labs)}
        self._tags = [Tag(account.gid("tag"), name, self._office.gid) for name in ("key account", "renewal")]
        account.tags = {tag.gid: tag for tag in self._tags}

    def _user(self, colleague: Colleague) -> User:
        places = (self._office.gid, self._labs.gid) if colleague.number < 4 else (self._office.gid,)
        name = f"{colleague.first_name} {colleague.last_name}"
        user = User(self.account.gid("user"), name, colleague.email, places)
        self.account.users[user.gid] = user
        return user

    def _fields(self) -> None:
        account = self.account
        options = {account.gid("enum_option"): name for name in (_HIGH, _MEDIUM, _LOW)}
        self._priority = CustomField(account.gid("custom_field"), "Priority", "enum", options)
        self._amount = CustomField(account.gid("custom_field"), "Deal amount", "number")
        self._customer = CustomField(account.gid("custom_field"), "Customer", "text")
        account.fields = {each.gid: each for each in (self._priority, self._amount, self._customer)}

    def _team(self, name: str) -> Team:
        return self.account.add_team(name, self._office.gid, f"Everybody who sells to {name.lower()} customers.")

    def _all_projects(self) -> dict[str, list[Project]]:
        """Workspace or team -> its projects."""
        each = max(2, len(self._story.key_deals()) // (_DEALS_A_PROJECT * len(self._teams)) + 1)
        found: dict[str, list[Project]] = {self._labs.gid: [self._project(f"Ideas {n + 1}", None, n) for n in range(2)]}
        for team in self._teams:
            found[team.gid] = [self._project(f"{team.name} rollouts {n + 1}", team, n) for n in range(each)]
        return found

    def _project(self, name: str, team: Team | None, number: int) -> Project:
        account, end = self.account, self._story.end
        project = Project(
            account.gid("project"),
            name,
            team.workspace if team else self._labs.gid,
            team.gid if team else None,
            self._people[number % 4].gid,
            created=end - (700 - number % 600) * DAY_MS,
            modified=end - (number % 300 + 1) * DAY_MS,
            notes="What was sold, brought to life." if team else "",
            due_on=iso_day(end // DAY_MS + 30 + number % 90) if team else None,
            start_on=iso_day(end // DAY_MS - 600) if team else None,
            archived=number % 7 == 6,
            color=("dark-blue", "light-green", None)[number % 3],
            status=(("green", "On track"), ("yellow", "At risk"), None)[number % 3],
            fields={self._customer.gid: "All of them"} if team else {},
        )
        account.projects[project.gid] = project
        for title in _SECTIONS:
            section = Section(account.gid("section"), title, project.gid, project.created)
            account.sections[section.gid] = section
            project.sections.append(section.gid)
        return project

    def _deal(self, number: int, deal: Deal) -> None:
        company, contact = self._story.company, self._story.contact(deal)
        customer = company.customer_name(deal.customer)
        person = f"{contact.first_name} {contact.last_name}"
        projects = self._projects[self._teams[deal.owner % len(self._teams)].gid]
        at = number % len(projects)
        title = AWKWARD_NAMES.get(number, f"Roll out {deal.product} for {customer}") or ""
        rollout = self._task(deal, title, projects[at], notes=f"{deal.name}\nWith {person}, {contact.title}.")
        rollout.fields = {
            self._priority.gid: list(self._priority.options)[deal.bits % 3],
            self._amount.gid: deal.amount,
            self._customer.gid: customer,
        }
        rollout.tags = [
            tag.gid for tag, fits in zip(self._tags, (number % 3 == 0, deal.stage > 6), strict=True) if fits
        ]
        if number % 5 == 1:
            self._place(rollout, projects[(at + 1) % len(projects)], deal)
        if number % 2:
            collect = self._task(deal, f"Collect data from {person}", rollout)
            self._task(deal, f"Train {customer}", rollout)
            if number % 4 == 1:
                self._task(deal, f"Remind {person}", collect)
        self._task(deal, f"Prepare contract: {deal.name}", projects[at])
        self._task(deal, f"Kick-off with {person}", projects[at], subtype="milestone")
        if number % 4 == 0:
            ideas = self._projects[self._labs.gid]
            self._task(deal, f"Idea from {customer}", ideas[number // 4 % len(ideas)])

    def _task(self, deal: Deal, name: str, place: Project | Task, **values: Any) -> Task:
        account = self.account
        people = [user for user in self._people if place.workspace in user.workspaces]
        closed = STAGES[deal.stage].closed
        task = Task(
            account.gid("task"),
            name,
            place.workspace,
            people[deal.bits % len(people)].gid,
            deal.created,
            deal.modified,
            assignee=people[deal.owner % len(people)].gid if deal.bits >> 8 & 7 else None,
            due_on=iso_day(deal.closes) if deal.bits >> 16 & 1 else None,
            completed_at=deal.modified if closed else None,
            **values,
        )
        account.tasks[task.gid] = task
        if isinstance(place, Project):
            self._place(task, place, deal)
        else:
            task.parent = place.gid
            place.subtasks.append(task.gid)
        return task

    def _place(self, task: Task, project: Project, deal: Deal) -> None:
        at = len(_SECTIONS) - 1 if STAGES[deal.stage].closed else deal.bits % (len(_SECTIONS) - 1)
        task.projects[project.gid] = project.sections[at]
        project.tasks[task.gid] = None
