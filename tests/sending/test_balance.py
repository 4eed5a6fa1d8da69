"""The balance: asked hourly and after what was sent, in nobody's way, and told in an entity."""

import asyncio
from datetime import timedelta
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.intellisms.sending.balance import POLL_INTERVAL, SETTLE_SECONDS
from scripts.house.provider_api import Play, ProviderApi, Refusal
from tests.household import ANNA, household, sms
from tests.log import Log, keep_secret
from tests.provider_api import KEYS, with_keys
from tests.running import Post, set_up, state

BALANCE = "sensor.intellisms_balance"
LATER = POLL_INTERVAL + timedelta(seconds=2)


async def pass_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory, delta: timedelta) -> None:
    """Let time pass, and be done what is due."""
    freezer.tick(delta)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def write(hass: HomeAssistant, *to: str) -> None:
    """Write to contacts."""
    keep_secret("Hello there")
    await hass.services.async_call(
        "notify",
        "send_message",
        {"entity_id": [f"notify.{name}" for name in to], "message": "Hello there"},
        blocking=True,
    )


async def test_it_is_shown(hass: HomeAssistant, writing: MockConfigEntry) -> None:
    shown = state(hass, BALANCE)
    assert (shown.state, shown.attributes["unit_of_measurement"]) == ("100.0", "credits")
    entity = er.async_get(hass).async_get(BALANCE)
    assert entity
    assert entity.entity_category == "diagnostic"


async def test_it_comes_and_goes_with_the_keys(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, house: MockConfigEntry, api: ProviderApi
) -> None:
    registry, without = er.async_get(hass), house.data
    assert registry.async_get(BALANCE) is None
    for _ in range(2):
        hass.config_entries.async_update_entry(house, data=with_keys(without))
        await hass.async_block_till_done(wait_background_tasks=True)
        assert state(hass, BALANCE).state == "100.0"
        hass.config_entries.async_update_entry(house, data=without)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert (hass.states.get(BALANCE), registry.async_get(BALANCE)) == (None, None)

    asked = api.asked["getbalance.aspx"]
    await pass_time(hass, freezer, LATER)
    assert api.asked["getbalance.aspx"] == asked == 2


async def test_it_is_asked_each_hour(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    for balance in (42.5, 7.0):
        api.balance = balance
        await pass_time(hass, freezer, LATER)
        assert state(hass, BALANCE).state == str(balance)
    assert api.asked["getbalance.aspx"] == 3


async def test_it_is_asked_once_after_what_was_sent_together(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    await write(hass, "anna", "ben", "carl")
    assert state(hass, BALANCE).state == "100.0"
    await pass_time(hass, freezer, timedelta(seconds=SETTLE_SECONDS + 1))
    assert state(hass, BALANCE).state == "97.0"
    assert api.asked["getbalance.aspx"] == 2


async def test_nothing_waits_for_it_after_a_message(
    freezer: FrozenDateTimeFactory, hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    await write(hass, "anna")
    api.plays[None] = Play.HANG
    freezer.tick(SETTLE_SECONDS + 1)
    async_fire_time_changed(hass)
    # As Home Assistant does when it starts or stops.
    async with asyncio.timeout(2):
        await hass.async_block_till_done()
    api.go_on()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert api.asked["getbalance.aspx"] == 2


@pytest.mark.parametrize("play", [Play.HTML, Play.SERVER_ERROR, Refusal(word="login_invalid")])
async def test_what_fails_is_logged_once_and_shown(
    freezer: FrozenDateTimeFactory,
    hass: HomeAssistant,
    writing: MockConfigEntry,
    api: ProviderApi,
    nothing_is_logged_of_what_was_said: Log,
    play: Play | Refusal,
) -> None:
    log = nothing_is_logged_of_what_was_said
    api.plays[None] = play
    for _ in range(3):
        await pass_time(hass, freezer, LATER)
        assert state(hass, BALANCE).state == "unavailable"
    lines = [
        record
        for record in log.records
        if record.levelno >= logging.WARNING and record.name.startswith("custom_components")
    ]
    assert [
        line.getMessage().startswith("Error fetching IntelliSMS balance") for line in lines
    ] == [True]

    api.plays.clear()
    await pass_time(hass, freezer, LATER)
    assert state(hass, BALANCE).state == "100.0"
    assert not list(writing.async_get_active_flows(hass, {"reauth"}))


async def test_a_message_that_is_refused_for_the_keys_asks_for_new_ones(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    api.access_key = "AK-another-one"
    with pytest.raises(Exception, match="refuses the keys"):
        await write(hass, "anna")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(list(writing.async_get_active_flows(hass, {"reauth"}))) == 1
    assert writing.state is ConfigEntryState.LOADED


async def test_a_message_that_is_refused_for_keys_that_were_replaced_asks_for_none(
    hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi
) -> None:
    api.plays[ANNA.removeprefix("+")] = Refusal(word="login_invalid", whole=True)
    with pytest.raises(Exception, match="refuses the keys"):
        await write(hass, "anna")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not list(writing.async_get_active_flows(hass, {"reauth"}))


async def test_keys_that_are_removed_are_not_asked_for(
    hass: HomeAssistant, house: MockConfigEntry, api: ProviderApi
) -> None:
    """Although it turns out only then that they were refused."""
    without, keys = house.data, with_keys(house.data)
    api.plays[None] = Play.HANG
    hass.config_entries.async_update_entry(house, data=keys)
    await hass.async_block_till_done()
    hass.config_entries.async_update_entry(house, data=without)
    await hass.async_block_till_done()
    api.plays[None] = Refusal(word="login_invalid")
    api.go_on()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not list(house.async_get_active_flows(hass, {"reauth"}))


async def test_receiving_does_not_wait_for_it(
    hass: HomeAssistant, api: ProviderApi, own_door: Post
) -> None:
    api.plays[None] = Play.HANG
    entry = household()
    entry.add_to_hass(hass)
    keep_secret(KEYS.secret_key)
    hass.config_entries.async_update_entry(entry, data=with_keys(entry.data))
    await set_up(hass, entry)

    assert entry.state is ConfigEntryState.LOADED
    assert await own_door(sms()) == 200
    assert state(hass, BALANCE).state == "unknown"
    assert await hass.config_entries.async_unload(entry.entry_id)
