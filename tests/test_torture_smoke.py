"""What scripts/torture has found; how it counts is tested in test_torture_accounting."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.intellisms.receiving.journal import Journal
from tests.disk import Card
from tests.running import settle

KEY = "k" * 12


async def begin_to_write(hass: HomeAssistant, journal: Journal, card: Card) -> None:
    """Mark a message and let the write of it begin, on a card that takes its time."""
    card.go_on.clear()
    journal.async_mark(KEY)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=2))
    while not card.writes:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def finish(card: Card, what: Coroutine[Any, Any, Any]) -> None:
    """Let the write end after something began that has to wait for it."""
    waiting = asyncio.ensure_future(what)
    await settle()
    assert not waiting.done()
    card.go_on.set()
    await waiting


async def test_a_reload_waits_for_a_write_that_is_under_way(
    hass: HomeAssistant, loaded: MockConfigEntry, card: Card
) -> None:
    await begin_to_write(hass, loaded.runtime_data.journal, card)
    await finish(card, hass.config_entries.async_reload(loaded.entry_id))
    assert loaded.runtime_data.journal.has_seen(KEY)


async def test_the_stop_waits_for_a_write_that_is_under_way(
    hass: HomeAssistant, loaded: MockConfigEntry, card: Card
) -> None:
    await begin_to_write(hass, loaded.runtime_data.journal, card)
    await finish(card, hass.async_stop(force=True))
    opened_next = Journal(hass, loaded, lambda: None)
    await opened_next.async_load()
    assert opened_next.has_seen(KEY)
