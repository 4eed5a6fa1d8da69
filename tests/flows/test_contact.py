"""The dialog that adds and edits contacts; what a contact is good for is in `test_contacts`."""

from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import CONF_NUMBERS, CONF_PERSON, SUBENTRY_CONTACT

from ..household import ANNA, BEN, SHOP, account, contact, devices, text, virtual_number
from ..running import receive, set_up, state
from .dialog import suggested

ANNAS_OTHER = "+447700900321"
ANNA_TYPED = "07700 900123"


@pytest.fixture
async def alone(hass: HomeAssistant) -> MockConfigEntry:
    """Return an account with a virtual number and no contact, loaded."""
    return await set_up(hass, account([virtual_number()]))


async def add(hass: HomeAssistant, entry: MockConfigEntry, **fields: Any) -> Any:
    """Open the dialog and submit it once."""
    flows = hass.config_entries.subentries
    shown = await flows.async_init(
        (entry.entry_id, SUBENTRY_CONTACT), context={"source": SOURCE_USER}
    )
    assert (shown["type"], shown["step_id"]) == (FlowResultType.FORM, "user")
    return await submit(hass, shown, **fields)


async def edit(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> Any:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_CONTACT),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": saved(entry, name).subentry_id},
    )


async def submit(hass: HomeAssistant, shown: Any, **fields: Any) -> Any:
    result = await hass.config_entries.subentries.async_configure(shown["flow_id"], fields)
    await hass.async_block_till_done()
    return result


def saved(entry: MockConfigEntry, name: str) -> ConfigSubentry:
    found: ConfigSubentry
    [found] = [subentry for subentry in entry.subentries.values() if subentry.title == name]
    return found


