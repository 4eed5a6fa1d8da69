"""Sending for an account, over real HTTP to the stand-in: what became of each, and who is told."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.intellisms.asking import QuestionName
from custom_components.intellisms.const import (
    CONF_HOURLY_LIMIT,
    CONF_KEEP_OFF_DISK,
    DEFAULT_HOURLY_LIMIT,
    EVENT_MESSAGE_SENT,
)
from custom_components.intellisms.protocol import (
    Content,
    Outgoing,
    SendOutcome,
    Sms,
    Template,
    WhatsAppText,
)
from custom_components.intellisms.sending import client
from custom_components.intellisms.sending.client import Client
from custom_components.intellisms.sending.data import Letter, Sent, signal_sent
from custom_components.intellisms.sending.errors import SendingError
from custom_components.intellisms.sending.sender import Guard, Sender
from scripts.house.provider_api import Play, ProviderApi, Refusal
from tests.household import ANNA, BEN, CARL, GATE, STRANGER, devices
from tests.log import Log, keep_secret
from tests.provider_api import KEYS
from tests.running import settle

SENT, NOT_SENT, DOUBTFUL = SendOutcome
TEXT = "The code is 9137"

type SentEvents = list[Event[dict[str, Any]]]


@pytest.fixture
def sender(hass: HomeAssistant, house: MockConfigEntry, api: ProviderApi) -> Sender:
    """Return what sends for the household."""
    keep_secret([TEXT, ANNA, BEN, CARL, STRANGER])
    directory = house.runtime_data.directory
    return Sender(hass, house, client=Client(KEYS), directory=directory)


@pytest.fixture
def events(hass: HomeAssistant) -> SentEvents:
    """Return the events of what is sent from here on."""
    captured: SentEvents = async_capture_events(hass, EVENT_MESSAGE_SENT)
    return captured


def letter(to: str = ANNA, said: str = TEXT, content: Content | None = None, **more: Any) -> Letter:
    """Return a letter from the gate."""
    outgoing = Outgoing(to=to, sender=GATE, content=content or Sms(text=said))
    return Letter(outgoing=outgoing, **more)


def letters(count: int) -> list[Letter]:
    """Return letters to people whom nobody knows."""
    return [letter(number(place), position=place) for place in range(1, count + 1)]


def number(place: int) -> str:
    return f"+4477009{place:05}"


def outcomes(events: SentEvents) -> list[tuple[str, str | None]]:
    return [(event.data["outcome"], event.data["error"]) for event in events]


async def refused(sending: Any) -> SendingError:
    """Return the error, which shows no number, name or text."""
    with pytest.raises(SendingError) as caught:
        await sending
    said = str(caught.value)
    for secret in (ANNA, BEN, CARL, STRANGER, TEXT, "Anna", KEYS.secret_key):
        assert secret.removeprefix("+") not in said
    assert caught.value.translation_domain == "intellisms"
    assert "{" not in said
    return caught.value


# ---- what is told -----------------------------------------------------------------


async def test_the_event(
    hass: HomeAssistant,
    house: MockConfigEntry,
    sender: Sender,
    api: ProviderApi,
    events: SentEvents,
) -> None:
    cause = Context(user_id="5" * 32)
    question = QuestionName(id="k5qxyz2abcdefghi", name="Gate")
    asking = letter(entity_id="notify.anna", question=question)
    [sent] = await sender.async_send([asking], cause)

    [event] = events
    assert event.data == {
        "entry_id": house.entry_id,
        "message_id": api.taken[0].id,
        "to": ANNA,
        "to_name": "Anna",
        "to_device_id": devices(house)["Anna"],
        "person_id": None,
        "entity_id": "notify.anna",
        "sender": GATE,
        "channel": "sms",
        "type": "text",
        "text": TEXT,
        "parts": 1,
        "credits": 1.0,
        "question": question,
        "outcome": "sent",
        "error": None,
    }
    assert (event.context.parent_id, event.context.user_id) == (cause.id, cause.user_id)
    assert event.context.id not in {cause.id, None}
    assert sent.as_response() == {
        "entity_id": "notify.anna",
        "to": ANNA,
        "channel": "sms",
        "message_id": api.taken[0].id,
        "parts": 1,
        "credits": 1.0,
    }


@pytest.mark.parametrize(
    ("content", "channel", "kind", "said"),
    [
        (WhatsAppText(text=TEXT), "whatsapp", "text", TEXT),
        (Template(name="alarm", language="en"), "whatsapp", "template", None),
    ],
)
async def test_the_event_of_whatsapp_to_nobody_known(
    sender: Sender,
    events: SentEvents,
    content: Content,
    channel: str,
    kind: str,
    said: str | None,
) -> None:
    await sender.async_send([letter(STRANGER, content=content)])

    data = events[0].data
    assert (data["channel"], data["type"], data["text"]) == (channel, kind, said)
    assert (data["parts"], data["credits"], data["outcome"]) == (None, None, "sent")
    assert data["to"] == STRANGER
    assert {data[key] for key in ("to_name", "to_device_id", "person_id", "entity_id")} == {None}


async def test_the_text_is_kept_off_the_disk(
    hass: HomeAssistant, house: MockConfigEntry, sender: Sender, events: SentEvents
) -> None:
    hass.config_entries.async_update_entry(house, options={CONF_KEEP_OFF_DISK: True})
    await sender.async_send([letter()])
    assert events[0].data["text"] is None
    assert events[0].data["outcome"] == "sent"


async def test_listeners_are_told_before_the_bus(
    hass: HomeAssistant, house: MockConfigEntry, sender: Sender, events: SentEvents
) -> None:
    told: list[tuple[Sent, int]] = []

    @callback
    def listen(sent: Sent) -> None:
        told.append((sent, len(events)))

    async_dispatcher_connect(hass, signal_sent(house.entry_id), listen)
    [sent] = await sender.async_send([letter()])
    assert told == [(sent, 0)]
    assert told[0][0].context is events[0].context
    for secret in (TEXT, ANNA.removeprefix("+"), "Anna"):
        assert secret not in repr(sent)


async def test_nothing_to_send(sender: Sender, events: SentEvents) -> None:
    assert await sender.async_send([]) == ()
    assert events == []


# ---- several ----------------------------------------------------------------------


async def test_one_bad_number_among_three(
    sender: Sender, api: ProviderApi, events: SentEvents
) -> None:
    api.plays[BEN.removeprefix("+")] = Refusal(word="invalid_number")
    three = [letter(to, entity_id=f"notify.{place}") for place, to in enumerate((ANNA, BEN, CARL))]

    error = await refused(sender.async_send(three))

    assert error.translation_key == "send_invalid_number"
    assert str(error).startswith("Not sent to notify.1: ")
    assert [one.result.outcome for one in error.sent] == [SENT, NOT_SENT, SENT]
    assert [taken.to for taken in api.taken] == [ANNA.removeprefix("+"), CARL.removeprefix("+")]
    assert sorted(outcomes(events)) == [("not_sent", "invalid_number"), ("sent", None), ("sent", None)]  # fmt: skip


async def test_a_hundred_of_which_five_fail(
    sender: Sender, api: ProviderApi, events: SentEvents
) -> None:
    api.balance = 1000
    words = ["invalid_number", "brand_new_word", "invalid_number", "gateway_error"]
    for place, word in zip((7, 20, 50, 99), words, strict=True):
        api.plays[number(place).removeprefix("+")] = Refusal(word=word)
    api.plays[number(63).removeprefix("+")] = Play.RESET

    error = await refused(sender.async_send(letters(100)))

    assert str(error) == (
        "95 of 100 messages were sent. Of the others: #7: invalid_number; #20: brand_new_word; "
        "#50: invalid_number; #63: may_have_been_sent (no_answer); #99: gateway_error"
    )
    assert api.asked["sendmsg.aspx"] == 100
    # 95 and the one that nobody can tell of; nobody twice.
    assert len(api.taken) == len({taken.to for taken in api.taken}) == 96
    assert len({event.data["to"] for event in events}) == len(events) == 100
    assert outcomes(events).count(("sent", None)) == 95
    assert api.most_at_a_time == 4


async def test_the_same_id_for_all_is_the_id_of_each(sender: Sender, api: ProviderApi) -> None:
    api.plays[None] = Play.SAME_ID
    sent = await sender.async_send(letters(3))
    assert {one.result.message_id for one in sent} == {api.taken[0].id}
    assert [one.letter.outgoing.to for one in sent] == [number(place) for place in (1, 2, 3)]


async def test_one_person_is_told_in_order(sender: Sender, api: ProviderApi) -> None:
    # The second spells the same line otherwise.
    spellings = ["+5511987654321", "+551187654321"] * 3
    await asyncio.gather(
        *(sender.async_send([letter(to, f"Text {place}")]) for place, to in enumerate(spellings))
    )
    said = [taken.message["content"]["text"] for taken in api.taken]
    assert said == [f"Text {place}" for place in range(6)]
    assert api.most_at_a_time == 1


@pytest.mark.parametrize(
    ("play", "key", "outcome"),
    [
        (Refusal(word="login_invalid", whole=True), "send_keys_refused", NOT_SENT),
        (Refusal(word="auth_parameter_invalid", whole=True), "send_keys_refused", NOT_SENT),
        (Refusal(word="insufficient_credit"), "send_no_credit", NOT_SENT),
        (Refusal(word="daily_allowance_exceeded", whole=True), "send_daily_allowance", NOT_SENT),
        (Refusal(word="brand_new_word"), "send_refused", NOT_SENT),
        (Refusal(word="internal_error", whole=True), "send_refused", NOT_SENT),
        (Play.SERVER_ERROR, "send_may_have_been_sent", DOUBTFUL),
        (Play.HTML, "send_may_have_been_sent", DOUBTFUL),
        (Play.TOO_LONG, "send_may_have_been_sent", DOUBTFUL),
        (Play.REDIRECT, "send_may_have_been_sent", DOUBTFUL),
        (Play.RESET, "send_may_have_been_sent", DOUBTFUL),
    ],
)
async def test_why_it_failed(
    sender: Sender, api: ProviderApi, events: SentEvents, play: Any, key: str, outcome: SendOutcome
) -> None:
    api.plays[None] = play
    two = [letter(entity_id="notify.anna"), letter(STRANGER, position=3)]
    error = await refused(sender.async_send(two))
    assert error.translation_key == key
    assert "notify.anna, #3" in str(error)
    assert {event.data["outcome"] for event in events} == {outcome}
    assert api.asked["sendmsg.aspx"] == 2


async def test_two_words_that_nobody_has_a_sentence_for(sender: Sender, api: ProviderApi) -> None:
    api.plays = {
        ANNA.removeprefix("+"): Refusal(word="brand_new_word"),
        BEN.removeprefix("+"): Refusal(word="gateway_error"),
    }
    error = await refused(sender.async_send([letter(ANNA), letter(BEN, position=2)]))
    assert str(error) == (
        "0 of 2 messages were sent. Of the others: #1: brand_new_word; #2: gateway_error"
    )


async def test_nobody_is_there(sender: Sender, api: ProviderApi, events: SentEvents) -> None:
    await api.close()
    error = await refused(sender.async_send([letter()]))
    assert error.translation_key == "send_cannot_connect"
    assert outcomes(events) == [("not_sent", "cannot_connect")]


# ---- the guard --------------------------------------------------------------------


@pytest.mark.parametrize("to", [GATE, "+447700900999"])
async def test_never_to_our_own_numbers(
    sender: Sender, api: ProviderApi, events: SentEvents, to: str
) -> None:
    error = await refused(sender.async_send([letter(to), letter(ANNA)]))
    assert error.translation_key == "send_own_number"
    assert [taken.to for taken in api.taken] == [ANNA.removeprefix("+")]
    assert ("not_sent", "own_number") in outcomes(events)


async def test_no_more_than_the_limit_in_an_hour(
    hass: HomeAssistant, house: MockConfigEntry, sender: Sender, api: ProviderApi
) -> None:
    api.plays[number(2).removeprefix("+")] = Refusal(word="invalid_number")
    hass.config_entries.async_update_entry(house, options={CONF_HOURLY_LIMIT: 2})
    error = await refused(sender.async_send(letters(4)))
    assert str(error) == (
        "1 of 4 messages were sent. Of the others: #2: invalid_number; #3: hourly_limit; "
        "#4: hourly_limit"
    )
    error = await refused(sender.async_send([letter()]))
    assert error.translation_key == "send_hourly_limit"
    # What the options say counts from now on.
    hass.config_entries.async_update_entry(house, options={CONF_HOURLY_LIMIT: 3})
    await sender.async_send([letter()])
    assert len(api.taken) == 2


def test_an_hour_later_there_is_room(freezer: FrozenDateTimeFactory) -> None:
    guard = Guard(lambda: DEFAULT_HOURLY_LIMIT)
    assert all(guard.admits() for _ in range(99))
    freezer.tick(1800)
    assert guard.admits()
    assert not guard.admits()
    freezer.tick(1799)
    assert not guard.admits()
    freezer.tick(1)
    # What was refused does not count.
    assert all(guard.admits() for _ in range(99))
    assert not guard.admits()


# ---- broken off ---------------------------------------------------------------------


async def stop(hass: HomeAssistant, _house: MockConfigEntry) -> None:
    await hass.async_stop(force=True)


async def unload(hass: HomeAssistant, house: MockConfigEntry) -> None:
    assert await hass.config_entries.async_unload(house.entry_id)


@pytest.mark.parametrize("end", [stop, unload])
async def test_a_stop_in_the_middle(
    hass: HomeAssistant,
    house: MockConfigEntry,
    sender: Sender,
    api: ProviderApi,
    events: SentEvents,
    end: Callable[[HomeAssistant, MockConfigEntry], Any],
) -> None:
    for place in range(2, 6):
        api.plays[number(place).removeprefix("+")] = Play.HANG
    sending = asyncio.create_task(sender.async_send(letters(7)))
    await api.taken_are(5)

    await end(hass, house)

    error = await refused(sending)
    # The first went, four are with the provider, and two never left.
    hanging = [f"#{place}: may_have_been_sent (stopped)" for place in range(2, 6)]
    assert error.translation_placeholders
    assert error.translation_placeholders["failed"] == "; ".join(
        [*hanging, "#6: stopped", "#7: stopped"]
    )
    assert len(api.taken) == 5
    assert len(events) == 7
    assert ("may_have_been_sent", "stopped") in outcomes(events)
    assert ("not_sent", "stopped") in outcomes(events)


async def test_whoever_wanted_it_is_gone(
    sender: Sender, api: ProviderApi, events: SentEvents
) -> None:
    api.plays[None] = Play.HANG
    sending = asyncio.create_task(sender.async_send(letters(6)))
    await api.taken_are(4)

    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await settle()
    # What has not begun does not go.
    assert outcomes(events) == [("not_sent", "stopped")] * 2

    api.go_on()
    async with asyncio.timeout(5):
        while len(events) < 6:  # noqa: ASYNC110
            await asyncio.sleep(0)
    # And what had begun is known.
    assert outcomes(events)[2:] == [("sent", None)] * 4
    assert len(api.taken) == 4


async def test_it_hangs(
    sender: Sender, api: ProviderApi, events: SentEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TOTAL_SECONDS", 0.2)
    api.plays[ANNA.removeprefix("+")] = Play.HANG
    error = await refused(sender.async_send([letter(entity_id="notify.anna"), letter(BEN)]))
    assert error.translation_key == "send_may_have_been_sent"
    assert sorted(outcomes(events)) == [("may_have_been_sent", "no_answer"), ("sent", None)]  # fmt: skip


async def test_a_fault_of_ours(
    sender: Sender,
    events: SentEvents,
    nothing_is_logged_of_what_was_said: Log,
) -> None:
    with patch.object(Client, "async_send", side_effect=ValueError(TEXT)):
        error = await refused(sender.async_send([letter()]))
    assert error.translation_key == "send_unexpected"
    assert outcomes(events) == [("not_sent", "unexpected")]
    lines = [record.getMessage() for record in nothing_is_logged_of_what_was_said.records]
    assert any(line.startswith("Unexpected ValueError while sending") for line in lines)
