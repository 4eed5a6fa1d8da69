"""Keep Home Assistant's own process busy, as a neighbour that computes does.

The threads share one interpreter with everything else: whoever gives up its lock waits for
some milliseconds behind each of them.
"""

from threading import Thread
import time

from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

DOMAIN = "burner"
CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Offer the action that starts the threads."""

    @callback
    def burn(call: ServiceCall) -> None:
        until = time.monotonic() + call.data["seconds"]
        for _ in range(call.data["threads"]):
            Thread(target=_burn, args=(until,), daemon=True).start()

    hass.services.async_register(DOMAIN, "burn", burn)
    return True


def _burn(until: float) -> None:
    while time.monotonic() < until:
        sum(range(1000))
