"""Follows what was sent: which message a status report is about, and how far that one has come.

A report may come before the answer to the post that sent its message, whose id nobody knows yet:
reports of unknown ids are kept for a while.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from ..const import DOMAIN
from ..faults import guarded
from ..protocol import RESPONSE_WINDOW, StatusReport, is_further, line, message_key
from ..receiving.data import IntelliSMSConfigEntry
from ..receiving.directory import VirtualNumber
from ..receiving.heard import heard_closed
from ..receiving.journal import Record
from ..receiving.progress import MAX_FOLLOWED, Progress
from ..receiving.report import ToldReport
from ..receiving.signals import signal_report, signal_reported
from .account import find_sending
from .client import TOTAL_SECONDS
from .data import Sent, signal_sent

# Messages that are known by their ids, those to people who are no contacts too.
MAX_KNOWN: Final = 1000
# A report of an unknown id is kept for longer than an answer to a post may take, and of reports
# so many: others in the account may send as well.
EARLY_SECONDS: Final = 2 * TOTAL_SECONDS
MAX_EARLY: Final = 200


def signal_progress(subentry_id: str) -> SignalType[Context]:
    """Return the signal for when it is known anew how far messages to a contact have come."""
    return SignalType(f"{DOMAIN}_progress_{subentry_id}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A report, and the message that it is about, None where that is not known here."""

    told: ToldReport
    message: Progress | None


# Triggers listen here: any entry.
SIGNAL_CHANGE: SignalType[Change] = SignalType(f"{DOMAIN}_delivery_change")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Early:
    """A report of an id that is not known, and when it came, by the monotonic clock."""

    key: str
    told: ToldReport
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """A message that is known by its id, and the subentry of the contact it went to, if any."""

    progress: Progress
    contact_id: str | None


