"""Repair issues: told when something is wrong, gone when it is right again.

This only listens: to what the receiver says, and to Home Assistant's own changes.
No number is part of an issue's id or title; both are shown in many places.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from homeassistant.const import CONF_WEBHOOK_ID, EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.issue_registry import IssueSeverity
from homeassistant.helpers.start import async_at_started

from .address import AddressProblem, base_url, shown_address
from .cloudhook import async_on_cloud_change, is_cloud_gone
from .const import (
    CONF_REACH,
    CONF_SHOWN_BASE,
    DOCS_URL,
    DOMAIN,
    Ignored,
    Issue,
    Reach,
)
from .data import IntelliSMSConfigEntry
from .faults import guarded
from .received import Received
from .signals import SIGNAL_MESSAGE, Trouble, signal_trouble

CHECK_INTERVAL = timedelta(hours=1)
# The provider posts again every 5 minutes; after this it has stopped.
QUIET = timedelta(minutes=15)

_EVENT_AUTOMATION_RELOADED = "automation_reloaded"
_DEVICE_FIELDS = ("virtual_number", "contacts")


class Watch:
    """Keeps the repair issues of one config entry true."""

    def __init__(self, hass: HomeAssistant, entry: IntelliSMSConfigEntry) -> None:
        """Prepare; `async_start` begins to listen."""
        self._hass = hass
        self._entry = entry
        self._data = entry.runtime_data
        self._quiet: CALLBACK_TYPE | None = None
        self._unknown: set[str] = set()
        self._automations: set[str] = set()

    @callback
    def async_start(self, *, journal_readable: bool) -> None:
        """Listen until the entry is unloaded, and look once Home Assistant has started."""
        entry, hass = self._entry, self._hass
        for unsubscribe in (
            async_dispatcher_connect(hass, SIGNAL_MESSAGE, guarded(self._received)),
            async_dispatcher_connect(hass, signal_trouble(entry.entry_id), guarded(self._troubled)),
            hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._check),
            hass.bus.async_listen(_EVENT_AUTOMATION_RELOADED, self._check),
            async_track_time_interval(hass, self._check, CHECK_INTERVAL),
            async_at_started(hass, self._check),
            async_on_cloud_change(hass, self._check),
            self._stop_waiting,
        ):
            entry.async_on_unload(unsubscribe)
        if not journal_readable:
            self._raise(Issue.JOURNAL_RESET, fixable=True)
        self.async_refresh()

    @callback
    def async_refresh(self) -> None:
        """Look at the subentries and the address anew."""
        directory = self._data.directory
        for number in self._unknown | set(self._data.journal.strangers()):
            if directory.number(number) is None:
                self._unknown_number(number)
            else:
                self._unknown.discard(number)
                self._clear(Issue.UNKNOWN_NUMBER, number)
        if directory.number(None) is not None:
            self._clear(Issue.NO_NUMBER_NAMED)
        if self._hass.state is CoreState.running:
            self._check()

    # ---- what is posted -------------------------------------------------------------

    @callback
    def _received(self, received: Received) -> None:
        if received.entry_id != self._entry.entry_id or received.device_id is not None:
            return
        if received.to is None:
            self._raise(Issue.NO_NUMBER_NAMED, fixable=True)
        else:
            self._unknown_number(received.to)

    def _unknown_number(self, number: str) -> None:
        self._unknown.add(number)
        self._raise(
            Issue.UNKNOWN_NUMBER,
            number,
            fixable=True,
            placeholders={"number": number},
            data={"number": number},
        )

    @callback
    def _troubled(self, trouble: Trouble) -> None:
        issue = Issue.UNREADABLE if trouble.kind is Ignored.UNREADABLE else Issue.BAD_ELEMENT
        self._raise(issue, fixable=True, placeholders={"shape": trouble.shape})
        if issue is Issue.UNREADABLE:
            self._stop_waiting()
            self._quiet = async_call_later(self._hass, QUIET, self._quietened)

    @callback
    def _quietened(self, _now: Any) -> None:
        self._quiet = None
        self._clear(Issue.UNREADABLE)

    @callback
    def _stop_waiting(self) -> None:
        if self._quiet:
            self._quiet()
            self._quiet = None

    # ---- what surrounds us ----------------------------------------------------------

    @callback
    def _check(self, _event: Any = None) -> None:
        self._check_address()
        self._check_automations()

    def _check_address(self) -> None:
        problem = shown_address(self._hass, self._entry.data).problem
        by_cloudhook = self._entry.data[CONF_REACH] == Reach.CLOUDHOOK
        unreachable = problem in (AddressProblem.NO_URL, AddressProblem.PRIVATE)
        shown, base = self._entry.data.get(CONF_SHOWN_BASE), base_url(self._hass)
        changed = not by_cloudhook and not unreachable and shown not in (None, base)
        self._set(Issue.NOT_REACHABLE, present=unreachable)
        self._set(Issue.ADDRESS_CHANGED, present=changed, fixable=True)
        gone = by_cloudhook and is_cloud_gone(self._hass)
        self._set(Issue.CLOUDHOOK_GONE, present=gone, fixable=True)

    def _check_automations(self) -> None:
        """Name the automations and scripts whose choice is gone: they match nobody."""
        found = {}
        for domain in ("automation", "script"):
            component = self._hass.data.get(domain)
            for entity in getattr(component, "entities", ()):
                if any(self._is_gone(id_) for id_ in _chosen_devices(entity.raw_config)):
                    found[entity.entity_id] = entity.name or entity.entity_id
        for entity_id, name in found.items():
            self._raise(Issue.CHOICE_GONE, entity_id, placeholders={"automation": str(name)})
        for entity_id in self._automations - found.keys():
            self._clear(Issue.CHOICE_GONE, entity_id)
        self._automations = set(found)

    def _is_gone(self, device_id: str) -> bool:
        return dr.async_get(self._hass).async_get(device_id) is None

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
        data: dict[str, str] | None = None,
    ) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id(issue, about),
            is_fixable=fixable,
            severity=IssueSeverity.WARNING,
            translation_key=issue,
            translation_placeholders=placeholders,
            learn_more_url=f"{DOCS_URL}/troubleshooting.md",
            data={"issue": issue, "entry_id": self._entry.entry_id, **(data or {})},
        )

    def _clear(self, issue: Issue, about: str = "") -> None:
        ir.async_delete_issue(self._hass, DOMAIN, self._issue_id(issue, about))

    def _issue_id(self, issue: Issue, about: str) -> str:
        if not about:
            return f"{issue}_{self._entry.entry_id}"
        # Keyed, or the few numbers there are could be tried out.
        secret = self._entry.data[CONF_WEBHOOK_ID].encode()[:64]
        digest = blake2b(about.encode(), digest_size=8, key=secret).hexdigest()
        return f"{issue}_{self._entry.entry_id}_{digest}"


@callback
def async_clear_issues(hass: HomeAssistant, entry_id: str) -> None:
    """Delete all issues of an entry."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and entry_id in issue_id:
            ir.async_delete_issue(hass, domain, issue_id)


def _chosen_devices(config: Any) -> Iterator[str]:
    """Find the devices chosen in our triggers and conditions, however deep they stand."""
    if isinstance(config, Mapping):
        kinds = (config.get(key) for key in ("trigger", "platform", "condition"))
        if any(isinstance(kind, str) and kind.startswith(f"{DOMAIN}.") for kind in kinds):
            options = config.get("options") or {}
            for field in _DEVICE_FIELDS:
                chosen = options.get(field) or ()
                yield from (chosen,) if isinstance(chosen, str) else chosen
        config = list(config.values())
    if isinstance(config, list | tuple):
        for part in config:
            yield from _chosen_devices(part)
