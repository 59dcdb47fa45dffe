"""The viewer of bodies: laid out, folded, searched, copied from; hostile and huge ones change only themselves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from revtops_tui.tui.theme import DARK
from revtops_tui.tui.widgets.body import JsonBody, read_body
from revtops_tui.tui.widgets.json_view import JsonView

DEALS = {
    "total": 3,
    "results": [{"id": str(n), "properties": {"dealname": f"Deal {n}", "a b": None}} for n in range(3)],
}


class _Viewer(App[None]):
    """Nothing but the viewer; what is copied is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.copied: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield JsonView(empty="No body.")

    def on_mount(self) -> None:
        self.register_theme(DARK)
        self.theme = DARK.name

    def copy(self, text: str, what: str) -> None:
        """As the app's."""
        self.copied.append((text, what))


class _Visit:
    def __init__(self, app: _Viewer, pilot: Pilot[None]) -> None:
        self.app = app
        self.press: Callable[..., Any] = pilot.press
        self.view = app.query_one(JsonView)
        self.pause = pilot.pause
        self.click = pilot.click

    @property
    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def screen(self) -> str:
        return "\n".join(self.lines)

    async def show(self, body: Any, kind: str = "application/json") -> None:
        self.view.show(body if isinstance(body, bytes | str) else json.dumps(body), kind)
        self.view.focus()
        await self.pause()


@asynccontextmanager
async def viewing(width: int = 60, height: int = 20) -> AsyncIterator[_Visit]:
    app = _Viewer()
    async with app.run_test(size=(width, height)) as pilot:
        yield _Visit(app, pilot)


async def test_json_is_laid_out() -> None:
    async with viewing() as visit:
        await visit.show(DEALS)
        assert visit.lines[0].strip() == "▾ {"
        assert '    "total": 3,' in visit.lines
        assert '        "id": "0",' in visit.screen


async def test_nothing_to_show_says_so() -> None:
    async with viewing() as visit:
        await visit.pause()
        assert "No body." in visit.screen


async def test_a_node_is_folded_and_unfolded_by_key_and_by_mouse() -> None:
    async with viewing() as visit:
        await visit.show(DEALS)
        await visit.press("j", "j", "enter")
        assert any(line.startswith('▸   "results": [ … 21 lines … ]') for line in visit.lines)
        assert visit.lines[3].strip() == "}"
        await visit.press("j")
        assert visit.view.path == "$"
        await visit.click(JsonView, offset=(0, 2))
        assert "Deal 0" in visit.screen


async def test_everything_within_is_folded_at_once() -> None:
    async with viewing() as visit:
        await visit.show(DEALS)
        await visit.press("j", "j", "z")
        assert visit.screen.count("… 6 lines …") == 0
        assert visit.screen.count("lines …") == 3
        assert "Deal" not in visit.screen
        await visit.press("z")
        assert visit.screen.count("lines …") == 0


async def test_what_is_searched_for_is_found_in_what_is_folded_too() -> None:
    async with viewing() as visit:
        await visit.show(DEALS)
        await visit.press("j", "j", "enter", "g")
        await visit.press("slash", *"deal ", "enter")
        assert visit.view.path == "$.results[0].properties.dealname"
        await visit.press("n")
        assert visit.view.value == "Deal 1"
        await visit.press("N", "N")
        assert visit.view.value == "Deal 2", "around the top"


async def test_a_search_that_is_dropped_leads_back() -> None:
    async with viewing() as visit:
        await visit.show(DEALS)
        await visit.press("j", "slash", *"2", "escape")
        assert visit.view.path == "$.total"


async def test_value_and_path_are_copied() -> None:
    async with viewing() as visit:
        await visit.show(DEALS)
        await visit.press("slash", *"a b", "enter", "y", "Y", "k", "k", "Y", "y")
    assert visit.app.copied[:2] == [
        ("null", '$.results[0].properties["a b"]'),
        ('$.results[0].properties["a b"]', "path"),
    ]
    path, node = visit.app.copied[2:]
    assert path == ("$.results[0].properties", "path")
    assert json.loads(node[0]) == {"dealname": "Deal 0", "a b": None}


async def test_a_line_of_ten_megabytes_opens_and_scrolls_to_its_end() -> None:
    text = "x" * 10_000_000 + "the end"
    async with viewing() as visit:
        await visit.show({"text": text, "more": 1})
        assert '"more": 1' in visit.screen
        await visit.press("j", "end")
        assert "the end" in visit.screen
        await visit.press("0")
        assert visit.lines[1].startswith('    "text": "xxx')
        await visit.press("slash", *"the end", "enter")
        assert "the end" in visit.screen


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
async def test_hostile_text_is_text(kind: str) -> None:
    hostile = "[@click=app.quit]x[/] \x1b[2J\x00\u202e\u200b wide 会社 \x9b31m"
    async with viewing(width=90) as visit:
        await visit.show({"name": hostile} if "json" in kind else f"start\n{hostile}\nend", kind)
        assert "[@click=app.quit]x[/]" in visit.screen
        assert not set("\x1b\x00\u202e\u200b\x9b") & set(visit.screen)
        assert visit.lines[2].strip() in ("}", "end")


async def test_bytes_are_dumped() -> None:
    async with viewing(width=90) as visit:
        await visit.show(b"\x89PNG\r\n\x1a\n\0\0" + bytes(range(32)), "image/png")
        assert visit.lines[0].startswith("  00000000  89 50 4e 47 0d 0a 1a 0a 00 00")
        assert "·PNG····" in visit.lines[0]
        await visit.press("slash", *"png", "enter")
        assert visit.view.number == 0


async def test_it_is_shown_as_it_came_on_request() -> None:
    async with viewing(width=90) as visit:
        await visit.show('{"big":123456789012345678901234567890, "b":1.10}')
        await visit.press("v")
        assert '{"big":123456789012345678901234567890, "b":1.10}' in visit.screen
        await visit.press("v")
        assert "▾ {" in visit.screen


def test_json_that_was_cut_short_is_text() -> None:
    body = read_body(b'{"a": [1, 2', "application/json")
    assert not body.is_json
    assert body.line(0) == '{"a": [1, 2'


def test_a_form_has_one_field_to_a_line() -> None:
    body = read_body("a=1&b=2", "application/x-www-form-urlencoded")
    assert [body.line(n) for n in range(body.count)] == ["a=1&", "b=2"]


def test_every_line_of_a_document_has_the_path_of_its_value() -> None:
    document = {"a": [[1, {"b": []}], "x\ny", {}], 'q"': {"c": True}}
    body = JsonBody(json.dumps(document).encode())
    reached = {body.path(n): body.value(n) for n in range(body.count)}
    assert reached["$.a[0][1].b"] == "[]"
    assert reached["$.a[1]"] == "x\ny"
    assert reached["$.a[2]"] == "{}"
    assert reached['$["q\\""].c'] == "true"
    assert json.loads(reached["$.a"]) == document["a"]
    assert json.loads(reached["$"]) == document
