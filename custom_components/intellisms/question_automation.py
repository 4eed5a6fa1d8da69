"""The other half of a question: triggers, and a condition, for what no action waits for.

Nobody waits any more for an answer that comes after a restart, and nobody ever did for one to a
question that was asked without waiting.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Unpack, cast, override

from homeassistant.const import CONF_EXCLUDE, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.helpers.condition import ConditionCheckParams, ConditionConfig
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.trigger import (
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .asking import Question
from .const import DOMAIN
from .faults import guarded
from .filter_options import CHOICES, too_long
from .matching import folded
from .receiving.data import IntelliSMSConfigEntry
from .receiving.directory import Contact
from .receiving.questions import SIGNAL_ENDED, Ended
from .target import Target, TargetedCondition, TargetedTrigger, targeted

CONF_ANSWER = "answer"
CONF_QUESTION = "question"
# Without a name an answer to any question would do, as Yes to another one.
_QUESTION_FIELD = {
    vol.Required(
        CONF_QUESTION, msg="write the name of the question, as it is where it is asked"
    ): CHOICES
}
_WHOM_OR_WHAT = "write the name of a question, or choose contacts who were asked as the target"


def _wanted(options: Mapping[str, Any], key: str) -> frozenset[str] | None:
    """Return the words that are meant, folded, None for any; vol.Invalid where they are too long."""
    if key not in options:
        return None
    wanted = [folded(one) for one in options[key]]
    if None in wanted:
        raise too_long(key)
    return frozenset(one for one in wanted if one)


def _is_called(question: Question, names: frozenset[str] | None) -> bool:
    return names is None or folded(question.name) in names


class _QuestionTrigger(TargetedTrigger):
    """Fires for ends of questions that no action waits for, of those that are named."""

    SCHEMA: ClassVar[vol.Schema]
    _DESCRIPTION: ClassVar[str]

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        valid = cast("ConfigType", cls.SCHEMA(config))
        for key in (CONF_QUESTION, CONF_ANSWER):
            _wanted(valid[CONF_OPTIONS], key)
        return valid

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Prepare the comparison once."""
        super().__init__(hass, config)
        options: Mapping[str, Any] = config.options or {}
        self._target = Target(hass, config.target)
        self._questions = _wanted(options, CONF_QUESTION)
        self._answers = _wanted(options, CONF_ANSWER)

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        @callback
        def on_ended(ended: Ended) -> None:
            if ended.waited or not _is_called(ended.question, self._questions):
                return
            if told := self._told(ended):
                context = ended.delivery.context if ended.delivery else Context()
                run_action(told, self._DESCRIPTION, context)

        return async_dispatcher_connect(self._hass, SIGNAL_ENDED, guarded(on_ended))

    def _told(self, ended: Ended) -> dict[str, Any] | None:
        """Return what an automation is told of this end, None if it is not meant."""
        raise NotImplementedError


class QuestionAnsweredTrigger(_QuestionTrigger):
    """Fires for the first answer to a question."""

    SCHEMA = targeted({**_QUESTION_FIELD, vol.Optional(CONF_ANSWER): CHOICES})
    _DESCRIPTION = "IntelliSMS question answered"

    @override
    def _told(self, ended: Ended) -> dict[str, Any] | None:
        if (delivery := ended.delivery) is None or delivery.answer is None:
            return None
        if not self._target.now.fits(delivery.device_id, delivery.sender_device_id):
            return None
        answer = ended.question.answer(delivery.answer)
        words = {folded(delivery.answer), folded(answer.title if answer else None)}
        if self._answers is not None and not words & self._answers:
            return None
        return {"message": delivery.as_event()}


class QuestionUnansweredTrigger(_QuestionTrigger):
    """Fires for a question that is over without an answer."""

    SCHEMA = vol.Schema({vol.Optional(CONF_OPTIONS, default=dict): dict(_QUESTION_FIELD)})
    _DESCRIPTION = "IntelliSMS question not answered"

    @override
    def _told(self, ended: Ended) -> dict[str, Any] | None:
        if ended.delivery:
            return None
        entry: IntelliSMSConfigEntry | None
        entry = self._hass.config_entries.async_get_entry(ended.entry_id)
        question = ended.question
        return {
            "question": {
                **question.as_name(),
                "entity_id": [one.entity_id for one in question.asked if one.entity_id],
                "to_name": [one.name for one in _contacts(entry, question)] if entry else [],
                "asked": question.asked_at.isoformat(),
                "reason": ended.ending.value,
            }
        }


_OPEN_SCHEMA = targeted({vol.Optional(CONF_QUESTION): CHOICES})


class QuestionOpenCondition(TargetedCondition):
    """Tells whether a question waits for an answer: one that is named, or of a targeted contact."""

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        valid = cast("ConfigType", _OPEN_SCHEMA(config))
        names = _wanted(valid[CONF_OPTIONS], CONF_QUESTION)
        if names is None and not valid.get(CONF_TARGET, {}).keys() - {CONF_EXCLUDE}:
            raise vol.Invalid(_WHOM_OR_WHAT)
        if Target(hass, valid.get(CONF_TARGET)).now.numbers is not None:
            raise vol.Invalid(
                "choose contacts here, not virtual numbers; it is people who are asked",
                path=[CONF_TARGET],
            )
        return valid

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Prepare the comparison once."""
        super().__init__(hass, config)
        self._target = Target(hass, config.target) if config.target else None
        self._questions = _wanted(config.options or {}, CONF_QUESTION)

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        entries: list[IntelliSMSConfigEntry]
        entries = self._hass.config_entries.async_loaded_entries(DOMAIN)
        return any(
            _is_called(question, self._questions) and self._was_asked(entry, question)
            for entry in entries
            for question in entry.runtime_data.questions.open
        )

    def _was_asked(self, entry: IntelliSMSConfigEntry, question: Question) -> bool:
        """Tell whether somebody was asked who is meant."""
        if self._target is None:
            return True
        meant = self._target.now
        return any(meant.fits(None, one.device_id) for one in _contacts(entry, question))


def _contacts(entry: IntelliSMSConfigEntry, question: Question) -> Iterator[Contact]:
    """Iterate over the contacts who were asked and have not been removed since."""
    for one in question.asked:
        contact = entry.runtime_data.directory.get(one.contact_id)
        if isinstance(contact, Contact):
            yield contact
