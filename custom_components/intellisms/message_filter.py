"""What triggers and conditions share: their fields, and matching a message by them.

A virtual number or contact that was chosen and is gone matches nobody, never
everybody; only a field that is absent leaves open who is meant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
import logging
from time import monotonic
from typing import Any, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.importlib import async_import_module
from homeassistant.requirements import async_get_integration_with_requirements
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from .const import DOMAIN
from .matching import (
    MAX_TEXT,
    AgeMatch,
    Budget,
    ButtonMatch,
    Groups,
    MatchMode,
    PatternTimeoutError,
    PatternTooLargeError,
    SenderMatch,
    TextMatch,
    TextTooLongError,
    UndecidedError,
    is_blank,
)
from .receiving.delivery import Delivery
from .typed_numbers import Certainty, NumberKind, TypedNumberError, typed_number

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
CONF_BUTTON = "button"
CONF_MAX_AGE = "max_age"

# Seconds.
COMPLAINT_INTERVAL = 3600
_COMPLAINTS: dict[type[UndecidedError], str] = {
    PatternTimeoutError: "A regular expression took too long on a message",
    TextTooLongError: "The text of a message is too long to be compared",
}
# An empty text is contained in every message: it would let everybody in.
_NEEDED = "a text is needed here; leave the field out for any"


class Sender(StrEnum):
    """Which senders are meant, before contacts or numbers narrow it."""

    ANYONE = "anyone"
    KNOWN = "known"


def _words(value: Any) -> str:
    """Take a text. One that YAML took for true or false would never match what was said."""
    if isinstance(value, bool):
        raise vol.Invalid("put the text in quotes, or it means true or false")
    text = cv.string(value)
    if is_blank(text):
        raise vol.Invalid(_NEEDED)
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
        # Preparing a pattern may take 0.1 s. `regex` keeps it, so that those who make it of these
        # options afterwards, in the loop, only look it up.
        await hass.async_add_executor_job(text_match, options, Budget())
    if CONF_NUMBERS not in options:
        return dict(options)
    try:
        numbers = [await typed_number(hass, typed) for typed in options[CONF_NUMBERS]]
    except TypedNumberError as err:
        raise vol.Invalid(
            "a number cannot be understood; write it with + and the country code",
            path=[CONF_NUMBERS],
        ) from err
    # A form could ask which is meant; here a wrong guess would match somebody else.
    if any(
        number.certainty is Certainty.DOUBTFUL and number.kind is not NumberKind.NAME
        for number in numbers
    ):
        raise vol.Invalid(
            "a number may be of two countries; write it with + and the country code",
            path=[CONF_NUMBERS],
        )
    return {**options, CONF_NUMBERS: [number.number for number in numbers]}


@dataclass(slots=True)
class _Shared:
    """What all triggers and conditions have in common."""

    budget: Budget = field(default_factory=Budget)
    _next_complaint: dict[type[UndecidedError], float] = field(default_factory=dict)

    def complain(self, err: UndecidedError) -> None:
        """Say so once an hour; whoever sends the text could fill the log."""
        kind, now = type(err), monotonic()
        if now >= self._next_complaint.get(kind, now):
            self._next_complaint[kind] = now + COMPLAINT_INTERVAL
            _LOGGER.warning(_COMPLAINTS[kind])


DATA_SHARED: HassKey[_Shared] = HassKey(f"{DOMAIN}_matching")


def text_match(options: Mapping[str, Any], budget: Budget) -> TextMatch | None:
    """Return the comparison that the options ask for; vol.Invalid if it is none."""
    if CONF_TEXT not in options:
        # Whoever chose how to compare did not mean every message.
        if options.get(CONF_MATCH, MatchMode.IS) != MatchMode.IS:
            raise vol.Invalid("a text to compare with is missing", path=[CONF_TEXT])
        return None
    try:
        match = TextMatch.compile(
            MatchMode(options[CONF_MATCH]),
            options[CONF_TEXT],
            exact=options[CONF_EXACT],
            budget=budget,
        )
    except TextTooLongError as err:
        raise _too_long(CONF_TEXT) from err
    except PatternTooLargeError as err:
        raise vol.Invalid(
            "this regular expression is too large, or has comments; simplify it", path=[CONF_TEXT]
        ) from err
    except ValueError as err:
        raise vol.Invalid("this is not a regular expression", path=[CONF_TEXT]) from err
    if not match.wanted:
        raise vol.Invalid(_NEEDED, path=[CONF_TEXT])
    return match


def button_match(options: Mapping[str, Any]) -> ButtonMatch | None:
    """Return which buttons the options ask for; vol.Invalid if it can be none."""
    if CONF_BUTTON not in options:
        return None
    try:
        match = ButtonMatch.compile(options[CONF_BUTTON], exact=options[CONF_EXACT])
    except TextTooLongError as err:
        raise _too_long(CONF_BUTTON) from err
    if "" in match.wanted:
        raise vol.Invalid(_NEEDED, path=[CONF_BUTTON])
    return match


def _too_long(key: str) -> vol.Invalid:
    return vol.Invalid(
        f"this text is too long to be compared; shorten it to {MAX_TEXT} characters", path=[key]
    )


@dataclass(kw_only=True, slots=True)
class MessageFilter:
    """A message, as the options of a trigger or condition describe it."""

    devices: frozenset[str] | None
    channels: frozenset[str] | None
    types: frozenset[str] | None
    sender: SenderMatch
    text: TextMatch | None
    buttons: ButtonMatch | None
    age: AgeMatch | None
    _shared: _Shared = field(repr=False)

    @classmethod
    def from_options(cls, hass: HomeAssistant, options: Mapping[str, Any]) -> Self:
        """Prepare validated options; vol.Invalid if they can never match."""
        shared = hass.data.setdefault(DATA_SHARED, _Shared())
        return cls(
            devices=_chosen(options, CONF_VIRTUAL_NUMBER),
            channels=_chosen(options, CONF_CHANNEL),
            types=_chosen(options, CONF_TYPE),
            sender=SenderMatch(
                known=options.get(CONF_SENDER) == Sender.KNOWN,
                contacts=_chosen(options, CONF_CONTACTS),
                numbers=_chosen(options, CONF_NUMBERS),
            ),
            text=text_match(options, shared.budget),
            buttons=button_match(options),
            age=AgeMatch(most=options[CONF_MAX_AGE]) if CONF_MAX_AGE in options else None,
            _shared=shared,
        )

    def match(self, delivery: Delivery) -> Groups | None:
        """Return None if the message is not meant, else a regular expression's groups.

        Raises UndecidedError, and says so in the log.
        """
        if not self._is_meant(delivery):
            return None
        message = delivery.message
        try:
            if self.buttons and not self.buttons.matches(
                label=message.button_text, button_id=message.button_id
            ):
                return None
            return self.text.match(message.text) if self.text else {}
        except UndecidedError as err:
            self._shared.complain(err)
            raise

    def _is_meant(self, delivery: Delivery) -> bool:
        """Tell whether a message is, whatever it says."""
        message = delivery.message
        return (
            _among(delivery.device_id, self.devices)
            and _among(message.channel, self.channels)
            and _among(message.type, self.types)
            and (
                self.age is None
                or self.age.matches(sent=message.sent, received_at=delivery.received_at)
            )
            and self.sender.matches(
                number=message.sender,
                contact=delivery.sender_device_id,
                known=delivery.sender_known,
            )
        )


def _chosen(options: Mapping[str, Any], key: str) -> frozenset[str] | None:
    return frozenset(options[key]) if key in options else None


def _among(value: str | None, chosen: frozenset[str] | None) -> bool:
    return chosen is None or value in chosen
