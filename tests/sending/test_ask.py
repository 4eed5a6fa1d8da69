"""The action *Ask*, from what is asked to the answer that comes back, over the doors."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Context, CoreState, Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms.const import DOMAIN, EVENT_MESSAGE_SENT
from custom_components.intellisms.receiving.questions import MAX_OPEN
from custom_components.intellisms.sending.sender import AT_A_TIME
from scripts.house.provider_api import Play, ProviderApi, Refusal, Taken, report
from tests.household import (
    ANNA,
    BEN,
    STRANGER,
    account,
    add,
    contact,
    devices,
    edit,
    forwarded,
    in_a_group,
    reply,
    text,
    virtual_number,
    whatsapp,
)
from tests.log import keep_secret
from tests.provider_api import with_keys
from tests.running import Post, automate, pass_time, receive, reload_automations, settle

from .conftest import Notifiers, SentEvents

OPEN = {"id": "open", "text": "Let in"}
LEAVE = {"id": "leave", "text": "Not now"}
QUESTION = {"message": "Somebody rang. Open?", "answers": [OPEN, LEAVE]}
CODE = "sesame47"
HALF_A_DAY = {"hours": 12}

type Answer = dict[str, Any]
type Begin = Callable[..., Awaitable[asyncio.Task[Answer]]]
type Messages = list[Event[dict[str, Any]]]


@pytest.fixture(autouse=True)
def secrets() -> None:
    """Look for what is asked and answered in all that is logged."""
    keep_secret([QUESTION["message"], OPEN["text"], LEAVE["text"], CODE, ANNA, BEN, STRANGER])


@pytest.fixture(autouse=True)
def clock(freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Stop the clock."""
    return freezer


@pytest.fixture
def asked(hass: HomeAssistant, sending_house: MockConfigEntry, notifiers: Notifiers) -> Answer:
    """Return a question to Anna, who can be written to by WhatsApp."""
    receive(sending_house, text("Hello", channel="whatsapp"))
    return {**QUESTION, "entity_id": notifiers()["Anna"]}


