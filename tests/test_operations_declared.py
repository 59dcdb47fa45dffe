"""One declaration, every face: what a form, the command line, the JSON Schema and the docs say of each operation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from textual.app import App, ComposeResult

from connectors.discovery import discover
from connectors.errors import InvalidInputError
from connectors.parameters import Parameter, coerce_text, json_schema, parse_parameters, validate_arguments
from revtops_tui.engine import agents
from revtops_tui.engine.demo import Demo
from revtops_tui.tui.widgets.form import Form
from tests.support.command_line import CommandLine

DOCS = Path(__file__).parents[1] / "docs"
_SAMPLES: dict[str, Any] = {
    "string": "some text",
    "text": "two\nlines",
    "integer": 3,
    "number": 2.5,
    "boolean": True,
    "date": "2026-01-31",
    "datetime": "2026-01-31T09:30:00Z",
    "object": {"a": {"b": 1}},
    "password": "hunter2",
}
_WRONG: dict[str, Any] = {"string": 1, "text": 1, "password": 1, "boolean": "yes", "object": [], "array": {}}
"""Values of the wrong type; for the other types, text is one."""


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Connector, verb and declaration of everything that is declared in this repository."""
    for slug, info in discover().items():
        for verb, key in (("write", "write_operations"), ("action", "actions")):
            for one in info.manifest[key]:
                yield slug, verb, one


OPERATIONS = list(operations())
EACH = pytest.mark.parametrize(
    ("slug", "verb", "operation"), OPERATIONS, ids=[f"{slug} {one['name']}" for slug, _, one in OPERATIONS]
)


def sample(parameter: Parameter) -> Any:
    """A value that the parameter takes."""
    if parameter.choices:
        return parameter.choices[-1]
    if parameter.type == "array":
        return [sample(parameter.items)] if parameter.items else ["a"]
    return _SAMPLES[parameter.type]


def typed(value: Any) -> str:
    """A value as somebody types it."""
    return value if isinstance(value, str) else json.dumps(value)


def taken(parameters: list[Parameter], data: Mapping[str, Any]) -> bool:
    try:
        validate_arguments(parameters, data)
    except InvalidInputError:
        return False
    return True


def variations(parameters: list[Parameter]) -> Iterator[dict[str, Any]]:
    """Arguments, good ones and bad ones: each parameter left out, of another type, null, and under its other names."""
    good = {parameter.name: sample(parameter) for parameter in parameters}
    yield good
    yield {}
    yield {**good, "no_such_parameter": 1}
    for parameter in parameters:
        rest = {name: value for name, value in good.items() if name != parameter.name}
        yield rest
        yield {parameter.name: good[parameter.name]}
        yield {**rest, parameter.name: _WRONG.get(parameter.type, "some text")}
        yield {**rest, parameter.name: None}
        for alias in parameter.aliases:
            yield {**rest, alias: good[parameter.name]}
        if parameter.choices:
            yield {**rest, parameter.name: "no such choice"}


@EACH
def test_the_schema_takes_what_is_taken(slug: str, verb: str, operation: Mapping[str, Any]) -> None:
    parameters = parse_parameters(operation["parameters"])
    schema = json_schema(parameters)
    jsonschema_rs.meta.validate(schema)
    by_schema = jsonschema_rs.validator_for(schema, validate_formats=True)
    verdicts = [(data, taken(parameters, data), by_schema.is_valid(data)) for data in variations(parameters)]
    assert [data for data, by_us, by_them in verdicts if by_us != by_them] == []
    assert verdicts[0][1]
    for parameter in parameters:
        assert schema["properties"][parameter.name].get("description", "") == parameter.description


@EACH
def test_what_is_typed_is_what_is_meant(slug: str, verb: str, operation: Mapping[str, Any]) -> None:
    parameters = parse_parameters(operation["parameters"])
    meant = {parameter.name: sample(parameter) for parameter in parameters}
    given = coerce_text(parameters, {name: typed(value) for name, value in meant.items()})
    assert validate_arguments(parameters, given) == meant


class FormApp(App[None]):
    """A form, and nothing else."""

    def __init__(self, parameters: list[Parameter], values: Mapping[str, Any]) -> None:
        super().__init__()
        self._form = (parameters, values)

    def compose(self) -> ComposeResult:
        yield Form(*self._form)


@EACH
async def test_the_form_has_each_parameter_and_gives_back_what_was_put_in(
    slug: str, verb: str, operation: Mapping[str, Any]
) -> None:
    parameters = parse_parameters(operation["parameters"])
    meant = {parameter.name: sample(parameter) for parameter in parameters}
    app = FormApp(parameters, meant)
    async with app.run_test():
        form = app.query_one(Form)
        assert [field.parameter for field in form.fields] == parameters
        assert form.check()
        assert validate_arguments(parameters, form.values()) == meant


@pytest.mark.parametrize("connector", list(dict.fromkeys(slug for slug, _, _ in OPERATIONS)))
def test_the_command_line_tells_each_parameter(revtops: CommandLine, connector: str) -> None:
    shown = revtops("connectors", connector).stdout
    for verb, operation in ((verb, one) for slug, verb, one in OPERATIONS if slug == connector):
        _, heading, below = shown.partition(f"revtops {verb} {connector} {operation['name']}")
        assert heading, operation["name"]
        lines = below.split("\nrevtops ")[0].splitlines()
        at = next((at for at, line in enumerate(lines) if line.startswith("name ")), len(lines))
        rows = {line.split()[0]: line for line in lines[at + 1 :] if line}
        for parameter in parse_parameters(operation["parameters"]):
            row = rows[parameter.name]
            assert row.split()[1] == ("|".join(map(str, parameter.choices)) if parameter.choices else parameter.type)
            assert row[lines[at].index("required") :][:3].strip() == ("yes" if parameter.required else "")


def test_the_page_of_operations_is_current() -> None:
    made = subprocess.run(
        [sys.executable, str(DOCS / "operation_reference.py")],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
        cwd=DOCS.parent,
        env={**os.environ, "PYTHONPATH": str(DOCS.parent)},
    ).stdout
    assert (DOCS / "operation_reference.md").read_text(encoding="utf-8") == made, (
        "run: python docs/operation_reference.py > docs/operation_reference.md"
    )
    for slug, verb, operation in OPERATIONS:
        _, heading, below = made.partition(f"### `revtops {verb} {slug} {operation['name']}`")
        assert heading
        for parameter in parse_parameters(operation["parameters"]):
            assert f"| `{parameter.name}` |" in below.split("\n##")[0]


def test_agents_are_told_the_same(home: Path) -> None:
    with Demo(size=5, pace=None) as ws:
        systems = {system["slug"]: system for system in agents.manifest(ws)["systems"]}
    told = {
        (slug, verb, one["name"]): one
        for slug, system in systems.items()
        for verb, key in (("write", "write_operations"), ("action", "actions"))
        for one in system[key]
    }
    assert told.keys() == {(slug, verb, one["name"]) for slug, verb, one in OPERATIONS}
    for slug, verb, operation in OPERATIONS:
        one = told[slug, verb, operation["name"]]
        assert one["parameters"] == operation["parameters"]
        assert one["input_schema"] == json_schema(parse_parameters(operation["parameters"]))
