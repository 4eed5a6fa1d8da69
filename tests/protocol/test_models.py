"""What a message is to an event: a part of it, made of it and read from it again."""

from dataclasses import fields, replace
from datetime import UTC, datetime
import json
from typing import Any

import pytest

from custom_components.intellisms.protocol import LONG, SAID, TOLD, Message

MESSAGE = Message(
    key="AbcdEFghijKL",
    to="+447700900999",
    sender="+447700900123",
    user_id="GB.13491208655302741918",
    username="anna.x",
    channel="whatsapp",
    type="order",
    text="Two apples",
    button_id="gate-1",
    button_text="Open",
    reply_to="1",
    media_url="https://media.example.com/1.jpg",
    media_type="image/jpeg",
    file_name="apples.jpg",
    latitude=51.5,
    longitude=-0.125,
    forwarded=True,
    group_id="3",
    notice=True,
    user_data="0a0b",
    network_code="23415",
    message_id="2",
    sent=datetime(2026, 11, 1, 12, tzinfo=UTC),
    raw={"order": [{"apples": 2}]},
    raw_truncated=True,
)
EMPTY = Message(key="AbcdEFghijKL", type="text")


@pytest.mark.parametrize("message", [MESSAGE, EMPTY], ids=["full", "empty"])
def test_a_message_is_read_from_its_event(message: Message) -> None:
    event = json.loads(json.dumps({"from": message.sender, **message.as_event()}))
    # Which message it is has been told, and to whom is the delivery's.
    read = Message.from_event(event, sender=event["from"])
    assert read == replace(message, key="", to=None)


def test_an_event_has_all_of_a_message() -> None:
    assert all(getattr(MESSAGE, one.name) for one in fields(Message))
    assert list(MESSAGE.as_event()) == list(EMPTY.as_event()) == list(TOLD)
    untold = {one.name for one in fields(Message)} - set(TOLD)
    assert untold == {"key", "to", "sender"}


WRONG: dict[str, Any] = {
    "type": None,
    "text": 5,
    "button_id": True,
    "raw": "order",
    "latitude": "51.5",
    "notice": None,
    "raw_truncated": None,
    "sent": "yesterday",
}


@pytest.mark.parametrize(("key", "value"), WRONG.items(), ids=str)
def test_what_no_message_made_is_not_read(key: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Message.from_event({**MESSAGE.as_event(), key: value}, sender=None)


@pytest.mark.parametrize("key", TOLD)
def test_what_is_not_whole_is_not_read(key: str) -> None:
    event = MESSAGE.as_event()
    del event[key]
    with pytest.raises(KeyError):
        Message.from_event(event, sender=None)


def test_what_was_said() -> None:
    assert set(SAID) == {
        *("text", "raw", "user_data", "button_id", "button_text"),
        *("media_url", "file_name", "latitude", "longitude"),
    }
    assert set(LONG) == {"text", "raw", "user_data"}
    assert set(LONG) <= set(SAID) <= set(TOLD)


def test_repr_shows_nobody_and_nothing_that_was_said() -> None:
    shown = {one.name for one in fields(Message) if one.repr}
    assert shown == {"key", "channel", "type", "sent", "forwarded", "notice", "raw_truncated"}
    assert "apples" not in repr(MESSAGE)


def test_the_size_is_that_of_the_texts() -> None:
    assert replace(MESSAGE, text="a" * 1000).size - replace(MESSAGE, text="").size == 1000
    assert replace(MESSAGE, raw=None, sent=None).size == MESSAGE.size
