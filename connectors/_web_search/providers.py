"""The four search providers behind one face: how each is asked, and where its answer has what a result is made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors._web_search.query import Search

_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}
_SNIPPET = 600
"""Characters: some providers send whole passages."""


@dataclass(frozen=True)
class Result:
    """One page that was found. `published` is as the provider writes it, empty where it does not know."""

    title: str
    url: str
    published: str
    snippet: str


@dataclass(frozen=True)
class Provider:
    """A search provider's API. `field` is the credentials' field with its key, `env` where it may be.

    `headers` carry the key. `request` makes the options of an HTTP request out of a search; `found` reads the results
    of the answer, and raises KeyError, TypeError or AttributeError for one of another shape. `bad_key`: its words for a
    key that is wrong, where its status does not say so.
    """

    name: str
    title: str
    origin: str
    method: str
    path: str
    headers: Callable[[str], dict[str, str]]
    request: Callable[[Search], dict[str, Any]]
    found: Callable[[Mapping[str, Any]], list[Result]]
    bad_key: str = ""

    @property
    def field(self) -> str:
        """The field of the credentials that has its key."""
        return f"{self.name}_api_key"

    @property
    def env(self) -> str:
        """The environment variable that may have its key."""
        return self.field.upper()


def _result(title: Any, url: Any, published: Any, snippet: Any) -> Result:
    text = " ".join(str(snippet or "").split())
    cut = text if len(text) <= _SNIPPET else f"{text[: _SNIPPET - 1]}…"
    return Result(str(title or ""), str(url), str(published or ""), cut)


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


# -- Exa: "Search" of its API reference --------------------------------------------------------------------------------


def _exa_key(key: str) -> dict[str, str]:
    return {"x-api-key": key}


def _ask_exa(search: Search) -> dict[str, Any]:
    body: dict[str, Any] = {"query": search.words, "numResults": search.limit, "contents": {"highlights": True}}
    if search.sites:
        body["includeDomains"] = list(search.sites)
    if search.freshness:
        since = dt.datetime.now(dt.UTC) - dt.timedelta(days=_DAYS[search.freshness])
        body["startPublishedDate"] = since.strftime("%Y-%m-%dT00:00:00.000Z")
    return {"json": body}


def _found_by_exa(answer: Mapping[str, Any]) -> list[Result]:
    return [
        _result(item.get("title"), item["url"], item.get("publishedDate"), " … ".join(item.get("highlights") or ()))
        for item in answer["results"]
    ]


# -- Tavily: "Search" of its API reference -----------------------------------------------------------------------------


def _ask_tavily(search: Search) -> dict[str, Any]:
    body: dict[str, Any] = {"query": search.words, "max_results": search.limit}
    if search.sites:
        body["include_domains"] = list(search.sites)
    if search.freshness:
        body["time_range"] = search.freshness
    return {"json": body}


def _found_by_tavily(answer: Mapping[str, Any]) -> list[Result]:
    return [
        _result(item.get("title"), item["url"], item.get("published_date"), item.get("content"))
        for item in answer["results"]
    ]


# -- Brave: "Web search" of its API reference --------------------------------------------------------------------------


def _brave_key(key: str) -> dict[str, str]:
    return {"X-Subscription-Token": key, "Accept": "application/json"}


def _ask_brave(search: Search) -> dict[str, Any]:
    params: dict[str, Any] = {"q": search.words, "count": search.limit, "text_decorations": False}
    params["result_filter"] = "web"
    if search.sites:
        params["q"] += f" ({' OR '.join(f'site:{site}' for site in search.sites)})"
    if search.freshness:
        params["freshness"] = f"p{search.freshness[0]}"
    return {"params": params}


def _found_by_brave(answer: Mapping[str, Any]) -> list[Result]:
    pages = answer.get("web") or {"results": []}  # left out where nothing was found
    return [
        _result(item.get("title"), item["url"], item.get("page_age"), item.get("description"))
        for item in pages["results"]
    ]


# -- Perplexity: "Search the web" of its API reference -----------------------------------------------------------------


def _ask_perplexity(search: Search) -> dict[str, Any]:
    body: dict[str, Any] = {"query": search.words, "max_results": search.limit, "max_tokens_per_page": 256}
    if search.sites:
        body["search_domain_filter"] = list(search.sites)
    if search.freshness:
        body["search_recency_filter"] = search.freshness
    return {"json": body}


def _found_by_perplexity(answer: Mapping[str, Any]) -> list[Result]:
    return [
        _result(item.get("title"), item["url"], item.get("date") or item.get("last_updated"), item.get("snippet"))
        for item in answer["results"]
    ]


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider("exa", "Exa", "https://api.exa.ai", "POST", "/search", _exa_key, _ask_exa, _found_by_exa),
        Provider(
            "tavily", "Tavily", "https://api.tavily.com", "POST", "/search", _bearer, _ask_tavily, _found_by_tavily
        ),
        Provider(
            "brave",
            "Brave",
            "https://api.search.brave.com",
            "GET",
            "/res/v1/web/search",
            _brave_key,
            _ask_brave,
            _found_by_brave,
            bad_key="The provided subscription token is invalid.",  # with HTTP 422
        ),
        Provider(
            "perplexity",
            "Perplexity",
            "https://api.perplexity.ai",
            "POST",
            "/search",
            _bearer,
            _ask_perplexity,
            _found_by_perplexity,
        ),
    )
}
"""In the order in which they are chosen: the first one that there is a key for."""
