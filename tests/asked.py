"""Questions as the action opens them, and what people post in answer."""

from datetime import timedelta
from typing import Any

from homeassistant.core import Event
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.asking import Asked, Question
from custom_components.intellisms.protocol import Answer, ChannelName

from .household import ANNA, reply
from .log import keep_secret

OPEN = Answer(id="open", title="Open")
LEAVE = Answer(id="leave", title="Leave it")
YES = Answer(id="yes", title="Yes")
NO = Answer(id="no", title="No")
NAME = "Open the gate?"


def asked(
    entry: MockConfigEntry,
    *who: str,
    by: ChannelName = ChannelName.WHATSAPP,
    template: bool = False,
    waited: bool = False,
    timeout: timedelta = timedelta(minutes=5),
    number: str = "Gate",
    **fields: Any,
) -> Question:
    """Open a question to contacts, from a number, by names; QuestionError where it cannot be."""
    ids = {listing.name: listing.subentry_id for listing in entry.runtime_data.directory}
    told = {"name": NAME, "answers": (OPEN, LEAVE), "code": None} | fields
    if told["code"]:
        keep_secret(told["code"])
    question = Question.new(
        **told,
        asked=tuple(
            Asked(
                contact_id=ids[name],
                number_id=ids[number],
                channel=by,
                by_template=template,
                entity_id=f"notify.{name.lower()}",
            )
            for name in who
        ),
        timeout=timeout,
    )
    entry.runtime_data.questions.async_open(question, waited=waited)
    return question


def sms_question(entry: MockConfigEntry, *who: str, **fields: Any) -> Question:
    """Open a question by SMS."""
    return asked(entry, *who, by=ChannelName.SMS, **fields)


def tap(question: Question, answer: Answer = OPEN, *, sender: str = ANNA, **fields: Any) -> str:
    """Return the provider's post of a tap on an answer."""
    return reply(answer.title, question.payload(answer), sender=sender, **fields)


def told(event: Event[dict[str, Any]]) -> tuple[str | None, str | None, str | None]:
    """Return what an event tells of a question: its id, the answer's, and what that is worth."""
    data = event.data
    return (data["question"] or {}).get("id"), data["answer"], data["answer_state"]
