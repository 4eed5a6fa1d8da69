"""The trigger: it is known anew how far a message to somebody has come."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, cast, override

from homeassistant.const import CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.trigger import (
    NotTriggeredInfo,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .faults import guarded
from .filter_options import CODES
from .protocol import STATUS_WORDS, Category, category_of
from .receiving.report import ToldReport
from .sending.deliveries import SIGNAL_CHANGE, Change
from .target import Target, TargetedTrigger, targeted

CONF_STATUS = "status"
CONF_CATEGORY = "category"
_DESCRIPTION = "IntelliSMS delivery changed"


class Unfit(StrEnum):
    """Why a report on a message to whom is targeted is not meant: codes that traces show."""

    STATUS_DIFFERS = "status_differs"
    CATEGORY_DIFFERS = "category_differs"


def _one_of(words: Iterable[str]) -> Any:
    """Return a schema for a list of some words; others could never be reported."""
    known = sorted(set(words))
    return vol.All(CODES, [vol.In(known, msg=f"write one of these: {', '.join(known)}")])


class DeliveryTrigger(TargetedTrigger):
    """Fires for each status report that the target and the options describe.

    As the triggers on messages, it listens for as long as it is attached.
    """

    FIELDS: ClassVar[Mapping[vol.Marker, Any]] = {
        vol.Optional(CONF_STATUS): _one_of(STATUS_WORDS.values()),
        vol.Optional(CONF_CATEGORY): _one_of(Category),
    }

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        validated = cast("ConfigType", targeted(cls.FIELDS)(config))
        meant = Target(hass, validated.get(CONF_TARGET)).now
        if meant.numbers is not None and meant.contacts is None:
            raise vol.Invalid(
                "choose contacts here, whom the messages go to; of a virtual number nothing is reported",
                path=[CONF_TARGET],
            )
        return validated

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Prepare the comparison once."""
        super().__init__(hass, config)
        options: Mapping[str, Any] = config.options or {}
        self._target = Target(hass, config.target)
        self._statuses: list[str] | None = options.get(CONF_STATUS)
        self._categories: list[str] | None = options.get(CONF_CATEGORY)

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        @callback
        def on_change(change: Change) -> None:
            told = change.told
            if not self._target.now.has_recipient(told.recipient["to_device_id"]):
                return
            if reason := self._unfit(told):
                if did_not_trigger:
                    did_not_trigger(NotTriggeredInfo(reason), told.context)
                return
            run_action({"report": _report(change)}, _DESCRIPTION, told.context)

        return async_dispatcher_connect(self._hass, SIGNAL_CHANGE, guarded(on_change))

    def _unfit(self, told: ToldReport) -> Unfit | None:
        """Return why a report is not meant, None if it is."""
        if self._statuses is not None and told.report.status not in self._statuses:
            return Unfit.STATUS_DIFFERS
        if self._categories is not None and category_of(told.report) not in self._categories:
            return Unfit.CATEGORY_DIFFERS
        return None


def _report(change: Change) -> dict[str, Any]:
    """Return the event's data, and what is known of the message."""
    told, message = change.told, change.message
    return {
        **told.as_event(),
        "category": category_of(told.report),
        "channel": message.channel if message else None,
        "type": message.type if message else None,
        "sent": message.sent.isoformat() if message else None,
        "question": message.question if message else None,
    }
