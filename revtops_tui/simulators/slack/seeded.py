"""The story as it was told in the chat: a thread for each key deal, and what else a workspace fills with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from revtops_tui.simulators.hubspot.seeded import AWKWARD_NAMES
from revtops_tui.simulators.slack.workspace import Channel, File, Message, User, Workspace, slack_id, ts_of
from revtops_tui.simulators.story import STAGES, Deal, Story

if TYPE_CHECKING:
    from revtops_tui.simulators.company import Colleague

_CHANNELS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("general", "Company-wide announcements", {}),
    ("sales", "Every deal that matters has its thread here", {}),
    ("support", "Questions of customers &amp; who answers them", {}),
    ("deal-desk", "Discounts and terms", {"is_private": True}),
    ("wins", "Closed won :tada:", {}),
    ("random", "Everything else", {}),
    ("hiring", "The app was never invited here", {"is_member": False}),
    ("launch-2024", "Over and done", {"is_member": False, "is_archived": True}),
)
_OPENINGS = (
    "met {contact} today. They want *{product}*, budget is there &amp; they decide this quarter.",
    "{contact} asked for the security questionnaire again: <https://wiki.larkspur.example/security|our answers>.",
    "<!here> pricing for {product} &lt;10% off&gt; is with {contact}, <@{helper}> please have a look.",
    "status: {stage}. Next step with {contact}, details in <#{channel}>.",
)
_ANSWERS = (
    "On it, <@{owner}>.",
    "Legal is fine with the terms.",
    "I'd offer {product} for two years instead.",
    "Sent. <mailto:{email}|{email}> confirmed.",
    ":+1:",
)
_CHAT = ("Lunch at noon?", "The coffee machine is fixed.", "Who has the projector?", "Happy Friday!", "Train is late.")


def seeded(story: Story, seed: int) -> Workspace:
    """The workspace of the company."""
    workspace = Workspace(seed, story.company.name)
    _add_people(workspace, story)
    founded = story.created(0, story.deals) // 1000 - 86_400
    owner = next(iter(workspace.users))
    for number, (name, purpose, more) in enumerate(_CHANNELS):
        channel = Channel(slack_id("C", seed, number), name, founded, owner, purpose=purpose, **more)
        workspace.channels[channel.id] = channel
    for place, index in enumerate(story.key_deals()):
        _tell(workspace, story, story.deal(index), place)
    _add_the_rest(workspace, story, founded)
    return workspace


def user_of(workspace: Workspace, colleague: Colleague) -> str:
    """The id of a colleague's account."""
    return slack_id("U", workspace.seed, colleague.number)


def _add_people(workspace: Workspace, story: Story) -> None:
    for colleague in story.company.colleagues:
        name = f"{colleague.first_name} {colleague.last_name}"
        user = User(user_of(workspace, colleague), colleague.first_name.lower(), name, colleague.email)
        user.title, user.deleted = f"{colleague.team} sales", not colleague.active
        workspace.users[user.id] = user
    workspace.users["USLACKBOT"] = User("USLACKBOT", "slackbot", "Slackbot")
    bot = slack_id("U", workspace.seed, 1_000)
    workspace.users[bot] = User(bot, "revtops", "Revtops", is_bot=True)
    guest, person = slack_id("U", workspace.seed, 1_001), story.company.person(0, 0)
    full_name = f"{person.first_name} {person.last_name}"
    workspace.users[guest] = User(guest, person.first_name.lower(), full_name, person.email, stranger=True)


def _tell(workspace: Workspace, story: Story, deal: Deal, place: int) -> None:
    """The thread of one deal: who opens it, and who answers."""
    owner = user_of(workspace, story.owner(deal))
    contact = story.contact(deal)
    colleagues = story.company.colleagues
    channel = workspace.channel_named("deal-desk" if place % 5 == 3 else "support" if place % 5 == 4 else "sales")
    words = {
        "contact": f"{contact.first_name} {contact.last_name}",
        "email": contact.email,
        "product": deal.product,
        "stage": STAGES[deal.stage].name,
        "owner": owner,
        "helper": user_of(workspace, colleagues[(deal.owner + 3) % len(colleagues)]),
        "channel": workspace.channel_named("general").id,
    }
    start = deal.created // 1000
    name = AWKWARD_NAMES.get(place) or deal.name
    opening = Message(ts_of(start, deal.index), owner, f"*{name}*: {_OPENINGS[place % 4].format(**words)}")
    if place % 4 == 1:
        opening.files.append(_quote(workspace, deal, owner, channel, start))
    if STAGES[deal.stage].probability == 1.0:
        opening.reactions["tada"] = [words["helper"]]
    channel.add(opening)
    for turn in range(1 + deal.bits % 3):
        answerer = user_of(workspace, colleagues[(deal.bits >> (4 * turn)) % len(colleagues)])
        ts = ts_of(start + 600 * (turn + 1), deal.index)
        channel.add(Message(ts, answerer, _ANSWERS[(place + turn) % len(_ANSWERS)].format(**words), opening.ts))


def _quote(workspace: Workspace, deal: Deal, owner: str, channel: Channel, created: int) -> str:
    content = f"Quote\n\n{deal.name}\n{deal.product}: {deal.amount} {deal.currency}\n".encode()
    file = File(slack_id("F", workspace.seed, deal.index), f"quote-{deal.index}.txt", f"Quote for {deal.name}",
                "text/plain", content, owner, created, [channel.id])  # fmt: skip
    workspace.files[file.id] = file
    return file.id


def _add_the_rest(workspace: Workspace, story: Story, founded: int) -> None:
    people = [user_of(workspace, colleague) for colleague in story.company.colleagues]
    guest = next(user.id for user in workspace.users.values() if user.stranger)
    general, wins, random = (workspace.channel_named(name) for name in ("general", "wins", "random"))
    joined = {"subtype": "channel_join"}
    general.add(Message(ts_of(founded, 1), workspace.bot.id, f"<@{workspace.bot.id}> has joined the channel", None,
                        extra=joined))  # fmt: skip
    general.add(Message(ts_of(founded, 2), guest, "Thank you for having us, <!channel>!"))
    crm = {"subtype": "bot_message", "bot_id": slack_id("B", workspace.seed, 7), "username": "CRM"}
    for number, index in enumerate(story.key_deals()):
        deal = story.deal(index)
        if STAGES[deal.stage].probability == 1.0:
            fallback = {"attachments": [{"id": 1, "fallback": f"{deal.name} is won"}]}
            wins.add(Message(ts_of(deal.created // 1000 + 7200, index), "", "", extra=crm | fallback))
        if number % 4 == 0 or number < 6:
            text = _CHAT[number % len(_CHAT)]
            random.add(Message(ts_of(deal.created // 1000 + 60, index), people[number % len(people)], text))
    for name in ("hiring", "launch-2024"):
        workspace.channel_named(name).add(Message(ts_of(founded, 3), people[0], "Nobody outside of here reads this."))
