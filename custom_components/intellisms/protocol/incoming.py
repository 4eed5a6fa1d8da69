"""From the bytes of a post to its messages or status reports.

The formats are those of the provider's page "Receive SMS Message": JSON with a
list of messages, the older form-encoded message, and form-encoded status
reports. Nothing here raises anything but `ParseError`.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
import json
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

from .models import (
    STATUS_WORDS,
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
from .shape import shape_of, shape_of_form

# Twelve base64 characters on disk, and no two of 20,000 alike by chance.
KEY_BYTES = 9
RAW_LIMIT = 16 * 1024
# Deeper than any message object is; Home Assistant's own JSON stops at 254.
MAX_DEPTH = 64
MAX_FORM_FIELDS = 100
# More would keep the event loop busy for seconds.
MAX_ELEMENTS = 10_000
# These are read in about 2 ms, in which no other thread goes on.
MAX_VALUES_AT_ONCE = 20_000
# What fits a 64 bit integer, whatever the digits.
MAX_DIGITS = 18
# A type or channel is a word: it names event types and states.
MAX_WORD = 64
UNKNOWN_TYPE = "unknown"

# Written part by part, so that other threads go on meanwhile.
_RAW_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)
_KEY_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

type JsonObject = dict[str, Any]
type Fields = dict[str, Any]


def parse(body: bytes, *, to: str | None = None) -> Iterator[Element]:
    """Take a post apart; each element is made when it is asked for, in the post's order.

    There is at least one message or report. `to` is the virtual number that a form's own
    URL names, if any. JSON or form is told by the first character, whatever the header says.
    Raises ParseError with a reason where the post is not in the provider's format.
    """
    data = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data:
        raise ParseError(ParseReason.EMPTY, "empty")
    if data.startswith((b"{", b"[", b'"')):
        return _parse_json(_decode(data))
    return _parse_form(data.rstrip(b"\r\n"), to)


def _decode(data: bytes) -> str:
    """Read bytes as UTF-8, else as Windows-1252, which has a character for nearly all."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


# ---- JSON -----------------------------------------------------------------------


def _parse_json(text: str) -> Iterator[Element]:
    try:
        document = (_DECODER if _is_read_at_once(text) else _DECODER_OF_MANY).decode(text)
    except ValueError, RecursionError:
        raise ParseError(ParseReason.NOT_JSON, "not JSON") from None
    elements = document.get("messages") if isinstance(document, dict) else None
    if not isinstance(elements, list) or not elements:
        raise ParseError(ParseReason.NO_MESSAGES, shape_of(document))
    if len(elements) > MAX_ELEMENTS:
        raise ParseError(ParseReason.TOO_MANY, shape_of(document))
    if not any(isinstance(item, dict) for item in elements):
        raise ParseError(ParseReason.ALL_BAD, shape_of(document))
    return map(_element, [_plain(item) if isinstance(item, dict) else item for item in elements])


def _element(posted: Any) -> Element:
    return _message(posted) if isinstance(posted, dict) else BadElement(shape=shape_of(posted))


def _whole_number(digits: str) -> int | str:
    """Read an integer; one that JSON readers cannot hold stays text."""
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def _finite(digits: str) -> float | None:
    """Read a fraction; `1e999` is Python's infinity, which JSON does not have."""
    value = float(digits)
    return value if isfinite(value) else None


class _DecoderOfMany(json.JSONDecoder):
    """Reads JSON without holding on to the interpreter's lock, many times as slowly."""

    def __init__(self, **options: Any) -> None:
        """Read as JSON's own reader in Python does."""
        super().__init__(**options)
        self.scan_once = py_make_scanner(self)


# A number that is no number would break what reads the event as JSON.
_DECODER_OPTIONS: Mapping[str, Any] = {
    "parse_int": _whole_number,
    "parse_float": _finite,
    "parse_constant": lambda _: None,
    # A raw line break in a text would else be posted again without end.
    "strict": False,
}
_DECODER = json.JSONDecoder(**_DECODER_OPTIONS)
_DECODER_OF_MANY = _DecoderOfMany(**_DECODER_OPTIONS)


