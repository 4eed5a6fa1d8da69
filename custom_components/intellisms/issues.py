"""Repair issues: told when something is wrong, gone when it is right again.

This only listens: to what the receiver says, and to Home Assistant's own changes.
No number is part of an issue's id or title; both are shown in many places.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
import logging
from typing import Any

from homeassistant.const import (
    CONF_WEBHOOK_ID,
    EVENT_CALL_SERVICE,
    EVENT_CORE_CONFIG_UPDATE,
    SERVICE_RELOAD,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    CoreState,
    HomeAssistant,
    callback,
    split_entity_id,
)
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.issue_registry import IssueEntry, IssueSeverity
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .address import UNREACHABLE, AddressProblem, base_url, shown_address
from .cloudhook import async_on_cloud_change
from .const import (
    CONF_PROVEN,
    CONF_REACH,
    CONF_REPLACED_IDS,
    CONF_SHOWN_BASE,
    DOCS_URL,
    DOMAIN,
    ENTRY_VERSION,
    EVENT_AUTOMATION_RELOADED,
    ISSUES_URL,
    DeviceModel,
    Ignored,
    Issue,
    Reach,
)
from .faults import guarded
from .quoted import quoted
from .receiving.data import IntelliSMSConfigEntry
from .receiving.delivery import Delivery
from .receiving.journal import MAX_NUMBER, MAX_STRANGERS
from .receiving.signals import (
    SIGNAL_MESSAGE,
    Trouble,
    signal_account,
    signal_disk,
    signal_flood,
    signal_trouble,
)

_LOGGER = logging.getLogger(__name__)

CHECK_INTERVAL = timedelta(hours=1)
# The Cloud does not tell when its remote address comes or goes.
ADDRESS_INTERVAL = timedelta(minutes=5)
# Seconds that Home Assistant may take to remove an automation or to reload its scripts.
SOON = 5
# The provider posts again every 5 minutes; after this it has stopped.
QUIET = timedelta(minutes=15)
# After the last message that was put off.
FLOOD_OVER = timedelta(hours=1)
# Seconds. Each change of an issue is written to the disk and sent to all who look.
FLOOD_PACE = 60

_AUTOMATIONS = ("automation", "script")
_DEVICE_FIELDS = {
    "virtual_number": DeviceModel.VIRTUAL_NUMBER,
    "contacts": DeviceModel.CONTACT,
}


class Watch:
    """Keeps the repair issues of one config entry true.

    What it raised it looks up in the issue registry: that outlives a reload of the entry.
    """

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._data = entry.runtime_data
        # What clears an issue when its cause has not come again for a while.
        self._waits: dict[Issue, CALLBACK_TYPE] = {}
        self._check_soon = Debouncer(
            hass, _LOGGER, cooldown=SOON, immediate=False, function=self._check
        )
        # How many messages were put off that the issue does not tell of yet.
        self._put_off = 0
        self._tell_of_flood = Debouncer(
            hass, _LOGGER, cooldown=FLOOD_PACE, immediate=True, function=guarded(self._flood)
        )

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
            hass.bus.async_listen(EVENT_AUTOMATION_RELOADED, self._check),
            # Core removes a subentry's device only after it has told of the subentry.
            hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._check, _is_removal),
            hass.bus.async_listen(
                er.EVENT_ENTITY_REGISTRY_UPDATED, self._changing, _is_removal_of_an_automation
            ),
            hass.bus.async_listen(EVENT_CALL_SERVICE, self._changing, _is_reload_of_scripts),
            async_track_time_interval(hass, self._check, CHECK_INTERVAL),
            async_track_time_interval(hass, self._check_address, ADDRESS_INTERVAL),
            async_at_started(hass, self._check),
            async_on_cloud_change(hass, self._check),
            self._stop_waiting,
            self._check_soon.async_shutdown,
            self._tell_of_flood.async_shutdown,
            guarded(self._stop_counting),
        ):
            entry.async_on_unload(unsubscribe)
        if not journal_readable:
            self._raise(Issue.JOURNAL_RESET, fixable=True)
        self._resume_flood()
        self.async_refresh()

    @callback
    def async_refresh(self) -> None:
        """Look at the subentries, the journal and the address anew."""
        directory = self._data.directory
        raised = [issue.data or {} for issue in self._raised(Issue.UNKNOWN_NUMBER)]
        numbers = {str(data["number"]) for data in raised}
        for number in numbers.union(self._data.journal.strangers()):
            if directory.number(number) is None:
                self._unknown_number(number)
            else:
                self._clear(Issue.UNKNOWN_NUMBER, number)
        if directory.number(None) is not None:
            self._clear(Issue.NO_NUMBER_NAMED)
        self._written()
        self._check()

    # ---- what is posted -------------------------------------------------------------

    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        if delivery.entry_id != self._entry.entry_id or delivery.simulated:
            return
        if delivery.to is None:
            self._raise(Issue.NO_NUMBER_NAMED, fixable=True)
            return
        self._clear(Issue.NO_NUMBER_NAMED)
        if delivery.device_id is None and len(delivery.to) <= MAX_NUMBER:
            self._unknown_number(delivery.to)

    @callback
    def _contacted(self) -> None:
        """Whatever was thought of the address, something came through it.

        Home Assistant need not know by which name a proxy lets the provider in.
        """
        if self._issue(Issue.NOT_REACHABLE):
            proven = shown_address(self._hass, self._entry.data).url
            self._hass.config_entries.async_update_entry(
                self._entry, data={**self._entry.data, CONF_PROVEN: proven}
            )

    def _unknown_number(self, number: str) -> None:
        self._raise(
            Issue.UNKNOWN_NUMBER,
            number,
            fixable=True,
            placeholders={"number": quoted(number)},
            data={"number": number},
        )
        # As many as the journal keeps a message of; the oldest gives way.
        for issue in self._raised(Issue.UNKNOWN_NUMBER)[:-MAX_STRANGERS]:
            ir.async_delete_issue(self._hass, DOMAIN, issue.issue_id)

    @callback
    def _troubled(self, trouble: Trouble) -> None:
        issue = Issue.UNREADABLE if trouble.kind is Ignored.UNREADABLE else Issue.BAD_ELEMENT
        placeholders = {"shape": trouble.shape, "tracker": ISSUES_URL}
        self._raise(issue, fixable=True, placeholders=placeholders)
        if issue is Issue.UNREADABLE:
            self._clear_after(issue, QUIET)

    @callback
    def _flooded(self, put_off: int) -> None:
        """Count messages that were put off; of the first the issue tells at once."""
        self._put_off += put_off
        self._tell_of_flood.async_schedule_call()

    @callback
    def _flood(self) -> None:
        """Tell how often messages of who sent too many were put off, and since when."""
        now = dt_util.utcnow().isoformat()
        raised = self._issue(Issue.FLOOD)
        before = (raised and raised.data) or {}
        count = self._put_off + int(before.get("count") or 0)
        self._put_off = 0
        since = str(before.get("since") or now)
        self._raise(
            Issue.FLOOD,
            placeholders={"count": str(count), "since": _local(since)},
            data={"count": count, "since": since, "last": now},
        )
        self._clear_after(Issue.FLOOD, FLOOD_OVER)

    @callback
    def _stop_counting(self) -> None:
        """Tell the rest, since the issue outlives a reload; where the entry ends it is gone."""
        if self._put_off and self._issue(Issue.FLOOD):
            self._flood()

    def _resume_flood(self) -> None:
        """Let an issue that a reload outlived go when it would have gone."""
        if (raised := self._issue(Issue.FLOOD)) and raised.data:
            last = datetime.fromisoformat(str(raised.data["last"]))
            self._clear_after(Issue.FLOOD, last + FLOOD_OVER - dt_util.utcnow())

    def _clear_after(self, issue: Issue, delay: timedelta) -> None:
        """Clear an issue then, unless its cause comes again."""
        if stop := self._waits.pop(issue, None):
            stop()
        self._waits[issue] = async_call_later(self._hass, delay, partial(self._is_over, issue))

    @callback
    def _is_over(self, issue: Issue, _now: datetime) -> None:
        del self._waits[issue]
        self._clear(issue)

    @callback
    def _stop_waiting(self) -> None:
        for stop in self._waits.values():
            stop()
        self._waits.clear()
        # Nobody waits for its end any more.
        self._clear(Issue.UNREADABLE)

    @callback
    def _written(self) -> None:
        self._set(Issue.DISK, present=self._data.journal.is_failing)

    # ---- what surrounds us ----------------------------------------------------------

    @callback
    def _changing(self, _event: Any) -> None:
        """Look when what was begun is done; core does not tell of that."""
        self._check_soon.async_schedule_call()

    @callback
    def _check(self, _event: Any = None) -> None:
        self._check_address()
        self._check_automations()

    @callback
    def _check_address(self, _now: Any = None) -> None:
        if self._hass.state is not CoreState.running:
            return
        data = self._entry.data
        address = shown_address(self._hass, data)
        doubtful = address.problem in UNREACHABLE
        unreachable = doubtful and data.get(CONF_PROVEN) != address.url
        self._set(Issue.NOT_REACHABLE, present=unreachable)
        gone = address.problem is AddressProblem.CLOUDHOOK_GONE
        self._set(Issue.CLOUDHOOK_GONE, present=gone, fixable=True)
        # Shown while there was no URL, an address was not one that can be pasted.
        shown, base = data.get(CONF_SHOWN_BASE), base_url(self._hass)
        changed = data[CONF_REACH] == Reach.DIRECT and not doubtful and shown != base
        self._set(Issue.ADDRESS_CHANGED, present=changed, fixable=True)

    def _check_automations(self) -> None:
        """Name the automations and scripts whose choice is gone: they match nobody."""
        if self._hass.state is not CoreState.running:
            return
        fixed = {issue.issue_id for issue in self._raised(Issue.CHOICE_GONE)}
        for domain in _AUTOMATIONS:
            component = self._hass.data.get(domain)
            for entity in getattr(component, "entities", ()):
                if any(self._is_gone(*choice) for choice in _choices(entity.raw_config)):
                    name = str(entity.name or entity.entity_id)
                    self._raise(
                        Issue.CHOICE_GONE, entity.entity_id, placeholders={"automation": name}
                    )
                    fixed.discard(self._issue_id(Issue.CHOICE_GONE, entity.entity_id))
        for issue_id in fixed:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)

    def _is_gone(self, device_id: str, model: DeviceModel) -> bool:
        device = dr.async_get(self._hass).async_get(device_id)
        return not isinstance(device, dr.DeviceEntry) or device.model_id != model

    # ---- issues ---------------------------------------------------------------------

    def _set(self, issue: Issue, *, present: bool, fixable: bool = False) -> None:
        if present:
            self._raise(issue, fixable=fixable)
        else:
            self._clear(issue)

    def _raise(
        self,
        issue: Issue,
        about: str = "",
        *,
        fixable: bool = False,
        placeholders: dict[str, str] | None = None,
        data: dict[str, str | int] | None = None,
    ) -> None:
        # Never persistent: core's diagnostics would show what it is about.
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id(issue, about),
            is_fixable=fixable,
            severity=IssueSeverity.WARNING,
            translation_key=issue,
            translation_placeholders=placeholders,
            learn_more_url=_help_url(issue),
            data={"issue": issue, "entry_id": self._entry.entry_id, **(data or {})},
        )

    def _raised(self, issue: Issue) -> list[IssueEntry]:
        """Return what is raised of a kind, the oldest first."""
        return [
            raised
            for raised in ir.async_get(self._hass).issues.values()
            if raised.active and raised.domain == DOMAIN and raised.translation_key == issue
        ]

    def _issue(self, issue: Issue) -> IssueEntry | None:
        """Return an issue of which there is only one, if it is raised."""
        raised = ir.async_get(self._hass).async_get_issue(DOMAIN, self._issue_id(issue, ""))
        return raised if raised and raised.active else None

    def _clear(self, issue: Issue, about: str = "") -> None:
        ir.async_delete_issue(self._hass, DOMAIN, self._issue_id(issue, about))

    def _issue_id(self, issue: Issue, about: str) -> str:
        if not about:
            return f"{issue}_{self._entry.entry_id}"
        # Keyed, or the few numbers there are could be tried out. By the first webhook id
        # there was: a new address must not make a second issue of the same.
        data = self._entry.data
        first = [*data[CONF_REPLACED_IDS], data[CONF_WEBHOOK_ID]][0]
        digest = blake2b(about.encode(), digest_size=8, key=first.encode()[:64]).hexdigest()
        return f"{issue}_{self._entry.entry_id}_{digest}"


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
def _is_removal(event_data: Mapping[str, Any]) -> bool:
    return bool(event_data["action"] == "remove")


@callback
def _is_removal_of_an_automation(event_data: Mapping[str, Any]) -> bool:
    return _is_removal(event_data) and split_entity_id(event_data["entity_id"])[0] in _AUTOMATIONS


@callback
def _is_reload_of_scripts(event_data: Mapping[str, Any]) -> bool:
    return (event_data["domain"], event_data["service"]) == ("script", SERVICE_RELOAD)


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


def _choices(config: Any) -> Iterator[tuple[str, DeviceModel]]:
    """Find the devices chosen in our triggers and conditions, however deep they stand."""
    if isinstance(config, Mapping):
        # What is switched off in the editor waits for nobody.
        if config.get("enabled") is False:
            return
        kinds = (config.get(key) for key in ("trigger", "platform", "condition"))
        if any(isinstance(kind, str) and kind.startswith(f"{DOMAIN}.") for kind in kinds):
            options = config.get("options") or {}
            for field, model in _DEVICE_FIELDS.items():
                chosen = options.get(field) or ()
                devices = (chosen,) if isinstance(chosen, str) else chosen
                yield from ((device_id, model) for device_id in devices)
        config = list(config.values())
    if isinstance(config, list | tuple):
        for part in config:
            yield from _choices(part)
