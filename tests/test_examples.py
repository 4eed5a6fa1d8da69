"""The automations in the documentation run, and its tables are true."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
import json
from pathlib import Path
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.template import Template
from homeassistant.util import yaml as yaml_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)

from custom_components.intellisms.asking import AnswerState, Ending, QuestionName
from custom_components.intellisms.const import (
    EVENT_MESSAGE_RECEIVED,
    EVENT_MESSAGE_SENT,
    EVENT_MESSAGE_STATUS,
    PROVIDER_URL,
    Ignored,
)
from custom_components.intellisms.delivery_trigger import Unfit
from custom_components.intellisms.event import DESCRIPTION as MESSAGE_EVENT
from custom_components.intellisms.matching import MAX_TEXT
from custom_components.intellisms.matching.patterns import (
    PATTERN_BUDGET,
    PATTERN_RESERVE,
    PATTERN_SHARE,
    PATTERN_TIMEOUT,
)
from custom_components.intellisms.message_filter import Reason
from custom_components.intellisms.picture import PictureError
from custom_components.intellisms.protocol import (
    BUTTON_TYPES,
    STATUS_WORDS,
    MessageType,
    Outgoing,
    SendChannel,
    SendOutcome,
    SentType,
    Sms,
)
from custom_components.intellisms.receiving.delivery import Excerpt
from custom_components.intellisms.receiving.progress import Followed
from custom_components.intellisms.sending.client import Client
from custom_components.intellisms.sending.data import Letter
from custom_components.intellisms.sending.errors import SendingError
from custom_components.intellisms.sending.sender import Sender
from custom_components.intellisms.sensor import LAST_DELIVERY

from .household import (
    ANNA,
    BEN,
    GATE,
    SHOP,
    STRANGER,
    button,
    devices,
    household,
    image,
    posted,
    sample,
    text,
    whatsapp,
)
from .provider_api import KEYS
from .running import Post, automate, pass_time, settle

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "intellisms"
PAGES = ("README.md", "docs/automations.md")

type Automation = dict[str, Any]
type Calls = Callable[[], list[tuple[str, dict[str, Any]]]]
type Deliver = Callable[[str], Awaitable[None]]
type Scenario = Callable[[HomeAssistant, Deliver, Calls, FrozenDateTimeFactory], Awaitable[None]]


def examples(page: str) -> dict[str, Automation]:
    """Return the automations on a page by their aliases."""
    blocks = re.findall(
        r"^```yaml\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
    )
    automations = [yaml_util.parse_yaml(block) for block in blocks]
    return {found["alias"]: found for found in automations if isinstance(found, dict)}


# What it sends is looked at beside the pages about sending.
DOORBELL = ("docs/automations.md", "Ask when the doorbell rings")
ON_PAGES = [
    (page, alias) for page in PAGES for alias in examples(page) if (page, alias) != DOORBELL
]


@pytest.fixture
def entry() -> MockConfigEntry:
    return household()


@pytest.fixture(autouse=True)
async def noon(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Stop the clock."""
    await hass.config.async_set_time_zone("UTC")
    freezer.move_to("2026-07-06 12:00:00+00:00")


@pytest.fixture
def calls(hass: HomeAssistant) -> Calls:
    """Return what gives, and forgets, the actions that were called so far."""
    called: list[list[ServiceCall]] = [
        async_mock_service(hass, *action.split("."))
        for action in (
            "climate.turn_on",
            "cover.open_cover",
            "lock.unlock",
            "notify.send_message",
            "scene.turn_on",
            "script.ask",
            "script.water",
            "siren.turn_off",
            "siren.turn_on",
        )
    ]

    def take() -> list[tuple[str, dict[str, Any]]]:
        taken = [
            (f"{call.domain}.{call.service}", dict(call.data)) for made in called for call in made
        ]
        for made in called:
            made.clear()
        return taken

    return take


@pytest.fixture
def deliver(own_door: Post) -> Deliver:
    """Return what posts to our door and lets happen what needs no time to pass."""

    async def post(body: str) -> None:
        assert await own_door(body) == 200
        await settle()

    return post


def with_devices(config: Any, ids: dict[str, str]) -> Any:
    """Put device ids where the documentation has words in capitals."""
    if isinstance(config, dict):
        return {key: with_devices(value, ids) for key, value in config.items()}
    if isinstance(config, list):
        return [with_devices(value, ids) for value in config]
    return ids.get(config.capitalize(), config) if _is_place(config) else config


