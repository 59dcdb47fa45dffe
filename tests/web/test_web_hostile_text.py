"""Whatever a vendor writes into its records is text in a browser, too: it changes nothing but its own cell."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlsplit

from playwright.sync_api import FloatRect, Page, expect

from revtops_tui.tui.text import plain
from tests.support.command_line import SECONDS, CommandLine, Shop
from tests.tui.test_tui_hostile_text import HOSTILE as IN_A_TERMINAL
from tests.web.served import Screen, Served, until

HOSTILE = {
    **{name: text for name, text in IN_A_TERMINAL.items() if name != "long"},
    "script": "<script>document.title='owned'; fetch('/owned')</script>",
    "image": '<img src=x onerror="document.title=\'owned\'">"><svg onload=alert(1)>',
    "end of an element": "</div></body></html><h1>owned</h1>&lt;b&gt;&#0;",
    "template": "{{7*7}}${7*7}%s{websocket}",
    "address": "javascript:alert(1) http://owned.example/",
    "link of a terminal": "\x1b]8;;http://owned.example/\x1b\\here\x1b]8;;\x1b\\",
    "clipboard of a terminal": "\x1b]52;c;b3duZWQ=\x07",
    "question to a terminal": "\x1b[6n\x1b[c\x05\x1bP$q\x1b\\",
    "packet of the app's own": '__GANGLION__\nM\x00\x00\x00\x0f{"type":"exit"}',
    "ten megabytes": "x" * 10_000_000,
}
GRID = FloatRect(x=252, y=0, width=948, height=800)
"""All but the list of tables, which counts the runs: the grid, what is above and below it, and the end of the page."""
LONGEST = 200
"""Characters that no column of the grid has room for."""
CODE = rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_]|[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]"


def test_a_page_of_hostile_names_is_the_page_of_their_letters(
    page: Page, served: Served, revtops: CommandLine, connected_shop: Shop
) -> None:
    _sync(revtops, connected_shop, list(HOSTILE.values()))
    _open_the_deals(page, served)
    page = page.context.new_page()
    done: list[str] = []
    page.on("request", lambda request: done.append(urlsplit(request.url).netloc))
    page.on("dialog", lambda dialog: done.append(dialog.message))
    page.on("pageerror", lambda error: done.append(str(error)))
    hostile, drawn = _shown(page, served)
    elements = _elements(page)
    assert (page.title(), page.url) == ("revtops", f"http://{served.host}/")
    _sync(revtops, connected_shop, [plain(text[:LONGEST]) for text in HOSTILE.values()])
    other = page.context.new_page()
    harmless, _ = _shown(other, served, like=drawn)
    assert _elements(other) == elements
    assert set(done) == {served.host}
    assert _controls(hostile) == _controls(harmless)


def _sync(revtops: CommandLine, shop: Shop, names: list[str]) -> None:
    shop.change(deals=[{"source_id": f"{n:02}", "name": name, "stage": "KEPT"} for n, name in enumerate(names)])
    assert revtops("sync").code == 0


def _open_the_deals(page: Page, served: Served) -> None:
    """Where the app is opened again from now on."""
    screen = Screen(page)
    page.goto(served.url)
    screen.sees("Shop")
    screen.press("2")
    screen.sees("Accounts")
    for key in ("/", *"deals", "Enter", "Enter"):
        screen.press(key)
    screen.sees("KEPT")
    screen.press("q")
    expect(page.get_by_text("revtops has ended.")).to_be_visible(timeout=SECONDS * 1000)


def _shown(page: Page, served: Served, *, like: bytes | None = None) -> tuple[Screen, bytes]:
    """Open the app, and have it drawn: a picture of the page once it stands, or is `like` another."""
    screen = Screen(page)
    page.goto(f"http://{served.host}/")
    screen.sees(f"1 of {len(HOSTILE)}", "<script>")
    pictures = [page.screenshot(clip=GRID)]

    def stands() -> bool:
        pictures.append(page.screenshot(clip=GRID))
        return pictures[-1] == (pictures[-2] if like is None else like)

    until(stands)
    return screen, pictures[-1]


def _elements(page: Page) -> Counter[str]:
    """The elements that the page is made of."""
    return Counter(page.evaluate("[...document.querySelectorAll('*')].map(each => each.tagName)"))


def _controls(screen: Screen) -> set[bytes]:
    """What else than letters the terminal was told: codes without their numbers, which say where and in what colour."""
    return {re.sub(rb"[0-9;:]+", b"", code) for code in re.findall(CODE, screen.told)}
