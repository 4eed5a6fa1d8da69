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
    STATUS_WORDS,
    BadElement,
    Element,
    Message,
    OtherKind,
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
    assert isinstance(found, Message | StatusReport)
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
        raw=ANY,
    )
    return replace(message, **changes)


def expected_whatsapp(name: str, **changes: Any) -> Message:
    """Return a message of WhatsApp's, of the type that its sample is called by."""
    posted = as_posted(f"whatsapp_{name}.json")
    plain = expected_sms(
        channel="whatsapp", type=name, text=None, message_id=posted["messageid"], raw=posted
    )
    return replace(plain, **changes)


BUTTON = {"type": "button", "text": "BUTTON_TEXT", "button_text": "BUTTON_TEXT"}
REPLY = {"type": "reply", "text": "Button1", "button_text": "Button1", "button_id": "BUTTON1"}
ANSWER = {"reply_to": CONTEXT_ID}
SAID = {"type": "text", "text": "MESSAGE_CONTENT"}
AUDIO = {"media_url": "MEDIA_URL", "media_type": "audio/ogg; codecs=opus"}
VIDEO = {"media_url": "MEDIA_URL", "media_type": "video/mp4", "text": "VIDEO_CAPTION"}
DOCUMENT = {
    "media_url": "MEDIA_URL",
    "media_type": "application/pdf",
    "file_name": "FILE_NAME.pdf",
    "text": "DOCUMENT_CAPTION",
}
PLACE = {"latitude": 51.500729, "longitude": -0.124625, "text": "PLACE_NAME, PLACE_ADDRESS"}
USER_ID = "GB.13491208655302741918"
FORM_TEXT = Message(
    key=ANY,
    type="text",
    channel="sms",
    text="Message Text",
    message_id="10011000000000000001",
    network_code="234010",
    sent=SENT,
    raw={
        "text": "Message Text",
        "msgid": "10011000000000000001",
        "networkcode": "234010",
        "sent": "2025-06-03T13:50:05-00:00",
    },
)
MMS = Message(
    key=ANY,
    type="mms",
    channel="sms",
    to=TO,
    sender=SENDER,
    text="Message Text",
    message_id="10011000000000000007",
    sent=SENT,
    raw={
        "from": "44771012345",
        "to": "44771012346",
        "text": "Message Text",
        "msgid": "10011000000000000007",
        "type": "5",
        "filelist": "photo1.jpg,text1.txt",
        "sent": "2025-06-03T13:50:05-00:00",
    },
)
DELIVERED = StatusReport(
    key=ANY,
    message_id="10011000000000000001",
    to=SENDER,
    status="delivered",
    status_code=4,
)
READ = StatusReport(
    key=ANY,
    message_id="10011000000000000003",
    to=SENDER,
    status="read",
    status_code=14,
    status_text="read",
    category="success",
    user_key="USER_KEY",
)
REFUSED = "rejected_response_window"
SAMPLES: dict[str, tuple[Element, ...]] = {
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
    "whatsapp_text.json": (expected_whatsapp("text", **SAID),),
    "whatsapp_button.json": (expected_whatsapp("button", **BUTTON),),
    "whatsapp_reply.json": (expected_whatsapp("reply", **REPLY),),
    "whatsapp_image.json": (expected_whatsapp("image", media_url="MEDIA_URL"),),
    "whatsapp_button_payload.json": (
        expected_whatsapp("button_payload", **BUTTON, **ANSWER, button_id="BUTTON_PAYLOAD"),
    ),
    "whatsapp_button_reply.json": (expected_whatsapp("button_reply", **REPLY, **ANSWER),),
    "whatsapp_list_reply.json": (
        expected_whatsapp(
            "list_reply", text="Row 1", button_text="Row 1", button_id="ROW1", **ANSWER
        ),
    ),
    "whatsapp_audio.json": (expected_whatsapp("audio", **AUDIO),),
    "whatsapp_video.json": (expected_whatsapp("video", **VIDEO),),
    "whatsapp_document.json": (expected_whatsapp("document", **DOCUMENT),),
    "whatsapp_sticker.json": (expected_whatsapp("sticker", media_type="image/webp"),),
    "whatsapp_location.json": (expected_whatsapp("location", **PLACE),),
    "whatsapp_contacts.json": (expected_whatsapp("contacts", text="FORMATTED_NAME, +44771012345"),),
    "whatsapp_reaction.json": (expected_whatsapp("reaction", text="👍", **ANSWER),),
    "whatsapp_reaction_removed.json": (
        expected_whatsapp("reaction_removed", type="reaction", text="", notice=True, **ANSWER),
    ),
    "whatsapp_edit.json": (expected_whatsapp("edit", text="MESSAGE_CONTENT", **ANSWER),),
    "whatsapp_revoke.json": (expected_whatsapp("revoke", notice=True, **ANSWER),),
    "whatsapp_system.json": (expected_whatsapp("system", text="SYSTEM_TEXT", notice=True),),
    "whatsapp_request_welcome.json": (expected_whatsapp("request_welcome", notice=True),),
    "whatsapp_unsupported.json": (expected_whatsapp("unsupported", notice=True),),
    "whatsapp_order.json": (expected_whatsapp("order", text="ORDER_TEXT"),),
    "whatsapp_forwarded.json": (expected_whatsapp("forwarded", **SAID, forwarded=True),),
    "whatsapp_group.json": (expected_whatsapp("group", **SAID, group_id="GROUP_ID"),),
    "whatsapp_user_id.json": (
        expected_whatsapp("user_id", **SAID, sender=USER_ID, user_id=USER_ID, username="USERNAME"),
    ),
    "several_messages.json": (
        expected_sms(message_id="21ba6a2ee454d1710d88f357df34fdb020"),
        expected_sms(channel="whatsapp", message_id="21ba6a2ee454d1710d88f357df34fdb021", **BUTTON),
        expected_sms(
            channel="whatsapp",
            message_id="21ba6a2ee454d1710d88f357df34fdb022",
            type="order",
            text="ORDER_TEXT",
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
            raw=ANY,
        ),
    ),
    "mms.txt": (MMS,),
    "mms_without_subject.txt": (
        replace(MMS, text=None, message_id="10011000000000000008", raw=ANY),
    ),
    "status_report.txt": (DELIVERED,),
    "status_reports.json": (
        replace(READ, status="sent", status_code=3, status_text="sent", category="interim"),
        READ,
        StatusReport(
            key=ANY,
            message_id="10011000000000000004",
            to=SENDER,
            status=REFUSED,
            status_code=15,
            status_text=REFUSED,
            category="rejection",
        ),
    ),
    "messages_and_reports.json": (
        expected_sms(message_id="21ba6a2ee454d1710d88f357df34fdb03f"),
        replace(
            DELIVERED,
            message_id="10011000000000000005",
            status_text="delivered",
            category="success",
        ),
    ),
    "other_notification.json": (OtherKind.OTHER_NOTIFICATION,),
    "subscription_event.txt": (OtherKind.SUBSCRIPTION_EVENT,),
}


