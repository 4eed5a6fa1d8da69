"""Assist by text: asked through our door, answered at the stand-in for the provider."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
import subprocess
import sys
from typing import Any, Literal, override
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.models import User
from homeassistant.components import conversation
from homeassistant.components.conversation.const import DATA_COMPONENT
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.const import MATCH_ALL
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, intent, llm
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
    mock_component,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.intellisms.asking import AnswerState
from custom_components.intellisms.const import (
    CONF_ACCEPT,
    CONF_AGENT,
    CONF_ASSIST,
    CONF_NUMBERS,
    CONF_PERSON,
    EVENT_MESSAGE_RECEIVED,
    EVENT_MESSAGE_SENT,
    Accept,
)
from custom_components.intellisms.protocol import size_of
from scripts.house.provider_api import Play, ProviderApi, Refusal
from tests.asked import LEAVE, asked, tap, told
from tests.household import (
    ANNA,
    BEN,
    SHOP,
    STRANGER,
    add as add_subentry,
    deleted,
    devices,
    edit,
    forwarded,
    image,
    in_a_group,
    posted,
    text,
    together,
    virtual_number,
    whatsapp,
)
from tests.log import keep_secret
from tests.running import Post, automate, pass_time, settle, state, when
from tests.test_examples import examples

HOME_ASSISTANT = "conversation.home_assistant"
STAND_IN = "conversation.stand_in"
PORCH, SAFE = "input_boolean.porch", "input_boolean.safe"
ON = "turn on the porch"
GOOD_NIGHT = "Sleep well. All lights are off."
FAILED = "Sorry, that did not work. Try it in other words, or later."
TOO_SLOW = "Sorry, that took too long. Some of it may have been done."

type Say = Callable[..., Awaitable[None]]
type Choose = Callable[..., None]
type MakePerson = Callable[[str], Awaitable[tuple[str, User]]]


class StandIn(conversation.ConversationEntity):
    """An agent as one with a language model is, which says and does what it is told to."""

    entity_id = STAND_IN
    _attr_name = "Stand-in"
    _attr_unique_id = "stand-in"

    def __init__(self) -> None:
        """Have an answer for everything."""
        self.asked: list[conversation.ConversationInput] = []
        self.answer: str | Exception = "Of course"
        # The name of what it turns on.
        self.turns_on: str | None = None
        # What was said in the conversation when it was asked last.
        self.said: list[str] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    @property
    @override
    def supported_languages(self) -> list[str] | Literal["*"]:
        return MATCH_ALL

    @override
    async def _async_handle_message(
        self, user_input: conversation.ConversationInput, chat_log: conversation.ChatLog
    ) -> conversation.ConversationResult:
        self.asked.append(user_input)
        await chat_log.async_provide_llm_data(
            user_input.as_llm_context("test"),
            llm.LLM_API_ASSIST,
            None,
            user_input.extra_system_prompt,
        )
        self.said = [
            said.content
            for said in chat_log.content
            if isinstance(said, conversation.UserContent | conversation.AssistantContent)
            and said.content
        ]
        await self.go_on.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.turns_on:
            # Since 2026.10 the name of whose tool it is stands before its own.
            assert chat_log.llm_api
            [tool] = [one for one in chat_log.llm_api.tools if one.name.endswith("HassTurnOn")]
            do = llm.ToolInput(tool_name=tool.name, tool_args={"name": self.turns_on})
            call = conversation.AssistantContent(agent_id=STAND_IN, tool_calls=[do])
            async for _ in chat_log.async_add_assistant_content(call):
                pass
        chat_log.async_add_assistant_content_without_tools(
            conversation.AssistantContent(agent_id=STAND_IN, content=self.answer)
        )
        response = intent.IntentResponse(language=user_input.language)
        response.async_set_speech(self.answer)
        return conversation.ConversationResult(
            response=response, conversation_id=chat_log.conversation_id
        )


@pytest.fixture
async def talking(hass: HomeAssistant) -> None:
    """Set up what understands sentences, with a switch that is exposed to it and one that is not."""
    for domain, config in (
        ("homeassistant", {}),
        ("intent", {}),
        ("conversation", {}),
        ("input_boolean", {"porch": {"name": "Porch"}, "safe": {"name": "Safe"}}),
    ):
        assert await async_setup_component(hass, domain, {domain: config})
    async_expose_entity(hass, conversation.DOMAIN, PORCH, should_expose=True)
    async_expose_entity(hass, conversation.DOMAIN, SAFE, should_expose=False)


@pytest.fixture
async def agent(hass: HomeAssistant, talking: None) -> StandIn:
    """Return the stand-in for a language model."""
    made = StandIn()
    await hass.data[DATA_COMPONENT].async_add_entities([made])
    return made


@pytest.fixture
async def house_that_talks(talking: None, sending_house: MockConfigEntry) -> MockConfigEntry:
    """Return the household with keys, in a house that understands sentences."""
    return sending_house


@pytest.fixture
def say(hass: HomeAssistant, house_that_talks: MockConfigEntry, own_door: Post) -> Say:
    """Post messages, and wait until all is answered that is answered at once."""

    async def post(*bodies: str) -> None:
        for body in bodies:
            assert await own_door(body) == HTTPStatus.OK
            await hass.async_block_till_done(wait_background_tasks=True)

    return post


@pytest.fixture
def choose(hass: HomeAssistant, house_that_talks: MockConfigEntry) -> Choose:
    """Choose Assist for Anna, as the dialog does."""

    def save(agent_id: str | None = STAND_IN, person: str | None = None, **chosen: bool) -> None:
        [anna] = [one for one in house_that_talks.subentries.values() if one.title == "Anna"]
        data = {**anna.data, CONF_PERSON: person, CONF_ASSIST: {CONF_AGENT: agent_id, **chosen}}
        hass.config_entries.async_update_subentry(house_that_talks, anna, data=data)

    return save


@pytest.fixture
async def annas_person(hass: HomeAssistant) -> MakePerson:
    """Return what makes Anna's person, with a user of a group."""

    async def make(group: str) -> tuple[str, User]:
        # The first is the owner, who cannot be removed.
        await hass.auth.async_create_user("Owner", group_ids=[GROUP_ID_ADMIN])
        user = await hass.auth.async_create_user("Anna", group_ids=[group])
        person = {"id": "anna", "name": "Anna", "user_id": user.id}
        assert await async_setup_component(hass, "person", {"person": [person]})
        known = er.async_get(hass).async_get("person.anna")
        assert known
        return known.id, user

    return make


