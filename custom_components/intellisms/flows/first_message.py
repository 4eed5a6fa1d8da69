"""Listening for the first message to a virtual number that is not known yet."""

import asyncio
from contextlib import suppress
from enum import StrEnum

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import Ignored
from ..faults import guarded
from ..receiving.data import IntelliSMSConfigEntry
from ..receiving.delivery import Delivery
from ..receiving.signals import SIGNAL_MESSAGE, Trouble, signal_trouble, signal_turned_away

# Seconds.
WAIT_FOR_MESSAGE = 60


class Astray(StrEnum):
    """What came that tells no new number; each is a step of the flow."""

    NAMELESS = "nameless"
    TURNED_AWAY = "turned_away"
    UNREADABLE = "unreadable"


class FirstMessage:
    """Catches the first message, and notices what comes in its place.

    It listens from when the address is shown: people send their text before they choose to wait.
    """

    caught: Delivery | None = None
    _astray: Astray | None = None

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Begin to listen."""
        self._news = asyncio.Event()
        self._unsubscribe = (
            async_dispatcher_connect(hass, SIGNAL_MESSAGE, guarded(self._on_delivery)),
            async_dispatcher_connect(
                hass, signal_turned_away(entry.entry_id), guarded(self._turned_away)
            ),
            async_dispatcher_connect(hass, signal_trouble(entry.entry_id), guarded(self._troubled)),
        )

    @callback
    def async_stop(self) -> None:
        """Listen no more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    async def async_wait(self) -> None:
        """Return when there is something to tell, or after a minute."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_FOR_MESSAGE):
                await self._news.wait()

    @callback
    def async_take_astray(self) -> Astray | None:
        """Return what came astray since this was asked last."""
        astray, self._astray = self._astray, None
        if self.caught is None:
            self._news.clear()
        return astray

    @callback
    def _on_delivery(self, message: Delivery) -> None:
        if message.simulated or self.caught:
            return
        if message.to is None:
            self._note(Astray.NAMELESS)
        elif message.device_id is None and message.to:
            self.caught = message
            self._news.set()

    @callback
    def _turned_away(self, _delivery: Delivery) -> None:
        self._note(Astray.TURNED_AWAY)

    @callback
    def _troubled(self, trouble: Trouble) -> None:
        if trouble.kind is Ignored.UNREADABLE:
            self._note(Astray.UNREADABLE)

    def _note(self, astray: Astray) -> None:
        self._astray = astray
        self._news.set()
