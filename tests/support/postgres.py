"""A real PostgreSQL for tests: in a directory of its own, on a free loopback port, with TLS, thrown away afterwards."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from revtops_tui.simulators.postgres_server import PostgresMissingError, PostgresServer, programs


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for the whole session, of each test process its own. Not installed: a failure in CI, else a skip.

    Its certificate is its own authority and names `localhost`, not 127.0.0.1.
    """
    try:
        programs()
    except PostgresMissingError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    # Not below pytest's own directory: as root the server runs as another user, who may not enter that one.
    with tempfile.TemporaryDirectory(prefix="revtops-pg-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        make_certificate(directory)
        (directory / "server.key").chmod(0o600)
        settings = {
            "ssl": "on",
            "ssl_cert_file": certificate_of(directory),
            "ssl_key_file": directory / "server.key",
            "unix_socket_directories": directory,
        }
        with PostgresServer(directory, settings=settings) as server:
            yield server


def certificate_of(directory: Path) -> Path:
    """The certificate of the server in this directory."""
    return directory / "server.crt"


def make_certificate(directory: Path, name: str = "server", host: str = "localhost") -> Path:
    """A self-signed certificate `name`.crt, with its key beside it."""
    certificate = directory / f"{name}.crt"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-nodes",
                "-days",
                "2",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ),
            *("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
            *("-keyout", directory / f"{name}.key", "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate
