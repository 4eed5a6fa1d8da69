"""What a person wants to ask, read from the fields of *Ask* and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..asking import Question
from ..const import CONF_NUMBERS
from ..matching import folded
from ..protocol import Answer, ContentError, ContentProblem, Draft, Template, check_question
from .fields import channel_of, draft_of, in_language, parameters_of, sender_of, text_of
from .recipients import ChannelChoice
from .refusals import refused

DEFAULT_TIMEOUT: Final = timedelta(minutes=5)
MAX_TIMEOUT: Final = timedelta(hours=24)
# An answer that no action waits for may take this long.
MAX_TIMEOUT_UNWAITED: Final = timedelta(days=7)
MIN_CODE_CHARACTERS: Final = 4
MAX_NAME_CHARACTERS: Final = 100
# How an SMS says that a number is typed in answer, without and with a code, by the language of
# Home Assistant. One letter that the simple alphabet of an SMS lacks would more than double its price.
_TYPE_NUMBER: Final = {
    "de": "Zum Antworten die Nummer senden:",
    "en": "Reply with the number:",
    "es": "Responda con la cifra:",
    "fr": "Pour répondre, envoyer le numéro :",
    "it": "Per rispondere, inviare il numero:",
    "nl": "Antwoord met het nummer:",
    "pl": "Odpowiedz numerem:",
}
_TYPE_CODE_AND_NUMBER: Final = {
    "de": "Zum Antworten den Code und die Nummer senden:",
    "en": "Reply with the code and the number:",
    "es": "Responda con la clave y la cifra:",
    "fr": "Pour répondre, envoyer le code et le numéro :",
    "it": "Per rispondere, inviare il codice e il numero:",
    "nl": "Antwoord met de code en het nummer:",
    "pl": "Odpowiedz kodem i numerem:",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is to be asked, how, and until when.

    `template` has neither picture nor answers yet; `draft` has the answers with the ids that the person gave them. `sender` is the virtual number
    that it has to come from, None where no matter. `waits` tells whether the action waits.
    """

    draft: Draft
    template: Template | None
    choice: ChannelChoice
    sender: str | None = field(repr=False)
    name: str | None = field(repr=False)
    code: str | None = field(repr=False)
    timeout: timedelta
    waits: bool


def wanted_of(hass: HomeAssistant, data: Mapping[str, Any]) -> Wanted:
    """Return what is to be asked; ContentError or ServiceValidationError where it cannot be."""
    if data.get(CONF_NUMBERS) is not None:
        raise refused(translation_key="ask_contacts_only")
    draft, template, choice = draft_of(hass, data), _template(data), channel_of(data)
    if choice is ChannelChoice.VOICE:
        raise refused(translation_key="ask_by_voice")
    if template:
        if draft.message or draft.header or draft.footer:
            # A template says by itself all that it says.
            raise ContentError(ContentProblem.TOO_MANY, field="message, template", limit=1)
        if choice is ChannelChoice.SMS:
            raise ContentError(ContentProblem.WRONG_CHANNEL, field="template", channel=choice)
        choice = ChannelChoice.WHATSAPP
    name, code, waits = _name(data), _code(data), _waits(data)
    if name is None and not waits:
        # No trigger could tell of it.
        raise refused(translation_key="ask_without_name")
    how_to_type = in_language(hass, _TYPE_NUMBER if code is None else _TYPE_CODE_AND_NUMBER)
    return Wanted(
        draft=replace(draft, typed_answers=how_to_type),
        template=template,
        choice=choice,
        sender=sender_of(hass, data, by_whatsapp=choice is ChannelChoice.WHATSAPP),
        name=name,
        code=code,
        timeout=_timeout(data, waits=waits),
        waits=waits,
    )


def check_answers(wanted: Wanted, question: Question) -> None:
    """Refuse answers that cannot be sent, or could not be told apart by whichever way they come."""
    answers = wanted.draft.answers
    prefix = len(question.payload(Answer(id="", title="")))
    check_question(answers, by_template=bool(wanted.template), prefix=prefix)
    can_be_typed = wanted.choice is not ChannelChoice.WHATSAPP
    numbers = {str(place): place for place in range(1, len(answers) + 1)} if can_be_typed else {}
    taken: set[str | None] = {folded(wanted.code)} if wanted.code else set()
    for place, answer in enumerate(answers, 1):
        said = {folded(answer.title), folded(answer.id)}
        if any(numbers.get(one or "", place) != place for one in said):
            raise refused(translation_key="ask_answer_is_a_number", field=f"answers {place}")
        if not said.isdisjoint(taken):
            raise ContentError(ContentProblem.TWICE, field=f"answers {place}")
        taken |= said


def _template(data: Mapping[str, Any]) -> Template | None:
    name, language = text_of(data, "template"), text_of(data, "language")
    parameters = parameters_of(data)
    if not (name or language or parameters):
        return None
    for field_name, text in (("template", name), ("language", language)):
        if not text:
            raise ContentError(ContentProblem.EMPTY, field=field_name)
    return Template(name=name or "", language=language or "", parameters=parameters)


def _name(data: Mapping[str, Any]) -> str | None:
    """Return what triggers know the question by; white space around it does not count."""
    name = (text_of(data, "question") or "").strip() or None
    if name and len(name) > MAX_NAME_CHARACTERS:
        raise ContentError(ContentProblem.TOO_LONG, field="question", limit=MAX_NAME_CHARACTERS)
    return name


def _code(data: Mapping[str, Any]) -> str | None:
    """Return what has to be typed with an answer: one word, None for none.

    One that is there but empty is an error: who has cleared the helper it comes from wants a code.
    """
    if (code := text_of(data, "code")) is None:
        return None
    word = folded(code) or ""
    if len(word) < MIN_CODE_CHARACTERS or " " in word:
        raise refused(translation_key="ask_code_too_short", limit=str(MIN_CODE_CHARACTERS))
    return code


def _waits(data: Mapping[str, Any]) -> bool:
    if (given := data.get("wait")) is None:
        return True
    try:
        return bool(cv.boolean(given))
    except vol.Invalid:
        raise ContentError(ContentProblem.INVALID, field="wait") from None


def _timeout(data: Mapping[str, Any], *, waits: bool) -> timedelta:
    if (given := data.get("timeout")) is None:
        return DEFAULT_TIMEOUT
    most = MAX_TIMEOUT if waits else MAX_TIMEOUT_UNWAITED
    try:
        timeout: timedelta = cv.time_period(given)
    # A number of seconds that is endless, or none, cannot be made a time.
    except vol.Invalid, OverflowError, ValueError:
        timeout = timedelta()
    if not timedelta(seconds=1) <= timeout <= most:
        raise refused(translation_key="ask_timeout", hours=str(most // timedelta(hours=1)))
    return timeout
