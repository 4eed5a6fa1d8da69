"""Triggers, set up through real automations as the editor saves them."""

import ast
from datetime import timedelta
from itertools import count
import json
from pathlib import Path
from threading import get_ident
from typing import Any
from unittest.mock import Mock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import EVENT_AUTOMATION_TRIGGERED
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.trigger import TriggerConfig
from homeassistant.requirements import RequirementsManager
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import regex

from custom_components import intellisms
from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.matching import MAX_TEXT
from custom_components.intellisms.matching.patterns import BUDGET_PERIOD
from custom_components.intellisms.message_filter import COMPLAINT_INTERVAL, MessageFilter
from custom_components.intellisms.trigger import TRIGGERS, MessageTrigger

from .household import (
    ANNA,
    BEN,
    CARL,
    GATE,
    SHOP,
    STRANGER,
    button,
    devices,
    household,
    image,
    message_id,
    posted,
    reply,
    sample,
    text,
)
from .running import (
    RUN,
    automate,
    automate_by,
    options,
    receive,
    reload_automations,
    set_up,
    settle,
    when,
)

ELSEWHERE = "+447700900555"
AUTOMATION = "automation.one"

# One message of each sort, by what they are called in the tables below.
MESSAGES = {
    "anna": text("Sesame the gate"),
    "ben": text("  sesame\n", sender=BEN, channel="whatsapp"),
    "shop": text("sesame", to=SHOP),
    "elsewhere": text("sesame", to=ELSEWHERE),
    "stranger": text("SESAME", sender=STRANGER),
    "nobody": posted(text("Öffnen"), **{"from": None}),
    "bank": posted(text("Your PIN is 4711"), **{"from": "MyBank"}),
    "picture": image("https://media.example.com/1.jpg", sender=CARL),
    "tap": button("Sesame"),
    "reply": reply("Sesame", "gate-1", sender=BEN),
    "list": posted(sample("whatsapp_list_reply.json").decode(), to="447700900999"),
    "voice": posted(sample("whatsapp_audio.json").decode(), to="447700900999"),
}
ALL = set(MESSAGES)
TEXTS = {"anna", "ben", "shop", "elsewhere", "stranger", "nobody", "bank"}
BUTTONS = {"tap", "reply", "list"}
AT_SHOP = {"shop", "list", "voice"}
FROM_ANNA = {"anna", "shop", "elsewhere", "tap"}
FROM_BEN = {"ben", "reply"}
UNKNOWN = {"stranger", "nobody", "bank", "list", "voice"}


def _names(runs: list[ServiceCall]) -> set[str]:
    """Return what the messages are called that something ran on; once each."""
    names = {message_id(body): name for name, body in MESSAGES.items()}
    ran = [names[str(run.data["message_id"])] for run in runs]
    assert len(ran) == len(set(ran))
    return set(ran)


