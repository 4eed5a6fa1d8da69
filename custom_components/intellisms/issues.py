"""Repair issues: told when something is wrong, gone when it is right again.

This only listens: to what the receiver says, and to Home Assistant's own changes.
"""

from datetime import datetime, timedelta
import logging
from typing import Any

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.start import async_at_started

from .address import UNREACHABLE, AddressProblem, base_url, shown_address
from .choices import Choices, Gone
from .cloudhook import async_on_cloud_change
from .const import (
    CONF_PROVEN,
    CONF_REACH,
    CONF_SHOWN_BASE,
    DOMAIN,
    ISSUES_URL,
    MAX_NUMBER_LENGTH,
    MAX_UNCONFIGURED,
    Ignored,
    Issue,
    Reach,
)
from .faults import guarded
from .flood_issue import FloodIssue
from .quoted import quoted
from .raised_issues import Issues
from .receiving.data import IntelliSMSConfigEntry
from .receiving.delivery import Delivery
from .receiving.signals import (
    SIGNAL_MESSAGE,
    Trouble,
    signal_account,
    signal_disk,
    signal_trouble,
)

_LOGGER = logging.getLogger(__name__)

CHECK_INTERVAL = timedelta(hours=1)
# The Cloud does not tell when its remote address comes or goes.
ADDRESS_INTERVAL = timedelta(minutes=5)
# The provider posts again every 5 minutes; after this time it has stopped doing so.
QUIET = timedelta(minutes=15)
_NO_BRACKETS = str.maketrans("[]", "()")


