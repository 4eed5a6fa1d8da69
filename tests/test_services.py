"""The action simulate_message: everything a real message would do, and nothing kept."""

from collections.abc import Mapping
from datetime import date, datetime
import json
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, Event, HomeAssistant, ServiceCall, State
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_mock_service,
)
import voluptuous as vol

from custom_components.intellisms import simulate
from custom_components.intellisms.const import CONF_ACCEPT, DOMAIN, Accept

from .household import (
    ANNA,
    BEN,
    GATE,
    SHOP,
    STRANGER,
    account,
    button,
    contact,
    devices,
    image,
    posted,
    reply,
    sample,
    text,
    virtual_number,
)
from .running import Post, automate_by, receive, set_up, state, target, when


async def _simulate(
    hass: HomeAssistant,
    house: MockConfigEntry,
    data: Mapping[str, Any] = MappingProxyType({}),
    context: Context | None = None,
) -> dict[str, Any]:
    """Run the action and return its answer."""
    answer = await hass.services.async_call(
        DOMAIN,
        "simulate_message",
        {"virtual_number": devices(house)["Gate"], **data},
        blocking=True,
        return_response=True,
        context=context,
    )
    assert answer is not None
    return dict(answer)


def _states(hass: HomeAssistant) -> dict[str, State]:
    return {shown.entity_id: shown for shown in hass.states.async_all()}


async def test_it_runs_what_a_real_message_would_run(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    runs: list[ServiceCall] = async_mock_service(hass, "test", "run")
    await automate_by(hass, when("message_received", target=target(house, "Anna")))
    answer = await _simulate(hass, house, {"text": "Sesame", "from": "07700 900123"})
    await hass.async_block_till_done()
    [event], [run] = messages, runs
    assert answer == event.data
    assert run.data["message_id"] == answer["message_id"]
    assert answer["message_id"].startswith("simulated-")
    assert datetime.fromisoformat(answer["sent"]).tzinfo
    assert datetime.fromisoformat(answer["received"]).tzinfo
    assert answer | {"sent": None, "received": None, "message_id": None} == {
        "entry_id": house.entry_id,
        "device_id": devices(house)["Gate"],
        "entity_id": "event.gate_message",
        "to": GATE,
        "to_name": "Gate",
        "from": ANNA,
        "from_name": "Anna",
        "from_known": True,
        "from_device_id": devices(house)["Anna"],
        "person_id": None,
        "user_id": None,
        "username": None,
        "channel": "sms",
        "type": "text",
        "text": "Sesame",
        "button_id": None,
        "button_text": None,
        "reply_to": None,
        "media_url": None,
        "media_type": None,
        "file_name": None,
        "latitude": None,
        "longitude": None,
        "forwarded": False,
        "group_id": None,
        "notice": False,
        "question": None,
        "answer": None,
        "answer_state": None,
        "user_data": None,
        "network_code": None,
        "message_id": None,
        "sent": None,
        "received": None,
        "raw": None,
        "raw_truncated": False,
        "simulated": True,
    }
    assert state(hass, "sensor.gate_last_message").state == "Sesame"
    assert state(hass, "sensor.gate_last_sender").state == "Anna"
    for owner in ("gate", "anna"):
        shown = state(hass, f"event.{owner}_message")
        assert shown.attributes["simulated"] is True
        assert shown.context.id == event.context.id


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, {"from": None, "from_known": False, "text": None, "type": "text", "channel": "sms"}),
        ({"from": "60300"}, {"from": "60300"}),
        ({"text": ""}, {"text": ""}),
        ({"channel": "pigeon", "type": "feather"}, {"channel": "pigeon", "type": "feather"}),
        (
            {"type": "button", "button_text": "Sesame"},
            {"button_text": "Sesame", "button_id": None, "text": "Sesame"},
        ),
        (
            {"type": "reply", "button_text": "Sesame", "button_id": "gate-1", "text": "Other"},
            {"button_text": "Sesame", "button_id": "gate-1", "text": "Other"},
        ),
        (
            {"type": "image", "media_url": "https://media.example.com/1.jpg"},
            {"media_url": "https://media.example.com/1.jpg", "text": None},
        ),
        ({"type": "binary", "user_data": "0605"}, {"user_data": "0605", "raw": None}),
        ({"text": "Sesame", "reply_to": "wamid.1"}, {"reply_to": "wamid.1"}),
        # Nobody taps a button in an SMS.
        ({"type": "button", "button_text": "Sesame"}, {"channel": "whatsapp"}),
        ({"type": "button", "channel": "sms"}, {"channel": "sms"}),
        # What is given tells what it is.
        ({"button_text": "Sesame"}, {"type": "button", "channel": "whatsapp"}),
        ({"button_id": "gate-1"}, {"type": "reply", "channel": "whatsapp"}),
        ({"button_text": "Sesame", "button_id": "gate-1"}, {"type": "reply"}),
        (
            {"media_url": "https://media.example.com/1.jpg", "text": "Sesame"},
            {"type": "image", "channel": "whatsapp", "text": "Sesame"},
        ),
        ({"user_data": "0605"}, {"type": "binary", "channel": "sms"}),
        ({"user_data": "0605", "text": "Sesame"}, {"type": "text", "user_data": "0605"}),
        ({"text": "Sesame", "button_text": "", "media_url": ""}, {"type": "text"}),
        ({"type": "binary"}, {"channel": "sms"}),
        ({"type": " Image", "channel": "WhatsApp"}, {"type": "image", "channel": "whatsapp"}),
        # What nobody says is no message here either.
        ({"type": "revoke"}, {"notice": True}),
        ({"type": "system", "text": "New number"}, {"notice": True}),
        ({"type": "reaction"}, {"notice": True}),
        ({"type": "reaction", "text": "\N{THUMBS UP SIGN}"}, {"notice": False}),
        ({"type": "edit", "text": "Sesame"}, {"notice": False}),
        ({"from": " anna"}, {"from": ANNA, "from_known": True, "from_name": "Anna"}),
    ],
    ids=str,
)
async def test_any_type_and_channel(
    hass: HomeAssistant, house: MockConfigEntry, data: dict[str, Any], expected: dict[str, Any]
) -> None:
    answer = await _simulate(hass, house, data)
    assert {key: answer[key] for key in expected} == expected
    assert answer["simulated"] is True


