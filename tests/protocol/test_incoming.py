"""From a post's bytes to messages and status reports: the contract, case by case."""

from dataclasses import fields, replace
from datetime import UTC, datetime
import json
import re
import traceback
from typing import Any, Literal
from unittest.mock import ANY
from urllib.parse import urlencode

import orjson
import pytest

from custom_components.intellisms.protocol import (
    BadElement,
    Element,
    Message,
    ParseError,
    ParseReason,
    StatusReport,
    parse,
)
from custom_components.intellisms.protocol.shape import shape_of, shape_of_form
from tests.household import NAMES, sample

TO = "+44771012346"
SENDER = "+44771012345"
SENT = datetime(2025, 6, 3, 13, 50, 5, tzinfo=UTC)
RAW_LIMIT = 16 * 1024
CONTEXT_ID = "wamid.HBgLNDQ3NzEwMTIzNDUVAgARGBI1"


class _Absent:
    """What is left out of a message, named so that a test's id is always the same."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()

type Json = dict[str, Any]


def element(**changes: Any) -> Json:
    """Return the page's first sample as an object, with fields replaced or ABSENT."""
    message: Json = json.loads(sample("sms_text.json"))["messages"][0] | changes
    return {name: value for name, value in message.items() if value is not ABSENT}


def whatsapp(message: Any, **changes: Any) -> Json:
    content = {"format": "wa_msgobject_v2", "msgobject": message}
    return element(channel="whatsapp", content=content, **changes)


def post(*elements: Any) -> bytes:
    return json.dumps({"messages": elements}).encode()


def form(**posted: str) -> bytes:
    return urlencode(posted).encode()


def read(body: bytes, to: str | None = None) -> Message:
    """Return the only message of a post that has nothing bad."""
    (message,) = parse(body, to=to)
    assert isinstance(message, Message)
    return message


def read_element(value: Json) -> Message:
    return read(post(value))


def read_report(body: bytes) -> StatusReport:
    (report,) = parse(body)
    assert isinstance(report, StatusReport)
    return report


def key_of(found: Element) -> str:
    assert not isinstance(found, BadElement)
    return found.key


def refused(body: bytes) -> ParseError:
    with pytest.raises(ParseError) as caught:
        parse(body)
    return caught.value


def as_posted(name: str, index: int = 0) -> Json:
    """Return an element of a sample as a plain JSON reader sees it."""
    posted: Json = json.loads(sample(name))["messages"][index]
    return posted


# ---- the provider's samples -------------------------------------------------------


def expected_sms(**changes: Any) -> Message:
    message = Message(
        key=ANY,
        type="text",
        channel="sms",
        to=TO,
        sender=SENDER,
        text="Message Text",
        message_id="21ba6a2ee454d1710d88f357df34fdb3f5",
        sent=SENT,
    )
    return replace(message, **changes)


def expected_whatsapp(name: str, **changes: Any) -> Message:
    posted = as_posted(name)
    plain = expected_sms(channel="whatsapp", text=None, message_id=posted["messageid"])
    return replace(plain, **changes)


def expected_other(name: str, **changes: Any) -> Message:
    """Return a message of a type that is not among ours: it brings its object along."""
    return expected_whatsapp(name, raw=as_posted(name), **changes)


