"""Pages that need a browser: fetched and rendered by a search provider, whose answer has what a browser shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors._web_search.providers import PROVIDERS, Provider
from connectors.errors import (
    ConnectorError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    VendorUnavailableError,
)
from connectors.wording import printable


@dataclass(frozen=True)
class Wanted:
    """A page to render: its HTML, or its text as Markdown, of which `most` characters are of use."""

    url: str
    html: bool
    most: int


@dataclass(frozen=True)
class RenderedPage:
    """What a provider found at an address. `title` and `published` are empty where it does not say."""

    url: str
    title: str
    published: str
    text: str


@dataclass(frozen=True)
class Renderer:
    """A provider's endpoint that renders a page.

    `body` asks for a page; `page` reads the answer, and raises KeyError, IndexError, TypeError or AttributeError for
    one of another shape, a ConnectorError for one that says why there is no page.
    """

    provider: Provider
    path: str
    body: Callable[[Wanted], dict[str, Any]]
    page: Callable[[Mapping[str, Any]], RenderedPage]
    gives_html: bool


def renderer_for(wanted: Wanted, credentials: Mapping[str, Any]) -> Renderer:
    """Who renders a page with these credentials. Raises InvalidInputError, which names the key that is missing."""
    able = [renderer for renderer in RENDERERS if renderer.gives_html or not wanted.html]
    found = next((renderer for renderer in able if credentials.get(renderer.provider.field)), None)
    if found is None:
        titles = " or ".join(renderer.provider.title for renderer in able)
        fields = " or ".join(f"{renderer.provider.field} ({renderer.provider.env})" for renderer in able)
        what, without = ("The HTML of a rendered page", "extract_text") if wanted.html else ("Rendering", "render")
        raise InvalidInputError(
            f"{what} needs an API key of {titles}.", hint=f"Connect again and give {fields}, or leave out {without}."
        )
    return found


# -- Tavily: "Extract" of its API reference; `advanced` is the depth that runs a page's JavaScript ---------------------


def _ask_tavily(wanted: Wanted) -> dict[str, Any]:
    return {"urls": [wanted.url], "extract_depth": "advanced", "format": "markdown"}


def _page_of_tavily(answer: Mapping[str, Any]) -> RenderedPage:
    if not answer["results"]:
        raise _failure(InvalidInputError, "Tavily", answer["failed_results"][0]["error"])
    item = answer["results"][0]
    return RenderedPage(str(item["url"]), "", "", str(item["raw_content"] or ""))


# -- Exa: "Contents" of its API reference ------------------------------------------------------------------------------

_BY_TAG: dict[str, type[ConnectorError]] = {
    "CRAWL_NOT_FOUND": NotFoundError,
    "SOURCE_NOT_AVAILABLE": PermissionDeniedError,
    "UNSUPPORTED_URL": InvalidInputError,
}


def _ask_exa(wanted: Wanted) -> dict[str, Any]:
    text: dict[str, Any] = {"maxCharacters": wanted.most + 1}  # which shows whether there is more
    if wanted.html:
        text |= {"includeHtmlTags": True, "verbosity": "full"}
    return {"urls": [wanted.url], "text": text, "maxAgeHours": 0}  # 0: never a copy from before


def _page_of_exa(answer: Mapping[str, Any]) -> RenderedPage:
    if not answer["results"]:
        tag = answer["statuses"][0]["error"]["tag"]
        raise _failure(_BY_TAG.get(tag, VendorUnavailableError), "Exa", tag)
    item = answer["results"][0]
    title, published = item.get("title"), item.get("publishedDate")
    return RenderedPage(str(item["url"]), str(title or ""), str(published or ""), str(item["text"] or ""))


def _failure(kind: type[ConnectorError], title: str, said: str) -> ConnectorError:
    return kind(f"{title} could not render the page: {printable(said, 200)}", hint="")


RENDERERS = (
    Renderer(PROVIDERS["tavily"], "/extract", _ask_tavily, _page_of_tavily, gives_html=False),
    Renderer(PROVIDERS["exa"], "/contents", _ask_exa, _page_of_exa, gives_html=True),
)
"""In the order in which they are chosen: the first one that there is a key for, and that gives what is asked for."""
