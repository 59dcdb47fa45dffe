"""The small web that is searched: the pages of the company's customers, news of its deals, its products."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from revtops_tui.simulators.company import PRODUCTS
from revtops_tui.simulators.hubspot.seeded import AWKWARD_NAMES
from revtops_tui.simulators.seeding import iso_utc

if TYPE_CHECKING:
    from revtops_tui.simulators.story import Deal, Story


@dataclass(frozen=True)
class WebPage:
    """A page; `published` is in milliseconds since 1970 UTC, 0 for one without a date."""

    url: str
    title: str
    text: str
    published: int = 0

    @cached_property
    def words(self) -> frozenset[str]:
        """The words on it."""
        return frozenset(re.findall(r"\w+", f"{self.title} {self.text}".lower()))

    @property
    def host(self) -> str:
        """Where it is."""
        return urlsplit(self.url).hostname or ""

    @property
    def date(self) -> str | None:
        """When it was published."""
        return iso_utc(self.published) if self.published else None

    @property
    def markdown(self) -> str:
        """What a browser shows of it."""
        return f"# {self.title}\n\n{self.text}"

    @property
    def html(self) -> str:
        """What a browser makes of it."""
        return f"<h1>{escape(self.title)}</h1><p>{escape(self.text)}</p>"


class Web:
    """The pages of a story. News are as old as the last change of their deal is before the story's end.

    Args:
        now: when the story ends, in milliseconds since 1970 UTC.
    """

    def __init__(self, story: Story, now: int) -> None:
        self._story = story
        self._now = now

    def at(self, url: str) -> WebPage | None:
        """The page at an address; what follows # is the browser's."""
        return self._by_url.get(_plain(url))

    def search(self, words: str, *, sites: Sequence[str], since: int) -> list[WebPage]:
        """The pages with any of these words, the one with the most first; of these sites, where there are any."""
        wanted = set(re.findall(r"\w+", words.lower()))
        found = [
            page
            for page in self._pages
            if page.published >= since
            and wanted & page.words
            and (not sites or any(page.host == site or page.host.endswith(f".{site}") for site in sites))
        ]
        return sorted(found, key=lambda page: (-len(wanted & page.words), -page.published, page.url))

    @cached_property
    def _pages(self) -> list[WebPage]:
        company, story = self._story.company, self._story
        found = [
            WebPage(
                f"https://{company.domain}/products/{product.lower().replace(' ', '-')}",
                f"{product} | {company.name}",
                f"{product} by {company.name}: what it does, for whom it is, and what it costs.",
            )
            for product in PRODUCTS
        ]
        for index in range(story.customers):
            customer = company.customer(index)
            trade = customer.industry.replace("_", " ").lower()
            about = f"{customer.name} of {customer.city}, {customer.country}: {trade}, {customer.employees} people."
            found.append(WebPage(f"https://{customer.domain}/", f"About {customer.name}", about))
        return found + [self._news(story.deal(index)) for index in story.key_deals()]

    @cached_property
    def _by_url(self) -> dict[str, WebPage]:
        return {_plain(page.url): page for page in self._pages}

    def _news(self, deal: Deal) -> WebPage:
        company = self._story.company
        name = company.customer_name(deal.customer)
        title = AWKWARD_NAMES.get(deal.index // 4) or f"{name} considers {deal.product}"
        text = f"{name} talks to {company.name} about {deal.product}, says {self._story.contact(deal).title}. News."
        published = self._now - (self._story.end - deal.modified)
        return WebPage(f"https://{company.customer_domain(deal.customer)}/news/{deal.index}", title, text, published)


def _plain(url: str) -> str:
    return url.partition("#")[0].rstrip("/")
