"""Contacts: whose message it is, and that strangers can be turned away."""

from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, ServiceCall, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)

from custom_components.intellisms.const import (
    CONF_ACCEPT,
    DOMAIN,
    EVENT_MESSAGE_STATUS,
    SUBENTRY_CONTACT,
    Accept,
)
from custom_components.intellisms.protocol import parse
from custom_components.intellisms.receiving.delivery import Delivery
from custom_components.intellisms.receiving.receiver import Outcome
from custom_components.intellisms.receiving.signals import SIGNAL_MESSAGE

from .flows.dialog import Flow, subentries
from .household import (
    ANNA,
    GATE,
    SHOP,
    STRANGER,
    account,
    button,
    contact,
    devices,
    posted,
    text,
    virtual_number,
)
from .log import keep_secret
from .running import Post, automate_by, receive, set_up, state, when

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
        assert state(hass, "sensor.gate_last_sender").state == shown


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
    assert state(hass, "sensor.gate_last_sender").state == shown
    # What is compared stays as it came.
    assert messages[-1].data["from"] == sender.strip()
    assert state(hass, "event.gate_message").attributes["from"] == sender.strip()


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


async def test_a_name_given_on_the_device_page_goes_before_ours(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    ids, registry = devices(house), dr.async_get(hass)
    before = registry.async_get(ids["Ben"])

    def named(number: str | None, person: str | None) -> None:
        registry.async_update_device(ids["Gate"], name_by_user=number)
        registry.async_update_device(ids["Anna"], name_by_user=person)

    def told() -> tuple[str, str, str]:
        receive(house, text("Sesame"))
        data = messages[-1].data
        shown = state(hass, "sensor.gate_last_sender").state
        return data["to_name"], data["from_name"], shown

    keep_secret(["Entrance", "Auntie", "Anne"])
    named("Entrance", "Auntie")
    assert told() == ("Entrance", "Auntie", "Auntie")
    assert registry.async_get(ids["Ben"]) == before
    # It does so after a restart, and when our own name is edited.
    assert await hass.config_entries.async_reload(house.entry_id)
    anna = subentries(house, SUBENTRY_CONTACT)["Anna"]
    hass.config_entries.async_update_subentry(house, anna, title="Anne")
    await hass.async_block_till_done()
    assert told() == ("Entrance", "Auntie", "Auntie")
    fields = {"virtual_number": ids["Gate"], "from": "auntie"}
    await hass.services.async_call(DOMAIN, "simulate_message", fields, blocking=True)
    assert messages[-1].data["from"] == ANNA
    # Once it is taken away, ours is back.
    named(None, None)
    assert told() == ("Gate", "Anne", "Anne")
    # Other devices are nobody here.
    registry.async_update_device(
        registry.async_get_or_create(
            config_entry_id=house.entry_id, identifiers={("other", "one")}
        ).id,
        name_by_user="Auntie",
    )
    assert told() == ("Gate", "Anne", "Anne")


async def test_a_device_shows_the_number(hass: HomeAssistant, house: MockConfigEntry) -> None:
    registry = dr.async_get(hass)

    def shown(name: str) -> tuple[str | None, str | None]:
        device = registry.async_get(ids[name])
        assert isinstance(device, dr.DeviceEntry)
        return device.model, device.model_id

    ids = devices(house)
    assert shown("Gate") == ("Virtual number", GATE)
    assert shown("Anna") == ("Contact", ANNA)
    anna = subentries(house, SUBENTRY_CONTACT)["Anna"]
    data = {**anna.data, "numbers": [STRANGER, ANNA]}
    hass.config_entries.async_update_subentry(house, anna, data=data)
    await hass.async_block_till_done()
    assert shown("Anna") == ("Contact", STRANGER)


async def test_a_contact_is_a_device_with_its_own_entities(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    device = dr.async_get(hass).async_get(devices(house)["Anna"])
    assert isinstance(device, dr.DeviceEntry)
    assert (device.name, device.model, device.model_id) == ("Anna", "Contact", ANNA)
    entities = er.async_entries_for_device(er.async_get(hass), device.id)
    assert {entity.entity_id for entity in entities} == {
        "event.anna_message",
        "sensor.anna_last_message",
    }
    for number in (GATE, SHOP):
        receive(house, text("Sesame", to=number))
        event = state(hass, "event.anna_message")
        assert event.attributes["to"] == number
        assert event.attributes["event_type"] == "text"
        assert state(hass, "sensor.anna_last_message").state == "Sesame"
        assert "recent" not in state(hass, "sensor.anna_last_message").attributes
        assert state(hass, "event.ben_message").state == "unknown"
    # What comes for a number that is not set up is hers all the same.
    receive(house, button("Sesame", to="+447700900555"))
    assert state(hass, "event.anna_message").attributes["event_type"] == "button"
    assert state(hass, "event.anna_message").attributes["device_id"] is None


async def test_a_contact_who_is_removed_is_a_stranger(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    device_id = devices(house)["Anna"]
    receive(house, text("Sesame"))
    hass.config_entries.async_remove_subentry(
        house, subentries(house, SUBENTRY_CONTACT)["Anna"].subentry_id
    )
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
    triggers = [when(name, sender="anyone") for name in ("message_received", "button_tapped")]
    await automate_by(hass, *triggers)
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
        "sensor.intellisms_last_post",
    }
    ignored = state(hass, "sensor.intellisms_messages_ignored")
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
    dialog = Flow(hass, house, SUBENTRY_CONTACT)
    await dialog.begin()
    await dialog.submit(name="Dora", numbers=[STRANGER])
    receive(house, text("Sesame", sender=STRANGER))
    hass.config_entries.async_remove_subentry(
        house, subentries(house, SUBENTRY_CONTACT)["Dora"].subentry_id
    )
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
