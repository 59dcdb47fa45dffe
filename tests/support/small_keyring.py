"""A keyring with the size limit of the Windows Credential Manager, for machines that have none."""

from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

UNITS = 1280


class SmallKeyring(KeyringBackend):
    """Refuses a value over 1,280 UTF-16 code units with Windows' own error. The items are the class's: tests read them.

    `interrupt_after` makes the n-th next change, counted from 0, and all later ones fail, as if the process had died.
    """

    priority = 1
    items: ClassVar[dict[str, str]] = {}
    interrupt_after: ClassVar[int | None] = None

    @classmethod
    def reset(cls) -> None:
        cls.items.clear()
        cls.interrupt_after = None

    def get_password(self, service: str, username: str) -> str | None:
        return self.items.get(service)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._change()
        if len(password.encode("utf-16-le")) // 2 > UNITS:
            raise OSError(1783, "The stub received bad data")
        self.items[service] = password

    def delete_password(self, service: str, username: str) -> None:
        self._change()
        if service not in self.items:
            raise PasswordDeleteError(service)
        del self.items[service]

    @classmethod
    def _change(cls) -> None:
        if cls.interrupt_after is None:
            return
        if cls.interrupt_after == 0:
            raise InterruptedError
        cls.interrupt_after -= 1
