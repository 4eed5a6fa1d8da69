"""The condition *Last message*, in real automations triggered by the bus event."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.intellisms.condition import CONDITIONS, LastMessageCondition
from custom_components.intellisms.const import CONF_NUMBERS, EVENT_MESSAGE_RECEIVED

from .household import (
    ANNA,
    BEN,
    CARL,
    GATE,
    SHOP,
    STRANGER,
    devices,
    forwarded,
    in_a_group,
    posted,
    text,
)
from .running import automate, options, receive

# The id of a device that was removed.
GONE = "0" * 32
ASKED = {"trigger": "event", "event_type": "ask"}
ON_MESSAGE = {
    "trigger": "event",
    "event_type": EVENT_MESSAGE_RECEIVED,
    "event_data": {"to": GATE},
}


def _last_message(house: MockConfigEntry, **chosen: Any) -> dict[str, Any]:
    """Return the condition as the editor saves it."""
    chosen = options(house, **chosen)
    meant = {"target": chosen.pop("target")} if "target" in chosen else {}
    return {"condition": "intellisms.last_message", **meant, "options": chosen}


async def _automate_if(
    hass: HomeAssistant,
    house: MockConfigEntry,
    trigger: dict[str, Any] = ASKED,
    **chosen: Any,
) -> None:
    """Set up an automation that runs if the last message is as chosen."""
    condition = _last_message(house, **chosen)
    await automate(
        hass,
        {
            "alias": "One",
            "mode": "parallel",
            "triggers": [trigger],
            "conditions": [condition],
            "actions": [{"action": "test.run"}],
        },
    )


async def _ask(hass: HomeAssistant, runs: list[ServiceCall]) -> bool:
    """Tell whether the automation would run now."""
    runs.clear()
    hass.bus.async_fire("ask")
    await hass.async_block_till_done()
    return bool(runs)


def _subentry(house: MockConfigEntry, name: str) -> ConfigSubentry:
    found: ConfigSubentry
    [found] = [subentry for subentry in house.subentries.values() if subentry.title == name]
    return found


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, "anna"),
        ({"sender": "known"}, "anna"),
        ({"sender": "anyone"}, "anna stranger nobody"),
        ({"target": ["Gate", "Anna"]}, "anna"),
        ({"target": ["Gate", "Ben"]}, ""),
        ({"target": ["Gate", GONE]}, ""),
        # Without a number it is the contact's own last message, whoever wrote since.
        ({"target": ["Anna"]}, "anna stranger nobody"),
        ({"target": ["Anna", "Ben"]}, "anna stranger nobody"),
        ({"target": ["Anna", GONE]}, "anna stranger nobody"),
        ({"target": ["Anna"], "text": "sesame", "exact": True}, ""),
        ({"target": ["Ben"]}, ""),
        ({"target": [GONE]}, ""),
        ({"target": [GONE], "sender": "anyone"}, ""),
        # Another number's message is not this one's; of several any will do.
        ({"target": ["Shop"], "text": "Sesame ", "exact": True}, ""),
        ({"target": ["Gate", "Shop"], "text": "Sesame ", "exact": True}, "anna"),
        ({"target": ["Gate", "Shop"], "text": "at the shop"}, "anna stranger nobody"),
        ({"numbers": [STRANGER]}, "stranger"),
        ({"numbers": ["07700 900666"], "target": ["Gate", "Anna"]}, "anna stranger"),
        ({"sender": "known", "numbers": [STRANGER]}, "stranger"),
        ({"text": "sesame", "sender": "anyone"}, "anna stranger"),
        ({"text": "sesame", "exact": True, "sender": "anyone"}, "stranger"),
        ({"text": "same", "match": "contains", "sender": "anyone"}, "anna stranger"),
        ({"text": "same", "match": "contains_word"}, ""),
        ({"text": "sesame", "match": "contains_word", "sender": "anyone"}, "anna stranger"),
        ({"text": "ses", "match": "starts_with", "target": ["Gate", "Anna"]}, "anna"),
        ({"text": "^s.same$", "match": "regex", "sender": "anyone"}, "anna stranger"),
        ({"channel": ["sms"], "sender": "anyone"}, "anna stranger nobody"),
        ({"channel": ["whatsapp"]}, ""),
        ({"type": ["text"], "target": ["Gate", "Anna"]}, "anna"),
        ({"type": "image"}, ""),
        ({"max_age": {"minutes": 1}, "sender": "anyone"}, "anna stranger nobody"),
        ({"within": {"minutes": 1}, "sender": "anyone"}, "anna stranger nobody"),
    ],
    ids=str,
)
async def test_fields(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    chosen: dict[str, Any],
    expected: str,
) -> None:
    chosen = {"target": ["Gate"]} | chosen
    await _automate_if(hass, house, **chosen)
    assert not await _ask(hass, runs)
    bodies = {
        "anna": text("Sesame "),
        "stranger": text("sesame", sender=STRANGER),
        "nobody": posted(text("Something else"), **{"from": None}),
    }
    true_for = []
    for name, body in bodies.items():
        receive(house, body)
        receive(house, text("at the shop", to=SHOP, sender=CARL))
        if await _ask(hass, runs):
            true_for.append(name)
    assert true_for == expected.split()


@pytest.mark.parametrize("indirect", [False, True])
@pytest.mark.parametrize("post", [forwarded, in_a_group])
async def test_what_was_not_said_to_the_number_itself(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    post: Callable[[str], str],
    *,
    indirect: bool,
) -> None:
    await _automate_if(hass, house, target=["Gate"], text="Open", indirect=indirect)
    receive(house, post("Open"))
    assert await _ask(hass, runs) is indirect
    # A restart does not make words of somebody's own of it.
    assert await hass.config_entries.async_reload(house.entry_id)
    await hass.async_block_till_done()
    assert await _ask(hass, runs) is indirect


async def test_an_automation_on_the_event_sees_this_very_message(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await _automate_if(hass, house, ON_MESSAGE, target=["Gate", "Anna"], text="sesame")
    for body, expected in (
        (text("sesame"), True),
        (text("sesame", sender=BEN), False),
        (text("something else"), False),
        (text("sesame", channel="whatsapp"), True),
    ):
        runs.clear()
        receive(house, body)
        await hass.async_block_till_done()
        assert bool(runs) is expected


async def test_within_the_last(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    within = {"hours": 0, "minutes": 5, "seconds": 0}
    await _automate_if(hass, house, target=["Gate"], within=within)
    receive(house, text("sesame"))
    for passed, expected in ((0, True), (299, True), (1, True), (1, False)):
        freezer.tick(timedelta(seconds=passed))
        assert await _ask(hass, runs) is expected
    receive(house, text("sesame"))
    assert await _ask(hass, runs)
    # By our clock, whatever the provider says of when it was sent.
    freezer.tick(timedelta(minutes=6))
    receive(house, text("sesame", age=timedelta(hours=1)))
    assert await _ask(hass, runs)


async def test_a_message_that_came_late_is_not_what_was_said_just_now(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    recent = {"minutes": 5}
    await _automate_if(hass, house, target=["Gate"], within=recent, max_age=recent)
    for body in (text("sesame", age=timedelta(hours=1)), posted(text("sesame"), sent=None)):
        receive(house, body)
        assert not await _ask(hass, runs)
    receive(house, text("sesame"))
    assert await _ask(hass, runs)


async def test_while_the_entry_is_not_loaded_it_is_false(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await _automate_if(hass, house, target=["Gate"])
    receive(house, text("sesame"))
    assert await _ask(hass, runs)
    assert await hass.config_entries.async_unload(house.entry_id)
    assert not await _ask(hass, runs)
    # Set up again it is true again: the last message is kept.
    assert await hass.config_entries.async_setup(house.entry_id)
    assert await _ask(hass, runs)


async def test_before_the_entry_is_set_up_it_is_false(
    hass: HomeAssistant, runs: list[ServiceCall]
) -> None:
    condition = {
        "condition": "intellisms.last_message",
        "target": {"device_id": GONE},
    }
    await automate(
        hass,
        {"triggers": [ASKED], "conditions": [condition], "actions": [{"action": "test.run"}]},
    )
    assert not await _ask(hass, runs)


@pytest.mark.parametrize("target", [["Gate", "Anna"], ["Gate"], ["Anna"]], ids=str)
@pytest.mark.parametrize("how", ["removed", "number taken away", "reloaded"])
async def test_a_sender_who_is_no_contact_any_more_is_nobody(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    target: list[str],
    how: str,
) -> None:
    await _automate_if(hass, house, target=target)
    receive(house, text("sesame"))
    assert await _ask(hass, runs)
    anna = _subentry(house, "Anna")
    if how == "number taken away":
        hass.config_entries.async_update_subentry(
            house, anna, data={**anna.data, CONF_NUMBERS: ["+447700900999"]}
        )
    else:
        hass.config_entries.async_remove_subentry(house, anna.subentry_id)
    await hass.async_block_till_done()
    if how == "reloaded":
        assert await hass.config_entries.async_reload(house.entry_id)
    assert not await _ask(hass, runs)


async def test_a_number_that_is_removed_has_no_last_message(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await _automate_if(hass, house, target=["Gate"])
    receive(house, text("sesame"))
    hass.config_entries.async_remove_subentry(house, _subentry(house, "Gate").subentry_id)
    await hass.async_block_till_done()
    receive(house, text("sesame"))
    assert not await _ask(hass, runs)


ONE = {"device_id": "1" * 32}
NONSENSE: list[dict[str, Any]] = [
    {},
    {"target": {}},
    {"target": {"device_id": []}},
    {"target": {"device_id": "{{ x }}"}},
    {"target": {"entity_id": "{{ x }}"}},
    {"target": ONE, "match": "contains"},
    {"target": ONE, "within": {"hours": 0, "minutes": 0, "seconds": 0}},
    {"target": ONE, "max_age": 0},
    {"target": ONE, "virtual_number": "1" * 32},
    {"target": ONE, "contacts": ["1" * 32]},
    {"target": ONE, "numbers": []},
    {"target": ONE, "numbers": ["12"]},
    {"target": ONE, "sender": "anyone", "numbers": [STRANGER]},
    {"target": ONE, "match": "regex", "text": "("},
    {"target": ONE, "text": False},
    {"target": ONE, "match": "contains", "text": ""},
    {"target": ONE, "within": {"minutes": -1}},
    {"target": ONE, "within": "soon"},
    {"target": ONE, "type": ["revoke"]},
    {"target": ONE, "type": ["text", "System"]},
]


async def test_what_makes_no_sense_is_an_error(hass: HomeAssistant) -> None:
    def condition(chosen: dict[str, Any]) -> dict[str, Any]:
        meant = {key: value for key, value in chosen.items() if key == "target"}
        rest = {key: value for key, value in chosen.items() if key != "target"}
        return {"condition": "intellisms.last_message", **meant, "options": rest}

    await automate(
        hass,
        *(
            {
                "alias": f"One {index}",
                "triggers": [ASKED],
                "conditions": [condition(chosen)],
                "actions": [],
            }
            for index, chosen in enumerate(NONSENSE)
        ),
    )
    accepted = [
        chosen
        for index, chosen in enumerate(NONSENSE)
        if not hass.states.is_state(f"automation.one_{index}", STATE_UNAVAILABLE)
    ]
    assert accepted == []


TRUE = {"condition": "template", "value_template": "{{ true }}"}
FALSE = {"condition": "template", "value_template": "{{ false }}"}
OPEN = {"action": "test.run"}
# What is asked and what is done then. None may go on when the condition, which stands for
# None, cannot tell; and it does go on when the condition is false, where it says so.
STOPS: dict[str, tuple[list[Any], list[Any], bool]] = {
    "alone": ([None], [OPEN], False),
    "not": ([{"condition": "not", "conditions": [None]}], [OPEN], True),
    "not with others": ([{"condition": "not", "conditions": [None, FALSE]}], [OPEN], True),
    "or": ([{"condition": "or", "conditions": [None, TRUE]}], [OPEN], True),
    "and": ([{"condition": "and", "conditions": [None, TRUE]}], [OPEN], False),
    "step": ([], [None, OPEN], False),
    "else": ([], [{"if": [None], "then": [], "else": [OPEN]}], True),
    "default": (
        [],
        [{"choose": [{"conditions": [None], "sequence": []}], "default": [OPEN]}],
        True,
    ),
    "while": ([], [{"repeat": {"while": [None], "sequence": []}}, OPEN], True),
}


def _filled(value: Any, condition: dict[str, Any]) -> Any:
    """Return something with a condition wherever it holds None."""
    if isinstance(value, dict):
        return {key: _filled(item, condition) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, condition) for item in value]
    return condition if value is None else value


SLOW = ({"match": "regex", "text": "(a+)+$"}, "a" * 4000 + "!")


@pytest.mark.parametrize(
    ("where", "chosen", "said"),
    [
        *((where, *SLOW) for where in STOPS),
        ("not", {"match": "regex", "text": "^open"}, "a" * 64_000),
        ("not", {"text": "open"}, "open" + " " * 64_000),
        ("not", {"text": "open", "match": "contains"}, "\ufdfa" * 300),
    ],
    ids=[*STOPS, "long for a pattern", "long", "growing"],
)
async def test_what_cannot_be_told_stops_whoever_asks(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    caplog: pytest.LogCaptureFixture,
    where: str,
    chosen: dict[str, Any],
    said: str,
) -> None:
    conditions, actions, if_false = STOPS[where]
    condition = _last_message(house, target=["Gate"], **chosen)
    await automate(
        hass,
        {
            "alias": "One",
            "triggers": [ASKED],
            "conditions": _filled(conditions, condition),
            "actions": _filled(actions, condition),
        },
    )
    receive(house, text("something else"))
    assert await _ask(hass, runs) is if_false
    receive(house, text(said))
    for _ in range(2):
        assert not await _ask(hass, runs)
    # Core says which automation it was, and (a fixture looks) nobody says what the text was.
    ours = [line for line in caplog.messages if "too long" in line and "compared:" not in line]
    assert len(ours) == 1
    assert "The last message could not be compared" in caplog.text
    receive(house, text("something else"))
    assert await _ask(hass, runs) is if_false


async def test_the_editor_lists_the_condition_with_its_fields(
    hass: HomeAssistant, house: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, "automation", {})
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "condition_platforms/subscribe"})
    assert (await client.receive_json())["success"]
    listed: dict[str, Any] = {}
    while "intellisms.last_message" not in listed:
        listed |= (await client.receive_json())["event"]
    assert {name for name in listed if name.startswith("intellisms.")} == {
        f"intellisms.{name}" for name in CONDITIONS
    }
    # All that are listed are understood.
    fields = listed["intellisms.last_message"]["fields"]
    values = {
        "sender": "known",
        "numbers": [ANNA],
        "within": {"minutes": 5},
        "match": "contains",
        "text": "sesame",
        "exact": True,
        "channel": ["whatsapp"],
        "type": ["text"],
        "max_age": {"minutes": 5},
        "indirect": True,
    }
    assert set(fields) == set(values)
    config = {"target": {"device_id": [devices(house)["Gate"]]}, "options": values}
    assert await LastMessageCondition.async_validate_config(hass, config)
