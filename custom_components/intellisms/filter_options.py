"""The options of triggers and conditions: what may be written, and what can never match.

What is refused says what to write instead, and never quotes what was written.
"""

from datetime import timedelta
from enum import StrEnum
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.template import is_template_string
import voluptuous as vol

from .const import DOMAIN, SUBENTRY_CONTACT
from .matching import MatchMode, is_blank
from .typed_numbers import (
    MAX_NAME_CHARACTERS,
    Certainty,
    NumberKind,
    TypedNumber,
    TypedNumberError,
    typed_number,
)

CONF_SENDER = "sender"
CONF_NUMBERS = "numbers"
CONF_CHANNEL = "channel"
CONF_TYPE = "type"
CONF_MATCH = "match"
CONF_TEXT = "text"
CONF_EXACT = "exact"
CONF_BUTTON = "button"
CONF_MAX_AGE = "max_age"

# An empty text is contained in every message: it would let everybody in.
NEEDED = "a text is needed here; leave the field out for any"
# What a sender can be that is no number: WhatsApp's id of a person, and a name of at most
# `MAX_NAME_CHARACTERS` without what only addresses, remarks and templates have.
_USER_ID = re.compile(r"[A-Z]{2}\.\d+")
_NOT_IN_A_NAME = frozenset("@/:{(")


class Sender(StrEnum):
    """Which senders are meant, before contacts or numbers narrow it."""

    ANYONE = "anyone"
    KNOWN = "known"


def _words(value: Any) -> str:
    """Take a text. What YAML made something else of, or a template, would never be said."""
    if value is None or isinstance(value, list | dict):
        raise vol.Invalid(NEEDED)
    if not isinstance(value, str):
        raise vol.Invalid(
            "put this in quotes; without them YAML makes a number, a time, or true or false of it"
        )
    if is_template_string(value):
        raise vol.Invalid("templates do not work here; write the words themselves")
    if is_blank(value):
        raise vol.Invalid(NEEDED)
    return value


# An empty list is what an editor leaves when the last choice is taken away.
CHOICES = vol.All(
    cv.ensure_list,
    vol.Length(min=1, msg="nothing is chosen here; choose something, or leave the field out"),
    [_words],
)
# Events tell these in small letters.
_CODES = vol.All(CHOICES, [vol.All(str.strip, str.lower)])

SENDER_FIELDS = {
    vol.Optional(CONF_SENDER, default=Sender.KNOWN): vol.Coerce(Sender),
    vol.Optional(CONF_NUMBERS): CHOICES,
}
TEXT_FIELDS = {
    vol.Optional(CONF_MATCH, default=MatchMode.IS): vol.Coerce(MatchMode),
    vol.Optional(CONF_TEXT): _words,
    vol.Optional(CONF_EXACT, default=False): cv.boolean,
}
KIND_FIELDS = {
    vol.Optional(CONF_CHANNEL): _CODES,
    vol.Optional(CONF_TYPE): _CODES,
}
# A picker in which nothing was chosen says zero: no message is that young.
DURATION = vol.All(
    cv.positive_time_period,
    vol.Range(
        min=timedelta(seconds=1),
        msg="no message is this young; choose a second or more, or leave the field out",
    ),
)
AGE_FIELDS = {vol.Optional(CONF_MAX_AGE): DURATION}


async def prepared_number(hass: HomeAssistant, typed: str) -> str:
    """Return a typed number in one spelling; vol.Invalid if it can be no sender."""
    try:
        number = await typed_number(hass, typed)
    except TypedNumberError as err:
        raise vol.Invalid(
            "a number cannot be understood; write it with + and the country code",
            path=[CONF_NUMBERS],
        ) from err
    if number.kind is NumberKind.NAME:
        if not _can_be_a_sender(hass, number):
            raise vol.Invalid(
                "this can be no sender; write a number with + and the country code and nothing "
                f"else, or a name of at most {MAX_NAME_CHARACTERS} characters",
                path=[CONF_NUMBERS],
            )
    # A form could ask which is meant; here a wrong guess would match somebody else.
    elif number.certainty is Certainty.DOUBTFUL:
        raise vol.Invalid(
            "a number may be of two countries; write it with + and the country code",
            path=[CONF_NUMBERS],
        )
    return number.number


def _can_be_a_sender(hass: HomeAssistant, name: TypedNumber) -> bool:
    """Tell whether messages can come from a name; from whom a contact has, they did."""
    text = name.number
    if _USER_ID.fullmatch(text):
        return True
    if len(text) <= MAX_NAME_CHARACTERS and _NOT_IN_A_NAME.isdisjoint(text):
        return True
    return any(
        text in subentry.data[CONF_NUMBERS]
        for entry in hass.config_entries.async_entries(DOMAIN)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_CONTACT
    )
