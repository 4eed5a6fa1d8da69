"""An integration that takes as many seconds to set up as it is configured to."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

DOMAIN = "slow_neighbour"
CONFIG_SCHEMA = vol.Schema(
    {vol.Required(DOMAIN): {vol.Required("seconds"): cv.positive_float}}, extra=vol.ALLOW_EXTRA
)


async def async_setup(_hass: HomeAssistant, config: ConfigType) -> bool:
    """Keep whoever comes after us waiting."""
    await asyncio.sleep(config[DOMAIN]["seconds"])
    return True
