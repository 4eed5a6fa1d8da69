"""The *Message* event of a virtual number, and of a contact."""

from typing import Any, override

from homeassistant.components.event import (
    EventEntity,
    EventEntityDescription,
    EventExtraStoredData,
)
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import restore_state
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import MESSAGE_KEY
from .entity import RecordEntity, stay_in_place
from .privacy import without_what_was_said
from .protocol import LONG, MessageType
from .receiving.data import IntelliSMSConfigEntry
from .receiving.delivery import Delivery
from .receiving.directory import Listing

PARALLEL_UPDATES = 0

OTHER = "other"
DESCRIPTION = EventEntityDescription(
    key=MESSAGE_KEY,
    translation_key="message",
    event_types=[*MessageType, OTHER],
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: IntelliSMSConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an event entity for each virtual number and contact, now and later."""

    @callback
    def add(owner: Listing) -> None:
        async_add_entities(
            [MessageEvent(entry, owner, DESCRIPTION)], config_subentry_id=owner.subentry_id
        )

    entry.runtime_data.directory.async_on_added(add)


class MessageEvent(RecordEntity, EventEntity):
    """Fires for each message; comes back with the last one without firing it again.

    It comes back from the journal, since core's own file of last states lags behind in a
    power cut, and would keep what was said for a week after the number is gone.
    """

    _unrecorded_attributes = frozenset(LONG)
    async_entity_id_changed = stay_in_place

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        # Core writes the states of whom this dict holds to a file of its own. Neither this nor
        # passing over `RestoreEntity` below is part of its API; both were read in 2026.7.0 and
        # 2026.11.0.
        restore_state.async_get(self.hass).entities.pop(self.entity_id, None)

    @override
    async def async_internal_will_remove_from_hass(self) -> None:
        await super(restore_state.RestoreEntity, self).async_internal_will_remove_from_hass()

    @override
    async def async_get_last_state(self) -> State | None:
        if (last := self.record.last) is None:
            return None
        return State(self.entity_id, last.received_at.isoformat(timespec="milliseconds"))

    @override
    async def async_get_last_event_data(self) -> EventExtraStoredData | None:
        last = self.record.last
        return EventExtraStoredData(_event_type(last), self._attributes(last)) if last else None

    @override
    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        self._trigger_event(_event_type(delivery), self._attributes(delivery))
        super()._on_delivery(delivery)

    def _attributes(self, delivery: Delivery) -> dict[str, Any]:
        """Return the event's data as far as states may show it."""
        event = delivery.as_event()
        # A state that has this attribute is taken for a group.
        del event["entity_id"]
        return without_what_was_said(event) if self.discreet else event


def _event_type(delivery: Delivery) -> str:
    """Return a message's type as one that core lets an event entity have."""
    word = delivery.message.type
    return word if word in MessageType else OTHER
