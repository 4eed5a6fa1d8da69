"""What must outlive a restart: ids seen, the last message of each number, counters.

Two files, since they grow and change differently, in Home Assistant's `.storage`. What
stands under `data` in `intellisms.<entry id>.ids`, 12 characters for each id, by days
of which the one used last is the last:

    {"days": {"2026-11-01": "AbcdEFghijKL0123456789-_", "2026-11-03": "MnopQRstuvWX"}}

And in `intellisms.<entry id>.last`, where `last` is an event's data without `raw`, `recent`
are excerpts of a virtual number's last messages, `heard` is when, from which number and to
which a contact wrote last by each channel, `sent` how far the last message to a contact has come,
and `unconfigured` are numbers that nobody has added:

    {
        "listings": {
            "<subentry id>": {
                "total": 2,
                "last": {"text": "Hello", ...},
                "recent": [{"text": "Hello", ...}, {"text": "Are you there?", ...}],
                "heard": [],
                "sent": [],
            },
            "<subentry id>": {
                "total": 1,
                "last": {"text": "Hello", ...},
                "recent": [],
                "heard": [{"channel": "sms", "to": "+44771012346", "from": "+447700900124", ...}],
                "sent": [{"status": "delivered", "key": "AbcdEFghijKL", ...}],
            },
        },
        "unconfigured": {
            "+447700900123": {"total": 1, "last": {"text": "Hi", ...}, "recent": [], ...}
        },
        "last_post": "2026-11-03T09:00:00+00:00",
        "last_report": null,
        "unreported": 1,
        "unreported_since": "2026-11-03T09:00:00+00:00",
        "ignored": {"duplicate": 1},
        "missed": {"<device id>": "Alice"}
    }
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import attrgetter
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, MAX_NUMBER_LENGTH, MAX_UNCONFIGURED
from ..privacy import keeps_off_disk, without_what_was_said
from ..protocol import Message, sender_key
from .account_record import AccountRecord, read_account
from .delivery import Delivery, Excerpt, read_excerpt
from .heard import Heard, heard_after, read_heard
from .journal_files import File, Files, Snapshot, Stored
from .journal_ids import KEY_LENGTH, Ids
from .progress import Progress, read_progress

# Messages of a virtual number of which an excerpt is kept.
MAX_RECENT = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is known of one virtual number's or contact's messages.

    `last` is what entities show; `kept` is the last that was not simulated, which
    is what a restart brings back. `recent` and `kept_recent` are excerpts of several,
    `heard` is how a contact has written, and `sent` what was written to them, the newest first.
    """

    last: Delivery | None = None
    kept: Delivery | None = None
    recent: tuple[Excerpt, ...] = field(default=(), repr=False)
    kept_recent: tuple[Excerpt, ...] = field(default=(), repr=False)
    heard: tuple[Heard, ...] = field(default=(), repr=False)
    sent: tuple[Progress, ...] = field(default=(), repr=False)
    total: int = 0

    def after(self, delivery: Delivery, *, with_excerpt: bool = False) -> Record:
        """Return the record as it is after one more message.

        Only those of virtual numbers have excerpts: those of a thousand contacts would make
        the file too large. Only those of contacts have what was heard.
        """
        newest = (delivery.as_excerpt(),) if with_excerpt else ()
        recent = (*newest, *self.recent)[:MAX_RECENT]
        if delivery.simulated:
            return replace(self, last=delivery, recent=recent)
        return Record(
            last=delivery,
            kept=delivery,
            recent=recent,
            kept_recent=(*newest, *self.kept_recent)[:MAX_RECENT],
            heard=self.heard
            if with_excerpt
            else heard_after(
                self.heard,
                delivery.message,
                to=delivery.to if delivery.number_id else None,
                received_at=delivery.received_at,
            ),
            sent=self.sent,
            total=self.total + 1,
        )


