"""The dialog that adds and edits contacts; what a contact is good for is in `test_contacts`."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigSubentry
from homeassistant.core import Event, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import CONF_NUMBERS, CONF_PERSON, SUBENTRY_CONTACT

from ..household import (
    ANNA,
    BEN,
    GATE,
    SHOP,
    STRANGER,
    account,
    add as add_subentry,
    contact,
    devices,
    posted,
    text,
    virtual_number,
)
from ..running import receive, set_up, state
from .dialog import Flow, suggested

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


@pytest.mark.parametrize("typed", [SHOP, "+44 7700 900999", "07700 900999"])
async def test_our_own_number_is_nobody(
    hass: HomeAssistant, house: MockConfigEntry, typed: str
) -> None:
    shown = await add(hass, house, name="Ourselves", numbers=[typed])
    assert shown["errors"] == {CONF_NUMBERS: "own_number"}
    assert shown["description_placeholders"] == {"number": typed}


@pytest.mark.parametrize(
    ("has", "typed"),
    [
        ("MyBank", "MYBANK"),
        ("GB.1aB", "GB.1aB"),
        ("+5511988887777", "+55 11 8888-7777"),
        ("+541123456789", "+54 9 11 2345-6789"),
        ("+5215512345678", "+52 55 1234 5678"),
        ("+22997123456", "+229 01 97 12 34 56"),
    ],
)
async def test_who_belongs_to_one_contact_in_whichever_spelling(
    hass: HomeAssistant, has: str, typed: str
) -> None:
    entry = await set_up(hass, account([virtual_number(), contact("Anna", has)]))
    shown = await add(hass, entry, name="Somebody else", numbers=[typed])
    if shown["errors"] == {CONF_NUMBERS: "invalid_number"}:
        shown = await submit(hass, shown, name="Somebody else", numbers=[typed])
    assert shown["errors"] == {CONF_NUMBERS: "number_taken"}
    # She herself may have both; the first stands.
    result = await submit(hass, await edit(hass, entry, "Anna"), name="Anna", numbers=[has, typed])
    assert result["type"] is FlowResultType.ABORT
    assert saved(entry, "Anna").data[CONF_NUMBERS] == [has]


@pytest.mark.parametrize("name", ["Anna", " anna "])
async def test_a_name_belongs_to_one_contact(
    hass: HomeAssistant, house: MockConfigEntry, name: str
) -> None:
    shown = await add(hass, house, name=name, numbers=[ANNAS_OTHER])
    assert shown["errors"] == {"name": "name_taken"}
    shown = await submit(hass, await edit(hass, house, "Ben"), name=name, numbers=[BEN])
    assert shown["errors"] == {"name": "name_taken"}
    # Her own name is not taken, nor is that of a virtual number.
    result = await submit(hass, await edit(hass, house, "Anna"), name=name, numbers=[ANNA])
    assert result["type"] is FlowResultType.ABORT
    result = await add(hass, house, name="Gate", numbers=[ANNAS_OTHER])
    assert result["type"] is FlowResultType.CREATE_ENTRY


# ---- what is unusual ----------------------------------------------------------------

# As the event shows `from`.
UNUSUAL = [
    "GB.10000000000000000001",
    "US.ENT.1a2B",
    "SomebodysPhone",
    "4477101234x",
    "Anna (home)",
    "a@b.example",
    "+22508000012",
    "+84433",
    "12",
    "07710#12345",
    "{{ 1 }}",
    "\u0664\u0664\u0667",
]


@pytest.mark.parametrize("sender", UNUSUAL)
async def test_what_the_event_shows_is_asked_back_once_and_taken(
    hass: HomeAssistant, alone: MockConfigEntry, messages: list[Event[dict[str, Any]]], sender: str
) -> None:
    receive(alone, posted(text("Sesame"), **{"from": sender}))
    assert messages[-1].data["from"] == sender
    typed = f"\u202a{sender}\u202c "
    shown = await add(hass, alone, name="Anna", numbers=[typed, ANNA])
    assert (shown["step_id"], shown["errors"]) == ("user", {CONF_NUMBERS: "invalid_number"})
    assert shown["description_placeholders"] == {"number": typed}
    assert suggested(shown)[CONF_NUMBERS] == [typed, ANNA]
    result = await submit(hass, shown, name="Anna", numbers=[typed, ANNA])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(alone, "Anna").data[CONF_NUMBERS] == [sender, ANNA]
    receive(alone, posted(text("Sesame"), **{"from": sender}))
    assert messages[-1].data["from_name"] == "Anna"


async def test_what_is_corrected_is_looked_at_anew(
    hass: HomeAssistant, alone: MockConfigEntry
) -> None:
    shown = await add(hass, alone, name="Anna", numbers=["+84433"])
    shown = await submit(hass, shown, name="Anna", numbers=["+84434"])
    assert shown["errors"] == {CONF_NUMBERS: "invalid_number"}
    shown = await submit(hass, shown, name="", numbers=["+84434"])
    assert shown["errors"] == {"name": "name_missing"}
    result = await submit(hass, shown, name="Anna", numbers=["+84434"])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_guess_beside_what_is_unusual_is_asked_about_too(
    hass: HomeAssistant, alone: MockConfigEntry
) -> None:
    typed = {"name": "Anna", "numbers": [ANNA_TYPED, "+84433"]}
    shown = await add(hass, alone, **typed)
    assert shown["errors"] == {CONF_NUMBERS: "invalid_number"}
    shown = await submit(hass, shown, **typed)
    assert shown["errors"] == {CONF_NUMBERS: "check_numbers"}
    assert suggested(shown)[CONF_NUMBERS] == ["+44 7700 900123", "+84433"]
    # Whoever sends the same again means it.
    result = await submit(hass, shown, **typed)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(alone, "Anna").data[CONF_NUMBERS] == [ANNA, "+84433"]


async def test_a_national_number_without_a_country(
    hass: HomeAssistant, alone: MockConfigEntry
) -> None:
    hass.config.country = None
    typed = {"name": "Anna", "numbers": [ANNA_TYPED]}
    shown = await add(hass, alone, **typed)
    assert shown["errors"] == {CONF_NUMBERS: "no_country"}
    # With a country it is another question.
    hass.config.country = "GB"
    shown = await submit(hass, shown, **typed)
    assert shown["errors"] == {CONF_NUMBERS: "check_numbers"}
    hass.config.country = None
    result = await submit(hass, shown, **typed)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(alone, "Anna").data[CONF_NUMBERS] == ["07700900123"]


@pytest.mark.parametrize(
    "typed",
    ["\u202a+44 7700 900123\u202c", "+44\u202f7700\u2011900123", "\uff14\uff14 7700 900123"],
)
async def test_numbers_as_pasted(hass: HomeAssistant, alone: MockConfigEntry, typed: str) -> None:
    result = await add(hass, alone, name="Anna", numbers=[typed, "\u200b"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    receive(alone, text("Sesame"))
    assert state(hass, "sensor.gate_last_sender").state == "Anna"


# ---- who wrote lately ---------------------------------------------------------------


async def test_the_form_begins_with_one_row(hass: HomeAssistant, alone: MockConfigEntry) -> None:
    flow = Flow(hass, alone, SUBENTRY_CONTACT)
    assert suggested(await flow.begin()) == {"name": None, "numbers": [""], "person": None}
    result = await flow.submit(name="Anna")
    assert result["errors"] == {CONF_NUMBERS: "number_missing"}
    assert suggested(result)["numbers"] == [""]


def offered(shown: Any) -> dict[str, str]:
    """Return whom a form offers, and what it shows of each."""
    [picker] = [value for key, value in shown["data_schema"].schema.items() if key == "recent"]
    assert picker.config["multiple"]
    return {option["value"]: option["label"] for option in picker.config["options"]}


async def test_who_wrote_lately_can_be_picked(
    hass: HomeAssistant,
    house: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    messages: list[Event[dict[str, Any]]],
) -> None:
    unconfigured = "+447700900555"
    for to, sender, said in (
        (
            GATE,
            "My\u2067Bank, our dear customers",
            "Your code\nis 1, and here are more words of it",
        ),
        (SHOP, STRANGER, "Sesame"),
        (unconfigured, "+84433", ""),
    ):
        freezer.tick()
        receive(house, posted(text(said, to=to), **{"from": sender}))
    flow = Flow(hass, house, SUBENTRY_CONTACT)
    assert offered(await flow.begin()) == {
        "+84433": "+84433",
        STRANGER: f"{STRANGER}: Sesame",
        "My\u2067Bank, our dear customers": (
            "“MyBank, our dear customers”: Your code is 1, and here are more words…"
        ),
    }
    result = await flow.submit(
        name="Dora", numbers=[""], recent=["My\u2067Bank, our dear customers", "+84433"]
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(house, "Dora").data[CONF_NUMBERS] == [
        "My\u2067Bank, our dear customers",
        "+84433",
    ]
    receive(house, posted(text("Again"), **{"from": "My\u2067Bank, our dear customers"}))
    assert messages[-1].data["from_name"] == "Dora"
    # Who is a contact now is offered no more; where somebody is left, an edited contact can have
    # them, beside what it has.
    shown = await edit(hass, house, "Anna")
    assert offered(shown) == {STRANGER: f"{STRANGER}: Sesame"}
    await submit(hass, shown, name="Anna", numbers=[ANNA], recent=[STRANGER])
    assert saved(house, "Anna").data[CONF_NUMBERS] == [ANNA, STRANGER]
    assert "recent" not in suggested(await edit(hass, house, "Anna"))


def by_whatsapp(sender: str, user_id: str, channel: str = "whatsapp") -> str:
    """Return the provider's post of a message with WhatsApp's id of its sender."""
    said = {"type": "text", "text": {"body": "Sesame"}, "from_user_id": user_id}
    content = {"format": "wa_msgobject_v2", "msgobject": said}
    fields = {"channel": channel, "content": content, "messageid": user_id, "from": sender}
    return posted(text(""), **fields)


async def test_an_id_that_came_with_a_contacts_number_is_proposed(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Event[dict[str, Any]]]
) -> None:
    receive(house, by_whatsapp(ANNA, "GB.100"))
    # To others it is not.
    assert "recent" not in suggested(await edit(hass, house, "Ben"))
    flow = Flow(hass, house, SUBENTRY_CONTACT)
    assert "recent" not in suggested(await flow.begin())
    shown = await edit(hass, house, "Anna")
    assert offered(shown) == {"GB.100": "“GB.100”: Sesame"}
    filled_in = suggested(shown)
    assert filled_in["recent"] == ["GB.100"]
    result = await submit(hass, shown, name="Anna", numbers=[ANNA], recent=filled_in["recent"])
    assert result["type"] is FlowResultType.ABORT
    assert saved(house, "Anna").data[CONF_NUMBERS] == [ANNA, "GB.100"]
    assert "recent" not in suggested(await edit(hass, house, "Anna"))
    receive(house, posted(by_whatsapp("", "GB.100"), messageid="another"))
    assert (messages[-1].data["from"], messages[-1].data["from_name"]) == ("GB.100", "Anna")


async def test_an_id_of_a_stranger_is_offered_beside_the_number(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    receive(house, by_whatsapp(STRANGER, "GB.100"))
    flow = Flow(hass, house, SUBENTRY_CONTACT)
    assert list(offered(await flow.begin())) == [STRANGER, "GB.100"]
    # What another contact has is proposed to nobody, nor what did not come by WhatsApp.
    await flow.submit(name="Dora", recent=[STRANGER])
    hass.config_entries.async_remove_subentry(house, saved(house, "Dora").subentry_id)
    add_subentry(hass, house, contact("Dora", "GB.100"))
    receive(house, by_whatsapp(ANNA, "GB.100"))
    receive(house, by_whatsapp(BEN, "GB.200", "sms"))
    for name in ("Anna", "Ben"):
        assert "recent" not in suggested(await edit(hass, house, name))


@pytest.mark.parametrize("sender", [ANNA, SHOP, "x" * 65, "", None])
async def test_who_is_not_offered(
    hass: HomeAssistant, house: MockConfigEntry, sender: str | None
) -> None:
    receive(house, posted(text("Sesame"), **{"from": sender}))
    flow = Flow(hass, house, SUBENTRY_CONTACT)
    assert "recent" not in suggested(await flow.begin())


async def test_somebody_who_was_added_meanwhile_cannot_be_picked(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    receive(house, text("Sesame", sender=STRANGER))
    flow = Flow(hass, house, SUBENTRY_CONTACT)
    await flow.begin()
    await add(hass, house, name="Dora", numbers=[STRANGER])
    result = await flow.submit(name="Dora's other", recent=[STRANGER])
    assert result["errors"] == {CONF_NUMBERS: "number_taken"}


async def test_nobody_is_offered_while_the_account_is_not_loaded(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    receive(house, text("Sesame", sender=STRANGER))
    await hass.config_entries.async_unload(house.entry_id)
    flow = Flow(hass, house, SUBENTRY_CONTACT)
    assert "recent" not in suggested(await flow.begin())


# ---- editing ------------------------------------------------------------------------


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
    await set_up(hass, entry)
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