def _is_place(config: Any) -> bool:
    return isinstance(config, str) and re.fullmatch("[A-Z]+", config) is not None


# ---- the examples -----------------------------------------------------------------


@pytest.mark.parametrize(("page", "alias"), ON_PAGES, ids=lambda value: value)
async def test_example_runs(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    deliver: Deliver,
    calls: Calls,
    freezer: FrozenDateTimeFactory,
    page: str,
    alias: str,
) -> None:
    # Core logs the alias, and a message's own words must not be in the log.
    automation = examples(page)[alias] | {"alias": "Example"}
    ids = devices(loaded)
    # In the README's pictures it is Alice.
    await automate(hass, with_devices(automation, ids | {"Alice": ids["Anna"]}))
    (state,) = hass.states.async_all("automation")
    assert state.state == "on"
    await SCENARIOS[page, alias](hass, deliver, calls, freezer)
    assert calls() == []


def test_there_are_enough_examples() -> None:
    assert len(examples("docs/automations.md")) >= 5


async def gate_for_two(
    hass: HomeAssistant, deliver: Deliver, calls: Calls, freezer: FrozenDateTimeFactory
) -> None:
    await deliver(button("Open", to=SHOP))
    assert calls() == []
    await gate(hass, deliver, calls, freezer)
    await deliver(button("Open", sender=BEN))
    assert len(calls()) == 1


async def gate_for_alice(
    hass: HomeAssistant, deliver: Deliver, calls: Calls, freezer: FrozenDateTimeFactory
) -> None:
    await deliver(button("Open", sender=BEN))
    assert calls() == []
    await gate(hass, deliver, calls, freezer)


async def gate(
    _hass: HomeAssistant, deliver: Deliver, calls: Calls, _freezer: FrozenDateTimeFactory
) -> None:
    await deliver(button("Open", sender=STRANGER))
    await deliver(button("Close"))
    await deliver(text("Open"))
    await deliver(button("Open", age=timedelta(hours=1)))
    assert calls() == []
    tap = button("Open")
    await deliver(tap)
    await deliver(tap)
    assert calls() == [("cover.open_cover", {"entity_id": ["cover.gate"]})]
    await deliver(button("Open"))
    assert len(calls()) == 1


async def heating(
    _hass: HomeAssistant, deliver: Deliver, calls: Calls, _freezer: FrozenDateTimeFactory
) -> None:
    await deliver(text("heating on marmalade", sender=STRANGER))
    await deliver(text("heating on marmalade", sender=BEN))
    await deliver(text("heating on"))
    await deliver(text("heating on marmalade please"))
    await deliver(text("heating on marmalade", channel="whatsapp"))
    assert calls() == []
    await deliver(text(" Heating on Marmalade"))
    assert calls() == [("climate.turn_on", {"entity_id": ["climate.living_room"]})]


async def night(
    _hass: HomeAssistant, deliver: Deliver, calls: Calls, freezer: FrozenDateTimeFactory
) -> None:
    await deliver(text("By day"))
    assert calls() == []
    freezer.move_to("2026-07-06 23:00:00+00:00")
    await deliver(text("By night"))
    await deliver(image("https://media.example.com/1.jpg", sender=STRANGER, to=SHOP))
    assert [(data["title"], data["message"]) for _, data in calls()] == [
        ("To Gate", "Anna: By night"),
        ("To Shop", f"“{STRANGER}”: (image)"),
    ]
    freezer.move_to("2026-07-07 07:00:00+00:00")
    await deliver(text("By day"))


async def scene(
    _hass: HomeAssistant, deliver: Deliver, calls: Calls, _freezer: FrozenDateTimeFactory
) -> None:
    await deliver(text("film 10", sender=STRANGER))
    await deliver(text("panic"))
    await deliver(text("film 100"))
    await deliver(text("the film 10"))
    assert calls() == []
    await deliver(text(" Film 10 "))
    await deliver(text("evening", channel="whatsapp", sender=BEN))
    assert calls() == [
        ("scene.turn_on", {"entity_id": ["scene.film"], "transition": 10}),
        ("scene.turn_on", {"entity_id": ["scene.evening"], "transition": 0}),
    ]