@pytest.fixture
def begin(hass: HomeAssistant, api: ProviderApi) -> Begin:
    """Return what begins to ask, and returns when so many have been asked."""

    async def ask_and_send(data: Answer, *, count: int = 1) -> asyncio.Task[Answer]:
        told, all_told = [], asyncio.Event()

        @callback
        def on_sent(event: Event) -> None:
            told.append(event)
            if len(told) == count:
                all_told.set()

        stop_listening = hass.bus.async_listen(EVENT_MESSAGE_SENT, on_sent)
        asking = hass.async_create_task(ask(hass, data))
        waiting = asyncio.create_task(all_told.wait())
        await asyncio.wait((asking, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        stop_listening()
        await settle()
        return asking

    return ask_and_send


async def ask(hass: HomeAssistant, data: Answer, context: Context | None = None) -> Answer:
    """Ask, and return what the action answers."""
    answer = await hass.services.async_call(
        DOMAIN, "ask", data, blocking=True, return_response=True, context=context
    )
    return cast("Answer", answer)


def tap(taken: Taken, place: int = 0, **fields: Any) -> str:
    """Return the post of a tap on a button or row of what was sent; `place` from 0."""
    tapped = buttons_of(taken)[place]
    return reply(tapped["title"], tapped["id"], **{"sender": f"+{taken.to}"} | fields)


def buttons_of(taken: Taken) -> list[dict[str, str]]:
    """Return the ids and titles of what can be tapped."""
    action = taken.object["interactive"]["action"]
    buttons = [button["reply"] for button in action.get("buttons", [])]
    return buttons or [row for section in action["sections"] for row in section["rows"]]


def gate(entry: MockConfigEntry) -> Answer:
    """Return the field that a question comes from the gate's number."""
    return {"virtual_number": devices(entry)["Gate"]}


def open_questions(entry: MockConfigEntry) -> list[str]:
    return [question.id for question in entry.runtime_data.questions.open]


def states(messages: Messages) -> list[str | None]:
    """Return what each message was worth as an answer."""
    return [message.data["answer_state"] for message in messages]


def answered(question_id: str, **more: Any) -> Answer:
    """Return what the action answers when Anna lets in."""
    return {
        "answered": True,
        "answer": "open",
        "answer_text": "Let in",
        "entity_id": "notify.anna",
        "from_name": "Anna",
        "person_id": None,
        "question_id": question_id,
        "reason": None,
        "failed": [],
    } | more


def unanswered(question_id: str, reason: str, *failed: str) -> Answer:
    """Return what the action answers when nobody did."""
    nothing = dict.fromkeys(("answer", "answer_text", "entity_id", "from_name", "person_id"))
    return {
        "answered": False,
        **nothing,
        "question_id": question_id,
        "reason": reason,
        "failed": list(failed),
    }


# ---- an answer --------------------------------------------------------------------


async def test_a_tap_answers(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    asked: Answer,
    begin: Begin,
    events: SentEvents,
    messages: Messages,
    own_door: Post,
) -> None:
    asking = await begin({**asked, "question": " Gate "})
    [question_id] = open_questions(sending_house)
    [sent] = events
    question = {"id": question_id, "name": "Gate"}
    assert sent.data["question"] == question
    assert buttons_of(api.taken[0]) == [
        {"id": f"is:{question_id}:open", "title": "Let in"},
        {"id": f"is:{question_id}:leave", "title": "Not now"},
    ]

    assert await own_door(tap(api.taken[0])) == 200
    assert await asking == answered(question_id)
    assert open_questions(sending_house) == []
    [message] = messages
    assert message.data["question"] == question
    assert (message.data["answer"], message.data["answer_state"]) == ("open", "accepted")


async def test_a_tap_before_the_provider_has_answered(
    sending_house: MockConfigEntry, hass: HomeAssistant, api: ProviderApi, asked: Answer
) -> None:
    api.plays[None] = Play.HANG
    asking = hass.async_create_task(ask(hass, asked))
    await api.taken_are(1)
    [question_id] = open_questions(sending_house)
    receive(sending_house, tap(api.taken[0]))
    assert await asking == answered(question_id)


async def test_only_who_was_asked_answers_and_only_first(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    asked: Answer,
    begin: Begin,
    messages: Messages,
) -> None:
    asking = await begin(asked)
    [taken] = api.taken
    for sender in (BEN, STRANGER):
        receive(sending_house, tap(taken, sender=sender))
    receive(sending_house, text("Let in", sender=STRANGER, channel="whatsapp"))
    await settle()
    assert not asking.done()
    receive(sending_house, tap(taken, 1))
    receive(sending_house, tap(taken, 0))
    answer = await asking
    assert (answer["answer"], answer["answer_text"]) == ("leave", "Not now")
    assert states(messages) == ["not_asked", "not_asked", None, "accepted", "repeated"]


async def test_any_number_of_a_contact_answers_for_their_person(
    hass: HomeAssistant, api: ProviderApi, person: Any, notifiers: Notifiers, begin: Begin
) -> None:
    other = "+447700900321"
    entry = account([virtual_number(), contact("Anna", ANNA, other, person=person.id)])
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=with_keys(entry.data))
    hass.config.country = "GB"
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    asking = await begin({**QUESTION, "channel": "whatsapp", "entity_id": notifiers()["Anna"]})
    receive(entry, tap(api.taken[0], sender=other))
    answer = await asking
    assert (answer["from_name"], answer["person_id"]) == ("Anna", "person.somebody")


async def test_the_first_of_several_answers_for_all(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    begin: Begin,
    messages: Messages,
) -> None:
    known = notifiers()
    everybody = {**QUESTION, "channel": "whatsapp", "entity_id": list(known.values())}
    everybody |= gate(sending_house)
    asking = await begin(everybody, count=3)
    by_number = {f"+{taken.to}": taken for taken in api.taken}
    receive(sending_house, tap(by_number[BEN]))
    receive(sending_house, tap(by_number[ANNA], 1))
    answer = await asking
    assert answer == answered(answer["question_id"], entity_id=known["Ben"], from_name="Ben")
    assert states(messages) == ["accepted", "repeated"]


async def test_who_has_not_been_asked_by_then_need_not_be(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    events: SentEvents,
) -> None:
    for place in range(3):
        add(hass, sending_house, contact(f"Guest {place}", f"+44770090030{place}"))
    await hass.async_block_till_done()
    everybody = {**QUESTION, "channel": "whatsapp", "entity_id": list(notifiers().values())}
    everybody |= gate(sending_house)
    api.plays[None] = Play.HANG
    asking = hass.async_create_task(ask(hass, everybody))
    await api.taken_are(AT_A_TIME)
    receive(sending_house, tap(api.taken[0]))
    assert (await asking)["answered"]
    api.go_on()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(api.taken) == AT_A_TIME
    assert [event.data["error"] for event in events].count("stopped") == 2


async def test_two_questions_with_the_same_words_do_not_mix(
    sending_house: MockConfigEntry, api: ProviderApi, asked: Answer, begin: Begin
) -> None:
    first, second = await begin(asked), await begin(asked)
    receive(sending_house, tap(api.taken[1], 1))
    receive(sending_house, tap(api.taken[0], 0))
    assert [(await one)["answer"] for one in (first, second)] == ["open", "leave"]


@pytest.mark.parametrize("count", [4, 10])
async def test_many_answers_are_a_list(
    sending_house: MockConfigEntry, api: ProviderApi, asked: Answer, begin: Begin, count: int
) -> None:
    answers = [f"Door {place}" for place in range(1, count + 1)]
    asking = await begin({**asked, "answers": answers})
    receive(sending_house, tap(api.taken[0], count - 1))
    assert (await asking)["answer"] == f"Door {count}"


# ---- by SMS -----------------------------------------------------------------------


@pytest.fixture
def by_sms(sending_house: MockConfigEntry, notifiers: Notifiers) -> Answer:
    """Return a question to Anna, who has never written by WhatsApp and does so by SMS."""
    receive(sending_house, text("Hello"))
    return {**QUESTION, "entity_id": notifiers()["Anna"]}


@pytest.mark.parametrize("said", ["1", " let IN ", "OPEN"])
async def test_an_answer_is_typed(
    sending_house: MockConfigEntry, api: ProviderApi, by_sms: Answer, begin: Begin, said: str
) -> None:
    asking = await begin(by_sms)
    assert api.taken[0].message["content"]["text"] == (
        "Somebody rang. Open?\nReply with the number: 1 Let in, 2 Not now"
    )
    receive(sending_house, text("Who is it?"))
    receive(sending_house, text("3"))
    await settle()
    assert not asking.done()
    receive(sending_house, text(said))
    answer = await asking
    assert answer == answered(answer["question_id"])


@pytest.mark.parametrize("language", ["de", "en", "es-419", "fr", "it", "nl", "pl", "sv"])
@pytest.mark.parametrize("code", [None, CODE])
async def test_how_to_answer_is_said_in_one_part(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    by_sms: Answer,
    begin: Begin,
    events: SentEvents,
    language: str,
    code: str | None,
) -> None:
    hass.config.language = language
    await begin(by_sms | {"wait": False, "question": "Gate"} | ({"code": code} if code else {}))
    said = api.taken[0].message["content"]["text"]
    assert said.endswith(": 1 Let in, 2 Not now")
    assert CODE not in said
    assert any(word in said.casefold() for word in ("code", "codice", "clave", "kod")) is bool(code)
    assert [event.data["parts"] for event in events] == [1]


async def test_a_text_without_the_code_is_no_answer(
    sending_house: MockConfigEntry, by_sms: Answer, begin: Begin, messages: Messages
) -> None:
    asking = await begin({**by_sms, "code": CODE})
    for said in ("1", "Let in", f"{CODE}9 1", CODE):
        receive(sending_house, text(said))
    await settle()
    assert not asking.done()
    receive(sending_house, text(f"{CODE.upper()} 1"))
    assert (await asking)["answer"] == "open"
    assert states(messages).count("accepted") == 1


async def test_a_forged_text_does_not_answer_what_was_asked_by_whatsapp(
    sending_house: MockConfigEntry, api: ProviderApi, asked: Answer, begin: Begin
) -> None:
    asking = await begin(asked)
    for said in ("1", "Let in", "open", buttons_of(api.taken[0])[0]["id"]):
        receive(sending_house, text(said))
    await settle()
    assert not asking.done()
    receive(sending_house, tap(api.taken[0]))
    assert (await asking)["answered"]


@pytest.mark.parametrize("post", [forwarded, in_a_group, edit])
async def test_words_that_are_not_said_to_the_house_do_not_answer(
    sending_house: MockConfigEntry,
    api: ProviderApi,
    asked: Answer,
    begin: Begin,
    post: Callable[..., str],
) -> None:
    asking = await begin(asked)
    receive(sending_house, post("Let in"))
    await settle()
    assert not asking.done()
    receive(sending_house, text("Let in", channel="whatsapp"))
    assert (await asking)["answered"]


# ---- a template -------------------------------------------------------------------

TEMPLATE = {"template": "gate_question", "language": "en_GB", "parameters": ["Ben"]}


@pytest.fixture
def by_template(by_sms: Answer) -> Answer:
    """Return a question to Anna by a template, which needs no message of hers."""
    return {key: value for key, value in by_sms.items() if key != "message"} | TEMPLATE


@pytest.mark.parametrize("with_payload", [True, False])
async def test_a_template_asks(
    sending_house: MockConfigEntry,
    api: ProviderApi,
    by_template: Answer,
    begin: Begin,
    with_payload: bool,
) -> None:
    asking = await begin(by_template)
    [question_id] = open_questions(sending_house)
    [taken] = api.taken
    payload = f"is:{question_id}:open"
    assert taken.object["template"] == {
        "name": "gate_question",
        "language": {"code": "en_GB"},
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Ben"}]},
            *(
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": str(place),
                    "parameters": [{"type": "payload", "payload": f"is:{question_id}:{answer}"}],
                }
                for place, answer in enumerate(("open", "leave"))
            ),
        ],
    }
    label = {"text": "Let in"} | ({"payload": payload} if with_payload else {})
    receive(sending_house, whatsapp("button", label))
    assert await asking == answered(question_id)


