"""Which message is the same: what of a post does not change when it is posted again."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
import json
from typing import Any

# Twelve base64 characters on disk, and no two of 20,000 keys alike by chance.
KEY_BYTES = 9


def key_of(*in_json: str) -> str:
    """Return the digest that tells whether two posts are of the same message.

    It is `KEY_BYTES` long, in base64, of texts that `as_json` returned.
    """
    digest = blake2b("\n".join(in_json).encode(), digest_size=KEY_BYTES).digest()
    return urlsafe_b64encode(digest).decode()


def as_json(value: Any) -> str:
    """Return a value as JSON, the same in whatever order its objects have their names.

    It is ASCII, so it is never shorter than in UTF-8.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def in_one_spelling(posted: Mapping[str, Any], read: Mapping[str, str | None]) -> list[Any]:
    """Return fields of a post as they were read; one that could not be stands as it was posted.

    Otherwise all that cannot be read would be one message.
    """
    return [posted.get(name) if value is None else value for name, value in read.items()]