BUTTON = {"type": "button", "text": "BUTTON_TEXT", "button_text": "BUTTON_TEXT"}
FORM_TEXT = Message(
    key=ANY,
    type="text",
    channel="sms",
    text="Message Text",
    message_id="10011000000000000001",
    network_code="234010",
    sent=SENT,
)
SAMPLES: dict[str, tuple[Message | StatusReport, ...]] = {
    "sms_text.json": (expected_sms(),),
    "sms_emoji.json": (expected_sms(text="Simley Emoji 😃"),),
    "sms_binary.json": (
        expected_sms(
            type="binary",
            text=None,
            user_data=(
                "32F40100480E01000000000000000000000000000000000000000000000000000000000001247803"
                "000000E0080120CC0640000040080120CC06C00000479E7124F0EFFADCF64448892479B6DAC6CD44"
                "48F9241DB6DACECF44488124CDB6CD96CC44488924CDB6CD96CDE446712478E66D9EC60000000000"
                "00000000000000000000000000"
            ),
        ),
    ),
    "whatsapp_text.json": (expected_whatsapp("whatsapp_text.json", text="MESSAGE_CONTENT"),),
    "whatsapp_button.json": (expected_whatsapp("whatsapp_button.json", **BUTTON),),
    "whatsapp_reply.json": (
        expected_whatsapp(
            "whatsapp_reply.json",
            type="reply",
            text="Button1",
            button_text="Button1",
            button_id="BUTTON1",
        ),
    ),
    "whatsapp_image.json": (
        expected_whatsapp("whatsapp_image.json", type="image", media_url="MEDIA_URL"),
    ),
    "whatsapp_button_payload.json": (
        expected_whatsapp(
            "whatsapp_button_payload.json",
            **BUTTON,
            button_id="BUTTON_PAYLOAD",
            reply_to=CONTEXT_ID,
        ),
    ),
    "whatsapp_button_reply.json": (
        expected_whatsapp(
            "whatsapp_button_reply.json",
            type="reply",
            text="Button1",
            button_text="Button1",
            button_id="BUTTON1",
            reply_to=CONTEXT_ID,
        ),
    ),
    "whatsapp_list_reply.json": (
        expected_other(
            "whatsapp_list_reply.json",
            type="list_reply",
            text="Row 1",
            button_text="Row 1",
            button_id="ROW1",
            reply_to=CONTEXT_ID,
        ),
    ),
    "whatsapp_audio.json": (
        expected_other("whatsapp_audio.json", type="audio", media_url="MEDIA_URL"),
    ),
    "whatsapp_video.json": (
        expected_other(
            "whatsapp_video.json", type="video", text="VIDEO_CAPTION", media_url="MEDIA_URL"
        ),
    ),
    "whatsapp_document.json": (
        expected_other(
            "whatsapp_document.json",
            type="document",
            text="DOCUMENT_CAPTION",
            media_url="MEDIA_URL",
        ),
    ),
    "whatsapp_sticker.json": (expected_other("whatsapp_sticker.json", type="sticker"),),
    "whatsapp_location.json": (expected_other("whatsapp_location.json", type="location"),),
    "whatsapp_contacts.json": (expected_other("whatsapp_contacts.json", type="contacts"),),
    "whatsapp_reaction.json": (expected_other("whatsapp_reaction.json", type="reaction"),),
    "several_messages.json": (
        expected_sms(message_id="21ba6a2ee454d1710d88f357df34fdb020"),
        expected_sms(channel="whatsapp", message_id="21ba6a2ee454d1710d88f357df34fdb021", **BUTTON),
        expected_sms(
            channel="whatsapp",
            message_id="21ba6a2ee454d1710d88f357df34fdb022",
            type="order",
            text=None,
            raw=as_posted("several_messages.json", 2),
        ),
    ),
    "form_text.txt": (FORM_TEXT,),
    "form_with_numbers.txt": (
        replace(
            FORM_TEXT,
            to=TO,
            sender=SENDER,
            text="Café & more",
            message_id="10011000000000000002",
            sent=datetime(2010, 6, 10, 13, 45, 12, tzinfo=UTC),
        ),
    ),
    "status_report.txt": (
        StatusReport(
            key=ANY,
            message_id="10011000000000000001",
            to=SENDER,
            status="delivered",
            status_code=4,
        ),
    ),
}


def test_every_sample_is_expected_to_be_something() -> None:
    assert sorted(SAMPLES) == NAMES


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(name: str) -> None:
    assert tuple(parse(sample(name))) == SAMPLES[name]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "status_report.txt"])
def test_words_are_plain_text(name: str) -> None:
    """A StrEnum equals its word, but not every writer of text takes it for one."""
    for message in parse(sample(name)):
        assert isinstance(message, Message)
        assert {type(message.type), type(message.channel)} == {str}


def test_keys_of_samples_are_distinct() -> None:
    """The page uses one id for several contents: each has to be a message of its own."""
    keys: list[str] = []
    for name in NAMES:
        keys += map(key_of, parse(sample(name)))
    assert len(keys) == len(set(keys)) == sum(map(len, SAMPLES.values()))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("sms_emoji.json", "Z_PlXYOhlb21"),
        ("form_with_numbers.txt", "DMK_JDjntbfX"),
        ("status_report.txt", "cOQo4WOKO1u9"),
    ],
)
def test_key_outlives_an_update(name: str, key: str) -> None:
    """The journal on disk holds keys: with other ones, an update would fire retries twice."""
    assert [*map(key_of, parse(sample(name)))] == [key]


# ---- fields that are missing or wrong -----------------------------------------------

READ_AS = {
    "to": "to",
    "from": "sender",
    "messageid": "message_id",
    "channel": "channel",
    "sent": "sent",
}
WRONG = [ABSENT, None, True, 1.5, [], ["44771012345"], {}, {"id": "x"}]


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize("name", READ_AS)
def test_a_wrong_field_is_absent_and_harms_no_other(name: str, value: Any) -> None:
    message = read_element(element(**{name: value}))
    assert message == expected_sms(**{READ_AS[name]: None})


@pytest.mark.parametrize("value", ["", " ", "\n"])
@pytest.mark.parametrize("name", READ_AS)
def test_a_blank_field_is_absent(name: str, value: str) -> None:
    assert read_element(element(**{name: value})) == expected_sms(**{READ_AS[name]: None})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("to", 44771012346, TO),
        ("from", 44771012345, SENDER),
        ("from", 60777, "60777"),
        ("from", 0, "0"),
        ("messageid", 7, "7"),
        ("messageid", 10011000000000000001, "10011000000000000001"),
        ("channel", 1, None),
        ("sent", 1748958605, None),
    ],
)
def test_a_whole_number_is_text_where_ids_and_numbers_are(
    name: str, value: int, expected: str | None
) -> None:
    assert read_element(element(**{name: value})) == expected_sms(**{READ_AS[name]: expected})


@pytest.mark.parametrize("digits", [19, 4300, 5000, 100_000])
def test_a_huge_number_keeps_its_digits(digits: int) -> None:
    number = "9" * digits
    body = b'{"messages": [{"messageid": %b, "to": -%b, "content": {"x": %b}}]}'
    message = read(body.replace(b"%b", number.encode()))
    assert message.message_id == number
    assert message.to == f"-{number}"
    orjson.dumps(message.raw)


@pytest.mark.parametrize("name", ["to", "from"])
def test_a_name_stays_as_it_was_posted(name: str) -> None:
    message = read_element(element(**{name: " Parcel Co "}))
    assert message == expected_sms(**{READ_AS[name]: "Parcel Co"})


@pytest.mark.parametrize("value", [*WRONG, "text", 7], ids=repr)
def test_content_that_cannot_be_read_is_an_unknown_type_with_its_object(value: Any) -> None:
    posted = element(content=value)
    assert read_element(posted) == expected_sms(type="unknown", text=None, raw=posted)


def test_an_empty_object_is_a_message() -> None:
    assert read_element({}) == Message(key=ANY, type="unknown", raw={})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"text": ""}, {"type": "text", "text": ""}),
        ({"text": " a\n "}, {"type": "text", "text": " a\n "}),
        ({"text": "x" * 70_000}, {"type": "text", "text": "x" * 70_000}),
        ({"text": "\u0000\u202e👩‍🚒"}, {"type": "text", "text": "\u0000\u202e👩‍🚒"}),
        # The fields that are there decide, whatever msgtype says.
        ({"msgtype": "unicode", "text": "a"}, {"type": "text", "text": "a"}),
        ({"msgtype": "binary", "text": "a"}, {"type": "text", "text": "a"}),
        ({"msgtype": ["x"], "text": "a"}, {"type": "text", "text": "a"}),
        ({"msgtype": "text", "ud": "0a"}, {"type": "binary", "text": None, "user_data": "0a"}),
        ({"msgtype": "binary", "ud": ""}, {"type": "binary", "text": None, "user_data": ""}),
        ({"ud": "0a", "text": None}, {"type": "binary", "text": None, "user_data": "0a"}),
        ({"ud": "0a", "text": "a"}, {"type": "text", "text": "a", "user_data": "0a"}),
        ({"ud": 5, "text": "a"}, {"type": "text", "text": "a"}),
        ({"msgobject": "x", "text": "a"}, {"type": "text", "text": "a"}),
        # An absent text is null; it does not make a known type unknown.
        ({"msgtype": "text"}, {"type": "text", "text": None}),
        ({"msgtype": "text", "text": 5}, {"type": "text", "text": None}),
        ({"msgtype": "unicode", "text": None}, {"type": "text", "text": None}),
    ],
    ids=repr,
)
def test_sms_content(content: Json, expected: Json) -> None:
    assert read_element(element(content=content)) == expected_sms(**expected)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"type": "text"}, {"type": "text"}),
        ({"type": "text", "text": "bare"}, {"type": "text"}),
        ({"type": "text", "text": {"body": 5}}, {"type": "text"}),
        ({"type": "text", "text": {"body": ""}}, {"type": "text", "text": ""}),
        ({"type": "button", "button": []}, {"type": "button"}),
        ({"type": "button", "button": {"text": None, "payload": 7}}, {"type": "button"}),
        (
            {"type": "button", "button": {"text": "A", "payload": " b "}},
            {"type": "button", "text": "A", "button_text": "A", "button_id": " b "},
        ),
        ({"type": "reply"}, {"type": "reply"}),
        ({"type": "reply", "interactive": {"title": [], "id": {}}}, {"type": "reply"}),
        (
            {"type": "reply", "interactive": {"button_reply": {"title": "A", "id": "b"}}},
            {"type": "reply", "text": "A", "button_text": "A", "button_id": "b"},
        ),
        ({"type": "image", "image": 5}, {"type": "image"}),
        (
            {"type": "image", "image": {"link": "L", "caption": "C"}},
            {"type": "image", "text": "C", "media_url": "L"},
        ),
        (
            {"type": "image", "image": {"link": ["L"], "caption": {}}},
            {"type": "image"},
        ),
        ({"type": " text ", "text": {"body": "a"}}, {"type": "text", "text": "a"}),
    ],
    ids=repr,
)
def test_whatsapp_message_of_a_known_type(message: Json, expected: Json) -> None:
    plain = expected_sms(channel="whatsapp", text=None)
    assert read_element(whatsapp(message)) == replace(plain, **expected)


