"""The questions that are open, and those that were lately, in a file of their own.

What stands under `data` in `intellisms.<entry id>.questions`. `ending` is None while a question is
open, `code` is a digest, and `wrong_codes` counts the answers that came without it:

    {
        "questions": [
            {
                "id": "k5qxyz2abcdefghi",
                "name": "Open the gate?",
                "answers": [{"id": "open", "title": "Open"}, {"id": "leave", "title": "Leave it"}],
                "asked": [
                    {
                        "contact": "<subentry id>",
                        "number": "<subentry id>",
                        "channel": "whatsapp",
                        "by_template": false,
                        "entity_id": "notify.anna",
                    }
                ],
                "asked_at": "2026-11-03T09:00:00+00:00",
                "until": "2026-11-03T09:05:00+00:00",
                "code": null,
                "wrong_codes": 0,
                "ending": null,
                "ended_at": null
            }
        ]
    }
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
import logging
from operator import attrgetter

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from ..asking import (
    MAX_WRONG_CODES,
    AnswerState,
    Ending,
    Kept,
    Question,
    Table,
    guessed,
    may_hold_code,
    reply_in,
)
from ..const import DOMAIN
from .clock import Clock
from .delivery import Delivery
from .journal_files import File, Files, Snapshot, Stored

_LOGGER = logging.getLogger(__name__)

MAX_OPEN = 100
# Questions that are over and are kept, so that it is known what a tap on them is; and for how long.
MAX_OVER = 100
KEPT_FOR = timedelta(days=7)


class QuestionProblem(StrEnum):
    """Why a question cannot be asked."""

    # As many as may be are open.
    TOO_MANY = "too_many"
    # A template to the same person is open that has a label in common, which a tap would not tell
    # apart.
    SAME_LABEL = "same_label"


class QuestionError(Exception):
    """A question cannot be asked; nothing of it is kept.

    `contact_id` is whom it cannot be asked, where it is about one of them.
    """

    def __init__(self, problem: QuestionProblem, contact_id: str | None = None) -> None:
        """Keep the reason."""
        super().__init__(problem.value)
        self.problem = problem
        self.contact_id = contact_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A question that is over, and why.

    `delivery` is the message that answered it, whose `answer` is an id of `question.answers`; None
    where nobody did. `waited` tells whether an action was waiting: then no trigger fires.
    """

    entry_id: str
    question: Question
    ending: Ending
    waited: bool
    delivery: Delivery | None = None


# Actions that wait and triggers listen here: any entry, any question.
SIGNAL_ENDED: SignalType[Ended] = SignalType(f"{DOMAIN}_question_ended")


