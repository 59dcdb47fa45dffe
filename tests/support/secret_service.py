"""A real Secret Service for tests: a private D-Bus session with gnome-keyring in it, thrown away afterwards."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_SERVICE = "org.freedesktop.secrets"
PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
"""What it takes."""


class SecretService:
    """A running, unlocked gnome-keyring on a bus of its own, and what a test can do to it."""

    def __init__(self, bus: subprocess.Popen[str], daemon: subprocess.Popen[bytes], address: str) -> None:
        self._bus = bus
        self._daemon = daemon
        self.address = address

    def lock(self) -> None:
        """Lock the default collection, as a desktop does when its user leaves."""
        import secretstorage

        with contextlib.closing(secretstorage.dbus_init()) as connection:
            secretstorage.get_default_collection(connection).lock()

    def hang(self) -> None:
        self._daemon.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._daemon.send_signal(signal.SIGCONT)

    def kill_daemon(self) -> None:
        self._daemon.kill()
        self._daemon.wait()

    def kill_bus(self) -> None:
        self._bus.kill()
        self._bus.wait()

    def overwrite_all(self, secret: str) -> None:
        """Give every item another value, as a person can in a keyring manager."""
        import secretstorage

        with contextlib.closing(secretstorage.dbus_init()) as connection:
            for item in secretstorage.get_default_collection(connection).get_all_items():
                item.set_secret(secret.encode())

    def labels(self) -> list[str]:
        """What a person sees who opens the keyring."""
        import secretstorage

        with contextlib.closing(secretstorage.dbus_init()) as connection:
            return [item.get_label() for item in secretstorage.get_default_collection(connection).get_all_items()]


@pytest.fixture
def secret_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    """An unlocked Secret Service that the test's process uses. Not installed, it is a failure in CI, else a skip."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        reason = f"needs {' and '.join(missing)}: apt-get install dbus gnome-keyring"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    # Not tmp_path: the path of a Unix socket has room for 107 bytes.
    with tempfile.TemporaryDirectory(prefix="revtops-", ignore_cleanup_errors=True) as directory:
        environment = _private_environment(Path(directory))
        bus, address = _start_bus(environment)
        daemon: subprocess.Popen[bytes] | None = None
        try:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            daemon = _start_daemon({**environment, "DBUS_SESSION_BUS_ADDRESS": address})
            yield SecretService(bus, daemon, address)
        finally:
            # A daemon that the bus activated leaves with the bus.
            for process in (daemon, bus):
                if process is not None:
                    process.kill()
                    process.wait()


@pytest.fixture
def no_secret_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without a session bus, as in cron or over SSH."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)


def _private_environment(directory: Path) -> dict[str, str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory)}
    for name in ("DATA_HOME", "CACHE_HOME", "CONFIG_HOME", "RUNTIME_DIR"):
        path = directory / name.lower()
        path.mkdir(mode=0o700)
        environment[f"XDG_{name}"] = str(path)
    return environment


def _start_bus(environment: dict[str, str]) -> tuple[subprocess.Popen[str], str]:
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--print-address", "--nofork"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert bus.stdout is not None
    address = bus.stdout.readline().strip()  # printed once it listens
    bus.stdout.close()
    return bus, address


def _start_daemon(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start gnome-keyring with an unlocked login collection; returns when it answers on the bus."""
    from jeepney import DBusAddress, MatchRule, message_bus, new_method_call
    from jeepney.io.blocking import Proxy, open_dbus_connection

    with open_dbus_connection(environment["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        appeared = MatchRule(type="signal", interface=message_bus.interface, member="NameOwnerChanged")
        appeared.add_arg_condition(0, _SERVICE)
        Proxy(message_bus, connection).AddMatch(appeared)
        with connection.filter(appeared) as signals:
            daemon = subprocess.Popen(
                ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            assert daemon.stdin is not None
            with daemon.stdin as passphrase:
                passphrase.write(b"test")
            connection.recv_until_filtered(signals, timeout=20)
        # The name appears before the collection does; the daemon answers this call when it has loaded it.
        service = DBusAddress("/org/freedesktop/secrets", _SERVICE, "org.freedesktop.Secret.Service")
        connection.send_and_get_reply(new_method_call(service, "ReadAlias", "s", ("default",)), timeout=20)
    return daemon
