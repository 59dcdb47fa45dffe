"""The simulated search providers as their own documents have them: keys, limits, refusals, the story."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from revtops_tui.simulators.server import serve
from revtops_tui.simulators.web_search import WebSearchSimulator

HEADERS = {
    "exa": {"x-api-key": "simulated-exa-key"},
    "tavily": {"Authorization": "Bearer simulated-tavily-key"},
    "brave": {"X-Subscription-Token": "simulated-brave-key", "Accept": "application/json"},
    "perplexity": {"Authorization": "Bearer simulated-perplexity-key"},
}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with serve(WebSearchSimulator(size=40).app) as server, httpx2.Client(base_url=server.url) as client:
        yield client


def ask(client: httpx2.Client, provider: str, headers: dict[str, str] | None = None, **values: Any) -> httpx2.Response:
    headers = HEADERS[provider] if headers is None else headers
    if provider == "brave":
        return client.get("/brave/res/v1/web/search", params=values, headers=headers)
    return client.post(f"/{provider}/search", json=values, headers=headers)


def urls(provider: str, reply: httpx2.Response) -> list[str]:
    document = reply.raise_for_status().json()
    found = document["web"] if provider == "brave" else document
    return [result["url"] for result in found["results"]]


def test_the_four_find_the_same_pages(client: httpx2.Client) -> None:
    asked: dict[str, dict[str, Any]] = {
        "exa": {"query": "larkspur forecasting", "numResults": 10},
        "tavily": {"query": "larkspur forecasting", "max_results": 10},
        "brave": {"q": "larkspur forecasting", "count": 10},
        "perplexity": {"query": "larkspur forecasting", "max_results": 10},
    }
    found = {tuple(urls(provider, ask(client, provider, None, **words))) for provider, words in asked.items()}
    assert len(found) == 1
    assert "https://larkspur.example/products/forecasting" in found.pop()


def test_brave_takes_sites_as_words_and_leaves_out_what_it_does_not_find(client: httpx2.Client) -> None:
    reply = ask(client, "brave", q="larkspur (site:larkspur.example OR site:nowhere.example)")
    assert {url.split("/")[2] for url in urls("brave", reply)} == {"larkspur.example"}
    assert "web" not in ask(client, "brave", q="zzzzqqq").json()


def test_content_comes_where_it_is_asked_for(client: httpx2.Client) -> None:
    bare = ask(client, "exa", query="larkspur").json()["results"][0]
    full = ask(client, "exa", query="larkspur", contents={"highlights": True}).json()["results"][0]
    assert "highlights" not in bare
    assert full["highlights"]


@pytest.mark.parametrize(
    ("provider", "status", "words"),
    [
        ("exa", 401, "Invalid API key"),
        ("tavily", 401, "Unauthorized"),
        ("brave", 422, "SUBSCRIPTION_TOKEN_INVALID"),
        ("perplexity", 401, "invalid_api_key"),
    ],
)
def test_a_wrong_key_is_refused_in_the_provider_s_way(
    client: httpx2.Client, provider: str, status: int, words: str
) -> None:
    for headers in ({}, HEADERS["exa" if provider != "exa" else "brave"]):
        reply = ask(client, provider, headers, query="larkspur")
        assert (reply.status_code, words in reply.text) == (status, True)


@pytest.mark.parametrize(
    ("provider", "values"),
    [
        ("exa", {"query": "x", "numResults": 101}),
        ("tavily", {"query": "x", "max_results": 21}),
        ("brave", {"q": "x", "count": 21}),
        ("brave", {}),
        ("perplexity", {}),
    ],
)
def test_what_goes_beyond_the_limits_is_refused(client: httpx2.Client, provider: str, values: dict[str, Any]) -> None:
    assert ask(client, provider, **values).status_code in (400, 422)


FORECASTING = "https://larkspur.example/products/forecasting"


def test_exa_hands_out_what_it_finds_and_says_what_is_not_there(client: httpx2.Client) -> None:
    def contents(**body: Any) -> dict[str, Any]:
        reply: dict[str, Any] = (
            client.post("/exa/contents", json=body, headers=HEADERS["exa"]).raise_for_status().json()
        )
        return reply

    reply = contents(urls=[FORECASTING, "https://nowhere.example/"], text=True)
    assert [result["text"].partition("\n")[0] for result in reply["results"]] == ["# Forecasting | Larkspur Systems"]
    assert [status["status"] for status in reply["statuses"]] == ["success", "error"]
    assert reply["statuses"][1]["error"] == {"tag": "CRAWL_NOT_FOUND", "httpStatusCode": 404}
    assert "text" not in contents(urls=[FORECASTING])["results"][0]
    (tagged,) = contents(urls=[FORECASTING], text={"includeHtmlTags": True, "maxCharacters": 4})["results"]
    assert tagged["text"] == "<h1>"


def test_tavily_hands_out_what_it_finds_and_says_what_is_not_there(client: httpx2.Client) -> None:
    def extract(**body: Any) -> httpx2.Response:
        return client.post("/tavily/extract", json=body, headers=HEADERS["tavily"])

    reply = extract(urls=[f"{FORECASTING}#price", "https://nowhere.example/"]).raise_for_status().json()
    assert [result["url"] for result in reply["results"]] == [f"{FORECASTING}#price"]
    assert reply["results"][0]["raw_content"].startswith("# Forecasting")
    assert [failed["url"] for failed in reply["failed_results"]] == ["https://nowhere.example/"]
    plain = extract(urls=FORECASTING, format="text").raise_for_status().json()
    assert plain["results"][0]["raw_content"].startswith("Forecasting")
    many = extract(urls=[FORECASTING] * 21)
    assert (many.status_code, many.json()["detail"]["error"]) == (400, "Max 20 URLs are allowed.")
    assert extract(urls=[]).status_code == 400


def test_awkward_titles_are_there_as_they_are(client: httpx2.Client) -> None:
    reply = ask(client, "exa", query="news", numResults=100)
    titles = "".join(result["title"] for result in reply.json()["results"])
    assert all(part in titles for part in ("🚀", "\u202e", "[red]"))
