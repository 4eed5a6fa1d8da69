"""From a parsed post to what Home Assistant knows of it.

Everything here is synchronous: between looking a message up in the journal and
marking it there is no await, so two posts at once cannot both publish it.
"""

from collections.abc import Callable
from datetime import datetime

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util

from .const import EVENT_MESSAGE_RECEIVED, EVENT_MESSAGE_STATUS, Ignored
from .directory import Directory, VirtualNumber
from .faults import log_fault
from .journal import Journal, NumberRecord
from .protocol import Message, Messages, ParseError, StatusReport, StatusReports
from .received import Received
from .signals import SIGNAL_MESSAGE, signal_account, signal_number


class Receiver:
    """Publishes what is posted for one config entry, each message once."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, directory: Directory, journal: Journal
    ) -> None:
        """Tie the parts together."""
        self._hass = hass
        self._entry_id = entry.entry_id
        self._directory = directory
        self._journal = journal

    @callback
    def async_receive(self, post: Messages | StatusReports) -> bool:
        """Publish a post's elements in their order; False if a fault of ours hit one.

        What was published is marked, so that the retry brings only the rest.
        """
        now = dt_util.utcnow()
        if isinstance(post, Messages):
            self._journal.account.ignored[Ignored.BAD_ELEMENT] += len(post.bad)
            published = [self._try(self._message, message, now) for message in post.messages]
        else:
            published = [self._try(self._report, report, now) for report in post.reports]
        self._account_contacted(now)
        return all(published)

    @callback
    def async_unreadable(self, _err: ParseError) -> None:
        """Count a post that is not in the provider's format."""
        self._journal.account.ignored[Ignored.UNREADABLE] += 1
        self._account_contacted(dt_util.utcnow())

    def _try[T](self, publish: Callable[[T, datetime], None], element: T, now: datetime) -> bool:
        try:
            publish(element, now)
        except Exception as err:  # noqa: BLE001
            log_fault(err, "publishing a message")
            return False
        return True

    def _account_contacted(self, now: datetime) -> None:
        self._journal.account.last_contact = now
        self._journal.async_account_changed()
        async_dispatcher_send(self._hass, signal_account(self._entry_id))

    def _message(self, message: Message, now: datetime) -> None:
        if self._journal.has_seen(message.key):
            self._journal.account.ignored[Ignored.DUPLICATE] += 1
            return
        number = self._directory.find(message.to)
        self._publish(self._received(message, number, now), number)
        self._journal.async_mark(message.key)

    def _received(self, message: Message, number: VirtualNumber | None, now: datetime) -> Received:
        return Received(
            entry_id=self._entry_id,
            message=message,
            received=now,
            to=number.number if number else message.to,
            to_name=number.name if number else None,
            device_id=number.device_id if number else None,
        )

    def _publish(self, received: Received, number: VirtualNumber | None) -> None:
        """Tell, in this order: runtime state, entities, the bus, triggers.

        So an automation on the event that reads a sensor reads this message.
        """
        if number is None:
            self._announce(received)
            self._journal.async_keep_stranger(received)
            return
        before = self._journal.number(number.subentry_id)
        now = NumberRecord(last=received, total=before.total + 1)
        self._journal.async_set_number(number.subentry_id, now)
        try:
            async_dispatcher_send(self._hass, signal_number(number.subentry_id), received)
            self._announce(received)
        except Exception:
            # It will come again; counted twice it would show as two messages.
            self._journal.async_set_number(number.subentry_id, before)
            raise

    def _announce(self, received: Received) -> None:
        self._hass.bus.async_fire(
            EVENT_MESSAGE_RECEIVED, received.as_event(), context=received.context
        )
        async_dispatcher_send(self._hass, SIGNAL_MESSAGE, received)

    def _report(self, report: StatusReport, _now: datetime) -> None:
        if self._journal.has_seen(report.key):
            return
        self._hass.bus.async_fire(
            EVENT_MESSAGE_STATUS,
            {
                "entry_id": self._entry_id,
                "message_id": report.message_id,
                "to": report.to,
                "status": report.status,
                "status_code": report.status_code,
            },
            context=Context(),
        )
        self._journal.async_mark(report.key)
