"""What the provider posts and accepts, without Home Assistant."""

from .incoming import parse, raw_fields
from .models import (
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