def wa(said: str, sender: str = ANNA, **fields: Any) -> str:
    """Return the provider's post of a text by WhatsApp."""
    return posted(whatsapp("text", {"body": said}, sender=sender), **fields)


def answers(api: ProviderApi) -> list[str]:
    """Return what was sent, by whichever channel."""
    return [
        taken.message["content"].get("text") or taken.object["text"]["body"] for taken in api.taken
    ]


# ---- with Home Assistant's own agent ------------------------------------------------


async def test_what_is_said_is_done_and_answered_where_it_was_said(
    hass: HomeAssistant, say: Say, choose: Choose, api: ProviderApi
) -> None:
    choose(HOME_ASSISTANT)
    await say(wa(ON, to=SHOP.removeprefix("+")))
    assert state(hass, PORCH).state == "on"
    [taken] = api.taken
    assert taken.message["channel"] == "whatsapp"
    assert (taken.to, taken.message["from"]) == (ANNA.removeprefix("+"), SHOP.removeprefix("+"))
    assert answers(api) == ["Turned on the switch"]


async def test_what_is_sent_and_done_belongs_to_the_message(
    hass: HomeAssistant, say: Say, choose: Choose, api: ProviderApi
) -> None:
    received = async_capture_events(hass, EVENT_MESSAGE_RECEIVED)
    sent = async_capture_events(hass, EVENT_MESSAGE_SENT)
    choose(HOME_ASSISTANT)
    await say(wa(ON))
    assert state(hass, PORCH).context is received[0].context
    assert received[0].context.user_id is None
    assert sent[0].context.parent_id == received[0].context.id
    assert sent[0].data["entity_id"] == "notify.anna"


