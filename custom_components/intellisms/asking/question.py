"""A question: of whom it was asked, what can be answered, and which answer a message gives.

Nothing here has a number. What an answer is compared with is folded, as the words of triggers
are; an id that a tap brings is compared exactly.
"""

from base64 import b32encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from hmac import compare_digest
import re
from secrets import token_bytes
from typing import Any, Self, TypedDict

from ..matching import folded
from ..protocol import Answer, ChannelName

# 80 bits, in characters that nobody takes for others.
_ID_BYTES = 10
# What a button or row of a question has as its id, and what the table makes of it.
_PAYLOAD = re.compile(r"is:([a-z2-7]{16}):(.+)", re.DOTALL)
_DIGEST_BYTES = 16


class AnswerState(StrEnum):
    """What an answer is worth: only one that is accepted answers its question."""

    ACCEPTED = "accepted"
    LATE = "late"
    REPEATED = "repeated"
    NOT_ASKED = "not_asked"


class Ending(StrEnum):
    """Why a question is over; all but the first are codes of why nobody answered."""

    ANSWERED = "answered"
    TIMEOUT = "timeout"
    NOT_SENT = "not_sent"
    NOT_DELIVERED = "not_delivered"
    STOPPED = "stopped"


class QuestionName(TypedDict):
    """What events tell of a question, whose name is None where it was given none."""

    id: str
    name: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Somebody who was asked: a contact, and from which virtual number, by the ids of their subentries.

    `entity_id` is its `notify` entity when it was asked. A tap on a template may come as a mere label.
    """

    contact_id: str
    number_id: str
    channel: ChannelName
    by_template: bool = False
    entity_id: str | None = None

    def as_stored(self) -> dict[str, Any]:
        """Return what the file has of it."""
        return {
            "contact": self.contact_id,
            "number": self.number_id,
            "channel": self.channel.value,
            "by_template": self.by_template,
            "entity_id": self.entity_id,
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_stored` returned; whatever else it is raises some exception."""
        return cls(
            contact_id=_text(stored["contact"]),
            number_id=_text(stored["number"]),
            channel=ChannelName(stored["channel"]),
            by_template=stored["by_template"] is True,
            entity_id=_text_or_none(stored["entity_id"]),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What was asked, of whom, and until when an answer counts; all times are aware.

    `code` is a digest of what has to be typed with an answer, which is a single word.
    """

    id: str
    name: str | None = field(default=None, repr=False)
    answers: tuple[Answer, ...] = field(repr=False)
    asked: tuple[Asked, ...]
    asked_at: datetime
    until: datetime
    code: str | None = field(default=None, repr=False)

    @classmethod
    def new(
        cls,
        *,
        name: str | None,
        answers: tuple[Answer, ...],
        asked: tuple[Asked, ...],
        timeout: timedelta,
        code: str | None = None,
    ) -> Self:
        """Return a question that is asked now, with an id that nobody can guess."""
        question_id = b32encode(token_bytes(_ID_BYTES)).decode().lower()
        asked_at = datetime.now(UTC)
        return cls(
            id=question_id,
            name=name,
            answers=answers,
            asked=asked,
            asked_at=asked_at,
            until=asked_at + timeout,
            code=None if code is None else _digest(question_id, folded(code) or ""),
        )

    def payload(self, answer: Answer) -> str:
        """Return the id that the answer's button or row has to have."""
        return f"is:{self.id}:{answer.id}"

    def as_name(self) -> QuestionName:
        """Return what events tell of it."""
        return {"id": self.id, "name": self.name}

    def answer(self, answer_id: str) -> Answer | None:
        """Return an answer by its id, compared exactly."""
        return next((one for one in self.answers if one.id == answer_id), None)

    def asked_of(self, contact_id: str | None, channel: str | None) -> Asked | None:
        """Return how a contact was asked by this channel, None if it was not."""
        theirs = (one for one in self.asked if one.contact_id == contact_id)
        return next((one for one in theirs if one.channel == channel), None)

    def was_asked_anyhow(self, contact_id: str | None) -> bool:
        """Tell whether a contact was asked, by whichever channel."""
        return any(one.contact_id == contact_id for one in self.asked)

    def labelled(self, label: str) -> Answer | None:
        """Return the answer that a template's button has this label for."""
        said = folded(label)
        return next((one for one in self.answers if said and folded(one.title) == said), None)

    def typed(self, text: str) -> Answer | None:
        """Return the answer that a text is: its label, its id or its number, with the code if any."""
        if not (said := folded(text)):
            return None
        if self.code is None:
            return self._meant(said)
        rest = next((rest for word, rest in _parted(said) if self._is_code(word)), None)
        return self._meant(rest) if rest else None

    def is_guess(self, text: str) -> bool:
        """Tell whether a text that answers nothing is an answer with a wrong code."""
        if self.code is None or not (said := folded(text)):
            return False
        return any(self._meant(rest) for _, rest in _parted(said))

    def has_code(self, text: str) -> bool:
        """Tell whether a text has the code where it is typed: at its beginning or its end."""
        return any(self._is_code(word) for word, _ in _parted(folded(text) or ""))

    def shares_label(self, other: Question) -> bool:
        """Tell whether an answer of another question has the same label."""
        return any(other.labelled(one.title) for one in self.answers)

    def _meant(self, said: str) -> Answer | None:
        """Return the one answer that folded words are: its label, its id or its number."""
        meant = [one for place, one in enumerate(self.answers, 1) if said in _keys(place, one)]
        return meant[0] if len(meant) == 1 else None

    def _is_code(self, word: str) -> bool:
        return self.code is not None and compare_digest(_digest(self.id, word), self.code)

    def as_stored(self) -> dict[str, Any]:
        """Return what the file has of it."""
        return {
            "id": self.id,
            "name": self.name,
            "answers": [{"id": one.id, "title": one.title} for one in self.answers],
            "asked": [one.as_stored() for one in self.asked],
            "asked_at": self.asked_at.isoformat(),
            "until": self.until.isoformat(),
            "code": self.code,
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_stored` returned; whatever else it is raises some exception."""
        return cls(
            id=_text(stored["id"]),
            name=_text_or_none(stored["name"]),
            answers=tuple(
                Answer(id=_text(one["id"]), title=_text(one["title"])) for one in stored["answers"]
            ),
            asked=tuple(map(Asked.from_stored, stored["asked"])),
            asked_at=read_time(stored["asked_at"]),
            until=read_time(stored["until"]),
            code=_text_or_none(stored["code"]),
        )


def tapped(button_id: str) -> tuple[str, str] | None:
    """Return the ids of the question and the answer that a button's id is made of, if it is."""
    found = _PAYLOAD.fullmatch(button_id)
    return (found[1], found[2]) if found else None


def read_question_name(stored: Any) -> QuestionName:
    """Take over what an event had of a question; KeyError or TypeError if none can have had it."""
    return {"id": _text(stored["id"]), "name": _text_or_none(stored["name"])}


def read_time(stored: Any) -> datetime:
    """Return a time of the file, in UTC; TypeError or ValueError if it is none."""
    at = datetime.fromisoformat(stored)
    if at.tzinfo is None:
        raise ValueError("time")
    return at.astimezone(UTC)


def _text(stored: Any) -> str:
    if not isinstance(stored, str):
        raise TypeError("text")
    return stored


def _text_or_none(stored: Any) -> str | None:
    return None if stored is None else _text(stored)


def _keys(place: int, answer: Answer) -> set[str | None]:
    """Return what may be typed for an answer, folded."""
    return {folded(answer.title), folded(answer.id), str(place)}


def _parted(said: str) -> Iterator[tuple[str, str]]:
    """Yield the first, then the last of folded words, each with the others."""
    first, _, others = said.partition(" ")
    yield first, others
    others, _, last = said.rpartition(" ")
    yield last, others


def _digest(question_id: str, code: str) -> str:
    """Return what is kept of a code; the same code of another question has another digest."""
    # Half a character can be posted, and is none of any code.
    salted = f"{question_id}:{code}".encode(errors="replace")
    return blake2b(salted, digest_size=_DIGEST_BYTES).hexdigest()