async def test_what_would_come_late_can_be_tried_out(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    runs: list[ServiceCall] = async_mock_service(hass, "test", "run")
    await automate_by(hass, when("message_received", sender="anyone", max_age={"minutes": 5}))
    for age in ({"hours": 1}, "00:04:00"):
        answer = await _simulate(hass, house, {"age": age})
    await hass.async_block_till_done()
    [run] = runs
    assert run.data["message_id"] == answer["message_id"]


@pytest.mark.parametrize(
    "body",
    [
        text("Sesame"),
        button("Sesame"),
        reply("Sesame", "gate-1"),
        image("https://media.example.com/1.jpg", "Sesame"),
        sample("whatsapp_location.json"),
        sample("sms_binary.json"),
        posted(text("Sesame"), channel="pigeon"),
        posted(text("Sesame"), **{"from": "MyBank"}),
        posted(text("Sesame"), content={"msgtype": "feather"}),
    ],
)
async def test_a_raw_message_is_read_as_if_it_had_been_posted(
    hass: HomeAssistant,
    house: MockConfigEntry,
    own_door: Post,
    messages: list[Event[dict[str, Any]]],
    freezer: FrozenDateTimeFactory,
    body: bytes | str,
) -> None:
    freezer.move_to("2026-07-06 12:00:00+00:00")
    raw = json.loads(body)["messages"][0]
    assert await own_door(body) == 200
    expected = messages[0].data
    answer = await _simulate(hass, house, {"raw": raw})
    # When it was sent, to whom, and its id are not as in what was copied.
    own = {"message_id", "sent", "raw", "simulated"}
    assert {key: answer[key] for key in answer.keys() - own} == {
        key: expected[key] for key in expected.keys() - own
    }
    assert answer["sent"] == "2026-07-06T12:00:00+00:00"
    assert answer["simulated"] is True


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"from": "Ben"}, {"from": BEN, "from_name": "Ben", "text": "Sesame"}),
        ({"channel": "whatsapp"}, {"channel": "whatsapp", "from": ANNA}),
        ({"age": {"hours": 1}}, {"sent": "2026-07-06T11:00:00+00:00"}),
    ],
    ids=str,
)
async def test_what_goes_with_a_raw_message(
    hass: HomeAssistant,
    house: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    given: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    freezer.move_to("2026-07-06 12:00:00+00:00")
    raw = json.loads(text("Sesame", to=SHOP))["messages"][0]
    # YAML reads this as a date.
    raw["noted"] = date(2026, 7, 6)
    answer = await _simulate(hass, house, {"raw": raw, **given})
    assert {key: answer[key] for key in expected} == expected
    assert answer["to"] == GATE


@pytest.mark.parametrize(
    "field",
    ["text", "type", "button_text", "button_id", "media_url", "user_data", "reply_to"],
)
async def test_a_raw_message_says_by_itself_what_was_sent(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: list[Event[dict[str, Any]]],
    field: str,
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await _simulate(hass, house, {field: "image", "raw": {"content": {}}})
    assert caught.value.translation_key == "raw_not_alone"
    assert messages == []


async def test_without_a_response_it_runs_too(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    data = {"virtual_number": devices(house)["Gate"]}
    answer = await hass.services.async_call(DOMAIN, "simulate_message", data, blocking=True)
    assert answer is None
    assert len(messages) == 1


async def test_only_for_admins(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: list[Event[dict[str, Any]]],
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
) -> None:
    with pytest.raises(Unauthorized):
        await _simulate(hass, house, context=Context(user_id=hass_read_only_user.id))
    assert messages == []
    await _simulate(hass, house, context=Context(user_id=hass_admin_user.id))
    assert len(messages) == 1


async def test_nothing_of_it_is_kept(
    hass: HomeAssistant,
    house: MockConfigEntry,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    receive(house, text("Sesame", sender=BEN))
    await hass.async_block_till_done()
    before = _states(hass)
    ids = house.runtime_data.journal.seen_count
    for _ in range(2):
        freezer.tick()
        await _simulate(hass, house, {"text": "Only a try", "from": ANNA})
    await hass.async_block_till_done()
    shown = _states(hass)
    assert shown["sensor.gate_last_message"].state == "Only a try"
    for unchanged in (
        "sensor.gate_messages_received",
        "sensor.intellisms_last_post",
        "sensor.intellisms_messages_ignored",
    ):
        assert shown[unchanged].state == before[unchanged].state
    assert shown["sensor.gate_messages_received"].state == "1"
    assert house.runtime_data.journal.seen_count == ids
    # A reload brings back what was there before.
    assert await hass.config_entries.async_reload(house.entry_id)
    await hass.async_block_till_done()
    after = _states(hass)
    for entity_id, one in before.items():
        if entity_id.startswith(("sensor.", "event.")):
            assert after[entity_id].state == one.state, entity_id
            # How it was posted is in the event only.
            assert dict(after[entity_id].attributes, raw=None) == dict(one.attributes, raw=None)
    written = str(hass_storage)
    assert "Sesame" in written
    assert "Only a try" not in written
    assert "simulated-" not in written


async def test_a_real_message_after_it_is_not_taken_for_a_repetition(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    await _simulate(hass, house, {"text": "Sesame", "from": ANNA})
    receive(house, text("Sesame"))
    assert [event.data["simulated"] for event in messages] == [True, False]


@pytest.mark.parametrize("sender", [{"from": STRANGER}, {}], ids=str)
async def test_a_sender_who_is_not_accepted(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: list[Event[dict[str, Any]]],
    sender: dict[str, str],
) -> None:
    hass.config_entries.async_update_entry(house, options={CONF_ACCEPT: Accept.KNOWN})
    before = _states(hass)
    with pytest.raises(ServiceValidationError) as caught:
        await _simulate(hass, house, sender)
    assert caught.value.translation_key == "sender_not_accepted"
    assert messages == []
    assert _states(hass) == before
    await _simulate(hass, house, {"from": ANNA})
    assert len(messages) == 1


async def test_a_fault_is_not_taken_for_a_sender_who_is_not_accepted(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    with (
        patch.object(type(hass.bus), "async_fire", side_effect=PermissionError),
        pytest.raises(PermissionError),
    ):
        await _simulate(hass, house)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("12", "invalid_number"),
        ("", "invalid_number"),
        ("07700 900123", "no_country"),
        ("Ana", "contact_not_found"),
        ("MyBank", "contact_not_found"),
        # The name of a number of ours is nobody's.
        ("Gate", "contact_not_found"),
    ],
)
async def test_a_sender_that_is_nobody(
    hass: HomeAssistant, house: MockConfigEntry, typed: str, key: str
) -> None:
    hass.config.country = None
    with pytest.raises(ServiceValidationError) as caught:
        await _simulate(hass, house, {"from": typed})
    assert caught.value.translation_key == key
    assert caught.value.translation_domain == DOMAIN


async def test_a_contact_may_have_a_name_for_a_number(hass: HomeAssistant) -> None:
    entry = await set_up(hass, account([virtual_number(), contact("The bank", "MyBank")]))
    for typed in ("MyBank", "the bank"):
        answer = await _simulate(hass, entry, {"from": typed})
        assert (answer["from"], answer["from_name"]) == ("MyBank", "The bank")


@pytest.mark.parametrize("device", ["unknown", "contact", "not loaded"])
async def test_a_device_that_is_no_virtual_number(
    hass: HomeAssistant, house: MockConfigEntry, device: str
) -> None:
    ids = devices(house)
    if device == "not loaded":
        assert await hass.config_entries.async_unload(house.entry_id)
    chosen = {"unknown": "0" * 32, "contact": ids["Anna"], "not loaded": ids["Gate"]}[device]
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            DOMAIN, "simulate_message", {"virtual_number": chosen}, blocking=True
        )
    assert caught.value.translation_key == "virtual_number_not_found"


@pytest.mark.parametrize(
    "data",
    [
        {"virtual_number": None},
        {"text": ["Sesame"]},
        {"to": GATE},
        {"simulated": False},
        {"raw": {}},
        {"raw": {"content": "Sesame"}},
        {"raw": {"messages": [{"content": {"text": "Sesame"}}]}},
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_an_error(
    hass: HomeAssistant, house: MockConfigEntry, data: dict[str, Any]
) -> None:
    with pytest.raises(vol.Invalid):
        await _simulate(hass, house, data)


async def test_there_before_any_entry_is(hass: HomeAssistant) -> None:
    """A person writing an automation finds it, and is told why it cannot run."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert hass.services.has_service(DOMAIN, "simulate_message")


async def test_all_fields_that_are_shown_are_understood(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    understood = hass.services.async_services_for_domain(DOMAIN)["simulate_message"].schema
    path = str(simulate.__file__).replace("simulate.py", "services.yaml")
    shown = load_yaml_dict(path)["simulate_message"]["fields"]
    rare = shown.pop("rare")["fields"]
    assert isinstance(understood, vol.Schema)
    assert shown.keys() | rare.keys() == set(understood.schema)
