"""What the entities of numbers, contacts and the account have in common."""

from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from .household import household, text
from .running import receive, set_up, state


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "freezer")
async def test_a_new_entity_id_changes_nothing_else(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """Whether core removes the entity and adds it again, as before 2026.11, or does not."""
    entry = await set_up(hass, household())
    receive(entry, text("Sesame"))
    registry = er.async_get(hass)
    entities = er.async_entries_for_config_entry(registry, entry.entry_id)
    assert {entity.domain for entity in entities} == {"event", "image", "sensor"}
    seen: list[Event[EventStateChangedData]] = async_capture_events(hass, EVENT_STATE_CHANGED)
    for entity in entities:
        before = state(hass, entity.entity_id)
        renamed = f"{entity.domain}.renamed_{entity.id}"
        registry.async_update_entity(entity.entity_id, new_entity_id=renamed)
        await hass.async_block_till_done()
        assert hass.states.get(entity.entity_id) is None
        after = state(hass, renamed)
        assert after.state == before.state
        unlike = {"access_token", "entity_picture"}
        assert {key: after.attributes[key] for key in after.attributes.keys() - unlike} == {
            key: before.attributes[key] for key in before.attributes.keys() - unlike
        }
    # Nobody sees it in between.
    assert len(seen) == 2 * len(entities)
    # They go on hearing of messages.
    receive(entry, text("Open"))
    await hass.async_block_till_done()
    texts = {state.state for state in hass.states.async_all("sensor")}
    assert ("Open" in texts, "Sesame" in texts) == (True, False)
    events = hass.states.async_all("event")
    assert [state.attributes.get("text") for state in events].count("Open") == 2
