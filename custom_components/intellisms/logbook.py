"""A readable line in the logbook for each message that came, and for each that was sent or was not."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN, EVENT_MESSAGE_RECEIVED, EVENT_MESSAGE_SENT
from .quoted import one_line, shown_sender

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
# What people did, of which a notice tells.
_DEEDS = {
    "revoke": "deleted a message",
    "reaction": "took a reaction back",
    "request_welcome": "opened a chat",
}


@callback
def async_describe_events(
    _hass: HomeAssistant,
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
        line = {
            LOGBOOK_ENTRY_NAME: data.get("to_name") or data.get("to") or "IntelliSMS",
            LOGBOOK_ENTRY_MESSAGE: _happened(data, sender),
            LOGBOOK_ENTRY_ICON: ICON,
        }
        if isinstance(entity_id := data.get("entity_id"), str) and entity_id:
            line[LOGBOOK_ENTRY_ENTITY_ID] = entity_id
        return line

    @callback
    def describe_sent(event: Event[dict[str, Any]]) -> dict[str, str]:
        """Return a line of the contact's `notify` entity, else under the recipient's name."""
        data = event.data
        outcome = str(data.get("outcome"))
        line = {
            LOGBOOK_ENTRY_NAME: data.get("to_name") or data.get("to") or "IntelliSMS",
            LOGBOOK_ENTRY_MESSAGE: _became(data, outcome),
            LOGBOOK_ENTRY_ICON: SENT_ICON if outcome == "sent" else NOT_SENT_ICON,
        }
        if isinstance(entity_id := data.get("entity_id"), str) and entity_id:
            line[LOGBOOK_ENTRY_ENTITY_ID] = entity_id
        return line

    async_describe_event(DOMAIN, EVENT_MESSAGE_RECEIVED, describe)
    async_describe_event(DOMAIN, EVENT_MESSAGE_SENT, describe_sent)


def _became(data: dict[str, Any], outcome: str) -> str:
    """Return what an event's data say became of a message that was to be sent."""
    asked = data.get("question") is not None
    outcomes, what = (_OUTCOMES_OF_QUESTIONS, "question") if asked else (_OUTCOMES, "message")
    said = f"“{_short(text)}”" if (text := data.get("text")) else f"a {what} ({data.get('type')})"
    channel = str(data.get("channel"))
    way = _CHANNELS.get(channel, f"by {channel}")
    why = f" ({error})" if (error := data.get("error")) else ""
    return f"{outcomes.get(outcome, outcome)} {said} {way}{why}"


def _happened(data: dict[str, Any], sender: str) -> str:
    """Return what an event's data say that somebody sent, or did otherwise."""
    aside = ", as a simulation," if data.get("simulated") else ""
    if data.get("notice") and (deed := _DEEDS.get(str(data.get("type")))):
        return f"was told{aside} that {sender} {deed}"
    return f"received{aside} from {sender}: {_what(data)}"


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
