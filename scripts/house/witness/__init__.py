"""Write down what happens to each message, where a SIGKILL cannot take it back.

With `api_url` it also lets the integration speak to a stand-in for the provider's API
(`provider_api.py`): the integration itself has no switch for that.

A line is one `write` to a file, within the very call of the event or the action: no
buffer, no thread and no await stands between what happened and the kernel's copy of it.
"""

from importlib import import_module
import os
import time

from homeassistant.core import Event, HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

DOMAIN = "witness"
CLIENT, API_URL = "custom_components.intellisms.sending.client", "API_URL"
# `witness:` alone is empty, not an object.
CONFIG_SCHEMA = vol.Schema(
    {DOMAIN: vol.Any(None, {vol.Optional("api_url"): cv.string})}, extra=vol.ALLOW_EXTRA
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Listen to the bus, and offer the action that automations call."""
    if api_url := (config[DOMAIN] or {}).get("api_url"):
        client = await hass.async_add_import_executor_job(import_module, CLIENT)
        setattr(client, API_URL, api_url)
    path = hass.config.path("witness.log")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @callback
    def write(what: str, message_id: str) -> None:
        os.write(file, f"{what} {time.monotonic()} {message_id}\n".encode())

    @callback
    def fired(event: Event) -> None:
        write("bus", event.data["message_id"])

    @callback
    def note(call: ServiceCall) -> None:
        write(call.data["what"], call.data["message_id"])

    hass.bus.async_listen("intellisms_message_received", fired)
    hass.services.async_register(DOMAIN, "note", note)
    return True
