"""The guide is the contract: its recipes run as printed."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Any

import pytest

from connectors import base, models, registry
from connectors.base import BaseConnector
from connectors.context import ConnectorContext
from connectors.errors import InvalidInputError
from connectors.models import DealRecord
from connectors.parameters import parse_parameters, validate_arguments, validate_credentials
from connectors.validation import problems

_NEXT_TO_THE_PROJECT = Path(__file__).parents[2] / "shared" / "guide" / "building-a-connector.md"
GUIDE = Path(os.environ.get("REVTOPS_GUIDE") or _NEXT_TO_THE_PROJECT)

pytestmark = pytest.mark.skipif(
    not GUIDE.exists() and not os.environ.get("CI"),
    reason="the guide is not here: name its file in REVTOPS_GUIDE",
)

STUBS = {"sync_accounts", "sync_contacts", "sync_activities", "fetch_deal"}
"""Methods that recipes print only to fill in what is not needed."""


def snippet(heading: str) -> str:
    """The first Python block below a heading of the guide."""
    section = GUIDE.read_text(encoding="utf-8").split(f"\n{heading}", 1)[1]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)[0]


def run(code: str) -> dict[str, Any]:
    """Executes a snippet with the SDK's names there for what it does not import itself."""
    names: dict[str, Any] = {"__name__": "guide"}
    for module in (registry, models, base):
        names |= {name: value for name, value in vars(module).items() if name[0].isupper()}
    exec(compile(code, "guide", "exec"), names)
    return names


def without(code: str, methods: set[str]) -> str:
    """The snippet with some of its methods taken out."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            node.body = [n for n in node.body if getattr(n, "name", None) not in methods]
    return ast.unparse(tree)


def connector_of(names: dict[str, Any]) -> type[BaseConnector]:
    [cls] = [v for v in names.values() if isinstance(v, type) and v.__module__ == "guide"]
    assert issubclass(cls, BaseConnector)
    return cls


def connected(cls: type[BaseConnector], credentials: dict[str, Any]) -> BaseConnector:
    context = ConnectorContext("test-org", credentials=lambda: credentials)
    return cls(organization_id="test-org", context=context)


def test_every_recipe_with_code_is_covered() -> None:
    recipes = re.findall(
        r"^### (Recipe \d+).*?(?=^### |^## )", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert recipes == [f"Recipe {number}" for number in range(1, 8)]


@pytest.mark.parametrize("left_out", [set(), STUBS])
async def test_recipe_1_a_crm(left_out: set[str]) -> None:
    cls = connector_of(run(without(snippet("### Recipe 1"), left_out)))
    assert problems(cls) == []
    assert cls(organization_id="test-org").source_system == "pipedrive"

    connector = connected(cls, {"access_token": "t"})
    assert await connector.sync_deals() == [
        DealRecord(source_id="123", name="Big Deal", amount=50000, source_system="pipedrive")
    ]
    assert not await connector.sync_accounts()
    assert not await connector.sync_contacts()
    assert await connector.sync_activities() == 0


@pytest.mark.parametrize("left_out", [set(), {*STUBS, "sync_deals"}])
async def test_recipe_4_query_only(left_out: set[str]) -> None:
    cls = connector_of(run(without(snippet("### Recipe 4"), left_out)))
    assert problems(cls) == []
    connector = cls(organization_id="test-org")
    assert await connector.get_schema() is None
    assert await connector.query("SELECT 1") is None
    for name in ("deals", "accounts", "contacts", "activities"):
        assert await getattr(connector, f"sync_{name}")() == 0
    typed = {"host": "db", "port": "5432", "database": "crm", "username": "reader", "password": "p"}
    assert validate_credentials(cls.meta, typed) == typed


async def test_recipe_5_writing_back() -> None:
    cls = connector_of(run(snippet("### Recipe 5")))
    sent: list[Any] = []

    class Finished(cls):  # type: ignore[misc, valid-type]
        async def _create_issue(self, data: dict[str, Any]) -> dict[str, Any]:
            sent.append(data)
            return {"id": "1"}

        async def _update_issue(self, issue_id: str, data: dict[str, Any]) -> dict[str, Any]:
            sent.append((issue_id, data))
            return {"id": issue_id}

    connector = Finished(organization_id="test-org")
    create, update = (parse_parameters(operation.parameters) for operation in cls.meta.write_operations)
    given = {"id": "7", "state": "closed"}
    assert await connector.write("create_issue", validate_arguments(create, {"title": "Crash"})) == {"id": "1"}
    assert await connector.write("update_issue", validate_arguments(update, given)) == {"id": "7"}
    assert sent == [{"title": "Crash"}, ("7", {"state": "closed"})]
    assert given == {"id": "7", "state": "closed"}, "write() takes keys out of its own copy"
    with pytest.raises(InvalidInputError, match="`title` is missing"):
        validate_arguments(create, {"body": "b"})
    with pytest.raises(ValueError, match="Unknown operation: delete_issue"):
        await connector.write("delete_issue", {})


async def test_recipe_6_acting() -> None:
    cls = connector_of(run(snippet("### Recipe 6")))
    connector = cls(organization_id="test-org")
    [send] = (parse_parameters(action.parameters) for action in cls.meta.actions)
    arguments = validate_arguments(send, {"channel": "#sales", "text": "Deal closed!"})
    assert await connector.execute_action("send_message", arguments) == {"ok": True, "ts": "1234567890.123456"}
    with pytest.raises(ValueError, match="Unknown action"):
        await connector.execute_action("shout", {})


async def test_recipe_7_listening() -> None:
    cls = connector_of(run(snippet("### Recipe 7")))
    await cls(organization_id="test-org").handle_event("issue_updated", {"id": 1})


@pytest.mark.parametrize("recipe", [5, 6, 7])
def test_a_recipe_with_its_ellipsis_left_in_is_told_what_to_fill_in(recipe: int) -> None:
    mistakes = problems(connector_of(run(snippet(f"### Recipe {recipe}"))))
    assert "`name` is left as `...`: it must be a text." in mistakes
    assert "`slug` is missing." in mistakes


async def test_what_a_connector_does_not_implement_says_so() -> None:
    connector = connected(connector_of(run(snippet("### Recipe 1"))), {})
    for call in (
        connector.get_schema(),
        connector.query("x"),
        connector.write("x", {}),
        connector.execute_action("x", {}),
        connector.handle_event("x", {}),
    ):
        with pytest.raises(NotImplementedError):
            await call


async def test_the_unit_test_of_the_guide_runs() -> None:
    pipedrive = connector_of(run(snippet("### Recipe 1")))

    class MyConnector(pipedrive):  # type: ignore[misc, valid-type]
        source_system = "my_crm"

        async def get_oauth_token(self) -> tuple[str, str]:
            return "t", ""

    names = run(snippet("## Testing"))
    names["MyConnector"] = MyConnector
    await names["test_sync_deals"]()
