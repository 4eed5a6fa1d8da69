"""Triggers: a message was received, a button was tapped; others have files of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast, override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.singleton import singleton
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
from .delivery_trigger import DeliveryTrigger
from .faults import guarded, log_fault
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
from .matching import Groups, PatternTimeoutError, UndecidedError, folded, words
from .message_filter import MessageFilter, Reason, async_prepare
from .protocol import BUTTON_TYPES, EDIT
from .question_automation import QuestionAnsweredTrigger, QuestionUnansweredTrigger
from .receiving.delivery import Delivery
from .receiving.signals import SIGNAL_MESSAGE, SIGNAL_NOTICE, SIGNAL_TAKEN
from .target import TargetedTrigger, targeted

# Triggers that are told why they did not fire on a message. Each makes a trace of it, in
# 30 microseconds, so that two hundred would take longer than the message itself.
MOST_REPORTS = 5
# What a trigger does with a message; whether it may tell why it does not fire, and did.
type Listener = Callable[[Delivery, bool], bool]


class MessageTrigger(TargetedTrigger):
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
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        return await async_prepare(hass, cast("ConfigType", targeted(cls.FIELDS)(config)))

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
        @callback
        def on_delivery(delivery: Delivery, may_tell: bool) -> bool:
            match self._match(delivery):
                case dict(groups):
                    # Assist passes it over, also where the automation's conditions stop it.
                    async_dispatcher_send(self._hass, SIGNAL_TAKEN, delivery)
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
                    if did_not_trigger and may_tell:
                        did_not_trigger(NotTriggeredInfo(reason), delivery.context)
                        return True
            return False

        return _audience(self._hass).async_add(
            _Attached(only_text=self._filter.only_text, listener=on_delivery)
        )

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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Attached:
    """A trigger that is attached. `only_text` is the one it fires on, folded, if it is but one."""

    only_text: str | None
    listener: Listener


class _Audience:
    """All triggers that are attached, in the order in which they are told of a message.

    Of hundreds, most are meant for another text. That is seen here: to ask each of them
    would cost as much as the message itself.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen for as long as Home Assistant runs."""
        self._attached: dict[_Attached, None] = {}
        for signal in (SIGNAL_MESSAGE, SIGNAL_NOTICE):
            async_dispatcher_connect(hass, signal, guarded(self._on_delivery))

    @callback
    def async_add(self, attached: _Attached) -> CALLBACK_TYPE:
        """Tell a trigger of messages until the callback that is returned is called."""
        self._attached[attached] = None

        @callback
        def detach() -> None:
            self._attached.pop(attached, None)

        return detach

    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        # What answers a question is for whoever asked it: a tap on *Open* must not open twice.
        if delivery.question:
            return
        told = 0
        # A copy, since what runs may attach and detach triggers. The second loop goes on in it.
        audience = iter(list(self._attached))
        for attached in audience:
            told += _tell(attached, delivery, may_tell=True)
            if told == MOST_REPORTS:
                break
        said = folded(delivery.message.text)
        for attached in audience:
            if attached.only_text is None or attached.only_text == said:
                _tell(attached, delivery, may_tell=False)


def _tell(attached: _Attached, delivery: Delivery, *, may_tell: bool) -> bool:
    """Return whether a trigger told why it does not fire; a fault of one keeps no other from it."""
    try:
        return attached.listener(delivery, may_tell)
    except Exception as err:  # noqa: BLE001
        log_fault(err, "handling a message in a trigger")
        return False


# One for all triggers, made by the first.
_audience = singleton(HassKey[_Audience](f"{DOMAIN}_audience"))(_Audience)

TRIGGERS: dict[str, type[Trigger]] = {
    "message_received": MessageTrigger,
    "button_tapped": ButtonTrigger,
    "delivery_changed": DeliveryTrigger,
    "question_answered": QuestionAnsweredTrigger,
    "question_unanswered": QuestionUnansweredTrigger,
}


async def async_get_triggers(_hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers that this integration brings."""
    return TRIGGERS