@pytest.mark.parametrize("accept", Accept)
async def test_what_a_stranger_says_reaches_no_agent(
    hass: HomeAssistant,
    say: Say,
    choose: Choose,
    house_that_talks: MockConfigEntry,
    agent: StandIn,
    api: ProviderApi,
    accept: Accept,
) -> None:
    hass.config_entries.async_update_entry(house_that_talks, options={CONF_ACCEPT: accept})
    choose(sms=True)
    await say(wa(ON, STRANGER), text(ON, sender=STRANGER), wa(ON, BEN))
    assert agent.asked == []
    assert api.taken == []


async def test_what_is_not_exposed_stays_as_it_is(
    hass: HomeAssistant, say: Say, choose: Choose, agent: StandIn, api: ProviderApi
) -> None:
    choose(HOME_ASSISTANT)
    await say(wa("turn on the safe"))
    choose()
    agent.turns_on = "Safe"
    await say(wa("open the safe"))
    assert state(hass, SAFE).state == "off"
    assert len(api.taken) == 2


# ---- with a language model ----------------------------------------------------------


async def test_a_model_calls_a_tool_and_knows_how_it_is_heard(
    hass: HomeAssistant, say: Say, choose: Choose, agent: StandIn, api: ProviderApi
) -> None:
    agent.turns_on = "Porch"
    choose()
    await say(wa("it is dark outside"))
    assert state(hass, PORCH).state == "on"
    assert answers(api) == ["Of course"]
    assert "by WhatsApp" in (agent.asked[0].extra_system_prompt or "")
    assert "Markdown" in (agent.asked[0].extra_system_prompt or "")
    assert agent.asked[0].language == "en"


async def test_a_conversation_goes_on_for_five_minutes(
    hass: HomeAssistant,
    say: Say,
    choose: Choose,
    agent: StandIn,
    freezer: FrozenDateTimeFactory,
) -> None:
    choose()
    await say(wa("is the porch on?"))
    freezer.tick(timedelta(minutes=4, seconds=59))
    await say(wa("and the safe?"))
    assert agent.said == ["is the porch on?", "Of course", "and the safe?"]
    freezer.tick(timedelta(minutes=5))
    await say(wa("hello"))
    assert agent.said == ["hello"]


async def test_channels_and_contacts_have_conversations_of_their_own(
    say: Say, choose: Choose, agent: StandIn
) -> None:
    choose(sms=True)
    await say(wa("one"), text("two"), wa("three"))
    assert agent.said == ["one", "Of course", "three"]
    assert "by SMS" in (agent.asked[1].extra_system_prompt or "")


async def test_other_terms_begin_another_conversation(
    say: Say, choose: Choose, agent: StandIn
) -> None:
    choose()
    await say(wa("one"))
    choose(own_sentences=True)
    await say(wa("two"))
    assert agent.said == ["two"]


async def test_one_thing_at_a_time(
    hass: HomeAssistant,
    choose: Choose,
    agent: StandIn,
    api: ProviderApi,
    own_door: Post,
) -> None:
    choose()
    agent.go_on.clear()
    # The provider has its answer while the agent still thinks.
    assert await own_door(wa("one")) == HTTPStatus.OK
    assert await own_door(wa("two")) == HTTPStatus.OK
    await settle()
    assert [asked.text for asked in agent.asked] == ["one"]
    agent.go_on.set()
    await api.taken_are(2)
    assert agent.said == ["one", "Of course", "two"]


