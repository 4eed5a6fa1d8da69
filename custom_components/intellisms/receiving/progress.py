"""How far a message that was sent to a contact has come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypedDict

from homeassistant.util import dt as dt_util

# Messages to a contact that are followed; the journal's file has the last of them.
MAX_FOLLOWED = 10


class Followed(TypedDict):
    """What an entity tells of a message; `sent` is in ISO 8601."""

    message_id: str | None
    status: str
    channel: str
    type: str
    sent: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """A message that was sent, and what is known of its way.

    `key` tells which message a report is about, whatever its recipient's number looks like, and
    is None where the provider gave no id. `sent` is aware. `number_id` is the subentry of the
    virtual number that it is from, None where it is from none. `question` is what it asks.
    """

    key: str | None
    message_id: str | None = field(repr=False)
    status: str
    channel: str
    type: str
    sent: datetime
    number_id: str | None = None
    question: Any = field(default=None, repr=False)

    def as_attributes(self) -> Followed:
        """Return what an entity tells of it."""
        return {
            "message_id": self.message_id,
            "status": self.status,
            "channel": self.channel,
            "type": self.type,
            "sent": self.sent.isoformat(),
        }

    def as_stored(self) -> dict[str, Any]:
        """Return what the journal's file has of it, which is no number."""
        return {
            **self.as_attributes(),
            "key": self.key,
            "number_id": self.number_id,
            "question": self.question,
        }


def read_progress(stored: Iterable[Mapping[str, Any]]) -> tuple[Progress, ...]:
    """Take over what `as_stored` made; KeyError, TypeError or ValueError if it did not."""
    return tuple(map(_read_one, stored))


def _read_one(stored: Mapping[str, Any]) -> Progress:
    for key in ("status", "channel", "type"):
        if not isinstance(stored[key], str):
            raise TypeError(key)
    for key in ("key", "message_id", "number_id"):
        if not isinstance(stored[key], str | None):
            raise TypeError(key)
    sent = dt_util.parse_datetime(stored["sent"], raise_on_error=True)
    if sent.tzinfo is None:
        raise ValueError("sent")
    return Progress(
        key=stored["key"],
        message_id=stored["message_id"],
        status=stored["status"],
        channel=stored["channel"],
        type=stored["type"],
        sent=sent.astimezone(UTC),
        number_id=stored["number_id"],
        question=stored["question"],
    )
