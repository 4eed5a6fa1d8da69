"""Whatever is posted: typed messages that can be stored, or a ParseError. Nothing else."""

from copy import deepcopy
from dataclasses import fields
from datetime import UTC, datetime
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import orjson
import pytest

from custom_components.intellisms.protocol import (
    STATUS_WORDS,
    BadElement,
    Message,
    OtherKind,
    ParseError,
    StatusReport,
    canonical_number,
    parse,
)
from tests.household import NAMES, sample

quick = settings(deadline=None, max_examples=150)

TYPES: dict[str, tuple[type, ...]] = {
    "key": (str,),
    "type": (str,),
    "status": (str,),
    "raw": (dict, type(None)),
    "raw_truncated": (bool,),
    "forwarded": (bool,),
    "notice": (bool,),
    "latitude": (float, type(None)),
    "longitude": (float, type(None)),
    "sent": (datetime, type(None)),
    "status_code": (int, type(None)),
}
TEXT_OR_NONE = (str, type(None))

# Text as JSON can carry it, with lone surrogates, and more of what the parser looks for.
words = st.one_of(
    st.text(st.characters(), max_size=12),
    st.sampled_from(
        ["text", "button", "reply", "image", "interactive", "list_reply", "\ud83d", "", "0044771"]
    ),
    st.sampled_from(
        [
            "Video",
            "location",
            "contacts",
            "reaction",
            "edit",
            "revoke",
            "system",
            "unknown",
            "order",
        ]
    ),
    st.sampled_from(["whatsapp", "status", "delivered", "GB.134912", "51.5", "a?b#c", "4"]),
)
names = st.one_of(
    words,
    st.sampled_from(
        ["to", "from", "messageid", "channel", "sent", "content", "msgtype", "ud", "msgobject"]
    ),
    st.sampled_from(["type", "body", "context", "id", "title", "link", "caption", "button_reply"]),
    st.sampled_from(
        ["image", "Video", "location", "contacts", "reaction", "edit", "revoke", "order"]
    ),
    st.sampled_from(["latitude", "phones", "phone", "wa_id", "name", "emoji", "message", "errors"]),
    st.sampled_from(["from_user_id", "username", "profile", "forwarded", "group_id", "url"]),
    st.sampled_from(["notificationtype", "status", "status_code", "category", "userkey"]),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)


def check(body: bytes, to: str | None = None) -> None:
    """Hold what comes of a post against what the types promise."""
    try:
        found = [*parse(body, to=to)]
    except ParseError as error:
        error.shape.encode()
        return
    assert [*parse(body, to=to)] == found
    assert not all(isinstance(one, BadElement) for one in found)
    for one in found:
        if isinstance(one, Message | StatusReport):
            check_one(one)
    for bad in found:
        if isinstance(bad, BadElement):
            bad.shape.encode()


def check_one(one: Message | StatusReport) -> None:
    held = {field.name: getattr(one, field.name) for field in fields(one)}
    for name, value in held.items():
        # Exactly these: a StrEnum, for one, is text that not every writer of text knows.
        assert type(value) in TYPES.get(name, TEXT_OR_NONE), name
    assert one.key
    assert json.loads(orjson.dumps(held))
    json.dumps(held, default=str, ensure_ascii=False, allow_nan=False).encode()
    if isinstance(one, Message):
        assert 0 < len(one.type) <= 64
        assert one.channel is None or 0 < len(one.channel) <= 64
        assert one.sent is None or one.sent.tzinfo is UTC
        assert (one.raw is None) == one.raw_truncated
        assert one.type == one.type.lower()
        # Whoever has no number is who their id says.
        assert one.sender or not one.user_id
        if one.notice:
            assert not one.button_id
            assert not one.media_url or one.type in {"unknown", "ephemeral"}
    else:
        assert one.status in STATUS_WORDS.values()


@quick
@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    check(body)


@quick
@given(
    st.sampled_from([b"{", b"[", b'"', b'{"messages": ', b"text=", b"status=4&toaddr="]),
    st.binary(),
)
def test_any_bytes_after_a_promising_start(start: bytes, rest: bytes) -> None:
    check(start + rest)


@quick
@given(json_values)
def test_any_json_document(document: Any) -> None:
    check(json.dumps(document).encode())


@quick
@given(json_values)
def test_any_messages(messages: Any) -> None:
    check(json.dumps({"messages": messages}).encode())


