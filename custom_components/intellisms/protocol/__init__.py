"""What the provider posts and accepts, without Home Assistant."""

from .content import is_notice
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
from .values import read_name

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
    "is_notice",
    "parse",
    "raw_fields",
    "read_name",
    "sender_key",
]
