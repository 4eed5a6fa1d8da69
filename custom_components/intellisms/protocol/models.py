"""Messages and status reports as typed, immutable values.

Whatever a person wrote or is called stays out of `repr`, so that no log line,
traceback or assertion can show it by accident.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Self, get_args, get_origin


class ChannelName(StrEnum):
    """The channels the provider documents; it may name others."""

    SMS = "sms"
    WHATSAPP = "whatsapp"


class MessageType(StrEnum):
    """The message types we understand; any other keeps the provider's word."""

    TEXT = "text"
    BINARY = "binary"
    BUTTON = "button"
    REPLY = "reply"
    LIST_REPLY = "list_reply"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    REACTION = "reaction"
    MMS = "mms"


# What a tap on a button or a row comes as.
BUTTON_TYPES = frozenset({MessageType.BUTTON, MessageType.REPLY, MessageType.LIST_REPLY})
# New words for a message that was sent before. It is said, but no type of its own to entities.
EDIT = "edit"


class ParseReason(StrEnum):
    """Why a post cannot be read."""

    EMPTY = "empty"
    NOT_JSON = "not_json"
    NO_MESSAGES = "no_messages"
    TOO_MANY = "too_many"
    ALL_BAD = "all_bad"
    NOT_A_FORM = "not_a_form"


class ParseError(Exception):
    """A post that is not in the provider's format.

    `shape` is the post's outline without any content, safe to show in public.
    """

    def __init__(self, reason: ParseReason, shape: str) -> None:
        """Keep the reason; the text that was posted is not part of the error."""
        super().__init__(reason.value)
        self.reason = reason
        self.shape = shape


