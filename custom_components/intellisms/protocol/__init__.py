"""What the provider posts and accepts, without Home Assistant."""

from .incoming import parse, raw_fields
from .models import (
    LONG,
    SAID,
    STATUS_WORDS,
    TOLD,
    BadElement,
    ChannelName,
    Message,
    Messages,
    MessageType,
    ParseError,
    ParseReason,
    StatusReport,
    StatusReports,
)
from .numbers import canonical_number

__all__ = [
    "LONG",
    "SAID",
    "STATUS_WORDS",
    "TOLD",
    "BadElement",
    "ChannelName",
    "Message",
    "MessageType",
    "Messages",
    "ParseError",
    "ParseReason",
    "StatusReport",
    "StatusReports",
    "canonical_number",
    "parse",
    "raw_fields",
]