def test_every_sample_is_expected_to_be_something() -> None:
    assert sorted(SAMPLES) == NAMES


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(name: str) -> None:
    assert tuple(parse(sample(name))) == SAMPLES[name]


@pytest.mark.parametrize("name", NAMES)
def test_words_are_plain_text(name: str) -> None:
    """A StrEnum equals its word, but not every writer of text takes it for one."""
    for found in parse(sample(name)):
        if isinstance(found, Message):
            assert {type(found.type), type(found.channel)} == {str}
        if isinstance(found, StatusReport):
            assert type(found.status) is str


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".json")])
def test_a_message_brings_along_what_was_posted(name: str) -> None:
    posted = json.loads(sample(name)).get("messages", [])
    assert [one.raw for one in parse(sample(name)) if isinstance(one, Message)] == posted


def test_keys_of_samples_are_distinct() -> None:
    """The page uses one id for several contents: each has to be a message of its own."""
    keys = [
        key_of(found)
        for name in NAMES
        for found in parse(sample(name))
        if not isinstance(found, OtherKind)
    ]
    assert len(keys) == len(set(keys)) == sum(map(len, SAMPLES.values())) - len(OtherKind)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("sms_emoji.json", "f4iQCo1KlROZ"),
        ("form_with_numbers.txt", "DMK_JDjntbfX"),
        ("status_report.txt", "gkXCSNHOuDuW"),
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
        ({"text": "x" * 15_000}, {"type": "text", "text": "x" * 15_000}),
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
        (
            {"type": "reply", "interactive": {"list_reply": {"title": "A", "id": "b"}}},
            {"type": "list_reply", "text": "A", "button_text": "A", "button_id": "b"},
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
        ({"type": "TEXT"}, {"type": "text"}),
        ({"type": "x" * 65}, {"type": "x" * 64}),
        ({"type": "x" * 70_000}, {"type": "x" * 64, "raw": None, "raw_truncated": True}),
        (
            {"type": "hologram", "hologram": {"link": "L", "caption": "C"}},
            {"type": "hologram", "text": "C", "media_url": "L"},
        ),
        (
            {"type": "hologram", "hologram": {"url": "L", "mime_type": "a/b", "filename": "F"}},
            {"type": "hologram", "media_url": "L", "media_type": "a/b", "file_name": "F"},
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
        (
            {
                "type": "interactive",
                "interactive": {"type": "NFM_reply", "nfm_reply": {"body": "Sent", "name": "flow"}},
            },
            {"type": "nfm_reply", "text": "Sent"},
        ),
        ({"type": "interactive"}, {"type": "interactive"}),
        ({"type": "interactive", "interactive": {"type": []}}, {"type": "interactive"}),
        # Cloud API words that mean something else than ours.
        (
            {"type": "interactive", "interactive": {"type": "button", "body": {"text": "A"}}},
            {"type": "interactive"},
        ),
        ({"type": "interactive", "interactive": {"type": "text"}}, {"type": "interactive"}),
        ({"type": "interactive", "interactive": {"type": "revoke"}}, {"type": "interactive"}),
    ],
    ids=lambda value: repr(value)[:80],
)
def test_whatsapp_message_of_another_type_brings_its_object(message: Json, expected: Json) -> None:
    posted = whatsapp(message)
    plain = expected_sms(channel="whatsapp", text=None, raw=posted)
    assert read_element(posted) == replace(plain, **expected)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            {"type": "Image", "Image": {"link": "L", "url": "U", "caption": "C"}},
            {"type": "image", "media_url": "L", "text": "C"},
        ),
        ({"type": "image", "image": {"link": "", "url": "U"}}, {"type": "image", "media_url": "U"}),
        ({"type": "image", "image": {"link": 5, "url": "U"}}, {"type": "image", "media_url": "U"}),
        ({"type": "TEXT", "text": {"body": "a"}}, {"type": "text", "text": "a"}),
        ({"type": "Reply", "interactive": {"title": "A", "id": "b"}}, {"type": "reply", **CHOICE}),
        # ---- places
        ({"type": "location"}, {"type": "location"}),
        ({"type": "location", "location": {"name": "N"}}, {"type": "location", "text": "N"}),
        ({"type": "location", "location": {"address": "A"}}, {"type": "location", "text": "A"}),
        ({"type": "location", "location": {"name": "", "address": []}}, {"type": "location"}),
        (
            {"type": "location", "location": {"latitude": 51, "longitude": " -0.1246"}},
            {"type": "location", "latitude": 51.0, "longitude": -0.1246},
        ),
        *(
            (
                {"type": "location", "location": {"latitude": wrong, "longitude": 0}},
                {"type": "location", "longitude": 0.0},
            )
            for wrong in (True, None, "", "north", "nan", "1_0", "\u0665", [51], "9" * 400)
        ),
        # ---- cards
        ({"type": "contacts"}, {"type": "contacts"}),
        ({"type": "contacts", "contacts": {"name": "x"}}, {"type": "contacts"}),
        ({"type": "contacts", "contacts": [{}, 7, {"name": 7, "phones": 7}]}, {"type": "contacts"}),
        (
            {
                "type": "contacts",
                "contacts": [
                    {
                        "name": {"formatted_name": "Bob B", "first_name": "Robert"},
                        "phones": [
                            {"phone": "+44 7700 900789", "wa_id": "447700900788"},
                            {"phone": "07700 900787", "wa_id": 447700900787},
                            {"phone": "07700 900786"},
                            {},
                            7,
                        ],
                    },
                    {"name": {"first_name": "Ann", "last_name": "A"}},
                    {"name": {"last_name": "C"}, "phones": [{"wa_id": "447700900785"}]},
                    {"phones": [{"phone": "00447700900784"}]},
                ],
            },
            {
                "type": "contacts",
                "text": "Bob B, +447700900789, +447700900787, 07700 900786\n"
                "Ann A\nC, +447700900785\n+447700900784",
            },
        ),
        # ---- what refers to another message
        ({"type": "reaction"}, {"type": "reaction", "text": "", "notice": True}),
        (
            {"type": "reaction", "reaction": {"emoji": None, "message_id": 7}},
            {"type": "reaction", "text": "", "notice": True, "reply_to": "7"},
        ),
        (
            {"type": "REACTION", "reaction": {"emoji": "👍", "message_id": "A1"}},
            {"type": "reaction", "text": "👍", "reply_to": "A1"},
        ),
        ({"type": "edit"}, {"type": "edit"}),
        (
            {
                "type": "edit",
                "edit": {
                    "original_message_id": "A1",
                    "message": {
                        "type": "Image",
                        "context": {"id": "B2"},
                        "Image": {"link": "L", "caption": "C", "mime_type": "image/png"},
                    },
                },
            },
            {
                "type": "edit",
                "reply_to": "A1",
                "text": "C",
                "media_url": "L",
                "media_type": "image/png",
            },
        ),
        # Nothing in an edit is a tap, a notice or another edit.
        (
            {"type": "edit", "edit": {"message": {"type": "button", "button": {"text": "A"}}}},
            {"type": "edit", "text": "A"},
        ),
        (
            {"type": "edit", "edit": {"message": {"type": "reaction", "reaction": {}}}},
            {"type": "edit", "text": ""},
        ),
        (
            {
                "type": "edit",
                "edit": {"message": {"type": "edit", "edit": {"message": {"type": "revoke"}}}},
            },
            {"type": "edit"},
        ),
        ({"type": "revoke"}, {"type": "revoke", "notice": True}),
        (
            {"type": "Revoke", "Revoke": {"original_message_id": "A1"}},
            {"type": "revoke", "notice": True, "reply_to": "A1"},
        ),
        # ---- what nobody said
        ({"type": "system"}, {"type": "system", "notice": True}),
        ({"type": "unsupported"}, {"type": "unsupported", "notice": True}),
        ({"type": "unknown"}, {"type": "unknown"}),
        ({"type": "unknown", "errors": []}, {"type": "unknown"}),
        ({"type": "unknown", "errors": [{"code": 1}]}, {"type": "unknown", "notice": True}),
        ({"errors": [{"code": 1}]}, {"type": "unknown", "notice": True}),
        ({"type": "ephemeral"}, {"type": "ephemeral"}),
        ({"type": "ephemeral", "errors": [{}]}, {"type": "ephemeral", "notice": True}),
        ({"type": "text", "text": {"body": "a"}, "errors": [{}]}, {"type": "text", "text": "a"}),
    ],
    ids=lambda value: ascii(value)[:80],
)
def test_whatsapp_message_of_a_type_beyond_the_page(message: Json, expected: Json) -> None:
    posted = whatsapp(message)
    plain = expected_sms(channel="whatsapp", text=None, raw=posted)
    assert read_element(posted) == replace(plain, **expected)


