"""Entities that are there only while an account has keys for sending."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .faults import guarded
from .receiving.data import IntelliSMSConfigEntry
from .receiving.directory import unique_id
from .sending.account import Sending, find_sending, signal_sending


@dataclass(frozen=True, kw_only=True, slots=True)
class Keyed:
    """A kind of entity, of which each owner has one while there are keys.

    `owners` returns the ids of the entry or of subentries, as they are now; `make` makes one's.
    """

    platform: Platform
    key: str
    owners: Callable[[], Iterable[str]]
    make: Callable[[Sending, str], Entity]


@callback
def async_follow_keys(
    hass: HomeAssistant,
    entry: IntelliSMSConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    kind: Keyed,
) -> None:
    """Add and remove a kind of entity as keys and owners come and go."""
    added: set[str] = set()

    @callback
    def follow() -> None:
        sending = find_sending(hass, entry)
        wanted = list(kind.owners()) if sending else []
        registry = er.async_get(hass)
        for found in er.async_entries_for_config_entry(registry, entry.entry_id):
            owner = found.unique_id.removesuffix(f"_{kind.key}")
            is_ours = (found.domain, found.unique_id) == (
                kind.platform,
                unique_id(owner, kind.key),
            )
            if is_ours and owner not in wanted:
                registry.async_remove(found.entity_id)
        added.intersection_update(wanted)
        for owner in wanted:
            if sending and owner not in added:
                added.add(owner)
                subentry_id = owner if owner in entry.subentries else None
                async_add_entities([kind.make(sending, owner)], config_subentry_id=subentry_id)

    entry.async_on_unload(
        async_dispatcher_connect(hass, signal_sending(entry.entry_id), guarded(follow))
    )
    follow()
