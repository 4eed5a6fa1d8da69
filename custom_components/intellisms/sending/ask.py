"""The action *Ask*: sends a question to contacts, and waits for the first answer.

The question is in the table before anything goes out, since a tap may come before the provider
has answered. Where whoever asked has gone, and Home Assistant has not, the question ends. When
Home Assistant stops or the account sends no more, it stays open and is left to the triggers.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any, Final

from homeassistant.const import CONF_EXCLUDE
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.util.async_ import create_eager_task
import voluptuous as vol

from ..asking import Asked, Question
from ..const import CONF_NUMBERS
from ..protocol import ChannelName
from ..receiving.data import IntelliSMSConfigEntry
from ..receiving.questions import Ended
from ..target import TARGET_KINDS
from .account import entry_of, sending_of
from .ask_fields import Wanted, check_answers, wanted_of
from .ask_wait import Asking, Left
from .data import Letter
from .errors import SendingError
from .letters import explained, letter_to, letter_with
from .pictures import FIELD as PICTURE, async_picture
from .recipients import Recipient, async_recipients
from .refusals import refused

_FIELDS: Final = (
    "message",
    "answers",
    "timeout",
    "question",
    "wait",
    "code",
    "channel",
    PICTURE,
    "picture_url",
    "header",
    "footer",
    "virtual_number",
    "max_parts",
    "template",
    "language",
    "parameters",
    # This one is refused by a sentence.
    CONF_NUMBERS,
)
# What stands in the fields is checked by the handler: a schema's errors quote what was entered,
# are in English, and go to the log.
ASK_SCHEMA: Final = vol.Schema(
    {vol.Optional(name): object for name in (*TARGET_KINDS, CONF_EXCLUDE, *_FIELDS)}
)


async def async_ask(call: ServiceCall) -> ServiceResponse:
    """Ask, wait for the first answer, and return it, or why there is none.

    ServiceValidationError or Unauthorized before anything goes out. That nobody could be asked,
    or nobody answered, is no error.
    """
    hass = call.hass
    entry = entry_of(hass)
    sender = sending_of(hass, entry).sender
    recipients = await async_recipients(call, entry)
    with explained():
        wanted = wanted_of(hass, call.data)
    if wanted.waits and not call.return_response:
        raise refused(translation_key="ask_without_response")
    async with AsyncExitStack() as picture:
        link = await picture.enter_async_context(async_picture(call, entry))
        with explained():
            question, letters = _prepared(entry, wanted, recipients, link)
        asking = Asking(hass, entry, sender, question)
        asking.async_begin(waited=wanted.waits)
        # It is held until all has been sent, however long the answer takes.
        held = picture.pop_all()
    outcome = await _outcome(asking, letters, call, held, waits=wanted.waits)
    return _response(asking, outcome) if call.return_response else None


async def _outcome(
    asking: Asking,
    letters: Sequence[Letter],
    call: ServiceCall,
    picture: AsyncExitStack,
    *,
    waits: bool,
) -> Ended | Left:
    """Send, and return how the question ended, or that nobody waits for that.

    The picture is let go as soon as all has been sent.
    """

    async def send() -> None:
        # What became of each letter is told to `asking`.
        with suppress(SendingError):
            async with picture:
                await asking.sender.async_send(letters, call.context)

    sent = create_eager_task(send())
    try:
        await asyncio.wait((sent, asking.outcome), return_when=asyncio.FIRST_COMPLETED)
        if not waits:
            # How it ends is the triggers' to tell, and must not be acted on twice.
            return Left.NOT_WAITED
        await asyncio.wait((asking.outcome,))
        return asking.outcome.result()
    except asyncio.CancelledError:
        if waits:
            asking.async_abandon()
        raise
    finally:
        # Whoever has not been asked by now need not be.
        sent.cancel()


def _prepared(
    entry: IntelliSMSConfigEntry,
    wanted: Wanted,
    recipients: Sequence[Recipient],
    link: Callable[[], str | None],
) -> tuple[Question, list[Letter]]:
    """Return the question and what goes out for it; ContentError or ServiceValidationError.

    `link` returns that to the picture, for one more recipient.
    """
    question = Question.new(
        name=wanted.name,
        answers=wanted.draft.answers,
        asked=(),
        timeout=wanted.timeout,
        code=wanted.code,
    )
    check_answers(wanted, question)
    letters = [
        replace(_letter(entry, one, wanted, question, link()), question=question.as_name())
        for one in recipients
    ]
    asked = (
        _asked(entry, one, letter, by_template=wanted.template is not None)
        for one, letter in zip(recipients, letters, strict=True)
    )
    return replace(question, asked=tuple(asked)), letters


def _asked(
    entry: IntelliSMSConfigEntry, recipient: Recipient, letter: Letter, *, by_template: bool
) -> Asked:
    """Return how one of them is asked; ServiceValidationError where nobody knows by which number."""
    sender = letter.outgoing.sender
    number = entry.runtime_data.directory.number(sender) if sender else None
    if number is None:
        # Nobody could answer what comes from no number of ours.
        raise refused(translation_key="ask_sender_unknown", who=recipient.label)
    return Asked(
        contact_id=recipient.contact_id or "",
        number_id=number.subentry_id,
        channel=ChannelName(letter.outgoing.content.channel),
        by_template=by_template,
        entity_id=recipient.entity_id,
    )


def _letter(
    entry: IntelliSMSConfigEntry,
    recipient: Recipient,
    wanted: Wanted,
    question: Question,
    picture_url: str | None,
) -> Letter:
    """Return what goes to one of them: the question, with answers that are known again."""
    answers = tuple(replace(one, id=question.payload(one)) for one in wanted.draft.answers)
    if wanted.template is None:
        draft = replace(wanted.draft, answers=answers, picture_url=picture_url)
        return letter_to(entry, recipient, draft, choice=wanted.choice, sender=wanted.sender)
    payloads = tuple(one.id for one in answers)
    content = replace(wanted.template, picture_url=picture_url, answers=payloads)
    return letter_with(entry, recipient, content, sender=wanted.sender)


def _response(asking: Asking, outcome: Ended | Left) -> dict[str, Any]:
    """Return what the action answers: always the same keys, absent values None."""
    question = asking.question
    response: dict[str, Any] = {
        "answered": False,
        "answer": None,
        "answer_text": None,
        "entity_id": None,
        "from_name": None,
        "person_id": None,
        "question_id": question.id,
        "reason": (outcome.ending if isinstance(outcome, Ended) else outcome).value,
        "failed": list(asking.failed),
    }
    if isinstance(outcome, Left) or (delivery := outcome.delivery) is None:
        return response
    answer = question.answer(delivery.answer or "")
    asked = (one.entity_id for one in question.asked if one.contact_id == delivery.contact_id)
    return response | {
        "answered": True,
        "answer": delivery.answer,
        "answer_text": answer.title if answer else None,
        "entity_id": next(asked, None),
        "from_name": delivery.sender_name,
        "person_id": delivery.person_id,
        "reason": None,
    }
