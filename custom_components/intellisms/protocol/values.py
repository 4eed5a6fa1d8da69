"""Single values of a post, each read as well as it can be: what is of a wrong type is None."""

from datetime import UTC, datetime
from math import isfinite
import re
from typing import Any

from .numbers import canonical_number

# Characters. A type or a channel is a word, since it names event types and states.
MAX_WORD = 64
# Any whole number of so many digits fits into 64 bits.
MAX_DIGITS = 18
# A time whose offset lost its plus, which is a space in a form: `...T14:45:12 01:00`.
_LOST_PLUS = re.compile(r"([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?) ([0-9]{2}:?[0-9]{2})")
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")

# A JSON object as it was posted, with anything in it.
type JsonObject = dict[str, Any]


def read_object(holder: JsonObject, name: str) -> JsonObject:
    """Return the object that `holder` has under a name, an empty one if there is none."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def read_objects(holder: JsonObject, name: str) -> list[JsonObject]:
    """Return the objects of the list that `holder` has under a name, none if there is none."""
    value = holder.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


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
    """Return a word without surrounding white space, cut to `MAX_WORD`."""
    return (read_text(value) or "").strip()[:MAX_WORD] or None


def read_name(value: Any) -> str | None:
    """Return the word that a type or channel is called by, in small letters."""
    return (read_word(value) or "").lower()[:MAX_WORD] or None


def read_code(value: Any) -> int | None:
    """Return a code, whether it was posted as a whole number or as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    digits = (read_text(value) or "").strip()
    readable = digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS
    return int(digits) if readable else None


def read_decimal(value: Any) -> float | None:
    """Return a decimal number, whether it was posted as one or as text."""
    if isinstance(value, str) and not _DECIMAL.fullmatch(value := value.strip()):
        return None
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    number = float(value)
    return number if isfinite(number) else None


def read_time(value: Any) -> datetime | None:
    """Read W3CDTF (`2025-06-03T13:50:05+01:00`) as a time in UTC.

    A time without an offset is None: which one is meant would be a guess.
    """
    if not isinstance(value, str):
        return None
    posted = value.strip().upper()
    try:
        read = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", posted))
        return read.astimezone(UTC) if read.tzinfo else None
    except ValueError, OverflowError:
        return None
