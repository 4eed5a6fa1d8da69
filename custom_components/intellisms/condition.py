"""Condition: the last message of a virtual number."""

from typing import Any, Unpack, cast, override

from homeassistant.const import CONF_OPTIONS
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import DOMAIN
from .matching import UndecidedError
from .message_filter import (
    AGE_FIELDS,
    CONF_VIRTUAL_NUMBER,
    DURATION,
    KIND_FIELDS,
    SENDER_FIELDS,
    TEXT_FIELDS,
    MessageFilter,
    async_prepare_options,
)
from .receiving.data import async_subentry_of_device
from .receiving.delivery import Delivery

CONF_WITHIN = "within"

_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_OPTIONS): {
            vol.Required(CONF_VIRTUAL_NUMBER): cv.string,
            **SENDER_FIELDS,
            **TEXT_FIELDS,
            **KIND_FIELDS,
            **AGE_FIELDS,
            vol.Optional(CONF_WITHIN): DURATION,
        }
    }
)


class LastMessageCondition(Condition):
    """Tells whether a virtual number's last message is as the options describe."""

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        validated = cast("ConfigType", _SCHEMA(config))
        options = await async_prepare_options(hass, validated[CONF_OPTIONS])
        MessageFilter.from_options(hass, {**options, CONF_VIRTUAL_NUMBER: []})
        return {**validated, CONF_OPTIONS: options}

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Prepare the comparison once."""
        super().__init__(hass, config)
        options: dict[str, Any] = config.options or {}
        self._device_id: str = options[CONF_VIRTUAL_NUMBER]
        self._within = options.get(CONF_WITHIN)
        self._filter = MessageFilter.from_options(
            hass, {**options, CONF_VIRTUAL_NUMBER: [self._device_id]}
        )

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        last = _last_message(self._hass, self._device_id)
        if last is None:
            return False
        if self._within is not None and dt_util.utcnow() - last.received_at > self._within:
            return False
        try:
            return self._filter.match(last) is not None
        except UndecidedError as err:
            # Whoever asks has to stop: false would be true under `not`. Core's ConditionError
            # would be false to `if` and `choose`, which go on with what is to be done otherwise.
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="undecided"
            ) from err


def _last_message(hass: HomeAssistant, device_id: str) -> Delivery | None:
    """Return a virtual number's last message, its sender as the contacts are now."""
    found = async_subentry_of_device(hass, device_id)
    if found is None:
        return None
    entry, subentry = found
    last = entry.runtime_data.journal.record(subentry.subentry_id).last
    return last and entry.runtime_data.directory.with_sender(last)


CONDITIONS: dict[str, type[Condition]] = {"last_message": LastMessageCondition}


async def async_get_conditions(_hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions that this integration brings."""
    return CONDITIONS
