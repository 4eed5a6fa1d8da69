"""Whom an action writes to, by which way and from which number: all told before anything goes out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_ENTITY_ID, CONF_EXCLUDE, Platform
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.group import expand_entity_ids
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.util import dt as dt_util

from ..const import CONF_NUMBERS, DOMAIN, NOTIFY_KEY
from ..protocol import ChannelName, ContentProblem, SendChannel, line, sender_key
from ..receiving.data import IntelliSMSConfigEntry, IntelliSMSData
from ..receiving.directory import Contact, Directory, Listing, unique_id
from ..receiving.heard import Heard
from ..target import TARGET_KINDS, async_find
from ..typed_numbers import TypedNumberError, typed_sender
from .data import label_of
from .refusals import check_rights, refused

# WhatsApp takes what is no template only this long after somebody has written.
WINDOW: Final = timedelta(hours=24)


class ChannelChoice(StrEnum):
    """Which way a person wants a message to go."""

    AUTOMATIC = "automatic"
    WHATSAPP = "whatsapp"
    SMS = "sms"
    VOICE = "voice"


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """From where to where a message goes, and how; `sender` is None where the provider chooses."""

    to: str = field(repr=False)
    sender: str | None = field(repr=False)
    channel: SendChannel


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Who is written to: a contact by the entity they were named by, or a number that was typed.

    `numbers` can be written to, the one to take first being the first. `heard` is how they have
    written to us, the newest first. `contact_id` is of a contact only; `position` is the place
    among the typed numbers, from 1.
    """

    numbers: tuple[str, ...] = field(repr=False)
    heard: tuple[Heard, ...] = field(repr=False)
    entity_id: str | None = None
    contact_id: str | None = None
    position: int = 1

    @property
    def label(self) -> str:
        """Return what names them in an error, which is no number and no name."""
        return label_of(self.entity_id, self.position)

    def route(self, choice: ChannelChoice, sender: str | None, directory: Directory) -> Route:
        """Return how they are written to; `sender` is whom it has to be from, None where no matter.

        ServiceValidationError where the contact, or their number, was removed since they were named.
        """
        if self.contact_id is not None:
            contact = directory.get(self.contact_id)
            if not isinstance(contact, Contact) or not set(self.numbers) <= set(contact.numbers):
                raise refused(translation_key="recipient_without_number", who=self.label)
        sender = sender or self._wrote_to(directory)
        channel = SendChannel(choice) if choice != ChannelChoice.AUTOMATIC else None
        if channel is None:
            is_open = sender is not None and self._window_is_open(sender)
            channel = SendChannel.WHATSAPP if is_open else SendChannel.SMS
        return Route(to=self._number(channel, sender), sender=sender, channel=channel)

    def _wrote_to(self, directory: Directory) -> str | None:
        """Return the virtual number that they wrote to last, else the only one, if any."""
        for one in self.heard:
            # It may have been removed since.
            if number := directory.number(one.to):
                return number.number
        only = directory.only_number
        return only.number if only else None

    def _window_is_open(self, sender: str) -> bool:
        """Tell whether WhatsApp takes an answer from this number to what they wrote to it."""
        written = [
            one
            for one in self._from_numbers()
            if one.channel == ChannelName.WHATSAPP and _is_to(one, sender)
        ]
        # Where it takes none to one message, it takes none to those before it.
        closed = [one.at for one in written if one.is_closed]
        since = max([dt_util.utcnow() - WINDOW, *closed])
        return any(one.at > since for one in written)

    def _number(self, channel: SendChannel, sender: str | None) -> str:
        """Return the number they wrote from last, to this one if to it at all, else their first."""
        by_channel = [one for one in self._from_numbers() if one.channel == channel.value]
        to_sender = [one for one in by_channel if sender is not None and _is_to(one, sender)]
        last = next(iter((*to_sender, *by_channel)), None)
        return last.sender if last else self.numbers[0]

    def _from_numbers(self) -> Iterator[Heard]:
        """Iterate over what came from what can be written to; WhatsApp's id of a person cannot."""
        lines = set(map(line, self.numbers))
        return (one for one in self.heard if line(one.sender) in lines)


def _is_to(heard: Heard, number: str) -> bool:
    return sender_key(heard.to) == sender_key(number)


async def async_recipients(call: ServiceCall, entry: IntelliSMSConfigEntry) -> list[Recipient]:
    """Return whom an action is to, each once however often they are named.

    ServiceValidationError where somebody who is named cannot be written to, or nobody is named;
    Unauthorized where whoever calls may not write to them.
    """
    # The account may be unloaded while numbers are looked at.
    data = entry.runtime_data
    targeted = _targeted(call.hass, entry, call.data)
    typed = [] if (numbers := call.data.get(CONF_NUMBERS)) is None else cv.ensure_list(numbers)
    await check_rights(call, POLICY_CONTROL, *targeted, strangers=bool(typed))
    recipients = [
        recipient_of(entry, entity_id, contact) for entity_id, contact in targeted.items()
    ]
    recipients += [
        await _number(call.hass, data, position, number) for position, number in enumerate(typed, 1)
    ]
    if not recipients:
        raise refused(translation_key="nobody_named")
    # A contact has one line only once, and whoever was named by their entity comes first.
    known: set[str] = set()
    each_once = []
    for one in recipients:
        lines = set(map(line, one.numbers))
        if known.isdisjoint(lines):
            each_once.append(one)
        known |= lines
    return each_once


