"""What must outlive a restart: ids seen, the last message of each number, counters.

Two files, since they grow and change differently, in Home Assistant's `.storage`. What
stands under `data` in `intellisms.<entry id>.ids`, 12 characters for each id, by days
of which the one used last is the last:

    {"days": {"2026-11-01": "AbcdEFghijKL0123456789-_", "2026-11-03": "MnopQRstuvWX"}}

And in `intellisms.<entry id>.last`, where `last` is an event's data without `raw`, and
`strangers` are numbers that nobody has configured:

    {
        "numbers": {"<subentry id>": {"total": 2, "last": {"text": "Hello", ...}}},
        "strangers": {"+447700900123": {"total": 1, "last": {"text": "Hi", ...}}},
        "last_contact": "2026-11-03T09:00:00+00:00",
        "ignored": {"duplicate": 1}
    }
"""

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..privacy import without_what_was_said
from .delivery import Delivery
from .directory import Directory, Listing, VirtualNumber
from .journal_files import File, Files, Snapshot, Stored
from .journal_ids import KEY_LENGTH, Ids
from .signals import signal_disk

# Last messages of numbers that nobody has configured yet.
MAX_STRANGERS = 20
# Characters. Nothing longer is a number; it would be kept, and shown, for nothing.
MAX_NUMBER = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is known of one virtual number's or contact's messages.

    `last` is what entities show; `kept` is the last that was not simulated, which
    is what a restart brings back.
    """

    last: Delivery | None = None
    kept: Delivery | None = None
    total: int = 0

    def after(self, delivery: Delivery) -> Record:
        """Return the record as it is after one more message."""
        if delivery.simulated:
            return replace(self, last=delivery)
        return Record(last=delivery, kept=delivery, total=self.total + 1)


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
        self._seen = Ids()
        self._records: dict[str, Record] = {}
        self._strangers: dict[str, Record] = {}
        self._ids_file = File(hass, f"{DOMAIN}.{entry_id}.ids", self._take_ids)
        self._last_file = File(hass, f"{DOMAIN}.{entry_id}.last", self._take_last)
        self._files = Files(
            hass,
            self._ids_file,
            self._last_file,
            size=lambda: len(self._seen) * KEY_LENGTH + self._last_size(),
            tell=lambda: async_dispatcher_send(hass, signal_disk(entry_id)),
        )

    async def async_load(self) -> bool:
        """Read both files; False if one of them had to be set aside.

        A journal that was closed and `is_unwritten` knows more than its files, and goes on.
        """
        readable = True
        if not self.is_unwritten:
            ids_readable = await self._ids_file.async_load(self._read_ids)
            readable = await self._last_file.async_load(self._read_last) and ids_readable
        self._files.async_open()
        return readable

    async def async_close(self) -> None:
        """Write what is due before the entry is set up anew."""
        await self._files.async_close()

    @property
    def is_unwritten(self) -> bool:
        """Tell whether something is not on the disk: not yet, or it could not be written."""
        return self._files.are_unwritten

    @property
    def is_failing(self) -> bool:
        """Tell whether the disk did not take the last write."""
        return self._files.are_failing

    # ---- ids ----------------------------------------------------------------------

    @property
    def ids(self) -> int:
        """Return how many messages are remembered as published."""
        return len(self._seen)

    def has_seen(self, key: str) -> bool:
        """Tell whether this message was published before."""
        return key in self._seen

    @callback
    def async_mark(self, key: str) -> None:
        """Remember a message as published."""
        self._seen.add(key, dt_util.utcnow().date())
        self._files.async_changed(self._ids_file)

    def _take_ids(self) -> Snapshot:
        stored = self._seen.as_stored()
        return lambda: stored

    def _read_ids(self, stored: Stored) -> None:
        self._seen = Ids.from_stored(stored)

    # ---- last messages and counters -----------------------------------------------

    def record(self, subentry_id: str) -> Record:
        """Return what is known of a virtual number's or contact's messages."""
        return self._records.get(subentry_id, Record())

    @callback
    def async_set_record(self, subentry_id: str, record: Record) -> None:
        """Keep a virtual number's or contact's last message and total."""
        self._records[subentry_id] = record
        self._last_changed()

    @callback
    def async_keep_stranger(self, delivery: Delivery) -> None:
        """Keep the last message of a number that is not configured, for when it is."""
        if delivery.to is None or len(delivery.to) > MAX_NUMBER:
            return
        known = self._strangers.pop(delivery.to, Record())
        self._strangers[delivery.to] = known.after(delivery)
        while len(self._strangers) > MAX_STRANGERS:
            del self._strangers[next(iter(self._strangers))]
        self._last_changed()

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
        last = max(theirs, key=lambda delivery: delivery.received_at, default=None)
        return Record(kept=last, total=1) if last else None

    @callback
    def async_forget_strangers(self, directory: Directory) -> None:
        """Drop what was kept of numbers that are configured, by an edit, say.

        Entities that are there already must not show an old message as if it came now.
        """
        for number in [number for number in self._strangers if directory.number(number)]:
            del self._strangers[number]
            self._last_changed()

    @callback
    def async_forget(self, subentry_id: str) -> None:
        """Drop what was kept of a virtual number or contact that was removed."""
        if self._records.pop(subentry_id, None):
            self._last_changed()

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
            self._last_changed()

    @callback
    def async_account_changed(self) -> None:
        """Write the account's counters soon."""
        self._last_changed()

    def _last_changed(self) -> None:
        self._files.async_changed(self._last_file)

    def _take_last(self) -> Snapshot:
        records, strangers = self._records.copy(), self._strangers.copy()
        last_contact, ignored = self.account.last_contact, dict(self.account.ignored)

        def stored() -> Stored:
            return {
                "numbers": self._stored(records),
                "strangers": self._stored(strangers),
                "last_contact": last_contact.isoformat() if last_contact else None,
                "ignored": ignored,
            }

        return stored

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
        return sum(delivery.message.size for delivery in kept if delivery)

    def _stored(self, records: Mapping[str, Record]) -> Stored:
        return {
            key: {"total": record.total, "last": record.kept and self._event(record.kept)}
            for key, record in records.items()
        }

    def _event(self, delivery: Delivery) -> Stored:
        event = delivery.as_event()
        # What the provider's unknown types carry is for the event; here it would only grow.
        return without_what_was_said(event) if self._keep_off_disk else {**event, "raw": None}


def _read_records(stored: Mapping[str, Any]) -> dict[str, Record]:
    records = {}
    for key, record in stored.items():
        last = Delivery.from_event(record["last"]) if record["last"] else None
        records[key] = Record(total=int(record["total"]), last=last, kept=last)
    return records
