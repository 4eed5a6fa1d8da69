"""What the provider posts and accepts, without Home Assistant."""

from .models import (
    BadElement,
    ChannelName,
    Element,
    Message,
    MessageType,
    ParseError,
    ParseReason,
    StatusReport,
)
from .numbers import canonical_number
from .parser import parse, raw_fields

__all__ = [
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
]
