"""The journal's files: read leniently, written together, and again until they are written.

One timer serves them all. What changed is written in the order of the files, from a
snapshot of one moment: the ids come before the last messages, so that after a power
cut no entity shows a message that may fire once more. A write that is due is never put
off by the next message.
"""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from pathlib import Path
from typing import Any, override

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError

from ..const import DOMAIN

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION = 1
# A file that the disk did not give is asked for again after each of these.
READ_PAUSES_SECONDS = (0.5, 2.0)
# A change is written after the first of these; in larger files later, to spare the disk.
WRITE_DELAY_SECONDS = 1.0
MAX_WRITE_DELAY_SECONDS = 30.0
SMALL_BYTES = 32 * 1024
LARGE_BYTES = 256 * 1024
# A write that failed is tried again after the first of these, and each time it fails again
# after twice the time, but never later than after the second.
RETRY_SECONDS = 2.0
MAX_RETRY_SECONDS = 60.0

# What stands under `data` in a file; the journal shows both of its forms.
type Stored = dict[str, Any]
# It holds a copy of what is to be written, and puts that into its form outside the loop.
type Snapshot = Callable[[], Stored]


def write_delay(size: int) -> float:
    """Return how many seconds pass from a change to its write, in files of `size` bytes."""
    share = (size - SMALL_BYTES) / (LARGE_BYTES - SMALL_BYTES)
    slower = (MAX_WRITE_DELAY_SECONDS - WRITE_DELAY_SECONDS) * min(max(share, 0), 1)
    return WRITE_DELAY_SECONDS + slower


class _Store(Store[Stored]):
    """Core's store, which logs that a write failed and goes on; this one also remembers it."""

    write_failed = False

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        # This is no part of core's API, and was read in 2026.7.0 and 2026.11.0: all that is
        # saved comes through here, and `WriteError` is what core expects of it. In a release
        # that has it no more, a write is not tried again, and nothing else is missing.
        self.write_failed = True
        try:
            await super()._async_write_data(data)
        except OSError as err:
            # A dying disk fails already when core looks for the folder.
            raise WriteError(err) from err
        self.write_failed = False


class File:
    """One storage file."""

    def __init__(
        self, hass: HomeAssistant, key: str, take_snapshot: Callable[[], Snapshot]
    ) -> None:
        """Prepare the file; nothing is read yet."""
        self._hass = hass
        self._store = _Store(
            hass,
            STORAGE_VERSION,
            key,
            private=True,
            atomic_writes=True,
            serialize_in_event_loop=False,
        )
        self._take_snapshot = take_snapshot
        self.was_set_aside = False
        # How often the content changed, and how much of that is on the disk.
        self._changes = 0
        self._written = 0

    async def async_load(self, read: Callable[[Stored], None]) -> None:
        """Read the file, if there is one; set it aside if it cannot be used."""
        try:
            stored = await self._async_read()
            if stored is not None:
                read(stored)
        # Whatever is wrong with a file must not keep Home Assistant from starting.
        except Exception as err:  # noqa: BLE001
            _LOGGER.warning(
                "A storage file cannot be used (%s); starting afresh", type(err).__name__
            )
            await self._hass.async_add_executor_job(self._set_aside)
            self.was_set_aside = True

    async def _async_read(self) -> Stored | None:
        """Read the file, None if there is none; a disk that fails is asked again."""
        for pause in READ_PAUSES_SECONDS:
            try:
                return await self._store.async_load()
            except HomeAssistantError as err:
                # Only a fault of the disk, and not of the file, may pass: a file that were set
                # aside for it would make messages fire twice.
                if not isinstance(err.__cause__, OSError):
                    raise
            await asyncio.sleep(pause)
        return await self._store.async_load()

    def _set_aside(self) -> None:
        """Rename the file, so that a person can look at it later. Blocks."""
        path = Path(self._store.path)
        try:
            path.rename(f"{path}.unreadable.{dt_util.utcnow():%Y%m%dT%H%M%S}")
        except OSError as err:
            _LOGGER.warning("It could not be renamed either (%s)", type(err).__name__)

    @property
    def is_unwritten(self) -> bool:
        """Tell whether something changed that is not on the disk."""
        return self._written != self._changes

    @callback
    def async_changed(self) -> None:
        """Note that the content is another."""
        self._changes += 1

    @callback
    def async_take(self) -> Callable[[], Awaitable[bool]]:
        """Take a snapshot; return what writes it and tells whether that succeeded."""
        snapshot, changes = self._take_snapshot(), self._changes

        async def write() -> bool:
            await self._store.async_save(await self._hass.async_add_executor_job(snapshot))
            if not self._store.write_failed:
                self._written = changes
            return not self._store.write_failed

        return write


