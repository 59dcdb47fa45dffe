"""The words of SQL: of SQLite, which the local data speaks, and of PostgreSQL."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMON = """
ALL AND AS ASC BETWEEN BY CASE CAST COLLATE CROSS CURRENT_DATE CURRENT_TIMESTAMP DESC DISTINCT ELSE END ESCAPE EXCEPT
EXISTS FILTER FIRST FOLLOWING FROM FULL GROUP HAVING IN INNER INTERSECT INTO IS JOIN LAST LEFT LIKE LIMIT NATURAL NOT
NULL NULLS OFFSET ON OR ORDER OUTER OVER PARTITION PRECEDING RANGE RECURSIVE RIGHT ROW ROWS SELECT THEN UNBOUNDED UNION
USING VALUES WHEN WHERE WINDOW WITH
"""
_SQLITE = "EXPLAIN GLOB INDEXED ISNULL MATERIALIZED NOTNULL PLAN QUERY REGEXP"
_POSTGRES = "ARRAY ANALYZE EXPLAIN FALSE FETCH ILIKE INTERVAL LATERAL MATERIALIZED SIMILAR TABLE TRUE"

_AGGREGATES = "avg count max min sum row_number rank dense_rank lag lead first_value last_value ntile"
_FUNCTIONS = "abs ceil coalesce floor length lower ltrim nullif replace round rtrim sign substr trim upper"
_SQLITE_FUNCTIONS = """
date datetime format group_concat hex ifnull iif instr json_array_length json_each json_extract json_group_array
json_group_object julianday printf random strftime time total typeof unicode unixepoch
"""
_POSTGRES_FUNCTIONS = """
age array_agg bool_and bool_or concat concat_ws current_database date_part date_trunc extract generate_series greatest
initcap json_agg json_build_object jsonb_agg jsonb_array_elements jsonb_build_object jsonb_each least left lpad now
percentile_cont position regexp_matches regexp_replace right split_part string_agg substring to_char to_date to_number
to_timestamp unnest
"""

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Language:
    """What a request is written in. Without `keywords` it is the connector's own, and only names can be offered.

    `functions` are in the order in which they are offered: those that summarise first.
    """

    keywords: frozenset[str] = frozenset()
    functions: tuple[str, ...] = ()

    @property
    def is_sql(self) -> bool:
        """Whether it has words that are known here."""
        return bool(self.keywords)


def _words(*texts: str) -> list[str]:
    return " ".join(texts).split()


SQLITE = Language(frozenset(_words(_COMMON, _SQLITE)), tuple(_words(_AGGREGATES, _FUNCTIONS, _SQLITE_FUNCTIONS)))
POSTGRES = Language(frozenset(_words(_COMMON, _POSTGRES)), tuple(_words(_AGGREGATES, _FUNCTIONS, _POSTGRES_FUNCTIONS)))
OWN = Language()

CLAUSES = frozenset(
    _words("SELECT FROM JOIN WHERE ON GROUP ORDER HAVING LIMIT OFFSET USING VALUES WINDOW WITH SET UNION")
)
"""The words that say what kind of thing follows."""


def language_of(description: str) -> Language:
    """What a connector's requests are written in, by what it says of them."""
    if "PostgreSQL" in description:
        return POSTGRES
    return SQLITE if re.search(r"\bSQL\b", description) else OWN


def quoted(name: str) -> str:
    """A name as it stands in SQL: in quotes where it would be read as something else."""
    is_plain = _PLAIN_NAME.fullmatch(name) and name.upper() not in SQLITE.keywords | POSTGRES.keywords
    return name if is_plain else '"{}"'.format(name.replace('"', '""'))
