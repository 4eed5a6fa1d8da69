"""Listening for the first message to a virtual number that is not known yet."""

import asyncio
from collections import Counter
from contextlib import suppress
from enum import StrEnum

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import Ignored
from ..faults import guarded
from ..receiving.data import IntelliSMSConfigEntry
from ..receiving.delivery import Delivery
from ..receiving.signals import SIGNAL_MESSAGE, signal_account

# Seconds.
WAIT_FOR_MESSAGE = 60


class Astray(StrEnum):
    """What came that tells no new number; each is a step of the flow."""

    NAMELESS = "nameless"
    TURNED_AWAY = "turned_away"
    UNREADABLE = "unreadable"


# What is not published shows only in the account's counters.
_COUNTED = {Ignored.SENDER: Astray.TURNED_AWAY, Ignored.UNREADABLE: Astray.UNREADABLE}


class FirstMessage:
    """Catches the first message, and notices what comes in its place.

    It listens from when the address is shown: people send their text before they choose to wait.
    """

    caught: Delivery | None = None
    _astray: Astray | None = None

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Begin to listen."""
        self._entry = entry
        self._news = asyncio.Event()
        self._ignored = self._count()
        self._unsubscribe = (
            async_dispatcher_connect(hass, SIGNAL_MESSAGE, guarded(self._on_delivery)),
            async_dispatcher_connect(
                hass, signal_account(entry.entry_id), guarded(self._contacted)
            ),
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
    def _contacted(self) -> None:
        before, self._ignored = self._ignored, self._count()
        for kind, astray in _COUNTED.items():
            if self._ignored[kind] > before[kind]:
                self._note(astray)

    def _count(self) -> Counter[str]:
        return Counter(self._entry.runtime_data.journal.account.ignored)

    def _note(self, astray: Astray) -> None:
        self._astray = astray
        self._news.set()
