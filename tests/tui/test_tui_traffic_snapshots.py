"""Pictures of the traffic inspector."""

from __future__ import annotations

from dataclasses import replace

from revtops_tui.engine.workspace import Workspace
from store.traffic import FILE_NAME
from tests.tui.driver import Visit
from tests.tui.pictures import SIZES, Compare, picture
from tests.tui.traffics import DEALS, record, some


async def _open(visit: Visit) -> None:
    await visit.press("5")
    await visit.sees("Traffic")


@SIZES
def test_traffic_empty(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _open(visit)
        await visit.sees("Nothing was recorded yet.")

    assert picture(compare, ws, size, walk)


@SIZES
def test_traffic_error(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    record(ws, DEALS)
    for file in ws.home.glob(f"{FILE_NAME}*"):
        file.unlink()
    (ws.home / FILE_NAME).write_text("this is no database")

    async def walk(visit: Visit) -> None:
        await _open(visit)
        await visit.sees("not a revtops database")

    assert picture(compare, ws, size, walk)


@SIZES
def test_traffic_full(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    some(ws)

    async def walk(visit: Visit) -> None:
        await _open(visit)
        await visit.sees("1 of 6")
        await visit.press("G")
        await visit.sees('"results": [')
        await visit.press("enter", "j", "j", "enter")
        await visit.sees("lines …")

    assert picture(compare, ws, size, walk)


@SIZES
def test_traffic_timing_of_a_request_that_was_tried_again(
    compare: Compare, ws: Workspace, size: tuple[int, int]
) -> None:
    some(ws)

    async def walk(visit: Visit) -> None:
        await _open(visit)
        await visit.sees("1 of 6")
        await visit.press("j", "j", "left_square_bracket", "left_square_bracket")
        await visit.sees("3 attempts")

    assert picture(compare, ws, size, walk)


@SIZES
def test_traffic_headers(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    some(ws)

    async def walk(visit: Visit) -> None:
        await _open(visit)
        await visit.press("G", "right_square_bracket", "right_square_bracket")
        await visit.sees("Parameters", "Sent")

    assert picture(compare, ws, size, walk)


@SIZES
def test_traffic_curl(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    some(ws)

    async def walk(visit: Visit) -> None:
        await _open(visit)
        await visit.press("j", "left_square_bracket")
        await visit.sees("curl -X POST")

    assert picture(compare, ws, size, walk)


@SIZES
def test_traffic_filter(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    some(ws)

    async def walk(visit: Visit) -> None:
        await _open(visit)
        await visit.sees("1 of 6")
        await visit.press("slash")
        await visit.sees("Which exchanges?")

    assert picture(compare, ws, size, walk)


@SIZES
def test_traffic_search_in_a_body(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    record(ws, replace(DEALS, may_change=True))

    async def walk(visit: Visit) -> None:
        await _open(visit)
        await visit.sees("results")
        await visit.press("enter", "slash")
        await visit.type("deal 3")
        await visit.sees("/deal 3")

    assert picture(compare, ws, size, walk)
