"""What an account sends by: there with the keys, gone with them, and never in receiving's way."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.sending.account import sending_of
from tests.household import household
from tests.provider_api import KEYS, with_keys
from tests.running import set_up


async def test_keys_come_and_go_without_a_reload(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        sending_of(hass, house)
    assert caught.value.translation_key == "no_keys"

    receiver = house.runtime_data.receiver
    hass.config_entries.async_update_entry(house, data=with_keys(house.data))
    await hass.async_block_till_done()
    first = sending_of(hass, house)
    hass.config_entries.async_update_entry(house, title="Another name")
    await hass.async_block_till_done()

    assert sending_of(hass, house) is first
    assert house.runtime_data.receiver is receiver
    assert KEYS.secret_key not in repr(first)


async def test_what_is_not_loaded_sends_nothing(hass: HomeAssistant) -> None:
    entry = household()
    await set_up(hass, entry)
    hass.config_entries.async_update_entry(entry, data=with_keys(entry.data))
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)

    with pytest.raises(ServiceValidationError):
        sending_of(hass, entry)