async def test_one_who_takes_too_long(
    hass: HomeAssistant,
    choose: Choose,
    agent: StandIn,
    api: ProviderApi,
    own_door: Post,
    freezer: FrozenDateTimeFactory,
) -> None:
    choose()
    assert await own_door(wa("zero")) == HTTPStatus.OK
    await api.taken_are(1)
    agent.go_on.clear()
    assert await own_door(wa("one")) == HTTPStatus.OK
    await settle()
    assert len(agent.asked) == 2
    await pass_time(hass, freezer, 59)
    assert len(api.taken) == 1
    await pass_time(hass, freezer, 1.5)
    await api.taken_are(2)
    assert answers(api)[1:] == [TOO_SLOW]
    agent.go_on.set()
    assert await own_door(wa("two")) == HTTPStatus.OK
    await api.taken_are(3)
    assert answers(api)[1:] == [TOO_SLOW, "Of course"]
    # In a new conversation: how far the one before came, nobody knows.
    assert agent.said == ["two"]


BUSY = getattr(conversation, "ConversationBusyError", HomeAssistantError)("busy with 4711")


@pytest.mark.parametrize(
    "answer", [BUSY, HomeAssistantError("key 4711"), ValueError("key 4711"), TimeoutError("4711")]
)
async def test_one_who_is_busy_or_fails(
    say: Say, choose: Choose, agent: StandIn, api: ProviderApi, answer: Exception
) -> None:
    keep_secret(["key 4711", "busy with 4711"])
    choose()
    agent.answer = answer
    await say(wa("one"))
    assert answers(api) == [TOO_SLOW if isinstance(answer, TimeoutError) else FAILED]


async def test_a_conversation_that_is_busy(
    say: Say,
    choose: Choose,
    agent: StandIn,
    api: ProviderApi,
    caplog: pytest.LogCaptureFixture,
) -> None:
    choose(own_sentences=True)
    with patch.object(conversation, "async_handle_sentence_triggers", side_effect=BUSY):
        await say(wa("one"))
    assert answers(api) == [FAILED]
    assert "Unexpected" not in caplog.text


@pytest.mark.parametrize("answer", ["", " \n"])
async def test_one_who_has_nothing_to_say(
    say: Say, choose: Choose, agent: StandIn, api: ProviderApi, answer: str
) -> None:
    choose()
    agent.answer = answer
    await say(wa("one"))
    assert agent.asked
    assert api.taken == []


async def test_long_answers_are_cut(
    say: Say, choose: Choose, agent: StandIn, api: ProviderApi
) -> None:
    choose(sms=True)
    agent.answer = "word " * 1000
    await say(wa("one"), text("two"))
    by_whatsapp, by_sms = answers(api)
    assert len(by_whatsapp) <= 4096
    assert by_whatsapp.endswith("word…")
    assert size_of(by_sms).parts == 6
    assert by_sms.endswith("...")


async def test_half_a_character_is_sent_as_something_else(
    say: Say, choose: Choose, agent: StandIn, api: ProviderApi
) -> None:
    choose()
    agent.answer = "Yes \ud83d"
    await say(wa("one"))
    assert answers(api) == ["Yes ?"]


# ---- Home Assistant's own sentences first -------------------------------------------


async def test_own_sentences_first(
    hass: HomeAssistant, say: Say, choose: Choose, agent: StandIn, api: ProviderApi
) -> None:
    choose(own_sentences=True)
    lights = async_mock_service(hass, "light", "turn_off")
    [example] = examples("docs/assist.md").values()
    await automate(hass, example)
    await say(wa("good night"), wa(ON), wa("why is it so dark?"))
    assert state(hass, PORCH).state == "on"
    assert len(lights) == 1
    assert answers(api) == [GOOD_NIGHT, "Turned on the switch", "Of course"]
    assert [asked.text for asked in agent.asked] == ["why is it so dark?"]
    # It knows what was said before.
    assert agent.said[:4] == ["good night", GOOD_NIGHT, ON, "Turned on the switch"]


async def test_the_agent_first(
    hass: HomeAssistant, say: Say, choose: Choose, agent: StandIn, api: ProviderApi
) -> None:
    choose()
    await say(wa(ON))
    assert state(hass, PORCH).state == "off"
    assert answers(api) == ["Of course"]


