"""Assist by text: what a contact writes is answered by the agent that was chosen for them.

It listens beside the triggers, and acts when the post has been dealt with, so that nobody waits
for an agent: neither the provider for its answer nor other messages.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..faults import guarded, log_fault
from ..matching import MAX_TEXT, AgeMatch, folded, is_blank
from ..protocol import ChannelName, Draft, MessageType, Outgoing, SendChannel, cut_to_fit
from ..receiving.data import IntelliSMSConfigEntry
from ..receiving.delivery import Delivery
from ..receiving.directory import Directory, unique_id
from ..receiving.signals import SIGNAL_MESSAGE, SIGNAL_TAKEN, signal_account
from .agents import AgentFailedError, Asked, async_ask, async_language, is_ready
from .assist_choice import AssistChoice, async_user_of, has_agent
from .data import Letter
from .errors import SendingError
from .fields import DEFAULT_MAX_PARTS
from .sender import Guard, Sender

# What is older is no longer meant: nobody waits for the answer.
MAX_AGE: Final = timedelta(minutes=5)
# After such a silence the next message begins a new conversation; Home Assistant forgets it then.
SILENCE: Final = timedelta(minutes=5)
MOST_SECONDS: Final = 60
MOST_AN_HOUR: Final = 20
_NAMES: Final[dict[str, str]] = {ChannelName.WHATSAPP: "WhatsApp", ChannelName.SMS: "SMS"}


class Outcome(StrEnum):
    """What became of a message that was meant for Assist."""

    ANSWERED = "answered"
    # The agent had nothing to say; it failed, or took too long, which the contact was told.
    SILENT = "silent"
    FAILED = "failed"
    TOO_SLOW = "too_slow"
    NOT_SENT = "not_sent"
    # These were not asked.
    TOO_OLD = "too_old"
    REPEATED = "repeated"
    TOO_MANY = "too_many"
    NOBODY = "nobody"


# What the contact is told in the place of an answer: each is a translation key of exceptions.
APOLOGIES: Final = {Outcome.FAILED: "assist_failed", Outcome.TOO_SLOW: "assist_too_slow"}


@dataclass(kw_only=True, slots=True, eq=False)
class _Talk:
    """What is said between a contact and their agent by one channel, one thing at a time.

    It goes on while `terms`, the choice and the user it has, are the same. `last` is what was said
    last, on both sides, folded.
    """

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    terms: tuple[AssistChoice, str | None] | None = None
    conversation_id: str | None = field(default=None, repr=False)
    last: frozenset[str | None] = field(default=frozenset(), repr=False)
    until: datetime | None = None


class Assist:
    """Answers the contacts of one account for whom it was chosen."""

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry, sender: Sender) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._sender = sender
        self._directory = entry.runtime_data.directory
        self.outcomes: Counter[Outcome] = Counter()
        # What came with the post that is being dealt with; and ids of the contexts of what one of
        # our triggers fired on, as a PIN, for instance, is nothing for a language model.
        self._came: list[Delivery] = []
        self._taken: set[str] = set()
        # By contact and channel, and by contact.
        self._talks: dict[tuple[str, str], _Talk] = {}
        self._guards: dict[str, Guard] = {}
        self._stop: list[CALLBACK_TYPE] = []

    @callback
    def async_start(self) -> None:
        """Listen."""
        hass, post_done = self._hass, signal_account(self._entry.entry_id)
        self._stop = [
            async_dispatcher_connect(hass, SIGNAL_MESSAGE, guarded(self._on_delivery)),
            async_dispatcher_connect(hass, SIGNAL_TAKEN, guarded(self._on_taken)),
            async_dispatcher_connect(hass, post_done, guarded(self._on_post_done)),
        ]

    @callback
    def async_stop(self) -> None:
        """Listen no more, and begin nothing."""
        while self._stop:
            self._stop.pop()()

    # ---- what comes -----------------------------------------------------------------

    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        if not self._choice(delivery) or not _is_said(delivery, self._directory):
            return
        # A code is no more for a language model than a PIN that a trigger took.
        if not self._entry.runtime_data.questions.may_hold_code(delivery):
            self._came.append(delivery)

    @callback
    def _on_taken(self, delivery: Delivery) -> None:
        if self._choice(delivery):
            self._taken.add(delivery.context.id)

    @callback
    def _on_post_done(self) -> None:
        """Begin to answer what came, without a turn before the post is answered."""
        came, taken = self._came, self._taken
        self._came, self._taken = [], set()
        for delivery in came:
            if delivery.context.id not in taken:
                self._entry.async_create_background_task(
                    self._hass, self._turn(delivery), f"{DOMAIN} Assist", eager_start=False
                )

    def _choice(self, delivery: Delivery) -> AssistChoice | None:
        """Return what is chosen for who sent a message, None where it is none of Assist's."""
        # Whoever may call an action can simulate messages, and would speak as another person.
        if delivery.entry_id != self._entry.entry_id or delivery.simulated:
            return None
        contact = self._entry.subentries.get(delivery.contact_id or "")
        choice = AssistChoice.of(contact.data) if contact else None
        return choice if choice and choice.by(delivery.message.channel) else None

    def _present_choice(self, delivery: Delivery) -> AssistChoice | None:
        """Return what is chosen for who sent a message, if it is still so and still they.

        Keys, contacts and what was chosen may have changed while it waited or an agent thought.
        """
        contact = self._directory.author(delivery.message)
        is_theirs = contact is not None and contact.subentry_id == delivery.contact_id
        return self._choice(delivery) if self._stop and is_theirs else None

    # ---- answering ------------------------------------------------------------------

    async def _turn(self, delivery: Delivery) -> None:
        """Answer a message when those before it have been."""
        key = (delivery.contact_id or "", delivery.message.channel or "")
        talk = self._talks.setdefault(key, _Talk())
        try:
            async with talk.turn:
                outcome = await self._answer(delivery, talk)
        except Exception as err:  # noqa: BLE001
            log_fault(err, "answering by Assist")
            outcome = Outcome.FAILED
        self.outcomes[outcome] += 1

    async def _answer(self, delivery: Delivery, talk: _Talk) -> Outcome:
        """Ask, and send the answer where it was asked, unless something speaks against it."""
        asked = await self._admitted(delivery, talk)
        if isinstance(asked, Outcome):
            return asked
        outcome, answer = await self._ask(asked, talk)
        if outcome in APOLOGIES:
            answer = await self._apology(outcome, asked.language)
        channel = SendChannel(delivery.message.channel or "")
        answer = cut_to_fit(answer, channel, max_parts=DEFAULT_MAX_PARTS)
        talk.until = dt_util.utcnow() + SILENCE
        talk.last = frozenset({folded(asked.text), folded(answer)})
        if not answer:
            return outcome
        if not self._present_choice(delivery):
            return Outcome.NOBODY
        return outcome if await self._send(delivery, channel, answer) else Outcome.NOT_SENT

    async def _admitted(self, delivery: Delivery, talk: _Talk) -> Asked | Outcome:
        """Return what the agent is asked, or why it is not, and begin a conversation where it is time."""
        message = delivery.message
        contact = self._directory.author(message)
        user = await async_user_of(self._hass, contact.person if contact else None)
        language = await async_language(self._hass, user.id if user else None)
        # From here on nothing waits, so that what is seen here is what is so when it is asked.
        choice = self._present_choice(delivery)
        if not contact or not choice or self._directory.author(message) != contact:
            return Outcome.NOBODY
        if not is_ready(self._hass) or not has_agent(self._hass, choice.agent_id):
            return Outcome.NOBODY
        if not choice.as_person or message.channel != ChannelName.WHATSAPP:
            user = None
        elif user is None:
            # Without a user more may be done than with one who may do little.
            return Outcome.NOBODY
        now = dt_util.utcnow()
        if not AgeMatch(most=MAX_AGE).matches(sent=message.sent, received_at=now):
            return Outcome.TOO_OLD
        terms = (choice, user.id if user else None)
        if talk.terms != terms or talk.until is None or now >= talk.until:
            talk.terms, talk.conversation_id, talk.last = terms, None, frozenset()
        if folded(message.text) in talk.last:
            return Outcome.REPEATED
        if not self._guards.setdefault(contact.subentry_id, Guard(lambda: MOST_AN_HOUR)).admits():
            return Outcome.TOO_MANY
        context = Context(user_id=user.id, parent_id=delivery.context.id) if user else None
        return Asked(
            agent_id=choice.agent_id,
            text=message.text or "",
            channel=_NAMES[message.channel or ""],
            language=language,
            own_sentences=choice.own_sentences,
            context=context or delivery.context,
            conversation_id=talk.conversation_id,
        )

    async def _ask(self, asked: Asked, talk: _Talk) -> tuple[Outcome, str]:
        """Return what came of asking, and the answer, which is empty where there is none."""
        talk.conversation_id = None
        try:
            async with asyncio.timeout(MOST_SECONDS):
                said = await async_ask(self._hass, asked)
        except TimeoutError:
            return Outcome.TOO_SLOW, ""
        except AgentFailedError:
            return Outcome.FAILED, ""
        except Exception as err:  # noqa: BLE001
            log_fault(err, "asking a conversation agent")
            return Outcome.FAILED, ""
        talk.conversation_id = said.conversation_id
        return (Outcome.ANSWERED if said.text else Outcome.SILENT), said.text

    async def _apology(self, outcome: Outcome, language: str) -> str:
        """Return what the contact is told in the place of an answer."""
        texts = await async_get_translations(self._hass, language, "exceptions", [DOMAIN])
        return texts[f"component.{DOMAIN}.exceptions.{APOLOGIES[outcome]}.message"]

    async def _send(self, delivery: Delivery, channel: SendChannel, answer: str) -> bool:
        """Tell whether an answer went, by the channel and numbers of what it answers."""
        outgoing = Outgoing(
            to=delivery.message.sender or "",
            sender=delivery.to,
            content=Draft(message=answer, max_parts=DEFAULT_MAX_PARTS).content(channel),
        )
        notifier = er.async_get(self._hass).async_get_entity_id(
            Platform.NOTIFY, DOMAIN, unique_id(delivery.contact_id or "", "notify")
        )
        letter = Letter(outgoing=outgoing, entity_id=notifier)
        try:
            await self._sender.async_send([letter], delivery.context)
        except SendingError:
            # The event and the repairs tell why.
            return False
        return True


def _is_said(delivery: Delivery, directory: Directory) -> bool:
    """Tell whether a message is what a person themselves wrote to a number of ours, in words.

    The answer to a question of ours is none: who asked it acts on it.
    """
    message = delivery.message
    return (
        message.type == MessageType.TEXT
        and not is_blank(message.text or "")
        and len(message.text or "") <= MAX_TEXT
        and not message.forwarded
        and message.group_id is None
        and delivery.question is None
        and delivery.number_id is not None
        # WhatsApp's id of a person and a sender's name cannot be written to.
        and (message.sender or "").startswith("+")
        and directory.number(message.sender or "") is None
    )
