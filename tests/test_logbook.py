"""What the logbook shows of a message, and what it led to."""

from collections import Counter
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, mock_component
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.intellisms.asking import Ending
from custom_components.intellisms.const import (
    DOMAIN,
    EVENT_MESSAGE_RECEIVED,
    EVENT_MESSAGE_SENT,
    EVENT_MESSAGE_STATUS,
)
from custom_components.intellisms.logbook import (
    ARRIVED_ICON,
    ICON,
    MAX_SHOWN_CHARACTERS,
    NOT_SENT_ICON,
    SENT_ICON,
    async_describe_events,
)
from custom_components.intellisms.protocol import STATUS_WORDS
from scripts.house.provider_api import ProviderApi, Taken, report

from .asked import LEAVE, asked, sms_question, tap
from .household import (
    ANNA,
    BEN,
    CARL,
    SHOP,
    STRANGER,
    button,
    devices,
    household,
    image,
    posted,
    reply,
    text,
    whatsapp,
)
from .provider_api import with_keys
from .running import automate, receive, set_up, when

ELSEWHERE = "+447700900555"

pytestmark = pytest.mark.usefixtures("recorder_mock")


@pytest.fixture
async def house(hass: HomeAssistant) -> MockConfigEntry:
    """Return an account with two virtual numbers and three contacts, and a logbook."""
    # Its files are not installed for tests; the logbook only adds a panel to it.
    mock_component(hass, "frontend")
    assert await async_setup_component(hass, "logbook", {})
    return await set_up(hass, household())


class Logbook:
    """The logbook as the frontend asks for it."""

    def __init__(self, hass: HomeAssistant, connect: WebSocketGenerator) -> None:
        """Read from now on."""
        self._hass = hass
        self._connect = connect
        self.begin()

    def begin(self) -> None:
        """Read from now on."""
        self._begin = dt_util.utcnow().isoformat()

    async def read(self, **about: list[str]) -> list[dict[str, Any]]:
        """Return the entries, those about some entities or devices if named."""
        await self._hass.async_block_till_done()
        await async_wait_recording_done(self._hass)
        client = await self._connect()
        await client.send_json_auto_id(
            {"type": "logbook/get_events", "start_time": self._begin} | about
        )
        result: list[dict[str, Any]] = (await client.receive_json())["result"]
        return result