async def test_a_second_template_with_a_common_label_is_refused(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    by_template: Answer,
    begin: Begin,
) -> None:
    await begin({**by_template, "wait": False, "question": "Gate"})
    before = open_questions(sending_house)
    why = await wrong(hass, by_template | {"answers": ["let in", "Never"]})
    assert (why.translation_key, "notify.anna" in str(why)) == ("ask_same_label", True)
    assert (open_questions(sending_house), len(api.taken)) == (before, 1)
    await begin(by_template | {"answers": ["Sell", "Keep"], "wait": False, "question": "Gate"})
    assert len(api.taken) == 2


# ---- no answer --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, 300), ({"hours": 24}, 86_400), ("00:00:30", 30), (45, 45)]
)
async def test_nobody_answers_in_time(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    asked: Answer,
    begin: Begin,
    messages: Messages,
    freezer: FrozenDateTimeFactory,
    given: Any,
    seconds: int,
) -> None:
    asking = await begin(asked if given is None else {**asked, "timeout": given})
    [question_id] = open_questions(sending_house)
    await pass_time(hass, freezer, seconds - 1)
    assert not asking.done()
    await pass_time(hass, freezer, 2)
    assert await asking == unanswered(question_id, "timeout")
    receive(sending_house, tap(api.taken[0]))
    assert states(messages) == ["late"]