async def test_add(hass: HomeAssistant, alone: MockConfigEntry, person: er.RegistryEntry) -> None:
    result = await add(
        hass,
        alone,
        name=" Anna ",
        numbers=["+44 7700 900123", "", "+447700900321", "0044 7700 900123"],
        person="person.somebody",
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    subentry = saved(alone, "Anna")
    assert subentry.data == {CONF_NUMBERS: [ANNA, ANNAS_OTHER], CONF_PERSON: person.id}
    assert subentry.unique_id is None
    # At once, without a reload.
    receive(alone, text("Sesame", sender=ANNAS_OTHER))
    assert state(hass, "sensor.gate_last_sender").state == "Anna"
    assert state(hass, "event.anna_message").attributes["person_id"] == "person.somebody"


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
    result = await add(hass, alone, name="Somebody", numbers=[typed])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(alone, "Somebody").data == {CONF_NUMBERS: [stored], CONF_PERSON: None}


async def test_a_guess_comes_back_to_be_checked(
    hass: HomeAssistant, alone: MockConfigEntry
) -> None:
    shown = await add(hass, alone, name="Anna", numbers=[ANNA_TYPED, "60300"])
    assert (shown["step_id"], shown["errors"]) == ("user", {CONF_NUMBERS: "check_numbers"})
    filled_in = suggested(shown)
    assert filled_in["name"] == "Anna"
    assert filled_in["numbers"] == ["+44 7700 900123", "60300"]
    result = await submit(hass, shown, name="Anna", numbers=filled_in["numbers"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(alone, "Anna").data[CONF_NUMBERS] == [ANNA, "60300"]


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
    shown = await add(hass, alone, **typed)
    assert (shown["type"], shown["errors"]) == (FlowResultType.FORM, errors)
    if typed["numbers"]:
        assert shown["description_placeholders"]["number"] in ["", *typed["numbers"]]
    # What was typed stays.
    assert suggested(shown)["name"] == typed["name"]
    result = await submit(hass, shown, name="Anna", numbers=[ANNA])
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "typed",
    [ANNA, "+44 7700 900123", "0044 (7700) 900123", "+44 (0)7700 900123", "447700900123"],
)
async def test_a_number_belongs_to_one_contact_however_it_is_written(
    hass: HomeAssistant, house: MockConfigEntry, typed: str
) -> None:
    shown = await add(hass, house, name="Somebody else", numbers=[typed])
    assert shown["errors"] == {CONF_NUMBERS: "number_taken"}
    assert shown["description_placeholders"] == {"number": typed}


@pytest.mark.parametrize(
    ("typed", "taken"),
    [("+55 11 8888 7777", True), ("+55 11 7888 7777", False), ("+55 11 3888 7777", False)],
)
async def test_a_line_belongs_to_one_contact_however_whatsapp_writes_it(
    hass: HomeAssistant, alone: MockConfigEntry, typed: str, *, taken: bool
) -> None:
    for number in ("+55 11 98888 7777", "+55 11 97888 7777", "+55 11 93888 7777"):
        await add(hass, alone, name=f"Who has {number}", numbers=[number])
    shown = await add(hass, alone, name="Somebody else", numbers=[typed])
    assert shown.get("errors") == ({CONF_NUMBERS: "number_taken"} if taken else None)


async def test_a_guessed_number_is_refused_before_it_is_checked(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    shown = await add(hass, house, name="Somebody else", numbers=[ANNA_TYPED])
    assert shown["errors"] == {CONF_NUMBERS: "number_taken"}


async def test_a_virtual_number_may_be_a_contact_too(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    result = await add(hass, house, name="Ourselves", numbers=[SHOP])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_edit(hass: HomeAssistant, house: MockConfigEntry, person: er.RegistryEntry) -> None:
    receive(house, text("Sesame"))
    device_id = devices(house)["Anna"]
    subentry_id = saved(house, "Anna").subentry_id
    shown = await edit(hass, house, "Anna")
    assert shown["step_id"] == "reconfigure"
    # The person she had is gone.
    assert suggested(shown) == {"name": "Anna", "numbers": [ANNA], "person": None}
    # A mistake leaves what was typed.
    shown = await submit(hass, shown, name="Anne", numbers=[BEN], person="person.somebody")
    assert (shown["step_id"], shown["errors"]) == ("reconfigure", {CONF_NUMBERS: "number_taken"})
    assert suggested(shown)["person"] == "person.somebody"
    # Her own number is not taken.
    result = await submit(
        hass, shown, name="Anne", numbers=[ANNAS_OTHER, ANNA], person="person.somebody"
    )
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    subentry = saved(house, "Anne")
    assert subentry.subentry_id == subentry_id
    assert subentry.data == {CONF_NUMBERS: [ANNAS_OTHER, ANNA], CONF_PERSON: person.id}
    # The dialog finds the person again, and can take her away.
    shown = await edit(hass, house, "Anne")
    assert suggested(shown)["person"] == "person.somebody"
    await submit(hass, shown, name="Anne", numbers=[ANNAS_OTHER])
    assert saved(house, "Anne").data == {CONF_NUMBERS: [ANNAS_OTHER], CONF_PERSON: None}
    assert suggested(await edit(hass, house, "Anne"))["person"] is None
    # Device and history stay; the number that was given up is a stranger's.
    assert devices(house)["Anne"] == device_id
    device = dr.async_get(hass).async_get(device_id)
    assert device
    assert device.name == "Anne"
    assert state(hass, "event.anna_message").attributes["text"] == "Sesame"
    receive(house, text("Sesame", sender=ANNA))
    assert state(hass, "sensor.gate_last_sender").state == ANNA
    receive(house, text("Sesame", sender=ANNAS_OTHER))
    assert state(hass, "sensor.gate_last_sender").state == "Anne"


async def test_a_contact_whose_number_was_caught_can_be_edited(hass: HomeAssistant) -> None:
    """Nobody could type it, but it is what their messages come from."""
    caught = "SomebodysPhone44770090"
    entry = account([virtual_number(), contact("Anna", caught)])
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    shown = await edit(hass, entry, "Anna")
    shown = await submit(hass, shown, name="Anne", numbers=[f"{caught}1"])
    assert shown["errors"] == {CONF_NUMBERS: "invalid_number"}
    result = await submit(hass, shown, name="Anne", numbers=[ANNA, caught])
    assert result["type"] is FlowResultType.ABORT
    assert saved(entry, "Anne").data[CONF_NUMBERS] == [ANNA, caught]


async def test_a_person_without_a_registry_entry_is_left_out(
    hass: HomeAssistant, alone: MockConfigEntry
) -> None:
    result = await add(hass, alone, name="Anna", numbers=[ANNA], person="person.nobody")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(alone, "Anna").data[CONF_PERSON] is None
