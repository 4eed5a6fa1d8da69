"""From what was posted to what Home Assistant knows of it.

Everything here is synchronous: between looking a message up in the journal and
marking it there is no await, so two posts at once cannot both publish it.
"""

from collections import deque
from enum import Enum, auto

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util

from ..const import CONF_ACCEPT, EVENT_MESSAGE_RECEIVED, EVENT_MESSAGE_STATUS, Accept, Ignored
from ..faults import log_fault
from ..protocol import (
    BadElement,
    Element,
    Message,
    MessageType,
    OtherKind,
    ParseError,
    StatusReport,
)
from .delivery import Delivery
from .directory import Directory, recipient
from .flood import Flood
from .journal import Journal
from .questions import Questions
from .report import ToldReport
from .signals import (
    SIGNAL_DELIVERY,
    SIGNAL_MESSAGE,
    SIGNAL_NOTICE,
    Trouble,
    signal_account,
    signal_flood,
    signal_record,
    signal_report,
    signal_reported,
    signal_trouble,
    signal_turned_away,
)

# Outlines of what could not be understood that are kept for diagnostics.
MAX_SHAPES = 5


class SenderNotAcceptedError(Exception):
    """A message of somebody whose messages the account does not take."""


class Outcome(Enum):
    """What became of something posted; what was put off or failed has to come again."""

    PUBLISHED = auto()
    # Seen before, turned away, or no message at all.
    PASSED_OVER = auto()
    PUT_OFF = auto()
    FAILED = auto()


