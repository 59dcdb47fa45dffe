"""Four pictures of the local data: the pipeline, what was won, when people are active, how syncs went.

Each is a list of parts, which a face draws as it can; every part says what it counts.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from revtops_tui.engine.data import sql
from revtops_tui.engine.workspace import Workspace
from revtops_tui.words import plural
from store.connections import selector_of

T = TypeVar("T")

_ROWS = 100_000
_MONTHS = 24
_WEEKS_BACK = 26
_RUNS = 40
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NO_STAGE = "no stage"
_NO_PIPELINE = "no pipeline"

Key = tuple[int, str | None, str | None]
"""A connection, a pipeline's id at the vendor, and a stage as a deal names it."""


@dataclass(frozen=True)
class Part:
    """One chart: `rows` are a label and its number, or with `kind` "heat" a label and a number for each of `columns`.

    `unit` is a currency or a word, `notes` a remark for each row, `tone` good or bad where the part means that.
    """

    heading: str
    note: str
    kind: Literal["bars", "columns", "heat"]
    rows: Sequence[tuple[str, Any]]
    unit: str = ""
    notes: Sequence[str] = ()
    columns: Sequence[str] = ()
    tone: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture that can be made: `load` reads the local data. Without parts `empty` says what would fill it."""

    id: str
    title: str
    about: str
    empty: str
    load: Callable[[Workspace], list[Part]]


# -- stages ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """A stage of a pipeline; `order` is its place in it, `outcome` what being in it means."""

    name: str
    order: int = 0
    outcome: Literal["open", "won", "lost"] = "open"


class _Stages:
    """Finds the stage that a deal names: by its id or its name, in the deal's pipeline or else in any."""

    def __init__(self, ws: Workspace) -> None:
        query = (
            "SELECT connection_id, pipeline_source_id, source_id, name, display_order, is_closed_won, is_closed_lost "
            "FROM pipeline_stages ORDER BY display_order"
        )
        self._known: dict[Key, Stage] = {}
        for connection, pipeline, source_id, name, order, won, lost in sql(ws, query, limit=_ROWS).rows:
            stage = Stage(name or source_id, order or 0, "won" if won else "lost" if lost else "open")
            for at in (pipeline, None):
                for called in (source_id, name):
                    self._known.setdefault((connection, at, called), stage)

    def find(self, connection: int, pipeline: str | None, called: str | None) -> Stage:
        """The stage; where the vendor has no list of them, its name says whether it is won or lost."""
        known = self._known.get((connection, pipeline, called)) or self._known.get((connection, None, called))
        if known:
            return known
        words = (called or "").casefold()
        return Stage(called or _NO_STAGE, 0, "won" if "won" in words else "lost" if "lost" in words else "open")


Place = tuple[int, str, int, str]
"""Where a stage stands: a connection, a pipeline, the order in it, and the stage's name."""


class _Labels:
    """What stages are called: by their names, and where several have the same one also by what tells them apart."""

    def __init__(self, ws: Workspace) -> None:
        systems = sql(ws, "SELECT id, slug, name FROM connections", limit=_ROWS).rows
        self._systems = {connection: selector_of(slug, name) for connection, slug, name in systems}
        pipelines = sql(ws, "SELECT connection_id, source_id, name FROM pipelines", limit=_ROWS).rows
        self._pipelines = {(connection, source_id): name for connection, source_id, name in pipelines}

    def of(self, places: Sequence[Place]) -> list[str]:
        """A label for each."""
        alike: dict[str, set[tuple[int, str]]] = defaultdict(set)
        for connection, pipeline, _, name in places:
            alike[name].add((connection, pipeline))
        return [self._label(place, alike[place[-1]]) for place in places]

    def _label(self, place: Place, alike: set[tuple[int, str]]) -> str:
        connection, of, _, name = place
        words = [name]
        if sum(each == connection for each, _ in alike) > 1:
            words.append(self._pipelines.get((connection, of)) or of or _NO_PIPELINE)
        if len({each for each, _ in alike}) > 1:
            words.append(self._systems[connection])
        return " · ".join(words)


