"""Which question a message answers, if any, and what the answer is worth.

A tap says it by its id, which nobody can guess: that is compared exactly, and only where it was
tapped. Where only words come, typed or as the label of a template's button, it is decided by who
says them, by which channel and when. Where there is a doubt they answer nothing, and stay a message.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Protocol, Self

from ..matching import MOST_AHEAD
from ..protocol import BUTTON_TYPES, Answer, Message, MessageType
from .question import AnswerState, Ending, Question, QuestionName, read_time, tapped

# Words that were sent longer before a question was asked do not answer it. Clocks differ a little.
MOST_BEFORE = timedelta(seconds=30)
# For this long after the end of a question the words that answer it are late, or said once more.
# Later they are new words: of somebody, say, who wants the gate opened again.
LATE_WORDS = timedelta(minutes=5)
# Who answers the newest question twice within this, or so much too late, does not mean an older
# one by it.
MEANT_FOR = timedelta(seconds=30)
# With as many wrong codes nobody can type an answer any more: whoever forges a sender could try
# one code after the other.
MAX_WRONG_CODES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A question as the table keeps it; `ending` and `ended_at` are None while it is open.

    `waited` tells whether an action waits, which none does any more after a restart.
    """

    question: Question
    waited: bool = False
    wrong_codes: int = 0
    ending: Ending | None = None
    ended_at: datetime | None = None

    def over_since(self, now: datetime) -> datetime | None:
        """Return since when it takes no answer, None if it takes one.

        A question whose time is up is over, also where that is not told yet.
        """
        if self.ended_at is None and self.question.until <= now:
            return self.question.until
        return self.ended_at

    def as_stored(self) -> dict[str, Any]:
        """Return what the file has of it."""
        return {
            **self.question.as_stored(),
            "wrong_codes": self.wrong_codes,
            "ending": self.ending and self.ending.value,
            "ended_at": self.ended_at and self.ended_at.isoformat(),
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_stored` returned; whatever else it is raises some exception."""
        ending, ended_at = stored["ending"], stored["ended_at"]
        if (ending is None) != (ended_at is None):
            raise ValueError("ending")
        return cls(
            question=Question.from_stored(stored),
            wrong_codes=int(stored["wrong_codes"]),
            ending=None if ending is None else Ending(ending),
            ended_at=None if ended_at is None else read_time(ended_at),
        )

    @property
    def too_late(self) -> AnswerState:
        """Return what an answer is worth that comes after its end."""
        return AnswerState.REPEATED if self.ending is Ending.ANSWERED else AnswerState.LATE


# By id; the question that was asked last is the last.
type Table = dict[str, Kept]


class Delivered(Protocol):
    """A message with who sent it, and to which virtual number, by ids of subentries; and when it came."""

    @property
    def message(self) -> Message:
        """Return the message."""

    @property
    def contact_id(self) -> str | None:
        """Return who sent it, None if nobody who is known."""

    @property
    def to(self) -> str | None:
        """Return which number it was sent to, None where that is not said."""

    @property
    def number_id(self) -> str | None:
        """Return which virtual number that is, None if it is not configured."""

    @property
    def received_at(self) -> datetime:
        """Return when it came."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """Which answer to which question a message is, and what it is worth."""

    question: QuestionName = field(repr=False)
    answer: str = field(repr=False)
    state: AnswerState


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """What somebody says in words: typed, or the label of a template's button."""

    said: str = field(repr=False)
    is_typed: bool

    def answer(self, one: Kept) -> Answer | None:
        """Return the answer to a question that the words are."""
        if not self.is_typed:
            return one.question.labelled(self.said)
        return one.question.typed(self.said) if one.wrong_codes < MAX_WRONG_CODES else None


def reply_in(table: Table, delivery: Delivered) -> Reply | None:
    """Return which question a message answers, if it does."""
    return _tapped(table, delivery) or _said(table, delivery)


def guessed(table: Table, delivery: Delivered) -> Kept | None:
    """Return the question that a message answers with a wrong code, if it does."""
    words = _words(delivery)
    if words is None or not words.is_typed:
        return None
    theirs = _theirs(table, delivery, words)
    newest = next((one for one in theirs if not one.over_since(delivery.received_at)), None)
    return newest if newest and newest.question.is_guess(words.said) else None


def may_hold_code(table: Table, delivery: Delivered) -> bool:
    """Tell whether a text may hold the code of a question: whoever was asked knows it.

    Where they were asked, anything may be a code that is mistyped or half typed, until a moment
    after the question has ended without an answer. Elsewhere and later only the code itself is.
    """
    message, contact_id = delivery.message, delivery.contact_id
    then = delivery.received_at - LATE_WORDS
    return any(
        (
            one.ending is not Ending.ANSWERED
            and one.question.asked_of(contact_id, message.channel)
            and _was_open(one, then)
        )
        or one.question.has_code(message.text or "")
        for one in table.values()
        if one.question.code is not None and one.question.was_asked_anyhow(contact_id)
    )


def _tapped(table: Table, delivery: Delivered) -> Reply | None:
    """Return what a tap answers by its id."""
    message = delivery.message
    if message.type not in BUTTON_TYPES or message.button_id is None:
        return None
    if (ids := tapped(message.button_id)) is None:
        return None
    question_id, answer_id = ids
    if (one := table.get(question_id)) is None:
        # It ended long ago. Its buttons can be tapped for ever, and mean nothing else.
        forgotten: QuestionName = {"id": question_id, "name": None}
        return Reply(question=forgotten, answer=answer_id, state=AnswerState.LATE)
    state = AnswerState.ACCEPTED
    if _is_indirect(message) or not one.question.asked_of(delivery.contact_id, message.channel):
        state = AnswerState.NOT_ASKED
    elif one.over_since(delivery.received_at):
        state = one.too_late
    elif one.question.answer(answer_id) is None:
        state = AnswerState.LATE
    return Reply(question=one.question.as_name(), answer=answer_id, state=state)


def _said(table: Table, delivery: Delivered) -> Reply | None:
    """Return what words answer: an open question, else one that was open a moment ago."""
    if (words := _words(delivery)) is None:
        return None
    now = delivery.received_at
    for one in _in_turn(_theirs(table, delivery, words), now, only_newest=words.is_typed):
        if answer := words.answer(one):
            state = one.too_late if one.over_since(now) else AnswerState.ACCEPTED
            return Reply(question=one.question.as_name(), answer=answer.id, state=state)
    return None


def _words(delivery: Delivered) -> _Words | None:
    """Return what is said in words, where it can be an answer at all."""
    message = delivery.message
    if _is_indirect(message):
        return None
    if message.type == MessageType.TEXT and message.text:
        return _Words(said=message.text, is_typed=True)
    # Meta gives a template's button its label as an id where it has none of its own.
    has_no_id = message.button_id in (None, message.button_text)
    if message.type == MessageType.BUTTON and has_no_id and message.button_text:
        return _Words(said=message.button_text, is_typed=False)
    return None


def _theirs(table: Table, delivery: Delivered, words: _Words) -> list[Kept]:
    """Return the questions that words may answer, by who says them, where and when, the newest first."""
    sent = delivery.message.sent
    if sent is None or sent > delivery.received_at + MOST_AHEAD:
        return []
    return [
        one
        for one in reversed(table.values())
        if sent >= one.question.asked_at - MOST_BEFORE and _was_asked(one, delivery, words)
    ]


def _was_asked(one: Kept, delivery: Delivered, words: _Words) -> bool:
    """Tell whether a question was asked of whoever says something, and so that words answer it.

    What is said to one number does not answer what another asked: on a phone each has a page of
    its own.
    """
    asked = one.question.asked_of(delivery.contact_id, delivery.message.channel)
    if asked is None or not (words.is_typed or asked.by_template):
        return False
    return delivery.to is None or delivery.number_id == asked.number_id


def _in_turn(theirs: list[Kept], now: datetime, *, only_newest: bool) -> Iterator[Kept]:
    """Yield questions in the order in which words are taken for an answer to them."""
    for one in takewhile(lambda one: one.over_since(now), theirs):
        if _was_open(one, now - MEANT_FOR):
            yield one
    takes_it = [one for one in theirs if not one.over_since(now)]
    yield from takes_it[:1] if only_newest else takes_it
    for one in theirs:
        if one.over_since(now) and _was_open(one, now - LATE_WORDS):
            yield one


def _was_open(one: Kept, then: datetime) -> bool:
    over_since = one.over_since(then)
    return over_since is None or over_since > then


def _is_indirect(message: Message) -> bool:
    """Tell whether a message was passed on, or said in a group."""
    return message.forwarded or message.group_id is not None
