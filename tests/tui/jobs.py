"""The ten jobs that people come for most, as keys: declared once, pressed by a test, printed in `docs/keys.md`."""

from __future__ import annotations

from dataclasses import dataclass

from tests.tui.driver import Visit

_NAMES = {"slash": "/", "right": "→", "ctrl+f": "^f", "ctrl+s": "^s", "ctrl+p": "^p"}


@dataclass(frozen=True)
class Keys:
    """Keys that are pressed one after another, by Textual's names."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Typed:
    """A text that is written where the focus is; the page shows `what` it is. It costs no keys: nobody can save any."""

    what: str
    text: str


@dataclass(frozen=True)
class Sees:
    """What one waits for before one goes on."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """A job, the keys it may take at most, and how it is done in an app that was just opened."""

    title: str
    most: int
    steps: tuple[Keys | Typed | Sees, ...]

    @property
    def keys(self) -> int:
        """The keys it takes."""
        return sum(len(step.names) for step in self.steps if isinstance(step, Keys))

    async def do(self, visit: Visit, **texts: str) -> int:
        """Press them, with what differs at each run in place of `{name}`; how many were pressed."""
        pressed = 0
        for step in self.steps:
            if isinstance(step, Keys):
                for name in step.names:
                    await visit.press(name)
                    pressed += 1
            elif isinstance(step, Typed):
                await visit.type(step.text.format(**texts))
            else:
                await visit.sees(*step.texts)
        return pressed


def _keys(*names: str) -> Keys:
    return Keys(names)


def _sees(*texts: str) -> Sees:
    return Sees(texts)


JOBS = {
    "connect": Job(
        "Connect a system",
        4,
        (
            *(_keys("slash"), Typed("its name", "hubspot"), _keys("enter", "enter")),
            *(_sees("Connect HubSpot"), Typed("its credentials", "{token}"), _keys("ctrl+s"), _sees("● HubSpot")),
        ),
    ),
    "sync": Job("Sync it", 1, (_keys("s"), _sees("✓ Synced"))),
    "find": Job(
        "Find a record, from anywhere",
        2,
        (_keys("ctrl+f"), Typed("how its name begins", "globex roll"), _sees("Globex rollout"), _keys("enter")),
    ),
    "query": Job(
        "Run a query",
        2,
        (
            *(_keys("3"), _sees("Query ›")),
            *(Typed("the query", "select count(*) as many from deals "), _keys("f5"), _sees("1 row")),
        ),
    ),
    "write": Job(
        "Write a record, with a look at what is sent",
        8,
        (
            *(_keys("w", "slash"), Typed("the write", "update_deal"), _keys("enter", "enter"), _sees("Will be sent")),
            *(Typed("its id", "{id}"), _keys("tab", "tab"), Typed("the amount", "77000")),
            *(_keys("f5"), _sees("Send"), _keys("enter"), _sees("✓ Done")),
        ),
    ),
    "message": Job(
        "Send a message, which is asked about twice",
        9,
        (
            *(_keys("w", "slash"), Typed("the action", "send_message"), _keys("enter", "enter"), _sees("Will be sent")),
            *(Typed("the channel", "{channel}"), _keys("tab", "tab"), Typed("the text", "The deal is closed")),
            *(_keys("f5"), _sees("Send once"), _keys("right", "enter"), _sees("✓ Done")),
        ),
    ),
    "retry": Job(
        "Retry a rejected record",
        3,
        (_keys("6"), _sees("1 in Shop"), _keys("tab"), _sees("Rejected record"), _keys("r"), _sees("1 record stored")),
    ),
    "export": Job(
        "Export a table",
        4,
        (
            *(_keys("ctrl+p"), Typed("open and the table", "open deals"), _sees("Open Deals"), _keys("enter")),
            *(_sees("1 of 12"), _keys("E"), _sees("Export Deals"), _keys("enter"), _sees("Wrote 12 rows")),
        ),
    ),
    "organization": Job(
        "Look at another organization",
        3,
        (_keys("O"), _sees("acme · "), _keys("j", "enter"), _sees("org acme")),
    ),
    "waiting": Job("See why a sync waits, from elsewhere", 1, (_keys("1"), _sees("waiting for rate limit"))),
}


def table() -> str:
    """The jobs as Markdown."""
    lines = ["| job | keys | which |", "| --- | ---: | --- |"]
    lines += [f"| {job.title} | {job.keys} | {_shown(job)} |" for job in JOBS.values()]
    return "\n".join(lines)


def _shown(job: Job) -> str:
    parts = []
    for step in job.steps:
        if isinstance(step, Keys):
            parts += [f"`{_NAMES.get(name, name)}`" for name in step.names]
        elif isinstance(step, Typed):
            parts.append(f"*{step.what}*")
    return " ".join(parts)
