"""Customer Postgres: who it is connected as, TLS, and why it cannot connect."""

from pathlib import Path
from typing import Any

import pytest

from connectors.errors import (
    AuthenticationError,
    ConnectorError,
    InvalidInputError,
    NotFoundError,
    VendorUnavailableError,
)
from tests.support.crm_database import PASSWORD, Connect, Crm, connect, crm, failure
from tests.support.postgres import certificate_of, make_certificate, postgres_server

__all__ = ["connect", "crm", "postgres_server"]  # fixtures
pytestmark = pytest.mark.xdist_group("postgres")


async def test_says_who_it_is_connected_as(connect: Connect, crm: Crm) -> None:
    version = crm.admin.info.parameter_status("server_version")
    assert version is not None
    where = f"reader on 127.0.0.1:{crm.server.port}/sales, PostgreSQL {version.split()[0]}"
    assert await connect().test_connection() == f"{where}, TLS"
    assert await connect(sslmode="disable").test_connection() == f"{where}, not encrypted"
    assert (await connect(host=str(crm.server.directory)).test_connection()).endswith("local socket")


async def test_base_url_replaces_host_and_port(connect: Connect, crm: Crm) -> None:
    elsewhere = connect(host="db.invalid", port=1, base_url=f"postgresql://127.0.0.1:{crm.server.port}")
    assert (await elsewhere.query("SELECT 1"))["rows"] == [[1]]
    assert "postgresql://host:port" in await failure(connect(base_url="127.0.0.1").query("SELECT 1"), InvalidInputError)


@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        ({"password": "wrong"}, AuthenticationError, 'password authentication failed for user "reader"'),
        ({"password": None}, AuthenticationError, "no password supplied"),
        ({"username": "nobody"}, AuthenticationError, 'password authentication failed for user "nobody"'),
        ({"database": "nope"}, NotFoundError, 'database "nope" does not exist'),
        ({"port": 1}, VendorUnavailableError, "Cannot connect to 127.0.0.1:1/sales as reader: Connection refused."),
        ({"host": "localhost", "port": 1}, VendorUnavailableError, "Connection refused."),
        ({"host": "db.invalid"}, VendorUnavailableError, "failed to resolve host 'db.invalid'"),
        ({"statement_timeout_seconds": 0}, InvalidInputError, "statement_timeout_seconds must be from 1 to 3600"),
        ({"database": None}, InvalidInputError, "database"),
        ({"sslmode": "allow"}, InvalidInputError, "sslmode"),
    ],
)
async def test_why_it_cannot_connect(
    connect: Connect, changes: dict[str, Any], kind: type[ConnectorError], sentence: str
) -> None:
    assert sentence in await failure(connect(**changes).test_connection(), kind)


async def test_the_environment_stands_in_for_nothing(
    connect: Connect, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    await failure(connect(password=None).test_connection(), AuthenticationError)
    assert "reader on localhost" in await connect(host="localhost").test_connection()
    assert "local socket" in await connect(host=str(crm.server.directory)).test_connection()


async def test_tls_is_verified_as_asked(connect: Connect, crm: Crm) -> None:
    certificate = str(certificate_of(crm.server.directory))
    for host, mode, authority in (
        ("127.0.0.1", "require", None),
        ("127.0.0.1", "verify-ca", certificate),
        ("localhost", "verify-full", certificate),
    ):
        connector = connect(host=host, sslmode=mode, sslrootcert=authority)
        assert (await connector.test_connection()).endswith("TLS")


async def test_a_server_that_is_not_the_named_one_is_refused(
    connect: Connect, crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = str(certificate_of(crm.server.directory))
    wrong_host = connect(host="127.0.0.1", sslmode="verify-full", sslrootcert=certificate)
    told = await failure(wrong_host.test_connection(), VendorUnavailableError)
    assert 'does not match host name "127.0.0.1"' in told
    assert "the host must be a name that is in the certificate" in told

    other_authority = str(make_certificate(tmp_path, "other"))
    stranger = connect(host="localhost", sslmode="verify-full", sslrootcert=other_authority)
    assert "certificate verify failed" in await failure(stranger.test_connection(), VendorUnavailableError)

    monkeypatch.setenv("HOME", str(tmp_path))  # the driver looks for an authority there
    unknown = connect(host="localhost", sslmode="verify-full")
    assert "root certificate file" in await failure(unknown.test_connection(), VendorUnavailableError)


async def test_the_certificate_may_be_below_the_home_directory(
    connect: Connect, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(crm.server.directory))
    connector = connect(host="localhost", sslmode="verify-full", sslrootcert="~/server.crt")
    assert (await connector.test_connection()).endswith("TLS")
