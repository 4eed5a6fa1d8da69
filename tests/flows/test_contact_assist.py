"""Assist in the dialog of a contact; what it does then is in `sending/test_assist`."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import CONF_ASSIST, SUBENTRY_CONTACT

from ..household import ANNA

AGENT = "conversation.home_assistant"
FIELDS = {"name": "Anna", "numbers": [ANNA]}
OFF = {"own_sentences": False, "sms": False, "as_person": False}

type Edit = Callable[[], Awaitable[Any]]


@pytest.fixture
async def entry_with_keys(hass: HomeAssistant, writing: MockConfigEntry) -> MockConfigEntry:
    """Return the household with keys, in a house that understands sentences."""
    hass.config.components.add("conversation")
    return writing


def anna(entry: MockConfigEntry) -> ConfigSubentry:
    """Return Anna's subentry."""
    found: ConfigSubentry
    [found] = [one for one in entry.subentries.values() if one.title == "Anna"]
    return found


@pytest.fixture
def edit(hass: HomeAssistant, writing: MockConfigEntry) -> Edit:
    """Return what opens the dialog of Anna."""

    async def begin() -> Any:
        return await hass.config_entries.subentries.async_init(
            (writing.entry_id, SUBENTRY_CONTACT),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": anna(writing).subentry_id},
        )

    return begin


async def submit(hass: HomeAssistant, shown: Any, **fields: Any) -> Any:
    """Submit the dialog."""
    result = await hass.config_entries.subentries.async_configure(
        shown["flow_id"], {**FIELDS, **fields}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


def assist(shown: Any) -> section | None:
    """Return the dialog's section, None if it has none."""
    found: section | None = shown["data_schema"].schema.get(CONF_ASSIST)
    return found


def suggested(shown: Any) -> dict[str, Any]:
    """Return what is chosen in the section."""
    shown_section = assist(shown)
    assert shown_section
    return {
        str(field): (field.description or {}).get("suggested_value")
        for field in shown_section.schema.schema
    }


async def test_it_is_off_until_chosen(
    hass: HomeAssistant, entry_with_keys: MockConfigEntry, edit: Edit
) -> None:
    shown = await edit()
    shown_section = assist(shown)
    assert shown_section
    assert shown_section.options == {"collapsed": True}
    assert set(suggested(shown).values()) == {None}
    # As the browser submits a section that nobody opened, and one whose agent is none.
    for nothing in ({}, OFF, {**OFF, "agent": ""}, {**OFF, "sms": True, "as_person": True}):
        await submit(hass, await edit(), assist=nothing)
        assert CONF_ASSIST not in anna(entry_with_keys).data


async def test_it_is_chosen_shown_and_switched_off(
    hass: HomeAssistant, entry_with_keys: MockConfigEntry, edit: Edit
) -> None:
    chosen = {"agent": AGENT, "own_sentences": True, "sms": True, "as_person": False}
    result = await submit(hass, await edit(), assist=chosen)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert anna(entry_with_keys).data[CONF_ASSIST] == chosen
    shown = await edit()
    assert suggested(shown) == chosen
    await submit(hass, shown, assist={**chosen, "agent": ""})
    assert CONF_ASSIST not in anna(entry_with_keys).data


async def test_a_new_contact(hass: HomeAssistant, entry_with_keys: MockConfigEntry) -> None:
    shown = await hass.config_entries.subentries.async_init(
        (entry_with_keys.entry_id, SUBENTRY_CONTACT), context={"source": "user"}
    )
    result = await submit(
        hass, shown, name="Dora", numbers=["+447700900129"], assist={"agent": AGENT}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    [dora] = [one for one in entry_with_keys.subentries.values() if one.title == "Dora"]
    assert dora.data[CONF_ASSIST] == {"agent": AGENT, **OFF}


@pytest.mark.parametrize("missing", ["keys", "agents"])
async def test_what_is_hidden_stays_as_it_was(
    hass: HomeAssistant, entry_with_keys: MockConfigEntry, edit: Edit, missing: str
) -> None:
    await submit(hass, await edit(), assist={"agent": AGENT, **OFF})
    if missing == "agents":
        hass.config.components.remove("conversation")
    else:
        data = {k: v for k, v in entry_with_keys.data.items() if not k.endswith("_key")}
        hass.config_entries.async_update_entry(entry_with_keys, data=data)
        await hass.async_block_till_done()
    shown = await edit()
    assert assist(shown) is None
    await submit(hass, shown)
    assert anna(entry_with_keys).data[CONF_ASSIST] == {"agent": AGENT, **OFF}


@pytest.mark.parametrize("user", ["none", "active", "inactive"])
@pytest.mark.parametrize("has_person", [True, False])
async def test_acting_as_a_person_needs_their_user(
    hass: HomeAssistant,
    entry_with_keys: MockConfigEntry,
    edit: Edit,
    user: str,
    has_person: bool,
) -> None:
    await hass.auth.async_create_user("Owner")
    found = await hass.auth.async_create_user("Somebody")
    person = {"id": "anna", "name": "Somebody"}
    if user != "none":
        person["user_id"] = found.id
    assert await async_setup_component(hass, "person", {"person": [person]})
    if user == "inactive":
        await hass.auth.async_deactivate_user(found)
    chosen = {"agent": AGENT, "own_sentences": False, "sms": False, "as_person": True}
    fields = {"person": "person.somebody"} if has_person else {}
    result = await submit(hass, await edit(), assist=chosen, **fields)
    if user == "active" and has_person:
        assert anna(entry_with_keys).data[CONF_ASSIST] == chosen
    else:
        assert result["errors"] == {"base": "assist_without_user"}
        assert suggested(result) == chosen
        assert CONF_ASSIST not in anna(entry_with_keys).data
    assert er.async_get(hass).async_get("person.somebody")
