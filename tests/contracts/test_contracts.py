"""That the contract tests fail when they should: for each vendor a request that is right, and the same one misspelt."""

from __future__ import annotations

import json
import re
import urllib.request
from dataclasses import replace

import pytest

from revtops_tui.simulators.server import ServedExchange, SimulatorServer
from tests.contracts import expected_violations
from tests.contracts.checking import check
from tests.contracts.documents import SOURCES, SPECS, Document, Source
from tests.contracts.overlays import OVERLAYS
from tests.contracts.rest import RestContract
from tests.contracts.uncovered import UNCOVERED

pytestmark = pytest.mark.usefixtures("_documents")

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_MESSAGES = f"POST /2010-04-01/Accounts/AC{'0' * 32}/Messages.json"

Case = tuple[str, str, str, str]
"""Vendor, `METHOD /path?query`, content type, body."""

_RIGHT: dict[str, Case] = {
    "hubspot list": ("hubspot", "GET /crm/v3/objects/deals?limit=100&properties=amount,dealname&archived=true", "", ""),
    "hubspot search": (
        *("hubspot", "POST /crm/v3/objects/deals/search", _JSON),
        '{"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "GT", "value": "1"}]}], "limit": 200}',
    ),
    "hubspot create": (
        *("hubspot", "POST /crm/v3/objects/deals", _JSON),
        '{"properties": {"dealname": "A", "a_custom_one": "B"}}',
    ),
    "pipedrive list": ("pipedrive", "GET /api/v2/deals?updated_since=2026-01-01T00:00:00Z&limit=500", "", ""),
    "pipedrive create": (
        *("pipedrive", "POST /api/v2/deals", _JSON),
        '{"title": "A", "value": 5, "custom_fields": {"0123456789abcdef": null}}',
    ),
    "pipedrive v1": ("pipedrive", "GET /v1/notes?start=0&limit=100", "", ""),
    "asana list": ("asana", "GET /api/1.0/tasks?project=1&limit=100&opt_fields=name,completed", "", ""),
    "asana create": (
        *("asana", "POST /api/1.0/tasks", _JSON),
        '{"data": {"name": "A", "workspace": "1", "projects": ["2"], "due_on": "2026-01-31"}}',
    ),
    "drive list": ("google_drive", "GET /drive/v3/files?pageSize=1000&fields=files(id)&corpora=allDrives", "", ""),
    "drive create": ("google_drive", "POST /drive/v3/files", _JSON, '{"name": "A", "mimeType": "text/plain"}'),
    "slack list": ("slack", "GET /api/conversations.list?limit=200&types=public_channel&exclude_archived=true", "", ""),
    "slack form": ("slack", "POST /api/chat.postMessage", _FORM, "channel=C1&text=hi&unfurl_links=false"),
    "twilio list": (
        "twilio",
        f"{_MESSAGES.replace('POST', 'GET')}?PageSize=1000&DateSent%3E=2026-01-01T00:00:00Z",
        "",
        "",
    ),
    "twilio send": ("twilio", _MESSAGES, _FORM, "To=%2B14155550100&From=%2B14155550101&Body=hi"),
    "exa": ("web_search", "POST /exa/search", _JSON, '{"query": "a", "numResults": 10}'),
    "tavily": ("web_search", "POST /tavily/search", _JSON, '{"query": "a", "max_results": 10}'),
    "brave": ("web_search", "GET /brave/res/v1/web/search?q=a&count=10", "", ""),
    "perplexity": ("web_search", "POST /perplexity/search", _JSON, '{"query": "a", "max_results": 10}'),
    "e2b": ("code_sandbox", "POST /sandboxes", _JSON, '{"templateID": "base", "timeout": 60}'),
    "nango list": ("nango", "GET /connections?tags%5Brevtops%5D=a", "", ""),
    "nango session": (
        *("nango", "POST /connect/sessions", _JSON),
        '{"allowed_integrations": ["hubspot"], "tags": {"revtops": "a"}}',
    ),
    "linear": (
        *("linear", "POST /graphql", _JSON),
        json.dumps(
            {
                "query": "query ($since: DateTimeOrDuration!) { issues(filter: {updatedAt: {gt: $since}}, first: 50, "
                "includeArchived: true) { nodes { id title updatedAt } pageInfo { hasNextPage endCursor } } }",
                "variables": {"since": "2026-01-01T00:00:00.000Z"},
            }
        ),
    ),
}

