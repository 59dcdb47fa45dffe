"""What rows must be like, as SQL: conditions on columns, whose values are always bound, never written into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Operator = Literal["contains", "=", "<", "<=", ">", ">=", "empty"]


@dataclass(frozen=True)
class Condition:
    """One of `columns` is like this.

    A text is compared in any case of its ASCII letters; for an order, only its beginning, as long as `value`: so that
    `<= 2026-03` takes all of March.
    """

    columns: tuple[str, ...]
    operator: Operator
    value: str | float = ""

    @property
    def sql(self) -> tuple[str, list[str | float]]:
        """The condition, and the values for its marks."""
        conditions = " OR ".join(self._condition(f'"{column}"') for column in self.columns)
        return conditions, [self._bound] * (0 if self.operator == "empty" else len(self.columns))

    def _condition(self, column: str) -> str:
        if self.operator == "empty":
            return f"{column} IS NULL OR {column} = ''"
        if self.operator == "contains":
            return f"{column} LIKE ? ESCAPE '\\'"
        if not isinstance(self.value, str):
            return f"{column} {self.operator} ?"
        if self.operator == "=":
            return f"{column} = ? COLLATE NOCASE"
        return f"substr({column}, 1, {len(self.value)}) {self.operator} ? COLLATE NOCASE"

    @property
    def _bound(self) -> str | float:
        if self.operator != "contains":
            return self.value
        escaped = str(self.value).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"%{escaped}%"


@dataclass(frozen=True)
class Clause:
    """Any of these alternatives, each of them a list of conditions that hold together; or none, when `negated`."""

    alternatives: tuple[tuple[Condition, ...], ...]
    negated: bool = False

    @property
    def sql(self) -> tuple[str, list[str | float]]:
        """The clause, and the values for its marks."""
        values: list[str | float] = []
        alternatives = []
        for together in self.alternatives:
            parts = [condition.sql for condition in together]
            alternatives.append(" AND ".join(f"({sql})" for sql, _ in parts))
            values += [value for _, bound in parts for value in bound]
        whole = " OR ".join(f"({alternative})" for alternative in alternatives)
        return (f"NOT ifnull({whole}, 0)" if self.negated else f"({whole})"), values


def where(clauses: Sequence[Clause]) -> tuple[str, list[str | float]]:
    """A WHERE with all of these, or nothing; and the values for its marks."""
    parts = [clause.sql for clause in clauses]
    values = [value for _, bound in parts for value in bound]
    return (f" WHERE {' AND '.join(sql for sql, _ in parts)}" if parts else ""), values
