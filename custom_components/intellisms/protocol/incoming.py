"""From the bytes of a post to its messages, status reports and what else it holds.

The formats are those of the provider's page "Receive SMS Message": JSON with a list of
messages, a list of notifications, or both; and forms: the older message, an MMS, a status
report, or an event of a subscription list. Nothing here raises anything but `ParseError`.
"""

from collections.abc import Callable, Iterator
from itertools import chain
import json
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from .content import read_content, with_unsigned_links
from .context import read_context
from .identity import as_json, in_one_spelling, key_of
from .models import (
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
from .numbers import line
from .raw import raw_fields
from .reports import read_form_report, read_report
from .shape import shape_of, shape_of_form
from .values import (
    MAX_DIGITS,
    JsonObject,
    read_identifier,
    read_name,
    read_number,
    read_object,
    read_time,
)

# Levels of objects and lists in an element. No message has as many; Home Assistant's own JSON
# stops at 254.
MAX_DEPTH = 64
MAX_FORM_FIELDS = 100
# A post with more elements would keep the event loop busy for seconds.
MAX_ELEMENTS = 10_000
# What a form of an MMS has as its `type`; that of a text has 1.
MMS = "5"


def parse(body: bytes, *, to: str | None = None) -> Iterator[Element]:
    """Take a post apart; each element is made when it is asked for, in the post's order.

    There is at least one that is no BadElement. `to` is the virtual number that a form's own
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
    """Read bytes of one post; what cannot be read of them becomes U+FFFD."""
    return data.decode(_charset(data), errors="replace")


def _charset(data: bytes) -> str:
    """Return UTF-8, or Windows-1252 where nothing but ASCII is UTF-8.

    The provider documents no charset for the form. Windows-1252 has a character for nearly
    every byte, so a single broken one would change all letters of a post in UTF-8.
    """
    return "cp1252" if data.decode(errors="ignore").isascii() else "utf-8"


# ---- JSON -----------------------------------------------------------------------


def _parse_json(text: str) -> Iterator[Element]:
    """Read `{"messages": [...], "notifications": [...]}`, of which one may be missing.

    An element of a list that is no object is a BadElement.
    """
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
    messages, notifications = _list(document, "messages"), _list(document, "notifications")
    elements = messages + notifications
    if not elements:
        raise ParseError(ParseReason.NO_MESSAGES, shape_of(document))
    if len(elements) > MAX_ELEMENTS:
        raise ParseError(ParseReason.TOO_MANY, shape_of(document))
    if not any(isinstance(item, dict) for item in elements):
        raise ParseError(ParseReason.ALL_BAD, shape_of(document))
    return chain(_read(messages, _message), _read(notifications, _notification))


def _read(elements: list[Any], read: Callable[[JsonObject], Element]) -> Iterator[Element]:
    """Make of each object what `read` does, when it is asked for; of others the shape is kept."""
    plain = [_plain(item) if isinstance(item, dict) else item for item in elements]
    return (
        read(item) if isinstance(item, dict) else BadElement(shape=shape_of(item)) for item in plain
    )


def _list(document: Any, name: str) -> list[Any]:
    """Return a list of a post, an empty one if there is none."""
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, list) else []


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
    channel = read_name(element.get("channel"))
    context = read_context(element, channel=channel)
    sender = context["sender"]
    message_id, to = read_identifier(element.get("messageid")), read_number(element.get("to"))
    sent = read_time(element.get("sent"))
    content = as_json(element.get("content"))
    identity = in_one_spelling(
        element,
        {
            "messageid": message_id,
            "to": to and line(to),
            "from": sender and line(sender),
            "channel": channel,
            "sent": sent.isoformat() if sent else None,
        },
    )
    return Message(
        key=key_of(as_json(identity), _signed_anew(element, content) if message_id else content),
        to=to,
        channel=channel,
        message_id=message_id,
        sent=sent,
        **context,
        **read_content(read_object(element, "content")),
        **raw_fields(element, content_bytes=len(content)),
    )


def _signed_anew(element: JsonObject, content: str) -> str:
    """Return an element's `content`, given as JSON, as it is whenever its links are signed.

    This is for messages with an id: without one, the query of a link may be all that tells
    two pictures apart.
    """
    posted = read_object(element, "content")
    unsigned = with_unsigned_links(posted)
    return content if unsigned is posted else as_json(unsigned)


def _notification(element: JsonObject) -> StatusReport | OtherKind:
    """Read a status report, which is told by its fields if its kind is not named."""
    kind = read_name(element.get("notificationtype"))
    is_report = "messageid" in element and ("status" in element or "status_code" in element)
    if kind == "status" or (kind is None and is_report):
        return read_report(element)
    return OtherKind.OTHER_NOTIFICATION


# ---- forms ----------------------------------------------------------------------


def _parse_form(data: bytes, to: str | None) -> Iterator[Element]:
    """Read a form by the fields that it has."""
    try:
        posted = parse_qsl(data, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise ParseError(ParseReason.NOT_A_FORM, "form with too many fields") from None
    # The charset is told by the whole of it, so that one broken byte does not change the others.
    charset = _charset(unquote_to_bytes(data))
    pairs = [
        (name.decode(charset, errors="replace"), value.decode(charset, errors="replace"))
        for name, value in posted
    ]
    # Of two fields with one name the first counts.
    fields = dict(reversed(pairs))
    if "text" not in fields and fields.keys() & {"sublistname", "sublisttype"}:
        return iter((OtherKind.SUBSCRIPTION_EVENT,))
    if "text" in fields or _is_mms(fields):
        return iter((_form_message(key_of(as_json([sorted(pairs), to])), fields, to),))
    if "status" in fields and "toaddr" in fields:
        return iter((read_form_report(fields),))
    raise ParseError(ParseReason.NOT_A_FORM, shape_of_form(fields))


def _is_mms(fields: dict[str, str]) -> bool:
    """Tell whether a form is of an MMS: by its type, or by files without any text."""
    return fields.get("type", "").strip() == MMS or ("filelist" in fields and "text" not in fields)


def _form_message(key: str, fields: dict[str, str], to: str | None) -> Message:
    """Read a text or an MMS; the number it is to may stand in the URL only, as `to`.

    The text of an MMS is its subject.
    """
    return Message(
        key=key,
        type=MessageType.MMS.value if _is_mms(fields) else MessageType.TEXT.value,
        channel=ChannelName.SMS.value,
        to=read_number(fields.get("to")) or read_number(to),
        sender=read_number(fields.get("from")),
        text=fields.get("text"),
        message_id=read_identifier(fields.get("msgid")),
        network_code=read_identifier(fields.get("networkcode")),
        sent=read_time(fields.get("sent")),
        **raw_fields(fields),
    )
