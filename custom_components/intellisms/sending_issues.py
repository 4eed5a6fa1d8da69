"""The repair issues that tell of no credit, and of too many messages in an hour."""

from datetime import timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import CONF_HOURLY_LIMIT, Issue
from .faults import guarded
from .protocol import SendError
from .raised_issues import Expiry, Issues
from .receiving.data import IntelliSMSConfigEntry
from .sending.account import Sending, find_sending, signal_sending
from .sending.data import Sent, signal_sent
from .sending.sender import WINDOW_SECONDS, hourly_limit

# The key under which the issue of no credit keeps how much there was too little.
_BALANCE: Final = "balance"
WINDOW: Final = timedelta(seconds=WINDOW_SECONDS)


class SendingIssues:
    """Raises the issues, and clears them when there is more credit, or an hour has passed."""

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._issues = Issues(hass, entry)
        self._sending: Sending | None = None
        self._expiry = Expiry(hass, self._issues, Issue.HOURLY_LIMIT)

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded; an issue that a reload outlived goes on."""
        hass, entry_id = self._hass, self._entry.entry_id
        for unsubscribe in (
            async_dispatcher_connect(hass, signal_sent(entry_id), guarded(self._on_sent)),
            async_dispatcher_connect(hass, signal_sending(entry_id), guarded(self._follow)),
            self._expiry.async_stop,
        ):
            self._entry.async_on_unload(unsubscribe)
        if self._issues.get(Issue.HOURLY_LIMIT):
            self._expiry.async_begin(WINDOW)
        self._follow()

    @callback
    def _follow(self) -> None:
        """Look at keys and options anew."""
        raised = self._issues.get(Issue.HOURLY_LIMIT)
        if (
            raised
            and raised.data
            and raised.data.get(CONF_HOURLY_LIMIT) != hourly_limit(self._entry)
        ):
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
            limit = hourly_limit(self._entry)
            self._issues.create(
                Issue.HOURLY_LIMIT,
                placeholders={"limit": str(limit)},
                data={CONF_HOURLY_LIMIT: limit},
            )
            self._expiry.async_begin(WINDOW)

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
