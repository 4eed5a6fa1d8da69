"""A readable line in the logbook for each message that came or was sent, and for how far one has come."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .asking import AnswerState, Question
from .const import (
    DOMAIN,
    EVENT_MESSAGE_RECEIVED,
    EVENT_MESSAGE_SENT,
    EVENT_MESSAGE_STATUS,
)
from .quoted import one_line, shown_sender
from .receiving.data import IntelliSMSConfigEntry

MAX_SHOWN_CHARACTERS = 100
ICON = "mdi:message-arrow-left"
SENT_ICON, NOT_SENT_ICON = "mdi:message-arrow-right", "mdi:message-alert"
_CHANNELS = {"whatsapp": "by WhatsApp", "sms": "by SMS", "voice": "by a call"}
# What became of what was to be sent, and of a question that was to be asked.
_OUTCOMES = {
    "sent": "was sent",
    "not_sent": "was not sent",
    "may_have_been_sent": "may have been sent",
}
# What a contact did who was sent a message; other reports tell of its way.
_REPORTED = {
    "delivered": "has received a message",
    "read": "has read a message",
    "acknowledged": "has confirmed a message",
    "rejected": "has rejected a message",
}
_UNDER_WAY = ("unknown", "ok", "queued", "sent")
ARRIVED_ICON = "mdi:message-check"
_OUTCOMES_OF_QUESTIONS = {
    "sent": "was asked",
    "not_sent": "was not asked",
    "may_have_been_sent": "may have been asked",
}
# What types of messages are called; what a person wrote with them stands behind.
_KINDS = {
    "image": "a picture",
    "video": "a video",
    "audio": "a voice message",
    "document": "a document",
    "sticker": "a sticker",
    "location": "a place",
    "contacts": "a contact card",
    "reaction": "a reaction",
    "mms": "an MMS",
    "edit": "an edited message",
    "order": "an order",
    "system": "a notice from WhatsApp",
}
# What an answer to a question of ours is called, by what it is worth.
_ANSWERS: dict[str, str] = {
    AnswerState.ACCEPTED: "the answer",
    AnswerState.LATE: "too late, the answer",
    AnswerState.REPEATED: "once more, an answer",
    AnswerState.NOT_ASKED: "without being asked, the answer",
}
# What people did, of which a notice tells.
_DEEDS = {
    "revoke": "deleted a message",
    "reaction": "took a reaction back",
    "request_welcome": "opened a chat",
}


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[
        [str, str, Callable[[Event[dict[str, Any]]], dict[str, str]]], None
    ],
) -> None:
    """Tell the logbook how to put the events of this integration; it calls this once."""

    @callback
    def describe(event: Event[dict[str, Any]]) -> dict[str, str]:
        """Return a line of the virtual number's *Message*, else under its name: who did what."""
        data = event.data
        # The sender stands before what was said, so that no text can feign another sender.
        name, posted = (str(data.get(key) or "") for key in ("from_name", "from"))
        sender = _short(shown_sender(name, posted) or "an unknown sender")
        said = _happened(data, sender, _answer(hass, data) or _what(data))
        return _line(data, said, ICON, data.get("entity_id"))

    @callback
    def describe_sent(event: Event[dict[str, Any]]) -> dict[str, str]:
        """Return a line of the contact's `notify` entity, else under the recipient's name."""
        data = event.data
        outcome = str(data.get("outcome"))
        icon = SENT_ICON if outcome == "sent" else NOT_SENT_ICON
        return _line(data, _became(data, outcome), icon, data.get("entity_id"))

    @callback
    def describe_report(event: Event[dict[str, Any]]) -> dict[str, str]:
        """Return a line of the contact's `notify` entity, else under the recipient's name."""
        data = event.data
        what, icon = _reported(str(data.get("status")))
        return _line(data, what, icon, _notify_entity(hass, data.get("to_device_id")))

    async_describe_event(DOMAIN, EVENT_MESSAGE_RECEIVED, describe)
    async_describe_event(DOMAIN, EVENT_MESSAGE_SENT, describe_sent)
    async_describe_event(DOMAIN, EVENT_MESSAGE_STATUS, describe_report)


