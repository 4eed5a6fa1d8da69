"""What the entities of a virtual number and of the account share."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity, EntityDescription

from .const import DOMAIN
from .faults import guarded
from .privacy import keeps_off_disk
from .receiving.data import IntelliSMSConfigEntry
from .receiving.delivery import Delivery
from .receiving.directory import Listing, unique_id
from .receiving.journal import Record
from .receiving.signals import signal_account, signal_record


@callback
def stay_in_place(_entity: Entity, _old_entity_id: str) -> None:
    """Take a new entity id without being removed: nothing of ours depends on the id.

    Since 2026.11 core renames an entity in place, but until 2027.11 removes and re-adds one
    of a custom integration unless each of its classes that does something on being added or
    removed has this as its `async_entity_id_changed`. (Read in `helpers/entity.py` of 2026.11.0.)
    Releases before that always remove and re-add.
    """


class IntelliSMSEntity(Entity):
    """An entity that is told, never asked, and always available."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self, entry: IntelliSMSConfigEntry, owner_id: str, description: EntityDescription
    ) -> None:
        """Tie the entity to the device of `owner_id`, an entry's or a subentry's id."""
        self.entity_description = description
        self._entry = entry
        self._journal = entry.runtime_data.journal
        self._attr_unique_id = unique_id(owner_id, description.key)
        # The directory made the device; this only points at it.
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, owner_id)})


class RecordEntity(IntelliSMSEntity):
    """An entity of a virtual number or contact; its state comes from their record."""

    async_entity_id_changed = stay_in_place

    def __init__(
        self,
        entry: IntelliSMSConfigEntry,
        owner: Listing,
        description: EntityDescription,
    ) -> None:
        """Show what is known of the owner's messages."""
        super().__init__(entry, owner.subentry_id, description)
        self._subentry_id = owner.subentry_id

    @property
    def record(self) -> Record:
        """Return what is known of the owner's messages."""
        return self._journal.record(self._subentry_id)

    @property
    def discreet(self) -> bool:
        """Tell whether what was said must not become part of a recorded state."""
        return keeps_off_disk(self._entry)

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, signal_record(self._subentry_id), guarded(self._on_delivery)
            )
        )

    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        """Show the record as it is with this message, which is what caused the change."""
        self.async_set_context(delivery.context)
        self.async_write_ha_state()


class AccountEntity(IntelliSMSEntity):
    """An entity of the account."""

    async_entity_id_changed = stay_in_place

    def __init__(self, entry: IntelliSMSConfigEntry, description: EntityDescription) -> None:
        """Show what is kept of the account."""
        super().__init__(entry, entry.entry_id, description)

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, signal_account(self._entry.entry_id), guarded(self.async_write_ha_state)
            )
        )
