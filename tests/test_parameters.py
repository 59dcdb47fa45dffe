"""Declared parameters: what is accepted, what is refused and how the refusal reads."""

from __future__ import annotations

import json
import math

import pytest

from connectors.errors import DeclarationError, InvalidInputError
from connectors.parameters import (
    coerce_text,
    json_schema,
    parse_auth_fields,
    parse_parameters,
    validate_arguments,
    validate_credentials,
)
from connectors.registry import AuthField, AuthType, ConnectorMeta

ISSUE = parse_parameters(
    [
        {"name": "title", "type": "string", "required": True, "description": "Issue title"},
        {"name": "id", "type": "string", "required": True, "aliases": ["issue_id"]},
        {"name": "estimate", "type": "integer"},
        {"name": "state", "type": "choice", "choices": ["open", "closed"]},
        {"name": "limit", "type": "integer", "default": 10},
        {"name": "email", "type": "string", "one_of": "recipient"},
        {"name": "phone", "type": "string", "one_of": "recipient"},
        {"name": "labels", "type": "array", "items": "string"},
        {"name": "fields", "type": "object"},
    ]
)
GOOD = {"title": "Crash", "id": "7", "email": "a@example.com"}


def refusal(parameters, data) -> str:
    with pytest.raises(InvalidInputError) as caught:
        validate_arguments(parameters, data)
    return caught.value.message


def declared(*specs) -> str:
    with pytest.raises(DeclarationError) as caught:
        parse_parameters(list(specs))
    return caught.value.message


# -- declarations


def test_a_declaration_becomes_parameters() -> None:
    title = ISSUE[0]
    assert (title.name, title.type, title.required, title.description) == ("title", "string", True, "Issue title")
    assert ISSUE[3].choices == ("open", "closed")


def test_enum_means_choices_on_any_plain_type() -> None:
    [size] = parse_parameters([{"name": "size", "type": "integer", "enum": [1, 2]}])
    assert size.choices == (1, 2)
    assert "`size` must be one of 1, 2" in refusal([size], {"size": 3})
    assert "`size`" in refusal([size], {"size": True}), "True equals 1 in Python, and is no integer"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"type": "string"}, "parameter 1 has no name"),
        ({"name": "a", "type": "strng"}, "`a` has the unknown type `strng`; did you mean `string`?"),
        ({"name": "a", "type": "url"}, "`a` has the unknown type `url`"),
        ({"name": "a", "requird": True}, "`a` has an unknown key `requird`; did you mean `required`?"),
        ({"name": "a", "required": "yes"}, "`a` has a `required` that must not be the text 'yes'"),
        ({"name": "a", "type": 5}, "`a` has a `type` that must not be the number 5"),
        ({"name": "a b"}, "`a b` is not a name"),
        ({"name": "a", "type": "choice"}, "`a` is a choice without `choices`"),
        ({"name": "a", "choices": ["x"], "enum": ["x"]}, "both `choices` and `enum`"),
        ({"name": "a", "type": "integer", "choices": ["x"]}, "a choice that is not of type `integer`: the text 'x'"),
        ({"name": "a", "type": "string", "items": "string"}, "`items`, which only an array has"),
        ({"name": "a", "type": "array", "items": "strin"}, "the items of `a` has the unknown type `strin`"),
        ({"name": "a", "aliases": [1]}, "an alias that is not a name"),
        ({"name": "a", "type": "integer", "default": "5"}, "the default of `a` must be a whole number"),
        ("title", "parameter 1 must be a dict, not the text 'title'"),
    ],
)
def test_a_wrong_declaration_names_the_parameter_and_the_mistake(spec, expected) -> None:
    assert expected in declared(spec)


def test_names_and_aliases_are_declared_once() -> None:
    assert declared({"name": "id"}, {"name": "id"}) == "`id` is declared twice"
    assert declared({"name": "id"}, {"name": "key", "aliases": ["id"]}) == "`id` is declared twice"


def test_every_wrong_parameter_is_reported_at_once() -> None:
    message = declared({"name": "a", "type": "x"}, {"name": "b", "typ": "string"})
    assert "`a`" in message
    assert "`b`" in message


def test_parameters_that_are_no_list_are_a_declaration_error() -> None:
    with pytest.raises(DeclarationError, match="must be a list of dicts"):
        parse_parameters({"title": "string"})