@quick
@given(json_values, json_values)
def test_any_messages_beside_any_notifications(messages: Any, notifications: Any) -> None:
    check(json.dumps({"messages": messages, "notifications": notifications}).encode())


@quick
@given(st.dictionaries(names, json_values, max_size=6))
def test_any_object_is_a_report_or_of_another_kind(posted: dict[str, Any]) -> None:
    body = json.dumps({"notifications": [posted]}).encode()
    check(body)
    (found,) = parse(body)
    assert isinstance(found, StatusReport | OtherKind)


# A `msgobject` whose type is what it holds.
typed = st.builds(
    lambda kind, inner, more: {**more, "type": kind, kind.swapcase(): inner, kind: inner},
    st.sampled_from(
        ["image", "Video", "location", "contacts", "reaction", "edit", "revoke", "order", "system"]
    ),
    json_values,
    st.dictionaries(names, json_values, max_size=3),
)


@quick
@given(typed, st.dictionaries(names, json_values, max_size=3))
def test_any_object_of_whatsapps(message: dict[str, Any], more: dict[str, Any]) -> None:
    content = {"format": "wa_msgobject_v2", "msgobject": message}
    posted = {**more, "channel": "WhatsApp", "content": content}
    check(json.dumps({"messages": [posted]}).encode())


@quick
@given(
    st.dictionaries(names, json_values, max_size=4),
    st.text(st.characters(exclude_characters="?#", codec="utf-8"), max_size=9),
    st.tuples(st.text(max_size=9), st.text(max_size=9)).filter(lambda two: "#" not in "".join(two)),
)
def test_a_link_that_is_signed_anew_is_the_same_message(
    media: dict[str, Any], address: str, signatures: tuple[str, str]
) -> None:
    keys = set()
    for signature in signatures:
        message = {"type": "image", "image": {**media, "link": f"{address}?{signature}"}}
        posted = {"messageid": "1", "content": {"msgobject": message}}
        (found,) = parse(json.dumps({"messages": [posted]}).encode())
        assert isinstance(found, Message)
        keys.add(found.key)
    assert len(keys) == 1


@quick
@given(st.dictionaries(names, json_values, min_size=1, max_size=6))
def test_any_object_is_a_message(posted: dict[str, Any]) -> None:
    body = json.dumps({"messages": [posted]}).encode()
    check(body)
    (message,) = parse(body)
    assert isinstance(message, Message)


FORM_NAMES = [
    *("text", "msgid", "networkcode", "sent", "from", "to", "status", "toaddr"),
    *("type=5&type", "type", "filelist", "sublistname", "sublisttype", "msisdn"),
]


@quick
@given(
    st.lists(st.tuples(st.sampled_from(FORM_NAMES), st.binary(max_size=20)), max_size=8),
    st.none() | st.text(st.characters(codec="utf-8"), max_size=12),
)
def test_any_form(pairs: list[tuple[str, bytes]], to: str | None) -> None:
    check(b"&".join(name.encode() + b"=" + value for name, value in pairs), to)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every holder and the name or index at which it holds something."""
    found: list[tuple[Any, Any]] = []
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for at, item in inside:
        found.append((value, at))
        if isinstance(item, dict | list):
            found += places(item)
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".json")])
@settings(quick, max_examples=25)
@given(data=st.data())
def test_a_sample_with_a_field_deleted_or_replaced(name: str, data: st.DataObject) -> None:
    document = deepcopy(json.loads(sample(name)))
    for _ in range(data.draw(st.integers(1, 3))):
        spots = places(document)
        if not spots:
            break
        holder, at = data.draw(st.sampled_from(spots))
        if data.draw(st.booleans()):
            del holder[at]
        else:
            holder[at] = data.draw(json_values)
    check(json.dumps(document).encode())


@quick
@given(st.data())
def test_a_sample_with_damaged_bytes(data: st.DataObject) -> None:
    body = bytearray(sample(data.draw(st.sampled_from(NAMES))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    check(bytes(body))


@quick
@given(st.text(max_size=30) | st.from_regex(r"\s*(\+|00)?[\d \-().]{0,20}\s*", fullmatch=True))
def test_a_number_in_its_spelling_keeps_it(posted: str) -> None:
    once = canonical_number(posted)
    assert canonical_number(once) == once
    assert once == once.strip()
