"""Keeping what was said off the disk, beyond our own files."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import DATA_INSTANCE

from .const import CONF_KEEP_OFF_DISK, EVENT_MESSAGE_RECEIVED
from .protocol import SAID


def keeps_off_disk(entry: ConfigEntry) -> bool:
    """Tell whether an account wants nothing that was said on the disk.

    Whoever needs to know asks each time: options change without a reload.
    """
    return bool(entry.options.get(CONF_KEEP_OFF_DISK))


def without_what_was_said(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event's data with the same keys, but nothing of what was said."""
    return {**event, **dict.fromkeys((*SAID, "answer"))}


class Privacy:
    """Keeps the recorder from writing message events while an account asks for it."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Leave the recorder as its own configuration has it."""
        self._hass = hass
        self._entry = entry
        # Whether it was us who excluded them, and not the recorder's configuration.
        self._excluded = False

    @callback
    def async_apply(self) -> None:
        """Exclude message events, or include them again, as the account asks for it now."""
        self._exclude(wanted=keeps_off_disk(self._entry))

    @callback
    def async_stop(self) -> None:
        """Leave the recorder as its own configuration has it again."""
        self._exclude(wanted=False)

    def _exclude(self, *, wanted: bool) -> None:
        """Exclude message events or not; what the recorder's configuration excludes stays so."""
        # The set is no part of the recorder's API, and was read in 2026.7.0 and 2026.11.0. A
        # release that has it no more must not keep us from starting.
        recorder = self._hass.data.get(DATA_INSTANCE)
        excluded: set[Any] | None = getattr(recorder, "exclude_event_types", None)
        if excluded is None or wanted == self._excluded:
            return
        if not wanted:
            excluded.discard(EVENT_MESSAGE_RECEIVED)
            self._excluded = False
        elif EVENT_MESSAGE_RECEIVED not in excluded:
            excluded.add(EVENT_MESSAGE_RECEIVED)
            self._excluded = True