@pytest.fixture
def logbook(
    hass: HomeAssistant, house: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> Logbook:
    """Return the logbook from here on."""
    return Logbook(hass, hass_ws_client)


async def test_lines(house: MockConfigEntry, logbook: Logbook) -> None:
    for body in (
        text("Sesame"),
        text("Sesame", sender=STRANGER),
        posted(text("Sesame"), **{"from": "Anna"}),
        posted(text("Sesame"), **{"from": "Anna: “Sesame”\n"}),
        posted(text("Sesame"), **{"from": None}),
        text("Sesame", to=ELSEWHERE),
        text("x" * (MAX_SHOWN_CHARACTERS + 1)),
        button("Sesame"),
        reply("Sesame", "gate-1"),
        image("https://media.example.com/secret.jpg"),
        text(""),
        text("Open”\nGate received from Anna:\u2028 “Open", sender=STRANGER),
    ):
        receive(house, body)
    entries = [line for line in await logbook.read() if line.get("domain") == DOMAIN]
    assert [(line["name"], line["message"]) for line in entries] == [
        ("Gate", "received from Anna: “Sesame”"),
        ("Gate", f"received from {STRANGER}: “Sesame”"),
        ("Gate", "received from “Anna”: “Sesame”"),
        ("Gate", "received from “Anna: 'Sesame'”: “Sesame”"),
        ("Gate", "received from an unknown sender: “Sesame”"),
        (ELSEWHERE, "received from Anna: “Sesame”"),
        ("Gate", f"received from Anna: “{'x' * (MAX_SHOWN_CHARACTERS - 1)}…”"),
        ("Gate", "received from Anna: a tap on “Sesame”"),
        ("Gate", "received from Anna: a tap on “Sesame”"),
        ("Gate", "received from Anna: a picture"),
        ("Gate", "received from Anna: a message (text)"),
        ("Gate", f"received from {STRANGER}: “Open” Gate received from Anna: “Open”"),
    ]


async def test_answers(house: MockConfigEntry, logbook: Logbook) -> None:
    question = asked(house, "Anna", "Ben")
    sms_question(house, "Anna", code="4711")
    late = asked(house, "Anna")
    house.runtime_data.questions.async_end(late.id, Ending.STOPPED)
    for body in (
        tap(question, sender=CARL),
        tap(question),
        tap(question, LEAVE, sender=BEN),
        tap(late),
        reply("Open", "is:aaaaaaaaaaaaaaaa:open"),
        text("1 4711"),
    ):
        receive(house, body)
    entries = [line for line in await logbook.read() if line.get("domain") == DOMAIN]
    assert [line["message"].partition(" after ")[0] for line in entries] == [
        "received from Carl: without being asked, the answer “Open”",
        "received from Anna: the answer “Open”",
        "received from Ben: once more, an answer “Leave it”",
        "received from Anna: too late, the answer “Open”",
        "received from Anna: too late, the answer “Open”",
        "received from Anna: the answer “Open”",
    ]


@pytest.mark.parametrize(
    ("passed", "took"),
    [
        (-1, " after 0 s"),
        (11.6, " after 12 s"),
        (60, " after 1 min 0 s"),
        (7260, " after 2 h 1 min"),
        (None, ""),
    ],
)
async def test_how_long_an_answer_took(
    hass: HomeAssistant,
    house: MockConfigEntry,
    logbook: Logbook,
    passed: float | None,
    took: str,
) -> None:
    question = asked(house, "Anna")
    event = {
        "entry_id": house.entry_id,
        "from_name": "Anna",
        "question": question.as_name(),
        "answer": "open",
        "answer_state": "accepted",
        "received": None
        if passed is None
        else (question.asked_at + timedelta(seconds=passed)).isoformat(),
    }
    hass.bus.async_fire(EVENT_MESSAGE_RECEIVED, event)
    # Of a question that is forgotten, or of an account that is gone, the answer's id is known.
    for other in ({"question": {"id": "x", "name": None}}, {"entry_id": None}):
        hass.bus.async_fire(EVENT_MESSAGE_RECEIVED, event | other)
    # Whoever fires the event by hand may tell anything.
    hass.bus.async_fire(EVENT_MESSAGE_RECEIVED, event | {"question": "x", "text": "Hi"})
    entries = [line for line in await logbook.read() if line.get("domain") == DOMAIN]
    assert [line["message"] for line in entries] == [
        f"received from Anna: the answer “Open”{took}",
        "received from Anna: the answer “open”",
        "received from Anna: the answer “open”",
        "received from Anna: “Hi”",
    ]


SENT = {
    "to": ANNA,
    "to_name": "Anna",
    "entity_id": "notify.anna",
    "channel": "whatsapp",
    "type": "buttons",
    "text": "Sesame",
    "outcome": "sent",
    "error": None,
}

QUESTION = {"id": "k5qxyz2abcdefghi", "name": None}


@pytest.mark.parametrize(
    ("changed", "expected", "icon"),
    [
        ({}, "was sent “Sesame” by WhatsApp", SENT_ICON),
        ({"text": None, "channel": "sms"}, "was sent a message (buttons) by SMS", SENT_ICON),
        (
            {"outcome": "not_sent", "channel": "voice", "error": "insufficient_credit"},
            "was not sent “Sesame” by a call (insufficient_credit)",
            NOT_SENT_ICON,
        ),
        (
            {"outcome": "may_have_been_sent", "error": "no_answer"},
            "may have been sent “Sesame” by WhatsApp (no_answer)",
            NOT_SENT_ICON,
        ),
        ({"question": QUESTION}, "was asked “Sesame” by WhatsApp", SENT_ICON),
        (
            {"question": QUESTION, "text": None, "type": "template"},
            "was asked a question (template) by WhatsApp",
            SENT_ICON,
        ),
        (
            {"question": QUESTION, "outcome": "not_sent", "error": "stopped"},
            "was not asked “Sesame” by WhatsApp (stopped)",
            NOT_SENT_ICON,
        ),
        (
            {"question": QUESTION, "outcome": "may_have_been_sent", "error": "no_answer"},
            "may have been asked “Sesame” by WhatsApp (no_answer)",
            NOT_SENT_ICON,
        ),
    ],
)
async def test_what_was_sent(
    hass: HomeAssistant, logbook: Logbook, changed: dict[str, Any], expected: str, icon: str
) -> None:
    hass.bus.async_fire(EVENT_MESSAGE_SENT, SENT | changed)
    hass.bus.async_fire(EVENT_MESSAGE_SENT, SENT | {"to_name": None, "entity_id": None} | changed)
    entries = [line for line in await logbook.read() if line.get("domain") == DOMAIN]
    assert [(line["name"], line.get("entity_id")) for line in entries] == [
        ("Anna", "notify.anna"),
        (ANNA, None),
    ]
    assert {(line["message"], line["icon"]) for line in entries} == {(expected, icon)}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (whatsapp("image", {"caption": "The cat"}), "received from Anna: a picture, “The cat”"),
        (whatsapp("video", {}), "received from Anna: a video"),
        (whatsapp("audio", {}), "received from Anna: a voice message"),
        (whatsapp("document", {"filename": "a.pdf"}), "received from Anna: a document, “a.pdf”"),
        (whatsapp("sticker", {}), "received from Anna: a sticker"),
        (whatsapp("location", {"latitude": 1}), "received from Anna: a place"),
        (whatsapp("location", {"name": "Home"}), "received from Anna: a place, “Home”"),
        (
            whatsapp("contacts", [{"name": {"formatted_name": "Ben"}}]),
            "received from Anna: a contact card, “Ben”",
        ),
        (whatsapp("reaction", {"emoji": "👍"}), "received from Anna: a reaction, “👍”"),
        (
            whatsapp("edit", {"message": {"type": "text", "text": {"body": "Hi"}}}),
            "received from Anna: an edited message, “Hi”",
        ),
        (whatsapp("order", {"text": "Now"}), "received from Anna: an order, “Now”"),
        (whatsapp("nfm_reply", {}), "received from Anna: a message (nfm_reply)"),
        # What nobody said is told as what it is.
        (whatsapp("reaction", {}), "was told that Anna took a reaction back"),
        (whatsapp("revoke", {}), "was told that Anna deleted a message"),
        (whatsapp("request_welcome", {}), "was told that Anna opened a chat"),
        (
            whatsapp("system", {"body": "New number"}),
            "received from Anna: a notice from WhatsApp, “New number”",
        ),
        (
            whatsapp("unsupported", {}),
            "received from Anna: a message that WhatsApp does not pass on",
        ),
        (
            whatsapp("unknown", {}, errors=[{}]),
            "received from Anna: a message that WhatsApp does not pass on",
        ),
    ],
)
async def test_each_kind_in_words(
    house: MockConfigEntry, logbook: Logbook, body: str, expected: str
) -> None:
    receive(house, body)
    [line] = [line for line in await logbook.read() if line.get("domain") == DOMAIN]
    assert (line["name"], line["message"]) == ("Gate", expected)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"text": "Sesame"}, "received, as a simulation, from Anna: “Sesame”"),
        (
            {"type": "mms", "text": "Holiday"},
            "received, as a simulation, from Anna: an MMS, “Holiday”",
        ),
        ({"type": " Revoke"}, "was told, as a simulation, that Anna deleted a message"),
    ],
)
async def test_what_was_simulated_is_told_apart(
    hass: HomeAssistant,
    house: MockConfigEntry,
    logbook: Logbook,
    said: dict[str, str],
    expected: str,
) -> None:
    fields = {"virtual_number": devices(house)["Gate"], "from": ANNA, **said}
    await hass.services.async_call(DOMAIN, "simulate_message", fields, blocking=True)
    [line] = [line for line in await logbook.read() if line.get("domain") == DOMAIN]
    assert line["message"] == expected


