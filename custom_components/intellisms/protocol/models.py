"""Messages and status reports as typed, immutable values.

Whatever a person wrote or is called stays out of `repr`, so that no log line,
traceback or assertion can show it by accident.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


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
    IMAGE = "image"


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One received message.

    `to` and `sender` are in one spelling (see `canonical_number`), `sent` is in
    UTC. `key` identifies the same message when the provider posts it again.
    `raw` is the object as posted, only for a type that is not in `MessageType`.
    """

    key: str
    type: str
    channel: str | None = None
    to: str | None = field(default=None, repr=False)
    sender: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    button_id: str | None = field(default=None, repr=False)
    button_text: str | None = field(default=None, repr=False)
    reply_to: str | None = field(default=None, repr=False)
    media_url: str | None = field(default=None, repr=False)
    user_data: str | None = field(default=None, repr=False)
    network_code: str | None = field(default=None, repr=False)
    message_id: str | None = field(default=None, repr=False)
    sent: datetime | None = None
    raw: dict[str, Any] | None = field(default=None, repr=False)
    raw_truncated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BadElement:
    """An element of `messages` that is not an object, reduced to its shape."""

    shape: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusReport:
    """How far a message that was sent has come."""

    key: str
    message_id: str | None = field(default=None, repr=False)
    to: str | None = field(default=None, repr=False)
    status: str
    status_code: int | None = None


# What a post holds, one after the other.
type Element = Message | StatusReport | BadElement
