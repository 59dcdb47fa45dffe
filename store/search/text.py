"""How text is made comparable: case, accents and widths are folded away, in what is indexed and in what is asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_ACCENTS = re.compile("[\u0300-\u036f]")
# Ideographs, kana and Hangul: scripts whose words are not, or not only, separated by spaces.
_UNSPACED = (
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_IN_A_RUN = re.compile(f"(?<=[{_UNSPACED}])(?=\\w)|(?<=\\w)(?=[{_UNSPACED}])")
_WORD = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")
_SYMBOLS = frozenset("+#%@$€£_=")
_MOST_WORDS = 12
_LONGEST_WORD = 80
_EXCERPT, _BEFORE = 100, 12
"""Characters of an excerpt, and of it before what matched."""


def folded(text: str) -> str:
    """`text` as it is compared: in small letters without accents, and with a space between any two ideographs, so that
    each is a word of its own and a part of a name is found in scripts that do not separate words.
    """
    if text.isascii():
        return text.lower()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return _IN_A_RUN.sub(" ", unicodedata.normalize("NFC", plain))


@dataclass(frozen=True)
class Question:
    """What is searched for. `words`: folded, each the beginning of something; `literal`: those of them whose symbols
    count, like `c++`; `expression`: what FTS5 is asked, empty where there is no letter and no digit in it.
    """

    whole: str
    words: tuple[str, ...]
    literal: tuple[str, ...]
    expression: str


def question(text: str) -> Question:
    """What somebody typed, as a question to the index: every word has to begin a word of the record."""
    words = [folded(word[:_LONGEST_WORD]) for word in "".join(c if c.isprintable() else " " for c in text).split()]
    asked = tuple(word for word in words if _WORD.search(word))[:_MOST_WORDS]
    literal = tuple(word for word in asked if word[0] in _SYMBOLS or word[-1] in _SYMBOLS)
    return Question(" ".join(asked), asked, literal, " AND ".join(map(_phrase, asked)))


def _phrase(word: str) -> str:
    quoted = '"' + word.replace('"', " ") + '"'
    return quoted if word[-1] in _SYMBOLS else f"{quoted}*"


def matches(text: str, asked: str) -> list[tuple[int, int]]:
    """Where in `text` the words of `asked` begin a word: from and to, in order, for emphasis."""
    parts = [part for word in question(asked).words for part in _WORD.findall(word)]
    found = (_match(word, parts) for word in _WORD.finditer(text))
    return [span for span in found if span is not None]


def excerpt(text: str, asked: str) -> str:
    """What stands in `text` around the first of the words that `asked` begins; empty where there is none."""
    found = matches(text, asked)
    if not found:
        return ""
    start = max(0, found[0][0] - _BEFORE)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    return ("…" if start else "") + " ".join(text[start : start + _EXCERPT].split())


def _match(word: re.Match[str], parts: Sequence[str]) -> tuple[int, int] | None:
    start, end = word.span()
    own = folded(word[0])
    longest = max((len(part) for part in parts if own.startswith(part)), default=0)
    if not longest:
        return None
    return start, (start + longest if len(own) == end - start else end)
