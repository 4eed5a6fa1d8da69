"""Triggers: a message was received, a button was tapped."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast, override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.trigger import (
    NotTriggeredInfo,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from .const import DOMAIN
from .faults import guarded
from .filter_options import (
    AGE_FIELDS,
    CHOICES,
    CONF_BUTTON,
    CONF_EXACT,
    INDIRECT_FIELDS,
    KIND_FIELDS,
    SENDER_FIELDS,
    TEXT_FIELDS,
)
from .matching import Groups, PatternTimeoutError, UndecidedError, words
from .message_filter import MessageFilter, Reason, async_prepare
from .protocol import EDIT, MessageType
from .receiving.delivery import Delivery
from .receiving.signals import SIGNAL_MESSAGE, SIGNAL_NOTICE
from .target import TARGET, TARGET_AS_WRITTEN

BUTTON_TYPES = frozenset({MessageType.BUTTON, MessageType.REPLY, MessageType.LIST_REPLY})
# Automations that are told why they did not run on a message. Each makes a trace of it, in
# 30 microseconds, so that two hundred would take longer than the message itself.
MOST_REPORTS = 10


class MessageTrigger(Trigger):
    """Fires for each message that the target and the options describe.

    It listens for as long as it is attached, whether the entry is loaded or not,
    so that a reload does not lose it.
    """

    FIELDS: ClassVar[Mapping[vol.Marker, Any]] = {
        **TEXT_FIELDS,
        **SENDER_FIELDS,
        **AGE_FIELDS,
        **KIND_FIELDS,
        **INDIRECT_FIELDS,
    }
    _DESCRIPTION: ClassVar[str] = "IntelliSMS message received"

    @classmethod
    @override
    async def async_validate_complete_config(
        cls, hass: HomeAssistant, complete_config: ConfigType
    ) -> ConfigType:
        TARGET_AS_WRITTEN(complete_config)
        return await super().async_validate_complete_config(hass, complete_config)

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        schema = vol.Schema(
            {
                vol.Optional(CONF_TARGET): TARGET,
                vol.Optional(CONF_OPTIONS, default=dict): dict(cls.FIELDS),
            }
        )
        return await async_prepare(hass, cast("ConfigType", schema(config)))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Prepare the comparison once."""
        super().__init__(hass, config)
        self._filter = MessageFilter.prepare(hass, config.target, config.options or {})

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        reports = self._hass.data.setdefault(DATA_REPORTS, _Reports())

        @callback
        def on_delivery(delivery: Delivery) -> None:
            match self._match(delivery):
                case dict(groups):
                    run_action(
                        {
                            "message": delivery.as_event(),
                            "match": groups,
                            "words": words(delivery.message.text or ""),
                        },
                        self._DESCRIPTION,
                        delivery.context,
                    )
                case Reason.NOT_TARGETED:
                    pass
                case reason:
                    if did_not_trigger and reports.has_room(delivery):
                        did_not_trigger(NotTriggeredInfo(reason), delivery.context)

        stops = [
            async_dispatcher_connect(self._hass, signal, guarded(on_delivery))
            for signal in (SIGNAL_MESSAGE, SIGNAL_NOTICE)
        ]

        @callback
        def detach() -> None:
            for stop in stops:
                stop()

        return detach

    def _match(self, delivery: Delivery) -> Groups | Reason:
        """Return a pattern's groups, or why the trigger does not fire."""
        message, types = delivery.message, self._filter.types
        # What was said before, or said by nobody, is only for those who ask for it.
        if (message.notice or message.type == EDIT) and types is None:
            return Reason.NOT_TARGETED
        try:
            return self._filter.match(delivery)
        except PatternTimeoutError:
            return Reason.PATTERN_TIMEOUT
        except UndecidedError:
            return Reason.TEXT_DIFFERS


class ButtonTrigger(MessageTrigger):
    """Fires when a WhatsApp button is tapped, whether it has an id or only a label."""

    FIELDS: ClassVar[Mapping[vol.Marker, Any]] = {
        vol.Optional(CONF_BUTTON): CHOICES,
        **SENDER_FIELDS,
        **AGE_FIELDS,
        vol.Optional(CONF_EXACT, default=False): cv.boolean,
        **INDIRECT_FIELDS,
    }
    _DESCRIPTION: ClassVar[str] = "IntelliSMS button tapped"

    @override
    def _match(self, delivery: Delivery) -> Groups | Reason:
        if delivery.message.type not in BUTTON_TYPES:
            return Reason.NOT_TARGETED
        return super()._match(delivery)


@dataclass(slots=True)
class _Reports:
    """Counts who was told that a message does not set them off; all triggers share it."""

    _context_id: str = ""
    _told: int = 0

    def has_room(self, delivery: Delivery) -> bool:
        """Tell whether one more may be told of this message, and count it."""
        # Triggers are told of one message after the other, and each has a context of its own.
        if self._context_id != delivery.context.id:
            self._context_id, self._told = delivery.context.id, 0
        self._told += 1
        return self._told <= MOST_REPORTS


DATA_REPORTS: HassKey[_Reports] = HassKey(f"{DOMAIN}_reports")

TRIGGERS: dict[str, type[Trigger]] = {
    "message_received": MessageTrigger,
    "button_tapped": ButtonTrigger,
}


async def async_get_triggers(_hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers that this integration brings."""
    return TRIGGERS