class Files:
    """Several files, written together in their order."""

    def __init__(
        self,
        hass: HomeAssistant,
        *files: File,
        size: Callable[[], int],
        tell: Callable[[], None],
    ) -> None:
        """Prepare files of `size()` bytes; `tell` is called when `are_failing` may be another."""
        self._hass = hass
        self._files = files
        self._size = size
        self._tell = tell
        self._is_open = False
        self._cancel_timer: CALLBACK_TYPE | None = None
        # Seconds until a write that failed is tried again; 0 if the last one succeeded.
        self._retry_after = 0.0
        self._lock = asyncio.Lock()

    @property
    def are_unwritten(self) -> bool:
        """Tell whether something changed that is not on the disk."""
        return any(file.is_unwritten for file in self._files)

    @property
    def are_failing(self) -> bool:
        """Tell whether the last write failed."""
        return self._retry_after > 0

    @callback
    def async_open(self) -> None:
        """Write from here on what changes, and what changed before."""
        self._is_open = True
        if self.are_unwritten:
            self._schedule()

    @callback
    def async_changed(self, file: File) -> None:
        """Write a file soon. A write that is already due stays due."""
        file.async_changed()
        self._schedule()

    async def async_close(self) -> None:
        """Write now what changed, and nothing from here on.

        This waits for a write that is under way: whoever opens the files next finds all,
        unless `are_unwritten` says that something could not be written.
        """
        self._is_open = False
        if self._cancel_timer:
            self._cancel_timer()
            self._cancel_timer = None
        await self._async_write()

    def _schedule(self) -> None:
        """Write after a while what changed, unless that is due already."""
        if self._cancel_timer or not self._is_open:
            return
        delay = self._retry_after or write_delay(self._size())
        # Core calls the timer off when Home Assistant stops: what is due then is in the final write.
        job = HassJob(self._async_due, f"{DOMAIN} journal", cancel_on_shutdown=True)
        self._cancel_timer = async_call_later(self._hass, delay, job)

    async def _async_due(self, _now: Any) -> None:
        self._cancel_timer = None
        await self._async_write()

    async def _async_write(self) -> None:
        """Write what changed, up to the first file that fails."""
        async with self._lock:
            # The snapshots are taken at one moment: a message that came between them would be
            # shown after a power cut, and fire once more.
            writes = [file.async_take() for file in self._files if file.is_unwritten]
            for write in writes:
                if not await write():
                    self._try_again()
                    return
            if writes and self._retry_after:
                self._retry_after = 0
                self._tell()

    def _try_again(self) -> None:
        """Tell that a write failed, and try again, ever more rarely."""
        self._retry_after = min(max(2 * self._retry_after, RETRY_SECONDS), MAX_RETRY_SECONDS)
        self._tell()
        self._schedule()


def remove_files(config_path: Callable[..., str], entry_id: str) -> None:
    """Delete everything kept of a config entry, set-aside files too. Blocks."""
    for path in Path(config_path(STORAGE_DIR)).glob(f"{DOMAIN}.{entry_id}.*"):
        path.unlink(missing_ok=True)