async def guests(
    hass: HomeAssistant, deliver: Deliver, calls: Calls, freezer: FrozenDateTimeFactory
) -> None:
    async def move() -> list[tuple[str, dict[str, Any]]]:
        hass.states.async_set("binary_sensor.front_door", "off")
        hass.states.async_set("binary_sensor.front_door", "on")
        await settle()
        return calls()

    alarm = [("siren.turn_on", {"entity_id": ["siren.porch"]})]
    assert await move() == alarm
    await deliver(text("We are almost there!", sender=STRANGER))
    assert await move() == alarm
    await deliver(text("We are almost there!", to=SHOP))
    assert await move() == alarm
    # By SMS, whose sender can be forged; and said in the morning, but come only now.
    await deliver(text("We are almost there!"))
    assert await move() == alarm
    said = {"channel": "whatsapp", "age": timedelta(hours=9)}
    await deliver(text("We are almost there!", **said))
    assert await move() == alarm
    await deliver(text("We are ALMOST there!", channel="whatsapp"))
    assert await move() == []
    freezer.tick(601)
    assert await move() == alarm


async def water(
    hass: HomeAssistant, deliver: Deliver, calls: Calls, freezer: FrozenDateTimeFactory
) -> None:
    question = [("script.ask", {"question": "For how many minutes?"})]
    await deliver(text("Water", sender=STRANGER))
    await deliver(text("Water", to=SHOP))
    assert calls() == []
    await deliver(text("Water"))
    assert calls() == question
    # Neither another's answer nor one to another number is this one's.
    await deliver(text("20", sender=BEN))
    await deliver(text("30", sender=STRANGER))
    await deliver(text("40", to=SHOP))
    # Nor is what Anna passes on from others, or deletes.
    await deliver(whatsapp("text", {"body": "50"}, context={"forwarded": True}))
    await deliver(whatsapp("text", {"body": "50"}, group_id="group"))
    await deliver(whatsapp("revoke", {"original_message_id": "1"}))
    await deliver(whatsapp("edit", {"message": {"type": "text", "text": {"body": "50"}}}))
    assert calls() == []
    await deliver(text("10"))
    assert calls() == [("script.water", {"minutes": 10})]

    await deliver(text("Water", sender=BEN))
    assert calls() == question
    await deliver(text("for ever", sender=BEN))
    await deliver(text("10", sender=BEN))
    assert calls() == []

    await deliver(text("Water"))
    assert calls() == question
    await pass_time(hass, freezer, 301)
    await deliver(text("10"))


async def near(
    _hass: HomeAssistant, deliver: Deliver, calls: Calls, _freezer: FrozenDateTimeFactory
) -> None:
    # The tests' home is near San Diego.
    here = {"latitude": 32.9, "longitude": "-117.2"}
    await deliver(whatsapp("location", here, sender=STRANGER))
    await deliver(whatsapp("location", here, sender=BEN))
    await deliver(whatsapp("location", here | {"latitude": 33.9}))
    await deliver(whatsapp("location", {"name": "Home"}))
    await deliver(text("I am near"))
    assert calls() == []
    await deliver(whatsapp("location", here))
    assert calls() == [("climate.turn_on", {"entity_id": ["climate.living_room"]})]


async def thumb(
    _hass: HomeAssistant, deliver: Deliver, calls: Calls, _freezer: FrozenDateTimeFactory
) -> None:
    await deliver(whatsapp("reaction", {"emoji": "👍"}, sender=STRANGER))
    await deliver(whatsapp("reaction", {"emoji": "👎"}))
    await deliver(whatsapp("reaction", {"emoji": ""}))
    await deliver(text("👍", channel="whatsapp"))
    assert calls() == []
    await deliver(whatsapp("reaction", {"emoji": "👍🏽"}))
    assert calls() == [("siren.turn_off", {"entity_id": ["siren.porch"]})]


SCENARIOS: dict[tuple[str, str], Scenario] = {
    ("README.md", "Open the gate by WhatsApp"): gate_for_alice,
    ("docs/automations.md", "Heating on by text"): heating,
    ("docs/automations.md", "Heating on for who is near"): near,
    ("docs/automations.md", "Light scenes by text"): scene,
    ("docs/automations.md", "Messages at night"): night,
    ("docs/automations.md", "Movement at the door"): guests,
    ("docs/automations.md", "Open the gate by WhatsApp"): gate_for_two,
    ("docs/automations.md", "Siren off by reaction"): thumb,
    ("docs/automations.md", "Water the garden by text"): water,
}


# ---- the reference ----------------------------------------------------------------