async def test_nothing_could_be_sent(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    notifiers: Notifiers,
) -> None:
    known = notifiers()
    api.plays[None] = Refusal(word="insufficient_credit")
    both = {**QUESTION, "entity_id": [known["Anna"], known["Ben"]], **gate(sending_house)}
    answer = await ask(hass, both)
    assert (answer["answered"], answer["reason"]) == (False, "not_sent")
    assert sorted(answer["failed"]) == [known["Anna"], known["Ben"]]
    assert open_questions(sending_house) == []


@pytest.mark.parametrize("status", [("unable_to_deliver", 6), ("rejected_response_window", 15)])
@pytest.mark.parametrize("is_early", [False, True], ids=["later", "before it is known to be sent"])
async def test_nothing_was_delivered(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    asked: Answer,
    own_door: Post,
    status: tuple[str, int],
    is_early: bool,
) -> None:
    api.plays[None] = Play.HANG
    asking = hass.async_create_task(ask(hass, asked))
    await api.taken_are(1)
    [question_id] = open_questions(sending_house)
    if not is_early:
        api.go_on()
        await settle()
    [taken] = api.taken
    other = Taken(id="another", to=taken.to, message={})
    for one, (word, code) in ((other, status), (taken, ("sent", 3))):
        assert await own_door(report(one, word, code)) == 200
    await settle()
    assert not asking.done()
    assert await own_door(report(taken, *status, category="failure")) == 200
    api.go_on()
    assert await asking == unanswered(question_id, "not_delivered", "notify.anna")
    assert open_questions(sending_house) == []


