"""Actions."""

from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers.service import async_register_admin_service

from .const import DOMAIN
from .sending.actions import (
    REPLY_SCHEMA,
    SEND_MESSAGE_SCHEMA,
    SEND_TEMPLATE_SCHEMA,
    async_reply,
    async_send_message,
    async_send_template,
)
from .sending.ask import ASK_SCHEMA, async_ask
from .simulate import SIMULATE_SCHEMA, async_simulate_message

SERVICE_ASK = "ask"
SERVICE_REPLY = "reply"
SERVICE_SEND_MESSAGE = "send_message"
SERVICE_SEND_TEMPLATE = "send_template"
SERVICE_SIMULATE_MESSAGE = "simulate_message"
# Whoever calls one of these needs rights for each recipient, which it checks itself.
_SENDING = {
    SERVICE_ASK: (async_ask, ASK_SCHEMA),
    SERVICE_REPLY: (async_reply, REPLY_SCHEMA),
    SERVICE_SEND_MESSAGE: (async_send_message, SEND_MESSAGE_SCHEMA),
    SERVICE_SEND_TEMPLATE: (async_send_template, SEND_TEMPLATE_SCHEMA),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, once for all entries and whether or not one is loaded."""
    for name, (handler, schema) in _SENDING.items():
        hass.services.async_register(
            DOMAIN, name, handler, schema, supports_response=SupportsResponse.OPTIONAL
        )
    async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_SIMULATE_MESSAGE,
        async_simulate_message,
        SIMULATE_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
