"""A `notify` entity for each contact that can be written to, while there are keys for sending."""

from typing import override

from homeassistant.components.notify import (  # type: ignore[attr-defined]
    NotifyEntity,
    NotifyEntityDescription,
    NotifyEntityFeature,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import NOTIFY_KEY
from .entity import IntelliSMSEntity, stay_in_place
from .faults import guarded
from .protocol import Draft
from .receiving.data import IntelliSMSConfigEntry
from .sending.account import sending_of
from .sending.data import Letter, Sent, signal_sent
from .sending.fields import DEFAULT_MAX_PARTS
from .sending.letters import explained, letter_to
from .sending.recipients import can_be_written_to, recipient_of
from .sending_entities import Keyed, async_follow_keys

PARALLEL_UPDATES = 0

DESCRIPTION = NotifyEntityDescription(key=NOTIFY_KEY, translation_key="contact")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: IntelliSMSConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for each contact that can be written to, now and later."""
    async_follow_keys(
        hass,
        entry,
        async_add_entities,
        Keyed(
            platform=Platform.NOTIFY,
            key=DESCRIPTION.key,
            owners=lambda: can_be_written_to(entry.runtime_data.directory),
            make=lambda _, subentry_id: ContactNotifier(entry, subentry_id, DESCRIPTION),
        ),
    )


class ContactNotifier(IntelliSMSEntity, NotifyEntity):
    """Writes to a contact; its state is when that was done last."""

    # It is what the contact's device is for, and is called as the device is.
    _attr_name = None
    _attr_supported_features = NotifyEntityFeature.TITLE
    async_entity_id_changed = stay_in_place

    def __init__(
        self,
        entry: IntelliSMSConfigEntry,
        subentry_id: str,
        description: NotifyEntityDescription,
    ) -> None:
        """Tie the entity to the contact's device."""
        super().__init__(entry, subentry_id, description)
        self._subentry_id = subentry_id
        # Messages that core will itself note as sent.
        self._under_way = 0

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, signal_sent(self._entry.entry_id), guarded(self._on_sent)
            )
        )

    @callback
    def _on_sent(self, sent: Sent) -> None:
        """Note when an action of ours has written to the contact."""
        if sent.is_sent and sent.letter.entity_id == self.entity_id and not self._under_way:
            self.async_set_context(sent.context)
            self._async_record_notification()

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send a text, with the title as its first line."""
        sender = sending_of(self.hass, self._entry).sender
        letter = self._letter(f"{title}\n{message}" if title else message)
        self._under_way += 1
        try:
            await sender.async_send([letter], self._context)
        finally:
            self._under_way -= 1

    def _letter(self, text: str) -> Letter:
        """Return what is sent, as *Send message* would; ServiceValidationError where it cannot be."""
        contact = self._entry.runtime_data.directory.get(self._subentry_id)
        recipient = recipient_of(self._entry, self.entity_id, contact)
        with explained():
            return letter_to(
                self._entry, recipient, Draft(message=text, max_parts=DEFAULT_MAX_PARTS)
            )
