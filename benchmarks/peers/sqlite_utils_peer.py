"""sqlite-utils: requests and one `upsert_all` over the whole listing. Validates nothing; all values stay text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import deals_api
import requests
import sqlite_utils

if TYPE_CHECKING:
    from collections.abc import Iterator


def _deals(base_url: str) -> Iterator[dict[str, Any]]:
    emails = deals_api.owners(base_url)
    with requests.Session() as session:
        session.headers.update(deals_api.HEADERS)
        path = deals_api.LISTING
        while path:
            answer = session.get(base_url + path)
            answer.raise_for_status()
            page = answer.json()
            for deal in page["results"]:
                yield deals_api.fields(deal, emails)
            following = page.get("paging")
            path = f"{deals_api.LISTING}&after={following['next']['after']}" if following else ""


def main() -> None:
    """Load every deal of the listing."""
    options = deals_api.options()
    database = sqlite_utils.Database(options.folder / "sqlite-utils.db")
    database.enable_wal()
    database["deals"].upsert_all(_deals(options.base_url), pk="source_id", batch_size=1000)
    database.close()


if __name__ == "__main__":
    main()
