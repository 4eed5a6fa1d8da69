"""What the system information page says."""

from datetime import UTC, datetime

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.intellisms.const import DOMAIN

from .household import SENDER, account, contact, sms, virtual_number
from .running import Post, set_up
from .texts import english


@pytest.fixture(autouse=True)
async def system_health(hass: HomeAssistant) -> None:
    """Set up the page."""
    assert await async_setup_component(hass, "system_health", {})


async def test_an_account(
    hass: HomeAssistant, own_door: Post, freezer: FrozenDateTimeFactory
) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    freezer.move_to(now)
    await hass.config.async_update(external_url="https://home.example.com")
    entry = account([virtual_number(), contact("Alice", SENDER)])
    await set_up(hass, entry)
    await own_door(sms())
    await own_door(sms())
    info = await get_system_health_info(hass, DOMAIN)
    assert info == {
        "address": "ok",
        "virtual_numbers": 1,
        "last_post": now,
        "messages_ignored": 1,
    }
    assert info.keys() == english()["system_health"]["info"].keys()


async def test_an_account_that_cannot_be_reached(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    info = await get_system_health_info(hass, DOMAIN)
    assert (info["address"], info["last_post"]) == ("no_url", None)


async def test_an_account_that_is_not_loaded(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    assert await get_system_health_info(hass, DOMAIN) == {}
