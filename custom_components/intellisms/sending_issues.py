"""The repair issues that sending raises: no credit, too many in an hour, no status reports."""

from datetime import timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util

from .const import CONF_HOURLY_LIMIT, Issue
from .faults import guarded
from .protocol import SendError
from .raised_issues import Expiry, Issues
from .receiving.data import IntelliSMSConfigEntry
from .receiving.report import ToldReport
from .receiving.signals import signal_report
from .sending.account import Sending, find_sending, signal_sending
from .sending.data import Sent, signal_sent
from .sending.sender import WINDOW_SECONDS, hourly_limit

# The key under which the issue of no credit keeps how much there was too little.
_BALANCE: Final = "balance"
WINDOW: Final = timedelta(seconds=WINDOW_SECONDS)
# Where so many messages were sent, the first of them so long ago, and nothing was ever reported,
# nobody has told the provider where to.
UNREPORTED_MESSAGES: Final = 3
UNREPORTED_TIME: Final = timedelta(days=3)


class SendingIssues:
    """Raises the issues, and clears them when their cause is gone."""

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._issues = Issues(hass, entry)
        self._journal = entry.runtime_data.journal
        self._sending: Sending | None = None
        self._expiry = Expiry(hass, self._issues, Issue.HOURLY_LIMIT)

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded; an issue that a reload outlived goes on."""
        hass, entry_id = self._hass, self._entry.entry_id
        for unsubscribe in (
            async_dispatcher_connect(hass, signal_sent(entry_id), guarded(self._on_sent)),
            async_dispatcher_connect(hass, signal_sending(entry_id), guarded(self._follow)),
            async_dispatcher_connect(hass, signal_report(entry_id), guarded(self._on_report)),
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
        self._look_for_reports()

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
        account = self._journal.account
        if sent.is_sent and account.last_report is None:
            account.unreported += 1
            account.unreported_since = account.unreported_since or dt_util.utcnow()
            self._journal.async_account_changed()
            self._look_for_reports()

    @callback
    def _on_report(self, _told: ToldReport) -> None:
        """Tell no more that nothing is reported, and never again."""
        self._issues.clear(Issue.NO_REPORTS)

    def _look_for_reports(self) -> None:
        """Tell once that messages are sent, and nothing is reported of any."""
        account, raised = self._journal.account, self._issues.get(Issue.NO_REPORTS)
        if self._sending is None:
            # Deleting it would forget that a person ignores it, and they may enter keys again.
            if raised and not raised.dismissed_version:
                self._issues.clear(Issue.NO_REPORTS)
        elif (
            not raised
            and account.last_report is None
            and account.unreported >= UNREPORTED_MESSAGES
            and (since := account.unreported_since)
            and since <= dt_util.utcnow() - UNREPORTED_TIME
        ):
            day = f"{dt_util.as_local(since):%Y-%m-%d}"
            self._issues.create(Issue.NO_REPORTS, placeholders={"since": day})

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
