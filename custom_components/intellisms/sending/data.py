"""What goes out, and what became of it."""

from dataclasses import dataclass, field
from typing import Any

from homeassistant.core import Context
from homeassistant.util.signal_type import SignalType

from ..asking import QuestionName
from ..const import DOMAIN
from ..protocol import Outgoing, SendOutcome, SendResult
from ..receiving.report import Recipient


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """The access key and the secret key of an account."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


def label_of(entity_id: str | None, position: int) -> str:
    """Return what names a recipient in an error: their entity, else the place of their number."""
    return entity_id or f"#{position}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A message to one recipient, and as what whoever sends it knows them.

    That is the `entity_id` they were named by, else their place among the numbers that were
    typed, from 1. `question` is the one that the message asks.
    """

    outgoing: Outgoing
    entity_id: str | None = None
    position: int = 1
    question: QuestionName | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """Return what names the recipient in an error, which is no number and no name."""
        return label_of(self.entity_id, self.position)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A letter and what became of it."""

    entry_id: str
    letter: Letter
    result: SendResult
    recipient: Recipient = field(repr=False)
    context: Context = field(repr=False)

    @property
    def is_sent(self) -> bool:
        """Tell whether the provider took it."""
        return self.result.outcome is SendOutcome.SENT

    @property
    def is_lost(self) -> bool:
        """Tell whether it surely did not go."""
        return self.result.outcome is SendOutcome.NOT_SENT

    def as_event(self, *, with_text: bool) -> dict[str, Any]:
        """Return the event's data: flat, always the same keys, absent values None."""
        outgoing, result = self.letter.outgoing, self.result
        return {
            "entry_id": self.entry_id,
            "message_id": result.message_id,
            "to": outgoing.to,
            **self.recipient,
            "entity_id": self.letter.entity_id,
            "sender": outgoing.sender,
            "channel": outgoing.content.channel.value,
            "type": outgoing.content.type.value,
            "text": outgoing.content.text if with_text else None,
            "parts": result.parts,
            "credits": result.credits,
            "question": self.letter.question,
            "outcome": result.outcome.value,
            "error": result.error,
        }

    def as_response(self) -> dict[str, Any]:
        """Return what an action answers of it."""
        return {
            "entity_id": self.letter.entity_id,
            "to": self.letter.outgoing.to,
            "channel": self.letter.outgoing.content.channel.value,
            "message_id": self.result.message_id,
            "parts": self.result.parts,
            "credits": self.result.credits,
        }


def signal_sent(entry_id: str) -> SignalType[Sent]:
    """Return the signal for what became of each message that an account sends."""
    return SignalType(f"{DOMAIN}_sent_{entry_id}")
