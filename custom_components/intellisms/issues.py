"""Repair issues: told when something is wrong, gone when it is right again.

This only listens: to what the receiver says, and to Home Assistant's own changes.
No number is part of an issue's id or title; both are shown in many places.
"""

from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Any

from homeassistant.const import CONF_WEBHOOK_ID, EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.issue_registry import IssueEntry, IssueSeverity
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .address import UNREACHABLE, AddressProblem, base_url, shown_address
from .choices import Choices, Gone
from .cloudhook import async_on_cloud_change
from .const import (
    CONF_PROVEN,
    CONF_REACH,
    CONF_REPLACED_IDS,
    CONF_SHOWN_BASE,
    DOCS_URL,
    DOMAIN,
    ENTRY_VERSION,
    ISSUES_URL,
    MAX_NUMBER_LENGTH,
    MAX_UNCONFIGURED,
    Ignored,
    Issue,
    Reach,
)
from .faults import guarded
from .quoted import quoted
from .receiving.data import IntelliSMSConfigEntry
from .receiving.delivery import Delivery
from .receiving.signals import (
    SIGNAL_MESSAGE,
    Trouble,
    signal_account,
    signal_disk,
    signal_flood,
    signal_trouble,
)

CHECK_INTERVAL = timedelta(hours=1)
# The Cloud does not tell when its remote address comes or goes.
ADDRESS_INTERVAL = timedelta(minutes=5)
# The provider posts again every 5 minutes; after this time it has stopped doing so.
QUIET = timedelta(minutes=15)
# How long after the last message that was put off a flood is over.
FLOOD_OVER = timedelta(hours=1)


class Issues:
    """The repair issues of one config entry.

    What is raised is looked up in the issue registry, which outlives a reload of the entry.
    """

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Raise nothing yet."""
        self._hass = hass
        self._entry = entry

    def set(self, issue: Issue, *, present: bool, fixable: bool = False) -> None:
        """Raise an issue of which there is only one, or clear it."""
        if present:
            self.create(issue, fixable=fixable)
        else:
            self.clear(issue)

    def create(
        self,
        issue: Issue,
        about: str = "",
        *,
        fixable: bool = False,
        placeholders: dict[str, str] | None = None,
        data: dict[str, str | int] | None = None,
    ) -> None:
        """Raise an issue, or bring the one that is raised up to date.

        `about` tells several of a kind apart, as a number does; `data` is what its repair and
        we ourselves want to know later.
        """
        # An issue is never persistent, since core's diagnostics would show what it is about.
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self.id(issue, about),
            is_fixable=fixable,
            severity=IssueSeverity.WARNING,
            translation_key=issue,
            translation_placeholders=placeholders,
            learn_more_url=_help_url(issue),
            data={"issue": issue, "entry_id": self._entry.entry_id, **(data or {})},
        )

    def raised(self, issue: Issue) -> list[IssueEntry]:
        """Return what is raised of a kind, the oldest first."""
        return [
            raised
            for raised in ir.async_get(self._hass).issues.values()
            if raised.active and raised.domain == DOMAIN and raised.translation_key == issue
        ]

    def get(self, issue: Issue) -> IssueEntry | None:
        """Return an issue of which there is only one, if it is raised."""
        raised = ir.async_get(self._hass).async_get_issue(DOMAIN, self.id(issue, ""))
        return raised if raised and raised.active else None

    def clear(self, issue: Issue, about: str = "") -> None:
        """Delete an issue, if it is raised."""
        ir.async_delete_issue(self._hass, DOMAIN, self.id(issue, about))

    def id(self, issue: Issue, about: str) -> str:
        """Return an issue's id, which does not tell what it is about."""
        if not about:
            return f"{issue}_{self._entry.entry_id}"
        # The digest has a key, or whoever sees it could try out the few numbers there are. The
        # key is the first webhook id that the account had: with the present one, a new address
        # would make a second issue of the same.
        data = self._entry.data
        first = [*data[CONF_REPLACED_IDS], data[CONF_WEBHOOK_ID]][0]
        digest = blake2b(about.encode(), digest_size=8, key=first.encode()[:64]).hexdigest()
        return f"{issue}_{self._entry.entry_id}_{digest}"


