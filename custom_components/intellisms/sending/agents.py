"""What is asked of Home Assistant's conversation agents, as its voice pipelines ask them.

`conversation`, and what it brings, is imported only inside the functions here, which are called
only while it is loaded: to depend on it would make start-up wait for it, with the doors shut.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import signature
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError

if TYPE_CHECKING:
    from homeassistant.components.conversation import ChatLog, ConversationInput
    from homeassistant.helpers.intent import IntentResponse

_PROMPT: Final = (
    "The user writes to you by {channel} and reads your answer as a text message on a phone. "
    "Answer in plain text, in few and short sentences, without Markdown, lists and headings."
)


class AgentFailedError(Exception):
    """An agent was not there, was busy or failed; what it said of that is for nobody's phone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an agent is asked.

    `channel` is what the person calls it; with `own_sentences`, what Home Assistant understands
    by itself does not reach the agent. `conversation_id` is None for a new conversation.
    """

    agent_id: str
    text: str = field(repr=False)
    channel: str
    language: str
    own_sentences: bool
    context: Context = field(repr=False)
    conversation_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What an agent answers, which may be nothing, and the conversation that it belongs to."""

    text: str = field(repr=False)
    conversation_id: str | None


def is_ready(hass: HomeAssistant) -> bool:
    """Tell whether there can be agents."""
    return "conversation" in hass.config.components


async def async_ask(hass: HomeAssistant, asked: Asked) -> Said:
    """Ask an agent; AgentFailedError where it gives no answer of its own."""
    from homeassistant.components import conversation

    if conversation.async_get_agent_info(hass, asked.agent_id) is None:
        raise AgentFailedError
    said = conversation.ConversationInput(
        text=asked.text,
        context=asked.context,
        conversation_id=asked.conversation_id,
        device_id=None,
        satellite_id=None,
        language=asked.language,
        agent_id=asked.agent_id,
        extra_system_prompt=_PROMPT.format(channel=asked.channel),
    )
    try:
        if not asked.own_sentences or asked.agent_id == conversation.HOME_ASSISTANT_AGENT:
            return await _ask_agent(hass, said)
        # The agent hears later in the conversation what was said before without it.
        with _conversation(hass, said) as log:
            response = await _own_answer(hass, said, log)
            if response is None:
                return await _ask_agent(hass, said)
            text = _speech(response)
            log.async_add_assistant_content_without_tools(
                conversation.AssistantContent(
                    agent_id=conversation.HOME_ASSISTANT_AGENT, content=text
                )
            )
            return Said(text=text, conversation_id=said.conversation_id)
    except HomeAssistantError:
        # Since 2026.11 one of these says that the conversation is busy. What they say may quote
        # the message, or tell of the agent's account.
        raise AgentFailedError from None


@contextmanager
def _conversation(hass: HomeAssistant, said: ConversationInput) -> Iterator[ChatLog]:
    """Begin a conversation or go on with it, and let what is said know which it is."""
    from homeassistant.components import conversation
    from homeassistant.helpers.chat_session import async_get_chat_session

    more: dict[str, Any] = {}
    if "context" in signature(async_get_chat_session).parameters:
        # Since 2026.11 a conversation belongs to the user in its first context.
        more["context"] = said.context
    with async_get_chat_session(hass, said.conversation_id, **more) as session:
        said.conversation_id = session.conversation_id
        with conversation.async_get_chat_log(hass, session, said) as log:
            yield log


async def _own_answer(
    hass: HomeAssistant, said: ConversationInput, log: ChatLog
) -> IntentResponse | None:
    """Return the answer to a sentence of an automation or of Home Assistant's own, if it is one.

    So does `assist_pipeline` with *Prefer handling commands locally* (2026.7.0 and 2026.11.0).
    """
    from homeassistant.components import conversation
    from homeassistant.helpers.intent import IntentResponse

    triggered = await conversation.async_handle_sentence_triggers(hass, said, log)
    if triggered is None:
        return await conversation.async_handle_intents(hass, said, log)
    response = IntentResponse(language=said.language)
    response.async_set_speech(triggered)
    return response


async def _ask_agent(hass: HomeAssistant, said: ConversationInput) -> Said:
    """Return what the agent says; AgentFailedError where it is core that says that it failed."""
    from homeassistant.components import conversation
    from homeassistant.helpers.intent import IntentResponseErrorCode

    result = await conversation.async_converse(
        hass,
        said.text,
        said.conversation_id,
        said.context,
        language=said.language,
        agent_id=said.agent_id,
        extra_system_prompt=said.extra_system_prompt,
    )
    # Core makes this of an exception, with its text.
    if result.response.error_code is IntentResponseErrorCode.UNKNOWN:
        raise AgentFailedError
    return Said(text=_speech(result.response), conversation_id=result.conversation_id)


def _speech(response: IntentResponse) -> str:
    """Return what is to be said, as characters that can be sent."""
    speech = str(response.speech.get("plain", {}).get("speech") or "")
    return speech.encode(errors="replace").decode().strip()


async def async_language(hass: HomeAssistant, user_id: str | None) -> str:
    """Return the language that a user has chosen in the frontend, else Home Assistant's."""
    if user_id is None or "frontend" not in hass.config.components:
        return hass.config.language
    from homeassistant.components.frontend.storage import async_user_store

    # Core reads the owner's so (`core_config.py` in 2026.7.0 and 2026.11.0).
    chosen = (await async_user_store(hass, user_id)).data.get("language")
    language = chosen.get("language") if isinstance(chosen, dict) else None
    return language if isinstance(language, str) and language else hass.config.language
