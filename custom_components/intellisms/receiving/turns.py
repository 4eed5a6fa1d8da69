"""When a post may be published: the account loaded, automations running, one post at a time.

Until then it waits as the bytes that it is, so that what waits needs no more memory than
was posted. Posts get their turns in the order in which they came.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
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
# Posts that wait at a time where none of them gets on; what comes beyond is told to come again.
MAX_HELD = 64
# A row that gets on is bounded by its bytes alone, as many as that many of the longest posts have:
# hundreds of short posts that come at once are answered within seconds.
MAX_HELD_BYTES = 64 * 1024 * 1024

_NOT_COMING = (
    ConfigEntryState.SETUP_ERROR,
    ConfigEntryState.SETUP_RETRY,
    ConfigEntryState.MIGRATION_ERROR,
    ConfigEntryState.FAILED_UNLOAD,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A post's turn: whose messages it has, and when it joined the row (the loop's clock)."""

    entry_id: str
    receiver: Receiver
    joined: float


class Turns:
    """Lets one post after the other be published."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen to what posts wait for, until Home Assistant stops."""
        self._hass = hass
        # The receiver alone would let nothing in twice. The lock is for a kill: without it all
        # that waits would be published before any of it is answered, and come again.
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Event()
        self._reloads = _Reloads(hass, self.async_wake)
        # How many posts wait, for whatever it is, and how much they are.
        self.held = 0
        self._held_bytes = 0
        for event_type in (EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP):
            hass.bus.async_listen_once(event_type, self.async_wake)

    @callback
    def async_wake(self, _event: Event | None = None) -> None:
        """Let those who wait look again."""
        self._changed.set()
        # Whoever waits from here on waits for the next change.
        self._changed = asyncio.Event()

    def is_valid(self, turn: Turn) -> bool:
        """Tell whether the entry is still loaded as it was when the turn began."""
        return self._receiver(turn.entry_id) is turn.receiver

    @asynccontextmanager
    async def turn(self, entry_id: str, size: int) -> AsyncIterator[Turn | None]:
        """Wait for the turn of a post of `size` bytes; yield None if it does not come soon enough.

        The next in the row goes on a turn of the event loop after this one has ended: by
        then a caller that answers without an await has answered.
        """
        turn = await self._wait(entry_id, size)
        try:
            yield turn
        finally:
            if turn:
                self._one_at_a_time.release()

    async def may_go_on(self, turn: Turn) -> bool:
        """Wait while automations are being reloaded; False if the entry was unloaded since.

        However many reloads follow each other, a post waits for no longer than `RELOAD_HOLD_SECONDS`.
        """
        if self._reloads.under_way:
            limit = max(turn.joined, self._reloads.began) + RELOAD_HOLD_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout_at(limit):
                    while self._reloads.under_way and self.is_valid(turn):
                        await self._changed.wait()
        return self.is_valid(turn)

    def _receiver(self, entry_id: str) -> Receiver | None:
        """Return the receiver of an entry that is loaded, once automations run."""
        if self._hass.state is not CoreState.running:
            return None
        entry: IntelliSMSConfigEntry | None = self._hass.config_entries.async_get_entry(entry_id)
        loaded = entry is not None and entry.state is ConfigEntryState.LOADED
        return entry.runtime_data.receiver if entry and loaded else None

    async def _wait(self, entry_id: str, size: int) -> Turn | None:
        """Wait for a turn; one that is returned has to be ended."""
        if self._is_full(entry_id, size):
            return None
        self.held += 1
        self._held_bytes += size
        try:
            async with asyncio.timeout(START_HOLD_SECONDS):
                if await self._loaded(entry_id):
                    joined = self._hass.loop.time()
                    await self._one_at_a_time.acquire()
                    return await self._begin(entry_id, joined)
        except TimeoutError:
            pass
        finally:
            self.held -= 1
            self._held_bytes -= size
        return None

    def _is_full(self, entry_id: str, size: int) -> bool:
        """Tell whether too much waits to wait for one more."""
        gets_on = self._receiver(entry_id) and not self._reloads.under_way
        return self._held_bytes + size > MAX_HELD_BYTES or (not gets_on and self.held >= MAX_HELD)

    async def _begin(self, entry_id: str, joined: float) -> Turn | None:
        """Begin the turn of the first in the row, or let the next go on."""
        with ExitStack() as stack:
            stack.callback(self._one_at_a_time.release)
            while receiver := await self._loaded(entry_id):
                turn = Turn(entry_id=entry_id, receiver=receiver, joined=joined)
                if await self.may_go_on(turn):
                    stack.pop_all()
                    return turn
        return None

    async def _loaded(self, entry_id: str) -> Receiver | None:
        """Hold a post until its entry is loaded; return None if that takes too long."""
        limit = RELOAD_HOLD_SECONDS if self._hass.state is CoreState.running else START_HOLD_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                while not self._receiver(entry_id) and self._worth_waiting(entry_id):
                    await self._changed.wait()
        return self._receiver(entry_id)

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
    does not tell of again; so each counts for no longer than `RELOAD_HOLD_SECONDS`. (Read in
    the automation component of 2026.7.0 and 2026.11.0.)
    """

    def __init__(self, hass: HomeAssistant, over: Callable[[], None]) -> None:
        """Listen until Home Assistant stops; `over` is called when no reload is left."""
        self._hass = hass
        self._over = over
        # The calls' contexts, in the order in which core does them, and what ends their time.
        self._calls: list[tuple[str, CALLBACK_TYPE]] = []
        # When the first of those that follow each other was called, by the loop's clock.
        self.began = 0.0
        hass.bus.async_listen(EVENT_CALL_SERVICE, self._called, _is_reload)
        hass.bus.async_listen(EVENT_AUTOMATION_RELOADED, self._reloaded)

    @property
    def under_way(self) -> bool:
        """Tell whether a reload may be under way."""
        return bool(self._calls)

    async def _called(self, event: Event) -> None:
        """Wait for a reload that was asked for, by somebody whom core lets."""
        if user_id := event.context.user_id:
            user = await self._hass.auth.async_get_user(user_id)
            if user is None or not user.is_admin:
                # Core refuses the call, so that no reload follows.
                return
        if not self._calls:
            self.began = self._hass.loop.time()
        call = event.context.id
        over = partial(self._is_over, call)
        self._calls.append((call, async_call_later(self._hass, RELOAD_HOLD_SECONDS, over)))

    @callback
    def _reloaded(self, event: Event) -> None:
        """Wait no more for this reload."""
        self._is_over(event.context.id)

    @callback
    def _is_over(self, call: str, _now: datetime | None = None) -> None:
        """Wait no more for this call, nor for those before it: done together with it, or failed."""
        calls = [known for known, _ in self._calls]
        if call in calls:
            self._end(calls.index(call) + 1)

    def _end(self, calls: int) -> None:
        """Wait no more for the first of the calls, as many as are given."""
        for _, stop in self._calls[:calls]:
            stop()
        del self._calls[:calls]
        if not self._calls:
            self._over()


@callback
def _is_reload(event_data: Mapping[str, Any]) -> bool:
    return (event_data["domain"], event_data["service"]) == ("automation", SERVICE_RELOAD)
