"""What the provider posts and accepts, without Home Assistant."""

from .answers import (
    KEYS_REFUSED,
    AnswerError,
    SendError,
    SendOutcome,
    SendResult,
    doubtful,
    failed,
    read_balance,
    read_send_answer,
)
from .content import (
    is_notice,
)
from .gsm import (
    size_of,
)
from .incoming import (
    parse,
)
from .limits import (
    ContentError,
    ContentProblem,
)
from .models import (
    BUTTON_TYPES,
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
from .numbers import (
    canonical_number,
    line,
    sender_key,
)
from .outgoing import (
    REQUEST_VERSION,
    RESPONSE_VERSION,
    Draft,
    Outgoing,
    check_question,
    cut_to_fit,
)
from .raw import (
    raw_fields,
)
from .reports import (
    NOT_DELIVERED,
    RESPONSE_WINDOW,
    STATUS_WORDS,
    UNKNOWN_STATUS,
    Category,
    category_of,
    is_further,
    message_key,
)
from .sendable import (
    Answer,
    Buttons,
    Choices,
    Content,
    Picture,
    SendChannel,
    SentType,
    Sms,
    Template,
    Voice,
    WhatsAppText,
)
from .values import (
    read_name,
)

__all__ = [
    "BUTTON_TYPES",
    "EDIT",
    "KEYS_REFUSED",
    "LONG",
    "NOT_DELIVERED",
    "REQUEST_VERSION",
    "RESPONSE_VERSION",
    "RESPONSE_WINDOW",
    "SAID",
    "STATUS_WORDS",
    "TOLD",
    "UNKNOWN_STATUS",
    "Answer",
    "AnswerError",
    "BadElement",
    "Buttons",
    "Category",
    "ChannelName",
    "Choices",
    "Content",
    "ContentError",
    "ContentProblem",
    "Draft",
    "Element",
    "Message",
    "MessageType",
    "OtherKind",
    "Outgoing",
    "ParseError",
    "ParseReason",
    "Picture",
    "SendChannel",
    "SendError",
    "SendOutcome",
    "SendResult",
    "SentType",
    "Sms",
    "StatusReport",
    "Template",
    "Voice",
    "WhatsAppText",
    "canonical_number",
    "category_of",
    "check_question",
    "cut_to_fit",
    "doubtful",
    "failed",
    "is_further",
    "is_notice",
    "line",
    "message_key",
    "parse",
    "raw_fields",
    "read_balance",
    "read_name",
    "read_send_answer",
    "sender_key",
    "size_of",
]