async def _receive_all(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for body in MESSAGES.values():
        receive(entry, body)
    await hass.async_block_till_done()


# ---- fields ---------------------------------------------------------------------


def _chosen(value: Any) -> str:
    """Name a case by its options: a set is printed in a different order in each process."""
    return str(value) if isinstance(value, dict) else "runs" if value else "stays"


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ALL),
        # Virtual numbers.
        ({"virtual_number": ["Gate"]}, ALL - AT_SHOP - {"elsewhere"}),
        ({"virtual_number": "Shop"}, AT_SHOP),
        ({"virtual_number": ["Gate", "Shop"]}, ALL - {"elsewhere"}),
        ({"virtual_number": ["gone"]}, set()),
        ({"virtual_number": ["gone", "Shop"]}, AT_SHOP),
        # Senders.
        ({"sender": "anyone"}, ALL),
        ({"sender": "known"}, ALL - UNKNOWN),
        ({"contacts": ["Anna"]}, FROM_ANNA),
        ({"contacts": ["Anna", "Ben"]}, FROM_ANNA | FROM_BEN),
        ({"contacts": "Ben"}, FROM_BEN),
        ({"contacts": ["gone"]}, set()),
        ({"contacts": ["gone", "Ben"]}, FROM_BEN),
        ({"numbers": [STRANGER]}, {"stranger"}),
        ({"numbers": [BEN, STRANGER]}, FROM_BEN | {"stranger"}),
        ({"numbers": ["MyBank"]}, {"bank"}),
        ({"contacts": ["Ben"], "numbers": [STRANGER]}, FROM_BEN | {"stranger"}),
        ({"contacts": ["gone"], "numbers": [STRANGER]}, {"stranger"}),
        ({"sender": "known", "numbers": [STRANGER, ANNA]}, FROM_ANNA),
        # Channels and types.
        ({"channel": ["whatsapp"]}, {"ben", "picture", "tap", "reply", "list", "voice"}),
        ({"channel": "sms"}, TEXTS - {"ben"}),
        ({"channel": ["sms", "whatsapp"]}, ALL),
        ({"channel": ["carrier_pigeon"]}, set()),
        ({"type": ["text"]}, TEXTS),
        ({"type": ["image", "audio"]}, {"picture", "voice"}),
        ({"type": "list_reply"}, {"list"}),
        # Text; a button's label and a picture's caption are texts too.
        ({"text": "sesame"}, {"ben", "shop", "elsewhere", "stranger", "tap", "reply"}),
        ({"text": "sesame", "exact": True}, {"shop", "elsewhere"}),
        ({"text": "Sesame", "exact": True}, {"tap", "reply"}),
        ({"text": "gate", "match": "contains"}, {"anna"}),
        ({"text": "GATE", "match": "contains_word"}, {"anna"}),
        ({"text": "gat", "match": "contains_word"}, set()),
        ({"text": "PIN is", "match": "contains_word", "exact": True}, {"bank"}),
        ({"text": "SESAME THE", "match": "starts_with"}, {"anna"}),
        ({"text": "SESAME THE", "match": "starts_with", "exact": True}, set()),
        ({"text": r"^sesame\b.+$", "match": "regex"}, {"anna"}),
        ({"text": r"\d{4}$", "match": "regex"}, {"bank"}),
        ({"text": "öffnen"}, {"nobody"}),
        ({"match": "is", "exact": True}, ALL),
        # Together: all of them have to be so.
        ({"virtual_number": ["Shop"], "contacts": ["Anna"], "text": "sesame"}, {"shop"}),
        ({"virtual_number": ["Shop"], "contacts": ["Ben"]}, set()),
        ({"sender": "known", "channel": ["whatsapp"], "type": ["text"]}, {"ben"}),
        ({"contacts": ["Ben"], "text": "sesame", "type": ["reply"]}, {"reply"}),
    ],
    ids=_chosen,
)
async def test_message_received(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    chosen: dict[str, Any],
    expected: set[str],
) -> None:
    await automate_by(hass, when("message_received", **options(house, **chosen)))
    await _receive_all(hass, house)
    assert _names(runs) == expected


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, BUTTONS),
        ({"button": ["Sesame"]}, {"tap", "reply"}),
        ({"button": "sesame "}, {"tap", "reply"}),
        ({"button": ["sesame"], "exact": True}, set()),
        ({"button": ["Sesame"], "exact": True}, {"tap", "reply"}),
        # A template's button has a label only, a reply button an id and a label.
        ({"button": ["gate-1"]}, {"reply"}),
        ({"button": ["GATE-1"]}, {"reply"}),
        ({"button": ["Close", "gate-1"]}, {"reply"}),
        ({"button": ["Close"]}, set()),
        ({"virtual_number": ["Shop"]}, {"list"}),
        ({"virtual_number": ["gone"]}, set()),
        ({"sender": "known"}, {"tap", "reply"}),
        ({"contacts": ["Ben"]}, {"reply"}),
        ({"contacts": ["gone"]}, set()),
        ({"numbers": ["07700 900123"], "button": ["Sesame"]}, {"tap"}),
        ({"numbers": [ANNA], "button": ["gate-1"]}, set()),
    ],
    ids=_chosen,
)
async def test_button_tapped(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    chosen: dict[str, Any],
    expected: set[str],
) -> None:
    await automate_by(hass, when("button_tapped", **options(house, **chosen)))
    await _receive_all(hass, house)
    assert _names(runs) == expected


