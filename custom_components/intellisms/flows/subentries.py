"""What a virtual number and a contact are in the config entry: subentries, made only here."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry

from ..const import (
    CONF_ASSIST,
    CONF_NUMBER,
    CONF_NUMBERS,
    CONF_PERSON,
    SUBENTRY_CONTACT,
    SUBENTRY_VIRTUAL_NUMBER,
)
from ..protocol import sender_key


def virtual_number_subentry(number: str, name: str) -> ConfigSubentry:
    """Return a virtual number; its unique id is the number, so that core refuses a second one."""
    return ConfigSubentry(
        data=MappingProxyType({CONF_NUMBER: number}),
        subentry_type=SUBENTRY_VIRTUAL_NUMBER,
        title=name.strip(),
        unique_id=number,
    )


def contact_subentry(
    numbers: Iterable[str],
    name: str,
    *,
    person: str | None = None,
    assist: Mapping[str, Any] | None = None,
) -> ConfigSubentry:
    """Return a contact with one or more numbers; `person` is a `person` entity's registry id.

    `assist` is what `AssistChoice` reads, None where Assist is off.
    """
    data = {CONF_NUMBERS: list(numbers), CONF_PERSON: person}
    return ConfigSubentry(
        data=MappingProxyType({**data, CONF_ASSIST: dict(assist)} if assist else data),
        subentry_type=SUBENTRY_CONTACT,
        title=name.strip(),
        unique_id=None,
    )


def is_taken(
    entry: ConfigEntry, subentry_type: str, number: str, *, edited: ConfigSubentry | None = None
) -> bool:
    """Tell whether a number is that of a virtual number, or of a contact, other than the edited.

    Nobody but us can tell that of contacts: with several numbers they have no unique id, and a
    line may have two spellings.
    """
    return any(
        sender_key(number) == sender_key(taken)
        for subentry in entry.get_subentries_of_type(subentry_type)
        if subentry is not edited
        for taken in subentry.data.get(CONF_NUMBERS) or (subentry.data[CONF_NUMBER],)
    )


def is_name_taken(
    entry: ConfigEntry, subentry_type: str, name: str, *, edited: ConfigSubentry | None = None
) -> bool:
    """Tell whether another virtual number, or another contact, is called so."""
    return any(
        subentry.title.casefold() == name.strip().casefold()
        for subentry in entry.get_subentries_of_type(subentry_type)
        if subentry is not edited
    )