# -- arguments


def test_good_arguments_come_back_as_a_deep_copy_with_defaults() -> None:
    data = {**GOOD, "labels": ["a"], "fields": {"x": [1]}}
    checked = validate_arguments(ISSUE, data)
    assert checked == {**data, "limit": 10}
    checked["fields"]["x"].append(2)
    checked["labels"].clear()
    assert data["fields"] == {"x": [1]}
    assert data["labels"] == ["a"]


def test_a_mutable_default_is_not_shared_between_calls() -> None:
    parameters = parse_parameters([{"name": "tags", "type": "array", "default": []}])
    validate_arguments(parameters, {})["tags"].append("x")
    assert validate_arguments(parameters, {}) == {"tags": []}


def test_an_alias_is_passed_on_unchanged_and_satisfies_required() -> None:
    checked = validate_arguments(ISSUE, {"title": "t", "issue_id": "7", "phone": "1"})
    assert checked["issue_id"] == "7"
    assert "id" not in checked
    assert "`issue_id` must be text" in refusal(ISSUE, {"title": "t", "issue_id": 7, "phone": "1"})


def test_all_problems_are_in_one_error() -> None:
    message = refusal(ISSUE, {"titel": "x", "estimate": "5", "state": "opn"})
    assert "`titel` is not a parameter; did you mean `title`?" in message
    assert "`title` is missing: it must be text." in message
    assert "`id` is missing" in message
    assert "`estimate` must be a whole number, not the text '5'." in message
    assert "`state` must be one of open, closed, not the text 'opn'; did you mean `open`?" in message
    assert "Give at least one of `email`, `phone`." in message


def test_the_hint_lists_what_may_be_given() -> None:
    with pytest.raises(InvalidInputError) as caught:
        validate_arguments(ISSUE, {})
    assert "title (required)" in caught.value.hint
    with pytest.raises(InvalidInputError) as caught:
        validate_arguments([], {"x": 1})
    assert caught.value.hint == "It takes no parameters."


NESTED: list = []
for _ in range(5000):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ["", "x"], [5, None, True, ["x"]]),
        ("text", ["a\nb"], [5]),
        ("integer", [0, -3, 10**30], [True, 1.0, "1", None]),
        ("number", [0, 1.5, -2], [True, math.nan, math.inf, "1.5"]),
        ("boolean", [True, False], [1, 0, "true"]),
        ("date", ["2026-01-31"], ["2026-02-30", "20260131", "31.01.2026", "2026-01-31T00:00:00Z", 5]),
        ("datetime", ["2026-01-31T09:30:00Z", "2026-01-31 09:30:00+02:00"], ["2026-01-31", "soon", 5]),
        ("array", [[], [1, "a", None]], ["a", {"a": 1}, [object()], NESTED]),
        ("object", [{}, {"a": {"b": [1]}}], [[], "x", {1: 2}, {"a": object()}, {"a": NESTED}]),
    ],
)
def test_types(kind, good, bad) -> None:
    parameters = parse_parameters([{"name": "value", "type": kind}])
    for value in good:
        assert validate_arguments(parameters, {"value": value}) == {"value": value}
    for value in bad:
        assert "`value` must be " in refusal(parameters, {"value": value})


def test_the_items_of_an_array_are_checked_one_by_one() -> None:
    parameters = parse_parameters([{"name": "rows", "type": "array", "items": {"type": "array", "items": "integer"}}])
    assert validate_arguments(parameters, {"rows": [[1], [2, 3]]}) == {"rows": [[1], [2, 3]]}
    assert "`rows[1][1]` must be a whole number, not the text 'x'" in refusal(parameters, {"rows": [[1], [2, "x"]]})


def test_arguments_must_have_names() -> None:
    assert refusal(ISSUE, ["x"]) == "Expected named values (an object), not a list."


def test_an_error_is_short_and_has_no_control_characters() -> None:
    message = refusal(ISSUE, {**GOOD, "estimate": "\x1b[31m" + "x" * 5000, "\x1b]0;t\x07": 1})
    assert message.isprintable()
    assert len(message) < 400