@pytest.mark.parametrize("trigger", ["message_received", "button_tapped"])
@pytest.mark.parametrize(
    "max_age", [{"minutes": 5}, {"hours": 0, "minutes": 5, "seconds": 0}, "00:05:00", 300], ids=str
)
async def test_what_comes_late_or_says_no_time_is_passed_over(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
    trigger: str,
    max_age: Any,
) -> None:
    freezer.move_to("2026-11-23T12:00:00+00:00")
    await automate_by(hass, when(trigger, max_age=max_age))
    # Clocks differ: what seems to come from the future is not late.
    in_time = [button("Open", age=timedelta(seconds=age)) for age in (-90, 0, 299, 300)]
    late = [button("Open", age=age) for age in (timedelta(seconds=301), timedelta(days=2))]
    timeless = [posted(button("Open"), sent=sent) for sent in (None, "yesterday", "")]
    for body in (*late, *timeless, *in_time):
        receive(house, body)
    await hass.async_block_till_done()
    assert [run.data["message_id"] for run in runs] == [message_id(body) for body in in_time]


async def test_a_list_reply_is_told_by_id_and_by_label(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    row = json.loads(MESSAGES["list"])["messages"][0]["content"]["msgobject"]["interactive"]
    row = row.get("list_reply", row)
    await automate_by(
        hass,
        when("button_tapped", button=[row["id"]]) | {"id": "by id"},
        when("button_tapped", button=[row["title"]]) | {"id": "by label"},
    )
    receive(house, MESSAGES["list"])
    await hass.async_block_till_done()
    assert [run.data["id"] for run in runs] == ["by id", "by label"]


@pytest.mark.parametrize(
    "typed",
    [
        "07700 900123",
        "(07700) 900-123",
        "+44 7700 900123",
        "+44 (0)7700 900123",
        "0044 7700 900123",
        "447700900123",
        447700900123,
        ["+44 7700 900124", " 07700 900123 "],
    ],
)
async def test_numbers_may_be_typed_as_people_write_them(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    typed: str | int | list[str],
) -> None:
    await automate_by(hass, when("message_received", numbers=typed))
    receive(house, MESSAGES["tap"])
    receive(house, MESSAGES["list"])
    await hass.async_block_till_done()
    assert _names(runs) == {"tap"}


@pytest.mark.parametrize("trigger", ["message_received", "button_tapped"])
async def test_options_may_be_absent(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall], trigger: str
) -> None:
    await automate_by(hass, {"trigger": f"intellisms.{trigger}"})
    receive(house, MESSAGES["tap"])
    await hass.async_block_till_done()
    assert _names(runs) == {"tap"}


# ---- what is refused ------------------------------------------------------------


NONSENSE: list[tuple[str, dict[str, Any]]] = [
    ("message_received", {"match": "regex", "text": "("}),
    ("message_received", {"match": "regex", "text": "(?:a{65535}){65535}"}),
    ("message_received", {"match": "sounds_like", "text": "sesame"}),
    # YAML reads an `on` that is not in quotes as true; "True" is never said.
    ("message_received", {"text": True}),
    ("message_received", {"text": ["sesame"]}),
    # Whoever chose *contains* meant to say what.
    ("message_received", {"match": "contains"}),
    ("message_received", {"match": "regex", "exact": True}),
    # An empty text is in all that anybody says.
    ("message_received", {"text": ""}),
    ("message_received", {"match": "contains", "text": " "}),
    ("message_received", {"match": "regex", "text": ""}),
    # Nor is one that nobody sees seen by whoever wrote it.
    ("message_received", {"match": "contains", "text": "\u200b"}),
    ("button_tapped", {"button": ["\u200e"]}),
    ("message_received", {"match": "contains_word", "text": " \u200b"}),
    # A skin tone without a hand is nothing once it is folded.
    ("message_received", {"match": "contains", "text": "\U0001f3fd"}),
    ("message_received", {"match": "contains_word", "text": "\u3164"}),
    ("button_tapped", {"button": ["Open", "\U0001f3fd"]}),
    # So long a text is not compared, nor one that becomes so long when it is folded.
    ("message_received", {"text": "a" * (MAX_TEXT + 1)}),
    ("message_received", {"text": "a" * (MAX_TEXT + 1), "match": "contains", "exact": True}),
    ("message_received", {"text": "\ufdfa" * 300, "match": "contains"}),
    ("button_tapped", {"button": ["Open", "a" * (MAX_TEXT + 1)]}),
    ("message_received", {"contacts": [""]}),
    ("button_tapped", {"button": [""]}),
    ("message_received", {"exact": "perhaps"}),
    ("message_received", {"virtual_number": []}),
    ("message_received", {"contacts": []}),
    ("message_received", {"numbers": []}),
    ("message_received", {"channel": []}),
    ("message_received", {"type": []}),
    ("message_received", {"contacts": None}),
    ("message_received", {"numbers": ["12"]}),
    ("message_received", {"numbers": [""]}),
    ("message_received", {"numbers": ["07700 900123?"]}),
    # British by Home Assistant's country, German by its first digits.
    ("message_received", {"numbers": ["4930123456"]}),
    ("message_received", {"sender": "friends"}),
    # What a picker says in which nothing was chosen; and what no message can be.
    ("message_received", {"max_age": {"hours": 0, "minutes": 0, "seconds": 0}}),
    ("message_received", {"max_age": None}),
    ("button_tapped", {"max_age": {"minutes": -5}}),
    ("button_tapped", {"max_age": "soon"}),
    ("message_received", {"button": ["Sesame"]}),
    ("message_received", {"colour": "green"}),
    ("message_rejected", {}),
    ("button_tapped", {"button": []}),
    ("button_tapped", {"button": [True]}),
    ("button_tapped", {"button": [["Sesame"]]}),
    ("button_tapped", {"contacts": []}),
    ("button_tapped", {"text": "sesame"}),
]


