"""Whose number is whose: the config entry's subentries as devices to look up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypedDict

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType

from ..const import (
    CONF_NUMBER,
    CONF_NUMBERS,
    CONF_PERSON,
    DOMAIN,
    MANUFACTURER,
    MESSAGE_KEY,
    PROVIDER_URL,
    SUBENTRY_VIRTUAL_NUMBER,
    DeviceModel,
)
from ..protocol import Message, sender_key
from .delivery import Delivery
from .report import Recipient


@dataclass(frozen=True, kw_only=True, slots=True)
class VirtualNumber:
    """A virtual number of the account and its device.

    `name` is the one that the device was given on its page, else that of the subentry.
    """

    subentry_id: str
    device_id: str
    name: str = field(repr=False)
    number: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A known person, their numbers and their device; `name` as with a virtual number.

    `person` is the registry id of a `person` entity, which outlives its renaming.
    """

    subentry_id: str
    device_id: str
    name: str = field(repr=False)
    numbers: tuple[str, ...] = field(repr=False)
    person: str | None = None


type Listing = VirtualNumber | Contact
type Listener = Callable[[Listing], None]


def unique_id(owner_id: str, key: str) -> str:
    """Return the unique id of an entity; `owner_id` is an entry's or a subentry's id."""
    return f"{owner_id}_{key}"


class _Sender(TypedDict):
    """What a delivery says of who sent it."""

    sender_name: str | None
    sender_known: bool
    sender_device_id: str | None
    person_id: str | None
    contact_id: str | None


