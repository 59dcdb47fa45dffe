"""Four search providers over one small web, each below its own prefix: /exa, /tavily, /brave and /perplexity."""

from __future__ import annotations

import datetime as dt
import hmac
import re
import uuid
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson
from starlette.routing import Route

from revtops_tui.simulators.faults import FAULT
from revtops_tui.simulators.seeding import DAY_MS
from revtops_tui.simulators.vendor import RefusalError, VendorSimulator, json_reply
from revtops_tui.simulators.web_search.pages import Web, WebPage

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from revtops_tui.simulators.faults import Fault

_AGES = {"day": 1, "week": 7, "month": 31, "year": 366}
_SITE = re.compile(r"site:(\S+?)(?=[)\s]|$)")
_MOST = {"exa": 100, "tavily": 20, "brave": 20, "perplexity": 20}
_MOST_EXTRACTED = 20
_SPENT = {"exa": 402, "tavily": 432, "brave": 402, "perplexity": 402}


class WebSearchSimulator(VendorSimulator):
    """The four providers' search endpoints, and those with which Exa and Tavily hand out a page."""

    slug = "web_search"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.spent: set[str] = set()
        """The providers whose plan or credit is used up."""
        self._opened = int(dt.datetime.now(dt.UTC).timestamp() * 1000)

    @property
    def credentials(self) -> dict[str, Any]:
        """A key of each provider."""
        return {f"{name}_api_key": f"simulated-{name}-key" for name in _MOST}

    @cached_property
    def web(self) -> Web:
        """What is searched, made when somebody first asks for it."""
        return Web(self.story, self._opened)

    def routes(self) -> Sequence[BaseRoute]:
        """A search each; and the two that hand out pages."""
        return [
            Route("/exa/search", self._exa, methods=["POST"]),
            Route("/exa/contents", self._exa_contents, methods=["POST"]),
            Route("/tavily/search", self._tavily, methods=["POST"]),
            Route("/tavily/extract", self._tavily_extract, methods=["POST"]),
            Route("/brave/res/v1/web/search", self._brave, methods=["GET"]),
            Route("/perplexity/search", self._perplexity, methods=["POST"]),
        ]

    def unauthorized(self, request: Request) -> Response | None:
        """Every provider has its own way to send a key, and to refuse one."""
        name, headers = _provider(request.url.path), request.headers
        header = {"exa": "x-api-key", "brave": "x-subscription-token"}.get(name, "authorization")
        given = headers.get(header, "").removeprefix("Bearer ")
        expected = str(self.credentials.get(f"{name}_api_key"))
        return None if hmac.compare_digest(given.encode(), expected.encode()) else _bad_key(name)

    def fault_reply(self, fault: Fault) -> Response:
        """In the words of the provider that the fault's path names; Exa's where it names none."""
        name = _provider(fault.path)
        if fault.kind == "429":
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            return _error(name, 429, "RATE_LIMITED", "Too many requests", headers)
        if fault.kind == "500":
            return _error(name, 500, "INTERNAL", "An unexpected error occurred")
        return _bad_key(name)

    def counts(self) -> dict[str, int]:
        """Nothing is synced."""
        return {}

    # -- the providers ---------------------------------------------------------------------------------------------

    async def _exa(self, request: Request) -> Response:
        body = await _body(request, "exa")
        since = body.get("startPublishedDate")
        found = self._search(
            "exa",
            body["query"],
            body.get("numResults", 10),
            sites=body.get("includeDomains") or (),
            since=int(dt.datetime.fromisoformat(since).timestamp() * 1000) if since else 0,
        )
        highlights = bool((body.get("contents") or {}).get("highlights"))
        results = [
            {
                "id": page.url,
                "url": page.url,
                "title": page.title,
                "publishedDate": page.date,
                "author": None,
                **({"highlights": [page.text], "highlightScores": [0.5]} if highlights else {}),
            }
            for page in found
        ]
        return _reply(request, {"requestId": uuid.uuid4().hex, "results": results, "costDollars": {"total": 0.005}})

    async def _tavily(self, request: Request) -> Response:
        body = await _body(request, "tavily")
        age = body.get("time_range")
        found = self._search(
            "tavily",
            body["query"],
            body.get("max_results", 5),
            sites=body.get("include_domains") or (),
            since=self._since(next((name for name in _AGES if age in (name, name[0])), None)),
        )
        results = [
            {"title": page.title, "url": page.url, "content": page.text, "score": 1 / rank}
            for rank, page in enumerate(found, 1)
        ]
        about = {"query": body["query"], "images": [], "response_time": 0.1, "request_id": _id()}
        return _reply(request, {**about, "results": results})

    async def _exa_contents(self, request: Request) -> Response:
        body = await _body(request, "exa", "urls")
        self._refuse_when_spent("exa")
        found = [(url, self.web.at(url)) for url in body["urls"]]
        results: list[dict[str, Any]] = [
            {
                "id": url,
                "url": page.url,
                "title": page.title,
                "publishedDate": page.date,
                "author": None,
                **_text(page, body.get("text")),
            }
            for url, page in found
            if page
        ]
        missing = {"status": "error", "error": {"tag": "CRAWL_NOT_FOUND", "httpStatusCode": 404}}
        statuses = [{"id": url, **({"status": "success"} if page else missing)} for url, page in found]
        about = {"requestId": uuid.uuid4().hex, "costDollars": {"total": 0.001 * len(results)}}
        return _reply(request, {**about, "results": results, "statuses": statuses})

    async def _tavily_extract(self, request: Request) -> Response:
        body = await _body(request, "tavily", "urls")
        self._refuse_when_spent("tavily")
        urls = [body["urls"]] if isinstance(body["urls"], str) else body["urls"]
        if len(urls) > _MOST_EXTRACTED:
            raise _refusal("tavily", 400, "", f"Max {_MOST_EXTRACTED} URLs are allowed.")
        found = [(url, self.web.at(url)) for url in urls]
        as_text = body.get("format") == "text"
        results = [
            {"url": url, "raw_content": page.markdown.removeprefix("# " if as_text else "")}
            for url, page in found
            if page
        ]
        failed = [{"url": url, "error": "Failed to fetch url"} for url, page in found if not page]
        about = {"response_time": 0.1, "request_id": _id()}
        return _reply(request, {"results": results, "failed_results": failed, **about})

    async def _brave(self, request: Request) -> Response:
        query = request.query_params
        words = query.get("q", "")
        if not words:
            raise _refusal("brave", 422, "VALIDATION", "Unable to validate request parameter(s): q is missing")
        ages = {f"p{name[0]}": name for name in _AGES}
        found = self._search(
            "brave",
            re.sub(r"\(?(?:\s*(?:OR\s+)?site:[^\s)]+)+\)?", " ", words),
            int(query.get("count", "20")),
            sites=_SITE.findall(words),
            since=self._since(ages.get(query.get("freshness", ""))),
        )
        results = [
            {
                "title": page.title,
                "url": page.url,
                "description": page.text,
                "language": "en",
                "family_friendly": True,
                "type": "search_result",
                "subtype": "generic",
                **({"page_age": page.date.removesuffix("Z")} if page.date else {}),
            }
            for page in found
        ]
        about = {"original": words, "more_results_available": False}
        pages = {"web": {"type": "search", "results": results, "family_friendly": True}} if results else {}
        return _reply(request, {"type": "search", "query": about, **pages})

    async def _perplexity(self, request: Request) -> Response:
        body = await _body(request, "perplexity")
        found = self._search(
            "perplexity",
            body["query"],
            body.get("max_results", 10),
            sites=body.get("search_domain_filter") or (),
            since=self._since(body.get("search_recency_filter")),
        )
        results = [
            {
                "title": page.title,
                "url": page.url,
                "snippet": page.text,
                "date": page.date and page.date[:10],
                "last_updated": page.date and page.date[:10],
            }
            for page in found
        ]
        return _reply(request, {"results": results, "id": _id(), "server_time": None})

    def _since(self, age: str | None) -> int:
        return self._opened - _AGES[age] * DAY_MS if age else 0

    def _search(self, provider: str, words: str, most: int, *, sites: Sequence[str], since: int) -> list[WebPage]:
        self._refuse_when_spent(provider)
        if not 1 <= most <= _MOST[provider]:
            raise _refusal(provider, 400, "INVALID_REQUEST", f"The number of results must be 1 to {_MOST[provider]}")
        return self.web.search(words, sites=sites, since=since)[:most]

    def _refuse_when_spent(self, provider: str) -> None:
        if provider in self.spent:
            raise _refusal(provider, _SPENT[provider], "NO_MORE_CREDITS", "You have exceeded your credits limit")