CHOICE = {"text": "A", "button_text": "A", "button_id": "b"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({}, {"type": "unknown"}),
        ({"type": None}, {"type": "unknown"}),
        ({"type": ""}, {"type": "unknown"}),
        ({"type": 5, "text": {"body": "a"}}, {"type": "unknown"}),
        ({"type": "TEXT", "text": {"body": "a"}}, {"type": "TEXT"}),
        ({"type": "x" * 65}, {"type": "x" * 64}),
        ({"type": "x" * 70_000}, {"type": "x" * 64, "raw": None, "raw_truncated": True}),
        (
            {"type": "hologram", "hologram": {"link": "L", "caption": "C"}},
            {"type": "hologram", "text": "C", "media_url": "L"},
        ),
        (
            {"type": "list_reply", "interactive": {"title": "A", "id": "b"}},
            {"type": "list_reply", **CHOICE},
        ),
        (
            {"type": "list_reply", "list_reply": {"title": "A", "id": "b"}},
            {"type": "list_reply", **CHOICE},
        ),
        (
            {"type": "interactive", "interactive": {"list_reply": {"title": "A", "id": "b"}}},
            {"type": "list_reply", **CHOICE},
        ),
        (
            {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {}}},
            {"type": "nfm_reply"},
        ),
        ({"type": "interactive"}, {"type": "interactive"}),
        ({"type": "interactive", "interactive": {"type": []}}, {"type": "interactive"}),
        # Cloud API words that mean something else than ours: the object must not get lost.
        (
            {"type": "interactive", "interactive": {"type": "button", "body": {"text": "A"}}},
            {"type": "interactive"},
        ),
        ({"type": "interactive", "interactive": {"type": "text"}}, {"type": "interactive"}),
    ],
    ids=lambda value: repr(value)[:80],
)
def test_whatsapp_message_of_another_type_brings_its_object(message: Json, expected: Json) -> None:
    posted = whatsapp(message)
    plain = expected_sms(channel="whatsapp", text=None, raw=posted)
    assert read_element(posted) == replace(plain, **expected)


@pytest.mark.parametrize(
    "posted",
    [
        whatsapp({"type": "text", "context": {"id": "A1"}}),
        element(content={"text": "a", "context": {"id": "A1"}}),
        element(context={"id": "A1"}),
        whatsapp({"type": "text", "context": {"id": ""}}, context={"id": "A1"}),
        whatsapp({"type": "text", "context": []}, context={"id": "A1"}),
        whatsapp({"type": "text", "context": {"id": "A1"}}, context={"id": "B2"}),
    ],
    ids=repr,
)
def test_reply_to_wherever_it_is(posted: Json) -> None:
    assert read_element(posted).reply_to == "A1"


@pytest.mark.parametrize(
    ("posted", "expected"),
    [("sms", "sms"), ("whatsapp", "whatsapp"), (" rcs ", "rcs"), ("x" * 65, "x" * 64)],
)
def test_channel_is_the_providers_word(posted: str, expected: str) -> None:
    assert read_element(element(channel=posted)).channel == expected


# ---- the object of a type we do not know --------------------------------------------