_WRONG: list[tuple[str, str, str, str]] = [
    # what, the right piece, the wrong one, what is said
    ("hubspot list", "properties=", "proprties=", "the query parameter 'proprties' is not in the document"),
    ("hubspot list", "archived=true", "archived=1", '"1" is not of type "boolean"'),
    ("hubspot list", "objects/deals", "object/deals", "no document has this path"),
    ("hubspot list", "GET", "PUT", "that path has GET, POST"),
    ("hubspot search", '"propertyName"', '"property"', "'property' was unexpected"),
    ("hubspot search", '"limit": 200', '"limit": "many"', 'limit: "many" is not of type "integer"'),
    ("hubspot create", '"properties"', '"props"', "'props' was unexpected"),
    ("pipedrive list", "updated_since", "updatedSince", "'updatedSince' is not in the document"),
    ("pipedrive list", "limit=500", "limit=all", '"all" is not of type "integer"'),
    ("pipedrive create", '"title"', '"name"', '"title" is a required property'),
    ("pipedrive create", '"value"', '"amount"', "'amount' was unexpected"),
    ("pipedrive v1", "/v1/notes", "/api/v2/notes", "no document has this path"),
    ("asana list", "opt_fields", "optfields", "'optfields' is not in the document"),
    ("asana list", "limit=100", "limit=101", "101 is greater than the maximum of 100"),
    ("asana create", '"due_on"', '"due"', "'due' was unexpected"),
    ("asana create", '{"name"', '{"gid": "1", "name"', "'gid' was unexpected"),
    ("drive list", "pageSize", "page_size", "'page_size' is not in the document"),
    ("drive list", "pageSize=1000", "pageSize=1001", "1001 is greater than the maximum of 1000"),
    ("drive create", '"mimeType"', '"mimetype"', "'mimetype' was unexpected"),
    ("slack list", "types=", "type=", "'type' is not in the document"),
    ("slack list", "conversations.list", "conversation.list", "no document has this path"),
    ("slack form", "channel=", "chanel=", "'chanel' was unexpected"),
    ("twilio list", "PageSize", "Pagesize", "'Pagesize' is not in the document"),
    ("twilio list", "Accounts/AC", "Accounts/XC", "in the path, AccountSid"),
    ("twilio send", "Body=", "body=", "'body' was unexpected"),
    ("exa", '"numResults"', '"num_results"', "'num_results' was unexpected"),
    ("tavily", '"max_results"', '"maxResults"', "'maxResults' was unexpected"),
    ("brave", "q=a", "query=a", "'query' is not in the document"),
    ("perplexity", '"max_results"', '"maxResults"', "'maxResults' was unexpected"),
    ("e2b", '"templateID"', '"templateId"', '"templateID" is a required property'),
    ("nango list", "tags", "tag", "'tag[revtops]' is not in the document"),
    ("nango list", "=a", f"={'a' * 256}", "is longer than 255 characters"),
    ("nango session", '"tags"', '"tag"', "'tag' was unexpected"),
    ("linear", "title", "titel", "Cannot query field 'titel' on type 'Issue'"),
    ("linear", "updatedAt: {", "updated: {", "Expected value of type 'IssueFilter'"),
    ("linear", "DateTimeOrDuration!", "DateTime!", "of type 'DateTime!' used in position expecting type"),
    ("linear", '{"since"', '{"sinse"', "the variable $sinse is not declared"),
    ("linear", "2026-01-01T", "yesterday ", "is no DateTimeOrDuration"),
    ("linear", "/graphql", "/graph", "is not an operation"),
]


@pytest.fixture(scope="module")
def _documents() -> None:
    if not SPECS.is_dir():
        pytest.skip(f"the vendors' documents are not at {SPECS}")  # under CI, `watching` has failed already


