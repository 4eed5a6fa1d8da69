"""The repair issues that tell of no credit, and of too many messages in an hour."""

from datetime import datetime
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later

from .const import CONF_HOURLY_LIMIT, DEFAULT_HOURLY_LIMIT, Issue
from .faults import guarded
from .protocol import SendError
from .raised_issues import Issues
from .receiving.data import IntelliSMSConfigEntry
from .sending.account import Sending, find_sending, signal_sending
from .sending.data import Sent, signal_sent
from .sending.sender import WINDOW_SECONDS

# The key under which the issue of no credit keeps how much there was too little.
_BALANCE: Final = "balance"


class SendingIssues:
    """Raises the issues, and clears them when there is more credit, or an hour has passed."""

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._issues = Issues(hass, entry)
        self._sending: Sending | None = None
        self._stop_waiting: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded; an issue that a reload outlived goes on."""
        hass, entry_id = self._hass, self._entry.entry_id
        for unsubscribe in (
            async_dispatcher_connect(hass, signal_sent(entry_id), guarded(self._on_sent)),
            async_dispatcher_connect(hass, signal_sending(entry_id), guarded(self._follow)),
            guarded(self._wait_no_more),
        ):
            self._entry.async_on_unload(unsubscribe)
        if self._issues.get(Issue.HOURLY_LIMIT):
            self._wait()
        self._follow()

    @property
    def _limit(self) -> int:
        return int(self._entry.options.get(CONF_HOURLY_LIMIT, DEFAULT_HOURLY_LIMIT))

    @callback
    def _follow(self) -> None:
        """Look at keys and options anew."""
        raised = self._issues.get(Issue.HOURLY_LIMIT)
        if raised and raised.data and raised.data.get(CONF_HOURLY_LIMIT) != self._limit:
            self._issues.clear(Issue.HOURLY_LIMIT)
        sending = find_sending(self._hass, self._entry)
        if sending is None:
            self._issues.clear(Issue.HOURLY_LIMIT)
            self._issues.clear(Issue.NO_CREDIT)
        elif sending is not self._sending:
            self._entry.async_on_unload(
                sending.balance.async_add_listener(guarded(self._on_balance))
            )
        self._sending = sending

    @callback
    def _on_sent(self, sent: Sent) -> None:
        """Tell why a message was not sent, where a person can do something about it."""
        if sent.result.error == SendError.INSUFFICIENT_CREDIT:
            self._issues.create(Issue.NO_CREDIT)
        elif sent.result.error == SendError.HOURLY_LIMIT:
            self._issues.create(
                Issue.HOURLY_LIMIT,
                placeholders={"limit": str(self._limit)},
                data={CONF_HOURLY_LIMIT: self._limit},
            )
            self._wait()

    @callback
    def _on_balance(self) -> None:
        """Tell of no credit until there is more than what was not enough."""
        if self._sending is None or not self._sending.balance.last_update_success:
            return
        balance = self._sending.balance.data
        raised = self._issues.get(Issue.NO_CREDIT)
        # What was not enough is not known before it is asked for.
        too_little = (raised.data or {}).get(_BALANCE, balance) if raised else 0
        if balance <= max(float(str(too_little)), 0):
            self._issues.create(Issue.NO_CREDIT, data={_BALANCE: balance})
        else:
            self._issues.clear(Issue.NO_CREDIT)

    def _wait(self) -> None:
        """Clear the issue of the limit in an hour, unless it is met again."""
        self._wait_no_more()
        self._stop_waiting = async_call_later(self._hass, WINDOW_SECONDS, self._is_over)

    @callback
    def _is_over(self, _now: datetime) -> None:
        """Clear the issue of the limit, since nothing was held back for an hour."""
        self._stop_waiting = None
        self._issues.clear(Issue.HOURLY_LIMIT)

    @callback
    def _wait_no_more(self) -> None:
        if self._stop_waiting:
            self._stop_waiting()
            self._stop_waiting = None