def object_of_size(size: int, filler: str) -> Json:
    """Return an element that takes `size` bytes where it is stored."""
    posted = element(content={"msgtype": "hologram", "x": ""})
    room, width = size - len(orjson.dumps(posted)), len(filler.encode())
    posted["content"]["x"] = filler * (room // width) + "a" * (room % width)
    return posted


@pytest.mark.parametrize("filler", ["a", "é", "😃"])
def test_raw_up_to_its_limit(filler: str) -> None:
    fits = object_of_size(RAW_LIMIT, filler)
    assert read_element(fits) == expected_sms(type="hologram", text=None, raw=fits)


@pytest.mark.parametrize("filler", ["a", "é", "😃"])
def test_raw_over_its_limit(filler: str) -> None:
    too_long = object_of_size(RAW_LIMIT + 1, filler)
    expected = expected_sms(type="hologram", text=None, raw_truncated=True)
    assert read_element(too_long) == expected


def test_a_long_message_of_a_known_type_is_not_called_truncated() -> None:
    message = read_element(element(content={"text": "x" * 2 * RAW_LIMIT}))
    assert (message.raw, message.raw_truncated) == (None, False)


# ---- several messages, and bad ones -------------------------------------------------


def test_one_bad_among_500() -> None:
    posted: list[Any] = [element(messageid=str(index)) for index in range(500)]
    posted[123] = "lost"
    found = [*parse(post(*posted))]
    assert [one.message_id if isinstance(one, Message) else one for one in found] == [
        str(index) if index != 123 else BadElement(shape="text") for index in range(500)
    ]


@pytest.mark.parametrize(
    ("bad", "shape"),
    [
        (None, "null"),
        (True, "bool"),
        (7, "number"),
        (1.5, "number"),
        ("x", "text"),
        ([], "[]"),
        ([{"to": "x", "A b": 1}, None, {"to": "y", "C d": 2}], "[{to: text, ?: number} | null]"),
    ],
    ids=repr,
)
def test_a_bad_element_alone_and_among_good_ones(bad: Any, shape: str) -> None:
    error = refused(post(bad))
    assert (error.reason, error.shape) == (ParseReason.ALL_BAD, f"{{messages: [{shape}]}}")
    found = [*parse(post(bad, element(), bad))]
    assert found == [BadElement(shape=shape), expected_sms(), BadElement(shape=shape)]


# ---- posts that are not the provider's ----------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", ParseReason.EMPTY),
        (b" \r\n\t", ParseReason.EMPTY),
        (b"\xef\xbb\xbf", ParseReason.EMPTY),
        (b"{", ParseReason.NOT_JSON),
        (b"{}{}", ParseReason.NOT_JSON),
        (b'{"messages": [{}]', ParseReason.NOT_JSON),
        (b"{'messages': [{}]}", ParseReason.NOT_JSON),
        (b'{"messages": [{}]}&text=a', ParseReason.NOT_JSON),
        (b"[" * 1000, ParseReason.NOT_JSON),
        (b"[" * 1_000_000, ParseReason.NOT_JSON),
        (b"[" * 1000 + b"]" * 1000, ParseReason.NO_MESSAGES),
        ('{"messages": [{}]}'.encode("utf-16-le"), ParseReason.NOT_JSON),
        (b"{}", ParseReason.NO_MESSAGES),
        (b"[]", ParseReason.NO_MESSAGES),
        (b'[{"text": "a"}]', ParseReason.NO_MESSAGES),
        (b'"messages"', ParseReason.NO_MESSAGES),
        (b'{"messages": []}', ParseReason.NO_MESSAGES),
        (b'{"messages": null}', ParseReason.NO_MESSAGES),
        (b'{"messages": {}}', ParseReason.NO_MESSAGES),
        (b'{"messages": {"to": "1"}}', ParseReason.NO_MESSAGES),
        (b'{"messages": "text"}', ParseReason.NO_MESSAGES),
        (b'{"Messages": [{}]}', ParseReason.NO_MESSAGES),
        (b'{"messages": [1, "a", null, []]}', ParseReason.ALL_BAD),
        pytest.param(
            b'{"messages": [' + b"{}," * 10_000 + b"{}]}", ParseReason.TOO_MANY, id="too many"
        ),
        (b"null", ParseReason.NOT_A_FORM),
        (b"hello", ParseReason.NOT_A_FORM),
        (b"<xml/>", ParseReason.NOT_A_FORM),
        (b"\x00\xff", ParseReason.NOT_A_FORM),
        (b"&&=&", ParseReason.NOT_A_FORM),
        (b"msgid=1&sent=2025-06-03", ParseReason.NOT_A_FORM),
        (b"status=4", ParseReason.NOT_A_FORM),
        (b"toaddr=44771012345&msgid=1", ParseReason.NOT_A_FORM),
        (b"Text=a", ParseReason.NOT_A_FORM),
        (b"&".join(b"f%d=1" % index for index in range(200)), ParseReason.NOT_A_FORM),
        (b"&".join([b"text=a"] * 200), ParseReason.NOT_A_FORM),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_refused_with_its_reason(body: bytes, reason: ParseReason) -> None:
    assert refused(body).reason is reason


def test_a_form_of_100_fields_is_read() -> None:
    body = b"&".join([b"text=a", *(b"f%d=1" % index for index in range(99))])
    assert read(body).text == "a"


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b" \r\n\t", b"\xef\xbb\xbf \n"])
@pytest.mark.parametrize("name", ["sms_text.json", "form_text.txt"])
@pytest.mark.parametrize("after", [b"", b"\r\n"])
def test_byte_order_mark_and_white_space_around(name: str, before: bytes, after: bytes) -> None:
    assert read(before + sample(name) + after) == replace(
        read(sample(name)), text="Message Text", message_id=ANY
    )


def test_white_space_that_a_form_ends_in_belongs_to_the_text() -> None:
    assert read(b"msgid=1&text=a \t").text == "a \t"
    assert read(b"msgid=1&text=a%0d%0a").text == "a\r\n"


# ---- JSON that other readers would choke on -----------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\ud83d", "\ufffd"),
        (r"a\ud83db", "a\ufffdb"),
        (r"\ude03\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\ud83d\ude03", "\ufffd😃"),
        (r"\ufeff\ud83d", "\ufeff\ufffd"),
        (r"\ud83d\ude03", "😃"),
    ],
)
def test_lone_surrogates_are_replaced(text: str, expected: str) -> None:
    body = (
        b'{"messages": [{"to": "%s", "from": "%s", "messageid": "%s", "channel": "%s",'
        b' "context": {"id": "%s"}, "content": {"msgobject": {"type": "%s",'
        b' "%s": {"caption": "%s", "link": "%s", "%s": ["%s"]}}}}]}'
    )
    message = read(body.replace(b"%s", text.encode()))
    assert {getattr(message, name) for name in ("to", "sender", "message_id", "channel")} == {
        expected
    }
    assert (message.type, message.reply_to) == (expected, expected)
    assert (message.text, message.media_url) == (expected, expected)
    assert message.raw is not None
    inner = message.raw["content"]["msgobject"][expected]
    assert inner[expected] == [expected]
    orjson.dumps(message.raw)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_none_become_null(word: str) -> None:
    body = b'{"messages": [{"to": %s, "sent": %s, "content": {"x": [%s, 0.5]}}]}'
    message = read(body.replace(b"%s", word.encode()))
    assert (message.to, message.sent) == (None, None)
    assert message.raw == {"to": None, "sent": None, "content": {"x": [None, 0.5]}}


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("place", ["to", "from", "messageid", "channel", "sent"])
def test_bottomless_nesting_in_a_field(place: str, brackets: tuple[str, str]) -> None:
    nested = f"{brackets[0] * 1000}1{brackets[1] * 1000}"
    body = json.dumps({"messages": [element(**{place: "NESTED"})]}).replace('"NESTED"', nested)
    assert read(body.encode()) == expected_sms(**{READ_AS[place]: None})


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
def test_bottomless_nesting_in_the_content(brackets: tuple[str, str]) -> None:
    nested = f"{brackets[0] * 1000}1{brackets[1] * 1000}"
    body = json.dumps({"messages": [element(content={"x": "NESTED", "msgtype": "y"})]})
    message = read(body.replace('"NESTED"', nested).encode())
    assert message == expected_sms(type="y", text=None, raw=ANY)
    # Home Assistant's own reader of JSON gives up at 254.
    depth = max(orjson.dumps(message.raw).count(b"["), orjson.dumps(message.raw).count(b'{"a"'))
    assert 10 < depth < 254


