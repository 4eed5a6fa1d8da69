"""Actions that send, to contacts and numbers."""

from dataclasses import replace
from typing import Final

from homeassistant.const import CONF_EXCLUDE
from homeassistant.core import ServiceCall, ServiceResponse
import voluptuous as vol

from ..const import CONF_NUMBERS
from ..target import TARGET_KINDS
from .account import entry_of, sending_of
from .fields import channel_of, draft_of, sender_of
from .letters import explained, letter_to
from .pictures import FIELD as PICTURE, async_picture
from .recipients import ChannelChoice, async_recipients

_FIELDS: Final = (
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
        sent = await sender.async_send(letters, call.context)
    return {"messages": [one.as_response() for one in sent]} if call.return_response else None