@pytest.mark.parametrize("about", ["Gate", "Shop"])
@pytest.mark.parametrize("by", ["device_ids", "entity_ids"])
async def test_lines_stand_with_their_device_and_entity(
    house: MockConfigEntry, logbook: Logbook, about: str, by: str
) -> None:
    receive(house, text("At the gate"))
    receive(house, text("In the shop", to=SHOP))
    receive(house, text("Elsewhere", to=ELSEWHERE))
    entity_id = f"event.{about.lower()}_message"
    wanted = {"device_ids": devices(house)[about], "entity_ids": entity_id}[by]
    entries = await logbook.read(**{by: [wanted]})
    [line] = [line for line in entries if line.get("domain") == DOMAIN]
    expected = {"Gate": "At the gate", "Shop": "In the shop"}[about]
    assert line["message"] == f"received from Anna: “{expected}”"
    assert (line["entity_id"], line["icon"]) == (entity_id, ICON)


async def test_a_number_that_is_not_added_has_no_entity(
    house: MockConfigEntry, logbook: Logbook
) -> None:
    receive(house, text("Elsewhere", to=ELSEWHERE))
    [line] = [line for line in await logbook.read() if line.get("domain") == DOMAIN]
    assert (line["name"], line["icon"], line.get("entity_id")) == (ELSEWHERE, ICON, None)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("Gate", {"event.gate_message": 3, DOMAIN: 3, "sensor.gate_last_message": 2}),
        # Of a contact, it is *Last message* that says it.
        ("Anna", {"event.anna_message": 3, "sensor.anna_last_message": 2}),
    ],
)
async def test_a_tap_makes_few_lines(
    hass: HomeAssistant,
    house: MockConfigEntry,
    logbook: Logbook,
    about: str,
    expected: dict[str, int],
    freezer: FrozenDateTimeFactory,
) -> None:
    receive(house, button("Before"))
    await hass.async_block_till_done()
    freezer.tick()
    logbook.begin()
    for label in ("Open", "Close", "Close"):
        freezer.tick()
        receive(house, button(label))
    freezer.tick()
    device = devices(house)[about]
    entities = er.async_entries_for_device(er.async_get(hass), device)
    entries = await logbook.read(
        device_ids=[device], entity_ids=[entity.entity_id for entity in entities]
    )
    assert Counter(line.get("domain") or line["entity_id"] for line in entries) == expected


