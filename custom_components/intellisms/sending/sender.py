"""Sends letters: within bounds, a few at a time, and tells what became of each.

What has begun is finished, also when whoever wanted it is gone: only so it is known whether a
message went. What has not begun by then is not sent. When the account is unloaded or Home
Assistant stops, core cancels all of it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Final
from weakref import WeakValueDictionary

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util

from ..const import CONF_HOURLY_LIMIT, DEFAULT_HOURLY_LIMIT, EVENT_MESSAGE_SENT
from ..faults import log_fault
from ..privacy import keeps_off_disk
from ..protocol import SendError, SendResult, doubtful, failed, line
from ..receiving.directory import Directory, recipient
from .client import Client
from .data import Letter, Sent, signal_sent
from .errors import SendingError

AT_A_TIME: Final = 4
WINDOW_SECONDS: Final = 60 * 60


def hourly_limit(entry: ConfigEntry) -> int:
    """Return how many messages an account may send in an hour."""
    return int(entry.options.get(CONF_HOURLY_LIMIT, DEFAULT_HOURLY_LIMIT))


class Guard:
    """Bounds how much is sent within an hour, so that a loop in an automation costs little."""

    def __init__(self, limit: Callable[[], int]) -> None:
        """Begin with nothing sent; `limit` tells how many messages may go in an hour."""
        self._limit = limit
        # When each message of the last hour went, by the monotonic clock.
        self._sent: deque[float] = deque()

    def admits(self) -> bool:
        """Count a message, unless too many have gone."""
        now = monotonic()
        while self._sent and self._sent[0] <= now - WINDOW_SECONDS:
            self._sent.popleft()
        if len(self._sent) >= self._limit():
            return False
        self._sent.append(now)
        return True


class _Posting:
    """One letter on its way."""

    def __init__(self, letter: Letter) -> None:
        """Begin with nothing done."""
        self.letter = letter
        # Whether it is being posted; and whether it may have been sent by now.
        self.has_begun = False
        self.is_connected = False
        self.task: asyncio.Task[Sent] | None = None

    def connected(self) -> None:
        """Note that from now on it may have been sent."""
        self.is_connected = True

    def broken_off(self, error: SendError) -> SendResult:
        """Return what is known when it ends here."""
        return doubtful(error) if self.is_connected else failed(error)


class Sender:
    """Sends for one account."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, *, client: Client, directory: Directory
    ) -> None:
        """Tie the parts together."""
        self._hass = hass
        self._entry = entry
        self._client = client
        self._directory = directory
        self._guard = Guard(lambda: hourly_limit(entry))
        self._places = asyncio.Semaphore(AT_A_TIME)
        self._is_over = False
        # What is to be done when nothing is sent any more, by those who wait for an answer.
        self.on_stop: set[CALLBACK_TYPE] = set()
        # So that what is said to one person arrives in the order in which it was said.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def async_send(
        self, letters: Sequence[Letter], context: Context | None = None
    ) -> tuple[Sent, ...]:
        """Send letters and return what became of each, in their order, where all went.

        Else all are tried, and then a SendingError tells of those that did not go. Each has a
        context of its own, which `context` is the parent of.
        """
        postings = [_Posting(letter) for letter in letters]
        for posting in postings:
            posting.task = self._entry.async_create_background_task(
                self._hass,
                self._deliver(posting, context),
                f"{self._entry.domain} sends a message",
            )
        tasks = [posting.task for posting in postings if posting.task]
        try:
            if tasks:
                await asyncio.wait(tasks)
        except asyncio.CancelledError:
            _drop(postings)
            raise
        sent = tuple(task.result() for task in tasks)
        if any(not one.is_sent for one in sent):
            raise SendingError(sent)
        return sent

    def is_sending_to(self, number: str) -> bool:
        """Tell whether something is on its way to a number, of which nobody knows the outcome yet."""
        turn = self._turns.get(line(number))
        return turn is not None and turn.locked()

    @callback
    def async_stop(self) -> None:
        """Begin nothing more, as the keys are gone."""
        self._is_over = True
        for stop in tuple(self.on_stop):
            stop()

    async def _deliver(self, posting: _Posting, parent: Context | None) -> Sent:
        """Send one letter, and tell of it."""
        try:
            result = await self._in_turn(posting)
        # Nothing is done after it but to tell; whoever cancelled gets the task's end.
        except asyncio.CancelledError:
            result = posting.broken_off(SendError.STOPPED)
        except Exception as err:  # noqa: BLE001
            log_fault(err, "sending a message")
            result = posting.broken_off(SendError.UNEXPECTED)
        return self._tell(posting.letter, result, parent)

    async def _in_turn(self, posting: _Posting) -> SendResult:
        """Send one letter when those before it to the same line have gone, and a place is free."""
        to = posting.letter.outgoing.to
        if self._directory.number(to):
            return failed(SendError.OWN_NUMBER)
        turn = self._turns.setdefault(line(to), asyncio.Lock())
        async with turn, self._places:
            if self._is_over:
                return failed(SendError.STOPPED)
            if not self._guard.admits():
                return failed(SendError.HOURLY_LIMIT)
            posting.has_begun = True
            return await self._client.async_send(posting.letter.outgoing, posting.connected)

    @callback
    def _tell(self, letter: Letter, result: SendResult, parent: Context | None) -> Sent:
        """Tell whoever listens what became of a letter, then the bus."""
        sent = Sent(
            entry_id=self._entry.entry_id,
            letter=letter,
            result=result,
            recipient=recipient(self._directory, letter.outgoing.to),
            context=Context(
                user_id=parent.user_id if parent else None, parent_id=parent.id if parent else None
            ),
        )
        event = sent.as_event(with_text=not keeps_off_disk(self._entry))
        # Entities come first, so that an automation on the event reads them as they are now. They
        # changed because of it: the logbook goes by the time to tell what led to what.
        known_at = dt_util.utcnow().timestamp()
        async_dispatcher_send(self._hass, signal_sent(self._entry.entry_id), sent)
        self._hass.bus.async_fire(
            EVENT_MESSAGE_SENT, event, context=sent.context, time_fired=known_at
        )
        return sent


def _drop(postings: Iterable[_Posting]) -> None:
    """Let what has begun be finished, and the rest not begin."""
    for posting in postings:
        if posting.task and not posting.has_begun:
            posting.task.cancel()