def test_json_in_another_encoding_is_read_as_a_form_would_be() -> None:
    body = json.dumps({"messages": [element(content={"text": "Café"})]}, ensure_ascii=False)
    assert read(body.encode("cp1252")) == expected_sms(text="Café")
    assert read(body.encode("utf-8")) == expected_sms(text="Café")


# ---- the older form -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"text=", ""),
        (b"text", ""),
        (b"text=a+b%2Bc", "a b+c"),
        (b"text=a=b", "a=b"),
        (b"text=%26amp%3B%00", "&amp;\x00"),
        (b"text=%e2%82%ac", "€"),
        ("text=€".encode(), "€"),
        (b"text=%80", "€"),
        (b"text=\x80", "€"),
        ("text=Café £5".encode("latin-1"), "Café £5"),
        (b"text=Caf%E9", "Café"),
        (b"text=Caf\xe9%E9", "Caféé"),
        (b"text=%81", "\ufffd"),
        (b"text=%F0%9F%98%83", "😃"),
        (b"text=%ud83d", "%ud83d"),
        (b"text=%ed%a0%bd", "í\xa0½"),
        (b"text=100%", "100%"),
        (b"text=first&text=second", "first"),
        (b"text=&text=second", ""),
        (b'text={"messages": [{}]}', '{"messages": [{}]}'),
        (b"text=a&status=4&toaddr=44771012345", "a"),
    ],
    ids=repr,
)
def test_form_text(body: bytes, text: str) -> None:
    assert read(body) == Message(key=ANY, type="text", channel="sms", text=text)


def test_an_encoding_is_told_field_by_field() -> None:
    message = read(b"text=%c3%a9&from=Caf%e9&to=%c3%a9")
    assert (message.text, message.sender, message.to) == ("é", "Café", "é")


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        ({"msgid": ""}, {"message_id": None}),
        ({"msgid": " A1 "}, {"message_id": "A1"}),
        ({"networkcode": ""}, {"network_code": None}),
        ({"networkcode": "234010"}, {"network_code": "234010"}),
        ({"sent": "yesterday"}, {"sent": None}),
        ({"from": "Parcel Co"}, {"sender": "Parcel Co"}),
        ({"from": "60777"}, {"sender": "60777"}),
        ({"from": "0044771012345"}, {"sender": SENDER}),
        ({"from": " "}, {"sender": None}),
        ({"to": ""}, {"to": None}),
        ({"to": "44771012346"}, {"to": TO}),
        ({"unheard": "of"}, {}),
    ],
    ids=repr,
)
def test_form_fields(posted: dict[str, str], expected: Json) -> None:
    plain = Message(key=ANY, type="text", channel="sms", text="a")
    assert read(form(text="a", **posted)) == replace(plain, **expected)


@pytest.mark.parametrize(
    ("posted", "named", "expected"),
    [
        ({}, None, None),
        ({}, "", None),
        ({}, "44771012346", TO),
        ({}, "60777", "60777"),
        ({"to": "44771012346"}, "60777", TO),
        ({"to": " "}, "60777", "60777"),
    ],
)
def test_to_in_the_address(posted: dict[str, str], named: str | None, expected: str | None) -> None:
    assert read(form(text="a", **posted), to=named).to == expected


def test_to_in_the_address_is_not_for_json() -> None:
    assert read(sample("sms_text.json"), to="60777") == expected_sms()
    assert read_element(element(to=ABSENT)).key == read(post(element(to=ABSENT)), to="1").key