class Watch:
    """Keeps the repair issues of one config entry true."""

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._data = entry.runtime_data
        self._issues = Issues(hass, entry)
        # What stops waiting for something unreadable to come again.
        self._stop_waiting: CALLBACK_TYPE | None = None
        self._choices = Choices(hass, entry, self._tell_gone)
        self._flood = FloodIssue(hass, entry, self._issues)

    @callback
    def async_start(self, *, journal_readable: bool) -> None:
        """Listen until the entry is unloaded, and look once Home Assistant has started."""
        entry, hass = self._entry, self._hass
        for unsubscribe in (
            async_dispatcher_connect(hass, SIGNAL_MESSAGE, guarded(self._on_delivery)),
            async_dispatcher_connect(hass, signal_trouble(entry.entry_id), guarded(self._troubled)),
            async_dispatcher_connect(
                hass, signal_account(entry.entry_id), guarded(self._contacted)
            ),
            async_dispatcher_connect(hass, signal_disk(entry.entry_id), guarded(self._written)),
            hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._check),
            async_track_time_interval(hass, self._check, CHECK_INTERVAL),
            async_track_time_interval(hass, self._check_address, ADDRESS_INTERVAL),
            async_at_started(hass, self._check),
            async_on_cloud_change(hass, self._check),
            self._quietened,
        ):
            entry.async_on_unload(unsubscribe)
        self._choices.async_start()
        if not journal_readable:
            self._issues.create(Issue.JOURNAL_RESET, fixable=True)
        self._flood.async_start()
        self.async_refresh()

    @callback
    def async_refresh(self) -> None:
        """Look at the subentries, the journal and the address anew."""
        directory = self._data.directory
        raised = [issue.data or {} for issue in self._issues.raised(Issue.UNKNOWN_NUMBER)]
        numbers = {str(data["number"]) for data in raised}
        for number in numbers.union(self._data.journal.unconfigured):
            if directory.number(number) is None:
                self._unknown_number(number)
            else:
                self._issues.clear(Issue.UNKNOWN_NUMBER, number)
        if directory.only_number:
            self._issues.clear(Issue.NO_NUMBER_NAMED)
        self._written()
        self._check()

    # ---- what is posted -------------------------------------------------------------

    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        """Tell of a message that names no number, or one that is not configured."""
        if delivery.entry_id != self._entry.entry_id or delivery.simulated:
            return
        if delivery.to is None:
            self._issues.create(Issue.NO_NUMBER_NAMED, fixable=True)
            return
        self._issues.clear(Issue.NO_NUMBER_NAMED)
        if delivery.device_id is None and len(delivery.to) <= MAX_NUMBER_LENGTH:
            self._unknown_number(delivery.to)

    @callback
    def _contacted(self) -> None:
        """Whatever was thought of the address, something came through it.

        Home Assistant need not know by which name a proxy lets the provider in.
        """
        if self._issues.get(Issue.NOT_REACHABLE):
            proven = shown_address(self._hass, self._entry.data).url
            self._hass.config_entries.async_update_entry(
                self._entry, data={**self._entry.data, CONF_PROVEN: proven}
            )

    def _unknown_number(self, number: str) -> None:
        """Offer to add a number that messages come for."""
        self._issues.create(
            Issue.UNKNOWN_NUMBER,
            number,
            fixable=True,
            placeholders={"number": quoted(number)},
            data={"number": number},
        )
        # There are as many as the journal keeps a message of; the oldest gives way.
        for issue in self._issues.raised(Issue.UNKNOWN_NUMBER)[:-MAX_UNCONFIGURED]:
            ir.async_delete_issue(self._hass, DOMAIN, issue.issue_id)

    @callback
    def _troubled(self, trouble: Trouble) -> None:
        """Show the outline of what could not be understood."""
        issue = Issue.UNREADABLE if trouble.kind is Ignored.UNREADABLE else Issue.BAD_ELEMENT
        placeholders = {"shape": trouble.shape, "tracker": ISSUES_URL}
        self._issues.create(issue, fixable=True, placeholders=placeholders)
        if issue is Issue.UNREADABLE:
            if self._stop_waiting:
                self._stop_waiting()
            self._stop_waiting = async_call_later(self._hass, QUIET, self._quietened)

    @callback
    def _quietened(self, _now: datetime | None = None) -> None:
        """Clear what told of something unreadable: nothing came again, or the entry is unloaded."""
        if self._stop_waiting:
            self._stop_waiting()
            self._stop_waiting = None
        self._issues.clear(Issue.UNREADABLE)

    @callback
    def _written(self) -> None:
        """Tell whether the disk takes the journal."""
        self._issues.set(Issue.DISK, present=self._data.journal.is_failing)

    # ---- what surrounds us ----------------------------------------------------------

    @callback
    def _check(self, _event: Any = None) -> None:
        """Look at all that may have changed without telling us."""
        self._check_address()
        self._choices.async_look()

    @callback
    def _check_address(self, _now: Any = None) -> None:
        """Look whether the address that was pasted still leads here."""
        if self._hass.state is not CoreState.running:
            return
        data = self._entry.data
        address = shown_address(self._hass, data)
        doubtful = address.problem in UNREACHABLE
        unreachable = doubtful and data.get(CONF_PROVEN) != address.url
        self._issues.set(Issue.NOT_REACHABLE, present=unreachable)
        gone = address.problem is AddressProblem.CLOUDHOOK_GONE
        self._issues.set(Issue.CLOUDHOOK_GONE, present=gone, fixable=True)
        # An address that was shown while there was no URL was none that can be pasted.
        shown, base = data.get(CONF_SHOWN_BASE), base_url(self._hass)
        changed = data[CONF_REACH] == Reach.DIRECT and not doubtful and shown != base
        self._issues.set(Issue.ADDRESS_CHANGED, present=changed, fixable=True)

    @callback
    def _tell_gone(self, gone: Gone) -> None:
        """Name the automations and scripts whose choice is gone, and whom they miss."""
        fixed = {issue.issue_id for issue in self._issues.raised(Issue.CHOICE_GONE)}
        for entity_id, waiting in gone.items():
            # Brackets would end the link's text.
            name = waiting.name.translate(_NO_BRACKETS)
            placeholders = {
                "automation": f"[{name}]({waiting.path})" if waiting.path else name,
                "missed": ", ".join(f"`{quoted(missed)}`" for missed in waiting.missed),
            }
            self._issues.create(Issue.CHOICE_GONE, entity_id, placeholders=placeholders)
            fixed.discard(self._issues.id(Issue.CHOICE_GONE, entity_id))
        for issue_id in fixed:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
