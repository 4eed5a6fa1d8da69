"""What is kept of the account as a whole: counters, when something came, who is missed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from homeassistant.util import dt as dt_util


@dataclass(kw_only=True, slots=True)
class AccountRecord:
    """What is kept of the account; all times are aware.

    `last_report` is when a status report came last. Until the first has come, `unreported` counts
    messages that were sent, and `unreported_since` is when the first of them was.
    """

    last_post: datetime | None = None
    last_report: datetime | None = None
    unreported: int = 0
    unreported_since: datetime | None = None
    ignored: Counter[str] = field(default_factory=Counter)
    # Names of numbers and contacts that were removed and that an automation still waits for, by
    # the ids of their devices.
    missed: dict[str, str] = field(default_factory=dict, repr=False)

    def as_stored(self) -> dict[str, Any]:
        """Return what the journal's file has of it."""
        return {
            "last_post": _written(self.last_post),
            "last_report": _written(self.last_report),
            "unreported": self.unreported,
            "unreported_since": _written(self.unreported_since),
            "ignored": dict(self.ignored),
            "missed": self.missed.copy(),
        }


def read_account(stored: Mapping[str, Any]) -> AccountRecord:
    """Take over what `as_stored` made; whatever else it is raises some exception."""
    return AccountRecord(
        last_post=_read(stored["last_post"]),
        last_report=_read(stored["last_report"]),
        unreported=int(stored["unreported"]),
        unreported_since=_read(stored["unreported_since"]),
        ignored=Counter({str(key): int(count) for key, count in stored["ignored"].items()}),
        missed={str(key): str(name) for key, name in stored["missed"].items()},
    )


def _written(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _read(written: str | None) -> datetime | None:
    if written is None:
        return None
    return dt_util.parse_datetime(written, raise_on_error=True).astimezone(UTC)
