"""The sensors of the floor: as many as ours that are enabled."""

from typing import Any

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType
from homeassistant.util import dt as dt_util

from . import SIGNAL


async def async_setup_platform(
    _hass: HomeAssistant,
    _config: ConfigType,
    async_add_entities: AddEntitiesCallback,
    _discovery_info: DiscoveryInfoType | None = None,
) -> None:
    """Add the sensors."""
    async_add_entities(
        FloorSensor(name) for name in ("text", "from", "received", "total", "contact", "ignored")
    )


class FloorSensor(SensorEntity):
    """Shows something of the last message."""

    _attr_should_poll = False

    def __init__(self, name: str) -> None:
        """Show what is called so."""
        self._shown = name
        self._attr_name = f"Floor {name}"
        self._total = 0

    async def async_added_to_hass(self) -> None:
        """Listen."""
        self.async_on_remove(async_dispatcher_connect(self.hass, SIGNAL, self._received))

    @callback
    def _received(self, message: dict[str, Any]) -> None:
        self._total += 1
        match self._shown:
            case "text":
                self._attr_native_value = message["content"]["text"]
                self._attr_extra_state_attributes = {"text": message["content"]["text"]}
            case "from":
                self._attr_native_value = message["from"]
            case "total":
                self._attr_native_value = self._total
            case "ignored":
                self._attr_native_value = 0
            case _:
                self._attr_native_value = dt_util.utcnow().isoformat(timespec="seconds")
        self.async_write_ha_state()
