"""Triggers: a message was received, a button was tapped."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast, override

from homeassistant.const import CONF_OPTIONS
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .faults import guarded
from .matching import Groups, UndecidedError
from .message_filter import (
    AGE_FIELDS,
    CHOICES,
    CONF_BUTTON,
    CONF_EXACT,
    KIND_FIELDS,
    NUMBER_FIELDS,
    SENDER_FIELDS,
    TEXT_FIELDS,
    MessageFilter,
    async_prepare_options,
)
from .protocol import MessageType
from .receiving.delivery import Delivery
from .receiving.signals import SIGNAL_MESSAGE

BUTTON_TYPES = frozenset({MessageType.BUTTON, MessageType.REPLY, "list_reply"})


class MessageTrigger(Trigger):
    """Fires for each message that the options describe.

    It listens for as long as it is attached, whether the entry is loaded or not,
    so that a reload does not lose it.
    """

    FIELDS: ClassVar[Mapping[vol.Marker, Any]] = {
        **NUMBER_FIELDS,
        **SENDER_FIELDS,
        **TEXT_FIELDS,
        **KIND_FIELDS,
        **AGE_FIELDS,
    }
    _DESCRIPTION: ClassVar[str] = "IntelliSMS message received"

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        schema = vol.Schema({vol.Optional(CONF_OPTIONS, default=dict): dict(cls.FIELDS)})
        validated = cast("ConfigType", schema(config))
        options = await async_prepare_options(hass, validated[CONF_OPTIONS])
        MessageFilter.from_options(hass, options)
        return {**validated, CONF_OPTIONS: options}

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Prepare the comparison once."""
        super().__init__(hass, config)
        self._filter = MessageFilter.from_options(hass, config.options or {})

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        @callback
        def on_delivery(delivery: Delivery) -> None:
            if (groups := self._match(delivery)) is not None:
                run_action(
                    {"message": delivery.as_event(), "match": groups},
                    self._DESCRIPTION,
                    delivery.context,
                )

        return async_dispatcher_connect(self._hass, SIGNAL_MESSAGE, guarded(on_delivery))

    def _match(self, delivery: Delivery) -> Groups | None:
        try:
            return self._filter.match(delivery)
        except UndecidedError:
            return None


class ButtonTrigger(MessageTrigger):
    """Fires when a WhatsApp button is tapped, whether it has an id or only a label."""

    FIELDS: ClassVar[Mapping[vol.Marker, Any]] = {
        **NUMBER_FIELDS,
        **SENDER_FIELDS,
        vol.Optional(CONF_BUTTON): CHOICES,
        vol.Optional(CONF_EXACT, default=False): cv.boolean,
        **AGE_FIELDS,
    }
    _DESCRIPTION: ClassVar[str] = "IntelliSMS button tapped"

    @override
    def _match(self, delivery: Delivery) -> Groups | None:
        if delivery.message.type not in BUTTON_TYPES:
            return None
        return super()._match(delivery)


TRIGGERS: dict[str, type[Trigger]] = {
    "message_received": MessageTrigger,
    "button_tapped": ButtonTrigger,
}


async def async_get_triggers(_hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers that this integration brings."""
    return TRIGGERS
