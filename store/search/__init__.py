"""Finding records of one organization by what people call them: by the beginnings of words, ranked, at any size."""

from __future__ import annotations

from store.search.catching_up import catch_up, standing
from store.search.finding import Found, search
from store.search.index import SEARCHED, shapes
from store.search.round import Standing
from store.search.text import matches

__all__ = ["SEARCHED", "Found", "Standing", "catch_up", "matches", "search", "shapes", "standing"]