# ---- who said it, and where ---------------------------------------------------------


def said(channel: str = "whatsapp", *, posted_from: Any = ABSENT, **context: Any) -> Json:
    """Return a text with more in its `msgobject`, of a sender who is ABSENT unless given."""
    posted = whatsapp({"type": "text", "text": {"body": "a"}, **context})
    posted["channel"] = channel
    return {
        name: value
        for name, value in (posted | {"from": posted_from}).items()
        if value is not ABSENT
    }


@pytest.mark.parametrize(
    ("posted", "sender", "user_id"),
    [
        (said(from_user_id=USER_ID), USER_ID, USER_ID),
        (said(user_id=USER_ID), USER_ID, USER_ID),
        (said(posted_from="", from_user_id=USER_ID), USER_ID, USER_ID),
        (said(posted_from=None, from_user_id=USER_ID), USER_ID, USER_ID),
        (said(posted_from=USER_ID), USER_ID, USER_ID),
        (said(posted_from="US.ENT.11815799212886844830"), *["US.ENT.11815799212886844830"] * 2),
        (said(posted_from="44771012345", from_user_id=USER_ID), SENDER, USER_ID),
        (said(posted_from="44771012345"), SENDER, None),
        (said(posted_from="Parcel Co"), "Parcel Co", None),
        (said(posted_from="gb.1"), "gb.1", None),
        (said(posted_from="GB1."), "GB1.", None),
        (said(from_user_id="", user_id=USER_ID), USER_ID, USER_ID),
        # A number that stands where an id is expected is nobody's.
        (said(from_user_id="44771012345"), *["44771012345"] * 2),
        (said() | {"user_id": USER_ID}, USER_ID, USER_ID),
        # Only WhatsApp has such ids: what another channel's message is from may be a name.
        (said("sms", posted_from=USER_ID), USER_ID, None),
        (said("sms", from_user_id=USER_ID), USER_ID, USER_ID),
    ],
    ids=ascii,
)
def test_a_person_without_a_number(posted: Json, sender: str | None, user_id: str | None) -> None:
    message = read_element(posted)
    assert (message.sender, message.user_id) == (sender, user_id)


