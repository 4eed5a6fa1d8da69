"""What a person wrote into the fields of an action, read and checked.

It is not checked by a schema, whose errors quote what was entered, are in English, and go to
the log.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv

from ..protocol import Answer, ContentError, ContentProblem, Draft, Template
from ..receiving.data import async_number_of_device
from .recipients import ChannelChoice

DEFAULT_MAX_PARTS: Final = 6
# Parts of a text that a person may allow.
MOST_PARTS: Final = 20
# The button that opens a list of answers, by the language of Home Assistant.
_LIST_BUTTONS: Final = {
    "de": "Auswählen",
    "en": "Choose",
    "es": "Elegir",
    "fr": "Choisir",
    "it": "Scegli",
    "nl": "Kiezen",
    "pl": "Wybierz",
}


def draft_of(hass: HomeAssistant, data: Mapping[str, Any]) -> Draft:
    """Return what is to be said."""
    return Draft(
        message=text_of(data, "message"),
        answers=answers_of(data),
        header=text_of(data, "header"),
        footer=text_of(data, "footer"),
        picture_url=text_of(data, "picture_url"),
        list_button=in_language(hass, _LIST_BUTTONS),
        max_parts=_max_parts(data),
    )


def template_of(data: Mapping[str, Any]) -> Template:
    """Return which template is to be sent, and what fills its gaps."""
    return Template(
        name=text_of(data, "name") or "",
        language=text_of(data, "language") or "",
        parameters=parameters_of(data),
        picture_url=text_of(data, "picture_url") or None,
        answers=_several("answers", data.get("answers")),
    )


def parameters_of(data: Mapping[str, Any]) -> tuple[str, ...] | dict[str, str]:
    """Return what fills a template's gaps: by their names if there are any, else in their order."""
    given = data.get("parameters")
    if not isinstance(given, Mapping):
        return _several("parameters", given)
    return dict(zip(map(str, given), _several("parameters", [*given.values()]), strict=True))


def _several(name: str, given: Any) -> tuple[str, ...]:
    several = [] if given is None else cv.ensure_list(given)
    return tuple(words(f"{name} {place}", one) or "" for place, one in enumerate(several, 1))


def message_id_of(data: Mapping[str, Any]) -> str | None:
    """Return the id of the message that is meant, if any."""
    return text_of(data, "message_id") or None


def in_language(hass: HomeAssistant, texts: Mapping[str, str]) -> str:
    """Return the one of the texts, which are by language, that Home Assistant speaks."""
    return texts.get(hass.config.language[:2], texts["en"])


def channel_of(data: Mapping[str, Any]) -> ChannelChoice:
    """Return which way it is to go."""
    chosen = text_of(data, "channel") or ChannelChoice.AUTOMATIC
    if chosen not in ChannelChoice:
        raise ContentError(ContentProblem.INVALID, field="channel")
    return ChannelChoice(chosen)


def sender_of(hass: HomeAssistant, data: Mapping[str, Any], *, by_whatsapp: bool) -> str | None:
    """Return the number or sender id that was named, if any."""
    device_id, sender_id = text_of(data, "virtual_number"), text_of(data, "sender_id")
    if sender_id and (by_whatsapp or not any(one.isalpha() for one in sender_id)):
        # By WhatsApp only numbers write, and one that is ours is chosen by its device.
        raise ContentError(ContentProblem.INVALID, field="sender_id")
    if not device_id:
        return sender_id or None
    if sender_id:
        raise ContentError(ContentProblem.TOO_MANY, field="virtual_number, sender_id", limit=1)
    return async_number_of_device(hass, device_id)[1]


def _max_parts(data: Mapping[str, Any]) -> int:
    value = data.get("max_parts")
    if value is None:
        return DEFAULT_MAX_PARTS
    try:
        parts = int(value)
        is_whole = not isinstance(value, bool) and parts == float(value)
    except TypeError, ValueError, OverflowError:
        is_whole = False
    if not is_whole or not 1 <= parts <= MOST_PARTS:
        raise ContentError(ContentProblem.INVALID, field="max_parts")
    return parts


def answers_of(data: Mapping[str, Any]) -> tuple[Answer, ...]:
    """Return the answers: texts, or each an id and a text."""
    given = data.get("answers")
    several = [] if given is None else cv.ensure_list(given)
    return tuple(_answer(f"answers {place}", one) for place, one in enumerate(several, 1))


def _answer(name: str, given: Any) -> Answer:
    if not isinstance(given, Mapping):
        given = {"text": given}
    if not given.keys() <= {"id", "text"}:
        raise ContentError(ContentProblem.INVALID, field=name)
    title, answer_id = (words(name, given.get(key)) for key in ("text", "id"))
    return Answer(id=title or "" if answer_id is None else answer_id, title=title or "")


def text_of(data: Mapping[str, Any], name: str) -> str | None:
    """Return what stands in a field, None for nothing; ContentError where it is no text."""
    return words(name, data.get(name))


def words(name: str, value: Any) -> str | None:
    """Return what a person wrote, None for nothing; ContentError where it is no text.

    YAML makes a truth of Yes and No without quotes, and a template a number of digits.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ContentError(ContentProblem.INVALID, field=name)
