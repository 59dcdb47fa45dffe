"""What a contract test says when it fails."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One thing that does not fit. `request` is such as `GET /path`; `where` is the place in the document."""

    vendor: str
    request: str
    what: str
    where: str

    @property
    def kind(self) -> tuple[str, str]:
        """What it has in common with those of other records."""
        return self.where, re.sub(r"[0-9a-f-]*\d[0-9a-f-]*", "N", self.what)

    def __str__(self) -> str:
        return f"{self.vendor} {self.request}: {self.what} ({self.where})"