# ---- as whom ------------------------------------------------------------------------


@pytest.mark.parametrize("group", [GROUP_ID_ADMIN, GROUP_ID_USER, GROUP_ID_READ_ONLY])
@pytest.mark.parametrize("chosen", [True, False])
async def test_a_user_only_when_chosen(
    say: Say,
    choose: Choose,
    agent: StandIn,
    annas_person: MakePerson,
    hass: HomeAssistant,
    group: str,
    chosen: bool,
) -> None:
    received = async_capture_events(hass, EVENT_MESSAGE_RECEIVED)
    person, user = await annas_person(group)
    agent.turns_on = "Porch"
    choose(person=person, as_person=chosen, sms=True)
    await say(wa("one"))
    context = agent.asked[0].context
    assert context.user_id == (user.id if chosen else None)
    if chosen:
        assert context.parent_id == received[0].context.id
    # Whoever may only read does not switch anything.
    is_allowed = group != GROUP_ID_READ_ONLY or not chosen
    assert state(hass, PORCH).state == ("on" if is_allowed else "off")
    await say(text("two"))
    assert agent.asked[1].context.user_id is None


@pytest.mark.parametrize("why", ["no person", "no user", "not active"])
async def test_a_user_who_is_gone_opens_nothing(
    hass: HomeAssistant,
    say: Say,
    choose: Choose,
    agent: StandIn,
    api: ProviderApi,
    annas_person: MakePerson,
    why: str,
) -> None:
    person, user = await annas_person(GROUP_ID_USER)
    choose(person=None if why == "no person" else person, as_person=True)
    if why == "no user":
        await hass.auth.async_remove_user(user)
    if why == "not active":
        await hass.auth.async_deactivate_user(user)
    await say(wa("one"))
    assert agent.asked == []
    assert api.taken == []


async def test_the_persons_language(
    hass: HomeAssistant,
    say: Say,
    choose: Choose,
    agent: StandIn,
    api: ProviderApi,
    annas_person: MakePerson,
    hass_storage: dict[str, Any],
) -> None:
    person, user = await annas_person(GROUP_ID_USER)
    hass_storage[f"frontend.user_data_{user.id}"] = {
        "version": 1,
        "data": {"language": {"language": "de"}},
    }
    hass.config.components.add("frontend")
    choose(person=person)
    agent.answer = HomeAssistantError()
    await say(wa("eins"))
    assert agent.asked[0].language == "de"
    assert answers(api)[0].startswith("Das hat leider nicht geklappt.")


# ---- what is passed over ------------------------------------------------------------


async def test_by_whatsapp_only_unless_chosen(
    say: Say, choose: Choose, agent: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    choose()
    await say(text("one"), wa("two", channel="telegram"))
    assert agent.asked == []
    choose(sms=True)
    await say(text("three"), wa("four", channel="telegram"))
    assert [asked.text for asked in agent.asked] == ["three"]
    assert "Unexpected" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        lambda: forwarded(ON),
        lambda: in_a_group(ON),
        lambda: edit(ON),
        deleted,
        lambda: image("https://media.example.com/p.jpg", ON),
        lambda: wa(" "),
        lambda: wa("word " * 1000),
        lambda: wa(ON, sent=None),
        lambda: wa(ON, sent="2020-01-01T00:00:00+00:00"),
        lambda: wa(ON, sent="2120-01-01T00:00:00+00:00"),
        lambda: wa(ON, to="447700900777"),
    ],
)
async def test_what_is_passed_over(
    say: Say, choose: Choose, agent: StandIn, body: Callable[[], str]
) -> None:
    choose(sms=True)
    await say(body())
    assert agent.asked == []


async def test_what_is_simulated_is_passed_over(
    hass: HomeAssistant,
    choose: Choose,
    house_that_talks: MockConfigEntry,
    agent: StandIn,
    say: Say,
) -> None:
    choose(sms=True)
    await hass.services.async_call(
        "intellisms",
        "simulate_message",
        {"virtual_number": devices(house_that_talks)["Gate"], "from": "Anna", "text": ON},
        blocking=True,
    )
    await say(wa("hello"))
    assert [asked.text for asked in agent.asked] == ["hello"]


