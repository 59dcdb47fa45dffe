"""Numbers and times out of a seed: the same everywhere, for every process, without holding what they describe."""

from __future__ import annotations

import datetime as dt
import functools
import zlib

DAY_MS = 86_400_000
_MASK = (1 << 64) - 1
_MINUTES = [f"{n // 60:02d}:{n % 60:02d}" for n in range(1440)]
_SECONDS = [f"{n:02d}" for n in range(60)]
_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()


def mix(seed: int, index: int) -> int:
    """64 bits that look random and depend on nothing but `seed` and `index` (the finalizer of SplitMix64)."""
    bits = ((index + 1) * 0x9E3779B97F4A7C15 + seed) & _MASK
    bits = ((bits ^ bits >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ bits >> 27) * 0x94D049BB133111EB) & _MASK
    return bits ^ bits >> 31


def stream(seed: int, name: str) -> int:
    """The seed of one independent sequence under `seed`; `hash` would differ between processes."""
    return mix(seed, zlib.crc32(name.encode()))


@functools.lru_cache(maxsize=4096)
def iso_day(day: int) -> str:
    """`YYYY-MM-DD` of a day counted from 1970-01-01."""
    return dt.date.fromordinal(_EPOCH_ORDINAL + day).isoformat()


def iso_utc(milliseconds: int) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ` of milliseconds since 1970 UTC; a hot path: `datetime` costs three times as much."""
    day, rest = divmod(milliseconds, DAY_MS)
    minute, rest = divmod(rest, 60_000)
    return f"{iso_day(day)}T{_MINUTES[minute]}:{_SECONDS[rest // 1000]}.{rest % 1000:03d}Z"
