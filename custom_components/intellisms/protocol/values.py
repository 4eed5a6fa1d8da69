"""Single values of a post, each read as well as it can be: what is of a wrong type is None."""

from datetime import UTC, datetime
from typing import Any

from .numbers import canonical_number

# Characters. A type or a channel is a word, since it names event types and states.
MAX_WORD = 64

# A JSON object as it was posted, with anything in it.
type JsonObject = dict[str, Any]


def read_object(holder: JsonObject, name: str) -> JsonObject:
    """Return the object that `holder` has under a name, an empty one if there is none."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def read_text(value: Any) -> str | None:
    """Return a text as it was posted, an empty one too."""
    return value if isinstance(value, str) else None


def read_identifier(value: Any) -> str | None:
    """Return an id as text, whether it was posted as text or as a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return (read_text(value) or "").strip() or None


def read_number(value: Any) -> str | None:
    """Return a number in the one spelling of `canonical_number`."""
    identifier = read_identifier(value)
    return None if identifier is None else canonical_number(identifier)


def read_word(value: Any) -> str | None:
    """Return a type or channel without surrounding white space, cut to `MAX_WORD`."""
    return (read_text(value) or "").strip()[:MAX_WORD] or None


def read_time(value: Any) -> datetime | None:
    """Read W3CDTF (`2025-06-03T13:50:05+01:00`) as a time in UTC.

    A time without an offset is None: which one is meant would be a guess.
    """
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return read.astimezone(UTC) if read.tzinfo else None
    except ValueError, OverflowError:
        return None
