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
)
from .raw import (
    raw_fields,
)
from .reports import (
    STATUS_WORDS,
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
    "REQUEST_VERSION",
    "RESPONSE_VERSION",
    "SAID",
    "STATUS_WORDS",
    "TOLD",
    "Answer",
    "AnswerError",
    "BadElement",
    "Buttons",
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
    "check_question",
    "doubtful",
    "failed",
    "is_notice",
    "line",
    "parse",
    "raw_fields",
    "read_balance",
    "read_name",
    "read_send_answer",
    "sender_key",
    "size_of",
]
