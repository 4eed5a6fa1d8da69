"""Actions: try out automations without paying for a text."""

from datetime import timedelta
from secrets import token_urlsafe

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import CONF_NUMBER, DOMAIN, SUBENTRY_VIRTUAL_NUMBER
from .protocol import ChannelName, Message, MessageType, raw_fields
from .receiving.data import IntelliSMSConfigEntry, async_subentry_of_device
from .receiving.directory import Contact
from .receiving.receiver import SenderNotAcceptedError
from .typed_numbers import TypedNumberError, typed_number

SERVICE_SIMULATE_MESSAGE = "simulate_message"

_SIMULATE_SCHEMA = vol.Schema(
    {
        vol.Required("virtual_number"): cv.string,
        vol.Optional("from"): cv.string,
        vol.Optional("channel"): cv.string,
        vol.Optional("type", default=MessageType.TEXT.value): cv.string,
        vol.Optional("text"): cv.string,
        vol.Optional("button_id"): cv.string,
        vol.Optional("button_text"): cv.string,
        vol.Optional("media_url"): cv.string,
        vol.Optional("user_data"): cv.string,
        vol.Optional("reply_to"): cv.string,
        vol.Optional("raw"): dict,
        vol.Optional("age", default=timedelta()): cv.positive_time_period,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, once for all entries and whether or not one is loaded."""
    async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_SIMULATE_MESSAGE,
        _simulate_message,
        _SIMULATE_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _simulate_message(call: ServiceCall) -> ServiceResponse:
    """Publish a message as if it had been posted, marked as simulated; return its event's data.

    ServiceValidationError where what was entered names no number, contact or sender that is
    accepted, or where `raw` comes with a type that we read ourselves.
    """
    entry, number = _virtual_number(call.hass, call.data["virtual_number"])
    sender = await _sender(call.hass, entry, call.data.get("from"))
    button_text = call.data.get("button_text")
    raw = call.data.get("raw")
    if raw is not None and call.data["type"] in MessageType:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="raw_not_expected")
    by_sms = call.data["type"] in (MessageType.TEXT, MessageType.BINARY)
    message = Message(
        key="",
        type=call.data["type"],
        channel=call.data.get("channel", ChannelName.SMS if by_sms else ChannelName.WHATSAPP),
        to=number,
        sender=sender,
        text=call.data.get("text", button_text),
        button_id=call.data.get("button_id"),
        button_text=button_text,
        media_url=call.data.get("media_url"),
        user_data=call.data.get("user_data"),
        reply_to=call.data.get("reply_to"),
        **raw_fields(raw),
        message_id=f"simulated-{token_urlsafe(12)}",
        sent=dt_util.utcnow().replace(microsecond=0) - call.data["age"],
    )
    try:
        delivery = entry.runtime_data.receiver.async_simulate(message)
    except SenderNotAcceptedError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="sender_not_accepted"
        ) from err
    return delivery.as_event() if call.return_response else None


def _virtual_number(hass: HomeAssistant, device_id: str) -> tuple[IntelliSMSConfigEntry, str]:
    """Return a device's loaded entry and its number; ServiceValidationError if there is none."""
    found = async_subentry_of_device(hass, device_id)
    if found and found[1].subentry_type == SUBENTRY_VIRTUAL_NUMBER:
        return found[0], found[1].data[CONF_NUMBER]
    raise ServiceValidationError(
        translation_domain=DOMAIN, translation_key="virtual_number_not_found"
    )


async def _sender(
    hass: HomeAssistant, entry: IntelliSMSConfigEntry, typed: str | None
) -> str | None:
    """Return who a message is from: a contact's first number by name, or a number as typed.

    ServiceValidationError where what was typed is neither.
    """
    if typed is None:
        return None
    for listing in entry.runtime_data.directory:
        if isinstance(listing, Contact) and listing.name.casefold() == typed.strip().casefold():
            return listing.numbers[0]
    try:
        return (await typed_number(hass, typed)).number
    except TypedNumberError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key=err.problem
        ) from err
