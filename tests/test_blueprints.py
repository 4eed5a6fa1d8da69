"""Each blueprint, imported and from its file, in a running Home Assistant."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
import shutil
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import quote

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.const import CONF_DEVICE_ID, CONF_TYPE
from homeassistant.core import Context, Event, HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr, selector, template
from homeassistant.helpers.typing import ConfigType
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, yaml as yaml_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    async_capture_events,
    async_mock_service,
    mock_integration,
    mock_platform,
)
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.intellisms.const import CONF_ACCEPT, DOMAIN, EVENT_MESSAGE_SENT, Accept
from custom_components.intellisms.matching.folding import fold
from custom_components.intellisms.protocol import STATUS_WORDS
from scripts.house.provider_api import (
    Play,
    ProviderApi,
    Refusal,
    Taken,
    report,
    tap as provider_tap,
)

from .household import (
    ANNA,
    BEN,
    CARL,
    GATE,
    SHOP,
    STRANGER,
    account,
    button,
    contact,
    devices,
    edit,
    forwarded,
    image,
    in_a_group,
    posted,
    reply,
    text,
    together,
    virtual_number,
    whatsapp,
)
from .log import keep_secret
from .provider_api import with_keys
from .running import Post, automate, pass_time, settle

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "blueprints" / "automation" / "intellisms"
FILES = sorted(path.name for path in FOLDER.iterdir())
SOURCE = "github.com/intellisms-ha/intellisms/blob/main/blueprints/automation/intellisms/"
ANNAS_OTHER = "+447700900321"
LINK = "https://media.example.com/picture.jpg"
# A Monday.
NOON = "2026-07-06 12:00:00+00:00"

type FillIn = Callable[..., Awaitable[None]]
type Deliver = Callable[..., Awaitable[None]]


@pytest.fixture
def entry() -> MockConfigEntry:
    return account(
        [
            virtual_number(GATE, "Gate"),
            virtual_number(SHOP, "Shop"),
            contact("Anna", ANNA, ANNAS_OTHER),
            contact("Ben", BEN),
            contact("Carl", CARL),
        ]
    )


@pytest.fixture
def ids(loaded: MockConfigEntry) -> dict[str, str]:
    """Return the device ids of numbers and contacts by their names."""
    return devices(loaded)


@pytest.fixture(autouse=True)
async def noon(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Stop the clock."""
    await hass.config.async_set_time_zone("UTC")
    freezer.move_to(NOON)


