"""What a loaded config entry holds."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr

from ..const import CONF_NUMBER, DOMAIN, SUBENTRY_VIRTUAL_NUMBER
from .directory import Directory
from .journal import Journal
from .memory import Memory
from .questions import Questions
from .receiver import Receiver

type IntelliSMSConfigEntry = ConfigEntry[IntelliSMSData]


@dataclass(frozen=True, kw_only=True, slots=True)
class IntelliSMSData:
    """The parts of a loaded config entry."""

    directory: Directory
    memory: Memory
    receiver: Receiver

    @property
    def journal(self) -> Journal:
        """Return the ids seen and the last messages."""
        return self.memory.journal

    @property
    def questions(self) -> Questions:
        """Return the questions that were asked."""
        return self.memory.questions


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


@callback
def async_number_of_device(
    hass: HomeAssistant, device_id: str
) -> tuple[IntelliSMSConfigEntry, str]:
    """Return a device's loaded entry and virtual number; ServiceValidationError if it has none."""
    found = async_subentry_of_device(hass, device_id)
    if found is None or found[1].subentry_type != SUBENTRY_VIRTUAL_NUMBER:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="virtual_number_not_found"
        )
    return found[0], found[1].data[CONF_NUMBER]
