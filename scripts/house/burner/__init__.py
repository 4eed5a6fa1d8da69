"""Keep Home Assistant's own process busy, as a neighbour that computes does.

The threads share one interpreter with everything else: whoever gives up its lock waits for
some milliseconds behind each of them.
"""

from threading import Event, Thread

from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

DOMAIN = "burner"
CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Offer the action that starts threads, or with none of them ends all."""
    resting = Event()

    def burn() -> None:
        while not resting.is_set():
            sum(range(1000))

    @callback
    def start_burning(call: ServiceCall) -> None:
        resting.clear() if call.data["threads"] else resting.set()
        for _ in range(call.data["threads"]):
            Thread(target=burn, daemon=True).start()

    hass.services.async_register(DOMAIN, "burn", start_burning)
    return True