class Receiver:
    """Publishes what is posted for one config entry, each message once."""

    def __init__(
        self,
        hass: HomeAssistant,
        *,
        directory: Directory,
        journal: Journal,
        questions: Questions,
        flood: Flood,
    ) -> None:
        """Tie the parts together."""
        self._hass = hass
        self._entry = directory.entry
        self._entry_id = directory.entry.entry_id
        self._directory = directory
        self._journal = journal
        self._questions = questions
        self._flood = flood
        # What could not be understood lately, without its content.
        self.shapes: deque[str] = deque(maxlen=MAX_SHAPES)

    @callback
    def async_receive(self, element: Element) -> Outcome:
        """Publish what was posted, once; what was published is marked."""
        try:
            match element:
                case Message():
                    return self._message(element)
                case StatusReport():
                    return self._report(element)
                case OtherKind():
                    self._journal.account.ignored[Ignored(element)] += 1
                case BadElement():
                    self._ignore(Ignored.BAD_ELEMENT, element.shape)
        except Exception as err:  # noqa: BLE001
            log_fault(err, "publishing a message")
            return Outcome.FAILED
        return Outcome.PASSED_OVER

    @callback
    def async_contacted(self, *, put_off: int = 0) -> None:
        """Tell of a post when it has been dealt with, and how many messages of it were put off."""
        if put_off:
            async_dispatcher_send(self._hass, signal_flood(self._entry_id), put_off)
        self._journal.account.last_post = dt_util.utcnow()
        self._journal.async_account_changed()
        async_dispatcher_send(self._hass, signal_account(self._entry_id))

    @callback
    def async_unreadable(self, err: ParseError) -> None:
        """Count a post that is not in the provider's format."""
        self._ignore(Ignored.UNREADABLE, err.shape)
        self.async_contacted()

    def _ignore(self, kind: Ignored, shape: str) -> None:
        """Count what cannot be understood, and keep its outline for diagnostics."""
        self._journal.account.ignored[kind] += 1
        self.shapes.append(shape)
        trouble = Trouble(kind=kind, shape=shape)
        async_dispatcher_send(self._hass, signal_trouble(self._entry_id), trouble)

    def _message(self, message: Message) -> Outcome:
        """Publish a message unless it is known, of nobody we listen to, or one too many."""
        if self._journal.has_seen(message.key):
            self._journal.account.ignored[Ignored.DUPLICATE] += 1
            return Outcome.PASSED_OVER
        delivery = self._directory.delivery(message, received_at=dt_util.utcnow())
        if not self._accepts(delivery):
            self._journal.account.ignored[Ignored.SENDER] += 1
            if not message.notice:
                async_dispatcher_send(self._hass, signal_turned_away(self._entry_id), delivery)
            return Outcome.PASSED_OVER
        # Who is turned away does not count, or strangers could put off what others say. A contact
        # is one sender, by whatever number.
        if not self._flood.admits(delivery.contact_id or message.sender):
            return Outcome.PUT_OFF
        self._publish(self._questions.with_question(delivery))
        # It is marked last: what a fault of ours kept from the bus has to come again.
        self._journal.async_mark(message.key)
        return Outcome.PUBLISHED

    @callback
    def async_simulate(self, message: Message) -> Delivery:
        """Publish a message that nobody sent; nothing of it is kept.

        SenderNotAcceptedError where its sender would be turned away.
        """
        now = dt_util.utcnow()
        delivery = self._directory.delivery(message, received_at=now, simulated=True)
        if not self._accepts(delivery):
            raise SenderNotAcceptedError
        delivery = self._questions.with_question(delivery)
        self._publish(delivery)
        return delivery

    def _accepts(self, delivery: Delivery) -> bool:
        """Tell whether the account takes messages of this sender."""
        return delivery.sender_known or self._entry.options.get(CONF_ACCEPT) != Accept.KNOWN

    def _publish(self, delivery: Delivery) -> None:
        """Tell of a message, or of what nobody said; a fault up to and including the bus is raised."""
        async_dispatcher_send(self._hass, SIGNAL_DELIVERY, delivery)
        if delivery.message.notice:
            self._publish_notice(delivery)
        else:
            self._publish_message(delivery)

    def _publish_notice(self, delivery: Delivery) -> None:
        """Tell the bus, then triggers; it is nobody's last message."""
        self._fire(delivery)
        if delivery.message.type != MessageType.REACTION:
            async_dispatcher_send(self._hass, SIGNAL_NOTICE, delivery)

    def _publish_message(self, delivery: Delivery) -> None:
        """Tell, in this order: records and questions, entities, the bus, triggers.

        So an automation on the event that reads a sensor reads this message. A fault up to
        and including the bus leaves the records as they were, and a question open.
        """
        owners = [owner for owner in (delivery.number_id, delivery.contact_id) if owner]
        before = {owner: self._journal.record(owner) for owner in owners}
        ended = self._questions.async_answered(delivery)
        try:
            for owner, record in before.items():
                after = record.after(delivery, with_excerpt=owner == delivery.number_id)
                self._journal.async_set_record(owner, after)
            for owner in owners:
                async_dispatcher_send(self._hass, signal_record(owner), delivery)
            self._fire(delivery)
            if ended:
                self._questions.async_tell(ended)
            async_dispatcher_send(self._hass, SIGNAL_MESSAGE, delivery)
        except Exception:
            # It will come again; counted twice it would show as two messages.
            for owner, record in before.items():
                self._journal.async_set_record(owner, record)
            if ended:
                self._questions.async_reopen(ended)
            raise
        if delivery.number_id is None:
            self._journal.async_keep_unconfigured(delivery)

    def _fire(self, delivery: Delivery) -> None:
        """Fire a message's event."""
        self._hass.bus.async_fire(
            EVENT_MESSAGE_RECEIVED, delivery.as_event(), context=delivery.context
        )

    def _report(self, report: StatusReport) -> Outcome:
        """Tell how far a message that was sent has come, once for each status."""
        if self._journal.has_seen(report.key):
            return Outcome.PASSED_OVER
        self._journal.account.last_report = dt_util.utcnow()
        told = ToldReport(
            entry_id=self._entry_id,
            report=report,
            recipient=recipient(self._directory, report.to),
        )
        # As with a message, what is known of it comes before the bus, and triggers come last.
        async_dispatcher_send(self._hass, signal_report(self._entry_id), told)
        self._hass.bus.async_fire(EVENT_MESSAGE_STATUS, told.as_event(), context=told.context)
        async_dispatcher_send(self._hass, signal_reported(self._entry_id), told)
        self._journal.async_mark(report.key)
        return Outcome.PUBLISHED
