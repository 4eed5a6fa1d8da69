"""The stand-in for the provider's API, in place of the provider."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import CONF_ACCESS_KEY, CONF_SECRET_KEY
from custom_components.intellisms.sending import client
from custom_components.intellisms.sending.data import Keys
from scripts.house.provider_api import ACCESS_KEY, SECRET_KEY, ProviderApi, provider_api

from .household import household
from .log import keep_secret
from .running import set_up

KEYS = Keys(access_key=ACCESS_KEY, secret_key=SECRET_KEY)


def with_keys(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's data with keys for sending."""
    return {**data, CONF_ACCESS_KEY: KEYS.access_key, CONF_SECRET_KEY: KEYS.secret_key}


@pytest.fixture
async def api(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[ProviderApi]:
    """Run the provider's API; a test that posts what is not documented fails."""
    keep_secret([ACCESS_KEY, SECRET_KEY])
    async with provider_api() as running:
        monkeypatch.setattr(client, "API_URL", running.url)
        yield running
    assert running.wrong == []


@pytest.fixture
async def writing(hass: HomeAssistant, api: ProviderApi) -> MockConfigEntry:
    """Return a household with keys, whose balance is known."""
    entry = household()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=with_keys(entry.data))
    await set_up(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry
