"""What the author of a wrong declaration is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Field, SQLModel

from connectors.base import BaseConnector
from connectors.models import Record
from connectors.registry import (
    AuthField,
    AuthType,
    Capability,
    ConnectorAction,
    ConnectorMeta,
    EventType,
    WriteOperation,
)
from connectors.validation import problems

GOOD = ConnectorMeta(name="My CRM", slug="my_crm", entity_types=["deals", "issues"], capabilities=[Capability.SYNC])


async def answer(self: BaseConnector, *args: Any) -> Any:
    """Stands for any method a connector implements."""


def connector(meta: object = GOOD, **attributes: object) -> type[BaseConnector]:
    """A connector class; unless told otherwise it implements `sync_deals`."""
    return type("MyConnector", (BaseConnector,), {"meta": meta, "sync_deals": answer, **attributes})


def only_problem(cls: type[BaseConnector]) -> str:
    [problem] = problems(cls)
    return problem


def test_a_good_declaration_has_no_problems() -> None:
    assert problems(connector()) == []


def test_everything_declared_and_implemented_is_good() -> None:
    meta = replace(
        GOOD,
        capabilities=list(Capability),
        write_operations=[WriteOperation("create", parameters=[{"name": "title", "type": "string"}])],
        actions=[ConnectorAction("send")],
        event_types=[EventType("issue.updated")],
        auth_type=AuthType.CUSTOM,
        auth_fields=[AuthField("host"), AuthField("password", type="password")],
    )
    methods = dict.fromkeys(("query", "write", "execute_action", "handle_event"), answer)
    assert problems(connector(meta, **methods)) == []


# -- meta


def test_meta_is_missing_or_something_else() -> None:
    assert only_problem(type("NoMeta", (BaseConnector,), {})) == "NoMeta has no `meta`: declare one with ConnectorMeta."
    assert "must be a ConnectorMeta, not an object" in only_problem(connector({"slug": "x"}))


@pytest.mark.parametrize("field", ["name", "slug"])
def test_required_fields(field: str) -> None:
    assert f"`{field}` is missing." in problems(connector(replace(GOOD, **{field: ""})))
    assert f"`{field}` is left as `...`: it must be a text." in problems(connector(replace(GOOD, **{field: ...})))


def test_a_recipe_that_was_not_filled_in_says_what_to_fill_in() -> None:
    meta = ConnectorMeta(..., capabilities=[Capability.SYNC])  # type: ignore[arg-type]
    assert problems(connector(meta)) == ["`name` is left as `...`: it must be a text.", "`slug` is missing."]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("auth_type", "oauth2", "`auth_type` must be an AuthType, such as AuthType.OAUTH2, not the text 'oauth2'."),
        ("scope", None, "`scope` must be a ConnectorScope, such as ConnectorScope.ORGANIZATION, not null."),
        ("capabilities", Capability.SYNC, "`capabilities` must be a list of Capability values"),
        ("capabilities", ["sync"], "`capabilities` must be a list of Capability values"),
        ("entity_types", "deals", "`entity_types` must be a list of texts, not the text 'deals'."),
        ("write_operations", [{"name": "x"}], "`write_operations` must be a list of WriteOperation, not a list."),
        ("auth_fields", [{"name": "x"}], "`auth_fields` must be a list of AuthField, not a list."),
        ("icon", 5, "`icon` must be a text, not the number 5."),
        ("nango_integration_id", ..., "`nango_integration_id` is left as `...`: it must be a text or None."),
    ],
)
def test_a_field_of_the_wrong_type_is_named_and_looked_at_no_further(field: str, value: object, expected: str) -> None:
    assert only_problem(connector(replace(GOOD, **{field: value}))).startswith(expected)


def test_all_mistakes_are_reported_together() -> None:
    meta = replace(GOOD, name="", slug="My-CRM", entity_types=["dels"], capabilities=[Capability.QUERY])
    assert len(problems(connector(meta))) == 4


# -- slug


@pytest.mark.parametrize("slug", ["My", "1crm", "my-crm", "a", "a" * 64, "crm ", "crmé", "_crm", "crm\n"])
def test_a_slug_that_is_no_module_name(slug: str) -> None:
    assert only_problem(connector(replace(GOOD, slug=slug))).startswith("The slug must be 2 to 63 lower-case letters")


def test_a_slug_may_not_be_a_module_of_the_sdk() -> None:
    assert "`http` is the name of a module of the SDK" in only_problem(connector(replace(GOOD, slug="http")))


def test_in_tree_the_file_is_called_like_the_slug() -> None:
    assert "The file is called other.py" in only_problem(connector(__module__="connectors.other"))
    assert problems(connector(__module__="connectors.my_crm")) == []
    assert problems(connector(__module__="my_package.other")) == []


# -- operations and credentials


def test_operations_are_named_once_and_without_spaces() -> None:
    meta = replace(
        GOOD,
        capabilities=[Capability.SYNC, Capability.ACTION, Capability.LISTEN],
        actions=[ConnectorAction("send"), ConnectorAction("send"), ConnectorAction("send it")],
        event_types=[EventType("seen"), EventType("seen"), EventType("")],
    )
    assert problems(connector(meta, execute_action=answer, handle_event=answer)) == [
        "The action the text 'send it' needs a name without spaces.",
        "The action `send` is declared twice.",
        "The event type the text '' needs a name without spaces.",
        "The event type `seen` is declared twice.",
    ]


def test_a_wrong_parameter_is_named_with_its_operation() -> None:
    operation = WriteOperation("create", parameters=[{"name": "title", "type": "strng"}, {"name": "title"}])
    meta = replace(GOOD, capabilities=[Capability.SYNC, Capability.WRITE], write_operations=[operation])
    problem = only_problem(connector(meta, write=answer))
    assert "'create': `title` has the unknown type `strng`; did you mean `string`?" in problem


def test_auth_fields_are_checked_with_those_of_the_auth_type() -> None:
    fields = [AuthField("host", type="strng"), AuthField("port"), AuthField("port")]
    problem = only_problem(connector(replace(GOOD, auth_type=AuthType.API_KEY, auth_fields=fields)))
    assert "The auth fields: `host` has the unknown type `strng`" in problem
    assert "`port` is declared twice" in problem


# -- capabilities


def test_a_capability_needs_its_method() -> None:
    meta = replace(
        GOOD,
        capabilities=list(Capability),
        write_operations=[WriteOperation("create")],
        actions=[ConnectorAction("send")],
        event_types=[EventType("seen")],
    )
    bare = type("Bare", (BaseConnector,), {"meta": meta})
    assert problems(bare) == [
        "It declares SYNC and implements no sync_* method, nor sync_all.",
        "It declares QUERY and does not implement query.",
        "It declares WRITE and does not implement write.",
        "It declares ACTION and does not implement execute_action.",
        "It declares LISTEN and does not implement handle_event.",
    ]


@pytest.mark.parametrize("method", ["sync_all", "sync_goals", "sync_deals"])
def test_any_sync_method_makes_a_sync_connector(method: str) -> None:
    assert problems(type("One", (BaseConnector,), {"meta": GOOD, method: answer})) == []


def test_a_method_may_come_from_a_shared_base() -> None:
    base = type("Base", (BaseConnector,), {"sync_deals": answer})
    assert problems(type("Derived", (base,), {"meta": GOOD})) == []


def test_a_capability_needs_its_declarations_and_the_other_way_round() -> None:
    without = replace(GOOD, capabilities=[Capability.SYNC, Capability.WRITE])
    assert only_problem(connector(without, write=answer)) == "It declares WRITE and no `write_operations`."
    undeclared = replace(GOOD, actions=[ConnectorAction("send")])
    assert only_problem(connector(undeclared)) == "It has `actions` and does not declare the capability ACTION."


def test_a_connector_can_do_something() -> None:
    assert "`capabilities` is empty" in only_problem(connector(replace(GOOD, capabilities=[])))


# -- entities


class TicketRecord(Record):
    subject: str


class ValidationTicket(SQLModel, table=True):
    __tablename__ = "validation_tickets"
    id: int | None = Field(default=None, primary_key=True)
    organization_id: str


class ValidationOrphan(SQLModel, table=True):
    __tablename__ = "validation_orphans"
    id: int | None = Field(default=None, primary_key=True)


class ValidationLoose(SQLModel, table=True):
    __tablename__ = "validation_loose"
    id: int | None = Field(default=None, primary_key=True)
    organization_id: str | None = None


def test_an_unknown_entity_type_is_named_with_the_likely_one() -> None:
    problem = only_problem(connector(replace(GOOD, entity_types=["dealz"])))
    assert "unknown entity the text 'dealz'; did you mean `deals`?" in problem


def test_an_entity_of_its_own() -> None:
    meta = replace(GOOD, entity_types=["validation_tickets"])
    assert problems(connector(meta, entities={"validation_tickets": (TicketRecord, ValidationTicket)})) == []


@pytest.mark.parametrize(
    ("entities", "expected"),
    [
        ({"validation_orphans": (TicketRecord, ValidationOrphan)}, "has no column `organization_id`"),
        ({"validation_loose": (TicketRecord, ValidationLoose)}, "must not be nullable"),
        ({"tickets": (TicketRecord, ValidationTicket)}, "is called `validation_tickets`: they must be the same"),
        ({"tickets": (dict, ValidationTicket)}, "must be a subclass of connectors.models.Record"),
        ({"tickets": (TicketRecord, TicketRecord)}, "must be an SQLModel with table=True"),
        ({"tickets": TicketRecord}, "must be a pair (record, table)"),
        ({"deals": (TicketRecord, ValidationTicket)}, "which every connector shares"),
        ({"My Tickets": (TicketRecord, ValidationTicket)}, "is named with lower-case letters"),
        (["tickets"], "`entities` must be a dict"),
    ],
)
def test_a_wrong_entity_of_its_own(entities: object, expected: str) -> None:
    assert any(expected in problem for problem in problems(connector(entities=entities)))
