"""What the tests of triggers, conditions, contacts and pictures share."""

from collections.abc import Mapping
import json
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant, State
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.protocol import parse
from custom_components.intellisms.receiving.receiver import Outcome

from .automations import automate, devices
from .conftest import keep_secret

# What automations run, and what they tell of the message.
RUN = {
    "action": "test.run",
    "data": {"id": "{{ trigger.id }}", "message_id": "{{ trigger.message.message_id }}"},
}


async def set_up(
    hass: HomeAssistant, entry: MockConfigEntry, options: Mapping[str, Any] | None = None
) -> MockConfigEntry:
    """Set up an account in a house in Great Britain."""
    hass.config.country = "GB"
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options=options or {})
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    return entry


def receive(entry: MockConfigEntry, body: str) -> None:
    """Let a post arrive, past the doors."""
    keep_secret(json.loads(body))
    for element in parse(body.encode()):
        outcome = entry.runtime_data.receiver.async_receive(element)
        assert outcome in {Outcome.PUBLISHED, Outcome.PASSED_OVER}


def posted(body: str, **fields: Any) -> str:
    """Return a post with fields of its message replaced, or left out where None."""
    post = json.loads(body)
    message = post["messages"][0] | fields
    post["messages"] = [{key: value for key, value in message.items() if value is not None}]
    return json.dumps(post)


def state(hass: HomeAssistant, entity_id: str) -> State:
    """Return a state that has to be there."""
    found = hass.states.get(entity_id)
    assert found
    return found


def message_id(body: str) -> str:
    """Return the provider's id of a post's message."""
    return str(json.loads(body)["messages"][0]["messageid"])


def options(entry: MockConfigEntry, **chosen: Any) -> dict[str, Any]:
    """Return a trigger's or condition's options with devices chosen by their names."""
    ids = devices(entry)
    for field in ("virtual_number", "contacts"):
        if isinstance(names := chosen.get(field), str):
            chosen[field] = ids.get(names, names)
        elif names:
            chosen[field] = [ids.get(name, name) for name in names]
    return chosen


def when(trigger: str, /, **chosen: Any) -> dict[str, Any]:
    """Return a trigger as the editor saves it."""
    return {"trigger": f"intellisms.{trigger}", "options": chosen}


async def automate_by(hass: HomeAssistant, *triggers: Mapping[str, Any], **more: Any) -> None:
    """Set up an automation that runs as often as it is triggered."""
    await automate(
        hass,
        {
            "id": "one",
            "alias": "One",
            "mode": "parallel",
            "triggers": list(triggers),
            "actions": [RUN],
            **more,
        },
    )


async def reload_automations(hass: HomeAssistant, *automations: Mapping[str, Any]) -> None:
    """Save other automations, as the editor does."""
    with patch(
        "homeassistant.config.load_yaml_config_file",
        return_value={"automation": list(automations)},
    ):
        await hass.services.async_call("automation", "reload", blocking=True)
    await hass.async_block_till_done()