@pytest.mark.parametrize(
    "context",
    [
        {"username": "anna.x"},
        {"profile": {"name": "Anna", "username": "anna.x"}},
        {"username": "", "profile": {"username": "anna.x"}},
    ],
    ids=repr,
)
def test_name_that_a_person_chose(context: Json) -> None:
    assert read_element(said(**context)).username == "anna.x"


@pytest.mark.parametrize(
    ("context", "forwarded"),
    [
        ({"forwarded": True}, True),
        ({"frequently_forwarded": True}, True),
        ({"forwarded": False, "frequently_forwarded": "true"}, True),
        ({"forwarded": 1}, True),
        ({"forwarded": False}, False),
        ({"forwarded": "false"}, False),
        ({"forwarded": None, "id": "A1"}, False),
        ([], False),
    ],
    ids=repr,
)
def test_words_that_were_passed_on(context: Any, *, forwarded: bool) -> None:
    assert read_element(said(context=context)).forwarded is forwarded
    assert read_element(element(context=context)).forwarded is forwarded


@pytest.mark.parametrize("kind", ["edit", "Edit"])
def test_new_words_for_what_was_passed_on_are_passed_on(kind: str) -> None:
    inner = {"type": "text", "text": {"body": "a"}, "context": {"forwarded": True, "id": "B2"}}
    message = read_element(whatsapp({"type": kind, kind: {"message": inner | {"group_id": "G1"}}}))
    assert (message.forwarded, message.group_id, message.reply_to) == (True, "G1", None)


