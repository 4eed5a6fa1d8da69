"""What the entities of a virtual number and of the account share."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity, EntityDescription

from .const import CONF_KEEP_OFF_DISK, DOMAIN
from .faults import guarded
from .receiving.data import IntelliSMSConfigEntry
from .receiving.delivery import Delivery
from .receiving.directory import Listing
from .receiving.journal import Record
from .receiving.signals import signal_account, signal_record


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
        self._attr_unique_id = f"{owner_id}_{description.key}"
        # The directory made the device; this only points at it.
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, owner_id)})


class RecordEntity(IntelliSMSEntity):
    """An entity of a virtual number or contact; its state comes from their record."""

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
        return bool(self._entry.options.get(CONF_KEEP_OFF_DISK))

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, signal_record(self._subentry_id), guarded(self._on_delivery)
            )
        )

    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        self.async_set_context(delivery.context)
        self.async_write_ha_state()


class AccountEntity(IntelliSMSEntity):
    """An entity of the account."""

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