# ---- contacts ---------------------------------------------------------------------


@callback
def _targeted(
    hass: HomeAssistant, entry: IntelliSMSConfigEntry, data: Mapping[str, Any]
) -> dict[str, Contact]:
    """Return the contacts that a target means, by their entities.

    Each id is looked up alone: one that is gone or misspelt is an error, and does not hide among
    the others.
    """
    found: dict[str, Contact] = {}
    for kind, place, one in _ids(data):
        contacts = _contacts(hass, entry, kind, one)
        if not contacts:
            # What was typed may be a number, which must not be shown.
            raise refused(translation_key="recipient_not_found", field=f"{kind} {place}")
        found |= contacts
    left_out = _left_out(hass, data.get(CONF_EXCLUDE))
    return {one: contact for one, contact in found.items() if contact.device_id not in left_out}


def _left_out(hass: HomeAssistant, excluded: Any) -> set[str]:
    """Return the devices of those who are meant to get nothing, as core finds them: hidden ones too."""
    if excluded is None:
        return set()
    if not isinstance(excluded, Mapping) or not excluded.keys() <= set(TARGET_KINDS):
        # Else it would be nobody, and they would get it.
        raise refused(translation_key=ContentProblem.INVALID, field=CONF_EXCLUDE)
    devices: set[str] = set()
    for kind, _, one in _ids(excluded):
        wanted = one.lower() if kind == ATTR_ENTITY_ID else one
        for member in expand_entity_ids(hass, [wanted]) if kind == ATTR_ENTITY_ID else [wanted]:
            devices |= async_find(hass, kind, member, hidden=True).keys()
    return devices


def _ids(data: Mapping[str, Any]) -> Iterator[tuple[str, int, str]]:
    """Iterate over the ids of a target: of what kind, at which place from 1, and the id."""
    for kind in TARGET_KINDS:
        if (named := data.get(kind)) is None:
            continue
        several = named.split(",") if isinstance(named, str) else cv.ensure_list(named)
        for place, one in enumerate(several, 1):
            yield kind, place, str(one).strip()


def _contacts(
    hass: HomeAssistant, entry: IntelliSMSConfigEntry, kind: str, one: str
) -> dict[str, Contact]:
    """Return the contacts that one id of a target means, by their `notify` entities."""
    wanted = one.lower() if kind == ATTR_ENTITY_ID else one
    selected = async_extract_referenced_entity_ids(hass, TargetSelection({kind: [wanted]}))
    registry, directory = er.async_get(hass), entry.runtime_data.directory
    found = {}
    for entity_id in sorted(selected.referenced | selected.indirectly_referenced):
        known = registry.async_get(entity_id)
        if known is None or known.domain != Platform.NOTIFY or known.platform != DOMAIN:
            continue
        contact = directory.get(known.config_subentry_id or "")
        if not known.disabled and isinstance(contact, Contact):
            found[entity_id] = contact
    return found


def entity_of(hass: HomeAssistant, contact: Contact) -> str | None:
    """Return the `notify` entity of a contact, None where there is none that is enabled."""
    registry = er.async_get(hass)
    found = registry.async_get_entity_id(
        Platform.NOTIFY, DOMAIN, unique_id(contact.subentry_id, NOTIFY_KEY)
    )
    known = registry.async_get(found) if found else None
    return known.entity_id if known and not known.disabled else None


def sendable_numbers(contact: Contact) -> tuple[str, ...]:
    """Return the numbers of a contact that can be written to."""
    return tuple(number for number in contact.numbers if number.startswith("+"))


def can_be_written_to(directory: Directory) -> list[str]:
    """Return the subentries of the contacts that have a number."""
    return [
        listing.subentry_id
        for listing in directory
        if isinstance(listing, Contact) and sendable_numbers(listing)
    ]


def recipient_of(
    entry: IntelliSMSConfigEntry, entity_id: str, contact: Listing | None
) -> Recipient:
    """Return a contact as a recipient; ServiceValidationError where they have no number."""
    if not isinstance(contact, Contact) or not (numbers := sendable_numbers(contact)):
        raise refused(translation_key="recipient_without_number", who=entity_id)
    heard = entry.runtime_data.journal.record(contact.subentry_id).heard
    return Recipient(
        numbers=numbers, heard=heard, entity_id=entity_id, contact_id=contact.subentry_id
    )


# ---- numbers ----------------------------------------------------------------------


async def _number(
    hass: HomeAssistant, data: IntelliSMSData, position: int, typed: Any
) -> Recipient:
    """Return a typed number as a recipient; ServiceValidationError where it is none."""
    wrong = refused(translation_key="recipient_number_invalid", field=f"{CONF_NUMBERS} {position}")
    # A template makes a number of digits, and YAML a truth of some words.
    if isinstance(typed, bool) or not isinstance(typed, str | int):
        raise wrong
    try:
        number = (await typed_sender(hass, str(typed))).number
    except TypedNumberError:
        raise wrong from None
    if not number.startswith("+"):
        raise wrong
    contact = data.directory.contact(number)
    known = data.journal.record(contact.subentry_id).heard if contact else ()
    heard = tuple(one for one in known if line(one.sender) == line(number))
    return Recipient(numbers=(number,), heard=heard, position=position)
