"""A camera at the door, which always shows the same picture."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.discovery import async_load_platform
from homeassistant.helpers.typing import ConfigType

DOMAIN = "doorbell"


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Add the camera."""
    hass.async_create_task(async_load_platform(hass, Platform.CAMERA, DOMAIN, {}, config))
    return True