def exchange(case: Case, *, status: int = 204, reply: object = None, agent: str = "revtops") -> ServedExchange:
    vendor, line, kind, body = case
    method, url = line.split(" ", 1)
    path, _, query = url.partition("?")
    return ServedExchange(
        vendor=vendor,
        method=method,
        path=path,
        query=query,
        request_headers={"user-agent": agent, "accept": "*/*", "content-type": kind},
        request_body=body.encode(),
        status=status,
        reply_headers={"content-type": _JSON},
        reply_body=b"" if reply is None else json.dumps(reply).encode(),
        whole=reply is not None,
    )


class TestRequests:
    @pytest.mark.parametrize("name", _RIGHT)
    def test_a_right_one_passes(self, name: str) -> None:
        assert check(exchange(_RIGHT[name])) == []

    @pytest.mark.parametrize(("name", "right", "wrong", "said"), _WRONG)
    def test_a_misspelt_one_is_caught(self, name: str, right: str, wrong: str, said: str) -> None:
        vendor, line, kind, body = _RIGHT[name]
        assert right in line + body
        case = vendor, line.replace(right, wrong, 1), kind, body.replace(right, wrong, 1)
        assert said in "\n".join(map(str, check(exchange(case))))

    @pytest.mark.parametrize("vendor", [*SOURCES, "linear"])
    def test_every_vendor_has_one_that_is_caught(self, vendor: str) -> None:
        assert any(_RIGHT[name][0] == vendor for name, *_ in _WRONG)

    def test_those_of_other_clients_are_not_judged(self) -> None:
        case = "hubspot", "GET /crm/v3/objects/deals?proprties=a", "", ""
        assert check(exchange(case, agent="curl/8")) == []
        assert len(check(exchange(case))) == 1

    def test_a_form_is_a_body_of_another_type_than_json(self) -> None:
        vendor, line, _, body = _RIGHT["hubspot create"]
        (found,) = check(exchange((vendor, line, _FORM, body)))
        assert f"the body is {_FORM}, not {_JSON}" in str(found)

    def test_a_drive_upload_has_its_metadata_checked(self) -> None:
        metadata = '--x\r\nContent-Type: application/json\r\n\r\n{"name": "A"}\r\n'
        body = metadata + "--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--"
        line, kind = "POST /upload/drive/v3/files?uploadType=multipart", "multipart/related; boundary=x"
        assert check(exchange(("google_drive", line, kind, body))) == []
        (found,) = check(exchange(("google_drive", line, kind, body.replace('"name"', '"title"'))))
        assert "'title' was unexpected" in str(found)

    def test_a_multipart_form_has_its_texts_checked(self) -> None:
        text = '--x\r\nContent-Disposition: form-data; name="parent"\r\n\r\n1\r\n'
        file = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--x--'
        line, kind = "POST /api/1.0/attachments", "multipart/form-data; boundary=x"
        assert check(exchange(("asana", line, kind, text + file))) == []
        found = check(exchange(("asana", line, kind, text.replace("parent", "parents") + file)))
        assert "'parents' was unexpected" in str(found)


