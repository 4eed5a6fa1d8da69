"""The options of triggers and conditions: what may be written, and what can never match.

What is refused says what to write instead, and never quotes what was written.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.template import is_template_string
import voluptuous as vol

from .matching import MAX_TEXT, MatchMode, is_blank
from .typed_numbers import MAX_NAME_CHARACTERS, NumberProblem, TypedNumberError, typed_sender

CONF_SENDER = "sender"
CONF_NUMBERS = "numbers"
CONF_CHANNEL = "channel"
CONF_TYPE = "type"
CONF_MATCH = "match"
CONF_TEXT = "text"
CONF_EXACT = "exact"
CONF_BUTTON = "button"
CONF_MAX_AGE = "max_age"
CONF_INDIRECT = "indirect"

# An empty text is contained in every message: it would let everybody in.
NEEDED = "a text is needed here; leave the field out for any"
_NO_NUMBER = {
    NumberProblem.INVALID: (
        "this can be no sender; of a number, write it with + and the country code and nothing "
        f"else, of a name, at most {MAX_NAME_CHARACTERS} characters; or give it to a contact first"
    ),
    NumberProblem.NO_COUNTRY: "a number begins with 0; write it with + and the country code",
    NumberProblem.TWO_COUNTRIES: (
        "a number may be of two countries; write it with + and the country code"
    ),
}


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
CODES = vol.All(CHOICES, [vol.All(str.strip, str.lower)])

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
    vol.Optional(CONF_CHANNEL): CODES,
    vol.Optional(CONF_TYPE): CODES,
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
INDIRECT_FIELDS = {vol.Optional(CONF_INDIRECT, default=False): cv.boolean}


def too_long(key: str) -> vol.Invalid:
    """Return the error for a text that no message's could be as long as."""
    return vol.Invalid(
        f"this text is too long to be compared; shorten it to {MAX_TEXT} characters", path=[key]
    )


async def prepared_number(hass: HomeAssistant, typed: str) -> str:
    """Return a typed number in one spelling; vol.Invalid if it can be no sender."""
    try:
        return (await typed_sender(hass, typed)).number
    except TypedNumberError as err:
        raise vol.Invalid(_NO_NUMBER[err.problem], path=[CONF_NUMBERS]) from err