@pytest.mark.parametrize(
    ("posted", "group_id"),
    [
        (said(group_id="G1"), "G1"),
        (said(group_id=7), "7"),
        (said(group_id=""), None),
        (said(group_id=["G1"]), None),
        (element(group_id="G1"), "G1"),
    ],
    ids=repr,
)
def test_group_that_it_was_said_in(posted: Json, group_id: str | None) -> None:
    assert read_element(posted).group_id == group_id


@pytest.mark.parametrize(
    "posted",
    [
        whatsapp({"type": "text", "context": {"id": "A1"}}),
        whatsapp({"type": "reaction", "reaction": {"message_id": "A1"}, "context": {"id": "B2"}}),
        whatsapp({"type": "revoke", "revoke": {}, "context": {"id": "A1"}}),
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
    [
        ("sms", "sms"),
        ("whatsapp", "whatsapp"),
        (" rcs ", "rcs"),
        ("SMS", "sms"),
        ("WhatsApp", "whatsapp"),
        ("x" * 65, "x" * 64),
        ("İ" * 64, "i\u0307" * 32),
    ],
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


def test_a_long_message_keeps_its_words() -> None:
    said = "x" * 2 * RAW_LIMIT
    for message in (read_element(element(content={"text": said})), read(form(text=said))):
        assert (message.text, message.raw, message.raw_truncated) == (said, None, True)


@pytest.mark.parametrize("more", ["é" * 2_700, ["x" * 16_000], {"a": "x" * 16_000}, 7], ids=ascii)
def test_raw_has_all_that_stands_beside_the_content(more: Any) -> None:
    posted = element(more=more)
    assert read_element(posted).raw == posted
    for most in ("x" * RAW_LIMIT, ["x" * RAW_LIMIT]):
        assert read_element(posted | {"most": most}).raw is None


def test_no_short_message_is_encoded_to_learn_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.intellisms.protocol.raw._fits", lambda _: 1 / 0)
    for name in NAMES:
        [*parse(sample(name))]


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
        (b"msisdn=44771012345", ParseReason.NOT_A_FORM),
        (b"Text=a", ParseReason.NOT_A_FORM),
        (b'{"messages": [], "notifications": []}', ParseReason.NO_MESSAGES),
        (b'{"notifications": {"status": "sent"}}', ParseReason.NO_MESSAGES),
        (b'{"messages": [1], "notifications": ["a"]}', ParseReason.ALL_BAD),
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
    assert read(body) == Message(key=ANY, type="text", channel="sms", text=text, raw=ANY)


def test_a_broken_byte_of_a_form_spoils_only_itself() -> None:
    message = read(b"text=%c3%a9%e9&from=Caf%e9&to=%c3%a9")
    assert (message.text, message.sender, message.to) == ("é\ufffd", "Caf\ufffd", "é")


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        (b"a\xf0\x9f\x98", "a\ufffd"),
        (b"\xe9", "\ufffd"),
        (b"\xef\xbf\xbd", "\ufffd"),
        (b"\xed\xa0\xbd", "\ufffd\ufffd\ufffd"),
    ],
)
def test_a_broken_byte_of_json_spoils_only_itself(said: bytes, read_as: str) -> None:
    body = post(element(content={"text": "Öffnen"}), element(content={"text": "BROKEN"}))
    # As a post in UTF-8 has it.
    body = body.replace(b"\\u00d6", "Ö".encode()).replace(b"BROKEN", said)
    assert [one.text for one in parse(body) if isinstance(one, Message)] == ["Öffnen", read_as]


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
    plain = Message(key=ANY, type="text", channel="sms", text="a", raw=ANY)
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
        ("13", 13, "rejected_spam_filter"),
        ("14", 14, "read"),
        ("15", 15, "rejected_response_window"),
        ("16", 16, "rejected_age_restriction"),
        ("17", 17, "recipient_not_provisioned"),
        ("18", 18, "unknown"),
        (" 4 ", 4, "delivered"),
        ("04", 4, "delivered"),
        ("", None, "unknown"),
        ("-1", None, "unknown"),
        ("4.0", None, "unknown"),
        ("delivered", None, "delivered"),
        ("²", None, "unknown"),
        ("٤", None, "unknown"),
        ("9" * 5000, None, "unknown"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_status(posted: str, code: int | None, word: str) -> None:
    report = read_report(form(msgid="A1", toaddr="44771012345", status=posted))
    text = posted[:64] if code is None else None
    assert report == StatusReport(
        key=ANY, message_id="A1", to=SENDER, status=word, status_code=code, status_text=text or None
    )


def test_a_status_report_with_blank_fields() -> None:
    report = read_report(b"status=&toaddr=")
    assert report == StatusReport(key=ANY, status="unknown")


def notification(**changes: Any) -> Json:
    """Return a report of JSON as an object, with fields replaced or ABSENT."""
    report: Json = json.loads(sample("messages_and_reports.json"))["notifications"][0] | changes
    return {name: value for name, value in report.items() if value is not ABSENT}


def reports(*posted: Any) -> bytes:
    return json.dumps({"notifications": posted}).encode()


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *((word, word) for word in STATUS_WORDS.values()),
        ("error_with_request", "request_error"),
        ("unable_to_deliver", "undeliverable"),
        (" Delivered ", "delivered"),
        ("UNABLE_TO_DELIVER", "undeliverable"),
        ("teleported", "unknown"),
        ("x" * 70_000, "unknown"),
    ],
    ids=lambda value: value[:20],
)
def test_word_of_a_status(word: str, status: str) -> None:
    report = read_report(reports(notification(status=word, status_code=ABSENT)))
    assert (report.status, report.status_code) == (status, None)
    assert report.status_text == word.strip()[:64]


