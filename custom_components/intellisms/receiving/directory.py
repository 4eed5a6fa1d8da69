"""Whose number is whose: the config entry's subentries as devices to look up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType

from ..const import (
    CONF_NUMBER,
    CONF_NUMBERS,
    CONF_PERSON,
    DOMAIN,
    MANUFACTURER,
    PROVIDER_URL,
    SUBENTRY_VIRTUAL_NUMBER,
    DeviceModel,
)
from .delivery import Delivery


@dataclass(frozen=True, kw_only=True, slots=True)
class VirtualNumber:
    """A virtual number of the account and its device."""

    subentry_id: str
    device_id: str
    name: str = field(repr=False)
    number: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A known person, their numbers and their device.

    `person` is the registry id of a `person` entity, which outlives its renaming.
    """

    subentry_id: str
    device_id: str
    name: str = field(repr=False)
    numbers: tuple[str, ...] = field(repr=False)
    person: str | None = None


type Listing = VirtualNumber | Contact
type Listener = Callable[[Listing], None]


class Directory:
    """The virtual numbers and contacts of a config entry, in step with its subentries.

    Subentries change without a reload of the entry: `async_refresh` compares them
    with what it saw last and tells the platforms of what is new.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Read the subentries and make a device for each."""
        self._hass = hass
        self._entry = entry
        self._listings: dict[str, Listing] = {}
        self._numbers: dict[str, VirtualNumber] = {}
        self._contacts: dict[str, Contact] = {}
        self._listeners: list[Listener] = []
        dr.async_get(hass).async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, entry.entry_id)},
            name=entry.title,
            manufacturer=MANUFACTURER,
            model="IntelliSMS account",
            model_id=DeviceModel.ACCOUNT,
            entry_type=DeviceEntryType.SERVICE,
            configuration_url=PROVIDER_URL,
        )
        self.async_refresh()

    def __iter__(self) -> Iterator[Listing]:
        """Iterate over virtual numbers and contacts."""
        return iter(self._listings.values())

    def __contains__(self, subentry_id: object) -> bool:
        """Tell whether a subentry is listed."""
        return subentry_id in self._listings

    def get(self, subentry_id: str) -> Listing | None:
        """Return a virtual number or contact by the id of its subentry."""
        return self._listings.get(subentry_id)

    def number(self, to: str | None) -> VirtualNumber | None:
        """Return the virtual number that a message went to.

        A message that names none can only be for the one there is.
        """
        if to is not None:
            return self._numbers.get(to)
        return next(iter(self._numbers.values())) if len(self._numbers) == 1 else None

    def contact(self, sender: str | None) -> Contact | None:
        """Return the contact that a sender is."""
        return None if sender is None else self._contacts.get(sender)

    def person_id(self, contact: Contact) -> str | None:
        """Return the entity id that a contact's person has now."""
        if contact.person is None:
            return None
        person = er.async_get(self._hass).entities.get_entry(contact.person)
        return person.entity_id if person else None

    def as_known(self, delivery: Delivery) -> Delivery:
        """Return a message with number and sender as they are known now."""
        number, contact = self.number(delivery.to), self.contact(delivery.message.sender)
        return replace(
            delivery,
            to=number.number if number else delivery.to,
            to_name=number.name if number else None,
            device_id=number.device_id if number else None,
            number_id=number.subentry_id if number else None,
            sender_name=contact.name if contact else None,
            sender_known=contact is not None,
            sender_device_id=contact.device_id if contact else None,
            person_id=self.person_id(contact) if contact else None,
            contact_id=contact.subentry_id if contact else None,
        )

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
            for subentry in self._entry.subentries.values()
        }
        self._numbers, self._contacts = {}, {}
        for listing in self:
            if isinstance(listing, VirtualNumber):
                self._numbers[listing.number] = listing
            else:
                self._contacts.update(dict.fromkeys(listing.numbers, listing))
        for subentry_id, listing in self._listings.items():
            if subentry_id not in known:
                for listener in self._listeners:
                    listener(listing)
        return known.keys() - self._listings.keys()

    def _listing(self, subentry: ConfigSubentry) -> Listing:
        if subentry.subentry_type == SUBENTRY_VIRTUAL_NUMBER:
            number = subentry.data[CONF_NUMBER]
            return VirtualNumber(
                subentry_id=subentry.subentry_id,
                device_id=self._device(
                    subentry, "Virtual number", DeviceModel.VIRTUAL_NUMBER, number
                ),
                name=subentry.title,
                number=number,
            )
        return Contact(
            subentry_id=subentry.subentry_id,
            device_id=self._device(subentry, "Contact", DeviceModel.CONTACT),
            name=subentry.title,
            numbers=tuple(subentry.data[CONF_NUMBERS]),
            person=subentry.data[CONF_PERSON],
        )

    def _device(
        self,
        subentry: ConfigSubentry,
        model: str,
        model_id: DeviceModel,
        serial_number: str | None = None,
    ) -> str:
        device = dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            config_subentry_id=subentry.subentry_id,
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            manufacturer=MANUFACTURER,
            model=model,
            model_id=model_id,
            serial_number=serial_number,
            entry_type=DeviceEntryType.SERVICE,
        )
        return device.id
