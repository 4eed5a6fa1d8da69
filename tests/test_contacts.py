"""Contacts: their dialog, whose message it is, and that strangers can be turned away."""

from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigSubentry,
    ConfigSubentryData,
)
from homeassistant.const import EVENT_STATE_CHANGED, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, ServiceCall, State, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)

from custom_components.intellisms.const import (
    CONF_ACCEPT,
    CONF_NUMBERS,
    CONF_PERSON,
    EVENT_MESSAGE_STATUS,
    SUBENTRY_CONTACT,
    Accept,
)
from custom_components.intellisms.protocol import parse
from custom_components.intellisms.receiving.delivery import Delivery
from custom_components.intellisms.receiving.receiver import Outcome
from custom_components.intellisms.receiving.signals import SIGNAL_MESSAGE

from .automations import ANNA, BEN, SHOP, STRANGER, button, devices, household, text
from .conftest import GATE, Post, account, virtual_number
from .helpers_automation import automate_by, posted, receive, set_up, when
from .texts import flow_texts  # noqa: F401

ANNAS_OTHER = "+447700900321"
ANNA_TYPED = "07700 900123"


def contact(name: str, *numbers: str, person: str | None = None) -> ConfigSubentryData:
    """Return a contact as the dialog stores it."""
    return ConfigSubentryData(
        data=MappingProxyType({CONF_NUMBERS: list(numbers), CONF_PERSON: person}),
        subentry_type=SUBENTRY_CONTACT,
        title=name,
        unique_id=None,
    )


@pytest.fixture
async def house(hass: HomeAssistant) -> MockConfigEntry:
    """Return an account with two virtual numbers and three contacts, loaded."""
    return await set_up(hass, household())


@pytest.fixture
async def alone(hass: HomeAssistant) -> MockConfigEntry:
    """Return an account with a virtual number and no contact, loaded."""
    return await set_up(hass, account([virtual_number()]))


@pytest.fixture
async def person(hass: HomeAssistant) -> er.RegistryEntry:
    """Return a person of Home Assistant."""
    assert await async_setup_component(
        hass, "person", {"person": [{"id": "anna", "name": "Somebody"}]}
    )
    found = er.async_get(hass).async_get("person.somebody")
    assert found
    return found


async def _add(hass: HomeAssistant, entry: MockConfigEntry, **fields: Any) -> Any:
    """Open the dialog and submit it once."""
    flows = hass.config_entries.subentries
    shown = await flows.async_init(
        (entry.entry_id, SUBENTRY_CONTACT), context={"source": SOURCE_USER}
    )
    assert (shown["type"], shown["step_id"]) == (FlowResultType.FORM, "user")
    return await _submit(hass, shown, **fields)


async def _edit(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> Any:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_CONTACT),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": _subentry(entry, name).subentry_id},
    )


async def _submit(hass: HomeAssistant, shown: Any, **fields: Any) -> Any:
    result = await hass.config_entries.subentries.async_configure(shown["flow_id"], fields)
    await hass.async_block_till_done()
    return result


def _subentry(entry: MockConfigEntry, name: str) -> ConfigSubentry:
    found: ConfigSubentry
    [found] = [subentry for subentry in entry.subentries.values() if subentry.title == name]
    return found


def _suggested(shown: Any) -> dict[str, Any]:
    """Return what the fields of a form hold."""
    return {
        str(field): (field.description or {}).get("suggested_value")
        for field in shown["data_schema"].schema
    }


def _state(hass: HomeAssistant, entity_id: str) -> State:
    found = hass.states.get(entity_id)
    assert found
    return found


# ---- the dialog -----------------------------------------------------------------


