"""The time at which something is due: kept while automations run, caught up with after a start."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_point_in_utc_time
from homeassistant.helpers.start import async_at_started

from ..const import DOMAIN

# What was due while Home Assistant was off is done this long after the start, since in 2026.7
# automations are armed only at that moment.
START_PAUSE = timedelta(seconds=5)


class Clock:
    """Calls when the time has come, while automations run."""

    def __init__(self, hass: HomeAssistant, call: Callable[[], None]) -> None:
        """Wait for nothing yet."""
        self._hass = hass
        self._call = call
        self._at: datetime | None = None
        self._runs = False
        # What calls off the wait for the start, or the pause after it.
        self._stop_start: CALLBACK_TYPE = _nothing
        self._stop_timer: CALLBACK_TYPE = _nothing

    @callback
    def async_start(self) -> None:
        """Call from a moment after Home Assistant's start on."""
        self._stop_start = _nothing
        stop = async_at_started(self._hass, self._pause)
        # If Home Assistant runs, the pause has begun by now.
        if self._stop_start is _nothing:
            self._stop_start = stop

    @callback
    def async_stop(self) -> None:
        """Call no more."""
        self._stop_start()
        self._stop_start = _nothing
        self._runs = False
        self.async_set(self._at)

    @callback
    def async_set(self, at: datetime | None) -> None:
        """Call at a time, or never, instead of when it was to be before."""
        self._at = at
        self._stop_timer()
        self._stop_timer = _nothing
        if self._runs and at:
            self._stop_timer = async_track_point_in_utc_time(self._hass, self._job(self._due), at)

    @callback
    def _pause(self, _hass: HomeAssistant) -> None:
        self._stop_start = async_call_later(self._hass, START_PAUSE, self._job(self._begin))

    @callback
    def _begin(self, _now: datetime) -> None:
        self._stop_start = _nothing
        self._runs = True
        self.async_set(self._at)

    @callback
    def _due(self, _now: datetime) -> None:
        self._stop_timer = _nothing
        self._call()

    def _job(self, call: Callable[[datetime], Any]) -> HassJob[[datetime], Any]:
        # Core calls the timer off when Home Assistant stops: what it is for is done after the start.
        return HassJob(call, f"{DOMAIN} questions", cancel_on_shutdown=True)


def _nothing() -> None:
    """Stop nothing."""
