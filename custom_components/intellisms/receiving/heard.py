"""When, from which number and to which a contact wrote last: by that they are written back to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from homeassistant.util import dt as dt_util

from ..const import MAX_NUMBER_LENGTH
from ..protocol import ChannelName, Message, sender_key

# Pairs of a channel and a virtual number that are kept of a contact.
MAX_HEARD = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """The last message of a contact by one channel to one virtual number, without what it says.

    `sender` is what they wrote from, `to` the virtual number; `at` is aware, and never later than
    the message came. `is_closed` is set where the provider has said since that WhatsApp takes no
    answer to it any more.
    """

    channel: ChannelName
    to: str = field(repr=False)
    sender: str = field(repr=False)
    at: datetime
    is_closed: bool = False

    def as_stored(self) -> dict[str, Any]:
        """Return what the journal's file has of it."""
        return {
            "channel": self.channel.value,
            "to": self.to,
            "from": self.sender,
            "at": self.at.isoformat(),
            "closed": self.is_closed,
        }


def heard_after(
    heard: tuple[Heard, ...], message: Message, *, to: str | None, received_at: datetime
) -> tuple[Heard, ...]:
    """Return what is known of a contact's writing after one more message, the newest first.

    `to` is None where it went to no virtual number of ours. What was said in a group was not said
    to us, and opens no window for an answer.
    """
    sender, channel = message.sender, message.channel
    if to is None or sender is None or len(sender) > MAX_NUMBER_LENGTH or message.group_id:
        return heard
    if channel is None or channel not in ChannelName:
        return heard
    # A message can come long after it was sent, and WhatsApp's window is open since then.
    at = min(message.sent or received_at, received_at)
    new = Heard(channel=ChannelName(channel), to=to, sender=sender, at=at)
    newest: dict[tuple[str, str], Heard] = {}
    for one in sorted((new, *heard), key=attrgetter("at"), reverse=True):
        newest.setdefault((one.channel, one.to), one)
    return tuple(newest.values())[:MAX_HEARD]


def heard_closed(
    heard: tuple[Heard, ...], *, sender: str, to: str, until: datetime
) -> tuple[Heard, ...]:
    """Return what is known when WhatsApp takes no answer to what `sender` wrote to `to`.

    What they wrote after `until`, when the answer was sent, it would take.
    """

    def is_meant(one: Heard) -> bool:
        return (
            one.channel is ChannelName.WHATSAPP
            and one.at <= until
            and (sender_key(one.sender), sender_key(one.to)) == (sender_key(sender), sender_key(to))
        )

    return tuple(replace(one, is_closed=True) if is_meant(one) else one for one in heard)


def read_heard(stored: Iterable[Mapping[str, Any]]) -> tuple[Heard, ...]:
    """Take over what `as_stored` made; KeyError, TypeError or ValueError if it did not."""
    return tuple(map(_read_one, stored))


def _read_one(stored: Mapping[str, Any]) -> Heard:
    for key in ("to", "from"):
        if not isinstance(stored[key], str):
            raise TypeError(key)
    if not isinstance(stored["closed"], bool):
        raise TypeError("closed")
    at = dt_util.parse_datetime(stored["at"], raise_on_error=True)
    if at.tzinfo is None:
        raise ValueError("at")
    return Heard(
        channel=ChannelName(stored["channel"]),
        to=stored["to"],
        sender=stored["from"],
        at=at.astimezone(UTC),
        is_closed=stored["closed"],
    )
