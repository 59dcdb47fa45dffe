"""Drive's search language: `name contains 'plan' and not trashed = true` as a test on a file.

Terms and operators are those of Google's page "Search query terms and operators".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from revtops_tui.simulators.google_drive.account import Account, File
from revtops_tui.simulators.google_drive.replies import invalid

Test = Callable[[File], bool]

_TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.)*')|(<=|>=|!=|[=<>(){}])|([A-Za-z][A-Za-z.]*))")
_CHILDREN = re.compile(r"'[^'\\]*' in parents(?: or '[^'\\]*' in parents)*")
_TIMES = {"modifiedTime": "modified", "createdTime": "created", "sharedWithMeTime": "shared"}
_EQUAL = ("=", "!=")
_ORDERED = (*_EQUAL, "<", "<=", ">", ">=")


def parse(query: str, account: Account) -> Test:
    """The test that a query means. Raises RefusalError."""
    parser = _Parser(query, account)
    test = parser.either()
    parser.end()
    return test


def folders_in(query: str) -> list[str] | None:
    """The folders of a query that asks for their children and nothing else: found without looking at every file."""
    return re.findall(r"'([^'\\]*)'", query) if _CHILDREN.fullmatch(query) else None


class _Parser:
    def __init__(self, query: str, account: Account) -> None:
        self._account = account
        self._tokens = _tokens(query)
        self._at = 0

    def either(self) -> Test:
        """`a or b`."""
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda file: any(test(file) for test in tests)

    def end(self) -> None:
        """Nothing may follow."""
        if self._at < len(self._tokens):
            raise _bad()

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda file: all(test(file) for test in tests)

    def _one(self) -> Test:
        if self._take("not"):
            test = self._one()
            return lambda file: not test(file)
        if self._take("("):
            test = self.either()
            self._expect(")")
            return test
        token = self._next()
        return self._contained(_text(token)) if token.startswith("'") else self._term(token)

    def _contained(self, value: str) -> Test:
        self._expect("in")
        match self._next():
            case "parents":
                folder = self._account.root if value == "root" else value
                return lambda file: file.parent == folder
            case "owners" | "writers" | "readers":
                return lambda file: file.drive is None and file.owner.email == value
        raise _bad()

    def _term(self, name: str) -> Test:
        operator = self._next()
        if name in ("properties", "appProperties") and operator == "has":
            return self._property(is_app=name == "appProperties")
        value = self._next()
        if name in _TIMES and operator in _ORDERED:
            moment = _moment(_text(value))
            return lambda file: _compared(getattr(file, _TIMES[name]), operator, moment)
        if name in ("trashed", "starred", "sharedWithMe") and operator in _EQUAL and value in ("true", "false"):
            wanted = (value == "true") is (operator == "=")
            return lambda file: _flag(name, file) is wanted
        return _words(name, operator, _text(value))

    def _property(self, *, is_app: bool) -> Test:
        self._expect("{")
        pair = []
        for position, part in enumerate(("key", "value")):
            if position:
                self._expect("and")
            self._expect(part)
            self._expect("=")
            pair.append(_text(self._next()))
        self._expect("}")
        key, value = pair
        return lambda file: is_app and file.app_properties.get(key) == value

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise _bad()
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise _bad()


def _tokens(query: str) -> list[str]:
    tokens, at = [], 0
    query = query.rstrip()
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            raise _bad()
        tokens.append(match[match.lastindex or 0])
        at = match.end()
    return tokens


def _text(token: str) -> str:
    if not token.startswith("'"):
        raise _bad()
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def _moment(text: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise _bad() from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp() * 1000)


def _compared(value: int | None, operator: str, moment: int) -> bool:
    if value is None:
        return False
    return {
        "=": value == moment,
        "!=": value != moment,
        "<": value < moment,
        "<=": value <= moment,
        ">": value > moment,
        ">=": value >= moment,
    }[operator]


def _flag(name: str, file: File) -> bool:
    return {"trashed": file.trashed, "sharedWithMe": file.shared is not None}.get(name, False)


def _words(name: str, operator: str, value: str) -> Test:
    wanted = value.casefold()
    match name, operator:
        case ("name", "contains"):  # the beginnings of words, as Google says
            return lambda file: any(file.name.casefold().startswith(wanted, at) for at in _starts(file.name.casefold()))
        case ("fullText", "contains"):
            return lambda file: _mentions(file, wanted)
        case ("mimeType", "contains"):
            return lambda file: file.mime.startswith(value)
        case ("name" | "mimeType" | "shortcutDetails.targetId", "=" | "!="):
            attribute = {"name": "name", "mimeType": "mime"}.get(name, "target")
            return lambda file: (getattr(file, attribute) == value) is (operator == "=")
    raise _bad()


def _starts(text: str) -> list[int]:
    return [match.start() for match in re.finditer(r"(?<!\w)\S", text)]


def _mentions(file: File, wanted: str) -> bool:
    content = file.content if isinstance(file.content, str) else ""
    if isinstance(file.content, bytes) and file.mime.startswith("text/"):
        content = file.content.decode("utf-8", "replace")
    text = f"{file.name}\n{content}".casefold()
    if wanted.startswith('"') and wanted.endswith('"'):
        return wanted.strip('"') in text
    return all(word in text for word in wanted.split())


def _bad() -> Exception:
    return invalid("Invalid Value", "q")