@pytest.mark.parametrize("first", [True, False])
async def test_what_a_trigger_took_is_passed_over(
    hass: HomeAssistant,
    say: Say,
    choose: Choose,
    agent: StandIn,
    house_that_talks: MockConfigEntry,
    first: bool,
) -> None:
    """Also where the conditions stop the automation, and whoever listened first."""
    automation = {
        "triggers": [when("message_received", text="4711", match="starts_with")],
        "conditions": "{{ false }}",
        "actions": [],
    }
    if first:
        await hass.config_entries.async_unload(house_that_talks.entry_id)
    await automate(hass, automation)
    if first:
        await hass.config_entries.async_setup(house_that_talks.entry_id)
    choose()
    await say(together(wa("4711 open"), wa("hello")))
    assert [asked.text for asked in agent.asked] == ["hello"]


@pytest.mark.parametrize("by", ["typed", "tap"])
@pytest.mark.parametrize("state", AnswerState)
async def test_what_answers_a_question_is_passed_over(
    hass: HomeAssistant,
    say: Say,
    choose: Choose,
    agent: StandIn,
    house_that_talks: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    by: str,
    state: AnswerState,
) -> None:
    received = async_capture_events(hass, EVENT_MESSAGE_RECEIVED)
    choose()
    whom = "Ben" if state is AnswerState.NOT_ASKED else "Anna"
    question = asked(house_that_talks, whom)
    if state is AnswerState.LATE:
        freezer.tick(timedelta(minutes=5, seconds=1))
    if state is AnswerState.REPEATED:
        await say(tap(question, LEAVE))
    # Whoever was not asked answers nothing by words.
    is_typed = by == "typed" and state is not AnswerState.NOT_ASKED
    await say(wa("open") if is_typed else tap(question))
    assert told(received[-1]) == (question.id, "open", state.value)
    assert agent.asked == []
    await say(wa("hello"))
    assert [one.text for one in agent.asked] == ["hello"]


