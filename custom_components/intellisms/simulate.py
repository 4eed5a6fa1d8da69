"""The action *Simulate message*: try out automations without paying for a text."""

from collections.abc import Mapping
from datetime import timedelta
import json
from secrets import token_urlsafe
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import DOMAIN
from .protocol import ChannelName, Message, MessageType, is_notice, parse, read_name
from .receiving.data import IntelliSMSConfigEntry, async_number_of_device
from .receiving.directory import Contact
from .receiving.receiver import SenderNotAcceptedError
from .typed_numbers import NumberKind, TypedNumberError, typed_sender

# What a raw message says by itself.
_CONTENT_FIELDS = {
    vol.Optional("text"): cv.string,
    vol.Optional("button_text"): cv.string,
    vol.Optional("media_url"): cv.string,
    vol.Optional("type"): cv.string,
    vol.Optional("button_id"): cv.string,
    vol.Optional("user_data"): cv.string,
    vol.Optional("reply_to"): cv.string,
}
SIMULATE_SCHEMA = vol.Schema(
    {
        vol.Required("virtual_number"): cv.string,
        vol.Optional("from"): cv.string,
        **_CONTENT_FIELDS,
        vol.Optional("channel"): cv.string,
        vol.Optional("age", default=timedelta()): cv.positive_time_period,
        # Without a content it is no message, but, say, a whole post that was copied.
        vol.Optional("raw"): vol.Schema({vol.Required("content"): dict}, extra=vol.ALLOW_EXTRA),
    }
)


async def async_simulate_message(call: ServiceCall) -> ServiceResponse:
    """Publish a message as if it had been posted, marked as simulated; return its event's data.

    ServiceValidationError where what was entered names no number, contact or sender that is
    accepted, or where `raw` comes with what it says by itself.
    """
    data = call.data
    entry, number = async_number_of_device(call.hass, data["virtual_number"])
    sender = await _sender(call.hass, entry, data["from"]) if "from" in data else None
    if "raw" not in data:
        message = _made(data, number, sender)
    elif data.keys() & {str(field) for field in _CONTENT_FIELDS}:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="raw_not_alone")
    else:
        message = _posted(data, number, sender)
    try:
        delivery = entry.runtime_data.receiver.async_simulate(message)
    except SenderNotAcceptedError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="sender_not_accepted"
        ) from err
    return delivery.as_event() if call.return_response else None


def _made(data: Mapping[str, Any], number: str, sender: str | None) -> Message:
    """Return the message that the fields describe."""
    kind = read_name(data.get("type")) or _kind(data)
    by_sms = kind in (MessageType.TEXT, MessageType.BINARY)
    button_text = data.get("button_text")
    text = data.get("text", button_text)
    return Message(
        key="",
        type=kind,
        channel=read_name(data.get("channel"))
        or (ChannelName.SMS if by_sms else ChannelName.WHATSAPP).value,
        to=number,
        sender=sender,
        text=text,
        button_id=data.get("button_id"),
        button_text=button_text,
        media_url=data.get("media_url"),
        user_data=data.get("user_data"),
        reply_to=data.get("reply_to"),
        notice=is_notice(kind, text),
        message_id=_message_id(),
        sent=dt_util.utcnow().replace(microsecond=0) - data["age"],
    )


def _kind(data: Mapping[str, Any]) -> str:
    """Return which type of message has the fields that are given."""
    # The buttons of a template mostly have no id, reply buttons always do.
    if data.get("button_id"):
        return MessageType.REPLY.value
    if data.get("button_text"):
        return MessageType.BUTTON.value
    if data.get("media_url"):
        return MessageType.IMAGE.value
    if data.get("user_data") and "text" not in data:
        return MessageType.BINARY.value
    return MessageType.TEXT.value


def _posted(data: Mapping[str, Any], number: str, sender: str | None) -> Message:
    """Read the raw message, as one that was sent to this number now, or as long ago as given."""
    element = data["raw"] | {
        "to": number,
        "messageid": _message_id(),
        "sent": (dt_util.utcnow() - data["age"]).isoformat(timespec="seconds"),
    }
    if sender is not None:
        element["from"] = sender
    if "channel" in data:
        element["channel"] = data["channel"]
    # YAML has dates, which are words in JSON.
    post = json.dumps({"messages": [element]}, default=str)
    [message] = [read for read in parse(post.encode()) if isinstance(read, Message)]
    return message


def _message_id() -> str:
    return f"simulated-{token_urlsafe(12)}"


async def _sender(hass: HomeAssistant, entry: IntelliSMSConfigEntry, typed: str) -> str:
    """Return who a message is from: a contact's first number by name, or a number as typed.

    ServiceValidationError where what was typed is neither. A name that is no contact's is
    most likely misspelt; as a sender's name it would be a stranger's.
    """
    directory = entry.runtime_data.directory
    for listing in directory:
        if isinstance(listing, Contact) and listing.name.casefold() == typed.strip().casefold():
            return listing.numbers[0]
    try:
        understood = await typed_sender(hass, typed)
    except TypedNumberError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key=err.problem
        ) from err
    if understood.kind is NumberKind.NAME and directory.contact(understood.number) is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="contact_not_found")
    return understood.number