@dataclass(order=True)
class _Sum:
    count: int = 0
    amount: float = 0.0

    def add(self, count: int, amount: float) -> None:
        self.count += count
        self.amount += amount


# -- the pictures ------------------------------------------------------------------------------------------------------


def pipeline(ws: Workspace) -> list[Part]:
    """The amounts of deals by stage: open ones in the order of their pipeline, then what was won and lost."""
    stages, labels = _Stages(ws), _Labels(ws)
    query = (
        "SELECT connection_id, pipeline_source_id, stage, currency, count(*), total(amount) "
        "FROM deals GROUP BY 1, 2, 3, 4 ORDER BY 1, 2"
    )
    sums: dict[tuple[str, str], dict[Place, _Sum]] = defaultdict(dict)
    for connection, of, called, currency, count, amount in sql(ws, query, limit=_ROWS).rows:
        stage = stages.find(connection, of, called)
        place = (connection, of or "", stage.order, stage.name)
        sums[stage.outcome, currency or ""].setdefault(place, _Sum()).add(count, amount)
    headings = {"open": ("Open", ""), "won": ("Won", "good"), "lost": ("Lost", "bad")}
    return [
        _stages_of(f"{heading}{f' in {currency}' if currency else ''}", found, labels, currency, tone)
        for outcome, (heading, tone) in headings.items()
        for currency, found in _largest_first({c: found for (o, c), found in sums.items() if o == outcome})
    ]


def _stages_of(heading: str, sums: Mapping[Place, _Sum], labels: _Labels, currency: str, tone: str) -> Part:
    by_order = sorted(sums.items())
    count = sum(each.count for _, each in by_order)
    return Part(
        heading,
        f"amount of {plural(count, 'deal')} by stage",
        "bars",
        list(zip(labels.of([place for place, _ in by_order]), (each.amount for _, each in by_order), strict=True)),
        unit=currency,
        notes=[plural(each.count, "deal") for _, each in by_order],
        tone=tone,
    )


def _largest_first(by_currency: Mapping[str, Mapping[T, _Sum]]) -> list[tuple[str, Mapping[T, _Sum]]]:
    """Currencies are never added up; the one of most deals comes first."""
    return sorted(by_currency.items(), key=lambda item: (-sum(each.count for each in item[1].values()), item[0]))


def won_by_month(ws: Workspace) -> list[Part]:
    """The amounts of won deals by the month they closed in, of the last two years in which some did."""
    stages = _Stages(ws)
    query = (
        "SELECT connection_id, pipeline_source_id, stage, currency, substr(close_date, 1, 7), count(*), total(amount) "
        "FROM deals WHERE close_date IS NOT NULL GROUP BY 1, 2, 3, 4, 5"
    )
    months: dict[str, dict[str, _Sum]] = defaultdict(dict)
    for connection, of, called, currency, month, count, amount in sql(ws, query, limit=_ROWS).rows:
        if stages.find(connection, of, called).outcome == "won":
            months[currency or ""].setdefault(month, _Sum()).add(count, amount)
    return [_months_of(currency, found) for currency, found in _largest_first(months)]


def _months_of(currency: str, sums: Mapping[str, _Sum]) -> Part:
    shown = months_until(max(sums), max(1, min(_MONTHS, _distance(min(sums), max(sums)) + 1)))
    count = sum(sums[month].count for month in shown if month in sums)
    return Part(
        f"Won{f' in {currency}' if currency else ''}",
        f"amount of {plural(count, 'won deal')} by the month of their close date",
        "columns",
        [(month, sums[month].amount if month in sums else 0.0) for month in shown],
        unit=currency,
        tone="good",
    )


def _distance(first: str, last: str) -> int:
    return (int(last[:4]) - int(first[:4])) * 12 + int(last[5:7]) - int(first[5:7])