async def test_what_may_hold_a_code_is_passed_over(
    say: Say,
    choose: Choose,
    agent: StandIn,
    house_that_talks: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Where it is asked for anything may be one half typed; elsewhere and later only itself is."""

    def heard() -> list[str]:
        return [one.text for one in agent.asked]

    choose(sms=True)
    asked(house_that_talks, "Anna", code="4711")
    await say(wa("open"), wa("471"), wa("opne 4711"), wa("4712 open"), wa("is it dark?"))
    await say(text("opne 4711"), text("4711"))
    assert heard() == []
    await say(text("is it dark?"))
    assert heard() == ["is it dark?"]
    freezer.tick(timedelta(minutes=9, seconds=59))
    await say(wa("471"))
    freezer.tick(timedelta(seconds=2))
    await say(wa("open 4711"), wa("4711"))
    assert heard() == ["is it dark?"]
    await say(wa("hello"))
    assert heard() == ["is it dark?", "hello"]


@pytest.mark.parametrize("whom", ["Anna", "Ben"])
async def test_who_has_answered_with_a_code_or_was_not_asked_may_talk(
    say: Say,
    choose: Choose,
    agent: StandIn,
    house_that_talks: MockConfigEntry,
    whom: str,
) -> None:
    choose()
    asked(house_that_talks, whom, code="4711")
    if whom == "Anna":
        await say(wa("4711 open"), wa("open 4711"), wa("4711"))
        assert agent.asked == []
    # Who was not asked learns from no silence what the code is.
    said = "is it open?" if whom == "Anna" else "4711"
    await say(wa(said))
    assert [one.text for one in agent.asked] == [said]


@pytest.mark.parametrize("echo", ["away", "Of course"])
async def test_the_same_words_twice_are_answered_once(
    say: Say,
    choose: Choose,
    agent: StandIn,
    api: ProviderApi,
    freezer: FrozenDateTimeFactory,
    echo: str,
) -> None:
    choose()
    await say(wa("away"), wa(f" {echo.upper()} "), wa(echo))
    assert len(agent.asked) == len(api.taken) == 1
    await say(wa("home again"), wa(echo.replace("Of course", "away")))
    assert len(agent.asked) == 3
    freezer.tick(timedelta(minutes=5))
    await say(wa("away"))
    assert len(agent.asked) == 4


async def test_a_cut_answer_that_comes_back_is_known(
    say: Say, choose: Choose, agent: StandIn, api: ProviderApi
) -> None:
    choose(sms=True)
    agent.answer = "word " * 500
    await say(text("one"))
    await say(text(answers(api)[0]))
    assert len(agent.asked) == 1


async def test_twenty_an_hour(
    say: Say, choose: Choose, agent: StandIn, freezer: FrozenDateTimeFactory
) -> None:
    choose(sms=True)
    await say(*(wa(f"word {number}") for number in range(10)))
    await say(*(text(f"word {number}") for number in range(12)))
    assert len(agent.asked) == 20
    freezer.tick(timedelta(hours=1))
    await say(wa("one more"))
    assert len(agent.asked) == 21


async def test_what_became_too_old_while_it_waited(
    hass: HomeAssistant,
    choose: Choose,
    agent: StandIn,
    api: ProviderApi,
    own_door: Post,
    freezer: FrozenDateTimeFactory,
) -> None:
    choose()
    agent.go_on.clear()
    for said in ("one", "two"):
        assert await own_door(wa(said)) == HTTPStatus.OK
    await settle()
    freezer.tick(timedelta(minutes=5, seconds=1))
    agent.go_on.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [asked.text for asked in agent.asked] == ["one"]


async def test_never_to_a_number_of_ours(
    hass: HomeAssistant,
    say: Say,
    choose: Choose,
    house_that_talks: MockConfigEntry,
    agent: StandIn,
) -> None:
    choose()
    add_subentry(hass, house_that_talks, virtual_number(ANNA, "Loop"))
    await hass.async_block_till_done()
    await say(wa("one"))
    assert agent.asked == []


# ---- off, and gone ------------------------------------------------------------------


@pytest.mark.parametrize("agent_id", [None, "", "conversation.gone", "0" * 26])
async def test_no_agent_opens_nothing(
    say: Say, choose: Choose, agent: StandIn, api: ProviderApi, agent_id: str | None
) -> None:
    choose(agent_id, own_sentences=True)
    await say(wa(ON))
    assert api.taken == []


async def test_an_agent_that_is_not_loaded_is_told(
    hass: HomeAssistant,
    say: Say,
    choose: Choose,
    api: ProviderApi,
    caplog: pytest.LogCaptureFixture,
) -> None:
    er.async_get(hass).async_get_or_create(
        "conversation", "test", "x", suggested_object_id="asleep"
    )
    choose("conversation.asleep")
    await say(wa(ON))
    assert answers(api) == [FAILED]
    assert "Unexpected" not in caplog.text


@pytest.mark.parametrize("end", ["keys", "unload", "contact", "number", "choice"])
async def test_what_waits_when_it_ends_is_not_asked(
    hass: HomeAssistant,
    choose: Choose,
    agent: StandIn,
    api: ProviderApi,
    house_that_talks: MockConfigEntry,
    own_door: Post,
    end: str,
) -> None:
    """Nor is the answer to what was asked sent to whoever it is no more for."""
    choose()
    agent.go_on.clear()
    for said in ("one", "two"):
        assert await own_door(wa(said)) == HTTPStatus.OK
    await settle()
    if end == "keys":
        data = {
            key: value for key, value in house_that_talks.data.items() if not key.endswith("_key")
        }
        hass.config_entries.async_update_entry(house_that_talks, data=data)
    elif end == "unload":
        await hass.config_entries.async_unload(house_that_talks.entry_id)
    elif end == "contact":
        [anna] = [one for one in house_that_talks.subentries.values() if one.title == "Anna"]
        hass.config_entries.async_remove_subentry(house_that_talks, anna.subentry_id)
    elif end == "number":
        # It is Ben's from now on.
        people = {one.title: one for one in house_that_talks.subentries.values()}
        for name, number in (("Anna", STRANGER), ("Ben", ANNA)):
            data = {**people[name].data, CONF_NUMBERS: [number]}
            hass.config_entries.async_update_subentry(house_that_talks, people[name], data=data)
    else:
        choose(None)
    await settle()
    agent.go_on.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [asked.text for asked in agent.asked] == ["one"]
    assert api.taken == []


@pytest.mark.parametrize("play", [Play.RESET, Refusal(word="invalid_number")])
async def test_an_answer_that_does_not_go_is_told_by_the_event(
    hass: HomeAssistant,
    say: Say,
    choose: Choose,
    agent: StandIn,
    api: ProviderApi,
    play: Play | Refusal,
) -> None:
    sent: list[Event[Any]] = async_capture_events(hass, EVENT_MESSAGE_SENT)
    api.plays[None] = play
    choose()
    await say(wa("one"))
    assert [event.data["outcome"] for event in sent] != ["sent"]
    api.plays.clear()
    await say(wa("two"))
    assert sent[-1].data["outcome"] == "sent"


# ---- what is told of it -------------------------------------------------------------


@pytest.mark.usefixtures("recorder_mock")
@pytest.mark.parametrize("as_person", [True, False])
async def test_the_logbook_says_what_the_message_led_to(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    say: Say,
    choose: Choose,
    annas_person: MakePerson,
    as_person: bool,
) -> None:
    mock_component(hass, "frontend")
    assert await async_setup_component(hass, "logbook", {})
    person, user = await annas_person(GROUP_ID_USER)
    begin = dt_util.utcnow().isoformat()
    choose(HOME_ASSISTANT, person=person, as_person=as_person)
    await say(wa(ON))
    await async_wait_recording_done(hass)
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "logbook/get_events", "start_time": begin})
    told_of = (await client.receive_json())["result"]
    lines = {line["entity_id"]: line for line in told_of}
    answered = "was sent “Turned on the switch” by WhatsApp"
    [answer] = [line for line in told_of if line.get("message") == answered]
    # Core names what came first with a context: here an entity that shows the message.
    for line in (lines[HOME_ASSISTANT if as_person else PORCH], answer):
        assert line["context_entity_id"] in {"event.gate_message", "sensor.gate_last_message"}
    assert lines[PORCH].get("context_user_id") == (user.id if as_person else None)
    for entity_id in ("notify.anna", "sensor.anna_last_delivery"):
        assert lines[entity_id]["context_message"] == answered


async def test_diagnostics_count(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    say: Say,
    choose: Choose,
    house_that_talks: MockConfigEntry,
    agent: StandIn,
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    choose(sms=True)
    await say(wa("one"), wa("one"))
    agent.answer = ""
    await say(wa("two"))
    agent.answer = HomeAssistantError()
    await say(wa("three"))
    choose("conversation.gone", sms=True)
    await say(wa("four"))
    client = await hass_client()
    answer = await client.get(f"/api/diagnostics/config_entry/{house_that_talks.entry_id}")
    assert (await answer.json())["data"]["assist"] == {
        "contacts": 1,
        "sms": 1,
        "as_person": 0,
        "outcomes": {"answered": 1, "repeated": 1, "silent": 1, "failed": 1, "nobody": 1},
    }


def test_nothing_of_it_is_loaded_before_it_is_used() -> None:
    """Also where Home Assistant has no agents."""
    code = (
        "import sys, custom_components.intellisms.sending.assist\n"
        "print(*{'hassil', 'homeassistant.components.conversation'} & sys.modules.keys())"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)  # noqa: S603
    assert done.stdout.strip() == b""
