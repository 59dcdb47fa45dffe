"""PyAirbyte: a declarative source (a manifest, run in this process) into its default cache, DuckDB, merged on the key.

Cheaper for it than for the others: the owner stays an id, and the properties become columns by flattening, not by
templates.
"""

from __future__ import annotations

import airbyte
import deals_api

_PROPERTIES = (
    "amount closedate contract_term createdate deal_currency_code deal_source dealname dealstage "
    "hs_deal_stage_probability hs_lastmodifieddate hubspot_owner_id next_step pipeline renewal_risk urgency"
)


def _manifest(base_url: str) -> dict[str, object]:
    """The listing of deals as Airbyte's low-code language says it."""
    text = {"type": ["null", "string"]}
    columns = dict.fromkeys(("id", "createdAt", "updatedAt", *_PROPERTIES.split()), text)
    paginator = {
        "type": "DefaultPaginator",
        "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "after"},
        "pagination_strategy": {
            "type": "CursorPagination",
            "cursor_value": "{{ response['paging']['next']['after'] }}",
            "stop_condition": "{{ 'paging' not in response }}",
        },
    }
    requester = {
        "type": "HttpRequester",
        "url_base": base_url,
        "path": "/crm/v3/objects/deals",
        "http_method": "GET",
        "request_parameters": {"limit": "100"},
        "request_headers": deals_api.HEADERS,
    }
    stream = {
        "type": "DeclarativeStream",
        "name": "deals",
        "primary_key": ["id"],
        "retriever": {
            "type": "SimpleRetriever",
            "requester": requester,
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["results"]},
            },
            "paginator": paginator,
        },
        "transformations": [
            {"type": "DpathFlattenFields", "field_path": ["properties"], "delete_origin_value": True},
        ],
        "schema_loader": {
            "type": "InlineSchemaLoader",
            "schema": {"type": "object", "additionalProperties": False, "properties": columns},
        },
    }
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["deals"]},
        "streams": [stream],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }


def main() -> None:
    """Read every deal of the listing into the cache."""
    options = deals_api.options()
    source = airbyte.get_source("source-benchmark", config={}, source_manifest=_manifest(options.base_url))
    source.select_streams(["deals"])
    cache = airbyte.new_local_cache("benchmark", cache_dir=options.folder)
    source.read(cache, write_strategy="merge", force_full_refresh=True)


if __name__ == "__main__":
    main()
