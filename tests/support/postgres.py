"""A real PostgreSQL for tests: in a directory of its own, on a free loopback port, with TLS, thrown away afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "ssl": "on",
}


@dataclass(frozen=True)
class PostgresServer:
    """A running server. Its certificate is its own authority and names `localhost`, not 127.0.0.1."""

    port: int
    password: str
    directory: Path
    host: str = "127.0.0.1"
    superuser: str = "postgres"

    @property
    def certificate(self) -> Path:
        return self.directory / "server.crt"

    def admin(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A superuser's connection in autocommit; close it by `with`."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user=self.superuser,
            password=self.password,
            autocommit=True,
        )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for the whole session, of each test process its own. Not installed: a failure in CI, else a skip."""
    programs = _programs()
    if programs is None:
        reason = "needs a PostgreSQL server: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    # Not below pytest's own directory: as root the server runs as another user, who may not enter that one.
    with tempfile.TemporaryDirectory(prefix="revtops-pg-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        password = "not-a-secret-but-long"
        _prepare(directory, programs, password)
        port = _start(directory, programs)
        try:
            yield PostgresServer(port=port, password=password, directory=directory)
        finally:
            _run(programs / "pg_ctl", "stop", "-D", directory / "data", "-m", "immediate", cwd=directory)


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


def _programs() -> Path | None:
    """The newest server's directory of programs; Debian keeps it off the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = versions[-1] if versions else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _prepare(directory: Path, programs: Path, password: str) -> None:
    (directory / "password").write_text(password)
    make_certificate(directory)
    (directory / "server.key").chmod(0o600)
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        for path in (directory, *directory.iterdir()):
            shutil.chown(path, "postgres", "postgres")
    _run(
        *(programs / "initdb", "-D", directory / "data", "-U", "postgres", "-A", "scram-sha-256"),
        *("--pwfile", directory / "password", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
        cwd=directory,
    )
    settings = {
        **_SETTINGS,
        "unix_socket_directories": directory,
        "ssl_cert_file": directory / "server.crt",
        "ssl_key_file": directory / "server.key",
    }
    with (directory / "data" / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())


def _start(directory: Path, programs: Path) -> int:
    """Start the server, returns its port. Another process may take a free port first, so it is tried again."""
    attempts = 3
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        log = directory / "log"
        start = partial(_run, programs / "pg_ctl", "start", "-w", "-t", "60", cwd=directory)
        try:
            start("-D", directory / "data", "-l", log, "-o", f"-p {port}")
        except subprocess.CalledProcessError:
            attempts -= 1
            if not attempts:
                raise
        else:
            return port


def _run(*command: object, cwd: Path) -> None:
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        identity = {"user": "postgres", "group": "postgres", "extra_groups": []}
    # Not captured through pipes: the server inherits them, and reading would wait for its end.
    subprocess.run(
        [str(part) for part in command],
        check=True,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **identity,
    )
