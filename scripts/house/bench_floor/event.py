"""The event entity of the floor."""

from typing import Any

from homeassistant.components.event import EventEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType

from . import SIGNAL, attributes


async def async_setup_platform(
    _hass: HomeAssistant,
    _config: ConfigType,
    async_add_entities: AddEntitiesCallback,
    _discovery_info: DiscoveryInfoType | None = None,
) -> None:
    """Add the one event entity."""
    async_add_entities([FloorEvent()])


class FloorEvent(EventEntity):
    """Fires for each message."""

    _attr_name = "Floor message"
    _attr_event_types = ["text"]  # noqa: RUF012
    _unrecorded_attributes = frozenset({"content"})

    async def async_added_to_hass(self) -> None:
        """Listen."""
        self.async_on_remove(async_dispatcher_connect(self.hass, SIGNAL, self._received))

    @callback
    def _received(self, message: dict[str, Any]) -> None:
        self._trigger_event("text", attributes(message))
        self.async_write_ha_state()
