"""The target of a trigger or condition: which virtual numbers and contacts are meant.

Numbers are alternatives, contacts are alternatives, and where both kinds are named
both have to fit. Both are looked up in Home Assistant's registries, which also know an
account that is not loaded. What is gone or misspelt matches nobody, never everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, override

from homeassistant.const import (
    ATTR_AREA_ID,
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
    ATTR_FLOOR_ID,
    ATTR_LABEL_ID,
    CONF_EXCLUDE,
    CONF_OPTIONS,
    CONF_TARGET,
)
from homeassistant.core import Event, HomeAssistant, callback, valid_entity_id
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.helpers.condition import Condition
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.trigger import Trigger
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from .const import DOMAIN, DeviceModel

TARGET_KINDS = (ATTR_ENTITY_ID, ATTR_DEVICE_ID, ATTR_AREA_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID)
# Core makes all ids but those of entities of hex digits, or of a name in this spelling.
_ID = re.compile(r"[0-9a-z_]+")
# What the devices are of those who can be meant.
_LISTED = (DeviceModel.VIRTUAL_NUMBER, DeviceModel.CONTACT)
# What core's `check_config` does not load, though it can be asked for, and what is missing then.
_NOT_ALWAYS_LOADED: dict[str, tuple[HassKey[Any], str]] = {
    ATTR_LABEL_ID: (lr.DATA_REGISTRY, "labels"),
    ATTR_FLOOR_ID: (fr.DATA_REGISTRY, "floors"),
}
# Virtual numbers and contacts, by the ids of their devices.
type Found = dict[str, DeviceModel]


def _is_id(kind: str, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return valid_entity_id(value.lower()) if kind == ATTR_ENTITY_ID else bool(_ID.fullmatch(value))


def _ids(value: Any) -> dict[str, Any]:
    """Return one part of a target with ids in lists; vol.Invalid says what to write."""
    if not isinstance(value, dict) or not value.keys() <= {*TARGET_KINDS, CONF_EXCLUDE}:
        raise vol.Invalid(f"say who is meant by {', '.join(TARGET_KINDS)}")
    chosen = {kind: cv.ensure_list(value[kind]) for kind in TARGET_KINDS if kind in value}
    for kind, ids in chosen.items():
        # It is empty when the last choice was taken away, which may not mean anybody.
        if not ids:
            raise vol.Invalid("nothing is chosen here; choose one, or leave it out", path=[kind])
        if not all(_is_id(kind, one) for one in ids):
            raise vol.Invalid(
                "choose these in the editor, or write their ids in quotes; "
                "names, templates and other words do not work here",
                path=[kind],
            )
    return {**value, **chosen}


# A target as it is written, or as core has shaped it; all ids come out in lists.
TARGET = vol.All(_ids, vol.Schema({vol.Optional(CONF_EXCLUDE): _ids}, extra=vol.ALLOW_EXTRA))
TARGET_AS_WRITTEN = vol.Schema({vol.Optional(CONF_TARGET): TARGET}, extra=vol.ALLOW_EXTRA)


def targeted(fields: Mapping[vol.Marker, Any]) -> vol.Schema:
    """Return the schema of what may have a target, and has these options."""
    return vol.Schema(
        {
            vol.Optional(CONF_TARGET): TARGET,
            vol.Optional(CONF_OPTIONS, default=dict): dict(fields),
        }
    )


class TargetedTrigger(Trigger):
    """A trigger with a target: what core refuses of one it does not explain, so it is looked at first."""

    @classmethod
    @override
    async def async_validate_complete_config(
        cls, hass: HomeAssistant, complete_config: ConfigType
    ) -> ConfigType:
        TARGET_AS_WRITTEN(complete_config)
        return await super().async_validate_complete_config(hass, complete_config)


class TargetedCondition(Condition):
    """A condition with a target, which is looked at likewise."""

    @classmethod
    @override
    async def async_validate_complete_config(
        cls, hass: HomeAssistant, complete_config: ConfigType
    ) -> ConfigType:
        TARGET_AS_WRITTEN(complete_config)
        return await super().async_validate_complete_config(hass, complete_config)


@dataclass(frozen=True, kw_only=True, slots=True)
class Targeted:
    """The devices that a target means now, by their ids; None where a kind is not targeted.

    `contacts` is empty where only a contact would do and none is left. `excluded` is
    of both kinds. `listings_only` is set where one who was excluded is gone: a stranger by now, or
    a number that nobody has added.
    """

    numbers: frozenset[str] | None
    contacts: frozenset[str] | None
    excluded: frozenset[str]
    listings_only: bool

    def fits(self, number: str | None, contact: str | None, *, listed: bool = False) -> bool:
        """Tell whether a message is meant, by the devices of whom it went to and came from.

        A sender whose number is listed beside the target is as good as a targeted contact.
        """
        if self.numbers is not None and number not in self.numbers:
            return False
        if number in self.excluded or contact in self.excluded:
            return False
        if self.listings_only and number is None:
            return False
        if listed:
            return True
        if self.contacts is not None:
            return contact in self.contacts
        return contact is not None or not self.listings_only

    def has_recipient(self, contact: str | None) -> bool:
        """Tell whether a message to a contact, by their device, is meant; None is no contact.

        Virtual numbers are nobody that is written to: where only those are targeted, nobody is.
        """
        if contact in self.excluded:
            return False
        if self.contacts is not None:
            return contact in self.contacts
        return self.numbers is None and (contact is not None or not self.listings_only)


class Target:
    """Knows whom a target means; looks them up anew only when a registry has changed."""

    def __init__(self, hass: HomeAssistant, config: Mapping[str, Any] | None) -> None:
        """Take a validated target; none at all is as good as an empty one."""
        self._hass = hass
        self._config = config or {}
        self._registries = _registries(hass)
        self._changes = self._registries.changes
        self._now = self._look_up()

    @property
    def now(self) -> Targeted:
        """Return whom the target means at this moment."""
        if self._changes != (changes := self._registries.changes):
            self._now, self._changes = self._look_up(), changes
        return self._now

    def _look_up(self) -> Targeted:
        meant = self._each(self._config, hidden=False)
        # Apart, or Gate and Alice without Alice would be Gate, for everybody.
        excluded = self._each(self._config.get(CONF_EXCLUDE) or {}, hidden=True)
        models = {device_id: model for found in meant for device_id, model in found.items()}
        contacts = frozenset(one for one, model in models.items() if model == DeviceModel.CONTACT)
        return Targeted(
            numbers=frozenset(models.keys() - contacts) or None,
            contacts=contacts if contacts or not all(meant) else None,
            excluded=frozenset().union(*excluded),
            listings_only=not all(excluded),
        )

    def _each(self, part: Mapping[str, Any], *, hidden: bool) -> list[Found]:
        """Look up each id alone: one that finds nothing must not hide among the others."""
        return [
            async_find(self._hass, kind, one, hidden=hidden)
            for kind in TARGET_KINDS
            for one in part.get(kind, ())
        ]


@callback
def async_find(hass: HomeAssistant, kind: str, one: str, *, hidden: bool = False) -> Found:
    """Return what one id of a target means: nothing, if nothing of ours.

    As everywhere in Home Assistant, an entity that is hidden is not found by a label or
    area of its own, but with `hidden`.
    """
    if kind in _NOT_ALWAYS_LOADED:
        registry, content = _NOT_ALWAYS_LOADED[kind]
        if not hasattr(hass.data.get(registry), content):
            return {}
    selection = TargetSelection({kind: [one]})
    found = async_extract_referenced_entity_ids(hass, selection, expand_group=False)
    entities = er.async_get(hass)
    entries = [entities.async_get(each) for each in found.referenced | found.indirectly_referenced]
    if hidden:
        if kind == ATTR_LABEL_ID:
            entries += er.async_entries_for_label(entities, one)
        for area_id in found.referenced_areas:
            entries += er.async_entries_for_area(entities, area_id)
    devices = found.referenced_devices | {e.device_id for e in entries if e and e.device_id}
    return {each: model for each in devices if (model := _model(hass, each))}


def _model(hass: HomeAssistant, device_id: str) -> DeviceModel | None:
    """Return what a device of ours is; None for the account, which nobody can write to."""
    device = dr.async_get(hass).async_get(device_id)
    if not isinstance(device, dr.DeviceEntry):
        return None
    ours = any(identifier[0] == DOMAIN for identifier in device.identifiers)
    return DeviceModel(device.model) if ours and device.model in _LISTED else None


class _Registries:
    """Counts what may change whom an id means; core's own targets listen to the same."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen for as long as Home Assistant runs."""
        self.changes = 0
        hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._changed)
        hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._changed)
        hass.bus.async_listen(ar.EVENT_AREA_REGISTRY_UPDATED, self._changed)

    @callback
    def _changed(self, _event: Event[Any]) -> None:
        self.changes += 1


# One for all targets, made by the first.
_registries = singleton(HassKey[_Registries](f"{DOMAIN}_registries"))(_Registries)
