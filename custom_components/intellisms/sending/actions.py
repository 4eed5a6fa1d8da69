"""The action *Send message*: text, buttons, lists and pictures to contacts and numbers."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from homeassistant.const import CONF_EXCLUDE
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..const import CONF_NUMBERS, DOMAIN
from ..protocol import Answer, ContentError, ContentProblem, Draft, Outgoing, SendChannel
from ..receiving.data import IntelliSMSConfigEntry, async_number_of_device
from ..target import TARGET_KINDS
from .account import sending_of
from .data import Letter
from .recipients import ChannelChoice, Recipient, async_recipients

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
_FIELDS: Final = (
    "message",
    "channel",
    "answers",
    "picture_url",
    "header",
    "footer",
    "virtual_number",
    "sender_id",
    "max_parts",
    CONF_NUMBERS,
)
# What stands in the fields is checked by the handler: a schema's errors quote what was entered,
# are in English, and go to the log.
SEND_MESSAGE_SCHEMA: Final = vol.Schema(
    {vol.Optional(name): object for name in (*TARGET_KINDS, CONF_EXCLUDE, *_FIELDS)}
)


async def async_send_message(call: ServiceCall) -> ServiceResponse:
    """Send a message to each recipient, and return what the provider said of each.

    ServiceValidationError or Unauthorized before anything goes out; SendingError where some of it
    did not.
    """
    hass = call.hass
    entry = _entry(hass)
    sender = sending_of(hass, entry).sender
    recipients = await async_recipients(call, entry)
    with explained():
        letters = _letters(hass, entry, call.data, recipients)
    sent = await sender.async_send(letters, call.context)
    return {"messages": [one.as_response() for one in sent]} if call.return_response else None


def _entry(hass: HomeAssistant) -> IntelliSMSConfigEntry:
    """Return the account, of which there is one; ServiceValidationError where it is not loaded."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        return entry
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_loaded")


@contextmanager
def explained() -> Generator[None]:
    """Say in the language of whoever asked what cannot be sent."""
    try:
        yield
    except ContentError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=err.problem,
            translation_placeholders=err.placeholders,
        ) from None


def letter_to(
    entry: IntelliSMSConfigEntry,
    recipient: Recipient,
    draft: Draft,
    *,
    choice: ChannelChoice = ChannelChoice.AUTOMATIC,
    sender: str | None = None,
) -> Letter:
    """Return what goes to a recipient, and how; ContentError or ServiceValidationError if it cannot."""
    route = recipient.route(choice, sender, entry.runtime_data.directory)
    by_whatsapp = route.channel is SendChannel.WHATSAPP
    if choice is ChannelChoice.AUTOMATIC and draft.needs_whatsapp and not by_whatsapp:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="needs_whatsapp",
            translation_placeholders={"who": recipient.label},
        )
    outgoing = Outgoing(to=route.to, sender=route.sender, content=draft.content(route.channel))
    return Letter(outgoing=outgoing, entity_id=recipient.entity_id, position=recipient.position)


def _letters(
    hass: HomeAssistant,
    entry: IntelliSMSConfigEntry,
    data: Mapping[str, Any],
    recipients: list[Recipient],
) -> list[Letter]:
    """Return what goes to each."""
    choice, draft = _channel(data), _draft(hass, data)
    sender = _sender(hass, data, by_whatsapp=choice is ChannelChoice.WHATSAPP)
    return [letter_to(entry, one, draft, choice=choice, sender=sender) for one in recipients]


# ---- the fields -------------------------------------------------------------------


def _draft(hass: HomeAssistant, data: Mapping[str, Any]) -> Draft:
    """Return what is to be said."""
    return Draft(
        message=_text(data, "message"),
        answers=_answers(data),
        header=_text(data, "header"),
        footer=_text(data, "footer"),
        picture_url=_text(data, "picture_url"),
        list_button=_LIST_BUTTONS.get(hass.config.language[:2], _LIST_BUTTONS["en"]),
        max_parts=_max_parts(data),
    )


def _channel(data: Mapping[str, Any]) -> ChannelChoice:
    chosen = _text(data, "channel") or ChannelChoice.AUTOMATIC
    if chosen not in ChannelChoice:
        raise ContentError(ContentProblem.INVALID, field="channel")
    return ChannelChoice(chosen)


def _sender(hass: HomeAssistant, data: Mapping[str, Any], *, by_whatsapp: bool) -> str | None:
    """Return the number or sender id that was named, if any."""
    device_id, sender_id = _text(data, "virtual_number"), _text(data, "sender_id")
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


def _answers(data: Mapping[str, Any]) -> tuple[Answer, ...]:
    """Return the answers: texts, or each an id and a text."""
    given = data.get("answers")
    several = [] if given is None else cv.ensure_list(given)
    return tuple(_answer(f"answers {place}", one) for place, one in enumerate(several, 1))


def _answer(name: str, given: Any) -> Answer:
    if not isinstance(given, Mapping):
        given = {"text": given}
    if not given.keys() <= {"id", "text"}:
        raise ContentError(ContentProblem.INVALID, field=name)
    title, answer_id = (_words(name, given.get(key)) for key in ("text", "id"))
    return Answer(id=title or "" if answer_id is None else answer_id, title=title or "")


def _text(data: Mapping[str, Any], name: str) -> str | None:
    return _words(name, data.get(name))


def _words(name: str, value: Any) -> str | None:
    """Return what a person wrote, None for nothing; ContentError where it is no text.

    YAML makes a truth of Yes and No without quotes, and a template a number of digits.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ContentError(ContentProblem.INVALID, field=name)
