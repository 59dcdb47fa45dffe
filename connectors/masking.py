"""Secrets taken out of what is about to be stored: some vendors quote what they were sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from connectors.redaction import Redactor
from connectors.rows import Batch
from store.runs import Rejection
from store.upsert import Row


def masked_batches(batches: Sequence[Batch], redactor: Redactor) -> list[Batch]:
    """The batches, with secrets masked in the texts of their rows. Looking for them is one pass over all texts."""
    return [
        Batch(batch.fields, [_masked_row(row, redactor) for row in batch.rows])
        if _hold_secrets(batch.rows, redactor)
        else batch
        for batch in batches
    ]


def masked_rejections(rejections: Sequence[Rejection], redactor: Redactor) -> list[Rejection]:
    """The rejections, with secrets masked in what they say and in what they keep."""
    mask = redactor.text
    return [
        replace(one, source_id=mask(one.source_id), reason=mask(one.reason), payload=mask(one.payload))
        for one in rejections
    ]


def quotes(value: Any, redactor: Redactor) -> bool:
    """Whether a secret stands in a JSON value, such as a cursor that is the address of the next page."""
    return redactor.finds(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS))


def _hold_secrets(rows: Sequence[Row], redactor: Redactor) -> bool:
    try:
        return redactor.finds_in_json(orjson.dumps(rows))  # a quarter of what joining their texts takes
    except TypeError:  # whole numbers over 64 bits and lone surrogates
        texts = "\0".join([cell for row in rows for cell in row if isinstance(cell, str)])
        return redactor.finds(texts.encode("utf-8", "replace"))


def _masked_row(row: Row, redactor: Redactor) -> Row:
    return tuple(redactor.text(cell) if isinstance(cell, str) else cell for cell in row)
