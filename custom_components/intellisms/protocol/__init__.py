"""What the provider posts and accepts, without Home Assistant."""

from .content import raw_fields
from .incoming import parse
from .models import (
    LONG,
    SAID,
    STATUS_WORDS,
    TOLD,
    BadElement,
    ChannelName,
    Element,
    Message,
    MessageType,
    ParseError,
    ParseReason,
    StatusReport,
)
from .numbers import canonical_number, sender_key

__all__ = [
    "LONG",
    "SAID",
    "STATUS_WORDS",
    "TOLD",
    "BadElement",
    "ChannelName",
    "Element",
    "Message",
    "MessageType",
    "ParseError",
    "ParseReason",
    "StatusReport",
    "canonical_number",
    "parse",
    "raw_fields",
    "sender_key",
]