def section(heading: str) -> str:
    """Return what stands below a heading of the reference, up to the next."""
    page = (ROOT / "docs" / "reference.md").read_text()
    found = re.search(
        rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE
    )
    assert found, heading
    return found[1]


def tables(heading: str) -> list[dict[str, str]]:
    """Return the tables below a heading: first cell, the rest."""
    return [
        dict(_cells(line) for line in table.splitlines()[2:])
        for table in re.findall(r"(?:^\|.*\n)+", section(heading), re.MULTILINE)
    ]


def _cells(line: str) -> tuple[str, str]:
    first, rest = line.strip("| ").split(" | ", 1)
    return first.strip("`"), rest


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def described(file: str, key: str) -> list[str]:
    """Return the fields that the editor shows of a trigger, condition or action."""
    found: list[str] = []
    for name, about in yaml_util.load_yaml_dict(INTEGRATION / file)[key]["fields"].items():
        # A section of an action has fields of its own.
        found += about.get("fields", [name])
    return found


def translated(*path: str) -> Any:
    found = json.loads((INTEGRATION / "translations" / "en.json").read_text())
    for part in path:
        found = found[part]
    return found


async def test_event_keys(
    loaded: MockConfigEntry, own_door: Post, messages: list[Event[Any]]
) -> None:
    assert await own_door(text("Hello")) == 200
    (table,) = tables("Event `intellisms_message_received`")
    assert list(table) == list(messages[0].data)
    assert words(table["type"])[: len(MessageType)] == list(MessageType)


async def test_status_keys(hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post) -> None:
    events = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    assert await own_door(sample("status_report.txt")) == 200
    (table,) = tables("Event `intellisms_message_status`")
    assert list(table) == list(events[0].data)
    assert words(table["status"]) == list(STATUS_WORDS.values())


