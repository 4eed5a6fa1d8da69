"""The repair issues of the address: out of reach, gone, changed, or replaced and not used yet."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval

from .address import UNREACHABLE, AddressProblem, address_id, base_url, shown_address
from .const import (
    CONF_AWAITED,
    CONF_PROVEN,
    CONF_REACH,
    CONF_SHOWN_BASE,
    SUBENTRY_VIRTUAL_NUMBER,
    Issue,
    Reach,
)
from .faults import guarded
from .raised_issues import Issues
from .receiving.signals import signal_account

# The Cloud does not tell when its remote address comes or goes.
ADDRESS_INTERVAL = timedelta(minutes=5)


class AddressIssues:
    """Raises the issues of the address, and clears them when it is right again."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        issues: Issues,
        *,
        is_dialog_open: Callable[[], bool],
    ) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._issues = issues
        self._is_dialog_open = is_dialog_open

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded."""
        signal = signal_account(self._entry.entry_id)
        for unsubscribe in (
            async_dispatcher_connect(self._hass, signal, guarded(self._contacted)),
            async_track_time_interval(self._hass, self.async_look, ADDRESS_INTERVAL),
        ):
            self._entry.async_on_unload(unsubscribe)

    @callback
    def async_look(self, _now: Any = None) -> None:
        """Look whether the address that was pasted still leads here."""
        if self._hass.state is not CoreState.running:
            return
        data = self._entry.data
        address = shown_address(self._hass, data)
        doubtful = address.problem in UNREACHABLE
        unreachable = doubtful and data.get(CONF_PROVEN) != address_id(self._hass, data)
        self._set(Issue.NOT_REACHABLE, present=unreachable)
        gone = address.problem is AddressProblem.CLOUDHOOK_GONE
        self._issues.set(Issue.CLOUDHOOK_GONE, present=gone, fixable=True)
        # While there was no URL, no address was shown.
        shown, base = data.get(CONF_SHOWN_BASE), base_url(self._hass)
        changed = data[CONF_REACH] == Reach.DIRECT and not doubtful and shown != base
        self._set(Issue.ADDRESS_CHANGED, present=changed, fixable=True)
        self._issues.set(Issue.ADDRESS_REPLACED, present=bool(data.get(CONF_AWAITED)))

    def _set(self, issue: Issue, *, present: bool, fixable: bool = False) -> None:
        """Raise an issue, or clear it; the dialog of the first number tells the same by itself."""
        is_first = not self._entry.get_subentries_of_type(SUBENTRY_VIRTUAL_NUMBER)
        if not (present and is_first and self._is_dialog_open()):
            self._issues.set(issue, present=present, fixable=fixable)

    @callback
    def _contacted(self) -> None:
        """Whatever was thought of the address, something came through it.

        Home Assistant need not know by which name a proxy lets the provider in.
        """
        data = self._entry.data
        changes: dict[str, Any] = {}
        if data.get(CONF_AWAITED):
            changes[CONF_AWAITED] = False
        if self._issues.get(Issue.NOT_REACHABLE):
            changes[CONF_PROVEN] = address_id(self._hass, data)
        if changes:
            self._hass.config_entries.async_update_entry(self._entry, data={**data, **changes})
