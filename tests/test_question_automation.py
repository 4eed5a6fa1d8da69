"""What questions set off where no action waits, and whether one is open, in real automations."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, Event, HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.intellisms.asking import Ending
from custom_components.intellisms.const import EVENT_MESSAGE_RECEIVED
from custom_components.intellisms.question_automation import QuestionOpenCondition
from custom_components.intellisms.receiving.clock import START_PAUSE
from custom_components.intellisms.trigger import TRIGGERS

from .asked import LEAVE, NAME, asked, sms_question, tap
from .household import ANNA, BEN, STRANGER, text
from .running import automate, options, pass_time, receive, target, when

type Events = list[Event[dict[str, Any]]]
# The id of a device that was removed.
GONE = "0" * 32


async def listen(hass: HomeAssistant, trigger: dict[str, Any]) -> Events:
    """Set up an automation; return what its trigger tells it, each time it runs."""
    ran: Events = async_capture_events(hass, "ran")
    await automate(
        hass,
        {
            "triggers": [trigger],
            "mode": "parallel",
            "actions": [{"event": "ran", "event_data": {"trigger": "{{ trigger }}"}}],
        },
    )
    return ran


def answered(house: MockConfigEntry, **chosen: Any) -> dict[str, Any]:
    """Return the trigger *Question answered* as the editor saves it."""
    return when("question_answered", **options(house, **({"question": [NAME]} | chosen)))


UNANSWERED = when("question_unanswered", question=[NAME])


# ---- answered -----------------------------------------------------------------------------


async def test_an_answer_that_nobody_waits_for(
    hass: HomeAssistant, house: MockConfigEntry, messages: Events
) -> None:
    ran = await listen(hass, answered(house))
    question = asked(house, "Anna", "Ben")
    for body in (
        tap(question, sender=STRANGER),
        tap(question, LEAVE, sender=BEN),
        tap(question),
        tap(question, sender=BEN),
    ):
        receive(house, body)
        await hass.async_block_till_done()

    (run,) = ran
    trigger = run.data["trigger"]
    assert trigger["message"] == messages[1].data
    assert trigger["message"]["answer"] == "leave"
    assert trigger["description"] == "IntelliSMS question answered"
    assert run.context.parent_id == messages[1].context.id


@pytest.mark.parametrize("released", [False, True])
async def test_an_answer_that_an_action_waits_for(
    hass: HomeAssistant, house: MockConfigEntry, *, released: bool
) -> None:
    ran = await listen(hass, answered(house))
    question = asked(house, "Anna", waited=True)
    if released:
        house.runtime_data.questions.async_release(question.id)
    receive(house, tap(question))
    await hass.async_block_till_done()
    assert bool(ran) is released


@pytest.mark.parametrize(
    ("chosen", "fires"),
    [
        ({}, True),
        ({"question": ["Feed the cat?", " open THE gate? "]}, True),
        ({"question": ["Open the"]}, False),
        ({"answer": ["OPEN"]}, True),
        ({"answer": ["Leave it", "Open"]}, True),
        ({"answer": ["Leave it"]}, False),
        ({"answer": ["1"]}, False),
        ({"target": ["Anna"]}, True),
        ({"target": ["Anna", "Ben"]}, True),
        ({"target": ["Gate"]}, True),
        ({"target": ["Gate", "Anna"]}, True),
        ({"target": ["Ben"]}, False),
        ({"target": ["Shop"]}, False),
        ({"target": ["Shop", "Anna"]}, False),
        ({"target": [GONE]}, False),
        ({"target": ["Gate", GONE]}, False),
    ],
)
async def test_which_answers_are_meant(
    hass: HomeAssistant, house: MockConfigEntry, chosen: dict[str, Any], *, fires: bool
) -> None:
    ran = await listen(hass, answered(house, **chosen))
    receive(house, tap(asked(house, "Anna", name="Open the Gate?")))
    receive(house, tap(asked(house, "Anna", name=None)))
    await hass.async_block_till_done()
    assert bool(ran) is fires


async def test_an_answer_is_no_other_message(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    await automate(
        hass,
        {
            "mode": "parallel",
            "triggers": [
                when("message_received", sender="anyone"),
                when("button_tapped", sender="anyone"),
            ],
            "actions": [{"action": "test.run"}],
        },
    )
    question = asked(house, "Anna")
    sms_question(house, "Ben")
    late = asked(house, "Ben", timeout=timedelta(seconds=1))
    freezer.tick(2)
    for body in (
        tap(question, sender=STRANGER),
        tap(question),
        tap(question),
        tap(late, sender=BEN),
        text("1", sender=BEN),
        text("Open", sender=BEN),
    ):
        receive(house, body)
    await hass.async_block_till_done()
    assert runs == []
    assert not house.runtime_data.questions.open
    # All of them are the last messages, as what was said.
    shown = hass.states.get("sensor.ben_last_message")
    assert shown
    assert shown.state == "Open"


# ---- not answered ---------------------------------------------------------------------------


async def test_a_question_that_nobody_answered(
    hass: HomeAssistant, house: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-03T09:00:00+00:00")
    ran = await listen(hass, UNANSWERED)
    question = asked(house, "Anna", "Ben")
    asked(house, "Anna", waited=True)
    asked(house, "Anna", name="Feed the cat?")
    receive(house, tap(asked(house, "Anna")))
    await pass_time(hass, freezer, 299)
    assert not ran
    await pass_time(hass, freezer, 1)

    (run,) = ran
    assert run.data["trigger"]["question"] == {
        "id": question.id,
        "name": NAME,
        "entity_id": ["notify.anna", "notify.ben"],
        "to_name": ["Anna", "Ben"],
        "asked": "2026-11-03T09:00:00+00:00",
        "reason": "timeout",
    }
    await pass_time(hass, freezer, 300)
    assert len(ran) == 1


@pytest.mark.parametrize("ending", [Ending.NOT_SENT, Ending.NOT_DELIVERED])
async def test_a_question_that_reached_nobody(
    hass: HomeAssistant, house: MockConfigEntry, freezer: FrozenDateTimeFactory, ending: Ending
) -> None:
    ran = await listen(hass, UNANSWERED)
    questions = house.runtime_data.questions
    for question in (asked(house, "Anna"), asked(house, "Anna", waited=True)):
        for _ in range(2):
            questions.async_end(question.id, ending)
    await pass_time(hass, freezer, 600)
    assert [run.data["trigger"]["question"]["reason"] for run in ran] == [ending.value]


async def test_questions_end_in_their_order(
    hass: HomeAssistant, house: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    ran = await listen(hass, UNANSWERED)
    later = asked(house, "Anna", timeout=timedelta(seconds=20))
    sooner = asked(house, "Anna", timeout=timedelta(seconds=10))
    expected: list[str] = []
    for question in (sooner, later):
        await pass_time(hass, freezer, 10)
        expected.append(question.id)
        assert [run.data["trigger"]["question"]["id"] for run in ran] == expected


# ---- a restart ------------------------------------------------------------------------------


async def restart(
    hass: HomeAssistant,
    house: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    off_for: float,
    trigger: dict[str, Any],
) -> Events:
    """Start Home Assistant anew, as far as questions know; return what the trigger tells then."""
    assert await hass.config_entries.async_unload(house.entry_id)
    hass.set_state(CoreState.starting)
    freezer.tick(off_for)
    assert await hass.config_entries.async_setup(house.entry_id)
    await pass_time(hass, freezer, 60)
    ran = await listen(hass, trigger)
    # On 2026.7 automations are armed by this event, on later ones just before it.
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    await pass_time(hass, freezer, START_PAUSE.total_seconds())
    return ran


@pytest.mark.parametrize("waited", [False, True])
async def test_what_ran_out_while_off_is_told_after_the_start(
    hass: HomeAssistant,
    house: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    waited: bool,
) -> None:
    question = asked(house, "Anna", waited=waited)
    ran = await restart(hass, house, freezer, off_for=600, trigger=UNANSWERED)
    assert [run.data["trigger"]["question"]["id"] for run in ran] == [question.id]

    ran.clear()
    assert await hass.config_entries.async_reload(house.entry_id)
    await pass_time(hass, freezer, 60)
    assert not ran


@pytest.mark.parametrize("waited", [False, True])
async def test_an_answer_after_a_restart_is_the_triggers(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: Events,
    freezer: FrozenDateTimeFactory,
    *,
    waited: bool,
) -> None:
    question = asked(house, "Anna", waited=waited)
    ran = await restart(hass, house, freezer, off_for=60, trigger=answered(house))
    assert not ran
    receive(house, tap(question))
    await hass.async_block_till_done()
    assert [run.data["trigger"]["message"] for run in ran] == [messages[0].data]


async def test_a_tap_between_the_end_and_its_telling_is_late(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: Events,
    freezer: FrozenDateTimeFactory,
) -> None:
    question = asked(house, "Anna")
    assert await hass.config_entries.async_unload(house.entry_id)
    freezer.tick(600)
    ran = await listen(hass, UNANSWERED)
    assert await hass.config_entries.async_setup(house.entry_id)
    await hass.async_block_till_done()
    receive(house, tap(question))
    assert messages[0].data["answer_state"] == "late"
    assert not ran
    await pass_time(hass, freezer, START_PAUSE.total_seconds())
    assert len(ran) == 1


async def test_nothing_ends_while_home_assistant_stops(
    hass: HomeAssistant, house: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    ran = await listen(hass, UNANSWERED)
    asked(house, "Anna")
    assert await hass.config_entries.async_unload(house.entry_id)
    await pass_time(hass, freezer, 600)
    assert not ran


# ---- the condition ----------------------------------------------------------------------------


def question_open(house: MockConfigEntry, **chosen: Any) -> dict[str, Any]:
    """Return the condition as the editor saves it."""
    trigger = when("question_open", **options(house, **chosen))
    return {"condition": trigger.pop("trigger"), **trigger}


async def probe(
    hass: HomeAssistant, condition: dict[str, Any], trigger: dict[str, Any] | None = None
) -> Callable[[], Awaitable[bool]]:
    """Set up an automation with the condition; return what tells whether it would run now."""
    ran = async_capture_events(hass, "ran")
    await automate(
        hass,
        {
            "triggers": [trigger or {"trigger": "event", "event_type": "ask"}],
            "conditions": [condition],
            "actions": [{"event": "ran"}],
        },
    )

    async def ask() -> bool:
        ran.clear()
        hass.bus.async_fire("ask")
        await hass.async_block_till_done()
        return bool(ran)

    return ask


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"question": [NAME]}, True),
        ({"question": ["open THE gate?", "x"]}, True),
        ({"question": ["Feed the cat?"]}, False),
        ({"target": ["Anna"]}, True),
        ({"target": ["Anna", "Carl"]}, True),
        ({"target": ["Carl"]}, False),
        ({"target": [GONE]}, False),
        ({"target": ["Ben"], "question": [NAME]}, True),
        ({"target": ["Ben"], "question": ["Feed the cat?"]}, False),
    ],
)
async def test_whether_a_question_is_open(
    hass: HomeAssistant,
    house: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    chosen: dict[str, Any],
    *,
    expected: bool,
) -> None:
    ask = await probe(hass, question_open(house, **chosen))
    assert not await ask()
    question = asked(house, "Anna", "Ben", waited=True)
    assert await ask() is expected
    receive(house, tap(question, sender=STRANGER))
    assert await ask() is expected
    receive(house, tap(question))
    assert not await ask()

    asked(house, "Anna", "Ben")
    assert await ask() is expected
    freezer.tick(300)
    assert not await ask()


async def test_no_question_is_open_of_an_account_that_is_not_loaded(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    ask = await probe(hass, question_open(house, question=[NAME]))
    asked(house, "Anna")
    assert await ask()
    assert await hass.config_entries.async_unload(house.entry_id)
    assert not await ask()


async def test_an_automation_on_the_event_finds_the_question_over(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    ran = async_capture_events(hass, "ran")
    await probe(
        hass,
        question_open(house, question=[NAME]),
        {"trigger": "event", "event_type": EVENT_MESSAGE_RECEIVED},
    )
    question = asked(house, "Anna")
    receive(house, tap(question, sender=BEN))
    await hass.async_block_till_done()
    assert len(ran) == 1
    receive(house, tap(question, sender=ANNA))
    await hass.async_block_till_done()
    assert len(ran) == 1


# ---- the editor ----------------------------------------------------------------------------------


async def test_people_who_can_be_asked_are_offered(
    hass: HomeAssistant, writing: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    await automate(hass)
    client = await hass_ws_client()
    for kind, ours in (("trigger", "question_answered"), ("condition", "question_open")):
        offering = set()
        for name in ("Anna", "Gate"):
            await client.send_json_auto_id(
                {"type": f"get_{kind}s_for_target", "target": target(writing, name)}
            )
            if f"intellisms.{ours}" in (await client.receive_json())["result"]:
                offering.add(name)
        assert offering == {"Anna"}


async def test_the_editor_lists_the_fields(
    hass: HomeAssistant, house: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    await automate(hass)
    client = await hass_ws_client()
    fields = {}
    for kind in ("trigger", "condition"):
        await client.send_json_auto_id({"type": f"{kind}_platforms/subscribe"})
        assert (await client.receive_json())["success"]
        listed: dict[str, Any] = {}
        while not any(name.startswith("intellisms.question") for name in listed):
            listed |= (await client.receive_json())["event"]
        for name, about in listed.items():
            if name.startswith("intellisms.question"):
                fields[name.removeprefix("intellisms.")] = {
                    field: more.get("required", False) for field, more in about["fields"].items()
                }
    assert fields == {
        "question_answered": {"question": True, "answer": False},
        "question_unanswered": {"question": True},
        "question_open": {"question": False},
    }


# ---- what can never be meant ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trigger", "chosen", "problem"),
    [
        ("question_answered", {}, "the name of the question"),
        ("question_answered", {"question": []}, "nothing is chosen"),
        ("question_answered", {"question": [""]}, "a text is needed"),
        ("question_answered", {"question": ["{{ name }}"]}, "templates do not work"),
        ("question_answered", {"question": ["x" * 5000]}, "too long"),
        ("question_answered", {"question": [NAME], "answer": []}, "nothing is chosen"),
        ("question_answered", {"question": [NAME], "answer": [True]}, "in quotes"),
        ("question_answered", {"question": [NAME], "answer": ["x" * 5000]}, "too long"),
        ("question_answered", {"question": [NAME], "sender": "anyone"}, "not a valid|extra keys"),
        ("question_unanswered", {}, "the name of the question"),
        ("question_unanswered", {"question": []}, "nothing is chosen"),
        ("question_unanswered", {"question": ["x" * 5000]}, "too long"),
    ],
)
async def test_triggers_that_are_refused(
    hass: HomeAssistant,
    house: MockConfigEntry,
    trigger: str,
    chosen: dict[str, Any],
    problem: str,
) -> None:
    with pytest.raises(vol.Invalid, match=problem):
        await TRIGGERS[trigger].async_validate_config(hass, {"options": chosen})


async def test_a_trigger_without_options_is_refused(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    for trigger in ("question_answered", "question_unanswered"):
        with pytest.raises(vol.Invalid, match="the name of the question"):
            await TRIGGERS[trigger].async_validate_config(hass, {})


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ({}, "the name of a question"),
        ({"options": {}}, "the name of a question"),
        ({"target": {}}, "the name of a question"),
        ({"options": {"question": []}}, "nothing is chosen"),
        ({"target": {"device_id": []}}, "nothing is chosen"),
        ({"target": {"exclude": {"device_id": [GONE]}}}, "the name of a question"),
        ({"target": {"device_id": ["{{ x }}"]}}, "templates"),
        ({"options": {"question": ["x" * 5000]}}, "too long"),
    ],
)
async def test_conditions_that_are_refused(
    hass: HomeAssistant, house: MockConfigEntry, condition: dict[str, Any], problem: str
) -> None:
    with pytest.raises(vol.Invalid, match=problem):
        await QuestionOpenCondition.async_validate_config(hass, condition)


async def test_a_virtual_number_is_asked_nothing(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    for names in (["Gate"], ["Gate", "Anna"]):
        with pytest.raises(vol.Invalid, match="people who are asked"):
            await QuestionOpenCondition.async_validate_config(
                hass, {"target": target(house, *names)}
            )
