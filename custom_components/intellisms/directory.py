"""Whose number is whose: the config entry's subentries as devices to look up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType

from .const import (
    CONF_NUMBER,
    DOMAIN,
    MANUFACTURER,
    PROVIDER_URL,
    SUBENTRY_VIRTUAL_NUMBER,
    DeviceModel,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class VirtualNumber:
    """A virtual number of the account and its device."""

    subentry_id: str
    device_id: str
    number: str = field(repr=False)
    name: str = field(repr=False)


type NumberListener = Callable[[VirtualNumber], None]


class Directory:
    """The virtual numbers of a config entry, kept in step with its subentries.

    Subentries change without a reload of the entry: `async_refresh` compares them
    with what it saw last and tells the platforms of what is new.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Read the subentries and make a device for each."""
        self._hass = hass
        self._entry = entry
        self._by_id: dict[str, VirtualNumber] = {}
        self._by_number: dict[str, VirtualNumber] = {}
        self._on_added: list[NumberListener] = []
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

    def __iter__(self) -> Iterator[VirtualNumber]:
        """Iterate over the virtual numbers."""
        return iter(self._by_id.values())

    def find(self, to: str | None) -> VirtualNumber | None:
        """Return the virtual number that a message went to.

        A message that names none can only be for the one there is.
        """
        if to is not None:
            return self._by_number.get(to)
        return next(iter(self._by_id.values())) if len(self._by_id) == 1 else None

    @callback
    def async_on_added(self, listener: NumberListener) -> None:
        """Call `listener` for each virtual number there is, and each added later."""
        for number in self:
            listener(number)
        self._on_added.append(listener)

    @callback
    def async_refresh(self) -> set[str]:
        """Take over the subentries as they are now; return the ids of those that went."""
        current = {
            subentry.subentry_id: self._number(subentry)
            for subentry in self._entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_VIRTUAL_NUMBER
        }
        known, self._by_id = self._by_id, current
        self._by_number = {number.number: number for number in current.values()}
        for number in current.values():
            if number.subentry_id not in known:
                for listener in self._on_added:
                    listener(number)
        return known.keys() - current.keys()

    def _number(self, subentry: ConfigSubentry) -> VirtualNumber:
        number = subentry.data[CONF_NUMBER]
        device = dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            config_subentry_id=subentry.subentry_id,
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            manufacturer=MANUFACTURER,
            model="Virtual number",
            model_id=DeviceModel.VIRTUAL_NUMBER,
            serial_number=number,
            entry_type=DeviceEntryType.SERVICE,
        )
        return VirtualNumber(
            subentry_id=subentry.subentry_id,
            device_id=device.id,
            number=number,
            name=subentry.title,
        )
