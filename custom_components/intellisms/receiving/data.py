"""What a loaded config entry holds."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from ..const import DOMAIN
from .directory import Directory
from .journal import Journal
from .receiver import Receiver

type IntelliSMSConfigEntry = ConfigEntry[IntelliSMSData]


@dataclass(frozen=True, kw_only=True, slots=True)
class IntelliSMSData:
    """The parts of a loaded config entry."""

    directory: Directory
    journal: Journal
    receiver: Receiver


@callback
def async_subentry_of_device(
    hass: HomeAssistant, device_id: str
) -> tuple[IntelliSMSConfigEntry, ConfigSubentry] | None:
    """Return the virtual number or contact that a device is, if its entry is loaded."""
    if (device := dr.async_get(hass).async_get(device_id)) is None:
        return None
    ids = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        for subentry_id in ids & entry.subentries.keys():
            return entry, entry.subentries[subentry_id]
    return None