async def test_sent_keys(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    events = async_capture_events(hass, EVENT_MESSAGE_SENT)
    # To our own number nothing is sent.
    outgoing = Outgoing(to=GATE, content=Sms(text="Hello"))
    sender = Sender(hass, loaded, client=Client(KEYS), directory=loaded.runtime_data.directory)
    with pytest.raises(SendingError):
        await sender.async_send([Letter(outgoing=outgoing)])
    (table,) = tables("Event `intellisms_message_sent`")
    assert list(table) == list(events[0].data)
    assert set(words(table["channel"])) == set(SendChannel)
    assert words(table["type"]) == list(SentType)
    assert set(SendOutcome) <= set(words(table["outcome"]))


def test_entities() -> None:
    found = tables("Entities")
    shown = {
        name
        for table in found
        for name in re.findall(r"^\*([^*]+)\*", "\n".join(table), re.MULTILINE)
    }
    names = {
        entity["name"] for platform in translated("entity").values() for entity in platform.values()
    }
    assert shown == names
    number, errors, _contact, account = found
    types = MESSAGE_EVENT.event_types or []
    assert words(number["*Message* (event)"])[: len(types)] == types
    reasons = re.findall(r"`(\w+)`, \*([^*]+)\*", account["*Messages ignored*"])
    ignored = translated("entity", "sensor", "messages_ignored", "state_attributes")
    assert reasons == [(reason, ignored[reason]["name"]) for reason in Ignored]
    assert list(errors) == list(PictureError)
    (table,) = tables("The last ten messages")
    assert list(table) == list(Excerpt.__annotations__)
    (table,) = tables("How far a message has come")
    statuses = [status for row in table for status in row.split("`, `")]
    assert sorted(statuses) == sorted(LAST_DELIVERY.options or ())
    told = words(section("How far a message has come").split("`recent`")[0])
    assert {*told, "status"} == set(Followed.__annotations__)


@pytest.mark.parametrize(
    ("heading", "file", "key"),
    [
        ("Trigger: message received", "triggers.yaml", "message_received"),
        ("Trigger: button tapped", "triggers.yaml", "button_tapped"),
        ("Trigger: delivery changed", "triggers.yaml", "delivery_changed"),
        ("Trigger: question answered", "triggers.yaml", "question_answered"),
        ("Condition *Last message*", "conditions.yaml", "last_message"),
        ("Condition *Question open*", "conditions.yaml", "question_open"),
        ("Action *Ask*", "services.yaml", "ask"),
        ("Action *Send message*", "services.yaml", "send_message"),
        ("Action *Send template*", "services.yaml", "send_template"),
        ("Action *Reply*", "services.yaml", "reply"),
        ("Action *Simulate message*", "services.yaml", "simulate_message"),
    ],
)
def test_fields(heading: str, file: str, key: str) -> None:
    (table,) = tables(heading)
    assert list(table) == described(file, key)


def test_what_is_told_of_a_question() -> None:
    fields, told = tables("Trigger: question not answered")
    assert list(fields) == described("triggers.yaml", "question_unanswered")
    assert list(told)[:2] == list(QuestionName.__annotations__)
    # Only what an action waits for can be stopped, and no trigger tells of that.
    assert {*words(told["reason"]), Ending.ANSWERED, Ending.STOPPED} == set(Ending)
    (table,) = tables("Event `intellisms_message_received`")
    assert set(words(table["answer_state"])[:-1]) == set(AnswerState)


def test_reasons() -> None:
    (table,) = tables("Why it did not run")
    assert {*table, Reason.NOT_TARGETED} == set(Reason)
    assert set(Unfit) <= set(words(section("Why it did not run")))


def test_limits_of_comparing() -> None:
    assert words(section("Trigger: button tapped").split("|")[0])[1:] == [
        "button",
        "reply",
        "list_reply",
    ]
    assert set(words(section("Trigger: button tapped").split("|")[0])[1:]) == BUTTON_TYPES
    for limit in (
        f"more than {MAX_TEXT:,} characters",
        f"longer than {PATTERN_TIMEOUT} s",
        f"{PATTERN_BUDGET} s of the processor's time within a minute",
        f"{PATTERN_SHARE} s more, and all together {PATTERN_RESERVE} s",
    ):
        assert limit in " ".join(section("How they compare").split())


async def test_trigger_variables(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: list[Event[Any]]
) -> None:
    runs = async_capture_events(hass, "ran")
    options = {"match": "regex", "text": "(?P<what>heat) ([0-9]+)?"}
    await automate(
        hass,
        {
            "triggers": [{"trigger": "intellisms.message_received", "options": options}],
            "actions": [{"event": "ran", "event_data": {"trigger": "{{ trigger }}"}}],
        },
    )
    assert await own_door(text("heat ")) == 200
    assert await own_door(text("please heat 21")) == 200
    await hass.async_block_till_done()
    (run,) = runs
    trigger = run.data["trigger"]
    (table,) = tables("Trigger variables")
    assert {name.removeprefix("trigger.") for name in table} <= set(trigger)
    assert trigger["message"] == messages[-1].data
    assert trigger["match"] == {0: "heat 21", 1: "heat", 2: "21", "what": "heat"}
    assert trigger["words"] == ["please", "heat", "21"]
    assert trigger["platform"] in words(table["trigger.platform"])
    assert trigger["description"] in words(table["trigger.description"])


def test_options() -> None:
    (table,) = tables("Options")
    assert [name.strip("*") for name in table] == list(
        translated("options", "step", "init", "data").values()
    )


def test_answers() -> None:
    (table,) = tables("What IntelliSMS is answered")
    names = set(
        re.findall(r"HTTPStatus\.(\w+)", (INTEGRATION / "receiving" / "endpoint.py").read_text())
    )
    assert {int(answer[:3]) for answer in table.values()} == {HTTPStatus[name] for name in names}


# ---- privacy ----------------------------------------------------------------------


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_what_keeps_messages_out_of_the_recorder(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post
) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/privacy.md").read_text(), re.DOTALL)
    parsed: list[Any] = [yaml_util.parse_yaml(block) for block in blocks]
    (excluded,) = (block["recorder"]["exclude"] for block in parsed if "recorder" in block)
    said = {"Sesame", ANNA, "Anna"}
    telling = set()
    for body in (text("Sesame"), button("Sesame")):
        assert await own_door(body) == 200
        await hass.async_block_till_done()
        for entity in er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id):
            state = hass.states.get(entity.entity_id)
            assert state
            values = {
                key: value for key, value in state.attributes.items() if key != "friendly_name"
            }
            if any(word in f"{state.state} {values}" for word in said):
                telling.add(entity.entity_id)
    assert telling == set(excluded["entities"])

    by_blueprints = {
        event
        for path in (ROOT / "blueprints").rglob("*.yaml")
        for event in re.findall(r" event: (\w+)", path.read_text())
    }
    fired = {EVENT_MESSAGE_RECEIVED, EVENT_MESSAGE_SENT, EVENT_MESSAGE_STATUS} | by_blueprints
    assert fired == set(excluded["event_types"])