def _is_read_at_once(text: str) -> bool:
    """Tell whether there are few enough values; a bracket or comma in a text counts as well."""
    return sum(map(text.count, "{[,")) <= MAX_VALUES_AT_ONCE


def _plain(value: Any, depth: int = 0) -> Any:
    """Return `value` without lone surrogates and without bottomless nesting."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, dict):
        if depth >= MAX_DEPTH:
            return None
        return {_clean(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        if depth >= MAX_DEPTH:
            return None
        return [_plain(item, depth + 1) for item in value]
    return value


def _clean(text: str) -> str:
    """Replace lone surrogates: they cannot be written as UTF-8 by anything downstream."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _message(element: JsonObject) -> Message:
    """Read one element as well as it can be; what is missing or of a wrong type is None."""
    content = element.get("content")
    fields = _content_fields(content if isinstance(content, dict) else {})
    if fields["type"] not in MessageType:
        fields |= raw_fields(element)
    return Message(
        key=_key(
            *(element.get(name) for name in ("messageid", "to", "from", "channel", "sent")),
            content,
        ),
        to=_number(element.get("to")),
        sender=_number(element.get("from")),
        channel=_word(element.get("channel")),
        message_id=_identifier(element.get("messageid")),
        sent=_time(element.get("sent")),
        **{"reply_to": _reply_to(element), **fields},
    )


def _content_fields(content: JsonObject) -> Fields:
    """Tell a message's type by the fields that are there, not by `msgtype`."""
    if isinstance(message := content.get("msgobject"), dict):
        return _whatsapp_fields(message)
    text, user_data = _text(content.get("text")), _text(content.get("ud"))
    if text is not None:
        return {"type": MessageType.TEXT.value, "text": text, "user_data": user_data}
    if user_data is not None:
        return {"type": MessageType.BINARY.value, "user_data": user_data}
    word = _word(content.get("msgtype"))
    return {"type": MessageType.TEXT.value if word == "unicode" else word or UNKNOWN_TYPE}


def _whatsapp_fields(message: JsonObject) -> Fields:
    word = _word(message.get("type"))
    reader = _WHATSAPP_READERS.get(word or "", _other_fields)
    return {"type": word or UNKNOWN_TYPE, **reader(message, word)}


def _text_fields(message: JsonObject, _: str | None) -> Fields:
    return {"text": _text(_object(message, "text").get("body"))}


def _button_fields(message: JsonObject, _: str | None) -> Fields:
    button = _object(message, "button")
    label = _text(button.get("text"))
    return {
        "text": label,
        "button_text": label,
        "button_id": _text(button.get("payload")),
    }


def _choice_fields(choice: JsonObject) -> Fields:
    title = _text(choice.get("title"))
    return {"text": title, "button_text": title, "button_id": _text(choice.get("id"))}


def _reply_fields(message: JsonObject, _: str | None) -> Fields:
    interactive = _object(message, "interactive")
    return _choice_fields(_object(interactive, "button_reply") or interactive)


def _interactive_fields(message: JsonObject, _: str | None) -> Fields:
    """Read the Cloud API's own shape of a reply."""
    interactive = _object(message, "interactive")
    if reply := _object(interactive, "button_reply"):
        return {"type": MessageType.REPLY.value, **_choice_fields(reply)}
    if reply := _object(interactive, "list_reply"):
        return {"type": "list_reply", **_choice_fields(reply)}
    word = _word(interactive.get("type"))
    # Here "button" is what a business sends; taken for ours, it would go without its raw object.
    return {"type": word if word and word not in MessageType else "interactive"}


def _list_reply_fields(message: JsonObject, _: str | None) -> Fields:
    interactive = _object(message, "interactive")
    return _choice_fields(
        _object(message, "list_reply") or _object(interactive, "list_reply") or interactive
    )


