"""dlt to SQLite: its REST client, `merge` on the primary key, with the index on that key.

Without that index (it is not the default) a re-sync is quadratic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import deals_api
import dlt
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLUMN_TYPES = {"amount": "double", "probability": "double", "close_date": "date"} | dict.fromkeys(
    ("created_date", "last_modified_date"), "timestamp"
)


@dlt.resource(
    name="deals",
    primary_key="source_id",
    write_disposition="merge",
    columns={name: {"data_type": kind} for name, kind in _COLUMN_TYPES.items()},  # type: ignore[misc]
)
def _deals(base_url: str) -> Iterator[list[dict[str, Any]]]:
    emails = deals_api.owners(base_url)
    client = RESTClient(base_url, headers=deals_api.HEADERS, data_selector="results")
    paginator = JSONResponseCursorPaginator(cursor_path="paging.next.after", cursor_param="after")
    for page in client.paginate("/crm/v3/objects/deals", params={"limit": 100}, paginator=paginator):
        yield [deals_api.fields(deal, emails) for deal in page]


def main() -> None:
    """Extract, normalize and load every deal of the listing."""
    options = deals_api.options()
    pipeline = dlt.pipeline(
        pipeline_name="benchmark",
        pipelines_dir=str(options.folder / "pipelines"),
        dataset_name="crm",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{options.folder / 'dlt.db'}", create_primary_keys=True),
    )
    pipeline.run(_deals(options.base_url)).raise_on_failed_jobs()


if __name__ == "__main__":
    main()
