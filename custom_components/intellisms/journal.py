"""What must outlive a restart: ids seen, the last message of each number, counters.

Two files, since they grow and change differently: the ids (bounded, one short
digest each) and the last messages. Both are written outside the event loop from
a snapshot, coalesced to spare an SD card, and a pending write is never put off
by the next message.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import logging
from operator import attrgetter
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .directory import Directory, Listing, VirtualNumber
from .discretion import without_what_was_said
from .received import Received

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION = 1
MAX_IDS = 20_000
MAX_AGE = timedelta(days=30)
# Last messages of numbers that nobody has configured yet.
MAX_STRANGERS = 20
# Characters. Nothing longer is a number; it would be kept, and shown, for nothing.
MAX_NUMBER = 64
# Seconds until a file that the disk did not give is asked for again.
READ_PAUSES = (0.5, 2.0)
# Seconds between two writes, of either file.
MIN_GAP = 1.0
# Seconds from a change to the write that holds it; in a large file more, to spare the disk.
IDS_DELAY = 1.0
# Later than the ids even where a moment passes between the two, or the ids would give way.
LAST_DELAY = 2.2
MAX_DELAY = 30.0
SMALL_FILE = 32 * 1024
LARGE_FILE = 256 * 1024
KEY_LENGTH = 12
# What of a message may be long.
TEXTS = (
    "text", "user_data", "button_id", "button_text", "media_url", "to", "sender", "message_id",
    "reply_to", "network_code",
)  # fmt: skip

type Stored = dict[str, Any]


class File[T]:
    """One storage file: read leniently, written coalesced."""

    def __init__(
        self,
        hass: HomeAssistant,
        key: str,
        *,
        snapshot: Callable[[], Stored],
        delay: Callable[[], float],
    ) -> None:
        """Prepare the file, written `delay()` seconds after a change; nothing is read yet."""
        self._hass = hass
        self._store: Store[Stored] = Store(
            hass,
            STORAGE_VERSION,
            key,
            private=True,
            atomic_writes=True,
            serialize_in_event_loop=False,
        )
        self._snapshot = snapshot
        self._delay = delay
        self._pending = False
        self._changed = False

    async def async_load(self, read: Callable[[Stored], T]) -> tuple[T | None, bool]:
        """Return (content or None, readable); what cannot be read is set aside."""
        try:
            stored = await self._async_read()
            return (None if stored is None else read(stored)), True
        # Whatever is wrong with a file must not keep Home Assistant from starting.
        except Exception as err:  # noqa: BLE001
            _LOGGER.warning(
                "A storage file cannot be used (%s); starting afresh", type(err).__name__
            )
            await self._hass.async_add_executor_job(self._set_aside)
            return None, False

    async def _async_read(self) -> Stored | None:
        for pause in READ_PAUSES:
            try:
                return await self._store.async_load()
            except HomeAssistantError as err:
                # The disk, not the file: what is set aside would make messages fire twice.
                if not isinstance(err.__cause__, OSError):
                    raise
            await asyncio.sleep(pause)
        return await self._store.async_load()

    def _set_aside(self) -> None:
        path = Path(self._store.path)
        try:
            path.rename(f"{path}.unreadable.{dt_util.utcnow():%Y%m%dT%H%M%S}")
        except OSError as err:
            _LOGGER.warning("It could not be renamed either (%s)", type(err).__name__)

    @callback
    def async_schedule(self) -> None:
        """Write soon. A write that is already due stays due."""
        if self._pending:
            return
        self._pending = self._changed = True
        self._store.async_delay_save(self._take, self._delay())

    async def async_close(self) -> None:
        """Write now what changed, so that whoever opens the file next finds it.

        Even if nothing is due: the last write may still be under way, and this waits for it.
        """
        if self._changed:
            await self._store.async_save(self._take())

    def _take(self) -> Stored:
        # First, so that what changes while the copy is made is written again.
        self._pending = False
        return self._snapshot()


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is known of one virtual number's or contact's messages.

    `last` is what entities show; `kept` is the last that was not simulated, which
    is what a restart brings back.
    """

    last: Received | None = None
    kept: Received | None = None
    total: int = 0

    def after(self, received: Received) -> Record:
        """Return the record as it is after one more message."""
        if received.simulated:
            return replace(self, last=received)
        return Record(last=received, kept=received, total=self.total + 1)