async def test_what_a_message_led_to(
    hass: HomeAssistant, house: MockConfigEntry, logbook: Logbook
) -> None:
    """The chain is shown: this light, by this automation, by this message."""
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"lamp": {}}})
    await automate(
        hass,
        {
            "id": "one",
            "alias": "Lamp by text",
            "triggers": [when("message_received", text="sesame")],
            "actions": [
                {
                    "action": "input_boolean.turn_on",
                    "target": {"entity_id": "input_boolean.lamp"},
                }
            ],
        },
    )
    receive(house, text("Sesame"))
    entries = await logbook.read()
    [ran] = [line for line in entries if line.get("entity_id") == "automation.lamp_by_text"]
    [lamp] = [line for line in entries if line.get("entity_id") == "input_boolean.lamp"]
    [message] = [line for line in entries if line.get("domain") == DOMAIN]
    assert message["message"] == "received from Anna: “Sesame”"
    # What a message changes first stands for it: one of its number's entities.
    assert ran["context_entity_id"] == message["context_entity_id"]
    assert ran["context_entity_id"] in {"event.gate_message", "sensor.gate_last_message"}
    assert lamp["context_entity_id"] == "automation.lamp_by_text"
    assert lamp["context_message"] == "triggered by IntelliSMS message received"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"text": 5},
        {"text": ["a"]},
        {"type": ["a"], "notice": True},
        {"button_text": 1, "from": 2, "to": 3},
        {"entity_id": ["event.a", "event.b"]},
        {"entity_id": ""},
    ],
    ids=str,
)
async def test_an_event_that_somebody_else_fired(
    hass: HomeAssistant, house: MockConfigEntry, logbook: Logbook, data: dict[str, Any]
) -> None:
    hass.bus.async_fire(EVENT_MESSAGE_RECEIVED, data)
    [line] = [line for line in await logbook.read() if line.get("domain") == DOMAIN]
    assert line.get("entity_id") is None


@pytest.mark.parametrize(
    ("status", "message", "icon"),
    [
        ("delivered", "has received a message", ARRIVED_ICON),
        ("read", "has read a message", ARRIVED_ICON),
        ("acknowledged", "has confirmed a message", ARRIVED_ICON),
        ("rejected", "has rejected a message", ARRIVED_ICON),
        ("queued", "is being sent a message (queued)", SENT_ICON),
        ("unknown", "is being sent a message (unknown)", SENT_ICON),
        ("expired", "did not get a message (expired)", NOT_SENT_ICON),
    ],
)
async def test_what_is_reported(
    hass: HomeAssistant,
    house: MockConfigEntry,
    logbook: Logbook,
    api: ProviderApi,
    status: str,
    message: str,
    icon: str,
) -> None:
    """A line is that of the contact's `notify` entity, where there is one."""
    hass.config_entries.async_update_entry(house, data=with_keys(house.data))
    await hass.async_block_till_done()
    code = next(code for code, word in STATUS_WORDS.items() if word == status)
    for number in (ANNA, STRANGER):
        taken = Taken(id=f"{number}{status}", to=number.removeprefix("+"), message={})
        receive(house, report(taken, status, code or 0).decode())
    known, stranger = [line for line in await logbook.read() if line.get("domain") == DOMAIN]
    assert (known["name"], known["message"], known["icon"]) == ("Anna", message, icon)
    assert known["entity_id"] == "notify.anna"
    assert (stranger["name"], stranger["message"]) == (STRANGER, message)
    assert "entity_id" not in stranger


def test_only_messages_are_described(hass: HomeAssistant) -> None:
    described = []
    async_describe_events(hass, lambda domain, event, _describe: described.append((domain, event)))
    assert described == [
        (DOMAIN, event)
        for event in (EVENT_MESSAGE_RECEIVED, EVENT_MESSAGE_SENT, EVENT_MESSAGE_STATUS)
    ]
