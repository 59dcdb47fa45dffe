"""What a streaming `sync_*` may yield besides records.

A generator yields records (or mappings with their fields), lists of them, and these values. Order matters in one
way only: a checkpoint covers everything yielded before it, and is committed in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from connectors.models import Record

Item: TypeAlias = Record | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where to go on after a crash. `cursor` is any JSON value; the next run finds it in `self.resume_cursor`."""

    cursor: Any


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a full listing together with the bytes it was made from.

    When a run before this one stored a page of the same `key` from the same `content`, `records` is not called: an
    unchanged page costs a hash. So `content` must hold everything that `records` looks at (replies of look-ups too).
    `cursor`, when given, is a checkpoint right behind the page.
    """

    key: str
    content: Sequence[bytes]
    records: Callable[[], Iterable[Item]]
    cursor: Any = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """Ids that the vendor reports as deleted or archived; their rows are marked `deleted_at`, never removed."""

    source_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where the vendor's own feed of changes goes on behind this run. `value` is any JSON value.

    It is kept with the watermark, so only when the entity finished whole; the next run finds it in `self.bookmark`.
    Where the vendor no longer takes it, raise BookmarkLostError: the entity is then listed in full, at once.
    """

    value: Any


@dataclass(frozen=True, slots=True)
class Expect:
    """How many records the vendor says are coming: the total of a progress bar, nothing else."""

    total: int


StreamItem: TypeAlias = Item | Iterable[Item] | Page | Checkpoint | Deleted | Bookmark | Expect
