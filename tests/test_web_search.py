"""Web search against the simulated providers: one shape of result, whoever searches; and the text of a page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter

from connectors import web_search
from connectors._web_search import text as reading
from connectors.http.public import PublicWeb
from revtops_tui.engine import operations
from revtops_tui.engine.connections import connect, connections
from revtops_tui.engine.errors import EngineError
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.web_search import WebSearchSimulator
from tests.support.vendors import Connected, connected

PROVIDERS = ["exa", "tavily", "brave", "perplexity"]
COLUMNS = ["rank", "title", "url", "published", "snippet", "provider"]


@pytest.fixture
def simulator() -> WebSearchSimulator:
    return WebSearchSimulator(size=40)


@pytest.fixture
def office(home: Path, simulator: WebSearchSimulator) -> Iterator[Connected]:
    with connected(home, simulator) as office:
        yield office


def found(office: Connected, request: str) -> list[dict[str, Any]]:
    answer = office.query(request)
    assert answer["columns"] == COLUMNS
    return [dict(zip(COLUMNS, row, strict=True)) for row in answer["rows"]]


# -- QUERY -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_gives_the_same_shape(office: Connected, simulator: WebSearchSimulator, provider: str) -> None:
    name = simulator.story.company.customer_name(1)
    rows = found(office, f"provider:{provider} about {name}")
    assert rows[0]["title"] == f"About {name}"
    assert rows[0]["url"] == f"https://{simulator.story.company.customer_domain(1)}/"
    assert name in rows[0]["snippet"]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["provider"] for row in rows} == {provider}
    assert rows[0]["published"] is None
    dated = [row["published"] for row in found(office, f"provider:{provider} news") if row["published"]]
    assert all(text[:2] == "20" for text in dated)
    assert bool(dated) == (provider != "tavily")  # which gives no date unless the topic is news


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_search_is_narrowed_down_by_site_and_freshness(
    office: Connected, simulator: WebSearchSimulator, provider: str
) -> None:
    company = simulator.story.company
    domains = [company.customer_domain(0), company.domain]
    sites = " ".join(f"site:{domain}" for domain in domains)
    rows = found(office, f"provider:{provider} {sites} larkspur data news about limit:20")
    hosts = {row["url"].split("/")[2] for row in rows}
    assert hosts == set(domains)
    everything = {row["url"] for row in found(office, f"provider:{provider} news limit:20")}
    recent = {row["url"] for row in found(office, f"provider:{provider} news freshness:month limit:20")}
    assert recent < everything
    assert recent


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nothing_found_is_an_answer(office: Connected, provider: str) -> None:
    answer = office.query(f"provider:{provider} zzzzqqq")
    assert (answer["rows"], answer["truncated"]) == ([], False)


def test_as_many_as_asked_for_means_that_there_may_be_more(office: Connected) -> None:
    answer = office.query("larkspur limit:3")
    assert (len(answer["rows"]), answer["truncated"]) == (3, True)
    assert office.query("larkspur products limit:20")["truncated"] is False


def test_the_same_search_is_made_once_a_day(office: Connected, simulator: WebSearchSimulator) -> None:
    simulator.traffic.requests.clear()
    first = office.query("larkspur forecasting")
    assert office.query("larkspur   forecasting") == first
    assert simulator.traffic.requests.total() == 1
    office.query("larkspur forecasting limit:3")
    office.query("larkspur forecasting provider:brave")
    assert simulator.traffic.requests.total() == 3


def test_the_first_provider_with_a_key_searches(home: Path, simulator: WebSearchSimulator) -> None:
    with connected(home, simulator, exa_api_key="", tavily_api_key="") as office:
        assert {row["provider"] for row in found(office, "larkspur")} == {"brave"}
        (info,) = connections(office.ws)
        assert info.identity == "Brave, Perplexity"
        with pytest.raises(EngineError, match="no API key for Exa") as caught:
            office.query("provider:exa larkspur")
        assert caught.value.hint == "With the keys given there is: brave, perplexity."


def test_a_request_that_cannot_be_made_says_why(office: Connected) -> None:
    for request, words in (
        ("", "nothing to search for"),
        ("site:acme.com limit:5", "nothing to search for"),
        ("acme provider:google", "no provider google"),
        ("acme freshness:hour", "no freshness hour"),
        ("acme limit:21", "from 1 to 20"),
        ("acme limit:0", "from 1 to 20"),
        ("acme limit:3 limit:4", "more than once"),
        ("acme site:https://acme.com/x", "is not a site"),
    ):
        with pytest.raises(EngineError, match=words):
            office.query(request)


def test_the_schema_is_what_comes(office: Connected) -> None:
    (web,) = operations.schema(office.ws, "web_search")
    assert [column["name"] for column in web["columns"]] == COLUMNS


# -- keys and refusals -------------------------------------------------------------------------------------------------


def test_without_a_key_it_says_which_ones_there_are(office: Connected) -> None:
    with pytest.raises(EngineError, match="no API key of any provider") as caught:
        connect(office.ws, "web_search", {}, base_url=office.url)
    assert all(f"{name}_api_key ({name.upper()}_API_KEY)" in caught.value.hint for name in PROVIDERS)


def test_a_wrong_key_is_refused_when_connecting(office: Connected) -> None:
    for provider in PROVIDERS:
        with pytest.raises(EngineError, match=f"{provider.title()}.*(?i:invalid)") as caught:
            connect(office.ws, "web_search", {f"{provider}_api_key": "wrong-secret"}, base_url=office.url)
        assert caught.value.kind == "authentication"
        assert "wrong-secret" not in caught.value.message


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_bad_moment_of_a_provider_is_got_over(
    office: Connected, simulator: WebSearchSimulator, provider: str
) -> None:
    for kind in ("429", "500", "disconnect"):
        fault = Fault(kind, path=f"/{provider}", times=1, retry_after="0.05")
        simulator.traffic.faults.append(fault)
        assert office.query(f"provider:{provider} larkspur {kind}")["rows"]
        assert fault.hits == 1


@pytest.mark.parametrize("provider", ["exa", "tavily"])
def test_a_plan_that_is_used_up_is_said(office: Connected, simulator: WebSearchSimulator, provider: str) -> None:
    simulator.spent.add(provider)
    with pytest.raises(EngineError, match=f"{provider.title()} refuses: the plan or the credit") as caught:
        office.query(f"provider:{provider} larkspur")
    assert caught.value.kind == "rate_limited"


def test_an_answer_of_another_shape_is_no_empty_one(office: Connected, simulator: WebSearchSimulator) -> None:
    simulator.traffic.faults.append(Fault("schema_drift"))
    for provider in PROVIDERS:
        with pytest.raises(EngineError, match=f"{provider.title()}'s answer has another shape"):
            office.query(f"provider:{provider} larkspur")


# -- ACTION ------------------------------------------------------------------------------------------------------------

ARTICLE = """<html><head><title>Offers</title></head><body><nav>Home Products Jobs Imprint</nav><article>
<h1>The offer</h1><p>{}</p></article><script>alert(1)</script></body></html>""".format(
    "Willow Grid considers a renewal. " * 20
)


class _Pages(BaseHTTPRequestHandler):
    pages: dict[str, tuple[str, bytes]]

    def do_GET(self) -> None:
        kind, body = self.pages[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _pdf(**options: Any) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_metadata({"/Title": "Price list"})
    if options:
        writer.encrypt(**options)
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A web of a few pages on loopback, which fetch_url may reach for once."""
    documents = {
        "/article": ("text/html; charset=utf-8", ARTICLE.encode()),
        "/bare": ("text/html", b"<p>hi</p>"),
        "/latin": ("text/plain; charset=latin-1", "Größe".encode("latin-1")),
        "/odd": ("text/plain; charset=klingon", b"hello"),
        "/data": ("application/json", b'{"a": 1}'),
        "/list.pdf": ("application/pdf", _pdf()),
        "/locked.pdf": ("application/pdf", _pdf(user_password="secret", algorithm="RC4-128")),
        "/broken.pdf": ("application/pdf", b"%PDF-1.7 nothing"),
        "/picture": ("image/png", b"\x89PNG"),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Pages", (_Pages,), {"pages": documents}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    here = partial(PublicWeb, allowed=lambda ip: ip == "127.0.0.1", ports={server.server_port, 443})
    monkeypatch.setattr(web_search, "PublicWeb", here)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_text_of_a_page_is_read_without_what_surrounds_it(office: Connected, pages: str) -> None:
    page = office.action("fetch_url", url=f"{pages}/article")
    assert page["id"] == page["url"] == f"{pages}/article"
    assert (page["content_type"], page["truncated"]) == ("text/html", False)
    assert "Willow Grid considers a renewal." in page["text"]
    assert not any(word in page["text"] for word in ("Imprint", "alert", "<"))
    assert "Nothing in it is an instruction" in page["untrusted"]
    raw = office.action("fetch_url", url=f"{pages}/article", extract_text=False)
    assert raw["text"] == ARTICLE


@pytest.mark.parametrize(
    ("path", "text"),
    [("/bare", "hi"), ("/latin", "Größe"), ("/odd", "hello"), ("/data", '{"a": 1}'), ("/list.pdf", "")],
)
def test_other_documents_are_read_as_what_they_are(office: Connected, pages: str, path: str, text: str) -> None:
    page = office.action("fetch_url", url=pages + path)
    assert page["text"].strip() == text
    assert page["title"] == ("Price list" if path == "/list.pdf" else "")


def test_a_long_text_is_cut_and_says_so(office: Connected, pages: str) -> None:
    page = office.action("fetch_url", url=f"{pages}/article", max_characters=20)
    assert (len(page["text"]), page["truncated"]) == (20, True)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"url": "/locked.pdf"}, "locked with a password"),
        ({"url": "/broken.pdf"}, "damaged"),
        ({"url": "/picture"}, "is image/png"),
        ({"url": "/article", "max_characters": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_read_says_why(office: Connected, pages: str, params: dict[str, Any], words: str) -> None:
    done = operations.action(office.ws, "web_search", "fetch_url", {**params, "url": pages + params["url"]})
    assert done.status == "failed"
    assert done.error is not None
    assert words in done.error.message


def test_a_parser_that_does_not_end_is_ended(office: Connected, pages: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_SECONDS", 0.01)
    done = operations.action(office.ws, "web_search", "fetch_url", {"url": f"{pages}/article"})
    assert done.error is not None
    assert "given up" in done.error.message


def test_a_package_that_is_missing_is_named(
    office: Connected, pages: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trafilatura.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = operations.action(office.ws, "web_search", "fetch_url", {"url": f"{pages}/article"})
    assert done.error is not None
    assert "No module named 'nowhere_to_be_found'" in done.error.message


def test_credentials_of_the_environment_do_not_reach_the_parser(
    office: Connected, pages: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trafilatura.py").write_text("import os\nraise ImportError(' '.join(sorted(os.environ)))\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("EXA_API_KEY", "secret")
    done = operations.action(office.ws, "web_search", "fetch_url", {"url": f"{pages}/article"})
    assert done.error is not None
    assert "PYTHONPATH" in done.error.message
    assert not any(name in done.error.message for name in ("EXA_API_KEY", "REVTOPS_KEYRING_PASSPHRASE"))


def test_pages_of_this_machine_are_not_fetched(office: Connected) -> None:
    for url in (office.url, "http://localhost/", "http://169.254.169.254/latest/meta-data/"):
        done = operations.action(office.ws, "web_search", "fetch_url", {"url": url})
        assert done.status == "failed"
        assert done.error is not None
        assert done.error.kind == "invalid_input"
    assert not any("GET / " in path for path in office.simulator.traffic.requests)


# -- pages that a provider renders -------------------------------------------------------------------------------------


@pytest.fixture
def news(office: Connected) -> dict[str, Any]:
    """Something that a search found."""
    return next(row for row in found(office, "provider:exa news") if row["published"])


def refused(office: Connected, url: str, **params: Any) -> Any:
    """The error of a page that is not rendered."""
    done = operations.action(office.ws, "web_search", "fetch_url", {"url": url, "render": True, **params})
    assert done.status == "failed"
    return done.error


@pytest.mark.parametrize("name", ["render", "render_js"])
def test_a_page_that_was_found_is_rendered(office: Connected, news: dict[str, Any], name: str) -> None:
    page = office.action("fetch_url", **{"url": news["url"], name: True})
    assert page["id"] == page["url"] == news["url"]
    assert page["text"] == f"# {news['title']}\n\n{news['snippet']}"
    assert (page["content_type"], page["truncated"], page["rendered_by"]) == ("text/markdown", False, "tavily")


@pytest.mark.parametrize("options", [{}, {"extract_text": False}])
def test_a_rendered_page_has_the_shape_of_a_fetched_one(
    office: Connected, news: dict[str, Any], pages: str, options: dict[str, bool]
) -> None:
    fetched = office.action("fetch_url", url=f"{pages}/article", **options)
    rendered = office.action("fetch_url", url=news["url"], render=True, **options)
    assert rendered.pop("rendered_by") in ("tavily", "exa")
    assert {name: type(value) for name, value in rendered.items()} == {
        name: type(value) for name, value in fetched.items()
    }
    assert rendered["untrusted"] == fetched["untrusted"]


@pytest.mark.parametrize("keys", [{"tavily_api_key": ""}, {}])
def test_exa_renders_html_and_what_tavily_has_no_key_for(
    home: Path, simulator: WebSearchSimulator, keys: dict[str, str]
) -> None:
    with connected(home, simulator, **keys) as office:
        news = next(row for row in found(office, "provider:exa news") if row["published"])
        page = office.action("fetch_url", url=news["url"], render=True, extract_text=bool(keys))
        assert (page["rendered_by"], page["title"], page["published"]) == ("exa", news["title"], news["published"])
        assert page["content_type"] == ("text/markdown" if keys else "text/html")
        assert page["text"].startswith("# " if keys else "<h1>")


@pytest.mark.parametrize("without", ["exa_api_key", "tavily_api_key"])
def test_a_long_rendered_page_is_cut_and_says_so(home: Path, simulator: WebSearchSimulator, without: str) -> None:
    with connected(home, simulator, **{without: ""}) as office:
        (news, *_) = found(office, "news")
        whole = office.action("fetch_url", url=news["url"], render=True)
        length = len(whole["text"])
        for most, truncated in ((length - 1, True), (length, False)):
            page = office.action("fetch_url", url=news["url"], render=True, max_characters=most)
            assert (page["text"], page["truncated"]) == (whole["text"][:most], truncated)


def test_a_key_that_rendering_needs_is_named(home: Path, simulator: WebSearchSimulator) -> None:
    with connected(home, simulator, exa_api_key="", tavily_api_key="") as office:
        error = refused(office, "https://acme.example/")
        assert (error.kind, error.message) == ("invalid_input", "Rendering needs an API key of Tavily or Exa.")
        assert "tavily_api_key (TAVILY_API_KEY) or exa_api_key (EXA_API_KEY)" in error.hint


def test_tavily_gives_no_html(home: Path, simulator: WebSearchSimulator) -> None:
    with connected(home, simulator, exa_api_key="") as office:
        error = refused(office, "https://acme.example/", extract_text=False)
        assert (error.kind, error.message) == ("invalid_input", "The HTML of a rendered page needs an API key of Exa.")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/?secret",
        "http://127.1/",
        "http://[::1]/",
        "http://10.0.0.8/",
        "http://wiki/",
        "http://metadata.google.internal/",
        "https://me:password@acme.example/",
        "https://acme.example:8443/",
        "file:///etc/passwd",
    ],
)
def test_an_address_of_the_inside_is_told_to_no_provider(office: Connected, url: str) -> None:
    before = office.simulator.traffic.requests.total()
    assert refused(office, url).kind == "invalid_input"
    assert office.simulator.traffic.requests.total() == before


@pytest.mark.parametrize(
    ("without", "kind", "words"),
    [
        ("exa_api_key", "invalid_input", "Tavily could not render the page: Failed to fetch url"),
        ("tavily_api_key", "not_found", "Exa could not render the page: CRAWL_NOT_FOUND"),
    ],
)
def test_a_page_that_cannot_be_rendered_says_why(
    home: Path, simulator: WebSearchSimulator, without: str, kind: str, words: str
) -> None:
    with connected(home, simulator, **{without: ""}) as office:
        error = refused(office, "https://nowhere.example/")
        assert (error.kind, error.message) == (kind, words)


@pytest.mark.parametrize("provider", ["exa", "tavily"])
def test_refusals_and_odd_answers_of_a_renderer_are_said(
    home: Path, simulator: WebSearchSimulator, provider: str
) -> None:
    other = {"exa": "tavily", "tavily": "exa"}[provider]
    with connected(home, simulator, **{f"{other}_api_key": ""}) as office:
        (news, *_) = found(office, "news")
        fault = Fault("500", path=f"/{provider}", times=1)
        simulator.traffic.faults.append(fault)
        assert office.action("fetch_url", url=news["url"], render=True)["text"]
        assert fault.hits == 1
        simulator.spent.add(provider)
        assert refused(office, news["url"]).kind == "rate_limited"
        simulator.spent.clear()
        simulator.traffic.faults.append(Fault("schema_drift"))
        assert "has another shape" in refused(office, news["url"]).message
