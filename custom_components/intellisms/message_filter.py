"""What triggers and conditions share: their fields, and matching a message by them.

A virtual number or contact that was chosen and is gone matches nobody, never
everybody; only a field that is absent leaves open who is meant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
import logging
from typing import Any, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.importlib import async_import_module
from homeassistant.requirements import async_get_integration_with_requirements
import voluptuous as vol

from .const import DOMAIN
from .protocol.matching import (
    MatchMode,
    PatternTimeoutError,
    PatternTooLargeError,
    SenderMatch,
    TextMatch,
)
from .received import Received
from .user_number import UserNumberError, user_number

_LOGGER = logging.getLogger(__name__)

CONF_VIRTUAL_NUMBER = "virtual_number"
CONF_SENDER = "sender"
CONF_CONTACTS = "contacts"
CONF_NUMBERS = "numbers"
CONF_CHANNEL = "channel"
CONF_TYPE = "type"
CONF_MATCH = "match"
CONF_TEXT = "text"
CONF_EXACT = "exact"
CONF_MAX_AGE = "max_age"


class Sender(StrEnum):
    """Which senders are meant, before contacts or numbers narrow it."""

    ANYONE = "anyone"
    KNOWN = "known"


def _words(value: Any) -> str:
    """Take a text. One that YAML took for true or false would never match what was said."""
    if isinstance(value, bool):
        raise vol.Invalid("put the text in quotes, or it means true or false")
    text = cv.string(value)
    # An empty text is contained in every message: it would let everybody in.
    if not text.strip():
        raise vol.Invalid("a text is needed here; leave the field out for any")
    return text


# An empty list is what an editor leaves when the last choice is taken away.
CHOICES = vol.All(cv.ensure_list, vol.Length(min=1), [_words])

SENDER_FIELDS = {
    vol.Optional(CONF_SENDER, default=Sender.ANYONE): vol.Coerce(Sender),
    vol.Optional(CONF_CONTACTS): CHOICES,
    vol.Optional(CONF_NUMBERS): CHOICES,
}
TEXT_FIELDS = {
    vol.Optional(CONF_MATCH, default=MatchMode.IS): vol.Coerce(MatchMode),
    vol.Optional(CONF_TEXT): _words,
    vol.Optional(CONF_EXACT, default=False): cv.boolean,
}
NUMBER_FIELDS = {vol.Optional(CONF_VIRTUAL_NUMBER): CHOICES}
KIND_FIELDS = {
    vol.Optional(CONF_CHANNEL): CHOICES,
    vol.Optional(CONF_TYPE): CHOICES,
}
# A picker in which nothing was chosen says zero: no message is that young.
DURATION = vol.All(cv.positive_time_period, vol.Range(min=timedelta(seconds=1)))
AGE_FIELDS = {vol.Optional(CONF_MAX_AGE): DURATION}


async def async_prepare_options(hass: HomeAssistant, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with typed numbers in one spelling; vol.Invalid if one is none.

    Core reads automations while it is still installing what integrations require,
    and would give up on them.
    """
    await async_get_integration_with_requirements(hass, DOMAIN)
    if options.get(CONF_MATCH) == MatchMode.REGEX:
        await async_import_module(hass, "regex")
    if CONF_NUMBERS not in options:
        return dict(options)
    try:
        numbers = [await user_number(hass, typed) for typed in options[CONF_NUMBERS]]
    except UserNumberError as err:
        raise vol.Invalid(
            "a number cannot be understood; write it with + and the country code",
            path=[CONF_NUMBERS],
        ) from err
    # A form could ask which is meant; here a wrong guess would match somebody else.
    if any(number.doubtful and number.is_number for number in numbers):
        raise vol.Invalid(
            "a number may be of two countries; write it with + and the country code",
            path=[CONF_NUMBERS],
        )
    return {**options, CONF_NUMBERS: [number.number for number in numbers]}


def text_match(options: Mapping[str, Any]) -> TextMatch | None:
    """Return the comparison that the options ask for; vol.Invalid if it is none."""
    if CONF_TEXT not in options:
        # Whoever chose how to compare did not mean every message.
        if options.get(CONF_MATCH, MatchMode.IS) != MatchMode.IS:
            raise vol.Invalid("a text to compare with is missing", path=[CONF_TEXT])
        return None
    try:
        return TextMatch.compile(
            MatchMode(options[CONF_MATCH]), options[CONF_TEXT], exact=options[CONF_EXACT]
        )
    except PatternTooLargeError as err:
        raise vol.Invalid(
            "this regular expression is too large, or has comments; simplify it", path=[CONF_TEXT]
        ) from err
    except ValueError as err:
        raise vol.Invalid("this is not a regular expression", path=[CONF_TEXT]) from err


@dataclass(kw_only=True, slots=True)
class MessageFilter:
    """A message, as the options of a trigger or condition describe it."""

    devices: frozenset[str] | None
    channels: frozenset[str] | None
    types: frozenset[str] | None
    sender: SenderMatch
    text: TextMatch | None
    max_age: timedelta | None
    _complained: bool = field(default=False, init=False)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Prepare validated options."""
        return cls(
            devices=_chosen(options, CONF_VIRTUAL_NUMBER),
            channels=_chosen(options, CONF_CHANNEL),
            types=_chosen(options, CONF_TYPE),
            sender=SenderMatch(
                known=options.get(CONF_SENDER) == Sender.KNOWN,
                contacts=_chosen(options, CONF_CONTACTS),
                numbers=_chosen(options, CONF_NUMBERS),
            ),
            text=text_match(options),
            max_age=options.get(CONF_MAX_AGE),
        )

    def groups(self, received: Received) -> dict[int | str, str | None] | None:
        """Return None if the message is not meant, else a regular expression's groups."""
        message = received.message
        meant = (
            _among(received.device_id, self.devices)
            and _among(message.channel, self.channels)
            and _among(message.type, self.types)
            and self._is_young(received)
            and self.sender.matches(
                number=message.sender,
                contact=received.sender_device_id,
                known=received.sender_known,
            )
        )
        if not meant:
            return None
        if self.text is None:
            return {}
        try:
            return self.text.groups(message.text)
        except PatternTimeoutError:
            self._complain()
            return None

    def _is_young(self, received: Received) -> bool:
        """Tell whether a message came soon enough after it was sent; it may have had to wait."""
        if self.max_age is None:
            return True
        sent = received.message.sent
        return sent is not None and received.received - sent <= self.max_age

    def _complain(self) -> None:
        """Say once that a pattern is too slow; whoever sends the text could fill the log."""
        if not self._complained:
            self._complained = True
            _LOGGER.warning(
                "A regular expression took too long on a message; it counts as no match"
            )


def _chosen(options: Mapping[str, Any], key: str) -> frozenset[str] | None:
    return frozenset(options[key]) if key in options else None


def _among(value: str | None, chosen: frozenset[str] | None) -> bool:
    return chosen is None or value in chosen
