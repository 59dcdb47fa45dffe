"""`GoogleDriveSimulator`: one user's Google Drive on this machine."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, ClassVar

from revtops_tui.simulators.google_drive import seeded
from revtops_tui.simulators.google_drive.account import DOCUMENT, Account, File, Person, now_ms
from revtops_tui.simulators.google_drive.changes import ChangeRoutes
from revtops_tui.simulators.google_drive.edits import EditRoutes
from revtops_tui.simulators.google_drive.files import FileRoutes
from revtops_tui.simulators.google_drive.replies import fault_reply, refusal, unauthorized
from revtops_tui.simulators.signing_in import Flow
from revtops_tui.simulators.vendor import VendorSimulator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from revtops_tui.simulators.faults import Fault

_TOKEN = "simulated-token"  # noqa: S105 - opens nothing but this simulation
_CHANNEL_TOKEN = "simulated-channel-token"  # noqa: S105


class GoogleDriveSimulator(VendorSimulator):
    """The Drive of one colleague, and the shared drives that this colleague sees."""

    slug: ClassVar[str] = "google_drive"
    flow = Flow(
        "/o/oauth2/v2/auth",
        "/token",
        "/revoke",
        pkce=True,
        seconds=3_599,
        renewal="left_out",
        offline=("access_type", "offline"),
        prefix="ya29.",
    )

    def __init__(self, **options: Any) -> None:
        self._account: Account | None = None
        super().__init__(**options)

    @property
    def account(self) -> Account:
        """The files; tests and demos do there what users do."""
        if self._account is None:
            colleague = self.story.company.colleagues[0]
            user = Person(f"{colleague.first_name} {colleague.last_name}", colleague.email)
            self._account = Account(user, self.story.seed)
            seeded.fill(self._account, self.story)
        return self._account

    @property
    def credentials(self) -> dict[str, Any]:
        return {"access_token": _TOKEN, "channel_token": _CHANNEL_TOKEN}

    def routes(self) -> Sequence[BaseRoute]:
        edits, files = EditRoutes(self.account), FileRoutes(self.account)
        return [*edits.routes(), *files.routes(), *ChangeRoutes(self.account, self.outbox).routes()]

    def unauthorized(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {_TOKEN}".encode()):
            return None
        return unauthorized()

    def fault_reply(self, fault: Fault) -> Response:
        return fault_reply(fault)

    def not_found(self) -> Response:
        return refusal(404, "notFound", "Not Found")

    def counts(self) -> dict[str, int]:
        return {"shared_files": self.account.live()}

    @property
    def changeable(self) -> tuple[str, ...]:
        return ("shared_files",)

    def create(self, entity: str) -> str:  # noqa: ARG002 - there is one
        now = now_ms()
        beside = self._documents()[0]
        file = File(
            self.account.new_id(),
            "A new plan",
            DOCUMENT,
            beside.parent,
            beside.drive,
            self.account.user,
            now,
            now,
            "# Plan\n",
        )
        return self.account.add(file).id

    def change(self, entity: str) -> str:  # noqa: ARG002
        file = self._documents()[0]
        file.name = f"{file.name} (changed)"
        self.account.touch(file)
        return file.id

    def remove(self, entity: str) -> str:  # noqa: ARG002
        file = self._documents()[1]
        self.account.trash(file)
        return file.id

    def _documents(self) -> list[File]:
        return [f for f in self.account.files.values() if f.mime == DOCUMENT and f.shared is None and not f.trashed]
