"""Condition: the last message of a virtual number, or of a contact."""

from collections.abc import Iterator
from typing import Any, Unpack, cast, override

from homeassistant.const import CONF_EXCLUDE, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import DOMAIN
from .filter_options import (
    AGE_FIELDS,
    CONF_TYPE,
    DURATION,
    INDIRECT_FIELDS,
    KIND_FIELDS,
    SENDER_FIELDS,
    TEXT_FIELDS,
)
from .matching import AgeMatch, UndecidedError
from .message_filter import MessageFilter, Reason, async_prepare
from .protocol import is_notice
from .question_automation import QuestionOpenCondition
from .receiving.data import async_subentry_of_device
from .receiving.delivery import Delivery
from .target import TARGET, TargetedCondition

CONF_WITHIN = "within"
_TARGET_NEEDED = "choose a virtual number or contact as the target; its last message is looked at"


def _target(value: Any) -> Any:
    """Take a target that names somebody, and not only who is excluded."""
    target = TARGET(value)
    # Only what is excluded could be left: empty lists are refused.
    if not target.keys() - {CONF_EXCLUDE}:
        raise vol.Invalid(_TARGET_NEEDED)
    return target


def _said(config: Any) -> Any:
    """Take a condition without types of what nobody says, which is nobody's last message."""
    # Whether a reaction was taken back is told by its text.
    if any(is_notice(word, text="*") for word in config[CONF_OPTIONS].get(CONF_TYPE, ())):
        raise vol.Invalid(
            "nobody says messages of this type, so none is the last; take it away",
            path=[CONF_OPTIONS, CONF_TYPE],
        )
    return config


_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_TARGET, msg=_TARGET_NEEDED): _target,
        vol.Optional(CONF_OPTIONS, default=dict): {
            **TEXT_FIELDS,
            **SENDER_FIELDS,
            vol.Optional(CONF_WITHIN): DURATION,
            **AGE_FIELDS,
            **KIND_FIELDS,
            **INDIRECT_FIELDS,
        },
    }
)


class LastMessageCondition(TargetedCondition):
    """Tells whether a last message is as the options describe.

    It is that of one of the virtual numbers that are targeted; where none is, that of
    one of the contacts.
    """

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        return await async_prepare(hass, cast("ConfigType", _said(_SCHEMA(config))))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Prepare the comparison once."""
        super().__init__(hass, config)
        options: dict[str, Any] = config.options or {}
        self._within = AgeMatch(most=options[CONF_WITHIN]) if CONF_WITHIN in options else None
        self._filter = MessageFilter.prepare(hass, config.target, options)

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        undecided: UndecidedError | None = None
        for last in self._last_messages():
            try:
                if not isinstance(self._filter.match(last), Reason):
                    return True
            except UndecidedError as err:
                undecided = err
        if undecided:
            # Whoever asks has to stop: false would be true under `not`. Core's ConditionError
            # would be false to `if` and `choose`, which go on with what is to be done otherwise.
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="undecided"
            ) from undecided
        return False

    def _last_messages(self) -> Iterator[Delivery]:
        """Iterate over the last messages that came within the time there is."""
        targeted = self._filter.target.now
        now = dt_util.utcnow()
        for device_id in targeted.numbers or targeted.contacts or ():
            last = _last_message(self._hass, device_id)
            if last is None:
                continue
            if self._within is None or self._within.matches(sent=last.received_at, received_at=now):
                yield last


def _last_message(hass: HomeAssistant, device_id: str) -> Delivery | None:
    """Return the last message of a virtual number or contact, its sender as contacts are now."""
    found = async_subentry_of_device(hass, device_id)
    if found is None:
        return None
    entry, subentry = found
    last = entry.runtime_data.journal.record(subentry.subentry_id).last
    return last and entry.runtime_data.directory.with_sender(last)


CONDITIONS: dict[str, type[Condition]] = {
    "last_message": LastMessageCondition,
    "question_open": QuestionOpenCondition,
}


async def async_get_conditions(_hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions that this integration brings."""
    return CONDITIONS