class Questions:
    """The questions of one config entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, tell: Callable[[], None]) -> None:
        """Prepare the file; `tell` is called when the disk takes it no more, or again."""
        self._hass = hass
        self._entry_id = entry.entry_id
        self._table: Table = {}
        self._clock = Clock(hass, self._on_time)
        self._file = File(hass, f"{DOMAIN}.{entry.entry_id}.questions", self._take)
        self._files = Files(hass, self._file, size=lambda: 0, tell=tell)

    async def async_load(self) -> None:
        """Read the file; one that cannot be used is set aside, and begun anew.

        Questions that were closed and `are_unwritten` know more than their file, and go on. When
        automations run, it is told what is over.
        """
        if not self.are_unwritten:
            await self._file.async_load(self._read)
        self._files.async_open()
        self._clock.async_start()
        self._wait()

    @callback
    def async_stop(self) -> None:
        """End no question by itself any more."""
        self._clock.async_stop()

    async def async_close(self) -> None:
        """Write what is due before the entry is set up anew; nothing is over from here on."""
        self.async_stop()
        await self._files.async_close()

    @property
    def are_unwritten(self) -> bool:
        """Tell whether something is not on the disk: not yet, or it could not be written."""
        return self._files.are_unwritten

    @property
    def was_set_aside(self) -> bool:
        """Tell whether the file could not be used when it was read last."""
        return self._file.was_set_aside

    @property
    def are_failing(self) -> bool:
        """Tell whether the disk did not take the last write."""
        return self._files.are_failing

    def _take(self) -> Snapshot:
        kept = list(self._table.values())
        return lambda: {"questions": [one.as_stored() for one in kept]}

    def _read(self, stored: Stored) -> None:
        """Take over what the file holds, all or nothing."""
        self._table = {one.question.id: one for one in map(Kept.from_stored, stored["questions"])}

    @callback
    def async_open(self, question: Question, *, waited: bool) -> None:
        """Take answers to a question from now on; QuestionError if it cannot be asked.

        This comes before anything is sent, since a tap may come before the provider has answered.
        `waited` tells that an action waits for the answer: triggers pass the question over until
        `async_release`. At `until` it ends by itself, which `SIGNAL_ENDED` tells as all other ends.
        """
        self._check(question)
        self._table[question.id] = Kept(question=question, waited=waited)
        self._changed()

    @callback
    def async_end(self, question_id: str, ending: Ending) -> None:
        """End an open question that nobody has answered, and tell; nothing if it is over."""
        if ended := self._end(question_id, ending, dt_util.utcnow()):
            self.async_tell(ended)

    @callback
    def async_release(self, question_id: str) -> None:
        """Leave a question to the triggers, since nobody waits for its answer any more."""
        if one := self._table.get(question_id):
            self._table[question_id] = replace(one, waited=False)

    def get(self, question_id: str) -> Question | None:
        """Return a question that is open, or was lately."""
        one = self._table.get(question_id)
        return one.question if one else None

    @property
    def open(self) -> list[Question]:
        """Return the questions that are open, the newest last."""
        now = dt_util.utcnow()
        return [one.question for one in self._table.values() if not one.over_since(now)]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many questions are open, and how the others ended that are kept."""
        return dict(Counter((one.ending or "open") for one in self._table.values()))

    def _check(self, question: Question) -> None:
        """QuestionError if a question cannot be asked."""
        if len(self.open) >= MAX_OPEN:
            raise QuestionError(QuestionProblem.TOO_MANY)
        for other in self.open:
            if other.shares_label(question):
                for one in question.asked:
                    theirs = other.asked_of(one.contact_id, one.channel)
                    if one.by_template and theirs and theirs.by_template:
                        raise QuestionError(QuestionProblem.SAME_LABEL, one.contact_id)

    def with_question(self, delivery: Delivery) -> Delivery:
        """Return a message with the question that it answers, if it does."""
        if (reply := reply_in(self._table, delivery)) is None:
            return delivery
        return replace(
            delivery, question=reply.question, answer=reply.answer, answer_state=reply.state
        )

    def may_hold_code(self, delivery: Delivery) -> bool:
        """Tell whether what somebody wrote may hold a question's code, right or wrong."""
        return may_hold_code(self._table, delivery)

    @callback
    def async_answered(self, delivery: Delivery) -> Ended | None:
        """End the question that a message answers, if it does, but tell nobody yet."""
        if delivery.answer_state is AnswerState.ACCEPTED and delivery.question:
            return self._end(
                delivery.question["id"], Ending.ANSWERED, delivery.received_at, delivery
            )
        if delivery.question is None and (one := guessed(self._table, delivery)):
            self._table[one.question.id] = replace(one, wrong_codes=one.wrong_codes + 1)
            self._changed()
            if one.wrong_codes + 1 == MAX_WRONG_CODES:
                _LOGGER.warning(
                    "A wrong code was typed too often; a question takes no typed answer"
                )
        return None

    @callback
    def async_reopen(self, ended: Ended) -> None:
        """Take an answer back that was not told."""
        question_id = ended.question.id
        self._table[question_id] = replace(self._table[question_id], ending=None, ended_at=None)
        self._changed()

    @callback
    def async_tell(self, ended: Ended) -> None:
        """Tell whoever waits, and triggers, that a question is over."""
        async_dispatcher_send(self._hass, SIGNAL_ENDED, ended)

    def _end(
        self, question_id: str, ending: Ending, at: datetime, delivery: Delivery | None = None
    ) -> Ended | None:
        """End a question, unless it is over."""
        one = self._table.get(question_id)
        if one is None or one.ending:
            return None
        self._table[question_id] = replace(one, ending=ending, ended_at=at)
        self._changed()
        return Ended(
            entry_id=self._entry_id,
            question=one.question,
            ending=ending,
            waited=one.waited,
            delivery=delivery,
        )

    def _changed(self) -> None:
        """Write the file soon, without what was over long ago, and wait for the next end."""
        over = [one for one in self._table.values() if one.ended_at]
        over.sort(key=attrgetter("ended_at"), reverse=True)
        long_ago = dt_util.utcnow() - KEPT_FOR
        for place, one in enumerate(over):
            if place >= MAX_OVER or (one.ended_at and one.ended_at < long_ago):
                del self._table[one.question.id]
        self._files.async_changed(self._file)
        self._wait()

    def _wait(self) -> None:
        """Wait for the end of the question whose time is up next."""
        ends = [one.question.until for one in self._table.values() if not one.ending]
        self._clock.async_set(min(ends, default=None))

    @callback
    def _on_time(self) -> None:
        """End the questions whose time is up."""
        now = dt_util.utcnow()
        for one in list(self._table.values()):
            until = one.question.until
            if until <= now and (ended := self._end(one.question.id, Ending.TIMEOUT, until)):
                self.async_tell(ended)
        self._wait()
