"""One writer of credentials at a time, over all processes that use a data directory."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from store.credentials import CredentialsError
from store.home import make_private


@contextlib.contextmanager
def one_writer(home: Path, *, seconds: float) -> Iterator[None]:
    """Hold the lock of the data directory `home`, which is created when it is missing.

    Raises `CredentialsError`: "busy" when another process keeps the lock for `seconds`, "home_unusable" when there can
    be no lock in the directory.
    """
    try:
        lock = FileLock(make_private(home) / "credentials.lock", mode=0o600)
        lock.acquire(timeout=seconds)
    except Timeout:
        raise CredentialsError(
            "busy",
            "Another revtops process is storing credentials and did not finish in time.",
            "Try again; if it stays so, end the other process.",
        ) from None
    except OSError as error:
        raise CredentialsError(
            "home_unusable",
            f"Credentials cannot be stored: the data directory {home} is not usable ({error.strerror}).",
            "Make it writable for you, or name another one with REVTOPS_HOME.",
        ) from error
    try:
        yield
    finally:
        lock.release()