class Directory:
    """The virtual numbers and contacts of a config entry, in step with its subentries.

    Subentries change without a reload of the entry: `async_refresh` compares them
    with what it saw last and tells the platforms of what is new.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Read the subentries and make a device for each."""
        self._hass = hass
        self.entry = entry
        self._listings: dict[str, Listing] = {}
        # By `sender_key`.
        self._numbers: dict[str, VirtualNumber] = {}
        self._contacts: dict[str, Contact] = {}
        self._listeners: list[Listener] = []
        dr.async_get(hass).async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, entry.entry_id)},
            name=entry.title,
            manufacturer=MANUFACTURER,
            model=DeviceModel.ACCOUNT,
            entry_type=DeviceEntryType.SERVICE,
            configuration_url=PROVIDER_URL,
        )
        self.async_refresh()

    def __iter__(self) -> Iterator[Listing]:
        """Iterate over virtual numbers and contacts."""
        return iter(self._listings.values())

    def get(self, subentry_id: str) -> Listing | None:
        """Return a virtual number or contact by the id of its subentry."""
        return self._listings.get(subentry_id)

    def number(self, number: str) -> VirtualNumber | None:
        """Return a virtual number by itself, in any spelling of its line."""
        return self._numbers.get(sender_key(number))

    @property
    def only_number(self) -> VirtualNumber | None:
        """Return the virtual number if there is only one: who names none can mean no other."""
        return next(iter(self._numbers.values())) if len(self._numbers) == 1 else None

    def contact(self, sender: str | None) -> Contact | None:
        """Return the contact that a sender is, by a number, a name or WhatsApp's id of a person."""
        return None if sender is None else self._contacts.get(sender_key(sender))

    def author(self, message: Message) -> Contact | None:
        """Return the contact that sent a message, whose id counts where its number is nobody's."""
        return next(filter(None, map(self.contact, message.identities)), None)

    def delivery(
        self,
        message: Message,
        *,
        received_at: datetime,
        to: str | None = None,
        simulated: bool = False,
    ) -> Delivery:
        """Return a message with whose number it came to and who sent it, as they are now.

        `to` is where it came to if the message itself does not say so any more.
        """
        to = message.to if to is None else to
        number = self.only_number if to is None else self.number(to)
        return Delivery(
            entry_id=self.entry.entry_id,
            message=message,
            received_at=received_at,
            to=number.number if number else to,
            to_name=number.name if number else None,
            device_id=number.device_id if number else None,
            entity_id=self._message_entity(number) if number else None,
            number_id=number.subentry_id if number else None,
            simulated=simulated,
            **self._sender(message),
        )

    def with_sender(self, delivery: Delivery) -> Delivery:
        """Return a delivery with its sender as the contacts are now; its number stays.

        A contact that was removed since, or lost the number, is nobody any more.
        """
        return replace(delivery, **self._sender(delivery.message))

    def _sender(self, message: Message) -> _Sender:
        contact = self.author(message)
        return {
            "sender_name": contact.name if contact else None,
            "sender_known": contact is not None,
            "sender_device_id": contact.device_id if contact else None,
            "person_id": self.person_id(contact),
            "contact_id": contact.subentry_id if contact else None,
        }

    def _message_entity(self, number: VirtualNumber) -> str | None:
        """Return the entity id that a virtual number's *Message* has now."""
        return er.async_get(self._hass).async_get_entity_id(
            Platform.EVENT, DOMAIN, unique_id(number.subentry_id, MESSAGE_KEY)
        )

    def person_id(self, contact: Contact | None) -> str | None:
        """Return the entity id that a contact's person has now."""
        if contact is None or contact.person is None:
            return None
        person = er.async_get(self._hass).entities.get_entry(contact.person)
        return person.entity_id if person else None

    @callback
    def async_on_added(self, listener: Listener) -> None:
        """Call `listener` for all that is listed, and for what is added later."""
        for listing in self:
            listener(listing)
        self._listeners.append(listener)

    @callback
    def async_refresh(self) -> set[str]:
        """Take over the subentries as they are now; return the ids of those that went."""
        known = self._listings
        self._listings = {
            subentry.subentry_id: self._listing(subentry)
            for subentry in self.entry.subentries.values()
        }
        self._index()
        for subentry_id, listing in self._listings.items():
            if subentry_id not in known:
                for listener in self._listeners:
                    listener(listing)
        return known.keys() - self._listings.keys()

    def _index(self) -> None:
        """Let what is listed be found by its numbers."""
        self._numbers, self._contacts = {}, {}
        for listing in self:
            if isinstance(listing, VirtualNumber):
                self._numbers[sender_key(listing.number)] = listing
            else:
                self._contacts.update(dict.fromkeys(map(sender_key, listing.numbers), listing))

    @callback
    def async_follow_names(self) -> CALLBACK_TYPE:
        """Take over the names that devices are given on their pages, until this is called off."""
        return self._hass.bus.async_listen(
            dr.EVENT_DEVICE_REGISTRY_UPDATED, self._on_renamed, _is_renaming
        )

    @callback
    def _on_renamed(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        subentries = self.entry.subentries
        for subentry_id, listing in self._listings.items():
            if listing.device_id == event.data["device_id"] and subentry_id in subentries:
                self._listings[subentry_id] = self._listing(subentries[subentry_id])
        self._index()

    def _listing(self, subentry: ConfigSubentry) -> Listing:
        """Read a subentry, and make or rename its device."""
        if subentry.subentry_type == SUBENTRY_VIRTUAL_NUMBER:
            number = subentry.data[CONF_NUMBER]
            device = self._device(subentry, DeviceModel.VIRTUAL_NUMBER, number)
            return VirtualNumber(
                subentry_id=subentry.subentry_id,
                device_id=device.id,
                name=device.name_by_user or subentry.title,
                number=number,
            )
        numbers = tuple(subentry.data[CONF_NUMBERS])
        device = self._device(subentry, DeviceModel.CONTACT, numbers[0])
        return Contact(
            subentry_id=subentry.subentry_id,
            device_id=device.id,
            name=device.name_by_user or subentry.title,
            numbers=numbers,
            person=subentry.data[CONF_PERSON],
        )

    def _device(self, subentry: ConfigSubentry, model: DeviceModel, number: str) -> dr.DeviceEntry:
        """Return a subentry's device, which is made if it is not there yet."""
        return dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self.entry.entry_id,
            config_subentry_id=subentry.subentry_id,
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            manufacturer=MANUFACTURER,
            model=model,
            # The page shows it in brackets behind the model.
            model_id=number,
            entry_type=DeviceEntryType.SERVICE,
        )


@callback
def _is_renaming(event_data: dr.EventDeviceRegistryUpdatedData) -> bool:
    return event_data["action"] == "update" and "name_by_user" in event_data["changes"]


def recipient(directory: Directory, number: str | None) -> Recipient:
    """Return what an event says of whom a message was sent to, besides their number."""
    contact = directory.contact(number)
    return {
        "to_name": contact.name if contact else None,
        "to_device_id": contact.device_id if contact else None,
        "person_id": directory.person_id(contact),
    }