class TestReplies:
    def test_a_value_of_another_type_is_caught_whoever_asked(self) -> None:
        case = "pipedrive", "GET /api/v2/deals", "", ""
        page = {"success": True, "data": [{"id": 1, "title": "A"}], "additional_data": {"next_cursor": "x"}}
        assert check(exchange(case, status=200, reply=page, agent="curl/8")) == []
        page["data"] = [{"id": "1", "title": "A"}]
        (found,) = check(exchange(case, status=200, reply=page, agent="curl/8"))
        assert 'in the reply, data[0].id: "1" is not of type "integer"' in str(found)

    def test_a_status_that_is_not_described_is_caught_unless_it_refuses(self) -> None:
        case = _RIGHT["hubspot create"]
        (found,) = check(exchange(case, status=200, reply={"id": "1"}))
        assert "is answered with 200; described are 201" in str(found)
        assert check(exchange(case, status=429, reply={"status": "error"})) == []

    def test_a_refusal_of_slacks_is_another_reply_than_its_success(self) -> None:
        case = _RIGHT["slack list"]
        assert check(exchange(case, status=200, reply={"ok": False, "error": "invalid_auth"})) == []
        found = check(exchange(case, status=200, reply={"ok": True}))
        assert '"channels" is a required property' in str(found)

    def test_one_broken_on_purpose_is_not_judged(self) -> None:
        bent = exchange(("pipedrive", "GET /api/v2/deals", "", ""), status=200, reply={"data": 1})
        assert check(bent)
        assert check(replace(bent, fault="schema_drift")) == []

    @pytest.mark.parametrize(
        ("issue", "said"),
        [
            ({"id": "1", "title": "A", "updatedAt": "2026-01-01T00:00:00.000Z"}, None),
            ({"id": "1", "title": None, "updatedAt": "2026-01-01T00:00:00.000Z"}, "title: is null"),
            ({"id": "1", "title": "A", "updatedAt": "1 January"}, "updatedAt: '1 January' is no DateTime"),
            ({"id": "1", "updatedAt": "2026-01-01T00:00:00.000Z"}, "title: was asked for and is missing"),
            ({"id": "1", "title": "A", "updatedAt": "2026-01-01T00:00:00Z", "x": 1}, "x: was not asked for"),
        ],
    )
    def test_linears_data_is_what_was_asked_for(self, issue: dict[str, object], said: str | None) -> None:
        page = {"nodes": [issue], "pageInfo": {"hasNextPage": False, "endCursor": None}}
        found = check(exchange(_RIGHT["linear"], status=200, reply={"data": {"issues": page}}))
        assert [str(said) in str(violation) for violation in found] == ([] if said is None else [True])

    def test_a_graphql_error_has_a_message(self) -> None:
        case = _RIGHT["linear"]
        right = {"errors": [{"message": "no", "extensions": {"code": "RATELIMITED"}}]}
        assert check(exchange(case, status=400, reply=right)) == []
        (found,) = check(exchange(case, status=400, reply={"errors": [{"code": "RATELIMITED"}]}))
        assert "has no message" in str(found)


class TestDocuments:
    @pytest.mark.parametrize(
        "source", [source for sources in SOURCES.values() for source in sources], ids=lambda s: s.file
    )
    def test_no_operation_is_lost(self, source: Source) -> None:
        text = (SPECS / source.file).read_text(encoding="utf-8")
        google = '"httpMethod"|"simple": {'
        indent = re.search(r"^ +", text, re.MULTILINE)
        depth = 2 * len(indent[0]) if indent else 0
        method = rf'^ {{{depth}}}(?:get|put|post|delete|patch):$|"(?:get|put|post|delete|patch)":\s*{{'
        described = re.findall(google if "discoveryVersion" in text else method, text, re.MULTILINE)
        assert len(Document.load(source).operations) == len(described) * len(source.bases or ("",)) > 0

    @pytest.mark.parametrize("vendor", SOURCES)
    def test_every_operation_can_be_checked(self, vendor: str) -> None:
        contract = RestContract(vendor)
        for described in contract.described:
            operation = contract.operation(described)
            bodies = operation.content.get("requestBody", {}).get("content", {})
            for media in (each for each in bodies.values() if "schema" in each):
                operation.sent.validator(media["schema"])
            for reply in operation.content["responses"].values():
                for media in (each for each in reply["content"].values() if "schema" in each):
                    operation.received.validator(media["schema"])

    @pytest.mark.parametrize("vendor", OVERLAYS)
    def test_every_overlay_changes_something_and_says_why(self, vendor: str) -> None:
        contract = RestContract(vendor)
        applied = [overlay for each in contract.described for overlay in contract.operation(each).applied]
        for overlay in contract.overlays:
            assert overlay in applied
            assert overlay.why.endswith(".")

    @pytest.mark.parametrize("vendor", UNCOVERED)
    def test_what_is_listed_as_uncovered_is_in_no_document(self, vendor: str) -> None:
        if vendor in SOURCES:
            contract = RestContract(vendor)
            assert [name for name in UNCOVERED[vendor] if contract.find(*name.split(" ", 1))] == []


class TestWatching:
    def test_a_request_to_a_simulator_is_seen(self, hubspot: SimulatorServer) -> None:
        with expected_violations() as found:
            headers = {"Authorization": "Bearer simulated-token", "User-Agent": "revtops"}
            address = f"{hubspot.url}/crm/v3/objects/deals?proprties=amount"
            urllib.request.urlopen(urllib.request.Request(address, headers=headers)).read()
        assert ["'proprties' is not in the document" in str(violation) for violation in found] == [True]
