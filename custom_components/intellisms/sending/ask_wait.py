"""A question that was sent: whom it reaches, and how it ends."""

import asyncio
from enum import StrEnum

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..asking import Ending, Question
from ..faults import guarded
from ..protocol import NOT_DELIVERED, is_further, message_key
from ..receiving.data import IntelliSMSConfigEntry
from ..receiving.questions import (
    MAX_OPEN,
    SIGNAL_ENDED,
    Ended,
    QuestionError,
    QuestionProblem,
)
from ..receiving.report import ToldReport
from ..receiving.signals import signal_report
from .data import Sent, signal_sent
from .refusals import refused
from .sender import Sender


class Left(StrEnum):
    """Why nobody waits for the answer to a question that is open; codes as those of `Ending`."""

    NOT_WAITED = "not_waited"
    STOPPING = "stopping"
    UNLOADED = "unloaded"


class Asking:
    """A question on its way: whom it reaches, and how it ends."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: IntelliSMSConfigEntry,
        sender: Sender,
        question: Question,
    ) -> None:
        """Begin with nobody asked."""
        self._hass = hass
        self._entry_id = entry.entry_id
        self._questions = entry.runtime_data.questions
        self._stops: list[CALLBACK_TYPE] = []
        # By the key of a message: whom it asks, and how far it has come.
        self._on_its_way: dict[str, str] = {}
        self._statuses: dict[str, str] = {}
        # What became of these is not known yet; by their entities, as all who are asked.
        self._untold = {one.entity_id for one in question.asked}
        self.sender = sender
        self.question = question
        # Those it did not reach, in the order in which that was found out.
        self.failed: list[str] = []
        self.outcome: asyncio.Future[Ended | Left] = hass.loop.create_future()

    @callback
    def async_begin(self, *, waited: bool) -> None:
        """Take answers from now on; ServiceValidationError where it cannot be asked."""
        try:
            self._questions.async_open(self.question, waited=waited)
        except QuestionError as err:
            raise self._explained(err) from None
        hass, entry_id = self._hass, self._entry_id
        self._stops = [
            async_dispatcher_connect(hass, SIGNAL_ENDED, guarded(self._on_ended)),
            async_dispatcher_connect(hass, signal_sent(entry_id), guarded(self._on_sent)),
            async_dispatcher_connect(hass, signal_report(entry_id), guarded(self._on_report)),
            hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._on_stop),
        ]
        self.sender.on_stop.add(self._on_unload)

    def _explained(self, err: QuestionError) -> ServiceValidationError:
        """Return the error that says why it cannot be asked."""
        match err.problem:
            case QuestionProblem.TOO_MANY:
                return refused(translation_key="ask_too_many", limit=str(MAX_OPEN))
            case QuestionProblem.SAME_LABEL:
                asked = (one for one in self.question.asked if one.contact_id == err.contact_id)
                who = next((one.entity_id for one in asked), None)
                return refused(translation_key="ask_same_label", who=who or "")

    @callback
    def async_abandon(self) -> None:
        """End the question, as whoever asked waits no more; when Home Assistant stops it stays open.

        What has been left to the triggers stays theirs.
        """
        if self._hass.is_stopping:
            self._leave(Left.STOPPING)
        elif not self.outcome.done():
            self._questions.async_end(self.question.id, Ending.STOPPED)

    @callback
    def _on_ended(self, ended: Ended) -> None:
        if ended.question.id == self.question.id:
            self._over(ended)

    @callback
    def _on_stop(self, _event: Event) -> None:
        self._leave(Left.STOPPING)

    @callback
    def _on_unload(self) -> None:
        self._leave(Left.UNLOADED)

    def _leave(self, why: Left) -> None:
        """Leave the question to the triggers."""
        if not self.outcome.done():
            self._questions.async_release(self.question.id)
            self._over(why)

    def _over(self, outcome: Ended | Left) -> None:
        """Listen no more."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)
        self.sender.on_stop.discard(self._on_unload)
        while self._stops:
            self._stops.pop()()

    # ---- whom it reaches ------------------------------------------------------------

    @callback
    def _on_sent(self, sent: Sent) -> None:
        asked, entity_id = sent.letter.question, sent.letter.entity_id
        if asked is None or asked["id"] != self.question.id or entity_id is None:
            return
        self._untold.discard(entity_id)
        if sent.is_lost:
            self._fail(entity_id)
        elif message_id := sent.result.message_id:
            key = message_key(message_id, sent.letter.outgoing.to)
            self._on_its_way[key] = entity_id
            self._look_at(key)

    @callback
    def _on_report(self, told: ToldReport) -> None:
        report = told.report
        if not report.message_id or not report.to:
            return
        key = message_key(report.message_id, report.to)
        # A report may come before it is known which message it is about.
        is_ours = key in self._on_its_way or self._untold
        if is_ours and is_further(report.status, self._statuses.get(key, "")):
            self._statuses[key] = report.status
            self._look_at(key)

    def _look_at(self, key: str) -> None:
        """Note where a message of ours does not arrive any more."""
        entity_id = self._on_its_way.get(key)
        if entity_id and self._statuses.get(key) in NOT_DELIVERED:
            self._fail(entity_id)

    def _fail(self, entity_id: str) -> None:
        """Note that one of them was not reached, and end the question where that was the last."""
        if entity_id not in self.failed:
            self.failed.append(entity_id)
        if len(self.failed) == len(self.question.asked):
            ending = Ending.NOT_DELIVERED if self._on_its_way else Ending.NOT_SENT
            self._questions.async_end(self.question.id, ending)
