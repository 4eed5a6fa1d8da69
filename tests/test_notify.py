"""The `notify` entity of each contact: there with the keys, and a text that goes out once."""

from typing import Any

from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from custom_components.intellisms.const import EVENT_MESSAGE_SENT
from custom_components.intellisms.protocol import Outgoing, Sms
from custom_components.intellisms.sending.account import sending_of
from custom_components.intellisms.sending.data import Letter
from scripts.house.provider_api import ProviderApi, Refusal

from .household import ANNA, BEN, CARL, GATE, add, contact, whatsapp
from .log import keep_secret
from .provider_api import with_keys
from .running import receive, state

TEXT = "The gate is open"


async def write(hass: HomeAssistant, context: Context | None = None, **data: Any) -> None:
    """Write to Anna, or whoever else is named, as an automation does."""
    keep_secret([TEXT, "Careful"])
    await hass.services.async_call(
        "notify",
        "send_message",
        {"entity_id": "notify.anna", "message": TEXT} | data,
        blocking=True,
        context=context,
    )


def entities(hass: HomeAssistant) -> set[str]:
    """Return the notify entities that there are, with a state and in the registry."""
    found = set(hass.states.async_entity_ids("notify"))
    assert found == {
        one.entity_id for one in er.async_get(hass).entities.values() if one.domain == "notify"
    }
    return found


# ---- who has one --------------------------------------------------------------------


async def test_they_come_and_go_with_keys_and_contacts(
    hass: HomeAssistant, house: MockConfigEntry, api: ProviderApi
) -> None:
    assert entities(hass) == set()
    without = house.data

    hass.config_entries.async_update_entry(house, data=with_keys(without))
    await hass.async_block_till_done()
    assert entities(hass) == {"notify.anna", "notify.ben", "notify.carl"}

    dora = add(hass, house, contact("Dora", "Bakery", "+447700900777"))
    add(hass, house, contact("Bank", "MyBank", "GB.1234"))
    await hass.async_block_till_done()
    assert entities(hass) == {"notify.anna", "notify.ben", "notify.carl", "notify.dora"}

    hass.config_entries.async_update_subentry(
        house, dora, data={"numbers": ["Bakery"], "person": None}
    )
    hass.config_entries.async_remove_subentry(house, next(reversed(list(house.subentries)[:5])))
    await hass.async_block_till_done()
    assert entities(hass) == {"notify.anna", "notify.ben"}

    hass.config_entries.async_update_entry(house, data=without)
    await hass.async_block_till_done()
    assert entities(hass) == set()

    hass.config_entries.async_update_entry(house, data=with_keys(without))
    await hass.async_block_till_done()
    assert entities(hass) == {"notify.anna", "notify.ben"}
    await write(hass)
    assert [taken.to for taken in api.taken] == [ANNA.removeprefix("+")]


async def test_they_are_there_after_a_reload(hass: HomeAssistant, writing: MockConfigEntry) -> None:
    await write(hass)
    before = state(hass, "notify.anna").state
    assert await hass.config_entries.async_reload(writing.entry_id)
    await hass.async_block_till_done()

    assert entities(hass) == {"notify.anna", "notify.ben", "notify.carl"}
    assert state(hass, "notify.anna").state == before


# ---- writing ------------------------------------------------------------------------


async def test_a_text_goes_out(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    events: list[Event[dict[str, Any]]] = async_capture_events(hass, EVENT_MESSAGE_SENT)
    changes = async_capture_events(hass, "state_changed")
    cause = Context()

    await write(hass, cause, title="Careful")

    [taken] = api.taken
    assert taken.to == ANNA.removeprefix("+")
    assert taken.message["content"]["text"] == f"Careful\n{TEXT}"
    [event] = events
    assert (event.data["entity_id"], event.data["outcome"]) == ("notify.anna", "sent")
    assert event.context.parent_id == cause.id
    noted = [change for change in changes if change.data["entity_id"] == "notify.anna"]
    assert [change.context.id for change in noted] == [cause.id]


async def test_several_at_once(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    await write(hass, entity_id=["notify.anna", "notify.ben", "notify.carl"])
    assert {f"+{taken.to}" for taken in api.taken} == {ANNA, BEN, CARL}


async def test_what_went_by_an_action_of_ours_is_noted(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    keep_secret(TEXT)
    outgoing = Outgoing(to=BEN, content=Sms(text=TEXT))
    letter = Letter(outgoing=outgoing, entity_id="notify.ben")
    [sent] = await sending_of(hass, writing).sender.async_send([letter])
    noted = state(hass, "notify.ben")
    assert (noted.state != "unknown", noted.context.id) == (True, sent.context.id)
    assert state(hass, "notify.anna").state == "unknown"


async def test_what_was_refused_is_an_error(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    api.plays[ANNA.removeprefix("+")] = Refusal(word="invalid_number")
    with pytest.raises(HomeAssistantError) as caught:
        await write(hass)
    assert caught.value.translation_key == "send_invalid_number"
    assert "notify.anna" in str(caught.value)
    assert state(hass, "notify.anna").state == "unknown"


@pytest.mark.parametrize(
    ("message", "key"), [(" ", "content_empty"), ("x" * 1000, "content_too_many_parts")]
)
async def test_what_cannot_be_sent_is_an_error_before(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi, message: str, key: str
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await write(hass, message=message)
    assert caught.value.translation_key == key
    assert api.taken == []


async def test_a_user_without_rights_writes_to_nobody(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi, hass_read_only_user: MockUser
) -> None:
    with pytest.raises(Unauthorized):
        await write(hass, Context(user_id=hass_read_only_user.id))
    assert api.taken == []


async def test_it_goes_the_way_in_which_the_contact_wrote(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    receive(writing, whatsapp("text", {"body": "Is it open?"}, sender=ANNA))
    await write(hass)
    await write(hass, entity_id="notify.ben")
    assert [(taken.message["channel"], taken.message.get("from")) for taken in api.taken] == [
        ("whatsapp", GATE.removeprefix("+")),
        ("sms", None),
    ]
