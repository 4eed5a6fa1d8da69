"""What the provider posts and accepts, without Home Assistant."""

from .incoming import parse
from .models import (
    EDIT,
    LONG,
    SAID,
    TOLD,
    BadElement,
    ChannelName,
    Element,
    Message,
    MessageType,
    OtherKind,
    ParseError,
    ParseReason,
    StatusReport,
)
from .numbers import canonical_number, sender_key
from .raw import raw_fields
from .reports import STATUS_WORDS

__all__ = [
    "EDIT",
    "LONG",
    "SAID",
    "STATUS_WORDS",
    "TOLD",
    "BadElement",
    "ChannelName",
    "Element",
    "Message",
    "MessageType",
    "OtherKind",
    "ParseError",
    "ParseReason",
    "StatusReport",
    "canonical_number",
    "parse",
    "raw_fields",
    "sender_key",
]
