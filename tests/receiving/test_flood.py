"""No more than 60 messages a minute from one sender; the rest comes later, and nothing is lost."""

from http import HTTPStatus
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.intellisms.const import EVENT_MESSAGE_STATUS
from custom_components.intellisms.protocol import Message
from custom_components.intellisms.receiving import flood
from tests.household import SENDER, account, contact, sms, together, virtual_number
from tests.memory import kept
from tests.running import Post, set_up

LIMITS = Path(__file__).parents[2] / "docs" / "limits.md"
LIMIT = 60
OTHER = "+447700900124"

type Messages = list[Event[dict[str, Any]]]


@pytest.fixture
async def entry(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, request: pytest.FixtureRequest
) -> MockConfigEntry:
    """Return an account with a contact who has two numbers, set up; the clock stands still."""
    entry = account(
        [virtual_number(), contact("Anna", SENDER, "60777")],
        options=getattr(request, "param", {}),
    )
    return await set_up(hass, entry)


def says(sender: Any, *numbers: int) -> str:
    """Return a post of messages from one sender."""
    return together(
        *(
            sms(f"{sender} {number}", **{"from": sender, "messageid": f"{sender!r} {number}"})
            for number in numbers
        )
    )


def said(messages: Messages) -> list[str]:
    """Return the texts of events, and forget them."""
    texts = [event.data["text"] for event in messages]
    messages.clear()
    return texts


async def test_one_message_too_many_is_put_off(
    entry: MockConfigEntry, door: Post, messages: Messages, freezer: FrozenDateTimeFactory
) -> None:
    for number in range(LIMIT):
        assert await door(says(SENDER, number)) == HTTPStatus.OK
    assert len(said(messages)) == LIMIT
    assert await door(says(SENDER, LIMIT)) == HTTPStatus.SERVICE_UNAVAILABLE
    assert await door(says(OTHER, 1)) == HTTPStatus.OK
    assert said(messages) == [f"{OTHER} 1"]

    freezer.tick(59)
    assert await door(says(SENDER, LIMIT)) == HTTPStatus.SERVICE_UNAVAILABLE
    freezer.tick(1)
    assert await door(says(SENDER, LIMIT)) == HTTPStatus.OK
    assert said(messages) == [f"{SENDER} {LIMIT}"]


async def test_any_minute_counts(
    entry: MockConfigEntry, own_door: Post, messages: Messages, freezer: FrozenDateTimeFactory
) -> None:
    assert await own_door(says(SENDER, *range(20))) == HTTPStatus.OK
    freezer.tick(40)
    assert await own_door(says(SENDER, *range(20, 60))) == HTTPStatus.OK
    freezer.tick(20)
    # The first 20 are a minute ago.
    assert await own_door(says(SENDER, *range(60, 81))) == HTTPStatus.SERVICE_UNAVAILABLE
    assert said(messages) == [f"{SENDER} {number}" for number in range(80)]


