"""The readable text of a page. Run as a program it reads one page in a process of its own.

Parsers of HTML and PDF meet whatever a stranger wrote. In their own process they cannot hold this one up, fill its
memory or take it down, and find no credentials in their environment; it ends after `_SECONDS` whatever they do.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from typing import TYPE_CHECKING, Any

import orjson

from connectors.errors import ConnectorError, InvalidInputError
from connectors.wording import printable

if TYPE_CHECKING:
    from connectors.http.public import PublicPage

HTML = ("text/html", "application/xhtml+xml")
PDF = "application/pdf"
PLAIN = (
    "text/plain",
    "text/markdown",
    "text/csv",
    "text/xml",
    "application/xml",
    "application/json",
    "application/rss+xml",
    "application/atom+xml",
)
KINDS = (*HTML, PDF, *PLAIN)
"""The content types that are read."""

_SECONDS = 20
_MEMORY = 2 * 1024**3
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "SYSTEMROOT", "LANG", "LC_ALL", "TMPDIR", "TEMP")


async def read(page: PublicPage, most: int, *, raw: bool = False) -> dict[str, Any]:
    """What can be read of a page: `{"title", "published", "text", "truncated"}`, at most `most` characters of text.

    Args:
        raw: an HTML page as it is, in place of the text in it.

    Raises InvalidInputError where it cannot be read.
    """
    about = {"url": page.url, "kind": page.kind, "charset": page.charset, "most": most, "raw": raw}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", __name__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate(orjson.dumps(about) + b"\n" + page.body)
    except TimeoutError:
        raise InvalidInputError(f"Reading the page took more than {_SECONDS} s, so it was given up.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    answer: dict[str, Any] = orjson.loads(output) if process.returncode == 0 else {"error": "damaged"}
    if "missing" in answer:
        why = printable(answer["missing"], 200)
        raise ConnectorError(f"Reading {page.kind} needs a package that is not installed: {why}")
    if "error" in answer:
        raise InvalidInputError(f"The page cannot be read as {page.kind}: it is damaged, or locked with a password.")
    return answer


def main() -> None:
    """Read a line of JSON and the page's bytes from stdin, write what was found to stdout."""
    _limit_memory()
    about = orjson.loads(sys.stdin.buffer.readline())
    try:
        answer = _found(about, sys.stdin.buffer.read())
    except ImportError as error:
        answer = {"missing": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever a parser raises, it is about this page
        answer = {"error": type(error).__name__}
    sys.stdout.buffer.write(orjson.dumps(answer))


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return  # not on Windows
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _found(about: dict[str, Any], body: bytes) -> dict[str, Any]:
    if about["kind"] == PDF:
        title, published, text = _pdf(body, about["most"])
    elif about["kind"] in HTML and not about["raw"]:
        title, published, text = _html(body, about["charset"], about["url"])
    else:
        title, published, text = "", "", _decoded(body, about["charset"])
    most = about["most"]
    return {"title": title, "published": published, "text": text[:most], "truncated": len(text) > most}


def _html(body: bytes, charset: str | None, url: str) -> tuple[str, str, str]:
    import trafilatura
    from trafilatura.settings import Document
    from trafilatura.utils import decode_file

    source = _decoded(body, charset) if charset else decode_file(body)
    if "<html" not in source.lower():  # which HTML may leave out, and trafilatura wants
        source = f"<html><body>{source}</body></html>"
    document = trafilatura.bare_extraction(source, url=url, with_metadata=True)
    about = document if isinstance(document, Document) else Document()
    # Where there is no article on it, whatever text there is.
    return about.title or "", about.date or "", about.text or trafilatura.html2txt(source)


def _pdf(body: bytes, most: int) -> tuple[str, str, str]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(body))
    text = ""
    for page in reader.pages:
        text += f"{page.extract_text()}\n"
        if len(text) > most:
            break
    return (reader.metadata and reader.metadata.title) or "", "", text


def _decoded(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8-sig", "replace")
    except LookupError:  # a charset that nobody knows
        return body.decode("utf-8-sig", "replace")


if __name__ == "__main__":
    main()