def _text(page: WebPage, asked: bool | dict[str, Any] | None) -> dict[str, str]:
    """What Exa's `text` asks for."""
    options = asked if isinstance(asked, dict) else {}
    content = page.html if options.get("includeHtmlTags") else page.markdown
    return {"text": content[: options.get("maxCharacters")]} if asked else {}


def _reply(request: Request, document: dict[str, Any]) -> Response:
    """An answer, out of shape where the fault asks for it."""
    if request.scope.get("extensions", {}).get(FAULT) == "schema_drift":
        document |= {"results": "later", "web": "later"}
    return json_reply(document)


def _id() -> str:
    return str(uuid.uuid4())


def _provider(path: str) -> str:
    name = path.strip("/").partition("/")[0]
    return name if name in _MOST else "exa"


async def _body(request: Request, provider: str, needed: str = "query") -> dict[str, Any]:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or not body.get(needed):
        raise _refusal(provider, 400, "INVALID_REQUEST_BODY", f"{needed} is required")
    return body


def _bad_key(provider: str) -> Response:
    """Brave calls it a wrong parameter."""
    if provider == "brave":
        return _error(provider, 422, "SUBSCRIPTION_TOKEN_INVALID", "The provided subscription token is invalid.")
    words = "Unauthorized: missing or invalid API key." if provider == "tavily" else "Invalid API key"
    return _error(provider, 401, "INVALID_API_KEY", words)


def _refusal(provider: str, status: int, code: str, words: str) -> RefusalError:
    return RefusalError(_error(provider, status, code, words))


def _error(provider: str, status: int, code: str, words: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error in the shape of the provider's own."""
    shapes: dict[str, dict[str, Any]] = {
        "exa": {"requestId": _id(), "error": words, "tag": code},
        "tavily": {"detail": {"error": words}},
        "brave": {"type": "ErrorResponse", "error": {"id": _id(), "status": status, "code": code, "detail": words}},
        "perplexity": {"error": {"message": words, "type": code.lower(), "code": status}},
    }
    return json_reply(shapes[provider], status, headers)
