"""A running Home Assistant: its doors, set up, settled, with automations, while time passes."""

import asyncio
from collections.abc import Awaitable, Mapping
import json
from typing import Any, Protocol
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, State
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.protocol import parse
from custom_components.intellisms.receiving.receiver import Outcome

from .household import WEBHOOK_ID, devices
from .log import keep_posted_secret, keep_secret

# Where Home Assistant is reached from the internet, if it is.
URL = "https://home.example.com"
# What automations run, and what they tell of the message.
RUN = {
    "action": "test.run",
    "data": {"id": "{{ trigger.id }}", "message_id": "{{ trigger.message.message_id }}"},
}


class Post(Protocol):
    """Post to a door as the provider does and return the status."""

    def __call__(
        self,
        body: bytes | str,
        *,
        webhook_id: str = WEBHOOK_ID,
        query: str = "",
        method: str = "POST",
    ) -> Awaitable[int]:
        """Return the status of the answer."""


def http_door(make_client: ClientSessionGenerator, path: str) -> Post:
    """Return what posts below a path over real HTTP."""
    clients: list[TestClient[Any, Any]] = []

    async def post(
        body: bytes | str, *, webhook_id: str = WEBHOOK_ID, query: str = "", method: str = "POST"
    ) -> int:
        keep_posted_secret(body, query)
        client = clients[0] if clients else await make_client()
        clients[:] = [client]
        response = await client.request(method, f"{path}{webhook_id}{query}", data=body)
        return response.status

    return post


async def set_up(
    hass: HomeAssistant, entry: MockConfigEntry, options: Mapping[str, Any] | None = None
) -> MockConfigEntry:
    """Set up an account in a house in Great Britain."""
    hass.config.country = "GB"
    entry.add_to_hass(hass)
    if options:
        hass.config_entries.async_update_entry(entry, options=options)
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    return entry


def receive(entry: MockConfigEntry, body: str) -> None:
    """Let a post arrive, past the doors."""
    keep_secret(json.loads(body))
    for element in parse(body.encode()):
        outcome = entry.runtime_data.receiver.async_receive(element)
        assert outcome in {Outcome.PUBLISHED, Outcome.PASSED_OVER}


def state(hass: HomeAssistant, entity_id: str) -> State:
    """Return a state that has to be there."""
    found = hass.states.get(entity_id)
    assert found
    return found


async def settle() -> None:
    """Let all happen that needs no time to pass, also while an automation waits."""
    for _ in range(100):
        await asyncio.sleep(0)


async def pass_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass, and all happen that waited for it."""
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await settle()


async def automate(hass: HomeAssistant, *automations: Mapping[str, Any]) -> None:
    """Set up automations as a person has saved them."""
    assert await async_setup_component(hass, "automation", {"automation": list(automations)})
    await hass.async_block_till_done()


def target(entry: MockConfigEntry, *names: str) -> dict[str, Any]:
    """Return the devices of those named as the target that the editor saves."""
    ids = devices(entry)
    return {"device_id": [ids.get(name, name) for name in names]}


def options(entry: MockConfigEntry, **chosen: Any) -> dict[str, Any]:
    """Return what `when` takes, with the target chosen by names."""
    if "target" in chosen:
        chosen["target"] = target(entry, *chosen["target"])
    return chosen


def when(trigger: str, /, **chosen: Any) -> dict[str, Any]:
    """Return a trigger as the editor saves it, or a condition's target and options."""
    meant = {"target": chosen.pop("target")} if "target" in chosen else {}
    return {"trigger": f"intellisms.{trigger}", **meant, "options": chosen}


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
