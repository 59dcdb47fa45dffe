"""What a record is before an operation changes it: for showing the change, and for taking it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RecordState:
    """A record as its system has it now.

    Attributes:
        source_id: under which the record is stored here.
        values: what it has where the operation would change it, under the operation's own parameter names and in a form
            that the operation takes; None for what is empty. What cannot be told is left out.
        changed_at: when it was last changed, by anybody.
    """

    source_id: str
    values: Mapping[str, Any]
    changed_at: dt.datetime | None = None


def moment(text: str | None) -> dt.datetime | None:
    """The time that a system wrote as ISO 8601, aware; UTC where it does not say. None for none."""
    if not text:
        return None
    read = dt.datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=dt.UTC)