class Journal:
    """The ids seen and the last messages of one config entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, tell: Callable[[], None]) -> None:
        """Prepare the files; `async_load` reads them.

        `tell` is called when the disk takes the files no more, or again.
        """
        self._entry = entry
        self.account = AccountRecord()
        self._seen = Ids()
        self._records: dict[str, Record] = {}
        # By number, the one heard of last is the last.
        self._unconfigured: dict[str, Record] = {}
        self._ids_file = File(hass, f"{DOMAIN}.{entry.entry_id}.ids", self._take_ids)
        self._last_file = File(hass, f"{DOMAIN}.{entry.entry_id}.last", self._take_last)
        self._files = Files(
            hass,
            self._ids_file,
            self._last_file,
            size=lambda: len(self._seen) * KEY_LENGTH + self._last_size(),
            tell=tell,
        )

    async def async_load(self) -> None:
        """Read both files; one that cannot be used is set aside, and begun anew.

        A journal that was closed and `is_unwritten` knows more than its files, and goes on.
        """
        if not self.is_unwritten:
            await self._ids_file.async_load(self._read_ids)
            await self._last_file.async_load(self._read_last)
        if keeps_off_disk(self._entry):
            # The account may not have asked for that yet when the file was written.
            self._last_changed()
        self._files.async_open()

    async def async_close(self) -> None:
        """Write what is due before the entry is set up anew."""
        await self._files.async_close()

    @property
    def is_unwritten(self) -> bool:
        """Tell whether something is not on the disk: not yet, or it could not be written."""
        return self._files.are_unwritten

    @property
    def set_aside(self) -> int:
        """Return how many files could not be used when they were read last."""
        return self._ids_file.was_set_aside + self._last_file.was_set_aside

    @property
    def is_failing(self) -> bool:
        """Tell whether the disk did not take the last write."""
        return self._files.are_failing

    # ---- ids ----------------------------------------------------------------------

    @property
    def seen_count(self) -> int:
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
        # The ids are joined here, since they may change while the writer's thread is at it.
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
    def async_keep_unconfigured(self, delivery: Delivery) -> None:
        """Keep the last message of a number that is not configured, for when it is."""
        if delivery.to is None or len(delivery.to) > MAX_NUMBER_LENGTH:
            return
        known = self._unconfigured.pop(delivery.to, Record())
        self._unconfigured[delivery.to] = known.after(delivery)
        while len(self._unconfigured) > MAX_UNCONFIGURED:
            del self._unconfigured[next(iter(self._unconfigured))]
        self._last_changed()

    @property
    def unconfigured(self) -> list[str]:
        """Return the numbers that messages came for and that are not configured."""
        return list(self._unconfigured)

    @callback
    def take_unconfigured(self, number: str) -> Record | None:
        """Keep nothing more of a number as not configured; return what was kept, if anything."""
        # Messages may have named it in the other spelling of its line.
        meant = sender_key(number)
        kept = next((known for known in self._unconfigured if sender_key(known) == meant), None)
        if kept is None:
            return None
        self._last_changed()
        return self._unconfigured.pop(kept)

    def last_of(self, is_theirs: Callable[[Message], bool]) -> Delivery | None:
        """Return the last message that is somebody's, to whichever number."""
        kept = [last for last in self._kept() if is_theirs(last.message)]
        return max(kept, key=attrgetter("received_at"), default=None)

    def last_messages(self) -> list[Delivery]:
        """Return the last message of each number and contact, the one that came last first."""
        return sorted(self._kept(), key=attrgetter("received_at"), reverse=True)

    def _kept(self) -> Iterator[Delivery]:
        """Iterate over the last messages that the file holds."""
        for record in (*self._records.values(), *self._unconfigured.values()):
            if record.kept:
                yield record.kept

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
    def async_account_changed(self) -> None:
        """Write the account's counters soon, and all else as its options ask for now."""
        self._last_changed()

    def _last_changed(self) -> None:
        """Write the file of last messages soon."""
        self._files.async_changed(self._last_file)

    def _take_last(self) -> Snapshot:
        """Copy what is to be written; putting it into its form is left to the writer's thread."""
        records, unconfigured = self._records.copy(), self._unconfigured.copy()
        account = self.account.as_stored()
        keep_off_disk = keeps_off_disk(self._entry)

        def stored() -> Stored:
            return {
                "listings": _as_stored(records, keep_off_disk=keep_off_disk),
                "unconfigured": _as_stored(unconfigured, keep_off_disk=keep_off_disk),
                **account,
            }

        return stored

    def _read_last(self, stored: Stored) -> None:
        """Take over what the file holds, all or nothing."""
        records = _from_stored(stored["listings"])
        unconfigured = _from_stored(stored["unconfigured"])
        account = read_account(stored)
        self._records, self._unconfigured, self.account = records, unconfigured, account

    def _last_size(self) -> int:
        """Return about how many bytes of what was said the file holds."""
        excerpts = chain.from_iterable(record.kept_recent for record in self._records.values())
        return sum(delivery.message.size for delivery in self._kept()) + sum(
            len(words) for one in excerpts for words in one.values() if isinstance(words, str)
        )


def _as_stored(records: Mapping[str, Record], *, keep_off_disk: bool) -> Stored:
    """Return records in the form of the file, without what was said if it must not be there."""

    def event(delivery: Delivery) -> Stored:
        event = delivery.as_event()
        # `raw` is for the event; nobody reads it later, and the file would only grow.
        return without_what_was_said(event) if keep_off_disk else {**event, "raw": None}

    return {
        key: {
            "total": record.total,
            "last": record.kept and event(record.kept),
            "recent": [] if keep_off_disk else list(record.kept_recent),
            "heard": [heard.as_stored() for heard in record.heard],
            "sent": [sent.as_stored() for sent in record.sent[:1]],
        }
        for key, record in records.items()
    }


def _from_stored(stored: Mapping[str, Any]) -> dict[str, Record]:
    """Read what `_as_stored` returned; whatever else it is raises some exception."""
    records = {}
    for key, record in stored.items():
        last = Delivery.from_event(record["last"]) if record["last"] else None
        recent = tuple(map(read_excerpt, record["recent"]))
        records[key] = Record(
            total=int(record["total"]),
            last=last,
            kept=last,
            recent=recent,
            kept_recent=recent,
            heard=read_heard(record["heard"]),
            sent=read_progress(record["sent"]),
        )
    return records