class Deliveries:
    """Follows the messages of one config entry."""

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Know the messages that the journal knows."""
        self._hass = hass
        self._entry = entry
        self._directory = entry.runtime_data.directory
        self._journal = entry.runtime_data.journal
        # By key, the one sent last is the last.
        self._known: dict[str, _Known] = {}
        for listing in self._directory:
            for progress in reversed(self._journal.record(listing.subentry_id).sent):
                self._know(_Known(progress=progress, contact_id=listing.subentry_id))
        # In the order in which they came: reports of ids that are not known, and those of them
        # that triggers are told of only when it is known what became of a message under way.
        self._early: deque[_Early] = deque(maxlen=MAX_EARLY)
        self._held: list[ToldReport] = []

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded."""
        hass, entry_id = self._hass, self._entry.entry_id
        for unsubscribe in (
            async_dispatcher_connect(hass, signal_sent(entry_id), guarded(self._on_sent)),
            async_dispatcher_connect(hass, signal_report(entry_id), guarded(self._on_report)),
            async_dispatcher_connect(hass, signal_reported(entry_id), guarded(self._on_reported)),
            guarded(self._stop),
        ):
            self._entry.async_on_unload(unsubscribe)

    @callback
    def _stop(self) -> None:
        """Tell of what there is no message to wait for any more."""
        self._tell_held(lambda _: True)

    # ---- what is sent -----------------------------------------------------------------

    @callback
    def _on_sent(self, sent: Sent) -> None:
        """Begin to follow a message, with the reports that were quicker than the answer."""
        outgoing, result = sent.letter.outgoing, sent.result
        key = message_key(result.message_id, outgoing.to) if result.message_id else None
        number = self._directory.number(outgoing.sender) if outgoing.sender else None
        progress = Progress(
            key=key,
            message_id=result.message_id,
            status=result.outcome.value,
            channel=outgoing.content.channel.value,
            type=outgoing.content.type.value,
            sent=dt_util.utcnow(),
            number_id=number.subentry_id if number else None,
            question=sent.letter.question,
        )
        contact = self._directory.contact(outgoing.to)
        known = _Known(progress=progress, contact_id=contact.subentry_id if contact else None)
        self._know(known)
        if contact:
            record = self._journal.record(contact.subentry_id)
            followed = (progress, *record.sent)[:MAX_FOLLOWED]
            self._keep(contact.subentry_id, replace(record, sent=followed), sent.context)
        for told in self._take_early(key):
            self._on_report(told)
        self._tell_held(lambda report: line(report.to or "") == line(outgoing.to))

    def _know(self, known: _Known) -> None:
        """Know a message by its key, if it has one, as the newest."""
        if (key := known.progress.key) is None:
            return
        self._known.pop(key, None)
        self._known[key] = known
        while len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]

    @callback
    def _keep(self, contact_id: str, record: Record, context: Context) -> None:
        """Keep what is known of a contact's messages, and show it."""
        self._journal.async_set_record(contact_id, record)
        async_dispatcher_send(self._hass, signal_progress(contact_id), context)

    # ---- what is reported -------------------------------------------------------------

    @callback
    def _on_report(self, told: ToldReport) -> None:
        """Take over what is reported of a message, or wait for the message."""
        if (key := _key_of(told.report)) is None:
            return
        if known := self._known.get(key):
            self._apply(known, told)
            return
        self._early.append(_Early(key=key, told=told, at=monotonic()))

    @callback
    def _on_reported(self, told: ToldReport) -> None:
        """Tell triggers of a report, at once unless its message may be just under way."""
        sending, to = find_sending(self._hass, self._entry), told.report.to
        is_known = (_key_of(told.report) or "") in self._known
        if not is_known and to and sending and sending.sender.is_sending_to(to):
            self._held.append(told)
        else:
            self._tell(told)

    def _tell_held(self, is_meant: Callable[[StatusReport], bool]) -> None:
        """Tell triggers of reports that waited for their message."""
        meant = [told for told in self._held if is_meant(told.report)]
        self._held = [told for told in self._held if not is_meant(told.report)]
        for told in meant:
            self._tell(told)

    def _tell(self, told: ToldReport) -> None:
        known = self._known.get(_key_of(told.report) or "")
        change = Change(told=told, message=known.progress if known else None)
        async_dispatcher_send(self._hass, SIGNAL_CHANGE, change)

    def _take_early(self, key: str | None) -> list[ToldReport]:
        """Return, and forget, what was reported of a message before it was known."""
        since = monotonic() - EARLY_SECONDS
        fresh = [early for early in self._early if early.at > since]
        self._early = deque((early for early in fresh if early.key != key), MAX_EARLY)
        return [early.told for early in fresh if early.key == key]

    def _apply(self, known: _Known, told: ToldReport) -> None:
        """Take over what a report says of a message that is known."""
        before, status = known.progress, told.report.status
        if status == RESPONSE_WINDOW:
            self._close_window(before, told.report)
        if before.key is None or not is_further(status, before.status):
            return
        after = replace(before, status=status)
        self._known[before.key] = replace(known, progress=after)
        # Whoever was removed since has no entity any more, and nothing is kept of them.
        if known.contact_id and self._directory.get(known.contact_id):
            record = self._journal.record(known.contact_id)
            # It is the very same, since an id may have been given twice.
            sent = tuple(after if one is before else one for one in record.sent)
            self._keep(known.contact_id, replace(record, sent=sent), told.context)

    def _close_window(self, progress: Progress, report: StatusReport) -> None:
        """Note that WhatsApp takes no answer to what they wrote before this was sent."""
        number = self._directory.get(progress.number_id or "")
        contact = self._directory.contact(report.to)
        if not isinstance(number, VirtualNumber) or contact is None or report.to is None:
            return
        record = self._journal.record(contact.subentry_id)
        heard = heard_closed(record.heard, sender=report.to, to=number.number, until=progress.sent)
        self._journal.async_set_record(contact.subentry_id, replace(record, heard=heard))


def _key_of(report: StatusReport) -> str | None:
    """Return which message a report is about, None if it does not say."""
    if report.message_id is None or report.to is None:
        return None
    return message_key(report.message_id, report.to)
