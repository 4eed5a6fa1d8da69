"""Repair issues: told when something is wrong, gone when it is right again.

This only listens: to what the receiver says, and to Home Assistant's own changes.
"""

from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.start import async_at_started

from .address_issues import AddressIssues
from .cloudhook import async_on_cloud_change
from .const import (
    DOMAIN,
    ISSUES_URL,
    MAX_NUMBER_LENGTH,
    MAX_UNCONFIGURED,
    Ignored,
    Issue,
)
from .faults import guarded
from .flood_issue import FloodIssue
from .gone_choices import Choices, Gone
from .quoted import quoted
from .raised_issues import Expiry, Issues
from .receiving.data import IntelliSMSConfigEntry
from .receiving.delivery import Delivery
from .receiving.signals import (
    SIGNAL_MESSAGE,
    Dialog,
    Trouble,
    signal_dialog,
    signal_disk,
    signal_trouble,
)

_LOGGER = logging.getLogger(__name__)

CHECK_INTERVAL = timedelta(hours=1)
# The provider posts again every 5 minutes; after this time it has stopped doing so.
QUIET = timedelta(minutes=15)
# A dialog that nobody has used for so long is forgotten in some tab of a browser.
DIALOG_TIME = timedelta(minutes=15)
_NO_BRACKETS = str.maketrans("[]", "()")


class Watch:
    """Keeps the repair issues of one config entry true."""

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._data = entry.runtime_data
        self._issues = Issues(hass, entry)
        # It is over when nothing unreadable has come again.
        self._unreadable = Expiry(hass, self._issues, Issue.UNREADABLE)
        # Dialogs that tell by themselves what comes, by flow; each with what stops its time.
        self._dialogs: dict[str, CALLBACK_TYPE] = {}
        self._address = AddressIssues(
            hass, entry, self._issues, is_dialog_open=lambda: bool(self._dialogs)
        )
        self._choices = Choices(hass, entry, self._tell_gone)
        self._flood = FloodIssue(hass, entry, self._issues)

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded, and look once Home Assistant has started."""
        entry, hass = self._entry, self._hass
        for unsubscribe in (
            async_dispatcher_connect(hass, SIGNAL_MESSAGE, guarded(self._on_delivery)),
            async_dispatcher_connect(hass, signal_trouble(entry.entry_id), guarded(self._troubled)),
            async_dispatcher_connect(hass, signal_disk(entry.entry_id), guarded(self._written)),
            async_dispatcher_connect(hass, signal_dialog(entry.entry_id), guarded(self._dialog)),
            hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._check),
            async_track_time_interval(hass, self._check, CHECK_INTERVAL),
            async_at_started(hass, self._check),
            async_on_cloud_change(hass, self._check),
            self._stop,
        ):
            entry.async_on_unload(unsubscribe)
        self._address.async_start()
        self._choices.async_start()
        if self._issues.get(Issue.UNREADABLE):
            self._unreadable.async_begin(QUIET)
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
            if not self._dialogs:
                self._issues.create(Issue.NO_NUMBER_NAMED, fixable=True)
            return
        self._issues.clear(Issue.NO_NUMBER_NAMED)
        if delivery.device_id is None and len(delivery.to) <= MAX_NUMBER_LENGTH:
            self._unknown_number(delivery.to)

    def _unknown_number(self, number: str) -> None:
        """Offer to add a number that messages come for, unless a dialog does."""
        if self._dialogs:
            return
        self._issues.create(
            Issue.UNKNOWN_NUMBER,
            number,
            fixable=True,
            placeholders={"number": quoted(number)},
            data={"number": number},
        )
        # There are as many as the journal keeps a message of; the oldest gives way. One that a
        # person ignores stays, or it would be raised anew with the next message.
        raised = self._issues.raised(Issue.UNKNOWN_NUMBER)
        asking = [issue for issue in raised if not issue.dismissed_version]
        for issue in asking[:-MAX_UNCONFIGURED]:
            ir.async_delete_issue(self._hass, DOMAIN, issue.issue_id)

    @callback
    def _dialog(self, dialog: Dialog) -> None:
        """Leave it to a dialog to tell what comes; look for what it left when it is closed."""
        if stop := self._dialogs.pop(dialog.flow_id, None):
            stop()
        if dialog.is_open:
            self._dialogs[dialog.flow_id] = async_call_later(
                self._hass, DIALOG_TIME, partial(self._forgotten, dialog.flow_id)
            )
        elif stop:
            self.async_refresh()

    @callback
    def _forgotten(self, flow_id: str, _now: datetime) -> None:
        """Take a dialog for closed that nobody uses any more."""
        self._dialog(Dialog(flow_id=flow_id, is_open=False))

    @callback
    def _troubled(self, trouble: Trouble) -> None:
        """Show the outline of what the provider goes on posting, as it was not understood."""
        if trouble.kind is Ignored.UNREADABLE:
            placeholders = {"shape": trouble.shape, "tracker": ISSUES_URL}
            self._issues.create(Issue.UNREADABLE, placeholders=placeholders)
            self._unreadable.async_begin(QUIET)

    @callback
    def _stop(self) -> None:
        """Wait for nothing any more."""
        self._unreadable.async_stop()
        for stop in self._dialogs.values():
            stop()

    @callback
    def _written(self) -> None:
        """Tell whether the disk takes our files."""
        self._issues.set(Issue.DISK, present=self._data.memory.is_failing)

    # ---- what surrounds us ----------------------------------------------------------

    @callback
    def _check(self, _event: Any = None) -> None:
        """Look at all that may have changed without telling us."""
        self._address.async_look()
        self._choices.async_look()

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
