"""Which automations and scripts have chosen a virtual number or contact that is gone.

Their triggers and conditions match nobody, and nothing else would tell.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_CALL_SERVICE, SERVICE_RELOAD
from homeassistant.core import CoreState, HomeAssistant, callback, split_entity_id
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.debounce import Debouncer

from .const import DOMAIN, EVENT_AUTOMATION_RELOADED, DeviceModel

_LOGGER = logging.getLogger(__name__)

# What Home Assistant may take to remove an automation or to reload its scripts.
SOON_SECONDS = 5
# Automations and scripts that are looked at in one go, before others get their turn.
PART = 20

_DOMAINS = ("automation", "script")
_DEVICE_FIELDS = {
    "virtual_number": DeviceModel.VIRTUAL_NUMBER,
    "contacts": DeviceModel.CONTACT,
}

# The names of automations and scripts by their entity ids.
type Gone = Mapping[str, str]


class Choices:
    """Looks at what was chosen whenever that, or what there is to choose, may have changed."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, tell: Callable[[Gone], None]
    ) -> None:
        """Prepare; after each look `tell` is called with those whose choice is gone."""
        self._hass = hass
        self._entry = entry
        self._tell = tell
        self._looking: asyncio.Task[None] | None = None
        self._look_soon = Debouncer(
            hass, _LOGGER, cooldown=SOON_SECONDS, immediate=False, function=self.async_look
        )

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded."""
        listen = self._hass.bus.async_listen
        for unsubscribe in (
            listen(EVENT_AUTOMATION_RELOADED, self.async_look),
            # Core removes a subentry's device only after it has told of the subentry.
            listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self.async_look, _is_removal),
            listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._changing, _is_removal_of_an_automation),
            listen(EVENT_CALL_SERVICE, self._changing, _is_reload_of_scripts),
            self._look_soon.async_shutdown,
        ):
            self._entry.async_on_unload(unsubscribe)

    @callback
    def _changing(self, _event: Any) -> None:
        """Look when what was begun is done; core does not tell of that."""
        self._look_soon.async_schedule_call()

    @callback
    def async_look(self, _event: Any = None) -> None:
        """Look anew, in the place of a look that is under way."""
        if self._hass.state is not CoreState.running:
            return
        if self._looking:
            self._looking.cancel()
        self._looking = self._entry.async_create_background_task(
            self._hass, self._look(), "intellisms choices"
        )

    async def _look(self) -> None:
        """Look at one part after the other: hundreds at once would hold everything else up."""
        gone = {}
        for count, entity in enumerate(list(_automations(self._hass)), 1):
            if any(self._is_gone(*choice) for choice in _choices(entity.raw_config)):
                gone[entity.entity_id] = str(entity.name or entity.entity_id)
            if count % PART == 0:
                await asyncio.sleep(0)
        self._tell(gone)

    def _is_gone(self, device_id: str, model: DeviceModel) -> bool:
        """Tell whether a device is none of ours any more, of the kind that is meant."""
        device = dr.async_get(self._hass).async_get(device_id)
        return not isinstance(device, dr.DeviceEntry) or device.model != model


def _automations(hass: HomeAssistant) -> Iterator[Any]:
    """Iterate over the entities of automations and scripts.

    Importing their components would load them. That these lie in `hass.data` under their
    domains, and that their entities have a `raw_config`, was read in 2026.7.0 and 2026.11.0.
    """
    for domain in _DOMAINS:
        yield from getattr(hass.data.get(domain), "entities", ())


def _choices(config: Any) -> Iterator[tuple[str, DeviceModel]]:
    """Find the devices chosen in our triggers and conditions, however deep they stand."""
    if isinstance(config, Mapping):
        # What is switched off in the editor waits for nobody.
        if config.get("enabled") is False:
            return
        kinds = (config.get(key) for key in ("trigger", "platform", "condition"))
        if any(isinstance(kind, str) and kind.startswith(f"{DOMAIN}.") for kind in kinds):
            options = config.get("options") or {}
            for field, model in _DEVICE_FIELDS.items():
                chosen = options.get(field) or ()
                devices = (chosen,) if isinstance(chosen, str) else chosen
                yield from ((device_id, model) for device_id in devices)
        config = list(config.values())
    if isinstance(config, list | tuple):
        for part in config:
            yield from _choices(part)


@callback
def _is_removal(event_data: Mapping[str, Any]) -> bool:
    return bool(event_data["action"] == "remove")


@callback
def _is_removal_of_an_automation(event_data: Mapping[str, Any]) -> bool:
    return _is_removal(event_data) and split_entity_id(event_data["entity_id"])[0] in _DOMAINS


@callback
def _is_reload_of_scripts(event_data: Mapping[str, Any]) -> bool:
    return (event_data["domain"], event_data["service"]) == ("script", SERVICE_RELOAD)