@pytest.fixture(autouse=True)
def config_folder(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Let blueprints be read from and saved to a folder of this test."""
    hass.config.config_dir = str(tmp_path)
    return tmp_path


@pytest.fixture
def fill_in(hass: HomeAssistant, config_folder: Path) -> FillIn:
    """Return what makes an automation from one of our blueprints, as the editor does."""

    async def make(name: str, expected: str = "on", **inputs: Any) -> None:
        shutil.copytree(FOLDER.parent, config_folder / "blueprints" / "automation")
        known = load(name).inputs
        for key, value in inputs.items():
            choose(known[key], value)
        use = {"path": f"intellisms/{name}.yaml", "input": inputs}
        await automate(hass, {"id": "it", "alias": "It", "use_blueprint": use})
        state = hass.states.get("automation.it")
        assert state
        assert state.state == expected

    return make


@pytest.fixture
def deliver(hass: HomeAssistant, own_door: Post) -> Deliver:
    """Return what posts to our door and waits until all has happened."""

    async def post(body: str) -> None:
        assert await own_door(body) == 200
        await hass.async_block_till_done()

    return post


@pytest.fixture
def tap(own_door: Post) -> Deliver:
    """Return what posts while an automation waits, which keeps Home Assistant from being done."""

    async def post(body: str) -> None:
        assert await own_door(body) == 200
        await settle()

    return post


def choose(given: dict[str, Any], value: Any) -> None:
    """Fail if a person could not choose `value` for an input."""
    accepts = cast("Callable[[Any], Any]", selector.selector(given["selector"]))
    accepts(value)


def load(name: str) -> Blueprint:
    """Read one of our blueprints, refusing whatever core would refuse."""
    data = yaml_util.load_yaml_dict(FOLDER / f"{name}.yaml")
    return Blueprint(data, expected_domain="automation", schema=BLUEPRINT_SCHEMA)


async def simulate(hass: HomeAssistant, virtual_number: str, sender: str, **data: Any) -> None:
    await hass.services.async_call(
        DOMAIN,
        "simulate_message",
        {"virtual_number": virtual_number, "from": sender, **data},
        blocking=True,
    )
    await settle()


def step(action: str, **data: Any) -> list[dict[str, Any]]:
    """Return what a person chose in an action input."""
    return [{"action": action, "data": data}]


def test_which_there_are() -> None:
    assert FILES == [
        "ask_before_acting.yaml",
        "ask_the_family.yaml",
        "call_until_confirmed.yaml",
        "forward_to_phone.yaml",
        "gate_for_known_contacts.yaml",
        "morning_briefing.yaml",
        "picture_alert.yaml",
        "show_who_is_at_the_door.yaml",
        "text_command.yaml",
        "whatsapp_else_sms.yaml",
    ]


# ---- as they lie in the repository ------------------------------------------------


@pytest.mark.parametrize("file", FILES)
async def test_core_accepts_it(hass: HomeAssistant, file: str) -> None:
    blueprint = load(file.removesuffix(".yaml"))
    assert blueprint.validate() is None
    assert blueprint.metadata["homeassistant"] == {"min_version": "2026.7.0"}
    assert blueprint.metadata["source_url"] == f"https://{SOURCE}{file}"
    for given in blueprint.inputs.values():
        assert given["name"]
        if "default" in given:
            choose(given, given["default"])
            # What is left as it is lets no stranger in.
            assert given["default"] != "anyone"


@pytest.mark.parametrize("file", FILES)
async def test_its_devices_are_picked_from_ours(hass: HomeAssistant, file: str) -> None:
    for name, given in load(file.removesuffix(".yaml")).inputs.items():
        if name not in {"numbers", "contacts"}:
            continue
        (kind, config), *_ = given["selector"].items()
        model = "Contact" if name == "contacts" else "Virtual number"
        # Home Assistant 2026.7 cannot pick an entity by its device's model. Only contacts can be
        # written to.
        domain = "notify" if name == "contacts" else "event"
        picked = {"model": model} if kind == "device" else {"domain": [domain]}
        assert config["filter"] == [{"integration": DOMAIN, **picked}]
        # Without a choice there is no automation, rather than one for everybody.
        assert "default" not in given


@pytest.mark.parametrize("file", FILES)
async def test_imported_by_its_address(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    config_folder: Path,
    hass_ws_client: WebSocketGenerator,
    aioclient_mock: AiohttpClientMocker,
    file: str,
) -> None:
    content = (FOLDER / file).read_text()
    raw = SOURCE.replace("github.com", "raw.githubusercontent.com").replace("/blob/", "/")
    aioclient_mock.get(f"https://{raw}{file}", text=content)
    assert await async_setup_component(hass, "automation", {})
    client = await hass_ws_client(hass)

    await client.send_json_auto_id({"type": "blueprint/import", "url": f"https://{SOURCE}{file}"})
    imported = (await client.receive_json())["result"]
    assert imported["validation_errors"] is None
    path = imported["suggested_filename"]
    assert path == f"intellisms-ha/{file.removesuffix('.yaml')}"

    await client.send_json_auto_id(
        {
            "type": "blueprint/save",
            "domain": "automation",
            "path": path,
            "yaml": imported["raw_data"],
            "source_url": f"https://{SOURCE}{file}",
        }
    )
    assert (await client.receive_json())["success"]
    saved = config_folder / "blueprints" / "automation" / f"{path}.yaml"
    assert yaml_util.load_yaml_dict(saved)["blueprint"]["name"]


def test_the_page_has_a_button_for_each() -> None:
    page = (ROOT / "docs" / "blueprints.md").read_text()
    redirect = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
    for file in FILES:
        assert page.count(f"({redirect}{quote(f'https://{SOURCE}{file}', safe='')})") == 1
    assert page.count(redirect) == len(FILES)


# The list of numbers offers the *Message* entities of contacts too.
@pytest.mark.parametrize(
    ("numbers", "answering"),
    [
        (["event.gate_message", "event.ben_message"], ["Anna"]),
        (["event.ben_message"], []),
        (["event.anna_message"], []),
        # One that was renamed, or is gone.
        (["event.old_message"], []),
    ],
)
@pytest.mark.parametrize(
    ("name", "said", "inputs"),
    [
        ("gate_for_known_contacts", "Open", {"open_actions": "{{ trigger.message.from_name }}"}),
        (
            "text_command",
            "4711 open",
            {
                "pin": "4711",
                "command": "open",
                "wrong_pins": "input_text.wrong_pins",
                "command_actions": "{{ trigger.message.from_name }}",
            },
        ),
    ],
    ids=["gate", "command"],
)
@pytest.mark.usefixtures("helpers")
async def test_a_contact_among_the_numbers_opens_nothing(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    tap: Deliver,
    name: str,
    said: str,
    inputs: dict[str, Any],
    numbers: list[str],
    answering: list[str],
) -> None:
    calls = async_mock_service(hass, "script", "open_gate")
    filled = {
        key: step("script.open_gate", who=value) if key.endswith("_actions") else value
        for key, value in inputs.items()
    }
    await fill_in(name, numbers=numbers, contacts=[ids["Anna"]], **filled)
    for to in (SHOP, GATE):
        for sender in (STRANGER, BEN, ANNA):
            if name == "text_command":
                await tap(text(said, sender=sender, to=to))
            else:
                await tap(button(said, sender=sender, to=to))
    assert [call.data["who"] for call in calls] == answering


# ---- open a gate for known contacts -----------------------------------------------


MONDAY_NIGHT = {"after": "22:00:00", "before": "06:00:00", "days": ["mon"]}


@pytest.fixture
async def gate(
    hass: HomeAssistant, ids: dict[str, str], fill_in: FillIn
) -> dict[str, list[ServiceCall]]:
    """Return the calls of a gate that Anna and Ben may open from 7 to 22."""
    calls = {
        "open": async_mock_service(hass, "cover", "open_cover"),
        "refused": async_mock_service(hass, "notify", "send_message"),
    }
    await fill_in(
        "gate_for_known_contacts",
        numbers=["event.gate_message"],
        contacts=[ids["Anna"], ids["Ben"]],
        open_actions=[{"action": "cover.open_cover", "target": {"entity_id": "cover.gate"}}],
        refused_actions=step(
            "notify.send_message", message="{{ trigger.message.from_name }} was too late"
        ),
    )
    return calls


async def test_gate_opens_for_a_chosen_contact(
    gate: dict[str, list[ServiceCall]], deliver: Deliver
) -> None:
    await deliver(button("Open"))
    await deliver(reply(" OPEN", "B1", sender=BEN))
    await deliver(text("open ", channel="whatsapp"))
    assert [call.data["entity_id"] for call in gate["open"]] == [["cover.gate"]] * 3
    assert gate["refused"] == []


async def test_gate_opens_once_for_each_tap(
    gate: dict[str, list[ServiceCall]], deliver: Deliver
) -> None:
    tap = button("Open")
    await deliver(tap)
    await deliver(tap)
    assert len(gate["open"]) == 1
    await deliver(button("Open"))
    assert len(gate["open"]) == 2


async def test_gate_opens_for_a_simulated_message(
    hass: HomeAssistant, ids: dict[str, str], gate: dict[str, list[ServiceCall]]
) -> None:
    await simulate(
        hass, ids["Gate"], STRANGER, type="button", button_text="Open", channel="whatsapp"
    )
    assert gate["open"] == []
    await simulate(hass, ids["Gate"], ANNA, type="button", button_text="Open", channel="whatsapp")
    assert len(gate["open"]) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": STRANGER},
        {"sender": "+447700900125"},
        {"to": SHOP},
        {"channel": "sms"},
        {"age": timedelta(minutes=11)},
    ],
    ids=["a stranger", "another contact", "another number", "an SMS", "late"],
)
async def test_gate_stays_shut(
    gate: dict[str, list[ServiceCall]], deliver: Deliver, fields: dict[str, Any]
) -> None:
    await deliver(button("Open", **fields))
    assert gate == {"open": [], "refused": []}


INDIRECT = pytest.mark.parametrize("said", [forwarded, in_a_group])


@INDIRECT
@pytest.mark.parametrize("indirect", [None, False, True])
async def test_gate_and_words_that_are_passed_on(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    deliver: Deliver,
    said: Callable[[str], str],
    indirect: bool | None,
) -> None:
    calls = async_mock_service(hass, "script", "open_gate")
    await fill_in(
        "gate_for_known_contacts",
        numbers=["event.gate_message"],
        contacts=[ids["Anna"]],
        open_actions=step("script.open_gate"),
        **({} if indirect is None else {"indirect": indirect}),
    )
    await deliver(said("Open"))
    assert len(calls) == (indirect is True)
    await deliver(edit("Open"))
    assert len(calls) == (indirect is True)


async def test_gate_stays_shut_for_other_words(
    gate: dict[str, list[ServiceCall]], deliver: Deliver
) -> None:
    await deliver(button("Opened"))
    await deliver(text("please open", channel="whatsapp"))
    await deliver(image(LINK, "Open"))
    assert gate["open"] == []


@pytest.mark.parametrize("when", ["2026-07-06 06:59:59+00:00", "2026-07-06 22:00:00+00:00"])
async def test_gate_stays_shut_outside_its_hours(
    gate: dict[str, list[ServiceCall]],
    deliver: Deliver,
    freezer: FrozenDateTimeFactory,
    when: str,
) -> None:
    freezer.move_to(when)
    await deliver(button("Open"))
    assert gate["open"] == []
    assert [call.data["message"] for call in gate["refused"]] == ["Anna was too late"]
    await deliver(button("Open", sender=STRANGER))
    assert len(gate["refused"]) == 1


@pytest.mark.parametrize(
    ("hours", "when", "opened"),
    [
        ({"after": "22:00:00", "before": "06:00:00"}, "2026-07-06 23:30:00+00:00", 1),
        ({"after": "22:00:00", "before": "06:00:00"}, "2026-07-06 12:00:00+00:00", 0),
        ({"after": "00:00:00", "before": "00:00:00"}, "2026-07-06 03:00:00+00:00", 1),
        ({"after": "09:00:00", "before": "09:00:00"}, "2026-07-06 03:00:00+00:00", 1),
        ({"days": ["mon"]}, "2026-07-06 12:00:00+00:00", 1),
        ({"days": ["mon"]}, "2026-07-07 12:00:00+00:00", 0),
        ({"days": []}, "2026-07-06 12:00:00+00:00", 0),
        # Monday's night ends on Tuesday; Sunday's ended on Monday.
        (MONDAY_NIGHT, "2026-07-06 22:00:00+00:00", 1),
        (MONDAY_NIGHT, "2026-07-07 05:59:59+00:00", 1),
        (MONDAY_NIGHT, "2026-07-07 23:30:00+00:00", 0),
        (MONDAY_NIGHT, "2026-07-06 03:00:00+00:00", 0),
    ],
)
async def test_gate_hours(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    deliver: Deliver,
    freezer: FrozenDateTimeFactory,
    hours: dict[str, Any],
    when: str,
    opened: int,
) -> None:
    calls = async_mock_service(hass, "script", "open_gate")
    await fill_in(
        "gate_for_known_contacts",
        numbers=["event.gate_message"],
        contacts=[ids["Anna"]],
        open_actions=step("script.open_gate"),
        **hours,
    )
    freezer.move_to(when)
    await deliver(button("Open"))
    assert len(calls) == opened


@pytest.mark.parametrize("empty", ["numbers", "contacts", "channels"])
async def test_gate_without_a_choice_is_no_automation(
    hass: HomeAssistant, ids: dict[str, str], fill_in: FillIn, deliver: Deliver, empty: str
) -> None:
    calls = async_mock_service(hass, "script", "open_gate")
    inputs: dict[str, Any] = {
        "numbers": ["event.gate_message"],
        "contacts": [ids["Anna"]],
        "open_actions": step("script.open_gate"),
    }
    await fill_in("gate_for_known_contacts", "unavailable", **{**inputs, empty: []})
    await deliver(button("Open"))
    assert calls == []


async def test_gate_stays_shut_for_a_contact_that_was_removed(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    gate: dict[str, list[ServiceCall]],
    deliver: Deliver,
) -> None:
    for subentry in list(loaded.subentries.values()):
        if subentry.title in {"Anna", "Ben"}:
            hass.config_entries.async_remove_subentry(loaded, subentry.subentry_id)
    await hass.async_block_till_done()
    await deliver(button("Open"))
    await deliver(button("Open", sender=BEN))
    assert gate["open"] == []


# ---- command by text with a PIN ---------------------------------------------------


# One that a person makes in the form, with nothing but a name.
HELPER: dict[str, Any] = {"wrong_pins": {}}
PIN = {
    "pin": "0471 Plum",
    "command": "heating  on",
    "wrong_pins": "input_text.wrong_pins",
    "command_actions": step(
        "script.heat", rest="{{ rest }}", who="{{ trigger.message.from_name }}"
    ),
    "wrong_pin_actions": step("notify.send_message", message="{{ wrong_pin }}"),
}
RIGHT = "0471 plum heating on"
WRONG = "0472 plum heating on"


@pytest.fixture
async def helpers(hass: HomeAssistant) -> None:
    """Make a text helper."""
    assert await async_setup_component(hass, "input_text", {"input_text": HELPER})


@pytest.fixture
def heated(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the calls of what a command runs."""
    calls: list[ServiceCall] = async_mock_service(hass, "script", "heat")
    return calls


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return what is told of wrong PINs."""
    calls: list[ServiceCall] = async_mock_service(hass, "notify", "send_message")
    return calls


@pytest.fixture
async def command(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    helpers: None,
    heated: list[ServiceCall],
    told: list[ServiceCall],
) -> list[ServiceCall]:
    """Return the calls of a heating that Anna and Ben may command with a PIN."""
    contacts = [ids["Anna"], ids["Ben"]]
    await fill_in("text_command", numbers=["event.gate_message"], contacts=contacts, **PIN)
    return heated


async def test_command_runs(command: list[ServiceCall], deliver: Deliver) -> None:
    await deliver(text("0471 plum heating on"))
    await deliver(text("  0471 PLUM  Heating\nOn  21 Kitchen ", channel="whatsapp"))
    assert [call.data for call in command] == [
        {"rest": [], "who": "Anna"},
        {"rest": ["21", "Kitchen"], "who": "Anna"},
    ]


async def test_what_follows_a_command_stays_words(
    command: list[ServiceCall], deliver: Deliver
) -> None:
    """Whatever core would make of it: a number, a list, a template."""
    rest = ["+447700900123", "007", "[1,2]", "'x'", "{{pin}}", "None", "\\n"]
    await deliver(text(f"{RIGHT} {' '.join(rest)}\u200b"))
    [call] = command
    assert call.data["rest"] == rest


@pytest.mark.parametrize("wanted", [0, 1], ids=["as typed", "as sent"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4711\u200b pl\u00adum", "4711 plum"),
        ("\uff14\uff17\uff11\uff11 \uff30\uff2c\uff35\uff2d", "4711 plum"),
        ("Anna\u2019s \u201cgate\u201d", 'anna\'s "GATE"'),
        ("`47\u00b4 \u201811\u2019", "'47' '11'"),
        ("47\u201311\u20142", "47-11-2"),
        ("\u0130RMAK \u0131ss\u0131z", "irmak ISSIZ"),
        ("Straße 1", "STRASSE 1"),
        ("👍\U0001f3fd 4711", "👍 4711"),
        ("❤\ufe0f 4711", "❤ 4711"),
        ("4711\u00a0plum", "4711  plum"),
    ],
)
async def test_a_pin_is_compared_as_people_mean_it(
    ids: dict[str, str],
    fill_in: FillIn,
    helpers: None,
    heated: list[ServiceCall],
    told: list[ServiceCall],
    deliver: Deliver,
    one: str,
    other: str,
    wanted: int,
) -> None:
    written, sent = (one, other) if wanted else (other, one)
    assert fold(written) == fold(sent)
    await fill_in(
        "text_command",
        numbers=["event.gate_message"],
        contacts=[ids["Anna"]],
        **(PIN | {"pin": written, "command": written}),
    )
    await deliver(text(f"{sent} {sent} 21"))
    assert [call.data["rest"] for call in heated] == [["21"]]
    assert told == []


async def test_command_is_a_text(command: list[ServiceCall], deliver: Deliver) -> None:
    await deliver(button("0471 plum heating on"))
    await deliver(image(LINK, "0471 plum heating on"))
    assert command == []


@INDIRECT
@pytest.mark.parametrize("indirect", [False, True])
async def test_command_that_is_passed_on(
    ids: dict[str, str],
    fill_in: FillIn,
    helpers: None,
    heated: list[ServiceCall],
    told: list[ServiceCall],
    deliver: Deliver,
    said: Callable[[str], str],
    indirect: bool,
) -> None:
    await fill_in(
        "text_command",
        numbers=["event.gate_message"],
        contacts=[ids["Anna"]],
        **PIN,
        **({"indirect": True} if indirect else {}),
    )
    await deliver(said(RIGHT))
    await deliver(said(WRONG))
    await deliver(edit(RIGHT))
    assert (len(heated), len(told)) == (indirect, indirect)


async def test_command_by_the_chosen_channel(
    ids: dict[str, str],
    fill_in: FillIn,
    helpers: None,
    heated: list[ServiceCall],
    deliver: Deliver,
) -> None:
    await fill_in(
        "text_command",
        numbers=["event.gate_message"],
        contacts=[ids["Anna"]],
        channels=["whatsapp"],
        **PIN,
    )
    await deliver(text(RIGHT))
    assert heated == []
    await deliver(text(RIGHT, channel="whatsapp"))
    assert len(heated) == 1


async def test_command_runs_when_simulated(
    hass: HomeAssistant, ids: dict[str, str], command: list[ServiceCall]
) -> None:
    await simulate(hass, ids["Gate"], CARL, text="0471 plum heating on")
    await simulate(hass, ids["Gate"], ANNA, text="0472 plum heating on")
    assert command == []
    await simulate(hass, ids["Gate"], ANNA, text="0471 plum heating on")
    assert len(command) == 1


@pytest.mark.parametrize(
    "said",
    [
        "heating on",
        "0471 heating on",
        "471 plum heating on",
        "0471 plums heating on",
        "0471 plum heating",
        "0471 plum heating only",
        "0471plum heating on",
        "please 0471 plum heating on",
        "heating on 0471 plum",
        "{{ pin }} heating on",
        "",
    ],
)
async def test_command_needs_the_whole_pin_and_command(
    command: list[ServiceCall], deliver: Deliver, said: str
) -> None:
    await deliver(text(said))
    assert command == []


@pytest.mark.parametrize(
    "fields",
    [{"sender": STRANGER}, {"sender": CARL}, {"to": SHOP}, {"age": timedelta(hours=1)}],
    ids=["a stranger", "another contact", "another number", "late"],
)
async def test_command_of_others(
    command: list[ServiceCall], deliver: Deliver, fields: dict[str, Any]
) -> None:
    await deliver(text("0471 plum heating on", **fields))
    assert command == []


@pytest.mark.parametrize(
    ("pin", "spoken"), [("", "on"), ("  ", "on"), ("123", "on"), ("1 2 3", "on"), ("1234", " ")]
)
async def test_command_with_hardly_a_pin_never_runs(
    ids: dict[str, str],
    fill_in: FillIn,
    helpers: None,
    heated: list[ServiceCall],
    deliver: Deliver,
    pin: str,
    spoken: str,
) -> None:
    await fill_in(
        "text_command",
        numbers=["event.gate_message"],
        contacts=[ids["Anna"]],
        **(PIN | {"pin": pin, "command": spoken}),
    )
    await deliver(text(f"{pin} {spoken}"))
    assert heated == []


async def by_hand(
    hass: HomeAssistant, ids: dict[str, str], folder: Path, *changes: dict[str, Any]
) -> None:
    """Make automations from the blueprint as nobody could in the form, or several."""
    shutil.copytree(FOLDER.parent, folder / "blueprints" / "automation")
    inputs = {"numbers": ["event.gate_message"], "contacts": [ids["Anna"], ids["Ben"]], **PIN}
    path = "intellisms/text_command.yaml"
    await automate(
        hass,
        *({"use_blueprint": {"path": path, "input": inputs | changed}} for changed in changes),
    )


async def test_command_with_a_pin_that_yaml_took_for_a_number(
    hass: HomeAssistant,
    ids: dict[str, str],
    config_folder: Path,
    helpers: None,
    heated: list[ServiceCall],
    deliver: Deliver,
) -> None:
    await by_hand(hass, ids, config_folder, {"pin": 4711, "command": True})
    await deliver(text("4711 true"))
    assert len(heated) == 1


# Whatever number, channel, spelling or capital letters: they are tries of one contact.
TRIES: list[Callable[[], str]] = [
    lambda: text(WRONG),
    lambda: text("  heating on HEATING ON please", channel="whatsapp"),
    lambda: text("0471 prune heating on 21", sender=ANNAS_OTHER),
    lambda: posted(text("1 2 Heating  On"), **{"from": "0044 7700 900123"}),
    lambda: text("{{pin}} x heating on"),
]


async def send_wrong_pins(deliver: Deliver, tries: list[Callable[[], str]] = TRIES) -> None:
    """Let Anna send wrong PINs, five unless told otherwise."""
    for body in tries:
        await deliver(body())


def said(calls: list[ServiceCall]) -> list[str]:
    return [call.data["message"] for call in calls]


async def test_five_wrong_pins_lock_a_contact_out_for_an_hour(
    hass: HomeAssistant,
    command: list[ServiceCall],
    told: list[ServiceCall],
    deliver: Deliver,
    freezer: FrozenDateTimeFactory,
) -> None:
    await send_wrong_pins(deliver)
    assert said(told) == [
        *(f"Wrong PIN from Anna, {tries} of 5." for tries in (1, 2, 3, 4)),
        "Wrong PIN from Anna, 5 of 5. Their commands do nothing until 13:00.",
    ]
    # Not with the right one, nor is it told again.
    await deliver(text(RIGHT))
    await deliver(text(RIGHT, sender=ANNAS_OTHER))
    await deliver(text(WRONG))
    await pass_time(hass, freezer, 3599)
    await deliver(text(RIGHT))
    assert command == []
    assert len(told) == 5
    await pass_time(hass, freezer, 1)
    await deliver(text(RIGHT))
    assert len(command) == 1
    await deliver(text(WRONG))
    assert said(told)[5:] == ["Wrong PIN from Anna, 1 of 5."]


async def test_a_wrong_pin_of_one_contact_is_not_anothers(
    command: list[ServiceCall], told: list[ServiceCall], deliver: Deliver
) -> None:
    await send_wrong_pins(deliver)
    await deliver(text(WRONG, sender=BEN))
    await deliver(text(RIGHT, sender=BEN))
    await deliver(text(RIGHT))
    assert said(told)[5:] == ["Wrong PIN from Ben, 1 of 5."]
    assert [call.data["who"] for call in command] == ["Ben"]


async def test_a_right_pin_neither_counts_nor_starts_anew(
    hass: HomeAssistant,
    command: list[ServiceCall],
    told: list[ServiceCall],
    deliver: Deliver,
    freezer: FrozenDateTimeFactory,
) -> None:
    for _ in range(6):
        await deliver(text(RIGHT))
    await send_wrong_pins(deliver, TRIES[:4])
    for _ in range(6):
        await deliver(text(RIGHT))
    assert len(command) == 12
    await pass_time(hass, freezer, 3599)
    await deliver(text(WRONG))
    assert said(told)[4:] == ["Wrong PIN from Anna, 5 of 5. Their commands do nothing until 13:59."]
    await deliver(text(RIGHT))
    assert len(command) == 12


async def test_an_hour_after_the_last_wrong_pin_all_are_forgotten(
    hass: HomeAssistant,
    command: list[ServiceCall],
    told: list[ServiceCall],
    deliver: Deliver,
    freezer: FrozenDateTimeFactory,
) -> None:
    await send_wrong_pins(deliver, TRIES[:4])
    await pass_time(hass, freezer, 3600)
    await send_wrong_pins(deliver, TRIES[:4])
    assert len(told) == 8
    await deliver(text(RIGHT))
    assert len(command) == 1


async def test_commands_run_one_after_another(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    helpers: None,
    heated: list[ServiceCall],
    tap: Deliver,
    freezer: FrozenDateTimeFactory,
) -> None:
    slow = [{"delay": 5}, *step("script.heat")]
    await fill_in(
        "text_command",
        numbers=["event.gate_message"],
        contacts=[ids["Anna"]],
        **(PIN | {"command_actions": slow}),
    )
    await tap(together(text(RIGHT), text(WRONG), text(RIGHT)))
    for ran in (1, 2):
        await pass_time(hass, freezer, 6)
        assert len(heated) == ran


async def test_commands_wait_until_wrong_pin_is_done(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    helpers: None,
    heated: list[ServiceCall],
    tap: Deliver,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The form and the pages say so."""
    await fill_in(
        "text_command",
        numbers=["event.gate_message"],
        contacts=[ids["Anna"], ids["Ben"]],
        **(PIN | {"wrong_pin_actions": [{"delay": 5}]}),
    )
    await tap(together(text(WRONG), text(RIGHT, sender=BEN)))
    assert heated == []
    await pass_time(hass, freezer, 6)
    assert len(heated) == 1
    description = load("text_command").inputs["wrong_pin_actions"]["description"]
    assert "Everybody's commands wait until this is done" in description


async def test_guesses_of_one_post_are_tried_one_after_another(
    command: list[ServiceCall], told: list[ServiceCall], deliver: Deliver
) -> None:
    await deliver(
        together(
            *(text(f"{pin:04} plum heating on") for pin in range(450, 480)),
            text(RIGHT, sender=BEN),
        )
    )
    assert len(told) == 5
    assert [call.data["who"] for call in command] == ["Ben"]


@pytest.mark.parametrize(
    "body",
    [
        lambda: text("On my way"),
        lambda: text("heating on"),
        lambda: text("0472 heating on"),
        lambda: text("0471 plum heating off"),
        lambda: text("heating on 0471 plum"),
        lambda: text(""),
        lambda: button(WRONG),
        lambda: text(WRONG, age=timedelta(hours=1)),
        lambda: text(WRONG, to=SHOP),
        lambda: text(WRONG, sender=STRANGER),
    ],
    ids=[
        "no command",
        "no PIN",
        "a PIN of another length",
        "another command",
        "the PIN behind it",
        "nothing",
        "a tap",
        "late",
        "another number",
        "a stranger",
    ],
)
async def test_what_could_not_run_is_no_try(
    command: list[ServiceCall],
    told: list[ServiceCall],
    deliver: Deliver,
    body: Callable[[], str],
) -> None:
    for _ in range(6):
        await deliver(body())
    assert told == []
    await deliver(text(RIGHT))
    assert len(command) == 1


async def reload_helpers(hass: HomeAssistant, helpers: dict[str, Any]) -> None:
    with patch("homeassistant.config.load_yaml_config_file", return_value={"input_text": helpers}):
        await hass.services.async_call("input_text", "reload", blocking=True)
    await hass.async_block_till_done()


async def test_a_contact_is_locked_out_over_a_restart(
    hass: HomeAssistant,
    command: list[ServiceCall],
    deliver: Deliver,
    freezer: FrozenDateTimeFactory,
) -> None:
    await send_wrong_pins(deliver)
    # The helper goes, and comes back with what Home Assistant keeps over a restart.
    await reload_helpers(hass, {})
    assert hass.states.get("input_text.wrong_pins") is None
    await deliver(text(RIGHT, sender=BEN))
    assert command == []
    await reload_helpers(hass, HELPER)
    await deliver(text(RIGHT))
    assert command == []
    await deliver(text(RIGHT, sender=BEN))
    await pass_time(hass, freezer, 3600)
    await deliver(text(RIGHT))
    assert [call.data["who"] for call in command] == ["Ben", "Anna"]


@pytest.mark.parametrize(
    "helper",
    [
        None,
        {"others": {}},
        {"wrong_pins": {"max": 16}},
        {"wrong_pins": {"min": 20}},
    ],
    ids=["no helpers", "removed", "too small", "a least length"],
)
async def test_nothing_runs_where_wrong_pins_cannot_be_counted(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    heated: list[ServiceCall],
    told: list[ServiceCall],
    deliver: Deliver,
    helper: dict[str, Any] | None,
) -> None:
    if helper is not None:
        assert await async_setup_component(hass, "input_text", {"input_text": helper})
    await fill_in("text_command", numbers=["event.gate_message"], contacts=[ids["Anna"]], **PIN)
    for body in (RIGHT, WRONG, RIGHT):
        await deliver(text(body))
    assert heated == told == []


@pytest.mark.parametrize("state", ["unavailable", "unknown", "", "aaaa=1@1783339200"])
async def test_nothing_runs_where_the_helper_is_not_available(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    helpers: None,
    heated: list[ServiceCall],
    deliver: Deliver,
    state: str,
) -> None:
    """What core remembers of a helper that did not come back is only a state."""
    hass.states.async_set("input_text.gone", state)
    await fill_in(
        "text_command",
        numbers=["event.gate_message"],
        contacts=[ids["Anna"]],
        **(PIN | {"wrong_pins": "input_text.gone"}),
    )
    await deliver(text(RIGHT))
    assert heated == []


async def test_a_helper_that_is_full_lets_nobody_in(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    heated: list[ServiceCall],
    deliver: Deliver,
    freezer: FrozenDateTimeFactory,
) -> None:
    helper = {"wrong_pins": {"max": 20}}
    assert await async_setup_component(hass, "input_text", {"input_text": helper})
    contacts = [ids["Anna"], ids["Ben"]]
    await fill_in("text_command", numbers=["event.gate_message"], contacts=contacts, **PIN)
    await deliver(text(RIGHT, sender=BEN))
    await deliver(text(WRONG))
    await deliver(text(RIGHT, sender=BEN))
    assert len(heated) == 1
    await pass_time(hass, freezer, 3600)
    await deliver(text(RIGHT, sender=BEN))
    assert len(heated) == 2


@pytest.mark.parametrize("left", ["", "Shopping: milk", "unknown", "x" * 100])
async def test_emptying_the_helper_lets_a_contact_in_again(
    hass: HomeAssistant, command: list[ServiceCall], deliver: Deliver, left: str
) -> None:
    await send_wrong_pins(deliver)
    await hass.services.async_call(
        "input_text",
        "set_value",
        {"entity_id": "input_text.wrong_pins", "value": left},
        blocking=True,
    )
    await deliver(text(RIGHT))
    assert len(command) == 1


async def test_automations_that_share_a_helper_count_together(
    hass: HomeAssistant,
    ids: dict[str, str],
    config_folder: Path,
    helpers: None,
    heated: list[ServiceCall],
    told: list[ServiceCall],
    deliver: Deliver,
) -> None:
    await by_hand(hass, ids, config_folder, {}, {"command": "open"}, {"command": "close"})
    # Right ones do not get into each other's way, also in one post.
    await deliver(
        together(
            text("0471 plum open"),
            text("0471 plum close", sender=BEN),
            text("0471 plum close"),
            text(RIGHT),
        )
    )
    assert len(heated) == 4
    await deliver(
        together(*(text(f"0472 plum {what}") for what in ("open", "close", "open", "close")))
    )
    await deliver(text(WRONG))
    assert len(told) == 5
    for what in ("open", "close", "heating on"):
        await deliver(text(f"0471 plum {what}"))
    assert len(heated) == 4
    await deliver(text("0471 plum open", sender=BEN))
    assert len(heated) == 5


@pytest.mark.parametrize("hours", [-2, -0.5, 0.5])
async def test_a_clock_that_was_set(
    command: list[ServiceCall], deliver: Deliver, freezer: FrozenDateTimeFactory, hours: float
) -> None:
    """By less than an hour it lets nobody in; after more, nobody stays out for years."""
    await send_wrong_pins(deliver)
    freezer.tick(timedelta(hours=hours))
    await deliver(text(RIGHT))
    assert len(command) == (abs(hours) >= 1)


# ---- ask before acting, ask the family --------------------------------------------


@pytest.fixture
async def asking(
    hass: HomeAssistant, loaded: MockConfigEntry, api: ProviderApi
) -> dict[str, list[ServiceCall]]:
    """Let the account send, and return what comes after a question."""
    hass.config_entries.async_update_entry(loaded, data=with_keys(loaded.data))
    await hass.async_block_till_done()
    return {name: async_mock_service(hass, "script", name) for name in ("yes", "no", "nobody")}


@pytest.fixture
async def question(
    asking: dict[str, list[ServiceCall]], ids: dict[str, str], fill_in: FillIn
) -> dict[str, list[ServiceCall]]:
    """Return what comes after a question to Anna and Ben, asked when the doorbell rings."""
    await fill_in(
        "ask_before_acting",
        ask_when=[{"trigger": "event", "event_type": "doorbell"}],
        message="Somebody rang. Open?",
        contacts=["notify.anna", "notify.ben"],
        question_name="Gate",
        channel="whatsapp",
        virtual_number=ids["Gate"],
        yes_actions=step("script.yes", who="{{ who }}"),
        no_actions=step("script.no"),
        nobody_actions=step("script.nobody", reason="{{ reason }}"),
    )
    return asking


@pytest.fixture
async def family(
    asking: dict[str, list[ServiceCall]], fill_in: FillIn
) -> dict[str, list[ServiceCall]]:
    """Return what comes after a question to all three, asked when the doorbell rings."""
    await fill_in(
        "ask_the_family",
        ask_when=[{"trigger": "event", "event_type": "doorbell"}],
        message="Who fetches Dora?",
        answers=["Me", "Not me"],
        contacts=["notify.anna", "notify.ben", "notify.carl"],
        question_name="Dora",
        answer_actions=step("script.yes", who="{{ who }}", answer="{{ answer }}"),
        nobody_actions=step("script.nobody"),
    )
    return asking


async def ring(hass: HomeAssistant) -> None:
    hass.bus.async_fire("doorbell")
    await settle()


async def ask(hass: HomeAssistant, api: ProviderApi, count: int) -> dict[str, Taken]:
    """Ring, and return what so many were sent, by their numbers; nothing else has been sent."""
    api.taken.clear()
    await ring(hass)
    return await sent(api, count)


async def sent(api: ProviderApi, count: int) -> dict[str, Taken]:
    async with asyncio.timeout(10):
        await api.taken_are(count)
    await settle()
    assert len(api.taken) == count
    keep_secret([taken.message["content"] for taken in api.taken])
    return {f"+{taken.to}": taken for taken in api.taken}


def tapped(taken: Taken, place: int) -> str:
    """Return the post of a tap on a button of what was sent; `place` from 0."""
    return provider_tap(taken, place, to=GATE, sent=dt_util.utcnow().isoformat()).decode()


def counted(calls: dict[str, list[ServiceCall]]) -> dict[str, int]:
    return {name: len(made) for name, made in calls.items() if made}


@pytest.mark.parametrize(("place", "answer"), [(0, "yes"), (1, "no")])
async def test_question_is_answered(
    hass: HomeAssistant,
    api: ProviderApi,
    question: dict[str, list[ServiceCall]],
    tap: Deliver,
    freezer: FrozenDateTimeFactory,
    place: int,
    answer: str,
) -> None:
    asked = await ask(hass, api, 2)
    await tap(reply("Yes", "yes"))
    await tap(posted(tapped(asked[BEN], 0), **{"from": CARL}))
    assert counted(question) == {}
    await tap(tapped(asked[BEN], place))
    # The first counts; and it is over.
    await tap(tapped(asked[ANNA], 0))
    await pass_time(hass, freezer, 301)
    assert counted(question) == {answer: 1}
    assert all(call.data == {"who": "Ben"} for call in question["yes"])


async def test_question_that_nobody_answers(
    hass: HomeAssistant,
    api: ProviderApi,
    question: dict[str, list[ServiceCall]],
    tap: Deliver,
    freezer: FrozenDateTimeFactory,
) -> None:
    asked = await ask(hass, api, 2)
    await pass_time(hass, freezer, 299)
    assert counted(question) == {}
    await pass_time(hass, freezer, 2)
    await tap(tapped(asked[ANNA], 0))
    assert [call.data for call in question["nobody"]] == [{"reason": "timeout"}]
    assert counted(question) == {"nobody": 1}


async def test_question_that_nobody_gets(
    hass: HomeAssistant, api: ProviderApi, question: dict[str, list[ServiceCall]]
) -> None:
    api.plays[None] = Refusal(word="insufficient_credit")
    await ring(hass)
    await hass.async_block_till_done()
    assert [call.data for call in question["nobody"]] == [{"reason": "not_sent"}]


async def test_question_is_not_asked_twice_at_once_but_again(
    hass: HomeAssistant, api: ProviderApi, question: dict[str, list[ServiceCall]], tap: Deliver
) -> None:
    hass.bus.async_fire("doorbell")
    asked = await ask(hass, api, 2)
    # Nor by hand.
    await hass.services.async_call("automation", "trigger", {"entity_id": "automation.it"})
    await ring(hass)
    await tap(tapped(asked[ANNA], 0))
    assert (len(api.taken), counted(question)) == (2, {"yes": 1})
    again = await ask(hass, api, 2)
    # The old button does not answer what is asked now.
    await tap(posted(tapped(asked[ANNA], 0), messageid="another"))
    assert counted(question) == {"yes": 1}
    await tap(tapped(again[ANNA], 1))
    assert counted(question) == {"yes": 1, "no": 1}


async def test_question_asked_by_hand(
    hass: HomeAssistant, api: ProviderApi, question: dict[str, list[ServiceCall]], tap: Deliver
) -> None:
    await hass.services.async_call("automation", "trigger", {"entity_id": "automation.it"})
    asked = await sent(api, 2)
    await tap(tapped(asked[ANNA], 0))
    assert counted(question) == {"yes": 1}


@pytest.mark.parametrize("is_answered", [True, False])
async def test_question_stays_open_over_a_reload(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    api: ProviderApi,
    question: dict[str, list[ServiceCall]],
    tap: Deliver,
    freezer: FrozenDateTimeFactory,
    is_answered: bool,
) -> None:
    asked = await ask(hass, api, 2)
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()
    # It is still open, so that it is not asked once more.
    await ring(hass)
    assert (len(api.taken), counted(question)) == (2, {})
    if is_answered:
        await tap(tapped(asked[BEN], 0))
        assert [call.data for call in question["yes"]] == [{"who": "Ben"}]
    await pass_time(hass, freezer, 301)
    assert counted(question) == ({"yes": 1} if is_answered else {"nobody": 1})


async def test_question_with_nothing_but_what_is_needed(
    hass: HomeAssistant,
    asking: dict[str, list[ServiceCall]],
    api: ProviderApi,
    fill_in: FillIn,
    tap: Deliver,
) -> None:
    hass.states.async_set("input_boolean.ask", "off")
    await fill_in(
        "ask_before_acting",
        ask_when=[{"trigger": "event", "event_type": "doorbell"}],
        ask_if=[{"condition": "state", "entity_id": "input_boolean.ask", "state": "on"}],
        message="Open?",
        contacts=["notify.anna"],
        question_name="Gate",
    )
    # Else it is by SMS.
    await tap(text("Hello", channel="whatsapp"))
    await ring(hass)
    assert api.taken == []
    hass.states.async_set("input_boolean.ask", "on")
    for place in (0, 1):
        asked = await ask(hass, api, 1)
        await tap(tapped(asked[ANNA], place))
    assert counted(asking) == {}


@pytest.mark.parametrize("is_reloaded", [False, True])
async def test_family_is_told_who_answered(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    api: ProviderApi,
    family: dict[str, list[ServiceCall]],
    tap: Deliver,
    is_reloaded: bool,
) -> None:
    for sender in (ANNA, BEN, CARL):
        await tap(text("Hello", sender=sender))
    await ask(hass, api, 3)
    if is_reloaded:
        assert await hass.config_entries.async_reload(loaded.entry_id)
        await hass.async_block_till_done()
    api.taken.clear()
    await tap(text("Me", sender=BEN))
    told = await sent(api, 2)
    assert {number: taken.message["content"]["text"] for number, taken in told.items()} == {
        ANNA: "Ben: Me",
        CARL: "Ben: Me",
    }
    assert [call.data for call in family["yes"]] == [{"who": "Ben", "answer": "Me"}]
    await tap(text("Not me", sender=CARL))
    assert counted(family) == {"yes": 1}


async def test_family_that_does_not_answer(
    hass: HomeAssistant,
    api: ProviderApi,
    family: dict[str, list[ServiceCall]],
    tap: Deliver,
    freezer: FrozenDateTimeFactory,
) -> None:
    for sender in (ANNA, BEN, CARL):
        await tap(text("Hello", sender=sender))
    await ask(hass, api, 3)
    await ring(hass)
    await pass_time(hass, freezer, 7201)
    assert (len(api.taken), counted(family)) == (3, {"nobody": 1})


# ---- forward messages to a phone --------------------------------------------------


async def forwarding(
    hass: HomeAssistant, ids: dict[str, str], fill_in: FillIn, **inputs: Any
) -> list[ServiceCall]:
    """Return the notifications of what the gate's number receives."""
    calls: list[ServiceCall] = async_mock_service(hass, "notify", "send_message")
    await fill_in(
        "forward_to_phone",
        numbers=[ids["Gate"]],
        notify=["notify.phone", "notify.tablet"],
        **{"sender": "anyone"} | inputs,
    )
    return calls


async def test_forwards_everything_to_the_number(
    hass: HomeAssistant, ids: dict[str, str], fill_in: FillIn, deliver: Deliver
) -> None:
    calls = await forwarding(hass, ids, fill_in)
    await deliver(text("[1,2] {{ 1 + 1 }}"))
    await deliver(text("4711", sender=STRANGER))
    await deliver(button("Open"))
    await deliver(image(LINK))
    await deliver(text("Not for the gate", to=SHOP))
    assert [call.data for call in calls] == [
        {"entity_id": ["notify.phone", "notify.tablet"], "title": "Gate", "message": message}
        for message in (
            "Anna: [1,2] {{ 1 + 1 }}",
            f"{STRANGER}: 4711",
            "Anna: Open",
            "Anna: (image)",
        )
    ]


@INDIRECT
@pytest.mark.parametrize("indirect", [False, True])
async def test_forwards_what_is_passed_on_if_so_wanted(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    deliver: Deliver,
    said: Callable[[str], str],
    indirect: bool,
) -> None:
    calls = await forwarding(hass, ids, fill_in, **({"indirect": True} if indirect else {}))
    await deliver(said("Hello"))
    assert [call.data["message"] for call in calls] == ["Anna: Hello"] * indirect


# Whoever sends a text may choose to be called as a contact is.
CALLED = [
    ("Anna", "“Anna”"),
    ("60300", "60300"),
    ("4e1", "“4e1”"),
    ("GB.1349", "“GB.1349”"),
    ("” Anna “\nAnna", "“' Anna ' Anna”"),
    ("\u202eannA", "“'annA”"),
    (None, "nknown sender"),
]


@pytest.mark.parametrize(("sender", "shown"), CALLED)
async def test_forwards_strangers_names_in_quotation_marks(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    deliver: Deliver,
    sender: str | None,
    shown: str,
) -> None:
    calls = await forwarding(hass, ids, fill_in)
    await deliver(posted(text("Hello"), **{"from": sender}))
    [message] = said(calls)
    assert message.removeprefix("U") == f"{shown}: Hello"


async def test_forwards_what_is_simulated(
    hass: HomeAssistant, ids: dict[str, str], fill_in: FillIn
) -> None:
    calls = await forwarding(hass, ids, fill_in)
    await simulate(hass, ids["Shop"], ANNA, text="Not for the gate")
    await simulate(hass, ids["Gate"], ANNA, text="A test")
    assert [call.data["message"] for call in calls] == ["Anna: A test"]


async def test_forwards_known_contacts_only(
    hass: HomeAssistant, ids: dict[str, str], fill_in: FillIn, deliver: Deliver
) -> None:
    calls = await forwarding(hass, ids, fill_in, sender="known")
    await deliver(text("Hello", sender=STRANGER))
    assert calls == []
    await deliver(text("Hello", sender=BEN))
    assert len(calls) == 1


# ---- alert when a picture arrives -------------------------------------------------


@pytest.fixture
def alerts(hass: HomeAssistant) -> list[ConfigType]:
    """Return the notifications that a phone with the app gets.

    The app's own integration needs packages for cameras and speech, so only the
    device action that the blueprint uses is here, with its schema.
    """
    calls: list[ConfigType] = []

    async def call(
        hass: HomeAssistant, config: ConfigType, variables: dict[str, Any], context: Context | None
    ) -> None:
        said = {key: config[key] for key in ("title", "message", "data")}
        calls.append(
            {"device_id": config[CONF_DEVICE_ID], **template.render_complex(said, variables)}
        )

    schema = cv.DEVICE_ACTION_BASE_SCHEMA.extend(
        {
            vol.Required(CONF_TYPE): "notify",
            vol.Required("message"): cv.template,
            vol.Optional("title"): cv.template,
            vol.Optional("data"): cv.template_complex,
        }
    )
    mock_integration(hass, MockModule("mobile_app"))
    mock_platform(
        hass,
        "mobile_app.device_action",
        SimpleNamespace(ACTION_SCHEMA=schema, async_call_action_from_config=call),
    )
    return calls


@pytest.fixture
def phone(hass: HomeAssistant) -> str:
    """Return the device id of a phone with the app."""
    app = MockConfigEntry(domain="mobile_app")
    app.add_to_hass(hass)
    registry = dr.async_get(hass)
    return registry.async_get_or_create(
        config_entry_id=app.entry_id, identifiers={("mobile_app", "phone")}
    ).id


async def test_alerts_when_a_picture_arrives(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    deliver: Deliver,
    alerts: list[ConfigType],
    phone: str,
) -> None:
    more = async_mock_service(hass, "script", "more")
    await fill_in(
        "picture_alert",
        numbers=[ids["Gate"]],
        phone=phone,
        more_actions=step("script.more", link="{{ trigger.message.media_url }}"),
    )
    await deliver(image(LINK, sender=STRANGER))
    await deliver(image(LINK, to=SHOP))
    await deliver(button("Open"))
    await deliver(text("A picture"))
    await deliver(whatsapp("document", {"link": LINK, "mime_type": "application/pdf"}))
    await deliver(whatsapp("video", {"link": LINK, "mime_type": "video/mp4"}))
    assert alerts == []
    await deliver(whatsapp("document", {"link": LINK, "mime_type": "image/jpeg"}))
    await simulate(
        hass, ids["Gate"], ANNA, type="image", text="The cat", media_url=LINK, channel="whatsapp"
    )
    assert alerts == [
        {"device_id": phone, "title": "Gate", "message": message, "data": {"image": LINK}}
        for message in ("Picture from Anna", "Picture from Anna: The cat")
    ]
    assert [call.data for call in more] == [{"link": LINK}] * 2


@pytest.mark.parametrize("indirect", [False, True])
async def test_alerts_of_pictures_that_are_passed_on_if_so_wanted(
    ids: dict[str, str],
    fill_in: FillIn,
    deliver: Deliver,
    alerts: list[ConfigType],
    phone: str,
    indirect: bool,
) -> None:
    chosen = {"indirect": True} if indirect else {}
    await fill_in("picture_alert", numbers=[ids["Gate"]], phone=phone, **chosen)
    await deliver(whatsapp("image", {"link": LINK}, context={"forwarded": True}))
    await deliver(whatsapp("image", {"link": LINK}, group_id="GROUP_ID"))
    assert len(alerts) == 2 * indirect


@pytest.mark.parametrize(("sender", "shown"), CALLED)
async def test_alerts_with_strangers_names_in_quotation_marks(
    ids: dict[str, str],
    fill_in: FillIn,
    deliver: Deliver,
    alerts: list[ConfigType],
    phone: str,
    sender: str | None,
    shown: str,
) -> None:
    await fill_in("picture_alert", numbers=[ids["Gate"]], phone=phone, sender="anyone", show=False)
    await deliver(posted(image(LINK), **{"from": sender}))
    [alert] = alerts
    assert alert["message"].replace("an u", "") == f"Picture from {shown}"


async def test_alerts_without_the_picture_itself(
    hass: HomeAssistant,
    ids: dict[str, str],
    fill_in: FillIn,
    deliver: Deliver,
    alerts: list[ConfigType],
    phone: str,
) -> None:
    await fill_in(
        "picture_alert",
        numbers=[ids["Gate"]],
        phone=phone,
        sender="anyone",
        show=False,
    )
    await deliver(image(LINK, sender=STRANGER))
    assert [(alert["message"], alert["data"]) for alert in alerts] == [
        (f"Picture from {STRANGER}", {})
    ]


async def test_a_sender_who_is_not_accepted_cannot_be_simulated(
    hass: HomeAssistant, loaded: MockConfigEntry, ids: dict[str, str]
) -> None:
    hass.config_entries.async_update_entry(loaded, options={CONF_ACCEPT: Accept.KNOWN})
    with pytest.raises(ServiceValidationError):
        await simulate(hass, ids["Gate"], STRANGER, text="Hello")


# ---- morning briefing on request --------------------------------------------------


@pytest.fixture
async def briefing(
    hass: HomeAssistant, loaded: MockConfigEntry, api: ProviderApi, fill_in: FillIn
) -> Callable[..., Awaitable[None]]:
    """Return what lets Anna ask for a briefing."""
    hass.config_entries.async_update_entry(loaded, data=with_keys(loaded.data))
    await hass.async_block_till_done()

    async def make(**inputs: Any) -> None:
        anna = devices(loaded)["Anna"]
        await fill_in("morning_briefing", numbers=["event.gate_message"], contacts=[anna], **inputs)

    return make


def briefed(api: ProviderApi) -> list[tuple[str, str, str, str]]:
    """Return by which channel, from where, to whom and what was sent."""
    return [
        (
            taken.message["channel"],
            taken.message["from"],
            taken.to,
            taken.message["content"].get("text") or taken.object["text"]["body"],
        )
        for taken in api.taken
    ]


@pytest.mark.parametrize("by_whatsapp", [True, False])
async def test_briefing_comes_where_it_was_asked_for(
    hass: HomeAssistant,
    briefing: Callable[..., Awaitable[None]],
    api: ProviderApi,
    deliver: Deliver,
    by_whatsapp: bool,
) -> None:
    hass.states.async_set("light.porch", "on", {"friendly_name": "Porch"})
    await briefing()
    channel = "whatsapp" if by_whatsapp else "sms"
    await deliver(text("Briefing", sender=ANNAS_OTHER, channel=channel))
    [(way, sender, to, said)] = briefed(api)
    assert (way, f"+{sender}", f"+{to}") == (channel, GATE, ANNAS_OTHER)
    assert said == "Good morning! It is 12:00. Lights that are on: Porch."


async def test_briefing_of_an_agent(
    hass: HomeAssistant,
    briefing: Callable[..., Awaitable[None]],
    api: ProviderApi,
    deliver: Deliver,
) -> None:
    speech = {"plain": {"speech": " Rain. "}}
    answer = {"response": {"speech": speech}}
    calls = async_mock_service(
        hass, "conversation", "process", response=answer, schema=vol.Schema(dict)
    )
    await briefing(agent="conversation.model", briefing="How is the weather at {{ 6 + 1 }}?")
    await deliver(text("briefing"))
    assert calls[0].data == {
        "agent_id": "conversation.model",
        "text": "How is the weather at 7?",
    }
    assert [said for *_, said in briefed(api)] == ["Rain."]
    speech["plain"]["speech"] = ""
    await deliver(text("briefing"))
    speech["plain"]["speech"] = "日" * 5000
    await deliver(text("briefing"))
    await deliver(text("briefing", channel="whatsapp"))
    lengths = [(len(said), said[-1]) for *_, said in briefed(api)[1:]]
    assert lengths == [(400, "…"), (4096, "…")]


@pytest.mark.parametrize(
    "asked",
    [
        {"said": "briefing please"},
        {"sender": BEN},
        {"sender": STRANGER},
        {"to": SHOP},
        {"age": timedelta(minutes=11)},
    ],
)
async def test_briefing_of_others_and_at_other_times(
    briefing: Callable[..., Awaitable[None]],
    api: ProviderApi,
    deliver: Deliver,
    asked: dict[str, Any],
) -> None:
    await briefing()
    await deliver(text(**{"said": "briefing", **asked}))
    assert api.taken == []


# ---- what is sent, and followed -------------------------------------------------------


CODES = {word: code for code, word in STATUS_WORDS.items()}
LEAK = "There is a leak"


class Sending:
    """What the provider took, and what it reports of it."""

    def __init__(self, hass: HomeAssistant, api: ProviderApi, door: Post) -> None:
        """Begin with nothing sent."""
        keep_secret([LEAK])
        self.hass = hass
        self.api = api
        self._door = door
        self._told = 0
        self._news = asyncio.Event()
        hass.bus.async_listen(EVENT_MESSAGE_SENT, self._on_told)

    @callback
    def _on_told(self, _event: Event[Any]) -> None:
        self._told += 1
        self._news.set()

    async def happen(self, outcomes: int | None = None, *, event: str = "leak") -> None:
        """Let happen what sets the automation off, until it is known what became of what it sent."""
        self.hass.bus.async_fire(event)
        await self.told(1 if outcomes is None else outcomes)

    async def told(self, outcomes: int) -> None:
        """Wait until it is known what became of so many messages, and all that follows."""
        while self._told < outcomes:
            self._news.clear()
            await self._news.wait()
        await settle()
        assert self._told == outcomes

    async def report(self, place: int, status: str) -> None:
        """Let the provider report of a message, by its place."""
        assert await self._door(report(self.api.taken[place], status, CODES[status] or 0)) == 200
        await settle()

    def went(self) -> list[str]:
        """Return by which ways messages have gone, in their order."""
        contents = [(one.message["channel"], one.message["content"]) for one in self.api.taken]
        return [
            "voice" if content.get("msgtype") == "voice" else channel
            for channel, content in contents
        ]


@pytest.fixture
async def sending(
    hass: HomeAssistant, loaded: MockConfigEntry, api: ProviderApi, own_door: Post
) -> Sending:
    """Return what happens where the account has keys."""
    hass.config_entries.async_update_entry(loaded, data=with_keys(loaded.data))
    await hass.async_block_till_done(wait_background_tasks=True)
    return Sending(hass, api, own_door)


LEAK_TRIGGER = [{"trigger": "event", "event_type": "leak"}]


@pytest.fixture
async def told_of_leaks(hass: HomeAssistant, sending: Sending, fill_in: FillIn) -> Sending:
    """Return a house that tells Anna of leaks by WhatsApp, else SMS, after 5 minutes."""
    await fill_in("whatsapp_else_sms", tell_when=LEAK_TRIGGER, contact="notify.anna", message=LEAK)
    return sending


@pytest.mark.parametrize(
    ("reported", "then"),
    [
        (["delivered"], []),
        (["read"], []),
        (["sent", "delivered", "read"], []),
        (["delivered", "expired"], []),
        (["undeliverable"], ["sms"]),
        (["sent", "rejected_response_window"], ["sms"]),
        (["recipient_not_provisioned"], ["sms"]),
        (["request_error"], ["sms"]),
    ],
    ids=str,
)
async def test_whatsapp_else_sms(
    hass: HomeAssistant,
    told_of_leaks: Sending,
    freezer: FrozenDateTimeFactory,
    reported: list[str],
    then: list[str],
) -> None:
    await told_of_leaks.happen()
    assert told_of_leaks.went() == ["whatsapp"]
    for status in reported:
        await told_of_leaks.report(0, status)
    await told_of_leaks.told(1 + len(then))
    assert told_of_leaks.went() == ["whatsapp", *then]
    await pass_time(hass, freezer, 301)
    assert told_of_leaks.went() == ["whatsapp", *then]
    assert automation_runs(hass) == 0


@pytest.mark.parametrize("reported", [[], ["queued", "sent"], ["unknown"]], ids=str)
async def test_whatsapp_that_is_not_delivered_in_time(
    hass: HomeAssistant,
    told_of_leaks: Sending,
    freezer: FrozenDateTimeFactory,
    reported: list[str],
) -> None:
    await told_of_leaks.happen()
    for status in reported:
        await told_of_leaks.report(0, status)
    await pass_time(hass, freezer, 299)
    assert told_of_leaks.went() == ["whatsapp"]
    await pass_time(hass, freezer, 2)
    await told_of_leaks.told(2)
    assert told_of_leaks.went() == ["whatsapp", "sms"]
    # It is done, and a report that comes now changes nothing.
    await told_of_leaks.report(0, "undeliverable")
    assert told_of_leaks.went() == ["whatsapp", "sms"]


@pytest.mark.parametrize(("status", "then"), [("delivered", []), ("undeliverable", ["sms"])])
async def test_whatsapp_whose_report_is_quicker_than_the_answer(
    hass: HomeAssistant,
    told_of_leaks: Sending,
    freezer: FrozenDateTimeFactory,
    status: str,
    then: list[str],
) -> None:
    api = told_of_leaks.api
    api.plays[None] = Play.HANG
    hass.bus.async_fire("leak")
    await api.taken_are(1)
    await told_of_leaks.report(0, status)
    api.go_on()
    await told_of_leaks.told(1 + len(then))
    await pass_time(hass, freezer, 301)
    assert told_of_leaks.went() == ["whatsapp", *then]


async def test_whatsapp_and_another_message_meanwhile(
    hass: HomeAssistant, told_of_leaks: Sending, freezer: FrozenDateTimeFactory
) -> None:
    """*Last delivery* shows the other one then."""
    await told_of_leaks.happen()
    data = {"entity_id": "notify.anna", "message": LEAK, "channel": "sms"}
    await hass.services.async_call(DOMAIN, "send_message", data, blocking=True)
    await told_of_leaks.report(1, "undeliverable")
    assert told_of_leaks.went() == ["whatsapp", "sms"]
    await told_of_leaks.report(0, "delivered")
    await pass_time(hass, freezer, 301)
    assert told_of_leaks.went() == ["whatsapp", "sms"]
    assert automation_runs(hass) == 0


@pytest.mark.parametrize("play", [Refusal(word="insufficient_credit"), Play.SERVER_ERROR], ids=str)
async def test_whatsapp_that_did_not_go(
    hass: HomeAssistant, told_of_leaks: Sending, play: Refusal | Play
) -> None:
    told_of_leaks.api.plays[None] = play
    await told_of_leaks.happen(2)
    assert told_of_leaks.api.asked["sendmsg.aspx"] == 2


async def test_whatsapp_that_is_delivered_after_the_account_was_reloaded(
    hass: HomeAssistant,
    told_of_leaks: Sending,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await told_of_leaks.happen()
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle()
    assert told_of_leaks.went() == ["whatsapp"]
    await told_of_leaks.report(0, "delivered")
    await pass_time(hass, freezer, 301)
    assert told_of_leaks.went() == ["whatsapp"]
    assert automation_runs(hass) == 0


async def test_two_leaks_are_told_apart(hass: HomeAssistant, told_of_leaks: Sending) -> None:
    await told_of_leaks.happen()
    await told_of_leaks.happen(2)
    await told_of_leaks.report(1, "delivered")
    await told_of_leaks.report(0, "undeliverable")
    await told_of_leaks.told(3)
    assert told_of_leaks.went() == ["whatsapp", "whatsapp", "sms"]
    assert automation_runs(hass) == 0


@pytest.fixture
async def calling(hass: HomeAssistant, sending: Sending, fill_in: FillIn) -> Sending:
    """Return a house that calls Anna up to three times, 2 minutes each, a minute between them."""
    await fill_in(
        "call_until_confirmed",
        call_when=LEAK_TRIGGER,
        contact="notify.anna",
        message=LEAK,
        confirmed_actions=[{"event": "ended", "event_data": {"how": "confirmed"}}],
        unconfirmed_actions=[{"event": "ended", "event_data": {"how": "unconfirmed"}}],
    )
    return sending


@pytest.fixture
def results(hass: HomeAssistant) -> list[Event[Any]]:
    """Return how calls end."""
    found: list[Event[Any]] = async_capture_events(hass, "ended")
    return found


def ended(results: list[Event[Any]]) -> list[str]:
    return [str(event.data["how"]) for event in results]


def automation_runs(hass: HomeAssistant) -> int:
    """Return how often the automation runs just now."""
    found = hass.states.get("automation.it")
    assert found
    return int(found.attributes["current"])


async def test_a_call_that_is_confirmed(
    hass: HomeAssistant,
    calling: Sending,
    results: list[Event[Any]],
    freezer: FrozenDateTimeFactory,
) -> None:
    await calling.happen()
    await calling.report(0, "delivered")
    assert ended(results) == []
    await calling.report(0, "acknowledged")
    assert ended(results) == ["confirmed"]
    await pass_time(hass, freezer, 600)
    assert calling.went() == ["voice"]


@pytest.mark.parametrize("status", ["rejected", "expired", "undeliverable", None])
async def test_a_call_that_is_not_confirmed_is_made_again(
    hass: HomeAssistant,
    calling: Sending,
    results: list[Event[Any]],
    freezer: FrozenDateTimeFactory,
    status: str | None,
) -> None:
    await calling.happen()
    for place in range(3):
        assert calling.went() == ["voice"] * (place + 1)
        # While it calls, it is not begun again.
        hass.bus.async_fire("leak")
        if status:
            await calling.report(place, status)
        else:
            await pass_time(hass, freezer, 119)
            assert calling.went() == ["voice"] * (place + 1)
            await pass_time(hass, freezer, 2)
        if place < 2:
            await pass_time(hass, freezer, 59)
            assert calling.went() == ["voice"] * (place + 1)
            await pass_time(hass, freezer, 2)
            await calling.told(place + 2)
    assert ended(results) == ["unconfirmed"]
    assert automation_runs(hass) == 0


async def test_a_second_call_that_is_confirmed(
    hass: HomeAssistant,
    calling: Sending,
    results: list[Event[Any]],
    freezer: FrozenDateTimeFactory,
) -> None:
    await calling.happen()
    await calling.report(0, "rejected")
    await pass_time(hass, freezer, 61)
    await calling.told(2)
    await calling.report(1, "acknowledged")
    assert ended(results) == ["confirmed"]


@pytest.mark.parametrize("seconds", [30, 90])
async def test_a_call_that_is_confirmed_late(
    hass: HomeAssistant,
    calling: Sending,
    results: list[Event[Any]],
    freezer: FrozenDateTimeFactory,
    seconds: int,
) -> None:
    """In the pause, or when the next call has begun."""
    await calling.happen()
    await pass_time(hass, freezer, 121)
    await pass_time(hass, freezer, seconds)
    calls = 1 + (seconds > 60)
    await calling.told(calls)
    await calling.report(0, "acknowledged")
    assert ended(results) == ["confirmed"]
    await pass_time(hass, freezer, 600)
    assert len(calling.went()) == calls


async def test_a_call_that_is_confirmed_before_the_answer(
    hass: HomeAssistant, calling: Sending, results: list[Event[Any]]
) -> None:
    calling.api.plays[None] = Play.HANG
    hass.bus.async_fire("leak")
    await calling.api.taken_are(1)
    await calling.report(0, "acknowledged")
    calling.api.go_on()
    await calling.told(1)
    assert ended(results) == ["confirmed"]


async def test_a_call_that_is_confirmed_after_the_account_was_reloaded(
    hass: HomeAssistant,
    calling: Sending,
    loaded: MockConfigEntry,
    results: list[Event[Any]],
    freezer: FrozenDateTimeFactory,
) -> None:
    await calling.happen()
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle()
    await pass_time(hass, freezer, 61)
    await calling.report(0, "acknowledged")
    assert ended(results) == ["confirmed"]
    assert calling.went() == ["voice"]


async def test_calls_that_do_not_go(
    hass: HomeAssistant,
    calling: Sending,
    results: list[Event[Any]],
    freezer: FrozenDateTimeFactory,
) -> None:
    calling.api.plays[None] = Refusal(word="gateway_error")
    await calling.happen()
    for place in range(1, 3):
        assert ended(results) == []
        await pass_time(hass, freezer, 61)
        await calling.told(place + 1)
    assert ended(results) == ["unconfirmed"]