# ---- status reports -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("posted", "code", "word"),
    [
        ("0", 0, "unknown"),
        ("1", 1, "ok"),
        ("2", 2, "queued"),
        ("3", 3, "sent"),
        ("4", 4, "delivered"),
        ("5", 5, "request_error"),
        ("6", 6, "undeliverable"),
        ("7", 7, "routing_error"),
        ("8", 8, "expired"),
        ("9", 9, "unknown"),
        ("10", 10, "unknown"),
        ("11", 11, "acknowledged"),
        ("12", 12, "rejected"),
        ("13", 13, "unknown"),
        (" 4 ", 4, "delivered"),
        ("04", 4, "delivered"),
        ("", None, "unknown"),
        ("-1", None, "unknown"),
        ("4.0", None, "unknown"),
        ("delivered", None, "unknown"),
        ("²", None, "unknown"),
        ("٤", None, "unknown"),
        ("9" * 5000, None, "unknown"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_status(posted: str, code: int | None, word: str) -> None:
    report = read_report(form(msgid="A1", toaddr="44771012345", status=posted))
    assert report == StatusReport(
        key=ANY, message_id="A1", to=SENDER, status=word, status_code=code
    )


def test_a_status_report_with_blank_fields() -> None:
    report = read_report(b"status=&toaddr=")
    assert report == StatusReport(key=ANY, status="unknown")


# ---- times --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        ("2025-06-03T13:50:05-00:00", SENT),
        ("2025-06-03T13:50:05Z", SENT),
        (" 2025-06-03T14:50:05+01:00\n", SENT),
        ("2010-06-10T14:45:12+01:00", datetime(2010, 6, 10, 13, 45, 12, tzinfo=UTC)),
        ("2025-12-31T23:30:00-01:00", datetime(2026, 1, 1, 0, 30, tzinfo=UTC)),
        ("2025-06-03T13:50Z", datetime(2025, 6, 3, 13, 50, tzinfo=UTC)),
        ("2025-06-03T13:50:05.25Z", datetime(2025, 6, 3, 13, 50, 5, 250_000, tzinfo=UTC)),
        # Without an offset it would be a guess.
        ("2025-06-03T13:50:05", None),
        ("2025-06-03", None),
        ("2025", None),
        ("", None),
        ("yesterday", None),
        ("2025-02-30T13:50:05Z", None),
        ("2025-06-03T13:50:61Z", None),
        ("0000-06-03T13:50:05Z", None),
        ("10000-06-03T13:50:05Z", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("2025-06-03T13:50:05+99:00", None),
        ("2025-06-03T13:50:05\ud83d", None),
        ("٢٠٢٥-06-03T13:50:05Z", None),
    ],
    ids=ascii,
)
def test_time(posted: str, expected: datetime | None) -> None:
    message = read_element(element(sent=posted))
    assert message == expected_sms(sent=expected)
    assert message.sent is None or message.sent.tzinfo is UTC


# ---- which posts are of the same message --------------------------------------------


def reordered(value: Any) -> Any:
    """Return the same JSON value with the names of its objects the other way round."""
    if isinstance(value, dict):
        return {name: reordered(item) for name, item in reversed(value.items())}
    return [reordered(item) for item in value] if isinstance(value, list) else value


LOCATION = as_posted("whatsapp_location.json")
FORM_POST = b"text=a&msgid=1&from=44771012345"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (sample("sms_text.json"), sample("sms_text.json")),
        (post(LOCATION), post(reordered(LOCATION))),
        (post(LOCATION), json.dumps({"messages": [LOCATION]}, indent=7).encode()),
        (post(element()), post(element(status="a field that is not of the message"))),
        (FORM_POST, FORM_POST),
        (FORM_POST, b"from=44771012345&msgid=1&text=a"),
        (FORM_POST, b"%74ext=%61&msgid=1&from=44771012345\r\n"),
    ],
    ids=range(7),
)
def test_same_key(one: bytes, other: bytes) -> None:
    assert read(one).key == read(other).key


def test_place_in_the_post_does_not_matter() -> None:
    alone = read_element(LOCATION)
    _, between, _ = parse(post(element(), LOCATION, element(messageid="2")))
    assert key_of(between) == alone.key


@pytest.mark.parametrize(
    "changes",
    [
        {"messageid": "other"},
        {"messageid": None},
        {"to": "44771012347"},
        {"from": "44771012347"},
        {"from": None},
        {"channel": "whatsapp"},
        {"sent": "2025-06-03T13:50:06-00:00"},
        {"content": {"msgtype": "text", "text": "other"}},
        {"content": {"msgtype": "unicode", "text": "Message Text"}},
        {"content": None},
    ],
    ids=repr,
)
def test_other_key_for_another_message(changes: Json) -> None:
    assert read_element(element()).key != read_element(element(**changes)).key


def test_key_minds_which_field_holds_what() -> None:
    turned = element(**{"to": "44771012345", "from": "44771012346"})
    assert read_element(element()).key != read_element(turned).key


@pytest.mark.parametrize(
    "other",
    [
        b"text=b&msgid=1&from=44771012345",
        b"text=a&msgid=2&from=44771012345",
        b"text=a&msgid=1&from=44771012347",
        b"text=a&msgid=1",
        b"text=a&msgid=1&from=44771012345&unheard=of",
        b"text=a&msgid=1&from=44771012345&text=b",
        b"text=1&msgid=a&from=44771012345",
    ],
)
def test_other_key_for_another_form(other: bytes) -> None:
    assert read(FORM_POST).key != read(other).key


