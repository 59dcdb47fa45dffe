"""Which records belong together, declared once: a deal's account, an account's contacts, a file's folder.

Records carry the vendor's own keys of what they belong to, so a relation is a column here that has the value of a
column there, within one connection. Each is followed both ways.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from revtops_tui.engine.errors import people
from revtops_tui.engine.workspace import Workspace
from store import related
from store.errors import StoreError
from store.related import Row, Rows

__all__ = ["RELATIONS", "Link", "Relation", "Row", "Rows", "links", "relations_of"]

_NAMED = 200


@dataclass(frozen=True)
class Relation:
    """`column` of `entity` names a record of `target` by its `key`.

    `there` is what the target is for the entity's record, `back` what such records are for the target. `same`: a
    column that both have in common besides. `many`: the column is a list of keys.
    """

    entity: str
    column: str
    target: str
    there: str
    back: str
    key: str = "source_id"
    same: str | None = None
    many: bool = False


RELATIONS = (
    Relation("deals", "account_source_id", "accounts", "Account", "Deals"),
    Relation("deals", "pipeline_source_id", "pipelines", "Pipeline", "Deals"),
    Relation("deals", "stage", "pipeline_stages", "Stage", "Deals", key="name", same="pipeline_source_id"),
    Relation("contacts", "account_source_id", "accounts", "Account", "Contacts"),
    Relation("activities", "deal_source_id", "deals", "Deal", "Activities"),
    Relation("activities", "account_source_id", "accounts", "Account", "Activities"),
    Relation("activities", "contact_source_id", "contacts", "Contact", "Activities"),
    Relation("pipeline_stages", "pipeline_source_id", "pipelines", "Pipeline", "Stages"),
    Relation("goals", "pipeline_source_id", "pipelines", "Pipeline", "Goals"),
    Relation("tracker_issues", "project_source_id", "tracker_projects", "Project", "Issues"),
    Relation("tracker_issues", "team_source_id", "tracker_teams", "Team", "Issues"),
    Relation("tracker_issues", "parent_source_id", "tracker_issues", "Parent", "Sub-issues"),
    Relation("tracker_projects", "team_source_ids", "tracker_teams", "Teams", "Projects", many=True),
    Relation("shared_files", "parent_external_id", "shared_files", "Folder", "Inside", key="external_id"),
)
"""Those of the entities that everybody has."""

_CONVENTION = {"account": "accounts", "contact": "contacts", "deal": "deals", "pipeline": "pipelines", "goal": "goals"}
"""A connector's own entity belongs to these by a column `<word>_source_id`."""


@dataclass(frozen=True)
class Link:
    """Records that belong to the one looked at. `entity` is their table, `one`: there can be only one of them."""

    name: str
    entity: str
    one: bool
    rows: Rows


def relations_of(entity: str, tables: Mapping[str, tuple[str, ...]]) -> list[tuple[Relation, bool]]:
    """The relations that a record of `entity` takes part in; whether it is the one that names the other."""
    known = [*RELATIONS, *_by_convention(tables)]
    there = [(relation, True) for relation in known if relation.entity == entity and _fits(relation, tables)]
    back = [(relation, False) for relation in known if relation.target == entity and _fits(relation, tables)]
    return [*there, *back]


def _fits(relation: Relation, tables: Mapping[str, tuple[str, ...]]) -> bool:
    return relation.column in tables.get(relation.entity, ()) and relation.key in tables.get(relation.target, ())


def _by_convention(tables: Mapping[str, tuple[str, ...]]) -> Iterator[Relation]:
    declared = {relation.entity for relation in RELATIONS} | {relation.target for relation in RELATIONS}
    for table, columns in tables.items():
        for column in columns if table not in declared and "synced_at" in columns else ():
            if (target := _CONVENTION.get(column.removesuffix("_source_id"))) and column.endswith("_source_id"):
                word = column.removesuffix("_source_id").capitalize()
                yield Relation(table, column, target, word, table.replace("_", " ").capitalize())


def links(
    ws: Workspace, entity: str, row: Mapping[str, Any], *, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[Link]:
    """What belongs to a record (`row` is all of it), one relation after another as they are found.

    Blocks; to look through a million rows takes half a second. Raises EngineError (kind "cancelled" when it was).
    """
    try:
        with related.looking(ws.database.path, ws.organization_id, cancelled) as looking:
            for relation, there in relations_of(entity, looking.tables):
                if (link := _link(looking, relation, row, there=there)) is not None:
                    yield link
    except StoreError as error:
        raise people(error) from error


def _link(looking: related.Related, relation: Relation, row: Mapping[str, Any], *, there: bool) -> Link | None:
    same = {relation.same: row.get(relation.same)} if relation.same else {}
    connection_id = row["connection_id"]
    if not there:
        key = row.get(relation.key)
        if key in (None, ""):
            return None
        match = {relation.column: frozenset({key}) if relation.many else key, **same}
        return Link(
            relation.back, relation.entity, False, looking.find(relation.entity, connection_id, match, named=_NAMED)
        )
    value = row.get(relation.column)
    if value in (None, ""):
        return None
    if relation.many:
        return Link(relation.there, relation.target, False, _each(looking, relation, connection_id, value))
    rows = looking.find(relation.target, connection_id, {relation.key: value, **same}, named=1)
    return Link(relation.there, relation.target, True, rows)


def _each(looking: related.Related, relation: Relation, connection_id: int, value: Any) -> Rows:
    """The rows that a list of keys names."""
    try:
        keys = json.loads(value)
    except (TypeError, ValueError):
        keys = []
    found = [
        looking.find(relation.target, connection_id, {relation.key: key}, named=1)
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, str)
    ]
    return Rows([row for rows in found for row in rows.ids], [row for rows in found for row in rows.first])
