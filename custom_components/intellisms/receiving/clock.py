"""The time at which something is due: kept while automations run, caught up with after a start."""

from collections.abc import Callable
from datetime import datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

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
        # Before this nothing is called; None before automations run, and after the stop.
        self._begins: datetime | None = None
        self._stop_start: CALLBACK_TYPE = _nothing
        self._stop_timer: CALLBACK_TYPE = _nothing

    @callback
    def async_start(self) -> None:
        """Call from a moment after Home Assistant's start on."""
        self._stop_start = async_at_started(self._hass, self._started)

    @callback
    def async_stop(self) -> None:
        """Call no more."""
        self._stop_start()
        self._begins = None
        self.async_set(None)

    @callback
    def async_set(self, at: datetime | None) -> None:
        """Call at a time, or never, instead of when it was to be before."""
        self._at = at
        self._stop_timer()
        self._stop_timer = _nothing
        if self._begins is None or at is None:
            return
        # Core calls the timer off when Home Assistant stops: what it is for is done after the start.
        job = HassJob(self._due, f"{DOMAIN} questions", cancel_on_shutdown=True)
        self._stop_timer = async_track_point_in_utc_time(self._hass, job, max(at, self._begins))

    @callback
    def _started(self, _hass: HomeAssistant) -> None:
        self._stop_start = _nothing
        self._begins = dt_util.utcnow() + START_PAUSE
        self.async_set(self._at)

    @callback
    def _due(self, _now: datetime) -> None:
        self._stop_timer = _nothing
        self._call()


def _nothing() -> None:
    """Stop nothing."""
