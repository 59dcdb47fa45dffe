"""What can be written to Pipedrive, declared once for forms, command line and agents."""

from __future__ import annotations

from typing import Any

from connectors.registry import Idempotency, ParameterSpec, WriteOperation


def _text(name: str, description: str, **more: Any) -> ParameterSpec:
    return {"name": name, "type": "string", "description": description, **more}


_OWNER = _text("owner", "Its owner: name, e-mail address or user id")
_ORGANIZATION = _text("organization", "Exact name of the organization, or its id")
_CUSTOM: ParameterSpec = {
    "name": "custom_fields",
    "type": "object",
    "description": "Custom fields by name or key; options by label. null clears a field",
}
_OF_DEAL: list[ParameterSpec] = [
    {"name": "value", "type": "number", "aliases": ["amount"], "description": "What it is worth"},
    _text("currency", "Three letters, such as EUR"),
    _text("pipeline", "Name or id of the pipeline"),
    _text("stage", "Name or id of the stage; `Pipeline / Stage` where several have the name"),
    _OWNER,
    _ORGANIZATION,
    _text("person", "Exact name or e-mail address of the person, or their id"),
    _text("status", "What became of it", choices=["open", "won", "lost"]),
    {"name": "probability", "type": "number", "description": "Percent, 0 to 100"},
    {"name": "expected_close_date", "type": "date", "description": "The day on which it may close"},
    _text("lost_reason", "Why it was lost, for a lost one"),
    _CUSTOM,
]
_OF_PERSON: list[ParameterSpec] = [
    _text("email", "Primary e-mail address; the others stay"),
    _text("phone", "Primary phone number; the others stay"),
    _OWNER,
    _ORGANIZATION,
    _CUSTOM,
]
_OF_ACTIVITY: list[ParameterSpec] = [
    _text("type", "Its type, by name or key: call, meeting, task, …"),
    {"name": "due_date", "type": "date", "description": "The day it is due"},
    _text("due_time", "When on that day, in UTC: HH:MM"),
    _text("duration", "How long: HH:MM"),
    _text("note", "Text for colleagues; HTML is kept"),
    {"name": "done", "type": "boolean", "description": "Whether it is done"},
    _text("deal", "Exact title of the deal, or its id"),
    _text("person", "Exact name or e-mail address of the person, or their id"),
    _OWNER,
    _ORGANIZATION,
]


def _operations(name: str, entity: str, title: ParameterSpec, others: list[ParameterSpec]) -> list[WriteOperation]:
    article = "an" if name[0] in "aeiou" else "a"
    id_: ParameterSpec = _text("id", f"Id of the {name}", required=True, aliases=[f"{name}_id"])
    return [
        WriteOperation(
            f"create_{name}",
            entity,
            f"Create {article} {name}; an equal one of the last hour is taken for the same",
            [{**title, "required": True}, *others],
            Idempotency.SEARCH,
        ),
        WriteOperation(
            f"update_{name}",
            entity,
            f"Change {article} {name}",
            [id_, *({**parameter, "one_of": "change"} for parameter in (title, *others))],
        ),
    ]


OPERATIONS = [
    *_operations("deal", "deals", _text("title", "Its title"), _OF_DEAL),
    *_operations("person", "contacts", _text("name", "Full name"), _OF_PERSON),
    *_operations("activity", "activities", _text("subject", "What it is about"), _OF_ACTIVITY),
]
