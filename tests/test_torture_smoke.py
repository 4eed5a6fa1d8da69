"""What scripts/torture has found; how it counts is tested in test_torture_accounting."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.intellisms.receiving.journal import Journal

KEY = "k" * 12


@pytest.fixture
def slow_disk() -> Iterator[asyncio.Event]:
    """Let writes of ids take their time; the event is set once one has taken its snapshot."""
    write = Store._async_write_data
    begun = asyncio.Event()

    async def slow(self: Store[Any], data: dict[str, Any]) -> None:
        if self.key.endswith(".ids"):
            begun.set()
            await asyncio.sleep(0.2)
        await write(self, data)

    with patch.object(Store, "_async_write_data", slow):
        yield begun


async def begin_to_write(hass: HomeAssistant, journal: Journal, begun: asyncio.Event) -> None:
    """Mark a message and let the write of it begin."""
    journal.async_mark(KEY)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=2))
    await begun.wait()


async def test_a_reload_waits_for_a_write_that_is_under_way(
    hass: HomeAssistant, loaded: MockConfigEntry, slow_disk: asyncio.Event
) -> None:
    await begin_to_write(hass, loaded.runtime_data.journal, slow_disk)
    assert await hass.config_entries.async_reload(loaded.entry_id)
    assert loaded.runtime_data.journal.has_seen(KEY)


async def test_the_stop_waits_for_a_write_that_is_under_way(
    hass: HomeAssistant, loaded: MockConfigEntry, slow_disk: asyncio.Event
) -> None:
    await begin_to_write(hass, loaded.runtime_data.journal, slow_disk)
    await hass.async_stop(force=True)
    opened_next = Journal(hass, loaded, lambda: None)
    await opened_next.async_load()
    assert opened_next.has_seen(KEY)
