"""A million HubSpot-shaped deals as one file of equally long JSON objects.

Equal length is what makes the server cheap: page k of the listing is one slice of the file, and a changed deal is
written over the old one. Content depends on the index only, so every run and every contender sees the same deals.
"""

from __future__ import annotations

import datetime as dt
import mmap
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

OWNER_IDS = tuple(str(40001 + i) for i in range(50))
COMPANIES = 20_000
FIRST_DEAL_ID = 9_000_000_000
FIRST_COMPANY_ID = 7_000_000_000
PIPELINES = {
    f"7000000{p}": tuple((f"8100{p}{s:02d}", f"Stage {s}", probability) for s, probability in enumerate(probabilities))
    for p, probabilities in enumerate(
        [("0.1", "0.2", "0.4", "0.6", "0.8", "1.0", "0.0"), ("0.2", "0.5", "0.9", "1.0", "0.0")], 1
    )
}
"""Pipeline id -> its stages as (id, label, probability)."""

_STAGES = [(pipeline, stage, probability) for pipeline, stages in PIPELINES.items() for stage, _, probability in stages]
_EPOCH = dt.datetime(2022, 1, 1, tzinfo=dt.UTC)
_EPOCH_MS = int(_EPOCH.timestamp() * 1000)
_MODIFIED_STEP_MS = 60_000
_KINDS = ("Renewal", "Expansion", "New logo", "Pilot", "Migration")
_FILLER = (
    "Call the buying committee, confirm scope with their architect, agree dates, send the revised order. "
    "Then book the kick-off with both teams."
)
_SIZE = 670  # bytes of one deal including the comma behind it

_TEMPLATE = (
    '{{"id":"{id}","properties":{{"amount":"{amount}","closedate":"{close}","contract_term":"{term}","createdate":"{created}",'
    '"deal_currency_code":"{currency}","dealname":"{name}","dealstage":"{stage}","deal_source":"{source}",'
    '"hs_deal_stage_probability":"{probability}","hs_lastmodifieddate":"{modified}","next_step":"{step}",'
    '"hs_object_id":"{id}","urgency":"{urgency}","hubspot_owner_id":"{owner}","pipeline":"{pipeline}",'
    '"renewal_risk":"{risk}"}},"createdAt":"{created}","updatedAt":"{modified}","archived":false}},'
)


def iso(ms: int) -> str:
    """Milliseconds since 1970 as HubSpot writes a time, always 24 characters."""
    return f"{dt.datetime.fromtimestamp(ms // 1000, dt.UTC).isoformat()[:19]}.{ms % 1000:03d}Z"


def render(index: int, version: int, modified_ms: int) -> bytes:
    """Deal `index` as JSON with a comma behind it, exactly `_SIZE` bytes; a version has its own name and amount."""
    pipeline, stage, probability = _STAGES[index * 7 % len(_STAGES)]
    created_ms = _EPOCH_MS + index * _MODIFIED_STEP_MS
    values = {
        "id": FIRST_DEAL_ID + index,
        "amount": f"{1000 + index * 7919 % 90000 + version}.50",
        "close": iso(created_ms + (30 + index % 90) * 86_400_000),
        "term": 12 + index % 3 * 12,
        "created": iso(created_ms),
        "currency": ("USD", "EUR", "GBP")[index % 3],
        "name": f"{_KINDS[index % 5]} {index:07d}" + (f" (revised {version})" if version else ""),
        "stage": stage,
        "source": ("referral", "outbound call")[index % 2],
        "probability": probability,
        "modified": iso(modified_ms),
        "urgency": ("low", "medium", "high")[index % 3],
        "owner": OWNER_IDS[index % len(OWNER_IDS)],
        "pipeline": pipeline,
        "risk": ("green", "amber", "red")[index % 3],
    }
    text = _TEMPLATE.format(step="{}", **values)
    return text.replace("{}", _FILLER[: _SIZE - len(text) + 2], 1).encode()


def company_of(index: int) -> int:
    """The id of the one company that deal `index` belongs to."""
    return FIRST_COMPANY_ID + index * 31 % COMPANIES


class Deals:
    """`rows` deals in a file that has no name any more; `touch` changes some in place, `remove` leaves some out,
    `reset` takes both back.
    """

    def __init__(self, rows: int, folder: Path) -> None:
        self.rows = rows
        self.touched: dict[int, int] = {}
        """Index of a changed deal -> when it was changed, in ms since 1970."""
        self.version = 0
        self._live: list[int] | None = None
        with tempfile.TemporaryFile(dir=folder) as file:
            for start in range(0, rows, 10_000):
                file.write(
                    b"".join(render(i, 0, self._first_modified(i)) for i in range(start, min(start + 10_000, rows)))
                )
            file.flush()
            self._map = mmap.mmap(file.fileno(), rows * _SIZE)

    @property
    def json_bytes(self) -> int:
        """How many bytes of JSON one full listing holds, without the pages' frames."""
        return self.rows * _SIZE

    @property
    def live(self) -> int:
        """How many deals were not removed."""
        return self.rows if self._live is None else len(self._live)

    def slice(self, start: int, stop: int) -> bytes:
        """The `start`-th to `stop`-th of the live deals, as the inside of a JSON array."""
        if self._live is not None:
            return self.pick(self._live[start:stop])
        return self._map[start * _SIZE : stop * _SIZE - 1] if stop > start else b""

    def pick(self, indices: Iterable[int]) -> bytes:
        """Any deals, as the inside of a JSON array."""
        return b"".join(self._map[i * _SIZE : (i + 1) * _SIZE] for i in indices)[:-1]

    def touch(self, fraction: float, now_ms: int) -> int:
        """Change that part of the deals, spread over the whole range; returns how many."""
        self.version += 1
        step = max(1, round(1 / fraction))
        chosen = range(self.version * 7 % step, self.rows, step)
        for index in chosen:
            self._write(index, render(index, self.version, now_ms))
            self.touched[index] = now_ms
        return len(chosen)

    def remove(self, fraction: float) -> int:
        """Remove that part of the deals, spread over the whole range; returns how many."""
        gone = range(0, self.rows, max(1, round(1 / fraction)))
        self._live = sorted(set(range(self.rows)).difference(gone))
        return len(gone)

    def reset(self) -> None:
        """Every deal as it was at the start."""
        self._live = None
        for index in self.touched:
            self._write(index, render(index, 0, self._first_modified(index)))
        self.touched.clear()
        self.version = 0

    def modified_between(self, low_ms: float, high_ms: float) -> list[int]:
        """Indices, ascending, of the deals whose last-modified time lies in this closed range."""
        first = max(0, -int(-(low_ms - _EPOCH_MS) // _MODIFIED_STEP_MS)) if low_ms > _EPOCH_MS else 0
        last = (
            min(self.rows - 1, int((high_ms - _EPOCH_MS) // _MODIFIED_STEP_MS))
            if high_ms < float("inf")
            else self.rows - 1
        )
        untouched = [i for i in range(first, last + 1) if i not in self.touched]
        return sorted(untouched + [i for i, ms in self.touched.items() if low_ms <= ms <= high_ms])

    def _first_modified(self, index: int) -> int:
        return _EPOCH_MS + index * _MODIFIED_STEP_MS

    def _write(self, index: int, deal: bytes) -> None:
        self._map[index * _SIZE : (index + 1) * _SIZE] = deal