async def test_what_makes_no_sense_is_an_error_and_never_runs(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await automate(
        hass,
        *(
            {"alias": f"One {index}", "triggers": [when(trigger, **chosen)], "actions": [RUN]}
            for index, (trigger, chosen) in enumerate(NONSENSE)
        ),
    )
    accepted = [
        case
        for index, case in enumerate(NONSENSE)
        if not hass.states.is_state(f"automation.one_{index}", STATE_UNAVAILABLE)
    ]
    assert accepted == []
    await _receive_all(hass, house)
    assert runs == []


async def test_a_national_number_needs_a_country(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    hass.config.country = None
    await automate_by(hass, when("message_received", numbers=["07700 900123"]))
    assert hass.states.is_state(AUTOMATION, STATE_UNAVAILABLE)


async def test_a_hostile_pattern_hangs_nothing(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await automate_by(
        hass,
        when("message_received", match="regex", text="(a+)+$") | {"id": "slow"},
        when("message_received", match="contains", text="!") | {"id": "quick"},
    )
    for _ in range(2):
        receive(house, text("a" * 4000 + "!"))
        await hass.async_block_till_done()
    assert [run.data["id"] for run in runs] == ["quick", "quick"]
    # Once, and (a fixture looks) without the text.
    assert caplog.text.count("took too long") == 1


async def test_a_regex_is_prepared_outside_the_loop(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    threads = []

    def compiled(*args: Any) -> Any:
        threads.append(get_ident())
        return regex_compile(*args)

    regex_compile = regex.compile
    with patch.object(regex, "compile", compiled):
        await automate_by(hass, when("message_received", match="regex", text="^sesame now$"))
    # Whoever comes after the first finds what the library has kept.
    assert threads[0] != get_ident()


async def test_hostile_patterns_do_not_make_others_miss_messages(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    caplog: pytest.LogCaptureFixture,
) -> None:
    hostile = (when("message_received", match="regex", text=f"(a+)+{n}$") for n in range(20))
    ordinary = when("message_received", match="regex", text=r"^(heating \d+|a+!)$")
    await automate_by(hass, *hostile, ordinary | {"id": "ordinary"})
    for said in ("a" * 4000 + "!", "heating 20", "a" * 3000 + "!", "heating 21"):
        receive(house, text(said))
    await hass.async_block_till_done()
    assert [run.data["id"] for run in runs] == ["ordinary"] * 4
    assert caplog.text.count("took too long") == 1


async def test_all_patterns_of_the_house_have_one_budget(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    await automate_by(hass, *(when("message_received", match="regex", text="o") for _ in range(9)))
    # As if each search took 0.03 s: nine are in the budget, eight in what is left for shares.
    with patch("time.thread_time", side_effect=count(0, 0.03)):
        for expected in ([*range(9)], [*range(8)], []):
            runs.clear()
            receive(house, text("open"))
            await hass.async_block_till_done()
            assert [run.data["id"] for run in runs] == expected
        freezer.tick(BUDGET_PERIOD + 1)
        runs.clear()
        receive(house, text("open"))
        await hass.async_block_till_done()
        assert len(runs) == 9


@pytest.mark.parametrize(
    ("match", "more"),
    [
        ("is", " " * 64_000),
        ("contains", "\ufdfa" * 300),
        ("contains_word", "n" * MAX_TEXT),
        ("starts_with", "n" * MAX_TEXT),
        ("regex", "n" * MAX_TEXT),
    ],
    ids=["is", "contains", "contains_word", "starts_with", "regex"],
)
async def test_what_is_too_long_to_be_compared_fits_no_text(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    match: str,
    more: str,
) -> None:
    triggers = [when("message_received", match=match, text="open") for _ in range(3)]
    await automate_by(hass, *triggers, when("message_received") | {"id": "any"})
    for _ in range(2):
        runs.clear()
        receive(house, text("open" + more))
        receive(house, text("open"))
        await hass.async_block_till_done()
        assert [run.data["id"] for run in runs] == ["any", 0, 1, 2, "any"]
    assert "Unexpected" not in caplog.text
    # For all triggers once an hour.
    assert caplog.text.count("too long to be compared") == 1
    freezer.tick(COMPLAINT_INTERVAL)
    receive(house, text("open" + more))
    assert caplog.text.count("too long to be compared") == 2


async def test_a_button_that_is_too_long_to_be_compared_is_none(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await automate_by(hass, when("button_tapped", button=["Open"]))
    receive(house, button("Open" + " " * 64_000))
    receive(house, reply("Open", "Open" * 64_000))
    receive(house, reply("Open", "gate-1"))
    await hass.async_block_till_done()
    assert len(runs) == 1


def test_a_choice_of_which_nothing_is_left_is_not_as_if_there_had_been_none(
    hass: HomeAssistant,
) -> None:
    """The editor's empty list is an error already; this is for who comes past it."""
    empty = MessageFilter.from_options(hass, {"virtual_number": [], "contacts": [], "type": []})
    assert empty.devices == empty.types == empty.sender.contacts == frozenset()
    assert empty.channels is None
    assert empty.sender.numbers is None


# ---- what an automation is told -------------------------------------------------


async def test_an_automation_is_told_all_that_the_event_tells(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: list[Event[dict[str, Any]]],
    runs: list[ServiceCall],
) -> None:
    data = {"message": "{{ trigger.message }}", "description": "{{ trigger.description }}"}
    await automate_by(
        hass,
        when("message_received"),
        when("button_tapped"),
        actions=[RUN | {"data": data}],
    )
    receive(house, MESSAGES["reply"])
    await hass.async_block_till_done()
    [event] = messages
    assert [run.data for run in runs] == [
        {"message": event.data, "description": "IntelliSMS message received"},
        {"message": event.data, "description": "IntelliSMS button tapped"},
    ]
    assert event.data["from_name"] == "Ben"
    assert event.data["to_name"] == "Gate"


@pytest.mark.parametrize(
    ("chosen", "template", "rendered"),
    [
        ({}, "{{ trigger.match }}", {}),
        ({"text": "sesame"}, "{{ trigger.match }}", {}),
        (
            {"match": "regex", "text": r"(?P<what>\w+) +(\d+)?"},
            "{{ trigger.match[0] }}|{{ trigger.match.what }}|{{ trigger.match[2] is none }}",
            "Sesame |Sesame|True",
        ),
    ],
)
async def test_groups_of_a_pattern(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    chosen: dict[str, Any],
    template: str,
    rendered: Any,
) -> None:
    await automate_by(
        hass,
        when("message_received", contacts=[devices(house)["Anna"]], **chosen),
        actions=[RUN | {"data": {"match": template}}],
    )
    receive(house, text("Sesame now" if "match" in chosen else "Sesame"))
    await hass.async_block_till_done()
    assert [run.data for run in runs] == [{"match": rendered}]


async def test_a_trace_with_groups_can_be_read(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    hass_ws_client: WebSocketGenerator,
) -> None:
    await automate_by(hass, when("message_received", match="regex", text="(?P<what>sesame) (.*)"))
    receive(house, MESSAGES["anna"])
    await hass.async_block_till_done()
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "trace/list", "domain": "automation", "item_id": "one"})
    [run] = (await client.receive_json())["result"]
    await client.send_json_auto_id(
        {
            "type": "trace/get",
            "domain": "automation",
            "item_id": "one",
            "run_id": run["run_id"],
        }
    )
    trace = (await client.receive_json())["result"]["trace"]["trigger/0"][0]
    told = trace["changed_variables"]["trigger"]
    assert told["match"] == {
        "0": "Sesame the gate",
        "1": "Sesame",
        "2": "the gate",
        "what": "Sesame",
    }
    assert told["message"]["text"] == "Sesame the gate"


async def test_what_an_automation_reads_is_of_this_message(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await automate_by(
        hass,
        when("message_received"),
        actions=[RUN | {"data": {"said": "{{ states('sensor.gate_last_message') }}"}}],
    )
    for said in ("the early one", "the later one"):
        receive(house, text(said))
    await hass.async_block_till_done()
    assert [run.data["said"] for run in runs] == ["the early one", "the later one"]


async def test_cause_chain(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: list[Event[dict[str, Any]]],
    runs: list[ServiceCall],
) -> None:
    triggered = async_capture_events(hass, EVENT_AUTOMATION_TRIGGERED)
    await automate_by(hass, when("message_received"))
    receive(house, MESSAGES["anna"])
    await hass.async_block_till_done()
    [message], [automation], [run] = messages, triggered, runs
    assert automation.context.parent_id == message.context.id
    assert run.context.id == automation.context.id
    assert message.context.parent_id is None


async def test_an_automation_can_wait_for_an_answer(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await automate_by(
        hass,
        {"trigger": "event", "event_type": "ask"},
        actions=[
            {"wait_for_trigger": [when("button_tapped", button=["Sesame"])]},
            {"action": "test.run", "data": {"by": "{{ wait.trigger.message.from_name }}"}},
        ],
    )
    receive(house, MESSAGES["tap"])
    hass.bus.async_fire("ask")
    await settle()
    assert runs == []
    receive(house, MESSAGES["reply"])
    await hass.async_block_till_done()
    assert [run.data for run in runs] == [{"by": "Ben"}]


# ---- once, and only the right one -----------------------------------------------


async def test_only_the_right_automation_runs(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    people = {"Anna": ANNA, "Ben": BEN, "Carl": CARL}
    numbers = {"Gate": GATE, "Shop": SHOP}
    pairs = [(number, person) for number in numbers for person in people]
    await automate(
        hass,
        *(
            {
                "alias": f"One {index}",
                "triggers": [
                    when(
                        "message_received",
                        **options(house, virtual_number=[number], contacts=[person]),
                    )
                ],
                "actions": [RUN | {"data": {"who": [number, person]}}],
            }
            for index, (number, person) in enumerate(pairs)
        ),
    )
    for number, person in pairs:
        runs.clear()
        receive(house, text("sesame", to=numbers[number], sender=people[person]))
        await hass.async_block_till_done()
        assert [run.data["who"] for run in runs] == [[number, person]]
    runs.clear()
    receive(house, text("sesame", sender=STRANGER))
    await hass.async_block_till_done()
    assert runs == []


async def test_the_same_text_twice_runs_twice_and_the_same_post_once(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await automate_by(hass, when("message_received", text="sesame"))
    first, second = text("sesame"), text("sesame")
    for body in (first, first, second, first, second):
        receive(house, body)
    await hass.async_block_till_done()
    assert [run.data["message_id"] for run in runs] == [message_id(first), message_id(second)]


async def test_a_fault_in_one_trigger_keeps_none_of_the_others(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    caplog: pytest.LogCaptureFixture,
) -> None:
    faulty = MessageTrigger(hass, TriggerConfig(key="intellisms.message_received", target=None))
    run = Mock(side_effect=ValueError("Sesame the gate"))
    detach = await faulty.async_attach_runner(run)
    await automate_by(hass, when("message_received"), when("message_received"))
    receive(house, MESSAGES["anna"])
    await hass.async_block_till_done()
    detach()
    assert run.called
    assert [run.data["id"] for run in runs] == [0, 1]
    assert "Unexpected ValueError while handling a message" in caplog.text


# ---- reloads --------------------------------------------------------------------


async def test_a_reload_keeps_triggers_attached_and_runs_nothing(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await automate_by(hass, when("message_received"), when("button_tapped"))
    receive(house, MESSAGES["tap"])
    await hass.async_block_till_done()
    runs.clear()
    # What core says when it attaches triggers.
    assert "Initialized trigger" in caplog.text
    caplog.clear()
    for _ in range(2):
        assert await hass.config_entries.async_reload(house.entry_id)
        await hass.async_block_till_done()
    assert runs == []
    receive(house, MESSAGES["tap"])
    await hass.async_block_till_done()
    assert runs == []  # it was seen before
    receive(house, MESSAGES["reply"])
    await hass.async_block_till_done()
    assert [run.data["id"] for run in runs] == [0, 1]
    assert "Initialized trigger" not in caplog.text


async def test_a_trigger_may_be_set_up_before_the_entry(
    hass: HomeAssistant, runs: list[ServiceCall]
) -> None:
    house = household()
    house.add_to_hass(hass)
    await automate_by(hass, when("message_received"))
    assert DOMAIN not in hass.config.components
    await set_up(hass, house)
    receive(house, MESSAGES["anna"])
    await hass.async_block_till_done()
    assert _names(runs) == {"anna"}


async def test_an_automation_that_is_off_does_not_run(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await automate_by(hass, when("message_received"))
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": AUTOMATION}, blocking=True
    )
    receive(house, MESSAGES["anna"])
    await hass.async_block_till_done()
    assert runs == []


# Core reads automations while it is still installing what integrations require.


def _imports(path: Path) -> set[str]:
    """Return what a module imports as soon as it is read."""
    tree = ast.parse(path.read_text())
    nodes = list(tree.body)
    names: set[str] = set()
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.ClassDef):
            nodes += node.body
    return names


def test_no_module_needs_a_requirement_to_be_read() -> None:
    folder = Path(intellisms.__file__).parent
    imported = set[str]().union(*map(_imports, folder.rglob("*.py")))
    assert "homeassistant" in imported
    requirements = json.loads((folder / "manifest.json").read_text())["requirements"]
    assert imported.isdisjoint(name.partition("=")[0].rstrip(">") for name in requirements)


async def test_an_automation_waits_for_the_requirements(hass: HomeAssistant) -> None:
    get = RequirementsManager.async_get_integration_with_requirements
    asked: list[str] = []

    async def missing(self: RequirementsManager, domain: str, *args: Any) -> Any:
        asked.append(domain)
        if domain == DOMAIN:
            raise HomeAssistantError
        return await get(self, domain, *args)

    with patch.object(RequirementsManager, "async_get_integration_with_requirements", missing):
        await automate_by(hass, when("message_received"))
    assert DOMAIN in asked
    assert hass.states.is_state(AUTOMATION, STATE_UNAVAILABLE)


# ---- fail closed ----------------------------------------------------------------


def _gone_issues(hass: HomeAssistant) -> list[Any]:
    return [
        issue.translation_placeholders
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.translation_key == "choice_gone"
    ]


@pytest.mark.parametrize(("field", "name"), [("contacts", "Anna"), ("virtual_number", "Gate")])
@pytest.mark.parametrize("trigger", ["message_received", "button_tapped"])
async def test_a_choice_that_is_removed_matches_nobody_and_is_told(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    trigger: str,
    field: str,
    name: str,
) -> None:
    await automate_by(hass, when(trigger, **options(house, **{field: [name]})))
    assert _gone_issues(hass) == []
    [subentry] = [s for s in house.subentries.values() if s.title == name]
    assert hass.config_entries.async_remove_subentry(house, subentry.subentry_id)
    await hass.async_block_till_done()
    await _receive_all(hass, house)
    assert runs == []
    [named] = _gone_issues(hass)
    assert "One" in str(named["automation"])
    # Choosing anew and saving makes it good.
    mended = when(trigger, **options(house, **{field: ["Ben" if name == "Anna" else "Shop"]}))
    await reload_automations(hass, {"alias": "One", "triggers": [mended], "actions": [RUN]})
    assert _gone_issues(hass) == []


@pytest.mark.parametrize("trigger", ["message_received", "button_tapped"])
async def test_an_account_that_is_removed_runs_nothing_any_more(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall], trigger: str
) -> None:
    await automate_by(hass, when(trigger))
    await hass.config_entries.async_remove(house.entry_id)
    await hass.async_block_till_done()
    assert runs == []
    assert hass.states.is_state(AUTOMATION, "on")


# ---- the editor -----------------------------------------------------------------


async def test_the_editor_lists_the_triggers_with_their_fields(
    hass: HomeAssistant, house: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, "automation", {})
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "trigger_platforms/subscribe"})
    assert (await client.receive_json())["success"]
    listed: dict[str, Any] = {}
    while "intellisms.button_tapped" not in listed:
        listed |= (await client.receive_json())["event"]
    for name, trigger in TRIGGERS.items():
        fields = set(listed[f"intellisms.{name}"]["fields"])
        assert issubclass(trigger, MessageTrigger)
        assert fields == set(trigger.FIELDS)
