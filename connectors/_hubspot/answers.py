"""HubSpot's answers: pages of objects, and whether a batch was answered whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors._hubspot.records import Item
from connectors.errors import VendorUnavailableError
from connectors.json_answers import json_object

if TYPE_CHECKING:
    import httpx2


@dataclass(frozen=True, slots=True)
class Reply:
    """A page of objects, with the bytes it came in; `after` is None on the last one."""

    raw: bytes
    items: list[Item]
    after: str | None
    total: int = 0


def load(response: httpx2.Response) -> dict[str, Any]:
    """The JSON object of an answer. Raises VendorUnavailableError where there is none."""
    return json_object(response.content, "HubSpot")


def read(response: httpx2.Response) -> Reply:
    """An answer with `results`, which may have a next page."""
    return reply_of(load(response), response.content)


def reply_of(document: Item, raw: bytes) -> Reply:
    """The page that a document with `results` is. Raises VendorUnavailableError."""
    try:
        items = document["results"]
        paging = document.get("paging")
        after = paging["next"]["after"] if paging and paging.get("next") else None
    except (KeyError, TypeError, AttributeError) as error:
        raise unexpected("its page of results has another shape than documented") from error
    return Reply(raw, items, None if after is None else str(after), document.get("total") or 0)


def ids_of(items: Iterable[Item]) -> list[str]:
    """The ids of objects. Raises VendorUnavailableError where one has none."""
    try:
        return [item["id"] for item in items]
    except (KeyError, TypeError) as error:
        raise unexpected("an object in it has no id") from error


def check_errors(document: Item) -> None:
    """A batch may succeed in part (207). That an object has no associations, or is gone, is an answer; else it is not.

    Raises VendorUnavailableError.
    """
    for error in document.get("errors") or ():
        if error.get("category") != "OBJECT_NOT_FOUND":
            raise unexpected(f"a batch was answered in part only ({error.get('category')})")


def unexpected(what: str) -> VendorUnavailableError:
    """The error for an answer that is not what HubSpot documents."""
    return VendorUnavailableError(f"HubSpot's answer cannot be used: {what}.")