def test_key_of_a_form_minds_the_number_in_the_address() -> None:
    keys = {read(FORM_POST, to=to).key for to in (None, "44771012346", "44771012347")}
    assert len(keys) == 3


def test_key_of_a_report_minds_its_status_and_nothing_unheard_of() -> None:
    report = {"msgid": "1", "toaddr": "44771012345", "status": "3"}
    key = read_report(form(**report)).key
    assert key == read_report(form(**report, unheard="of")).key
    for name, other in {"msgid": "2", "toaddr": "44771012347", "status": "4"}.items():
        assert read_report(form(**report | {name: other})).key != key


def test_a_key_is_short_enough_for_the_journal() -> None:
    assert re.fullmatch(r"[\w-]{12}", read_element(element()).key)


# ---- nothing private where it would be logged ---------------------------------------

SHOWN = {"key", "type", "channel", "sent", "raw_truncated", "status", "status_code"}
PRIVATE = "PR1VATE"


@pytest.mark.parametrize("kind", [Message, StatusReport])
def test_repr_shows_no_number_text_link_or_id(kind: type[Message | StatusReport]) -> None:
    public: Json = {"key": "k", "type": "t", "status": "s"}
    for field in fields(kind):
        if field.name in SHOWN:
            continue
        required = {name: public[name] for name in public if name in kind.__slots__}
        shown = repr(kind(**{**required, field.name: {"a": PRIVATE}}))
        assert PRIVATE not in shown, field.name


@pytest.mark.parametrize("name", NAMES)
def test_repr_of_a_sample_shows_nothing_of_it(name: str) -> None:
    shown = repr([*parse(sample(name))])
    assert not re.search(
        r"4477101234|Message Text|Caf|_URL|_TEXT|_CAPTION|wamid|1001100|fdb", shown
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages": ["PR1VATE"]}',
        b'{"messages": {"PR1VATE": "PR1VATE"}}',
        b'["PR1VATE"]',
        b'"PR1VATE"',
        b'{"messages": ["PR1VATE',
        b"PR1VATE",
        b"PR1VATE=PR1VATE&msgid=PR1VATE",
        b"&".join([b"PR1VATE=PR1VATE"] * 200),
    ],
)
def test_an_error_shows_nothing_of_the_post(body: bytes) -> None:
    error = refused(body)
    logged = "".join(traceback.format_exception(error))
    for shown in (repr(error), str(error), error.shape, repr(error.args), logged):
        assert PRIVATE not in shown


def test_a_bad_element_shows_nothing_of_the_post() -> None:
    _, *bad = parse(post(element(), [{"to": PRIVATE, PRIVATE: [PRIVATE]}], PRIVATE))
    assert bad == [BadElement(shape="[{to: text, ?: [text]}]"), BadElement(shape="text")]
    assert PRIVATE not in repr(bad)


# ---- the outline of a post ----------------------------------------------------------


def nested(depth: int, kind: Literal["list", "dict"]) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (None, "null"),
        (False, "bool"),
        (0, "number"),
        (0.5, "number"),
        ("44771012345", "text"),
        ({}, "{}"),
        ([], "[]"),
        ([1, "a", 2, "b", None], "[number | text | null]"),
        ([*[1] * 20, "a"], "[number]"),
        ({"to": 1, "content": {"text": "a"}}, "{to: number, content: {text: text}}"),
        # Names that are not a provider's could be anybody's.
        (
            {"44771012345": 1, "Öl": 2, "A": 3, "": 4, "x" * 25: 5, "a\n": 6},
            "{" + "?: number, " * 5 + "?: number}",
        ),
        (nested(6, "list"), "[[[[[[number]]]]]]"),
        (nested(7, "list"), "[[[[[[...]]]]]]"),
        (nested(7, "dict"), "{?: {?: {?: {?: {?: {?: ...}}}}}}"),
        pytest.param(object(), "?", id="not JSON"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_shape(value: Any, shape: str) -> None:
    assert shape_of(value) == shape


def test_shape_stops_where_it_is_wide() -> None:
    assert shape_of({"a" * (index + 1): 1 for index in range(20)}).count("number") == 20
    cut = shape_of({"a" * (index + 1): 1 for index in range(21)})
    assert cut.count("number") == 20
    assert cut.endswith(", ...}")


def test_shape_is_short_whatever_it_is_of() -> None:
    names = [letter * 20 for letter in "abcdefghijklmnopqrst"]
    value: Any = 1
    for _ in range(3):
        value = dict.fromkeys(names, value)
    assert len(shape_of(value)) <= 1000


def test_shape_of_a_form() -> None:
    posted = {"text": PRIVATE, PRIVATE: "x", "msgid": PRIVATE}
    assert shape_of_form(posted) == "form: text, ?, msgid"
    assert len(shape_of_form({f"f{index}": "x" for index in range(10_000)})) < 100


def test_raw_line_break_in_a_json_text_is_read() -> None:
    body = sample("sms_text.json").replace(b"Message Text", b"Message\nText\t!")

    message = read(body)

    assert message.text == "Message\nText\t!"