class Watch:
    """Keeps the repair issues of one config entry true."""

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._data = entry.runtime_data
        self._issues = Issues(hass, entry)
        # What clears an issue when its cause has not come again for a while.
        self._waits: dict[Issue, CALLBACK_TYPE] = {}
        self._choices = Choices(hass, entry, self._tell_gone)

    @callback
    def async_start(self, *, journal_readable: bool) -> None:
        """Listen until the entry is unloaded, and look once Home Assistant has started."""
        entry, hass = self._entry, self._hass
        for unsubscribe in (
            async_dispatcher_connect(hass, SIGNAL_MESSAGE, guarded(self._on_delivery)),
            async_dispatcher_connect(hass, signal_trouble(entry.entry_id), guarded(self._troubled)),
            async_dispatcher_connect(hass, signal_flood(entry.entry_id), guarded(self._flooded)),
            async_dispatcher_connect(
                hass, signal_account(entry.entry_id), guarded(self._contacted)
            ),
            async_dispatcher_connect(hass, signal_disk(entry.entry_id), guarded(self._written)),
            hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._check),
            async_track_time_interval(hass, self._check, CHECK_INTERVAL),
            async_track_time_interval(hass, self._check_address, ADDRESS_INTERVAL),
            async_at_started(hass, self._check),
            async_on_cloud_change(hass, self._check),
            self._stop_waiting,
        ):
            entry.async_on_unload(unsubscribe)
        self._choices.async_start()
        if not journal_readable:
            self._issues.create(Issue.JOURNAL_RESET, fixable=True)
        self._resume_flood()
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
            self._clear_after(issue, QUIET)

    @callback
    def _flooded(self, put_off: int) -> None:
        """Tell how often messages of who sent too many were put off, and since when."""
        now = dt_util.utcnow().isoformat()
        raised = self._issues.get(Issue.FLOOD)
        before = (raised and raised.data) or {}
        count = put_off + int(before.get("count") or 0)
        since = str(before.get("since") or now)
        self._issues.create(
            Issue.FLOOD,
            placeholders={"count": str(count), "since": _local(since)},
            data={"count": count, "since": since, "last": now},
        )
        self._clear_after(Issue.FLOOD, FLOOD_OVER)

    def _resume_flood(self) -> None:
        """Let an issue that a reload outlived go when it would have gone."""
        if (raised := self._issues.get(Issue.FLOOD)) and raised.data:
            last = datetime.fromisoformat(str(raised.data["last"]))
            self._clear_after(Issue.FLOOD, last + FLOOD_OVER - dt_util.utcnow())

    def _clear_after(self, issue: Issue, delay: timedelta) -> None:
        """Clear an issue then, unless its cause comes again."""
        if stop := self._waits.pop(issue, None):
            stop()
        self._waits[issue] = async_call_later(self._hass, delay, partial(self._is_over, issue))

    @callback
    def _is_over(self, issue: Issue, _now: datetime) -> None:
        """Clear an issue whose cause has not come again."""
        del self._waits[issue]
        self._issues.clear(issue)

    @callback
    def _stop_waiting(self) -> None:
        """Wait for the end of no issue any more, since the entry is unloaded."""
        for stop in self._waits.values():
            stop()
        self._waits.clear()
        # A flood keeps in its data when it ends. Of this one nobody would know any more.
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
        """Name the automations and scripts whose choice is gone."""
        fixed = {issue.issue_id for issue in self._issues.raised(Issue.CHOICE_GONE)}
        for entity_id, name in gone.items():
            self._issues.create(Issue.CHOICE_GONE, entity_id, placeholders={"automation": name})
            fixed.discard(self._issues.id(Issue.CHOICE_GONE, entity_id))
        for issue_id in fixed:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)


@callback
def async_check_version(hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
    """Say so if an entry was made by a newer release; core will not load it."""
    if entry.version > ENTRY_VERSION:
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{Issue.NEWER_VERSION}_{entry.entry_id}",
            is_fixable=False,
            severity=IssueSeverity.ERROR,
            translation_key=Issue.NEWER_VERSION,
            learn_more_url=_help_url(Issue.NEWER_VERSION),
        )


@callback
def async_clear_issues(hass: HomeAssistant, entry_id: str) -> None:
    """Delete all issues of an entry."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and entry_id in issue_id:
            ir.async_delete_issue(hass, domain, issue_id)


def _help_url(issue: Issue) -> str:
    return f"{DOCS_URL}/troubleshooting.md#{issue.replace('_', '-')}"


def _local(when: str) -> str:
    """Write an ISO 8601 time as the house's clock shows it, in no language."""
    return f"{dt_util.as_local(datetime.fromisoformat(when)):%Y-%m-%d %H:%M}"
