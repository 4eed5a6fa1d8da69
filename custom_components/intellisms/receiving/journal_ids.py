"""Which messages and reports were published before, so that none is published twice.

Ids are kept by the day they came on, and days are counted, not compared: a clock may
jump. A board without a battery starts in 1970, or when it was switched off, until it
hears the time. Whichever dates the clock tells, a jump begins one new day, and a new
day only ever drops the one that was used least lately.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import date
from typing import Any, Self

# Base64 of 9 bytes, as the protocol's readers make it.
KEY_LENGTH = 12
MAX_DAYS = 30
MAX_IDS = 20_000


class Ids:
    """The ids of the last `MAX_DAYS` days on which something came, `MAX_IDS` at most."""

    def __init__(self, days: Mapping[date, OrderedDict[str, None]] | None = None) -> None:
        """Begin with the ids of some days, by default with none."""
        # The day that was used last stands last. The ids of a day are in an ordered dict, since
        # a plain one looks for its first item past all that were deleted.
        self._days = dict(days or {})
        self._drop_oldest()

    def __len__(self) -> int:
        """Return how many ids are known."""
        return sum(map(len, self._days.values()))

    def __contains__(self, key: str) -> bool:
        """Tell whether an id is known."""
        return any(key in ids for ids in self._days.values())

    def add(self, key: str, today: date) -> None:
        """Add an id; the oldest give way."""
        ids = self._days.pop(today, OrderedDict())
        ids[key] = None
        self._days[today] = ids
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Forget days, then ids, until there are no more than may be kept."""
        while len(self._days) > MAX_DAYS:
            del self._days[next(iter(self._days))]
        while len(self) > MAX_IDS:
            day, ids = next(iter(self._days.items()))
            if ids:
                ids.popitem(last=False)
            else:
                del self._days[day]

    def as_stored(self) -> dict[str, Any]:
        """Return all of them as `from_stored` reads them."""
        return {"days": {day.isoformat(): "".join(ids) for day, ids in self._days.items()}}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_stored` returned; whatever else it is raises some exception."""
        return cls({date.fromisoformat(day): _split(keys) for day, keys in stored["days"].items()})


def _split(keys: str) -> OrderedDict[str, None]:
    """Take the ids of a day apart; ValueError if they cannot be ids."""
    if not isinstance(keys, str) or len(keys) % KEY_LENGTH:
        raise ValueError("keys")
    starts = range(0, len(keys), KEY_LENGTH)
    return OrderedDict.fromkeys(keys[start : start + KEY_LENGTH] for start in starts)
