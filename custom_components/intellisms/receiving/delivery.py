"""A received message together with whose it is: what the event tells, at length or in short."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self, TypedDict

from homeassistant.core import Context
from homeassistant.util import dt as dt_util

from ..asking import AnswerState, QuestionName, read_question_name
from ..const import MAX_STATE_LENGTH
from ..protocol import TOLD, Message
from ..quoted import fitting, shown_sender

# Characters. A longer link is left out of an excerpt, since a part of one leads nowhere.
MAX_LINK = 1024

# What there is to show of a message in a list of several, as attributes and files have it: `time`
# is when it came, in ISO 8601, `from` who sent it as *Last sender* shows it, `picture` a link.
Excerpt = TypedDict(
    "Excerpt",
    {
        "time": str,
        "from": str | None,
        "type": str,
        "text": str | None,
        "picture": str | None,
    },
)
_MAY_BE_NONE = ("from", "text", "picture")


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A message as it is published, in the contract's terms; the directory makes it.

    `received_at` is aware. `to` is the message's own or, where it names none, the
    only virtual number there is. `entity_id` is that number's *Message*. Names and ids
    are None where the number is not configured, or the sender no contact. Where it answers
    a question of ours, `answer` is the answer's id: it is then no message to act on as such.
    """

    entry_id: str
    message: Message
    received_at: datetime
    to: str | None = field(default=None, repr=False)
    to_name: str | None = field(default=None, repr=False)
    device_id: str | None = None
    entity_id: str | None = None
    sender_name: str | None = field(default=None, repr=False)
    sender_known: bool = False
    sender_device_id: str | None = None
    person_id: str | None = field(default=None, repr=False)
    # Whose records it belongs to: ids of subentries. A delivery that was read from the
    # journal names none.
    number_id: str | None = None
    contact_id: str | None = None
    question: QuestionName | None = field(default=None, repr=False)
    answer: str | None = field(default=None, repr=False)
    answer_state: AnswerState | None = None
    simulated: bool = False
    context: Context = field(default_factory=Context, repr=False)
    # The event's data, once somebody has asked for it.
    _event: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def as_event(self) -> dict[str, Any]:
        """Return the event's data: flat, always the same keys, absent values None.

        It is built once for a message, however many automations it sets off. Each caller
        gets a copy of its own, since bus, states and automations keep what they are given;
        only what is inside `raw` and `question` they share, and must leave as it is.
        """
        if not self._event:
            self._event.update(self._built_event())
        return self._event.copy()

    def _built_event(self) -> dict[str, Any]:
        """Return the event's data, in the order in which it is documented."""
        message = self.message.as_event()
        # When it came stands beside when it was sent, and how it was posted after all else.
        raw = {key: message.pop(key) for key in ("raw", "raw_truncated")}
        return {
            "entry_id": self.entry_id,
            "device_id": self.device_id,
            "entity_id": self.entity_id,
            "to": self.to,
            "to_name": self.to_name,
            "from": self.message.sender,
            "from_name": self.sender_name,
            "from_known": self.sender_known,
            "from_device_id": self.sender_device_id,
            "person_id": self.person_id,
            **message,
            "received": self.received_at.isoformat(),
            **raw,
            "question": self.question,
            "answer": self.answer,
            "answer_state": self.answer_state and self.answer_state.value,
            "simulated": self.simulated,
        }

    def as_excerpt(self) -> Excerpt:
        """Return what there is to show of the message in short, of bounded length."""
        message = self.message
        link = message.picture_url
        sender = shown_sender(self.sender_name, message.sender)
        return {
            "time": self.received_at.isoformat(),
            "from": sender and fitting(sender, MAX_STATE_LENGTH),
            "type": message.type,
            "text": message.text and fitting(message.text, MAX_STATE_LENGTH),
            "picture": link if link and len(link) <= MAX_LINK else None,
        }

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Rebuild what `as_event` made; KeyError, TypeError or ValueError if it did not."""
        question, state = event["question"], event["answer_state"]
        for key in event.keys() - TOLD - {"question"}:
            if not isinstance(event[key], str | bool | None):
                raise TypeError(key)
        received_at = dt_util.parse_datetime(event["received"], raise_on_error=True)
        if received_at.tzinfo is None:
            raise ValueError("received")
        return cls(
            entry_id=event["entry_id"],
            message=Message.from_event(event, sender=event["from"]),
            received_at=received_at,
            to=event["to"],
            to_name=event["to_name"],
            device_id=event["device_id"],
            entity_id=event["entity_id"],
            sender_name=event["from_name"],
            sender_known=event["from_known"],
            sender_device_id=event["from_device_id"],
            person_id=event["person_id"],
            question=None if question is None else read_question_name(question),
            answer=event["answer"],
            answer_state=None if state is None else AnswerState(state),
            simulated=event["simulated"],
        )


def read_excerpt(stored: Mapping[str, Any]) -> Excerpt:
    """Take over what `as_excerpt` made; KeyError or TypeError if it did not."""
    read: Excerpt = {
        "time": stored["time"],
        "from": stored["from"],
        "type": stored["type"],
        "text": stored["text"],
        "picture": stored["picture"],
    }
    for key, value in read.items():
        if not isinstance(value, str) and not (value is None and key in _MAY_BE_NONE):
            raise TypeError(key)
    return read