@callback
def _notify_entity(hass: HomeAssistant, device_id: Any) -> str | None:
    """Return the `notify` entity of the contact whose device it is, None if there is none.

    It has the contact's name: what the contact did is not what *Last delivery* did.
    """
    for entity in er.async_entries_for_device(er.async_get(hass), str(device_id)):
        if entity.platform == DOMAIN and entity.domain == Platform.NOTIFY:
            return entity.entity_id
    return None


def _line(data: dict[str, Any], said: str, icon: str, entity_id: Any) -> dict[str, str]:
    """Return a line of an entity, where there is one, else under the name of whom it was to."""
    line = {
        LOGBOOK_ENTRY_NAME: data.get("to_name") or data.get("to") or "IntelliSMS",
        LOGBOOK_ENTRY_MESSAGE: said,
        LOGBOOK_ENTRY_ICON: icon,
    }
    if isinstance(entity_id, str) and entity_id:
        line[LOGBOOK_ENTRY_ENTITY_ID] = entity_id
    return line


def _reported(status: str) -> tuple[str, str]:
    """Return what a report says of a message that the recipient was sent, and its icon."""
    if what := _REPORTED.get(status):
        return what, ARRIVED_ICON
    if status in _UNDER_WAY:
        return f"is being sent a message ({status})", SENT_ICON
    return f"did not get a message ({status})", NOT_SENT_ICON


def _became(data: dict[str, Any], outcome: str) -> str:
    """Return what an event's data say became of a message that was to be sent."""
    asked = data.get("question") is not None
    outcomes, what = (_OUTCOMES_OF_QUESTIONS, "question") if asked else (_OUTCOMES, "message")
    said = f"“{_short(text)}”" if (text := data.get("text")) else f"a {what} ({data.get('type')})"
    channel = str(data.get("channel"))
    way = _CHANNELS.get(channel, f"by {channel}")
    why = f" ({error})" if (error := data.get("error")) else ""
    return f"{outcomes.get(outcome, outcome)} {said} {way}{why}"


def _happened(data: dict[str, Any], sender: str, what: str) -> str:
    """Return what an event's data say that somebody sent, which was this, or did otherwise."""
    aside = ", as a simulation," if data.get("simulated") else ""
    if data.get("notice") and (deed := _DEEDS.get(str(data.get("type")))):
        return f"was told{aside} that {sender} {deed}"
    return f"received{aside} from {sender}: {what}"


def _answer(hass: HomeAssistant, data: dict[str, Any]) -> str | None:
    """Return what an event's data say was answered, and how soon, None if no question was.

    That is the answer itself, as a code may have been typed with it.
    """
    told, worth = data.get("question"), _ANSWERS.get(str(data.get("answer_state")))
    if worth is None or not isinstance(told, dict):
        return None
    words, took = data.get("button_text") or data.get("answer"), ""
    if question := _question(hass, data, str(told.get("id"))):
        answer = question.answer(str(data.get("answer")))
        words = answer.title if answer else words
        received = dt_util.parse_datetime(str(data.get("received")))
        if received and data["answer_state"] == AnswerState.ACCEPTED:
            took = f" after {_duration(received - question.asked_at)}"
    return f"{worth} “{_short(words)}”{took}"


def _question(hass: HomeAssistant, data: dict[str, Any], question_id: str) -> Question | None:
    """Return a question while it is known."""
    entry: IntelliSMSConfigEntry | None
    entry = hass.config_entries.async_get_entry(str(data.get("entry_id")))
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    return entry.runtime_data.questions.get(question_id)


def _duration(passed: timedelta) -> str:
    """Return a time that has passed in the two units that say most of it."""
    seconds = max(round(passed.total_seconds()), 0)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _what(data: dict[str, Any]) -> str:
    """Return what an event's data say was sent."""
    if label := data.get("button_text") or data.get("button_id"):
        return f"a tap on “{_short(label)}”"
    kind = _KINDS.get(str(data.get("type")))
    if kind is None and data.get("notice"):
        return "a message that WhatsApp does not pass on"
    if text := data.get("text") or data.get("file_name"):
        said = f"“{_short(text)}”"
        return f"{kind}, {said}" if kind else said
    return kind or f"a message ({data.get('type')})"


def _short(said: Any) -> str:
    """Return a value of an event's data as words that fit into a line."""
    # A person who fires the event by hand may give a number where we give a text.
    return one_line(str(said), MAX_SHOWN_CHARACTERS)
