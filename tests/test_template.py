"""The starter template works as it is when it is copied, against a vendor that answers as it expects."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import connectors
from connectors.base import BaseConnector
from connectors.context import ConnectorContext
from connectors.discovery import discover
from connectors.models import DealRecord
from connectors.parameters import parse_parameters, validate_arguments
from connectors.stream import Checkpoint
from connectors.validation import problems
from tests.support.command_line import CommandLine


class Vendor(ThreadingHTTPServer):
    """Answers like the vendor of the template, with two pages of deals, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    server: Vendor

    def do_GET(self) -> None:
        first = {"deals": [{"id": "1", "title": "A", "owner": {"email": "a@b.c"}}, {"id": "2"}], "next_cursor": "p2"}
        pages = {
            "/v1/me": {"email": "me@my-crm.example"},
            "/v1/deals?limit=100": first,
            "/v1/deals?limit=100&cursor=p2": {"deals": [{"id": "3", "title": "C", "amount": 5}]},
        }
        self._answer(pages[self.path])

    def do_PATCH(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body: object) -> None:
        self.server.asked.append((self.command, self.path, self.headers["Authorization"]))
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Nothing: the requests are in `asked`."""


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def copy_of_template(tmp_path: Path) -> Callable[[], type[BaseConnector]]:
    """The template as a newcomer copies it: a drop-in with the name of its slug."""

    def load() -> type[BaseConnector]:
        folder = tmp_path / "connectors"
        folder.mkdir()
        shutil.copy(Path(connectors.__file__).parent / "_template.py", folder / "my_crm.py")
        catalog = discover(home=tmp_path)
        assert [broken for broken in catalog.broken if broken.source.startswith(str(folder))] == []
        return catalog["my_crm"].load()

    return load


async def test_a_copy_of_the_template_works(
    copy_of_template: Callable[[], type[BaseConnector]], vendor: Vendor
) -> None:
    cls = await asyncio.to_thread(copy_of_template)
    assert problems(cls) == []
    context = ConnectorContext(
        "test-org", credentials=lambda: {"api_key": "k"}, base_url=f"http://127.0.0.1:{vendor.server_port}/v1"
    )
    connector = cls("test-org", context=context)
    try:
        assert await connector.test_connection() == "me@my-crm.example"
        items = [item async for item in connector.sync_deals()]
        [update] = (parse_parameters(operation.parameters) for operation in cls.meta.write_operations)
        written = await connector.write("update_deal", validate_arguments(update, {"id": "1", "amount": 9}))
    finally:
        await connector.aclose()

    first, checkpoint, second = items
    assert [DealRecord(**deal).name for deal in (first[0], second[0])] == ["A", "C"]
    assert checkpoint == Checkpoint("p2")
    assert written == {"id": "1", "deal": {"amount": 9}}
    assert vendor.asked == [
        ("GET", "/v1/me", "Bearer k"),
        ("GET", "/v1/deals?limit=100", "Bearer k"),
        ("GET", "/v1/deals?limit=100&cursor=p2", "Bearer k"),
        ("PATCH", "/v1/deals/1", "Bearer k"),
    ]


def test_a_connector_is_begun_from_the_template(revtops: CommandLine) -> None:
    begun = revtops("connectors", "sales_hub", "--new", "--json")
    file = revtops.home / "connectors" / "sales_hub.py"
    assert (begun.code, begun.json) == (0, {"slug": "sales_hub", "file": str(file)})
    assert "class SalesHubConnector" in file.read_text()
    found = revtops("connectors", "sales_hub", "--json").json
    assert (found["name"], found["capabilities"]) == ("Sales hub", ["sync", "write"])
    assert "my_crm" not in file.read_text().lower()


@pytest.mark.parametrize("slug", ["hubspot", "../escape", "Big", "_hidden", "two words"])
def test_what_cannot_be_a_new_connector_is_refused(revtops: CommandLine, slug: str) -> None:
    assert revtops("connectors", slug, "--new").code == 2
    assert not list((revtops.home / "connectors").glob("*"))