async def test_what_was_delivered_did_not_fail(
    sending_house: MockConfigEntry, api: ProviderApi, begin: Begin, own_door: Post, asked: Answer
) -> None:
    asking = await begin(asked)
    [taken] = api.taken
    for status, code in (("delivered", 4), ("expired", 8)):
        assert await own_door(report(taken, status, code)) == 200
    await settle()
    assert not asking.done()
    receive(sending_house, tap(taken))
    assert (await asking)["failed"] == []


async def test_some_could_not_be_asked(
    sending_house: MockConfigEntry,
    api: ProviderApi,
    notifiers: Notifiers,
    begin: Begin,
    own_door: Post,
) -> None:
    known = notifiers()
    api.plays[ANNA.removeprefix("+")] = Refusal(word="invalid_number")
    # Whether this one went nobody knows, so it may be answered.
    api.plays[BEN.removeprefix("+")] = Play.SERVER_ERROR
    everybody = {**QUESTION, "channel": "whatsapp", "entity_id": list(known.values())}
    everybody |= gate(sending_house)
    asking = await begin(everybody, count=3)
    by_number = {f"+{taken.to}": taken for taken in api.taken}
    carl = next(taken for number, taken in by_number.items() if number not in (ANNA, BEN))
    assert await own_door(report(carl, "expired", 8, "failure")) == 200
    await settle()
    assert not asking.done()
    receive(sending_house, tap(by_number[BEN]))
    answer = await asking
    assert (answer["from_name"], answer["failed"]) == ("Ben", [known["Anna"], known["Carl"]])


# ---- whoever asked is gone --------------------------------------------------------


def automation(data: Answer, **more: Any) -> Answer:
    """Return an automation that asks when the doorbell rings, and runs on an answer."""
    return {
        "id": "door",
        "alias": "Door",
        "triggers": [{"trigger": "event", "event_type": "doorbell"}],
        "actions": [
            {"action": "intellisms.ask", "data": data, "response_variable": "asked"},
            {"event": "went_on", "event_data": {"answer": "{{ asked.answer }}"}},
        ],
        **more,
    }


@pytest.mark.parametrize("how", ["turned off", "reloaded"])
async def test_whoever_asked_is_stopped(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    asked: Answer,
    messages: Messages,
    how: str,
) -> None:
    went_on = async_capture_events(hass, "went_on")
    await automate(hass, automation(asked))
    hass.bus.async_fire("doorbell")
    await api.taken_are(1)
    await settle()
    assert len(open_questions(sending_house)) == 1
    if how == "reloaded":
        await reload_automations(hass, automation(asked, alias="Another"))
    else:
        await hass.services.async_call(
            "automation", "turn_off", {"entity_id": "automation.door"}, blocking=True
        )
    assert open_questions(sending_house) == []
    receive(sending_house, tap(api.taken[0]))
    await hass.async_block_till_done()
    assert (states(messages), went_on) == (["late"], [])


