"""Which parts of a text are what, line by line; looked at as far as lines are asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate

from revtops_tui.tui.sql.scan import Token, scan
from revtops_tui.tui.sql.words import Language

Span = tuple[int, int, str]
"""Columns from and to, and the role: keyword, function, string, number or comment."""

_ROLES = {"comment": "comment", "string": "string", "number": "number"}


class Highlights:
    """The spans of a text that does not change."""

    def __init__(self, lines: Sequence[str], language: Language) -> None:
        self.lines = list(lines)
        self._language = language
        self._starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
        self._text = "\n".join(lines)
        self._tokens = scan(self._text)
        self._reached = 0
        self._spans: defaultdict[int, list[Span]] = defaultdict(list)

    def of(self, number: int) -> Sequence[Span]:
        """The spans of a line, in order."""
        end = self._starts[number + 1]
        while self._reached < end and (token := next(self._tokens, None)):
            self._reached = token.end
            if role := self._role(token):
                self._add(token, role)
        return self._spans[number]

    def _role(self, token: Token) -> str:
        if token.kind != "word":
            return _ROLES.get(token.kind, "")
        if token.upper in self._language.keywords:
            return "keyword"
        is_called = self._text[token.end : token.end + 1] == "("
        return "function" if is_called and token.text.lower() in self._language.functions else ""

    def _add(self, token: Token, role: str) -> None:
        """A token may be several lines long."""
        first = bisect_right(self._starts, token.start) - 1
        last = bisect_right(self._starts, token.end - 1) - 1
        for number in range(first, last + 1):
            start = max(0, token.start - self._starts[number])
            end = min(len(self.lines[number]), token.end - self._starts[number])
            self._spans[number].append((start, end, role))