async def test_a_reload_does_not_begin_anew(
    hass: HomeAssistant, entry: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    assert await own_door(says(SENDER, *range(LIMIT))) == HTTPStatus.OK
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert await own_door(says("60777", 1)) == HTTPStatus.SERVICE_UNAVAILABLE
    assert await own_door(says(OTHER, 1)) == HTTPStatus.OK
    assert len(messages) == LIMIT + 1


async def test_a_retry_brings_only_what_was_put_off(
    entry: MockConfigEntry, own_door: Post, messages: Messages, freezer: FrozenDateTimeFactory
) -> None:
    """The rest of its post, from others, is published at once."""
    many = [says(SENDER, number) for number in range(100)]
    body = together(*many[:90], says(OTHER, 1), *many[90:])

    assert await own_door(body) == HTTPStatus.SERVICE_UNAVAILABLE
    assert said(messages) == [*(f"{SENDER} {number}" for number in range(60)), f"{OTHER} 1"]
    # What was seen does not count, or it would never come to an end.
    freezer.tick(300)
    assert await own_door(body) == HTTPStatus.OK
    assert said(messages) == [f"{SENDER} {number}" for number in range(60, 100)]
    assert await own_door(body) == HTTPStatus.OK
    assert said(messages) == []


async def test_of_500_at_once_the_last_come_when_the_page_says(
    entry: MockConfigEntry, own_door: Post, messages: Messages, freezer: FrozenDateTimeFactory
) -> None:
    minutes = 0
    while await own_door(says(SENDER, *range(500))) == HTTPStatus.SERVICE_UNAVAILABLE:
        minutes += 5
        freezer.tick(5 * 60)
    assert len(messages) == 500
    page = " ".join(LIMITS.read_text().split())
    assert f"of 500 at once the last come after about {minutes} minutes" in page


@pytest.mark.parametrize("entry", [{}, {"accept": "known"}], indirect=True, ids=["all", "known"])
async def test_what_does_not_count(
    hass: HomeAssistant, entry: ConfigEntry[Any], own_door: Post, messages: Messages
) -> None:
    reports = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    for number in range(LIMIT):
        message = Message(key="", type="text", sender=SENDER, text=f"{number}")
        entry.runtime_data.receiver.async_simulate(message)
        assert await own_door(says(SENDER, 0)) == HTTPStatus.OK
        report = f"msgid={number}&status=4&toaddr={SENDER.removeprefix('+')}"
        assert await own_door(report) == HTTPStatus.OK
    assert (len(said(messages)), len(reports)) == (LIMIT + 1, LIMIT)

    assert await own_door(says(SENDER, *range(1, LIMIT))) == HTTPStatus.OK
    assert await own_door(says(SENDER, LIMIT)) == HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.parametrize("entry", [{"accept": "known"}], indirect=True)
async def test_who_is_turned_away_is_not_asked_to_come_again(
    entry: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    for sender in (OTHER, None):
        assert await own_door(says(sender, *range(2 * LIMIT))) == HTTPStatus.OK
    assert messages == []


@pytest.mark.parametrize(
    "spellings",
    [
        ["+447700900124", "00447700900124", "447700900124", "+44 7700 900124", 447700900124],
        # A contact's numbers.
        [SENDER, "60777"],
        ["INFO", " INFO "],
        [None, "", " ", {}],
    ],
)
async def test_one_sender_however_it_is_written(
    entry: MockConfigEntry, own_door: Post, messages: Messages, spellings: list[Any]
) -> None:
    share = LIMIT // len(spellings)
    for spelling in spellings:
        assert await own_door(says(spelling, *range(share))) == HTTPStatus.OK
    for spelling in spellings:
        assert await own_door(says(spelling, share)) == HTTPStatus.SERVICE_UNAVAILABLE
    assert len(messages) == LIMIT


async def test_the_older_form_without_a_sender(
    entry: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    for number in range(LIMIT):
        assert await own_door(f"text=Text {number}") == HTTPStatus.OK
    assert await own_door("text=One more") == HTTPStatus.SERVICE_UNAVAILABLE
    assert await own_door(json.dumps({"messages": [{}]})) == HTTPStatus.SERVICE_UNAVAILABLE
    assert len(messages) == LIMIT


def test_senders_that_are_made_up_make_nobody_forgotten_and_need_little(
    freezer: FrozenDateTimeFactory,
) -> None:
    pace = flood.Flood()
    assert all(pace.admits(SENDER) for _ in range(LIMIT))
    for minute in range(4):
        assert all(pace.admits(f"{minute}, {number}" * 200) for number in range(20_000))
        assert pace.admits(SENDER) is (minute > 0)
        freezer.tick(60)
    assert kept(pace) < 6_000_000


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather put off than forgotten: else whoever makes up senders could guess on."""
    monkeypatch.setattr(flood, "MAX_RECENT", 100)
    pace = flood.Flood()
    assert all(pace.admits(f"{number}") for number in range(100))
    assert not pace.admits("100")
