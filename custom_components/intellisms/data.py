"""What a loaded config entry holds."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

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
