"""SQL as tokens, for an editor: any text is some tokens, a statement that is still being written too.

Not Pygments: its lexers take columns such as `type`, `key` or `state` for keywords, and completion and the place of a
mistake need the same tokens as the colours do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

FARTHEST = 50_000
"""Characters of a text that are looked at: beyond them nobody writes, but somebody may have pasted."""

_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<string>  [eE]'(?:\\.|''|[^'\\])*(?:'|\Z) | '(?:''|[^'])*(?:'|\Z) | (?P<tag>\$\w*\$).*?(?:(?P=tag)|\Z) )
    | (?P<quoted>  "(?:""|[^"])*(?:"|\Z) | `[^`]*(?:`|\Z) )
    | (?P<number>  \d+(?:\.\d*)?(?:[eE][+-]?\d+)? | \.\d+ )
    | (?P<word>    [^\W\d][\w$]* )
    | (?P<sign>    \S )
    """,
    re.DOTALL | re.VERBOSE,
)


class Token(NamedTuple):
    """A piece of SQL: `kind` is comment, string, quoted (a name), number, word or sign; `end` is behind it."""

    kind: str
    start: int
    end: int
    text: str

    @property
    def upper(self) -> str:
        """A word as a keyword is written; nothing for what is no word."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """A word or a quoted name as what it names; nothing for anything else."""
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"')
        return self.text if self.kind == "word" else ""


def scan(text: str) -> Iterator[Token]:
    """The tokens of a text, in order; white space is between them. Stops at `FARTHEST`."""
    for match in _TOKEN.finditer(text, 0, FARTHEST):
        kind = match.lastgroup or "sign"
        yield Token("string" if kind == "tag" else kind, match.start(), match.end(), match[0])


def statement_at(tokens: Sequence[Token], at: int) -> list[Token]:
    """Of several statements the one that has the place `at` in it, without comments."""
    found: list[Token] = []
    for token in tokens:
        if token.text == ";":
            if token.start >= at:
                break
            found = []
        elif token.kind != "comment":
            found.append(token)
    return found
