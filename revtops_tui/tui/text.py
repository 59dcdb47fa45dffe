"""Text on its way to the terminal: vendor text made harmless, values made readable, times made relative."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from rich.cells import cell_len, set_cell_size

from revtops_tui.words import plural

CELL_LIMIT = 400
"""Characters of one value that a single line ever looks at: a megabyte in one cell costs no more than this."""

# C0, DEL and C1 controls, zero-width and direction marks, line separators, joiners and variation selectors (terminals
# disagree about their width, which breaks the columns behind them), lone surrogates (cannot be encoded), tags.
_UNSAFE = re.compile(
    "\r\n|[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]")
_LINE_BREAK = re.compile("\r\n|[\r\n\u2028\u2029]")


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    if _LINE_BREAK.fullmatch(character):
        return "⏎"
    if _INVISIBLE.match(character):
        return ""
    code = ord(character)
    if character == "\t":
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�"


def plain(value: object, limit: int = CELL_LIMIT) -> str:
    """One line that cannot do anything to a terminal: controls become their pictures, direction marks disappear.

    Looks at no more than `limit` characters; a longer text ends in an ellipsis.
    """
    text = value if isinstance(value, str) else str(value)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():  # most are, and this is known in a tenth of the time
        return text
    return _UNSAFE.sub(_shown, text)


def plain_lines(text: str) -> list[str]:
    """All of a text, harmless, split at its own line breaks."""
    return [_UNSAFE.sub(_shown, line) for line in _LINE_BREAK.split(text)]


def pictured(line: str) -> str:
    """A line for an editor: harmless, and with as many characters as before, so that its columns stay what they are."""
    return _UNSAFE.sub(lambda match: "\t" if match[0] == "\t" else _shown(match) or "·", line)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` (already plain) in exactly `width` terminal cells: padded, or cut with an ellipsis."""
    cells = len(text) if text.isascii() else cell_len(text)
    if cells > width:
        return "" if width <= 0 else set_cell_size(text, width - 1) + "…"
    padding = " " * (width - cells)
    return padding + text if right else text + padding


def number(count: int | None) -> str:
    """A count with thousands separators; nothing for None."""
    return "" if count is None else f"{count:,}"


_AGES = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (30 * 86400, 86400, "d"))


def age(moment: dt.datetime | None, now: dt.datetime) -> str:
    """How long ago, in one short word: `now`, `40 s`, `5 min`, `3 h`, `2 d`, then the date."""
    if moment is None:
        return ""
    seconds = (now - moment).total_seconds()
    if seconds < 5:
        return "now"
    for limit, unit, word in _AGES:
        if seconds < limit:
            return f"{int(seconds // unit)} {word}"
    return f"{moment.astimezone():%Y-%m-%d}"


def left(moment: dt.datetime, now: dt.datetime) -> str:
    """How long until then, in one short word: `40 s`, `5 min`, `3 h`, `2 d`; `0 s` for what has passed."""
    seconds = max(0.0, (moment - now).total_seconds())
    for limit, unit, word in _AGES[:-1]:
        if seconds < limit:
            return f"{int(seconds // unit)} {word}"
    return f"{int(seconds // 86400)} d"


def ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    """`age` as it stands in a sentence: `just now`, `5 min ago`, `on 2026-01-31`, `never`."""
    short = age(moment, now)
    if not short:
        return "never"
    if short == "now":
        return "just now"
    return f"{short} ago" if not short[:4].isdigit() or " " in short else f"on {short}"


def label_of(name: str) -> str:
    """A declared name as a label: `access_token` becomes `Access token`."""
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def single_line(value: Any) -> str:
    """Any cell value as one plain line, in its general form."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"{plural(len(value), 'byte')}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(value)


def wrap(text: str, width: int) -> list[str]:
    """Plain lines of at most `width` cells, broken between words where there are any."""
    lines: list[str] = []
    for paragraph in plain_lines(text):
        lines += _chop(paragraph, width) if len(paragraph) > _WRAP_BY_WORDS else _wrap_words(paragraph, width)
    return lines


_WRAP_BY_WORDS = 2_000


def _wrap_words(paragraph: str, width: int) -> list[str]:
    lines, line = [], ""
    for word in re.findall(r"\s*\S+|\s+$", paragraph):
        if cell_len(line + word) <= width:
            line += word
            continue
        if line:
            lines.append(line)
        *full, line = _chop(word.lstrip() if line else word, width)
        lines += full
    return [*lines, line]


def _chop(text: str, width: int) -> list[str]:
    """Pieces that fit, quickly: two cells are reckoned for each character of a text that is not all ASCII."""
    if cell_len(text) <= width:
        return [text]
    step = max(1, width if text.isascii() else width // 2)
    return [text[start : start + step] for start in range(0, len(text), step)] or [""]