def months_until(last: str, count: int) -> list[str]:
    """`count` months that end with `last`, as 2026-03."""
    number = int(last[:4]) * 12 + int(last[5:7]) - 1
    return [f"{n // 12:04}-{n % 12 + 1:02}" for n in range(number - count + 1, number + 1)]


def activity(ws: Workspace) -> list[Part]:
    """Activities by weekday and hour, in the zone of this machine, of the half year up to the last of them."""
    query = (
        "SELECT strftime('%w', activity_date, 'localtime'), strftime('%H', activity_date, 'localtime'), count(*) "
        "FROM activities WHERE activity_date > (SELECT date(max(activity_date), ?) FROM activities) GROUP BY 1, 2"
    ).replace("?", f"'-{_WEEKS_BACK * 7} days'")
    cells = [[0] * 24 for _ in _DAYS]
    for day, hour, count in sql(ws, query, limit=_ROWS).rows:
        if day is not None:
            cells[(int(day) - 1) % 7][int(hour)] += count
    total = sum(map(sum, cells))
    if not total:
        return []
    zone = dt.datetime.now().astimezone().tzname() or "local time"
    note = f"{plural(total, 'activity', 'activities')} of half a year by weekday and hour, {zone}"
    return [Part("When people are active", note, "heat", list(zip(_DAYS, cells, strict=True)), columns=_HOURS)]


_HOURS = tuple(f"{hour:02}" for hour in range(24))


def sync_history(ws: Workspace) -> list[Part]:
    """For each connection: the rows that its last runs changed, and the records they rejected."""
    query = f"""
        SELECT r.connection_id, c.slug, c.name, r.started_at, r.status,
               total(json_extract(e.value, '$.inserted') + json_extract(e.value, '$.updated')
                     + json_extract(e.value, '$.deleted')),
               total(json_extract(e.value, '$.rejected'))
        FROM sync_runs r JOIN connections c ON c.id = r.connection_id LEFT JOIN json_each(r.entities) e
        WHERE r.id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY connection_id ORDER BY id DESC) AS n
                                       FROM sync_runs) WHERE n <= {_RUNS})
        GROUP BY r.id ORDER BY c.slug, c.name, r.id
    """  # noqa: S608 - a number of our own
    runs: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for _, slug, name, *run in sql(ws, query, limit=_ROWS).rows:
        runs[selector_of(slug, name)].append(tuple(run))
    return [part for selector, found in runs.items() for part in _runs_of(selector, found)]


def _runs_of(selector: str, runs: Sequence[tuple[Any, ...]]) -> list[Part]:
    days = [started[5:16].replace("T", " ") for started, *_ in runs]
    failed = sum(status in ("failed", "aborted") for _, status, *_ in runs)
    note = f"rows that the last {plural(len(runs), 'run')} changed" + (f"; {failed} did not end well" if failed else "")
    parts = [
        Part(
            selector,
            note,
            "columns",
            [(day, changed) for day, (_, _, changed, _) in zip(days, runs, strict=True)],
            "row",
        )
    ]
    if any(rejected for *_, rejected in runs):
        rows = [(day, rejected) for day, (*_, rejected) in zip(days, runs, strict=True)]
        parts.append(
            Part(f"{selector}, rejected", "records that were set aside", "columns", rows, "record", tone="bad")
        )
    return parts


PICTURES = (
    Picture(
        "pipeline",
        "Pipeline by stage",
        "what is open, won and lost",
        "No deals yet: connect a CRM (1, then n) and sync it (s).",
        pipeline,
    ),
    Picture(
        "won",
        "Won by month",
        "the last two years",
        "No won deals with a close date yet.",
        won_by_month,
    ),
    Picture(
        "activity",
        "Activity",
        "weekdays and hours",
        "No activities yet: sync a system that has calls, meetings or messages.",
        activity,
    ),
    Picture(
        "syncs", "Syncs", "rows and rejected records over time", "Nothing was synced yet (1, then s).", sync_history
    ),
)