def _other_fields(message: JsonObject, word: str | None) -> Fields:
    """Read what media types share; an image is one of them."""
    media = _object(message, word or "")
    return {"text": _text(media.get("caption")), "media_url": _text(media.get("link"))}


_WHATSAPP_READERS: Mapping[str, Callable[[JsonObject, str | None], Fields]] = {
    "text": _text_fields,
    "button": _button_fields,
    "reply": _reply_fields,
    "interactive": _interactive_fields,
    "list_reply": _list_reply_fields,
}


def raw_fields(element: JsonObject) -> Fields:
    """Keep the whole object, unless it would not fit into an event that is recorded."""
    size = 0
    for part in _RAW_ENCODER.iterencode(element):
        size += len(part.encode())
        if size > RAW_LIMIT:
            return {"raw": None, "raw_truncated": True}
    return {"raw": element}


def _reply_to(element: JsonObject) -> str | None:
    """Return the id of the message that this one answers, wherever it is given."""
    content = _object(element, "content")
    for holder in (_object(content, "msgobject"), content, element):
        if reply_to := _identifier(_object(holder, "context").get("id")):
            return reply_to
    return None


# ---- form -----------------------------------------------------------------------


def _parse_form(data: bytes, to: str | None) -> Iterator[Element]:
    try:
        posted = parse_qsl(data, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise ParseError(ParseReason.NOT_A_FORM, "form with too many fields") from None
    pairs = [(_decode(name), _decode(value)) for name, value in posted]
    fields = dict(reversed(pairs))  # of two with one name, the first counts
    if "text" in fields:
        key = _key(sorted(pairs), to)
        return iter((_form_message(key, fields, to),))
    if "status" in fields and "toaddr" in fields:
        return iter((_status_report(fields),))
    raise ParseError(ParseReason.NOT_A_FORM, shape_of_form(fields))


def _form_message(key: str, fields: dict[str, str], to: str | None) -> Message:
    return Message(
        key=key,
        type=MessageType.TEXT.value,
        channel=ChannelName.SMS.value,
        to=_number(fields.get("to")) or _number(to),
        sender=_number(fields.get("from")),
        text=fields["text"],
        message_id=_identifier(fields.get("msgid")),
        network_code=_identifier(fields.get("networkcode")),
        sent=_time(fields.get("sent")),
    )


def _status_report(fields: dict[str, str]) -> StatusReport:
    posted = fields["status"].strip()
    readable = posted.isascii() and posted.isdigit() and len(posted) <= MAX_DIGITS
    code = int(posted) if readable else None
    return StatusReport(
        key=_key(fields.get("msgid"), fields["toaddr"], fields["status"]),
        message_id=_identifier(fields.get("msgid")),
        to=_number(fields["toaddr"]),
        status=STATUS_WORDS.get(code, "unknown") if code is not None else "unknown",
        status_code=code,
    )


# ---- values ---------------------------------------------------------------------


def _key(*parts: Any) -> str:
    """Return the digest that tells whether two posts are of the same message."""
    digest = blake2b(digest_size=KEY_BYTES)
    for part in _KEY_ENCODER.iterencode(parts):
        digest.update(part.encode())
    return urlsafe_b64encode(digest.digest()).decode()


def _object(holder: JsonObject, name: str) -> JsonObject:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _identifier(value: Any) -> str | None:
    """Return an id as text, whether it was posted as text or as a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return (_text(value) or "").strip() or None


def _number(value: Any) -> str | None:
    identifier = _identifier(value)
    return None if identifier is None else canonical_number(identifier)


def _word(value: Any) -> str | None:
    return (_text(value) or "").strip()[:MAX_WORD] or None


def _time(value: Any) -> datetime | None:
    """Read W3CDTF with an offset; without one the time would be a guess."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return read.astimezone(UTC) if read.tzinfo else None
    except ValueError, OverflowError:
        return None
