"""Write down what happens to each message, where a SIGKILL cannot take it back.

A line is one `write` to a file, within the very call of the event or the action: no
buffer, no thread and no await stands between what happened and the kernel's copy of it.
"""

import os
import time

from homeassistant.core import Event, HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

DOMAIN = "witness"
CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Listen to the bus, and offer the action that automations call."""
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
