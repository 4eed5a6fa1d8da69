"""The household with keys for sending, and the `notify` entities of its contacts."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.intellisms.const import DOMAIN, EVENT_MESSAGE_SENT
from custom_components.intellisms.receiving.directory import Contact, unique_id
from scripts.house.provider_api import ProviderApi
from tests.household import household
from tests.provider_api import with_keys
from tests.running import set_up

type Notifiers = Callable[[], dict[str, str]]
type SentEvents = list[Event[dict[str, Any]]]


@pytest.fixture
async def sending_house(hass: HomeAssistant, api: ProviderApi) -> MockConfigEntry:
    """Return the household with keys, loaded."""
    entry = await set_up(hass, household())
    hass.config_entries.async_update_entry(entry, data=with_keys(entry.data))
    await hass.async_block_till_done()
    return entry


@pytest.fixture
def notifiers(hass: HomeAssistant) -> Notifiers:
    """Return what gives the ids of the contacts' entities by their names, made where missing."""

    def take() -> dict[str, str]:
        found = {}
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            for contact in entry.runtime_data.directory:
                if isinstance(contact, Contact):
                    known = er.async_get(hass).async_get_or_create(
                        "notify",
                        DOMAIN,
                        unique_id(contact.subentry_id, "notify"),
                        config_entry=entry,
                        config_subentry_id=contact.subentry_id,
                        device_id=contact.device_id,
                        suggested_object_id=contact.name.lower(),
                    )
                    found[contact.name] = known.entity_id
        return found

    return take


@pytest.fixture
def events(hass: HomeAssistant) -> SentEvents:
    """Return the events of what is sent from here on."""
    captured: SentEvents = async_capture_events(hass, EVENT_MESSAGE_SENT)
    return captured