async def stop(hass: HomeAssistant, _entry: MockConfigEntry) -> None:
    hass.set_state(CoreState.stopping)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)


async def unload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)


async def lose_keys(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    data = {key: value for key, value in entry.data.items() if not key.endswith("_key")}
    hass.config_entries.async_update_entry(entry, data=data)


@pytest.mark.parametrize(
    ("end", "reason"),
    [(stop, "stopping"), (unload, "unloaded"), (lose_keys, "unloaded")],
    ids=["Home Assistant stops", "unloaded", "no keys any more"],
)
async def test_a_caller_is_let_go_and_the_question_stays_open(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    asked: Answer,
    begin: Begin,
    hass_client: ClientSessionGenerator,
    api: ProviderApi,
    end: Callable[[HomeAssistant, MockConfigEntry], Awaitable[None]],
    reason: str,
) -> None:
    questions = sending_house.runtime_data.questions
    assert await async_setup_component(hass, "api", {})
    client = await hass_client()
    by_rest = hass.async_create_task(
        client.post("/api/services/intellisms/ask?return_response", json=asked)
    )
    async with asyncio.timeout(10):
        await api.taken_are(1)
    asking = await begin(asked)
    await end(hass, sending_house)
    answer = await asking
    assert answer == unanswered(answer["question_id"], reason)
    response = await by_rest
    assert response.status == HTTPStatus.OK
    assert (await response.json())["service_response"]["reason"] == reason
    assert len(questions.open) == 2


async def test_home_assistant_stops_the_script_that_asks(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, asked: Answer
) -> None:
    await automate(hass, automation(asked))
    hass.bus.async_fire("doorbell")
    await api.taken_are(1)
    await stop(hass, sending_house)
    await hass.async_block_till_done()
    assert len(open_questions(sending_house)) == 1


@pytest.mark.parametrize("loses_keys", [False, True])
async def test_the_triggers_tell_only_of_what_no_action_waits_for(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    asked: Answer,
    begin: Begin,
    loses_keys: bool,
) -> None:
    went_on = async_capture_events(hass, "went_on")
    trigger = {"trigger": "intellisms.question_answered", "options": {"question": ["Gate"]}}
    await automate(hass, {"triggers": [trigger], "actions": [{"event": "went_on"}]})
    asking = await begin({**asked, "question": "Gate"})
    if loses_keys:
        await lose_keys(hass, sending_house)
    receive(sending_house, tap(api.taken[0]))
    assert (await asking)["answered"] is not loses_keys
    await hass.async_block_till_done()
    assert len(went_on) == loses_keys


async def test_a_question_is_answered_after_a_reload(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    asked: Answer,
    begin: Begin,
    messages: Messages,
) -> None:
    asking = await begin(asked)
    assert await hass.config_entries.async_reload(sending_house.entry_id)
    await hass.async_block_till_done()
    assert (await asking)["reason"] == "unloaded"
    receive(sending_house, tap(api.taken[0]))
    assert states(messages) == ["accepted"]


# ---- without waiting --------------------------------------------------------------


async def test_without_waiting(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    asked: Answer,
    messages: Messages,
    freezer: FrozenDateTimeFactory,
) -> None:
    answer = await ask(hass, {**asked, "wait": False, "question": "Gate", "timeout": {"days": 7}})
    assert open_questions(sending_house) == [answer["question_id"]]
    assert answer == unanswered(answer["question_id"], "not_waited")
    await pass_time(hass, freezer, timedelta(days=6.9).total_seconds())
    receive(sending_house, tap(api.taken[0]))
    assert states(messages) == ["accepted"]


async def test_an_early_tap_is_not_told_twice(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, asked: Answer
) -> None:
    """The triggers tell of it, so that the action must not."""
    api.plays[None] = Play.HANG
    asking = hass.async_create_task(ask(hass, {**asked, "wait": False, "question": "Gate"}))
    await api.taken_are(1)
    receive(sending_house, tap(api.taken[0]))
    answer = await asking
    assert answer == unanswered(answer["question_id"], "not_waited")


async def test_without_a_response(
    hass: HomeAssistant, sending_house: MockConfigEntry, asked: Answer
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(DOMAIN, "ask", asked, blocking=True)
    assert caught.value.translation_key == "ask_without_response"
    assert open_questions(sending_house) == []
    await hass.services.async_call(
        DOMAIN, "ask", {**asked, "wait": False, "question": "Gate"}, blocking=True
    )
    assert len(open_questions(sending_house)) == 1


async def test_without_waiting_it_ends_when_nothing_was_delivered(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    asked: Answer,
    own_door: Post,
) -> None:
    await ask(hass, {**asked, "wait": False, "question": "Gate"})
    assert await own_door(report(api.taken[0], "unable_to_deliver", 6, "failure")) == 200
    assert open_questions(sending_house) == []


# ---- what cannot be asked ---------------------------------------------------------


async def wrong(hass: HomeAssistant, data: Answer) -> ServiceValidationError:
    """Return why nothing was asked; it quotes nothing of what was entered."""
    with pytest.raises(ServiceValidationError) as caught:
        await ask(hass, data)
    said = str(caught.value)
    assert "{" not in said
    for secret in ("Let in", "Not now", "Somebody", CODE, "7009"):
        assert secret not in said
    assert caught.value.translation_domain == DOMAIN
    return caught.value


LONG = "x" * 21


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"answers": None}, "content_empty"),
        ({"answers": []}, "content_empty"),
        ({"answers": [f"Door {place}" for place in range(11)]}, "content_too_many"),
        ({"answers": [LONG]}, "content_too_long"),
        ({"answers": [LONG], "channel": "sms"}, "content_too_long"),
        ({"answers": ["x" * 25, *"abc"]}, "content_too_long"),
        ({"answers": [{"id": "x" * 237, "text": "Let in"}]}, "content_too_long"),
        ({"answers": [{"id": "x" * 181, "text": "Let in"}, *"abc"]}, "content_too_long"),
        ({"answers": ["Let in", "Let in"]}, "content_twice"),
        ({"answers": ["Let in", "LET  in"]}, "content_twice"),
        ({"answers": ["Let in", {"id": "let in", "text": "Not now"}]}, "content_twice"),
        ({"answers": [OPEN, {"id": "open", "text": "Not now"}]}, "content_twice"),
        ({"answers": ["10", "1"]}, "ask_answer_is_a_number"),
        ({"answers": [{"id": "2", "text": "Let in"}, "Not now"]}, "ask_answer_is_a_number"),
        ({"answers": [True]}, "content_invalid"),
        ({"answers": [{"id": "open", "label": "Let in"}]}, "content_invalid"),
        ({"answers": ["Let in", CODE], "code": CODE}, "content_twice"),
        ({"message": None}, "content_empty"),
        ({"message": "x" * 1025, "channel": "whatsapp"}, "content_too_long"),
        ({"message": "x" * 1000, "channel": "sms"}, "content_too_many_parts"),
        ({"channel": "voice"}, "ask_by_voice"),
        ({"channel": "post"}, "content_invalid"),
        ({"header": "Door", "channel": "sms"}, "content_wrong_channel"),
        ({"code": "123"}, "ask_code_too_short"),
        ({"code": ""}, "ask_code_too_short"),
        ({"code": "open sesame"}, "ask_code_too_short"),
        ({"timeout": 0}, "ask_timeout"),
        ({"timeout": {"hours": 24, "seconds": 1}}, "ask_timeout"),
        ({"timeout": {"days": 7, "seconds": 1}, "wait": False, "question": "Gate"}, "ask_timeout"),
        ({"timeout": "soon"}, "ask_timeout"),
        ({"timeout": float("nan")}, "ask_timeout"),
        ({"timeout": float("inf")}, "ask_timeout"),
        ({"wait": "perhaps"}, "content_invalid"),
        ({"wait": False}, "ask_without_name"),
        ({"wait": False, "question": " "}, "ask_without_name"),
        ({"question": "x" * 101}, "content_too_long"),
        ({"numbers": STRANGER}, "ask_contacts_only"),
        ({"entity_id": None}, "nobody_named"),
        ({"entity_id": "notify.nobody"}, "recipient_not_found"),
        ({"virtual_number": None}, "ask_sender_unknown"),
        ({"template": "gate_question", "language": "en"}, "content_too_many"),
        ({"message": None, "template": "gate_question"}, "content_empty"),
        ({"message": None, "template": "A b", "language": "en"}, "content_invalid"),
        ({"message": None, **TEMPLATE, "channel": "sms"}, "content_wrong_channel"),
        ({"message": None, **TEMPLATE, "answers": ["x" * 26]}, "content_too_long"),
        ({"message": None, **TEMPLATE, "parameters": ["a\nb"]}, "content_invalid"),
        ({"parameters": ["Ben"]}, "content_empty"),
    ],
)
async def test_what_cannot_be_asked(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    notifiers: Notifiers,
    changed: Answer,
    why: str,
) -> None:
    data = {**QUESTION, "entity_id": notifiers()["Anna"], **gate(sending_house), **changed}
    given = {key: value for key, value in data.items() if value is not None}
    assert (await wrong(hass, given)).translation_key == why
    assert (open_questions(sending_house), api.taken) == ([], [])


