"""What README and docs/examples say runs, as it is printed."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine

ROOT = Path(__file__).parent.parent
CRM = Path(os.environ.get("REVTOPS_DATA", ROOT.parent / "shared" / "data")) / "crm"
README = (ROOT / "README.md").read_text(encoding="utf-8")


class _Acme(BaseHTTPRequestHandler):
    """The vendor that README's connector speaks to."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        authorized = self.headers["Authorization"] == "Bearer acme-key"
        body = json.dumps([{"id": 7, "title": "Anvils", "value": 900}]).encode() if authorized else b"{}"
        self.send_response(200 if authorized else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def acme() -> Iterator[tuple[str, list[str]]]:
    """A vendor for README's connector: its URL, and the paths it was asked for."""
    handler = type("Handler", (_Acme,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler.seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_connector_of_the_readme_syncs(revtops: CommandLine, acme: tuple[str, list[str]]) -> None:
    url, seen = acme
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (revtops.home / "connectors").mkdir(parents=True)
    (revtops.home / "connectors" / "acme.py").write_text(code)
    connected = revtops("connect", "acme", "--base-url", url, "--stdin", stdin='{"api_key": "acme-key"}')
    assert connected.code == 0, connected.stderr
    for _ in range(2):
        synced = revtops("sync", "acme", "--json")
        assert synced.code == 0, synced.stdout
    assert revtops("sql", "SELECT source_id, name, amount FROM deals", "--json").json["rows"] == [
        ["7", "Anvils", 900.0]
    ]
    assert seen[0] == "/opportunities"
    assert seen[1].startswith("/opportunities?since=20")


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(links) > 8
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.fixture
def crm_csv(revtops: CommandLine) -> CommandLine:
    """The command line with the example connector dropped in, as its text says."""
    (revtops.home / "connectors").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "examples" / "crm_csv.py", revtops.home / "connectors")
    return revtops


def test_the_example_syncs_the_real_files(crm_csv: CommandLine) -> None:
    assert crm_csv("connect", "crm_csv", "--set", f"folder={CRM}").code == 0
    (run,) = crm_csv("sync", "crm_csv", "--json").json["runs"]
    assert run["status"] == "success"
    assert run["entities"]["deals"]["inserted"] == 8800
    assert run["entities"]["accounts"]["inserted"] == 85
    won = crm_csv(
        "sql",
        "SELECT count(*), sum(d.amount), min(d.close_date), max(d.close_date) FROM deals d "
        "JOIN accounts a ON a.source_id = d.account_source_id WHERE d.stage = 'Won'",
        "--json",
    )
    assert won.json["rows"] == [[4238, 10005534.0, "2017-03-01", "2017-12-31"]]


def test_the_example_sets_bad_rows_aside_and_shows_them(crm_csv: CommandLine, tmp_path: Path) -> None:
    files = tmp_path / "crm"
    shutil.copytree(CRM, files)
    with (files / "sales_pipeline.csv").open("a") as pipeline:
        pipeline.write("BADDATE1,Anna Snelling,GTX Basic,Isdom,Won,1/1/2017,31/31/2017,100\n")
        pipeline.write("BADVALUE,Anna Snelling,GTX Basic,Isdom,Won,1/1/2017,1/2/2017,a lot\n")
    crm_csv("connect", "crm_csv", "--set", f"folder={files}")
    (run,) = crm_csv("sync", "crm_csv", "--json").json["runs"]
    assert (run["entities"]["deals"]["inserted"], run["entities"]["deals"]["rejected"]) == (8800, 2)
    shown = crm_csv("rejected").stdout
    assert "BADDATE1" in shown
    assert "close_date" in shown
    assert "BADVALUE" in shown
    assert "amount" in shown
    corrected = (files / "sales_pipeline.csv").read_text().replace("31/31/2017", "12/31/2017").replace("a lot", "12")
    (files / "sales_pipeline.csv").write_text(corrected)
    (run,) = crm_csv("sync", "crm_csv", "--full", "--json").json["runs"]
    assert (run["entities"]["deals"]["inserted"], run["entities"]["deals"]["unchanged"]) == (2, 8800)
    assert "BADDATE1" not in crm_csv("rejected").stdout
