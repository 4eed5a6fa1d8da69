"""Which automations and scripts have chosen a virtual number or contact that is gone.

Their triggers and conditions may match nobody, and nothing else would tell.
"""

import asyncio
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
import logging
from typing import Any
from urllib.parse import quote

from homeassistant.const import CONF_EXCLUDE, CONF_TARGET, EVENT_CALL_SERVICE, SERVICE_RELOAD
from homeassistant.core import CoreState, Event, HomeAssistant, callback, split_entity_id
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.debounce import Debouncer
import voluptuous as vol

from .const import DOMAIN, EVENT_AUTOMATION_RELOADED
from .receiving.data import IntelliSMSConfigEntry
from .target import TARGET, TARGET_KINDS, async_find

_LOGGER = logging.getLogger(__name__)

# What Home Assistant may take to remove an automation or to reload its scripts.
SOON_SECONDS = 5
# Automations and scripts that are looked at in one go, before others get their turn.
PART = 20

_DOMAINS = ("automation", "script")
# Kind and id of one part of a target, and whether it is excluded.
type Choice = tuple[str, str, bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """An automation or script, and whom it waits for in vain.

    `path` is that of its editor, None if it has none. `missed` are names, or ids where those are
    not known.
    """

    name: str = field(repr=False)
    path: str | None = field(repr=False)
    missed: tuple[str, ...] = field(repr=False)


# By the entity ids of automations and scripts.
type Gone = Mapping[str, Waiting]


class Choices:
    """Looks at what was chosen whenever that, or what there is to choose, may have changed."""

    def __init__(
        self, hass: HomeAssistant, entry: IntelliSMSConfigEntry, tell: Callable[[Gone], None]
    ) -> None:
        """Prepare; after each look `tell` is called with those whose choice is gone."""
        self._hass = hass
        self._entry = entry
        self._journal = entry.runtime_data.journal
        self._tell = tell
        self._looking: asyncio.Task[None] | None = None
        self._look_soon = Debouncer(
            hass, _LOGGER, cooldown=SOON_SECONDS, immediate=False, function=self.async_look
        )

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded."""
        listen = self._hass.bus.async_listen
        for unsubscribe in (
            listen(EVENT_AUTOMATION_RELOADED, self.async_look),
            # Core removes a subentry's device only after it has told of the subentry.
            listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._removed, _is_removal),
            listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._changing, _is_removal_of_an_automation),
            listen(EVENT_CALL_SERVICE, self._changing, _is_reload_of_scripts),
            self._look_soon.async_shutdown,
        ):
            self._entry.async_on_unload(unsubscribe)

    @callback
    def _removed(self, event: Event[Any]) -> None:
        """Keep the name of a device of ours, which nobody knows any more, and look."""
        device = event.data["device"]
        if any(domain == DOMAIN for domain, *_ in device["identifiers"]):
            name = str(device["name_by_user"] or device["name"])
            self._journal.account.missed[event.data["device_id"]] = name
            self._journal.async_account_changed()
        self.async_look()

    @callback
    def _changing(self, _event: Any) -> None:
        """Look when what was begun is done; core does not tell of that."""
        self._look_soon.async_schedule_call()

    @callback
    def async_look(self, _event: Any = None) -> None:
        """Look anew, in the place of a look that is under way."""
        if self._hass.state is not CoreState.running:
            return
        if self._looking:
            self._looking.cancel()
        self._looking = self._entry.async_create_background_task(
            self._hass, self._look(), "intellisms choices"
        )

    async def _look(self) -> None:
        """Look at one part after the other: hundreds at once would hold everything else up."""
        gone, names = {}, self._journal.account.missed
        missed_by_any: set[str] = set()
        for count, entity in enumerate(list(_automations(self._hass)), 1):
            choices = _choices(entity.raw_config)
            # Each once, in the order in which they stand there.
            missed = dict.fromkeys(
                one for kind, one, excluded in choices if self._is_gone(kind, one, excluded)
            )
            if missed:
                missed_by_any.update(missed)
                gone[entity.entity_id] = Waiting(
                    name=str(entity.name or entity.entity_id),
                    path=_editor(entity),
                    missed=tuple(names.get(one, one) for one in missed),
                )
            if count % PART == 0:
                await asyncio.sleep(0)
        self._forget_names(missed_by_any)
        self._tell(gone)

    def _forget_names(self, missed: Container[str]) -> None:
        """Keep only the names of those whom somebody misses."""
        names = self._journal.account.missed
        kept = {one: names[one] for one in names if one in missed}
        if kept != names:
            self._journal.account.missed = kept
            self._journal.async_account_changed()

    def _is_gone(self, kind: str, one: str, excluded: bool) -> bool:
        """Tell whether what was chosen is nobody of ours any more."""
        return not async_find(self._hass, kind, one, hidden=excluded)


def _automations(hass: HomeAssistant) -> Iterator[Any]:
    """Iterate over the entities of automations and scripts.

    Importing their components would load them. That these lie in `hass.data` under their
    domains, and that their entities have a `raw_config`, was read in 2026.7.0 and 2026.11.0.
    """
    for domain in _DOMAINS:
        yield from getattr(hass.data.get(domain), "entities", ())


def _editor(entity: Any) -> str | None:
    """Return the path of the page on which an automation or script is edited, if it has one."""
    if entity.unique_id is None:
        return None
    return f"/config/{split_entity_id(entity.entity_id)[0]}/edit/{quote(entity.unique_id, safe='')}"


def _choices(config: Any) -> Iterator[Choice]:
    """Find what is targeted by our triggers and conditions, however deep they stand."""
    if isinstance(config, Mapping):
        # What is switched off in the editor waits for nobody.
        if config.get("enabled") is False:
            return
        kinds = (config.get(key) for key in ("trigger", "platform", "condition"))
        if any(isinstance(kind, str) and kind.startswith(f"{DOMAIN}.") for kind in kinds):
            yield from _targeted(config.get(CONF_TARGET) or {})
        config = list(config.values())
    if isinstance(config, list | tuple):
        for part in config:
            yield from _choices(part)


def _targeted(written: Any) -> Iterator[Choice]:
    """Iterate over a target; of one that was refused core tells itself."""
    try:
        target = TARGET(written)
    except vol.Invalid:
        return
    for part, excluded in ((target, False), (target.get(CONF_EXCLUDE, {}), True)):
        for kind in TARGET_KINDS:
            yield from ((kind, one, excluded) for one in part.get(kind, ()))


@callback
def _is_removal(event_data: Mapping[str, Any]) -> bool:
    return bool(event_data["action"] == "remove")


@callback
def _is_removal_of_an_automation(event_data: Mapping[str, Any]) -> bool:
    return _is_removal(event_data) and split_entity_id(event_data["entity_id"])[0] in _DOMAINS


@callback
def _is_reload_of_scripts(event_data: Mapping[str, Any]) -> bool:
    return (event_data["domain"], event_data["service"]) == ("script", SERVICE_RELOAD)