async def test_add(hass: HomeAssistant, alone: MockConfigEntry, person: er.RegistryEntry) -> None:
    result = await _add(
        hass,
        alone,
        name=" Anna ",
        numbers=["+44 7700 900123", "", "+447700900321", "0044 7700 900123"],
        person="person.somebody",
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    subentry = _subentry(alone, "Anna")
    assert subentry.data == {CONF_NUMBERS: [ANNA, ANNAS_OTHER], CONF_PERSON: person.id}
    assert subentry.unique_id is None
    # At once, without a reload.
    receive(alone, text("Sesame", sender=ANNAS_OTHER))
    assert _state(hass, "sensor.gate_last_sender").state == "Anna"
    assert _state(hass, "event.anna_message").attributes["person_id"] == "person.somebody"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("60300", "60300"),
        ("MyBank", "MyBank"),
        # As *Last sender* shows it.
        (" “MyBank” ", "MyBank"),
        ("447700900123", ANNA),
    ],
)
async def test_add_what_is_no_ordinary_number(
    hass: HomeAssistant, alone: MockConfigEntry, typed: str, stored: str
) -> None:
    result = await _add(hass, alone, name="Somebody", numbers=[typed])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert _subentry(alone, "Somebody").data == {CONF_NUMBERS: [stored], CONF_PERSON: None}