async def test_what_can_only_just_be_asked(
    hass: HomeAssistant, sending_house: MockConfigEntry, notifiers: Notifiers, api: ProviderApi
) -> None:
    anna = {
        "entity_id": notifiers()["Anna"],
        "channel": "whatsapp",
        "wait": False,
        "question": "Gate",
    }
    buttons = [{"id": "x" * 236, "text": "x" * 20}]
    rows = [{"id": "x" * 180, "text": "x" * 24}, *"abc"]
    for answers in (buttons, rows, ["5", "4", "3", "2", "1"]):
        await ask(hass, {**QUESTION, **anna, **gate(sending_house), "answers": answers})
    labels = {**TEMPLATE, **anna, **gate(sending_house), "answers": ["x" * 25, "20"]}
    await ask(hass, labels)
    assert len(api.taken) == 4


async def test_no_more_than_a_hundred_are_open(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, asked: Answer
) -> None:
    hass.config_entries.async_update_entry(sending_house, options={"hourly_limit": 1000})
    await hass.async_block_till_done()
    for _ in range(MAX_OPEN):
        await ask(hass, {**asked, "wait": False, "question": "Gate"})
    assert (
        await wrong(hass, {**asked, "wait": False, "question": "Gate"})
    ).translation_key == "ask_too_many"
    assert len(api.taken) == MAX_OPEN
    receive(sending_house, tap(api.taken[0]))
    await ask(hass, {**asked, "wait": False, "question": "Gate"})


async def test_a_user_needs_rights_for_each_contact(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    notifiers: Notifiers,
    hass_read_only_user: MockUser,
) -> None:
    data = {**QUESTION, "entity_id": notifiers()["Anna"], **gate(sending_house)}
    with pytest.raises(Unauthorized):
        await ask(hass, data, Context(user_id=hass_read_only_user.id))
    assert (open_questions(sending_house), api.taken) == ([], [])


async def test_without_keys_nothing_is_asked(
    hass: HomeAssistant, house: MockConfigEntry, notifiers: Notifiers
) -> None:
    why = await wrong(hass, {**QUESTION, "entity_id": notifiers()["Anna"]})
    assert why.translation_key == "no_keys"
    assert open_questions(house) == []