# What the metadata of a message's field may say: a person said it or sent it along, it may fill
# kilobytes, and it has no place of its own in an event.
_SAID = {"said": True}
_SAID_AT_LENGTH = {"said": True, "long": True}
_NOT_TOLD = {"told": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One received message.

    `to` and `sender` are in one spelling (see `canonical_number`), `sent` is in
    UTC. `key` identifies the same message when the provider posts it again.
    `user_id` is WhatsApp's id of a person, who then may have no number. `forwarded`
    are words that were passed on, and a `notice` is what nobody said, such as that
    a message was deleted. `user_data` is the hex of a binary SMS, `network_code` the
    MCC and MNC of the older form (`234010`). `raw` is what was posted. An event has
    the fields under their names; whom the message is to and from, the event tells
    together with who that is.
    """

    key: str = field(metadata=_NOT_TOLD)
    to: str | None = field(default=None, repr=False, metadata=_NOT_TOLD)
    sender: str | None = field(default=None, repr=False, metadata=_NOT_TOLD)
    user_id: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    channel: str | None = None
    type: str
    text: str | None = field(default=None, repr=False, metadata=_SAID_AT_LENGTH)
    button_id: str | None = field(default=None, repr=False, metadata=_SAID)
    button_text: str | None = field(default=None, repr=False, metadata=_SAID)
    reply_to: str | None = field(default=None, repr=False)
    media_url: str | None = field(default=None, repr=False, metadata=_SAID)
    media_type: str | None = field(default=None, repr=False)
    file_name: str | None = field(default=None, repr=False, metadata=_SAID)
    latitude: float | None = field(default=None, repr=False, metadata=_SAID)
    longitude: float | None = field(default=None, repr=False, metadata=_SAID)
    forwarded: bool = False
    group_id: str | None = field(default=None, repr=False)
    notice: bool = False
    user_data: str | None = field(default=None, repr=False, metadata=_SAID_AT_LENGTH)
    network_code: str | None = field(default=None, repr=False)
    message_id: str | None = field(default=None, repr=False)
    sent: datetime | None = None
    raw: dict[str, Any] | None = field(default=None, repr=False, metadata=_SAID_AT_LENGTH)
    raw_truncated: bool = False

    @property
    def identities(self) -> tuple[str, ...]:
        """Return what its sender is looked up by: `sender`, and `user_id` where that is nobody's.

        Only WhatsApp gives ids; one that a message of another channel claims is nobody's.
        """
        if self.channel == ChannelName.WHATSAPP:
            return tuple(dict.fromkeys(filter(None, (self.sender, self.user_id))))
        return (self.sender,) if self.sender and self.sender != self.user_id else ()

    @property
    def size(self) -> int:
        """Return how many characters the message's texts have together; `raw` does not count."""
        return sum(len(value) for value in _all_of(self) if isinstance(value, str))

    @property
    def picture_url(self) -> str | None:
        """Return the link to a picture, whatever type of message it came in.

        Photos are sent as documents too, and stickers are pictures. What is sent as a picture is
        one unless its media type says that it is a video.
        """
        kind = (self.media_type or "").strip().lower()
        is_picture = kind.startswith("image/") or (
            self.type == MessageType.IMAGE and not kind.startswith("video/")
        )
        return self.media_url if is_picture else None

    def as_event(self) -> dict[str, Any]:
        """Return the message's part of an event's data: the keys of `TOLD`, `sent` as ISO 8601."""
        told = dict(zip(TOLD, _told_of(self), strict=True))
        told["sent"] = self.sent and self.sent.isoformat()
        return told

    @classmethod
    def from_event(cls, event: Mapping[str, Any], *, sender: str | None) -> Self:
        """Rebuild a message from the data that `as_event` made; its `key` is empty, `to` is None.

        Raises KeyError, TypeError or ValueError where no message can have made the data.
        """
        told = {name: event[name] for name in TOLD}
        if told["sent"] is not None:
            told["sent"] = datetime.fromisoformat(told["sent"])
        for name, classes in _CLASSES.items():
            if not isinstance(told[name], classes):
                raise TypeError(name)
        return cls(key="", sender=sender, **told)


def _names(word: str, *, by_default: bool = False) -> tuple[str, ...]:
    """Return the names of a message's fields whose metadata say yes to a word, in their order.

    `by_default` is the answer of a field that does not have the word.
    """
    return tuple(one.name for one in fields(Message) if one.metadata.get(word, by_default))


# An event's keys that are a message's; of these, what a person said, and what may be long.
TOLD = _names("told", by_default=True)
SAID = _names("said")
LONG = _names("long")
_told_of = attrgetter(*TOLD)
_all_of = attrgetter(*(one.name for one in fields(Message)))
# The classes that the value of each of these keys may have, for isinstance: `dict` stands for
# `dict[str, Any]`.
_CLASSES = {
    one.name: tuple(get_origin(each) or each for each in get_args(one.type) or (one.type,))
    for one in fields(Message)
    if one.name in TOLD
}


@dataclass(frozen=True, kw_only=True, slots=True)
class BadElement:
    """An element of a post's list that is not an object, reduced to its shape."""

    shape: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusReport:
    """How far a message that was sent has come.

    `to` is the recipient, in one spelling. `status` is a word of `STATUS_WORDS`, "unknown"
    for any other; `status_code` is None if what was posted is no number. `status_text` is the
    provider's own word and `category` what it makes of it (`success`, `interim`, `failure`
    or `rejection`), `user_key` what was given when sending. `key` identifies the same
    report when the provider posts it again.
    """

    key: str
    message_id: str | None = field(default=None, repr=False)
    to: str | None = field(default=None, repr=False)
    status: str
    status_code: int | None = None
    status_text: str | None = field(default=None, repr=False)
    category: str | None = field(default=None, repr=False)
    user_key: str | None = field(default=None, repr=False)


class OtherKind(StrEnum):
    """What the provider may post that is neither a message nor a status report."""

    OTHER_NOTIFICATION = "other_notification"
    SUBSCRIPTION_EVENT = "subscription_event"


# What a post holds, one after the other.
type Element = Message | StatusReport | OtherKind | BadElement