async def test_a_guess_comes_back_to_be_checked(
    hass: HomeAssistant, alone: MockConfigEntry
) -> None:
    shown = await _add(hass, alone, name="Anna", numbers=[ANNA_TYPED, "60300"])
    assert (shown["step_id"], shown["errors"]) == ("user", {CONF_NUMBERS: "check_numbers"})
    suggested = _suggested(shown)
    assert suggested["name"] == "Anna"
    assert suggested["numbers"] == ["+44 7700 900123", "60300"]
    result = await _submit(hass, shown, name="Anna", numbers=suggested["numbers"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert _subentry(alone, "Anna").data[CONF_NUMBERS] == [ANNA, "60300"]


@pytest.mark.parametrize(
    ("fields", "country", "errors"),
    [
        ({"numbers": []}, "GB", {CONF_NUMBERS: "number_missing"}),
        ({"numbers": [" ", ""]}, "GB", {CONF_NUMBERS: "number_missing"}),
        ({"name": " "}, "GB", {"name": "name_missing"}),
        ({"numbers": ["12"]}, "GB", {CONF_NUMBERS: "invalid_number"}),
        ({"numbers": [ANNAS_OTHER, "+44 7"]}, "GB", {CONF_NUMBERS: "invalid_number"}),
        ({"numbers": [ANNA_TYPED]}, None, {CONF_NUMBERS: "no_country"}),
    ],
    ids=str,
)
async def test_what_is_wrong_is_told_and_can_be_mended(
    hass: HomeAssistant,
    alone: MockConfigEntry,
    fields: dict[str, Any],
    country: str | None,
    errors: dict[str, str],
) -> None:
    hass.config.country = country
    typed = {"name": "Anna", "numbers": [ANNA]} | fields
    shown = await _add(hass, alone, **typed)
    assert (shown["type"], shown["errors"]) == (FlowResultType.FORM, errors)
    if typed["numbers"]:
        assert shown["description_placeholders"]["number"] in ["", *typed["numbers"]]
    # What was typed stays.
    assert _suggested(shown)["name"] == typed["name"]
    result = await _submit(hass, shown, name="Anna", numbers=[ANNA])
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "typed",
    [ANNA, "+44 7700 900123", "0044 (7700) 900123", "+44 (0)7700 900123", "447700900123"],
)
async def test_a_number_belongs_to_one_contact_however_it_is_written(
    hass: HomeAssistant, house: MockConfigEntry, typed: str
) -> None:
    shown = await _add(hass, house, name="Somebody else", numbers=[typed])
    assert shown["errors"] == {CONF_NUMBERS: "number_taken"}
    assert shown["description_placeholders"] == {"number": typed}


async def test_a_guessed_number_is_refused_before_it_is_checked(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    shown = await _add(hass, house, name="Somebody else", numbers=[ANNA_TYPED])
    assert shown["errors"] == {CONF_NUMBERS: "number_taken"}


async def test_a_virtual_number_may_be_a_contact_too(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    result = await _add(hass, house, name="Ourselves", numbers=[SHOP])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_edit(hass: HomeAssistant, house: MockConfigEntry, person: er.RegistryEntry) -> None:
    receive(house, text("Sesame"))
    device_id = devices(house)["Anna"]
    subentry_id = _subentry(house, "Anna").subentry_id
    shown = await _edit(hass, house, "Anna")
    assert shown["step_id"] == "reconfigure"
    # The person she had is gone.
    assert _suggested(shown) == {"name": "Anna", "numbers": [ANNA], "person": None}
    # A mistake leaves what was typed.
    shown = await _submit(hass, shown, name="Anne", numbers=[BEN], person="person.somebody")
    assert (shown["step_id"], shown["errors"]) == ("reconfigure", {CONF_NUMBERS: "number_taken"})
    assert _suggested(shown)["person"] == "person.somebody"
    # Her own number is not taken.
    result = await _submit(
        hass, shown, name="Anne", numbers=[ANNAS_OTHER, ANNA], person="person.somebody"
    )
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    subentry = _subentry(house, "Anne")
    assert subentry.subentry_id == subentry_id
    assert subentry.data == {CONF_NUMBERS: [ANNAS_OTHER, ANNA], CONF_PERSON: person.id}
    # The dialog finds the person again, and can take her away.
    shown = await _edit(hass, house, "Anne")
    assert _suggested(shown)["person"] == "person.somebody"
    await _submit(hass, shown, name="Anne", numbers=[ANNAS_OTHER])
    assert _subentry(house, "Anne").data == {CONF_NUMBERS: [ANNAS_OTHER], CONF_PERSON: None}
    assert _suggested(await _edit(hass, house, "Anne"))["person"] is None
    # Device and history stay; the number that was given up is a stranger's.
    assert devices(house)["Anne"] == device_id
    device = dr.async_get(hass).async_get(device_id)
    assert device
    assert device.name == "Anne"
    assert _state(hass, "event.anna_message").attributes["text"] == "Sesame"
    receive(house, text("Sesame", sender=ANNA))
    assert _state(hass, "sensor.gate_last_sender").state == ANNA
    receive(house, text("Sesame", sender=ANNAS_OTHER))
    assert _state(hass, "sensor.gate_last_sender").state == "Anne"


async def test_a_contact_whose_number_was_caught_can_be_edited(hass: HomeAssistant) -> None:
    """Nobody could type it, but it is what their messages come from."""
    caught = "SomebodysPhone44770090"
    entry = account([virtual_number(), contact("Anna", caught)])
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    shown = await _edit(hass, entry, "Anna")
    shown = await _submit(hass, shown, name="Anne", numbers=[f"{caught}1"])
    assert shown["errors"] == {CONF_NUMBERS: "invalid_number"}
    result = await _submit(hass, shown, name="Anne", numbers=[ANNA, caught])
    assert result["type"] is FlowResultType.ABORT
    assert _subentry(entry, "Anne").data[CONF_NUMBERS] == [ANNA, caught]


async def test_a_person_without_a_registry_entry_is_left_out(
    hass: HomeAssistant, alone: MockConfigEntry
) -> None:
    result = await _add(hass, alone, name="Anna", numbers=[ANNA], person="person.nobody")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert _subentry(alone, "Anna").data[CONF_PERSON] is None


# ---- whose message it is --------------------------------------------------------


async def test_names(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    keys = ("from", "from_name", "from_known", "from_device_id", "person_id")
    for body, expected, shown in (
        (text("Sesame"), (ANNA, "Anna", True, devices(house)["Anna"], None), "Anna"),
        (text("Sesame", sender=STRANGER), (STRANGER, None, False, None, None), STRANGER),
        (posted(text(""), **{"from": None}), (None, None, False, None, None), "unknown"),
        (posted(text(""), **{"from": "MyBank"}), ("MyBank", None, False, None, None), "“MyBank”"),
    ):
        receive(house, body)
        assert tuple(messages[-1].data[key] for key in keys) == expected
        assert _state(hass, "sensor.gate_last_sender").state == shown


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("Anna", "“Anna”"),
        ("“Anna”", "“'Anna'”"),
        ("” Anna “", "“' Anna '”"),
        ('"Anna"', "“'Anna'”"),
        ("\u202eannA", "“annA”"),
        ("An\nna \u2066 ", "“An na”"),
        ("unavailable", "“unavailable”"),
        ("GB.1349", "“GB.1349”"),
        ("+44 x", "“+44 x”"),
        # Digits, but not those of a number.
        ("\u0664\u0665", "“\u0664\u0665”"),
        ("x" * 300, f"“{'x' * 89}…”"),
        ("60300", "60300"),
        ("441", "441"),
        ("+447700900666", "+447700900666"),
    ],
)
async def test_who_is_no_contact_is_not_shown_as_one(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: list[Event[dict[str, Any]]],
    sender: str,
    shown: str,
) -> None:
    receive(house, posted(text("Sesame"), **{"from": sender}))
    assert _state(hass, "sensor.gate_last_sender").state == shown
    # What is compared stays as it came.
    assert messages[-1].data["from"] == sender.strip()
    assert _state(hass, "event.gate_message").attributes["from"] == sender.strip()


@pytest.mark.parametrize(
    "posted_as", ["447700900123", "+447700900123", "00447700900123", " +44 7700 900123 "]
)
async def test_however_the_provider_writes_the_number(
    house: MockConfigEntry, messages: list[Event[dict[str, Any]]], posted_as: str
) -> None:
    receive(house, posted(text("Sesame"), **{"from": posted_as}))
    assert messages[0].data["from_name"] == "Anna"


async def test_a_persons_id_survives_a_rename(
    hass: HomeAssistant, person: er.RegistryEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    entry = await set_up(hass, account([virtual_number(), contact("Anna", ANNA, person=person.id)]))
    receive(entry, text("Sesame"))
    er.async_get(hass).async_update_entity("person.somebody", new_entity_id="person.renamed")
    receive(entry, text("Sesame"))
    er.async_get(hass).async_remove("person.renamed")
    receive(entry, text("Sesame"))
    ids = [event.data["person_id"] for event in messages]
    assert ids == ["person.somebody", "person.renamed", None]


async def test_a_contact_is_a_device_with_its_own_entities(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    device = dr.async_get(hass).async_get(devices(house)["Anna"])
    assert isinstance(device, dr.DeviceEntry)
    assert (device.name, device.model_id, device.serial_number) == ("Anna", "contact", None)
    entities = er.async_entries_for_device(er.async_get(hass), device.id)
    assert {entity.entity_id for entity in entities} == {
        "event.anna_message",
        "sensor.anna_last_received",
    }
    for number in (GATE, SHOP):
        receive(house, text("Sesame", to=number))
        event = _state(hass, "event.anna_message")
        assert event.attributes["to"] == number
        assert event.attributes["event_type"] == "text"
        assert _state(hass, "sensor.anna_last_received").state != "unknown"
        assert _state(hass, "event.ben_message").state == "unknown"
    # What comes for a number that is not set up is hers all the same.
    receive(house, button("Sesame", to="+447700900555"))
    assert _state(hass, "event.anna_message").attributes["event_type"] == "button"
    assert _state(hass, "event.anna_message").attributes["device_id"] is None


async def test_a_contact_who_is_removed_is_a_stranger(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    device_id = devices(house)["Anna"]
    receive(house, text("Sesame"))
    hass.config_entries.async_remove_subentry(house, _subentry(house, "Anna").subentry_id)
    await hass.async_block_till_done()
    receive(house, text("Sesame"))
    assert [event.data["from_name"] for event in messages] == ["Anna", None]
    assert dr.async_get(hass).async_get(device_id) is None
    assert hass.states.get("event.anna_message") is None


# ---- known contacts only --------------------------------------------------------


@pytest.mark.parametrize("sender", [STRANGER.removeprefix("+"), "MyBank", "", None])
async def test_a_stranger_is_turned_away_and_shown_nowhere(
    hass: HomeAssistant,
    house: MockConfigEntry,
    own_door: Post,
    hass_storage: dict[str, Any],
    sender: str | None,
) -> None:
    runs: list[ServiceCall] = async_mock_service(hass, "test", "run")
    await automate_by(hass, when("message_received"), when("button_tapped"))
    hass.config_entries.async_update_entry(house, options={CONF_ACCEPT: Accept.KNOWN})
    await hass.async_block_till_done()
    seen = async_capture_events(hass, MATCH_ALL)
    told: list[Delivery] = []

    @callback
    def tell(message: Delivery) -> None:
        told.append(message)

    stop = async_dispatcher_connect(hass, SIGNAL_MESSAGE, tell)
    for body in (text("Sesame", to=SHOP), button("Sesame", to="+447700900555")):
        assert await own_door(posted(body, **{"from": sender})) == 200
    await hass.async_block_till_done()
    assert (runs, told) == ([], [])
    changed = {event.data["entity_id"] for event in seen if event.event_type == EVENT_STATE_CHANGED}
    # That something came shows that the address is right.
    assert {event.event_type for event in seen} == {
        EVENT_STATE_CHANGED,
        ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED,
    }
    assert changed == {
        "sensor.intellisms_messages_ignored",
        "sensor.intellisms_last_contact_from_intellisms",
    }
    ignored = _state(hass, "sensor.intellisms_messages_ignored")
    assert ignored.state == "2"
    assert ignored.attributes["sender"] == 2
    assert house.runtime_data.journal.unconfigured == []
    assert house.runtime_data.journal.seen_count == 0
    stop()
    # Nor on disk.
    assert await hass.config_entries.async_unload(house.entry_id)
    assert "Sesame" not in str(hass_storage)
    assert sender is None or len(sender) < 4 or sender not in str(hass_storage)


async def test_contacts_are_let_in_and_everyone_once_it_is_switched_off(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    hass.config_entries.async_update_entry(house, options={CONF_ACCEPT: Accept.KNOWN})
    receive(house, text("Sesame"))
    receive(house, text("Sesame", sender=STRANGER))
    # Somebody who is added is let in at once.
    await _add(hass, house, name="Dora", numbers=[STRANGER])
    receive(house, text("Sesame", sender=STRANGER))
    hass.config_entries.async_remove_subentry(house, _subentry(house, "Dora").subentry_id)
    await hass.async_block_till_done()
    receive(house, text("Sesame", sender=STRANGER))
    hass.config_entries.async_update_entry(house, options={CONF_ACCEPT: Accept.EVERYONE})
    receive(house, text("Sesame", sender=STRANGER))
    senders = [(event.data["from"], event.data["from_name"]) for event in messages]
    assert senders == [(ANNA, "Anna"), (STRANGER, "Dora"), (STRANGER, None)]


async def test_what_was_turned_away_is_not_taken_for_seen(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    body = text("Sesame", sender=STRANGER)
    hass.config_entries.async_update_entry(house, options={CONF_ACCEPT: Accept.KNOWN})
    receive(house, body)
    hass.config_entries.async_update_entry(house, options={})
    receive(house, body)
    assert len(messages) == 1


async def test_status_reports_have_no_sender_and_are_let_in(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    seen = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    hass.config_entries.async_update_entry(house, options={CONF_ACCEPT: Accept.KNOWN})
    (report,) = parse(b"status=4&toaddr=447700900123")
    assert house.runtime_data.receiver.async_receive(report) is Outcome.PUBLISHED
    assert [event.data["status"] for event in seen] == ["delivered"]