# -- text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", " 5 ", 5),
        ("integer", "1_000", "1_000"),
        ("integer", "9" * 5000, "9" * 5000),
        ("number", "5", 5),
        ("number", "1.5e3", 1500.0),
        ("number", "nan", "nan"),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("boolean", "maybe", "maybe"),
        ("date", "2026-01-31", "2026-01-31"),
        ("array", '["a, b", 1]', ["a, b", 1]),
        ("array", "a, b,", ["a", "b"]),
        ("array", "[broken", "[broken"),
        ("array", "[" * 100_000, "[" * 100_000),
        ("object", '{"a": 1}', {"a": 1}),
        ("string", "5", "5"),
    ],
)
def test_text_becomes_the_declared_type_or_stays_text(kind, text, value) -> None:
    parameters = parse_parameters([{"name": "value", "type": kind}])
    coerced = coerce_text(parameters, {"value": text})
    assert coerced == {"value": value}
    assert type(coerced["value"]) is type(value)


def test_comma_separated_items_have_the_declared_type() -> None:
    parameters = parse_parameters([{"name": "ids", "type": "array", "items": "integer"}])
    assert coerce_text(parameters, {"ids": "1, 2"}) == {"ids": [1, 2]}
    assert "`ids[1]` must be a whole number" in refusal(parameters, coerce_text(parameters, {"ids": "1,x"}))


def test_choices_are_found_by_their_text() -> None:
    parameters = parse_parameters([{"name": "size", "type": "choice", "choices": [1, "large"]}])
    assert coerce_text(parameters, {"size": "1"}) == {"size": 1}
    assert coerce_text(parameters, {"size": "large"}) == {"size": "large"}


def test_unknown_names_survive_for_validation_to_name_them() -> None:
    assert "did you mean `title`" in refusal(ISSUE, coerce_text(ISSUE, {"titel": "x"}))


# -- credentials

POSTGRES = ConnectorMeta(
    auth_type=AuthType.CUSTOM,
    auth_fields=[
        AuthField(name="host", label="Host"),
        AuthField(name="port", label="Port", type="integer", default=5432),
        AuthField(name="password", label="Password", type="password"),
        AuthField(name="docs", type="url", required=False),
    ],
)


def test_credentials_are_checked_against_their_fields() -> None:
    assert validate_credentials(POSTGRES, {"host": "db", "password": "p", "docs": ""}) == {
        "host": "db",
        "password": "p",
        "port": 5432,
    }
    with pytest.raises(InvalidInputError, match="`docs` must be an address like https://"):
        validate_credentials(POSTGRES, {"host": "db", "password": "p", "docs": "example"})


def test_an_empty_required_field_is_missing() -> None:
    with pytest.raises(InvalidInputError, match="`password` is missing"):
        validate_credentials(POSTGRES, {"host": "db", "password": ""})


def test_a_secret_is_never_shown() -> None:
    with pytest.raises(InvalidInputError) as caught:
        validate_credentials(POSTGRES, {"host": "db", "password": 987654})
    assert "`password` must be text" in caught.value.message
    assert "987654" not in caught.value.message


def test_a_token_auth_type_has_its_field() -> None:
    meta = ConnectorMeta(auth_type=AuthType.API_KEY)
    assert validate_credentials(meta, {"api_key": "k"}) == {"api_key": "k"}
    with pytest.raises(InvalidInputError, match="`apikey` is not a parameter; did you mean `api_key`"):
        validate_credentials(meta, {"apikey": "k"})


def test_form_fields_carry_label_help_and_secrecy() -> None:
    [token] = parse_auth_fields([AuthField("token", "API token", "password", help_text="From your settings")])
    assert (token.label, token.description, token.secret) == ("API token", "From your settings", True)


# -- JSON Schema


def test_json_schema_describes_what_validation_accepts() -> None:
    schema = json_schema(ISSUE)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["title"]
    assert schema["properties"]["title"] == {"type": "string", "description": "Issue title"}
    assert schema["properties"]["state"] == {"enum": ["open", "closed"]}
    assert schema["properties"]["labels"] == {"type": "array", "items": {"type": "string"}}
    assert schema["properties"]["limit"] == {"type": "integer", "default": 10}
    assert schema["properties"]["issue_id"]["deprecated"] is True
    assert schema["allOf"] == [
        {"anyOf": [{"required": ["id"]}, {"required": ["issue_id"]}]},
        {"anyOf": [{"required": ["email"]}, {"required": ["phone"]}]},
    ]
    json.dumps(schema)