@dataclass(kw_only=True, slots=True)
class AccountRecord:
    """What is kept of the account."""

    last_contact: datetime | None = None
    ignored: Counter[str] = field(default_factory=Counter)


class Journal:
    """The ids seen and the last messages of one config entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str, *, keep_off_disk: bool) -> None:
        """Prepare the files; `async_load` reads them."""
        self._keep_off_disk = keep_off_disk
        self.account = AccountRecord()
        # Ordered, since a plain dict looks for its first item past all that were deleted.
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._records: dict[str, Record] = {}
        self._strangers: dict[str, Record] = {}
        # When each of the files is written next, by the loop's clock.
        self._due: dict[str, float] = {}
        self._clock = hass.loop.time
        self._ids_file: File[dict[str, int]] = File(
            hass,
            f"{DOMAIN}.{entry_id}.ids",
            snapshot=self._ids_snapshot,
            delay=lambda: self._delay("ids", IDS_DELAY, len(self._seen) * KEY_LENGTH),
        )
        self._last_file: File[None] = File(
            hass,
            f"{DOMAIN}.{entry_id}.last",
            snapshot=self._last_snapshot,
            delay=lambda: self._delay("last", LAST_DELAY, self._last_size()),
        )

    async def async_load(self) -> bool:
        """Read both files; return False if one of them had to be set aside."""
        seen, ids_readable = await self._ids_file.async_load(_read_ids)
        self._seen = OrderedDict(seen or {})
        self._forget_old(_today())
        _, last_readable = await self._last_file.async_load(self._read_last)
        return ids_readable and last_readable

    async def async_close(self) -> None:
        """Write what is due before the entry is set up anew."""
        await self._ids_file.async_close()
        await self._last_file.async_close()

    def _delay(self, file: str, delay: float, size: int) -> float:
        """Return in how many seconds a file may be written, apart from the other."""
        share = (size - SMALL_FILE) / (LARGE_FILE - SMALL_FILE)
        now = self._clock()
        when = now + delay + (MAX_DELAY - delay) * min(max(share, 0), 1)
        for other in self._due.keys() - {file}:
            if abs(when - self._due[other]) < MIN_GAP:
                when = self._due[other] + MIN_GAP
        self._due[file] = when
        return when - now

    @property
    def ids(self) -> int:
        """Return how many messages are remembered as published."""
        return len(self._seen)

    # ---- ids ----------------------------------------------------------------------

    def has_seen(self, key: str) -> bool:
        """Tell whether this message was published before."""
        return key in self._seen

    @callback
    def async_mark(self, key: str) -> None:
        """Remember a message as published."""
        today = _today()
        self._seen[key] = today
        self._forget_old(today)
        self._ids_file.async_schedule()

    def _forget_old(self, today: int) -> None:
        oldest_kept = today - MAX_AGE.days
        while self._seen:
            key, day = next(iter(self._seen.items()))
            if day >= oldest_kept and len(self._seen) <= MAX_IDS:
                return
            del self._seen[key]

    def _ids_snapshot(self) -> Stored:
        days: dict[int, list[str]] = {}
        for key, day in self._seen.copy().items():
            days.setdefault(day, []).append(key)
        return {"days": {str(day): "".join(keys) for day, keys in days.items()}}

    # ---- last messages and counters -----------------------------------------------

    def record(self, subentry_id: str) -> Record:
        """Return what is known of a virtual number's or contact's messages."""
        return self._records.get(subentry_id, Record())

    @callback
    def async_set_record(self, subentry_id: str, record: Record) -> None:
        """Keep a virtual number's or contact's last message and total."""
        self._records[subentry_id] = record
        self._last_file.async_schedule()

    @callback
    def async_keep_stranger(self, received: Received) -> None:
        """Keep the last message of a number that is not configured, for when it is."""
        if received.to is None or len(received.to) > MAX_NUMBER:
            return
        known = self._strangers.pop(received.to, Record())
        self._strangers[received.to] = known.after(received)
        while len(self._strangers) > MAX_STRANGERS:
            del self._strangers[next(iter(self._strangers))]
        self._last_file.async_schedule()

    def strangers(self) -> list[str]:
        """Return the numbers that messages came for and that are not configured."""
        return list(self._strangers)

    @callback
    def async_adopt(self, listing: Listing, directory: Directory) -> None:
        """Give a number or a contact just configured what came of theirs before."""
        if listing.subentry_id in self._records:
            return
        record = self._record_before(listing)
        if record is None or record.kept is None:
            return
        last = directory.as_known(record.kept)
        record = Record(last=last, kept=last, total=record.total)
        self.async_set_record(listing.subentry_id, record)

    def _record_before(self, listing: Listing) -> Record | None:
        if isinstance(listing, VirtualNumber):
            return self._strangers.pop(listing.number, None)
        known = (record.kept for record in (*self._records.values(), *self._strangers.values()))
        theirs = [last for last in known if last and last.message.sender in listing.numbers]
        last = max(theirs, key=lambda received: received.received, default=None)
        return Record(kept=last, total=1) if last else None

    @callback
    def async_forget_strangers(self, directory: Directory) -> None:
        """Drop what was kept of numbers that are configured, by an edit, say.

        Entities that are there already must not show an old message as if it came now.
        """
        for number in [number for number in self._strangers if directory.number(number)]:
            del self._strangers[number]
            self._last_file.async_schedule()

    @callback
    def async_forget(self, subentry_id: str) -> None:
        """Drop what was kept of a virtual number or contact that was removed."""
        if self._records.pop(subentry_id, None):
            self._last_file.async_schedule()

    @callback
    def async_forget_others(self, listed: Container[str]) -> None:
        """Drop what was kept of those that were removed while the entry was not loaded."""
        for subentry_id in [known for known in self._records if known not in listed]:
            self.async_forget(subentry_id)

    @callback
    def async_keep_off_disk(self, keep_off_disk: bool) -> None:
        """Start or stop leaving out what was said; the file follows soon."""
        if keep_off_disk != self._keep_off_disk:
            self._keep_off_disk = keep_off_disk
            self._last_file.async_schedule()

    @callback
    def async_account_changed(self) -> None:
        """Write the account's counters soon."""
        self._last_file.async_schedule()

    def _last_snapshot(self) -> Stored:
        account = self.account
        return {
            "numbers": self._stored(self._records.copy()),
            "strangers": self._stored(self._strangers.copy()),
            "last_contact": account.last_contact.isoformat() if account.last_contact else None,
            "ignored": dict(account.ignored.copy()),
        }

    def _read_last(self, stored: Stored) -> None:
        numbers = _read_records(stored["numbers"])
        strangers = _read_records(stored["strangers"])
        last_contact = stored["last_contact"]
        account = AccountRecord(
            last_contact=None
            if last_contact is None
            else dt_util.parse_datetime(last_contact, raise_on_error=True).astimezone(UTC),
            ignored=Counter({str(key): int(count) for key, count in stored["ignored"].items()}),
        )
        self._records, self._strangers, self.account = numbers, strangers, account

    def _last_size(self) -> int:
        """Return about how many bytes of what was said the file holds."""
        kept = (record.kept for record in (*self._records.values(), *self._strangers.values()))
        messages = [received.message for received in kept if received]
        texts = attrgetter(*TEXTS)
        return sum(len(text) for message in messages for text in texts(message) if text)

    def _stored(self, records: Mapping[str, Record]) -> Stored:
        return {
            key: {"total": record.total, "last": record.kept and self._event(record.kept)}
            for key, record in records.items()
        }

    def _event(self, received: Received) -> Stored:
        event = received.as_event()
        # What the provider's unknown types carry is for the event; here it would only grow.
        return without_what_was_said(event) if self._keep_off_disk else {**event, "raw": None}


def _today() -> int:
    return dt_util.utcnow().date().toordinal()


def _read_ids(stored: Stored) -> dict[str, int]:
    seen: dict[str, int] = {}
    for day, keys in sorted((int(day), keys) for day, keys in stored["days"].items()):
        if not isinstance(keys, str) or len(keys) % KEY_LENGTH:
            raise ValueError(day)
        for start in range(0, len(keys), KEY_LENGTH):
            seen[keys[start : start + KEY_LENGTH]] = day
    return seen


def _read_records(stored: Mapping[str, Any]) -> dict[str, Record]:
    records = {}
    for key, record in stored.items():
        last = Received.from_event(record["last"]) if record["last"] else None
        records[key] = Record(total=int(record["total"]), last=last, kept=last)
    return records


def remove_files(config_path: Callable[..., str], entry_id: str) -> None:
    """Delete everything kept of a config entry, set-aside files too. Blocks."""
    for path in Path(config_path(STORAGE_DIR)).glob(f"{DOMAIN}.{entry_id}.*"):
        path.unlink(missing_ok=True)
