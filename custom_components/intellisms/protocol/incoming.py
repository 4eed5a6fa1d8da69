"""From the bytes of a post to its messages or status reports.

The formats are those of the provider's page "Receive SMS Message": JSON with a
list of messages, the older form-encoded message, and form-encoded status
reports. Nothing here raises anything but `ParseError`.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import blake2b
import json
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

from .content import raw_fields, read_content, read_reply_to
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
from .shape import shape_of, shape_of_form
from .values import JsonObject, read_identifier, read_number, read_object, read_time, read_word

# Twelve base64 characters on disk, and no two of 20,000 keys alike by chance.
KEY_BYTES = 9
# Levels of objects and lists in an element. No message has as many; Home Assistant's own JSON
# stops at 254.
MAX_DEPTH = 64
MAX_FORM_FIELDS = 100
# A post with more elements would keep the event loop busy for seconds.
MAX_ELEMENTS = 10_000
# Any whole number of so many digits fits into 64 bits.
MAX_DIGITS = 18


def parse(body: bytes, *, to: str | None = None) -> Iterator[Element]:
    """Take a post apart; each element is made when it is asked for, in the post's order.

    There is at least one message or report. `to` is the virtual number that a form's own
    URL names, if any. JSON or form is told by the first character, whatever the header says.
    Raises ParseError with a reason, at once, where the post is not in the provider's format.
    """
    # Some programs put UTF-8's byte order mark before what they post.
    data = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data:
        raise ParseError(ParseReason.EMPTY, "empty")
    if data.startswith((b"{", b"[", b'"')):
        return _parse_json(_decode(data))
    return _parse_form(data.rstrip(b"\r\n"), to)


def _decode(data: bytes) -> str:
    """Read bytes as UTF-8, else as Windows-1252, which has a character for nearly every byte.

    The provider documents no charset for the form.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


# ---- JSON -----------------------------------------------------------------------


def _parse_json(text: str) -> Iterator[Element]:
    """Read `{"messages": [...]}`; an element of the list that is no object is a BadElement."""
    try:
        document = json.loads(
            text,
            parse_int=_whole_number,
            parse_float=_finite,
            # `NaN` and `Infinity` would break whatever reads the event as JSON.
            parse_constant=lambda _: None,
            # Strictly, a raw line break in a text is no JSON; refused, the post would come
            # again without end.
            strict=False,
        )
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
    """Make a message of an object; of anything else only the shape is kept."""
    return _message(posted) if isinstance(posted, dict) else BadElement(shape=shape_of(posted))


def _whole_number(digits: str) -> int | str:
    """Read an integer; one that JSON readers cannot hold stays text."""
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def _finite(digits: str) -> float | None:
    """Read a fraction; `1e999` is Python's infinity, which JSON does not have."""
    value = float(digits)
    return value if isfinite(value) else None


def _plain(value: Any, depth: int = 0) -> Any:
    """Return a JSON value without lone surrogates; what is deeper than `MAX_DEPTH` is None."""
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
    content = read_content(read_object(element, "content"))
    raw = raw_fields(None if content["type"] in MessageType else element)
    return Message(
        key=_key(
            *(element.get(name) for name in ("messageid", "to", "from", "channel", "sent")),
            element.get("content"),
        ),
        to=read_number(element.get("to")),
        sender=read_number(element.get("from")),
        channel=read_word(element.get("channel")),
        message_id=read_identifier(element.get("messageid")),
        sent=read_time(element.get("sent")),
        reply_to=read_reply_to(element),
        **content,
        **raw,
    )


# ---- form -----------------------------------------------------------------------


def _parse_form(data: bytes, to: str | None) -> Iterator[Element]:
    """Read a form that has `text`, a message, or `status` and `toaddr`, a status report."""
    try:
        posted = parse_qsl(data, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise ParseError(ParseReason.NOT_A_FORM, "form with too many fields") from None
    pairs = [(_decode(name), _decode(value)) for name, value in posted]
    # Of two fields with one name the first counts.
    fields = dict(reversed(pairs))
    if "text" in fields:
        key = _key(sorted(pairs), to)
        return iter((_form_message(key, fields, to),))
    if "status" in fields and "toaddr" in fields:
        return iter((_status_report(fields),))
    raise ParseError(ParseReason.NOT_A_FORM, shape_of_form(fields))


def _form_message(key: str, fields: dict[str, str], to: str | None) -> Message:
    """Read the older form; the number it is to may stand in the URL only, as `to`."""
    return Message(
        key=key,
        type=MessageType.TEXT.value,
        channel=ChannelName.SMS.value,
        to=read_number(fields.get("to")) or read_number(to),
        sender=read_number(fields.get("from")),
        text=fields["text"],
        message_id=read_identifier(fields.get("msgid")),
        network_code=read_identifier(fields.get("networkcode")),
        sent=read_time(fields.get("sent")),
    )


def _status_report(fields: dict[str, str]) -> StatusReport:
    """Read the form of a status report: `msgid`, `toaddr`, and `status`, a number of the page."""
    posted = fields["status"].strip()
    readable = posted.isascii() and posted.isdigit() and len(posted) <= MAX_DIGITS
    code = int(posted) if readable else None
    return StatusReport(
        key=_key(fields.get("msgid"), fields["toaddr"], fields["status"]),
        message_id=read_identifier(fields.get("msgid")),
        to=read_number(fields["toaddr"]),
        status=STATUS_WORDS.get(code, "unknown") if code is not None else "unknown",
        status_code=code,
    )


def _key(*parts: Any) -> str:
    """Return the digest that tells whether two posts are of the same message.

    It is `KEY_BYTES` long, in base64. The parts are JSON values; in which order their objects
    have their names makes no difference.
    """
    posted = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    digest = blake2b(posted.encode(), digest_size=KEY_BYTES).digest()
    return urlsafe_b64encode(digest).decode()