@pytest.mark.parametrize(
    ("word", "code", "status", "status_code"),
    [
        # A word that is known counts before a code, whatever it says.
        ("delivered", 5, "delivered", 5),
        ("delivered", 99, "delivered", 99),
        ("teleported", 4, "delivered", 4),
        ("teleported", 99, "unknown", 99),
        ("unknown", 4, "unknown", 4),
        (ABSENT, 4, "delivered", 4),
        (None, " 14 ", "read", 14),
        ("", "04", "delivered", 4),
        (["delivered"], 4, "delivered", 4),
        # A code in the word's place.
        (4, ABSENT, "delivered", 4),
        ("4", ABSENT, "delivered", 4),
        ("4", 3, "sent", 3),
        ("sent", True, "sent", None),
        ("sent", 4.0, "sent", None),
        ("sent", "four", "sent", None),
        ("sent", 10**30, "sent", None),
        (ABSENT, -1, "unknown", -1),
    ],
    ids=repr,
)
def test_word_and_code_of_a_status(
    word: Any, code: Any, status: str, status_code: int | None
) -> None:
    report = read_report(reports(notification(status=word, status_code=code)))
    assert (report.status, report.status_code) == (status, status_code)


@pytest.mark.parametrize("value", [*WRONG, ""], ids=repr)
@pytest.mark.parametrize("name", ["messageid", "to", "category", "userkey"])
def test_a_wrong_field_of_a_report_is_absent_and_harms_no_other(name: str, value: Any) -> None:
    absent: Json = {{"messageid": "message_id", "userkey": "user_key"}.get(name, name): None}
    plain = read_report(reports(notification(userkey=7)))
    assert plain.user_key == "7"
    report = read_report(reports(notification(**{"userkey": 7, name: value})))
    assert replace(report, key="") == replace(plain, key="", **absent)


@pytest.mark.parametrize(
    ("posted", "is_report"),
    [
        (notification(), True),
        (notification(notificationtype=" Status "), True),
        ({"notificationtype": "status"}, True),
        (notification(notificationtype=ABSENT), True),
        (notification(notificationtype=None, status=ABSENT), True),
        (notification(notificationtype=ABSENT, status=ABSENT, status_code=ABSENT), False),
        (notification(notificationtype=ABSENT, messageid=ABSENT), False),
        (notification(notificationtype="weather"), False),
        ({"notificationtype": "weather"}, False),
        ({}, False),
    ],
    ids=repr,
)
def test_a_notification_is_a_report_or_of_another_kind(posted: Json, *, is_report: bool) -> None:
    (found,) = parse(reports(posted))
    assert isinstance(found, StatusReport) == is_report
    assert (found == OtherKind.OTHER_NOTIFICATION) != is_report


def test_messages_come_before_notifications() -> None:
    posted = {"notifications": [notification(), {}, 7], "messages": [7, element()]}
    kinds = [type(found) for found in parse(json.dumps(posted).encode())]
    assert kinds == [BadElement, Message, StatusReport, OtherKind, BadElement]


