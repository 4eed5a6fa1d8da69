"""When a post may be published: the account loaded, automations running, one post at a time.

Until then it waits as the bytes that it is, so that what waits needs no more memory than
was posted. Posts get their turns in the order in which they came.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    EVENT_CALL_SERVICE,
    EVENT_HOMEASSISTANT_STARTED,
    EVENT_HOMEASSISTANT_STOP,
    SERVICE_RELOAD,
)
from homeassistant.core import CALLBACK_TYPE, CoreState, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..const import EVENT_AUTOMATION_RELOADED
from .data import IntelliSMSConfigEntry
from .receiver import Receiver

# How long posts wait for an account to be loaded: while Home Assistant starts, and later.
START_HOLD_SECONDS = 30
RELOAD_HOLD_SECONDS = 10
# Posts that wait at a time; what comes beyond is told to come again.
MAX_HELD = 64

_NOT_COMING = (
    ConfigEntryState.SETUP_ERROR,
    ConfigEntryState.SETUP_RETRY,
    ConfigEntryState.MIGRATION_ERROR,
    ConfigEntryState.FAILED_UNLOAD,
)


class Turns:
    """Lets one post after the other be published."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen to what posts wait for, until Home Assistant stops."""
        self._hass = hass
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Event()
        self._reloads = _Reloads(hass, self.async_wake)
        # This is how many posts wait for their account.
        self.held = 0
        for event_type in (EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP):
            hass.bus.async_listen_once(event_type, self.async_wake)

    @callback
    def async_wake(self, _event: Event | None = None) -> None:
        """Let those who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def receiver(self, entry_id: str) -> Receiver | None:
        """Return the receiver of an entry that is loaded, once automations run."""
        if self._hass.state is not CoreState.running:
            return None
        entry: IntelliSMSConfigEntry | None = self._hass.config_entries.async_get_entry(entry_id)
        loaded = entry is not None and entry.state is ConfigEntryState.LOADED
        return entry.runtime_data.receiver if entry and loaded else None

    @asynccontextmanager
    async def turn(self, entry_id: str) -> AsyncIterator[Receiver | None]:
        """Wait for a post's turn; yield its receiver, None if that is not there soon enough.

        The next in the row goes on a turn of the event loop after this one has ended: by
        then a caller that answers without an await has answered.
        """
        while await self._is_loaded(entry_id):
            async with self._one_at_a_time:
                if receiver := self.receiver(entry_id):
                    yield receiver
                    return
        yield None

    async def may_go_on(self, entry_id: str, receiver: Receiver) -> bool:
        """Wait while automations are being reloaded; False if the entry was unloaded since."""
        while self._reloads.under_way and self.receiver(entry_id) is receiver:
            await self._changed.wait()
        return self.receiver(entry_id) is receiver

    async def _is_loaded(self, entry_id: str) -> bool:
        """Hold a post until its entry is loaded; False if that takes too long."""
        if self.receiver(entry_id):
            return True
        if self.held >= MAX_HELD:
            return False
        is_running = self._hass.state is CoreState.running
        limit = RELOAD_HOLD_SECONDS if is_running else START_HOLD_SECONDS
        self.held += 1
        try:
            async with asyncio.timeout(limit):
                while self._worth_waiting(entry_id):
                    await self._changed.wait()
                    if self.receiver(entry_id):
                        return True
        except TimeoutError:
            pass
        finally:
            self.held -= 1
        return False

    def _worth_waiting(self, entry_id: str) -> bool:
        """Tell whether an entry may still be loaded by itself."""
        entry = self._hass.config_entries.async_get_entry(entry_id)
        return (
            not self._hass.is_stopping
            and entry is not None
            and entry.disabled_by is None
            and entry.state not in _NOT_COMING
        )


class _Reloads:
    """Knows whether automations are being reloaded: what comes in that moment passes them by.

    Core tells of the call before it reloads and, with the call's context, when it has. It
    does one after the other. One that fails, or that it does together with another, it
    does not tell of again; so nobody waits for longer than `RELOAD_HOLD_SECONDS`. (Read in
    the automation component of 2026.7.0 and 2026.11.0.)
    """

    def __init__(self, hass: HomeAssistant, over: Callable[[], None]) -> None:
        """Listen until Home Assistant stops; `over` is called when no reload is left."""
        self._hass = hass
        self._over = over
        # The contexts of the calls, in the order in which core does them.
        self._calls: list[str] = []
        self._stop_waiting: CALLBACK_TYPE | None = None
        hass.bus.async_listen(EVENT_CALL_SERVICE, self._called, _is_reload)
        hass.bus.async_listen(EVENT_AUTOMATION_RELOADED, self._reloaded)

    @property
    def under_way(self) -> bool:
        """Tell whether a reload may be under way."""
        return bool(self._calls)

    @callback
    def _called(self, event: Event) -> None:
        """Wait for the reload that was asked for, but not for longer than the limit."""
        self._calls.append(event.context.id)
        if self._stop_waiting is None:
            self._stop_waiting = async_call_later(self._hass, RELOAD_HOLD_SECONDS, self._end)

    @callback
    def _reloaded(self, event: Event) -> None:
        """Wait no more for this reload, nor for those that were asked for before it."""
        if event.context.id not in self._calls:
            return
        # The reloads before this one were done together with it, or failed.
        del self._calls[: self._calls.index(event.context.id) + 1]
        if not self._calls:
            self._end()

    @callback
    def _end(self, _now: Any = None) -> None:
        """Wait for no reload any more."""
        self._calls.clear()
        if self._stop_waiting:
            self._stop_waiting()
            self._stop_waiting = None
        self._over()


@callback
def _is_reload(event_data: Mapping[str, Any]) -> bool:
    return (event_data["domain"], event_data["service"]) == ("automation", SERVICE_RELOAD)
