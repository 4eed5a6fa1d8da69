"""What an account sends by: there with the keys, gone with them, and never in receiving's way."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.sending.account import sending_of
from scripts.house.provider_api import Play, ProviderApi
from tests.log import keep_secret
from tests.provider_api import KEYS, with_keys


def refused(hass: HomeAssistant, entry: MockConfigEntry) -> str | None:
    """Return why an account cannot send."""
    with pytest.raises(ServiceValidationError) as caught:
        sending_of(hass, entry)
    assert "{" not in str(caught.value)
    return caught.value.translation_key


async def test_keys_come_and_go_without_a_reload(
    hass: HomeAssistant, house: MockConfigEntry, api: ProviderApi
) -> None:
    receiver, without = house.runtime_data.receiver, house.data
    assert refused(hass, house) == "no_keys"

    hass.config_entries.async_update_entry(house, data=with_keys(without))
    await hass.async_block_till_done()
    sending = sending_of(hass, house)
    assert KEYS.secret_key not in repr(sending)
    hass.config_entries.async_update_entry(house, title="Another name")
    await hass.async_block_till_done()
    assert sending_of(hass, house) is sending

    hass.config_entries.async_update_entry(house, data=without)
    await hass.async_block_till_done()
    assert refused(hass, house) == "no_keys"
    assert house.runtime_data.receiver is receiver


async def test_other_keys_are_used_at_once(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    """What was sent within the hour goes on counting."""
    sender = sending_of(hass, writing).sender
    api.secret_key = "SK-other-1111"
    keep_secret(api.secret_key)
    hass.config_entries.async_update_entry(
        writing, data={**writing.data, "secret_key": api.secret_key}
    )
    await hass.async_block_till_done(wait_background_tasks=True)

    assert sending_of(hass, writing).sender is sender
    assert await sending_of(hass, writing).client.async_balance() == api.balance


async def test_what_waits_when_the_keys_are_removed_does_not_go(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    api.plays[None] = Play.HANG
    numbers = [f"+44770090020{place}" for place in range(6)]
    keep_secret(numbers)
    sending = asyncio.create_task(
        hass.services.async_call(
            DOMAIN, "send_message", {"message": "Hello", "numbers": numbers}, blocking=True
        )
    )
    await api.taken_are(4)
    without = {key: value for key, value in writing.data.items() if not key.endswith("_key")}
    hass.config_entries.async_update_entry(writing, data=without)
    await hass.async_block_till_done()
    api.go_on()
    with pytest.raises(HomeAssistantError, match="#5, #6"):
        await sending
    assert len(api.taken) == 4


async def test_what_is_not_loaded_sends_nothing(
    hass: HomeAssistant, writing: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(writing.entry_id)
    assert refused(hass, writing) == "no_keys"