@pytest.mark.parametrize("messages", [[], None, {}, "x", ABSENT], ids=repr)
def test_reports_without_messages(messages: Any) -> None:
    posted = {"messages": messages, "notifications": [notification()]}
    body = json.dumps({name: value for name, value in posted.items() if value is not ABSENT})
    assert read_report(body.encode()).status == "delivered"


def test_elements_are_counted_in_both_lists_together() -> None:
    posted: Json = {"messages": [{}] * 5_000, "notifications": [{}] * 5_000}
    assert len([*parse(json.dumps(posted).encode())]) == 10_000
    posted["notifications"].append({})
    assert refused(json.dumps(posted).encode()).reason is ParseReason.TOO_MANY


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (reports(notification()), reports(notification(category=ABSENT, userkey="k"))),
        (reports(notification()), reports(notification(to="+44 771 012345"))),
        (reports(notification(to="551188887777")), reports(notification(to="5511988887777"))),
        (reports(notification(messageid=7)), reports(notification(messageid="7"))),
        (reports(notification()), reports(notification(status="Delivered", status_code=ABSENT))),
        (reports(notification()), b"msgid=10011000000000000005&status=4&toaddr=44771012345"),
        (
            reports(notification(status="error_with_request", status_code=5)),
            b"msgid=10011000000000000005&status=05&toaddr=%2b44771012345",
        ),
        (reports(notification(status="teleported")), reports(notification(status="delivered"))),
        (
            reports(notification(status="teleported", status_code=98)),
            reports(notification(status="Teleported", status_code=99)),
        ),
    ],
    ids=range(9),
)
def test_same_report(one: bytes, other: bytes) -> None:
    assert read_report(one).key == read_report(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"status": "read", "status_code": 14}),
        ({}, {"to": "44771012347"}),
        ({}, {"messageid": "2"}),
        ({"messageid": ["1"]}, {"messageid": ["2"]}),
        (
            {"status": "teleported", "status_code": 98},
            {"status": "beamed", "status_code": 98},
        ),
        ({"status": ABSENT, "status_code": 98}, {"status": ABSENT, "status_code": 99}),
    ],
    ids=repr,
)
def test_another_report(one: Json, other: Json) -> None:
    keys = {read_report(reports(notification(**changes))).key for changes in (one, other)}
    assert len(keys) == 2


# ---- MMS and subscription lists -----------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (b"type=5&text=Open&filelist=a.jpg", "mms", "Open"),
        (b"type=5&text=", "mms", ""),
        (b"type=5", "mms", None),
        (b"type=%205%20&filelist=a.jpg", "mms", None),
        (b"filelist=a.jpg", "mms", None),
        (b"type=1&filelist=a.jpg", "mms", None),
        (b"type=1&text=Open", "text", "Open"),
        (b"type=&text=Open", "text", "Open"),
        (b"filelist=a.jpg&text=Open", "text", "Open"),
        (b"sublistname=a&msisdn=1&text=Open", "text", "Open"),
    ],
)
def test_an_mms_is_told_by_its_type_or_files(body: bytes, kind: str, text: str | None) -> None:
    message = read(body)
    assert (message.type, message.text, message.channel) == (kind, text, "sms")


def test_an_mms_is_to_the_number_in_the_address() -> None:
    assert read(b"type=5", to="44771012346").to == TO


@pytest.mark.parametrize(
    "body",
    [
        b"sublistname=News&sublisttype=2",
        b"sublistname=&msisdn=44771012345",
        b"msisdn=44771012345&sublistname=News&type=5",
        b"sublistname=News",
        b"msisdn=44771012345&sublisttype=2&action=1",
    ],
)
def test_an_event_of_a_subscription_list(body: bytes) -> None:
    assert [*parse(body)] == [OtherKind.SUBSCRIPTION_EVENT]


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
        ("2025-06-03t13:50:05z", SENT),
        # In a form a plus is a space unless it is encoded.
        ("2025-06-03T14:50:05 01:00", SENT),
        ("2025-06-03T14:50:05 0100", SENT),
        ("2025-06-03t14:50:05.0 01:00 ", SENT),
        ("2025-06-03 14:50 01:00", datetime(2025, 6, 3, 13, 50, tzinfo=UTC)),
        ("2025-06-03 14:50:05", None),
        ("2025-06-03 14:50", None),
        ("2025-06-03T14:50:05  01:00", None),
        ("2025-06-03T14:50:05 01:00 01:00", None),
        ("2025-06-03T14:50:05 99:00", None),
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


def media(link: str, kind: str = "image", **changes: Any) -> Json:
    return whatsapp({"type": kind, kind: {"link": link, **changes.pop("more", {})}}, **changes)


