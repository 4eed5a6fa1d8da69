"""Actions that send: to contacts and numbers, and to whoever wrote."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from homeassistant.const import CONF_EXCLUDE
from homeassistant.core import ServiceCall, ServiceResponse
import voluptuous as vol

from ..const import CONF_NUMBERS
from ..target import TARGET_KINDS
from .account import entry_of, sending_of
from .data import Letter
from .fields import channel_of, draft_of, sender_of, template_of
from .letters import explained, letter_to, letter_with
from .pictures import FIELD as PICTURE, async_picture
from .recipients import ChannelChoice, async_recipients
from .replies import answered, async_author, letter_back
from .sender import Sender

_RECIPIENTS: Final = (*TARGET_KINDS, CONF_EXCLUDE, CONF_NUMBERS)
_MESSAGE: Final = (
    "message",
    "channel",
    "answers",
    PICTURE,
    "picture_url",
    "header",
    "footer",
    "virtual_number",
    "sender_id",
    "max_parts",
)
_TEMPLATE: Final = (
    "name",
    "language",
    "parameters",
    "answers",
    PICTURE,
    "picture_url",
    "virtual_number",
)


def _schema(*names: str) -> vol.Schema:
    """Return a schema of these fields, in which anything may stand.

    That is checked by the handler: a schema's errors quote what was entered, are in English, and
    go to the log.
    """
    return vol.Schema({vol.Optional(name): object for name in names})


SEND_MESSAGE_SCHEMA: Final = _schema(*_RECIPIENTS, *_MESSAGE)
SEND_TEMPLATE_SCHEMA: Final = _schema(*_RECIPIENTS, *_TEMPLATE)
REPLY_SCHEMA: Final = _schema("message_id", *_MESSAGE)


async def async_send_message(call: ServiceCall) -> ServiceResponse:
    """Send a message to each recipient, and return what the provider said of each.

    ServiceValidationError or Unauthorized before anything goes out; SendingError where some of it
    did not.
    """
    hass = call.hass
    entry = entry_of(hass)
    sender = sending_of(hass, entry).sender
    recipients = await async_recipients(call, entry)
    with explained():
        choice, draft = channel_of(call.data), draft_of(hass, call.data)
        by = sender_of(hass, call.data, by_whatsapp=choice is ChannelChoice.WHATSAPP)
    async with async_picture(call, entry) as link:
        with explained():
            letters = [
                letter_to(entry, one, replace(draft, picture_url=link()), choice=choice, sender=by)
                for one in recipients
            ]
        return await _send(call, sender, letters)


async def async_send_template(call: ServiceCall) -> ServiceResponse:
    """Send a text that WhatsApp has approved, as `async_send_message` does."""
    hass = call.hass
    entry = entry_of(hass)
    sender = sending_of(hass, entry).sender
    recipients = await async_recipients(call, entry)
    with explained():
        template = template_of(call.data)
        by = sender_of(hass, call.data, by_whatsapp=True)
    async with async_picture(call, entry) as link:
        with explained():
            letters = [
                letter_with(entry, one, replace(template, picture_url=link()), sender=by)
                for one in recipients
            ]
        return await _send(call, sender, letters)


async def async_reply(call: ServiceCall) -> ServiceResponse:
    """Answer a message, as `async_send_message` does."""
    hass = call.hass
    entry = entry_of(hass)
    sender = sending_of(hass, entry).sender
    with explained():
        delivery = answered(call, entry)
        author = await async_author(call, entry, delivery)
        draft = draft_of(hass, call.data)
    async with async_picture(call, entry) as link:
        with explained():
            pictured = replace(draft, picture_url=link())
            letter = letter_back(call, entry, delivery, author, pictured)
        return await _send(call, sender, [letter])


async def _send(call: ServiceCall, sender: Sender, letters: Sequence[Letter]) -> ServiceResponse:
    sent = await sender.async_send(letters, call.context)
    return {"messages": [one.as_response() for one in sent]} if call.return_response else None