# ---- the dashboard ----------------------------------------------------------------


def cards() -> dict[str, Any]:
    """Return the cards on the page about dashboards, by their types."""
    page = (ROOT / "docs" / "dashboard.md").read_text()
    found: list[Any] = [
        yaml_util.parse_yaml(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    ]
    return {card["type"]: card for card in found}


def test_there_is_a_card_of_each_kind() -> None:
    assert cards().keys() == {"markdown", "picture-entity", "entities", "horizontal-stack"}


async def test_a_conversation(
    hass: HomeAssistant, loaded: MockConfigEntry, deliver: Deliver, freezer: FrozenDateTimeFactory
) -> None:
    card = Template(cards()["markdown"]["content"], hass)
    assert card.async_render() == "Nothing has come yet."
    await deliver(text("Is the gate\n# shut?"))
    freezer.tick(3600)
    await deliver(image("https://media.example.com/1.jpg?a=1&b=2"))
    await deliver(image("https://media.example.com/1.jpg) [x](https://x.example", "Look"))
    await deliver(sample("whatsapp_sticker.json").decode())
    await deliver(
        posted(text("[x](https://x.example) <img src=x> www.x.example"), **{"from": "A*"})
    )
    assert [line for line in card.async_render().splitlines() if line] == [
        "**Anna** Mon 12:00",
        r"Is the gate \# shut\?",
        "**Anna** Mon 13:00",
        "[Picture](https://media.example.com/1.jpg?a=1&b=2)",
        "**Anna** Mon 13:00",
        "Look",
        r"**\+44771012345** Mon 13:00",
        r"\[sticker\]",
        r"**“A\*”** Mon 13:00",
        r"\[x\]\(https\:\/\/x\.example\) \<img src\=x\> www\.x\.example",
    ]


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_the_last_picture(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    card = cards()["picture-entity"]
    shown = hass.states.get(card["entity"])
    assert shown
    (condition,) = card["visibility"]
    # It is not there before a picture has come.
    assert (condition["entity"], condition["state_not"]) == (shown.entity_id, shown.state)


async def test_deliveries(hass: HomeAssistant, writing: MockConfigEntry) -> None:
    for row in cards()["entities"]["entities"]:
        shown = hass.states.get(row["entity"])
        assert shown
        assert shown.name == f"{row['name']} Last delivery"


async def test_a_row_of_buttons(
    hass: HomeAssistant, loaded: MockConfigEntry, messages: list[Event[Any]]
) -> None:
    for card in cards()["horizontal-stack"]["cards"]:
        tap = with_devices(card["tap_action"], devices(loaded))
        domain, _, action = tap["perform_action"].partition(".")
        await hass.services.async_call(domain, action, tap["data"], blocking=True)
    assert [
        (event.data["to_name"], event.data["from_name"], event.data["type"], event.data["text"])
        for event in messages
    ] == [("Gate", "Anna", "button", "Open"), ("Gate", "Anna", "button", "Close")]


# ---- all pages --------------------------------------------------------------------

ALL_PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_pictures_are_those_that_the_walk_takes() -> None:
    shown = {
        name for page in ALL_PAGES for name in re.findall(r"images/(\w+)\.png", page.read_text())
    }
    walk = (ROOT / "scripts" / "e2e.d" / "walk.js").read_text()
    assert shown == set(re.findall(r'picture\("(\w+)"\)', walk))
    assert shown == {path.stem for path in (ROOT / "docs" / "images").glob("*.png")}


@pytest.mark.parametrize(
    "page",
    [*ALL_PAGES, *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"))],
    ids=lambda page: page.name,
)
def test_links_lead_somewhere(page: Path) -> None:
    # Pictures are looked at above.
    for target in re.findall(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        name, _, anchor = target.partition("#")
        linked = page.parent / name if name else page
        assert linked.exists(), target
        if anchor:
            assert anchor in _anchors(linked), target


def test_one_link_leads_to_the_provider() -> None:
    """The dialog and all that the repository says lead to the same page."""
    pages = [*ALL_PAGES, ROOT / "SECURITY.md", ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"]
    links = {
        link
        for page in pages
        for link in re.findall(r"https?://[\w.]*intellis\w+\.co[\w./]*", page.read_text())
    }
    assert links == {PROVIDER_URL}


def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