def edited(link: str) -> bytes:
    """Return the post of a picture with a new caption."""
    inner = {"type": "Image", "Image": {"link": link, "caption": "C"}}
    return post(whatsapp({"type": "edit", "edit": {"original_message_id": "A1", "message": inner}}))


LOCATION = as_posted("whatsapp_location.json")
FORM_POST = b"text=a&msgid=1&from=44771012345"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (sample("sms_text.json"), sample("sms_text.json")),
        (post(LOCATION), post(reordered(LOCATION))),
        (post(LOCATION), json.dumps({"messages": [LOCATION]}, indent=7).encode()),
        (post(element()), post(element(status="a field that is not of the message"))),
        # The same instant, number, id, channel and sender, spelt otherwise.
        (post(element()), post(element(sent="2025-06-03T13:50:05Z"))),
        (post(element()), post(element(sent="2025-06-03t14:50:05.000 01:00"))),
        (post(element()), post(element(to="+44 771 012346"))),
        (post(element()), post(element(**{"from": "0044771012345"}))),
        (
            post(element(**{"from": "551188887777", "to": "5215512345678"})),
            post(element(**{"from": "5511988887777", "to": "525512345678"})),
        ),
        (post(element()), post(element(channel=" SMS "))),
        (post(element(messageid=7)), post(element(messageid=" 7 "))),
        (post(said(from_user_id=USER_ID)), post(said(posted_from="", from_user_id=USER_ID))),
        # Links that were signed anew.
        *(
            (
                post(whatsapp({"type": "video", **other, "video": media | one})),
                post(whatsapp({"type": "video", **other, "video": media | two})),
            )
            for media in ({}, {"caption": "Is it you?"})
            for other in ({}, {"context": {"id": "A1"}})
            for one, two in (
                ({"link": "https://a.example/1.mp4?s=1"}, {"link": "https://a.example/1.mp4?s=2"}),
                ({"link": "https://a.example/1.mp4"}, {"link": "https://a.example/1.mp4?"}),
                ({"url": "https://a.example/1?s=1#t"}, {"url": "https://a.example/1?s=2#t"}),
            )
        ),
        (edited("https://a.example/1.jpg?s=1"), edited("https://a.example/1.jpg?s=2")),
        (post(media("a?s=1", "ephemeral")), post(media("a?s=2", "ephemeral"))),
        (FORM_POST, FORM_POST),
        (FORM_POST, b"from=44771012345&msgid=1&text=a"),
        (FORM_POST, b"%74ext=%61&msgid=1&from=44771012345\r\n"),
    ],
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Without an id, the query of a link may be all that tells two pictures apart.
        (media("get?id=1", messageid=ABSENT), media("get?id=2", messageid=ABSENT)),
        (media("get?id=1", messageid=""), media("get?id=2", messageid="")),
        (media("1.jpg?s=1"), media("2.jpg?s=1")),
        (media("1.jpg?s=1#a"), media("1.jpg?s=1#b")),
        (media("1.jpg#a?1"), media("1.jpg#a?2")),
        (media("1.jpg", more={"caption": "Is it?"}), media("1.jpg", more={"caption": "Is it?!"})),
        # Nothing that a person wrote is cut.
        (element(content={"text": "Open?"}), element(content={"text": "Open?Shut"})),
        (element(content={"link": "a?1"}), element(content={"link": "a?2"})),
        (
            whatsapp({"type": "text", "text": {"body": "a?1"}}),
            whatsapp({"type": "text", "text": {"body": "a?2"}}),
        ),
        (
            whatsapp({"type": "text", "text": {"body": "a", "url": "a?1"}}),
            whatsapp({"type": "text", "text": {"body": "a", "url": "a?2"}}),
        ),
        (
            whatsapp({"type": "image", "other": {"link": "a?1"}}),
            whatsapp({"type": "image", "other": {"link": "a?2"}}),
        ),
        # What cannot be read stands in the key as it was posted.
        *(
            (element(**{name: one}), element(**{name: other}))
            for name in READ_AS
            for one, other in ((["1"], ["2"]), ({"a": 1}, {"a": 2}), (1.5, 2.5), (True, False))
        ),
        (element(sent="yesterday"), element(sent="today")),
        (element(sent="2025-06-03T13:50:05"), element(sent="2025-06-03T13:50:06")),
    ],
    ids=lambda value: ascii(value)[:80],
)
def test_other_keys_for_two_messages(one: Json, other: Json) -> None:
    assert read_element(one).key != read_element(other).key


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

SHOWN = {
    *("key", "type", "channel", "sent", "raw_truncated", "forwarded", "notice"),
    *("status", "status_code"),
}
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
        r"4477101234|Message Text|Caf|_URL|_TEXT|_CAPTION|wamid|1001100|fdb|_NAME|_ID|_KEY|photo1|News|GB\\.",
        shown,
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
