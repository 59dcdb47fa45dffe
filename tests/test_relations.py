"""What belongs to a record, found by the vendor's own keys, both ways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from revtops_tui.engine import relations
from revtops_tui.engine.data import record
from revtops_tui.engine.errors import EngineError
from tests.support.bench import Bench
from tests.support.related import STORY, tell

pytest_plugins = ("tests.support.bench_fixtures",)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The story for acme, twice, from two systems; and once for another organization. No test changes it."""
    bench = Bench(tmp_path_factory.mktemp("relations") / "home")
    tell(bench.ws)
    tell(bench.ws, "other-crm")
    tell(bench.workspace("globex"))
    yield bench
    bench.close()


def _links(bench: Bench, entity: str, source_id: str, system: str = "crm") -> dict[str, list[str]]:
    """Relation -> what its records are called."""
    ((row_id,),) = bench.ask(
        f"SELECT id FROM {entity} WHERE source_id = ? AND source_system = ? AND organization_id = 'acme'",
        source_id,
        system,
    )
    found = relations.links(bench.ws, entity, record(bench.ws, entity, row_id))
    return {link.name: [row.name for row in link.rows.first] for link in found}


@pytest.mark.parametrize("system", ["crm", "other-crm"])
@pytest.mark.parametrize(
    ("entity", "source_id", "links"),
    [
        (
            "deals",
            "d1",
            {
                "Account": ["Acme"],
                "Pipeline": ["New business"],
                "Stage": ["won"],
                "Activities": ["First call", "Offer"],
            },
        ),
        ("deals", "d3", {"Account": [], "Stage": [], "Activities": []}),
        ("accounts", "a1", {"Deals": ["Rollout", "Support"], "Contacts": ["Ada", "Bob"], "Activities": ["Offer"]}),
        ("contacts", "c1", {"Account": ["Acme"], "Activities": ["First call"]}),
        ("activities", "x1", {"Deal": ["Rollout"], "Contact": ["Ada"]}),
        ("pipelines", "p1", {"Deals": ["Rollout", "Support"], "Stages": ["won"], "Goals": []}),
        ("pipeline_stages", "s1", {"Pipeline": ["New business"], "Deals": ["Rollout"]}),
        ("pipeline_stages", "s2", {"Pipeline": ["Renewals"], "Deals": []}),
        ("tracker_projects", "q1", {"Teams": ["Core", "Web"], "Issues": ["Whole"]}),
        ("tracker_teams", "t1", {"Issues": ["Whole"], "Projects": ["Launch"]}),
        ("tracker_issues", "i1", {"Project": ["Launch"], "Team": ["Core"], "Sub-issues": ["Part"]}),
        ("tracker_issues", "i2", {"Parent": ["Whole"], "Sub-issues": []}),
        ("shared_files", "f1", {"Inside": ["Plan"]}),
        ("shared_files", "f2", {"Folder": ["Folder"], "Inside": []}),
    ],
)
def test_what_belongs_to_a_record(
    told: Bench, entity: str, source_id: str, links: dict[str, list[str]], system: str
) -> None:
    assert _links(told, entity, source_id, system) == links


def test_records_of_another_system_or_organization_do_not_belong(told: Bench) -> None:
    ((mine,),) = told.ask(
        "SELECT id FROM accounts WHERE source_id = 'a1' AND organization_id = 'acme' AND source_system = 'crm'"
    )
    for link in relations.links(told.ws, "accounts", record(told.ws, "accounts", mine)):
        for row_id in link.rows.ids:
            (where,) = told.ask(f"SELECT organization_id, source_system FROM {link.entity} WHERE id = ?", row_id)
            assert where == ("acme", "crm")


def test_another_organization_s_record_is_not_there(told: Bench) -> None:
    ((theirs,),) = told.ask("SELECT id FROM accounts WHERE source_id = 'a1' AND organization_id = 'globex'")
    assert record(told.ws, "accounts", theirs) == {}
    assert record(told.ws, "no_such_table", 1) == {}


def test_every_declared_relation_is_of_columns_that_there_are(told: Bench) -> None:
    with relations.related.looking(told.ws.database.path, "acme") as looking:
        for relation in relations.RELATIONS:
            assert relation.column in looking.tables[relation.entity]
            assert relation.key in looking.tables[relation.target]
            assert relation.same is None or relation.same in looking.tables[relation.entity]
            assert relation.same is None or relation.same in looking.tables[relation.target]


def test_a_connector_s_own_table_belongs_by_convention() -> None:
    entity = ("id", "name", "source_id", "synced_at")
    tables = {"tickets": (*entity, "account_source_id", "shelf_source_id"), "accounts": entity}
    ((there, is_there),) = relations.relations_of("tickets", tables)
    assert (there.target, there.there, is_there) == ("accounts", "Account", True)
    ((back, _),) = relations.relations_of("accounts", tables)
    assert (back.entity, back.back) == ("tickets", "Tickets")


def test_looking_can_be_cancelled(bench: Bench) -> None:
    story = {"accounts": STORY["accounts"][:1]}
    tell(bench.ws, story=story)
    bench.change(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
        "INSERT INTO deals(connection_id, synced_at, organization_id, source_system, source_id, account_source_id) "
        "SELECT connection_id, synced_at, organization_id, source_system, 'd' || i, 'a1' FROM accounts, n"
    )
    account = record(bench.ws, "accounts", 1)
    deals = next(iter(relations.links(bench.ws, "accounts", account)))
    assert (deals.name, len(deals.rows.ids), deals.rows.more, len(deals.rows.first)) == ("Deals", 10_000, True, 200)
    with pytest.raises(EngineError) as caught:
        list(relations.links(bench.ws, "accounts", account, cancelled=lambda: True))
    assert caught.value.kind == "cancelled"
