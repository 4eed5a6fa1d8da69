"""What was posted, kept for whoever needs more than is read here."""

import json
from typing import TypedDict

from .values import JsonObject

# Bytes of JSON; a larger object would not fit into an event that the recorder keeps.
RAW_LIMIT = 16 * 1024
# Bytes that a character takes at most (`\u0000`), and that stand around a field and its content.
_CHARACTER_BYTES = 6
_FIELD_BYTES = len('"":"",')
_AROUND_BYTES = len('{"content":,}')


class Raw(TypedDict):
    """The fields of a `Message` that keep what was posted."""

    raw: JsonObject | None
    raw_truncated: bool


def raw_fields(posted: JsonObject | None, *, content_bytes: int | None = None) -> Raw:
    """Keep an object as it was posted, unless it is longer than `RAW_LIMIT`; None is not kept.

    `content_bytes` are those that its `content` takes at most, where somebody knows: hardly any
    message is encoded only to learn its length.
    """
    fits = posted is None or _may_take(posted, content_bytes) <= RAW_LIMIT or _fits(posted)
    return {"raw": posted if fits else None, "raw_truncated": not fits}


def _may_take(posted: JsonObject, content_bytes: int | None) -> int:
    """Return how many bytes an object takes at most; more than fit where that is not plain."""
    most = _AROUND_BYTES + (content_bytes or 0)
    for name, value in posted.items():
        if name == "content" and content_bytes is not None:
            continue
        if not isinstance(value, str):
            return RAW_LIMIT + 1
        most += _FIELD_BYTES + _CHARACTER_BYTES * (len(name) + len(value))
    return most


def _fits(posted: JsonObject) -> bool:
    """Tell whether an object takes no more than `RAW_LIMIT`."""
    stored = json.dumps(posted, ensure_ascii=False, separators=(",", ":"), default=str)
    return len(stored.encode()) <= RAW_LIMIT
