"""Keeping what was said off the disk, beyond our own files."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import DATA_INSTANCE

from .const import EVENT_MESSAGE_RECEIVED
from .protocol import SAID


def without_what_was_said(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event's data with the same keys, but nothing of what was said."""
    return {**event, **dict.fromkeys(SAID)}


class Privacy:
    """Keeps the recorder from writing message events while an account asks for it."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Leave the recorder as its own configuration has it."""
        self._hass = hass
        self._excluded = False

    @callback
    def async_apply(self, *, keep_off_disk: bool) -> None:
        """Exclude message events, or include them again if it was us who excluded them."""
        # Not an API: a release that has it no more must not keep us from starting.
        recorder = self._hass.data.get(DATA_INSTANCE)
        excluded: set[Any] | None = getattr(recorder, "exclude_event_types", None)
        if excluded is None or keep_off_disk == self._excluded:
            return
        if not keep_off_disk:
            excluded.discard(EVENT_MESSAGE_RECEIVED)
            self._excluded = False
        elif EVENT_MESSAGE_RECEIVED not in excluded:
            excluded.add(EVENT_MESSAGE_RECEIVED)
            self._excluded = True
