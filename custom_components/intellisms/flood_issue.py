"""The repair issue that tells of a flood: how many messages were put off, and since when."""

from datetime import datetime, timedelta
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util

from .const import Issue
from .faults import guarded
from .raised_issues import Expiry, Issues
from .receiving.signals import signal_flood

_LOGGER = logging.getLogger(__name__)

# How long after the last message that was put off a flood is over.
FLOOD_OVER = timedelta(hours=1)
# Each change of an issue is written to the disk and sent to all who look.
FLOOD_PACE_SECONDS = 60


class FloodIssue:
    """Raises the issue, counts on in it, and clears it an hour after the last message."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, issues: Issues) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._issues = issues
        self._expiry = Expiry(hass, issues, Issue.FLOOD)
        # How many messages were put off that the issue does not tell of yet.
        self._untold = 0
        self._tell_soon = Debouncer(
            hass, _LOGGER, cooldown=FLOOD_PACE_SECONDS, immediate=True, function=guarded(self._tell)
        )

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded; an issue that a reload outlived goes on."""
        signal = signal_flood(self._entry.entry_id)
        for unsubscribe in (
            async_dispatcher_connect(self._hass, signal, guarded(self._put_off)),
            self._tell_soon.async_shutdown,
            guarded(self._stop),
        ):
            self._entry.async_on_unload(unsubscribe)
        if (raised := self._issues.get(Issue.FLOOD)) and raised.data:
            last = datetime.fromisoformat(str(raised.data["last"]))
            self._expiry.async_begin(last + FLOOD_OVER - dt_util.utcnow())

    @callback
    def _put_off(self, messages: int) -> None:
        """Count messages that were put off; of the first the issue tells at once."""
        self._untold += messages
        self._tell_soon.async_schedule_call()

    @callback
    def _tell(self) -> None:
        """Tell how often messages of who sent too many were put off, and since when."""
        now = dt_util.utcnow().isoformat()
        raised = self._issues.get(Issue.FLOOD)
        before = (raised and raised.data) or {}
        count = self._untold + int(before.get("count") or 0)
        self._untold = 0
        since = str(before.get("since") or now)
        self._issues.create(
            Issue.FLOOD,
            placeholders={"count": str(count), "since": _local(since)},
            data={"count": count, "since": since, "last": now},
        )
        self._expiry.async_begin(FLOOD_OVER)

    @callback
    def _stop(self) -> None:
        """Tell the rest, since the issue outlives a reload; where the entry ends it is gone."""
        if self._untold and self._issues.get(Issue.FLOOD):
            self._tell()
        self._expiry.async_stop()


def _local(when: str) -> str:
    """Write an ISO 8601 time as the house's clock shows it, in no language."""
    return f"{dt_util.as_local(datetime.fromisoformat(when)):%Y-%m-%d %H:%M}"
