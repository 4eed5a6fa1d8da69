"""What triggers and conditions share: matching a message by their target and options.

Who is meant is the target's to say (`target.py`) and, beside it, that of `sender` and
`numbers`. Whatever an editor drops of these leaves known contacts, or nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import logging
from time import monotonic
from typing import Any, Self

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module
from homeassistant.requirements import async_get_integration_with_requirements
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from .const import DOMAIN
from .filter_options import (
    CONF_BUTTON,
    CONF_CHANNEL,
    CONF_EXACT,
    CONF_INDIRECT,
    CONF_MATCH,
    CONF_MAX_AGE,
    CONF_NUMBERS,
    CONF_SENDER,
    CONF_TEXT,
    CONF_TYPE,
    NEEDED,
    Sender,
    prepared_number,
    too_long,
)
from .matching import (
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
)
from .protocol import sender_key
from .receiving.delivery import Delivery
from .target import Target

_LOGGER = logging.getLogger(__name__)

# Seconds.
COMPLAINT_INTERVAL = 3600
_COMPLAINTS: dict[type[UndecidedError], str] = {
    PatternTimeoutError: "A regular expression took too long on a message",
    TextTooLongError: "The text of a message is too long to be compared",
}


async def async_prepare(hass: HomeAssistant, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a validated trigger or condition, ready to be kept; vol.Invalid if it makes no sense.

    Core reads automations while it is still installing what integrations require,
    and would give up on them.
    """
    await async_get_integration_with_requirements(hass, DOMAIN)
    options = dict(config[CONF_OPTIONS])
    if options.get(CONF_MATCH) == MatchMode.REGEX:
        await async_import_module(hass, "regex")
        # Preparing a pattern may take 0.1 s. `regex` keeps it, so that those who make it of these
        # options afterwards, in the loop, only look it up.
        await hass.async_add_executor_job(text_match, options, Budget())
    if CONF_NUMBERS in options:
        options[CONF_NUMBERS] = [
            await prepared_number(hass, typed) for typed in options[CONF_NUMBERS]
        ]
    prepared = MessageFilter.prepare(hass, config.get(CONF_TARGET), options)
    if options[CONF_SENDER] == Sender.ANYONE and (
        CONF_NUMBERS in options or prepared.target.now.contacts
    ):
        raise vol.Invalid(
            "anyone cannot be meant beside chosen contacts or numbers; "
            "take those away, or leave the sender out",
            path=[CONF_SENDER],
        )
    return {**config, CONF_OPTIONS: options}


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
        raise too_long(CONF_TEXT) from err
    except PatternTooLargeError as err:
        raise vol.Invalid(
            "this regular expression is too large, or has comments; simplify it", path=[CONF_TEXT]
        ) from err
    except ValueError as err:
        raise vol.Invalid("this is not a regular expression", path=[CONF_TEXT]) from err
    if not match.wanted:
        raise vol.Invalid(NEEDED, path=[CONF_TEXT])
    return match


def button_match(options: Mapping[str, Any]) -> ButtonMatch | None:
    """Return which buttons the options ask for; vol.Invalid if it can be none."""
    if CONF_BUTTON not in options:
        return None
    try:
        match = ButtonMatch.compile(options[CONF_BUTTON], exact=options[CONF_EXACT])
    except TextTooLongError as err:
        raise too_long(CONF_BUTTON) from err
    if "" in match.wanted:
        raise vol.Invalid(NEEDED, path=[CONF_BUTTON])
    return match


class Reason(StrEnum):
    """Why a message is not meant: codes that traces show, in no language."""

    # Whatever says that a message is somebody else's, or of another kind, is told to nobody.
    NOT_TARGETED = "not_targeted"
    SENDER_NOT_MEANT = "sender_not_meant"
    INDIRECT = "indirect"
    TOO_OLD = "too_old"
    FROM_THE_FUTURE = "from_the_future"
    TEXT_DIFFERS = "text_differs"
    PATTERN_TIMEOUT = "pattern_timeout"


@dataclass(kw_only=True, slots=True)
class MessageFilter:
    """A message, as the target and options of a trigger or condition describe it."""

    target: Target
    channels: frozenset[str] | None
    types: frozenset[str] | None
    sender: SenderMatch
    text: TextMatch | None
    buttons: ButtonMatch | None
    age: AgeMatch | None
    indirect: bool
    _shared: _Shared = field(repr=False)

    @classmethod
    def prepare(
        cls, hass: HomeAssistant, target: Mapping[str, Any] | None, options: Mapping[str, Any]
    ) -> Self:
        """Prepare a validated target and options; vol.Invalid if they can never match."""
        shared = hass.data.setdefault(DATA_SHARED, _Shared())
        return cls(
            target=Target(hass, target),
            channels=_chosen(options, CONF_CHANNEL),
            types=_chosen(options, CONF_TYPE),
            sender=SenderMatch(
                known=options.get(CONF_SENDER) != Sender.ANYONE,
                numbers=_keys(options, CONF_NUMBERS),
            ),
            text=text_match(options, shared.budget),
            buttons=button_match(options),
            age=AgeMatch(most=options[CONF_MAX_AGE]) if CONF_MAX_AGE in options else None,
            indirect=bool(options.get(CONF_INDIRECT)),
            _shared=shared,
        )

    @property
    def only_text(self) -> str | None:
        """Return the one text that is meant, folded, or None where there may be others."""
        return self.text.only if self.text else None

    def match(self, delivery: Delivery) -> Groups | Reason:
        """Return a regular expression's groups, {} if there is none, or why it is not meant.

        Raises UndecidedError, and says so in the log.
        """
        if reason := self._why_not(delivery):
            return reason
        message = delivery.message
        try:
            if self.buttons and not self.buttons.matches(
                label=message.button_text, button_id=message.button_id
            ):
                return Reason.TEXT_DIFFERS
            groups = self.text.match(message.text) if self.text else {}
        except UndecidedError as err:
            self._shared.complain(err)
            raise
        return Reason.TEXT_DIFFERS if groups is None else groups

    def _why_not(self, delivery: Delivery) -> Reason | None:
        """Return why a message is not meant whatever it says, None if it may be."""
        message, targeted = delivery.message, self.target.now
        # Most list none, and finding a sender's key is dearer than all else here.
        listed = self.sender.numbers is not None and any(
            self.sender.lists(sender_key(one)) for one in message.identities
        )
        if not (
            targeted.fits(delivery.device_id, delivery.sender_device_id, listed=listed)
            and _among(message.channel, self.channels)
            and _among(message.type, self.types)
        ):
            return Reason.NOT_TARGETED
        if not listed and not self.sender.matches(
            known=delivery.sender_known, targeted=targeted.contacts is not None
        ):
            return Reason.SENDER_NOT_MEANT
        # Words that are passed on are another's, and a group hears what was not said to us.
        if (message.forwarded or message.group_id is not None) and not self.indirect:
            return Reason.INDIRECT
        sent, received_at = message.sent, delivery.received_at
        if self.age and not self.age.matches(sent=sent, received_at=received_at):
            return Reason.FROM_THE_FUTURE if sent and sent > received_at else Reason.TOO_OLD
        return None


def _chosen(options: Mapping[str, Any], key: str) -> frozenset[str] | None:
    return frozenset(options[key]) if key in options else None


def _keys(options: Mapping[str, Any], key: str) -> frozenset[str] | None:
    """Return numbers as senders are looked up by."""
    return frozenset(map(sender_key, options[key])) if key in options else None


def _among(value: str | None, chosen: frozenset[str] | None) -> bool:
    return chosen is None or value in chosen
