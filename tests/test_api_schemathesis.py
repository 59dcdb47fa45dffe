"""schemathesis makes requests out of the API's own document, right ones and wrong ones, and finds nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revtops_tui import api
from revtops_tui.engine import tokens
from revtops_tui.simulators.linear import LinearSimulator
from tests.support.serving import served
from tests.support.vendors import connected

SECONDS = 15
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
)


CONFIGURATION = """
[[operations]]
include-path-regex = "/(query|write|action|approve)$"
# Whether the text of a query, or the name of a team, is right, the asked system knows.
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422, 429, "5xx"]
"""


def known(document: dict[str, Any]) -> dict[str, Any]:
    """The document for somebody who knows what is connected: few requests that are made up would name it."""
    schemas = document["components"]["schemas"]
    schemas["Query"]["properties"]["connection"] = {"const": "linear"}
    for body in ("Write", "Action"):
        variants = schemas[body]["anyOf"]
        schemas[body]["anyOf"] = [one for one in variants if one["title"].startswith(("linear.", "slack."))]
    for variant in schemas["Write"]["anyOf"]:
        variant["properties"]["connection"] = {"const": "linear"}
    return document


@pytest.mark.parametrize("knowing", [False, True], ids=["as it is", "for what is connected"])
def test_nothing_is_found(knowing: bool, home: Path, tmp_path: Path) -> None:
    with connected(home, LinearSimulator(size=4)) as office, served(api.serve, office.ws) as address:
        document = httpx2.get(f"{address}/openapi.json").json()
        file = tmp_path / "openapi.json"
        file.write_text(json.dumps(known(document) if knowing else document))
        configuration = tmp_path / "schemathesis.toml"
        configuration.write_text(CONFIGURATION)
        command = [
            *(
                sys.executable,
                "-m",
                "schemathesis.cli",
                "--config-file",
                str(configuration),
                "run",
                str(file),
                "--url",
                address,
            ),
            *("--header", f"Authorization: Bearer {tokens.token(office.ws, 'api')}"),
            *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
            *("--max-time", str(SECONDS), "--seed", "1", "--generation-database", "none", "--no-color"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=150, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
