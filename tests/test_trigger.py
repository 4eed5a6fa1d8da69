"""Triggers, set up through real automations as the editor saves them."""

import ast
from collections.abc import Callable
from datetime import timedelta
from itertools import count
import json
from pathlib import Path
from threading import get_ident
from typing import Any, cast
from unittest.mock import Mock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import EVENT_AUTOMATION_TRIGGERED
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    issue_registry as ir,
    label_registry as lr,
)
from homeassistant.helpers.trigger import TriggerConfig
from homeassistant.requirements import RequirementsManager
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import regex
import voluptuous as vol

from custom_components import intellisms
from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.delivery_trigger import DeliveryTrigger
from custom_components.intellisms.matching import MAX_TEXT
from custom_components.intellisms.matching.patterns import BUDGET_PERIOD
from custom_components.intellisms.message_filter import COMPLAINT_INTERVAL
from custom_components.intellisms.trigger import MOST_REPORTS, TRIGGERS, MessageTrigger

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
    deleted,
    devices,
    edit,
    forwarded,
    household,
    image,
    in_a_group,
    message_id,
    posted,
    reaction,
    reply,
    sample,
    text,
    virtual_number,
)
from .running import (
    RUN,
    Post,
    automate,
    automate_by,
    options,
    receive,
    reload_automations,
    set_up,
    settle,
    target,
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
KNOWN = ALL - UNKNOWN
# The id of a device that was removed.
GONE = "0" * 32


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
        # Strangers are meant only where somebody says so.
        ({}, KNOWN),
        ({"sender": "known"}, KNOWN),
        ({"sender": "anyone"}, ALL),
        # Virtual numbers.
        ({"target": ["Gate"]}, KNOWN - AT_SHOP - {"elsewhere"}),
        ({"target": ["Gate"], "sender": "anyone"}, ALL - AT_SHOP - {"elsewhere"}),
        ({"target": ["Shop"], "sender": "anyone"}, AT_SHOP),
        ({"target": ["Gate", "Shop"], "sender": "anyone"}, ALL - {"elsewhere"}),
        ({"target": [GONE], "sender": "anyone"}, set()),
        ({"target": [GONE, "Shop"], "sender": "anyone"}, set()),
        # Contacts.
        ({"target": ["Anna"]}, FROM_ANNA),
        ({"target": ["Anna", "Ben"]}, FROM_ANNA | FROM_BEN),
        ({"target": [GONE]}, set()),
        ({"target": [GONE, "Ben"]}, FROM_BEN),
        ({"target": ["Gate", "Anna"]}, {"anna", "tap"}),
        ({"target": ["Gate", GONE]}, set()),
        # Listed numbers, which are known by that, are alternatives to contacts.
        ({"numbers": [STRANGER]}, {"stranger"}),
        ({"numbers": [BEN, STRANGER]}, FROM_BEN | {"stranger"}),
        ({"numbers": ["MyBank"]}, {"bank"}),
        ({"target": ["Ben"], "numbers": [STRANGER]}, FROM_BEN | {"stranger"}),
        ({"target": [GONE], "numbers": [STRANGER]}, {"stranger"}),
        ({"target": ["Gate"], "numbers": [ANNA]}, {"anna", "tap"}),
        ({"target": ["Shop"], "numbers": [STRANGER]}, set()),
        ({"target": ["Shop", "Ben"], "numbers": [ANNA]}, {"shop"}),
        ({"sender": "known", "numbers": [STRANGER, ANNA]}, FROM_ANNA | {"stranger"}),
        # Channels and types, which events tell in small letters.
        ({"channel": ["whatsapp"]}, {"ben", "picture", "tap", "reply"}),
        ({"channel": " WhatsApp"}, {"ben", "picture", "tap", "reply"}),
        ({"channel": "sms"}, {"anna", "shop", "elsewhere"}),
        ({"channel": ["sms", "whatsapp"], "sender": "anyone"}, ALL),
        ({"channel": ["carrier_pigeon"], "sender": "anyone"}, set()),
        ({"type": ["text"], "sender": "anyone"}, TEXTS),
        ({"type": ["Image", "audio"], "sender": "anyone"}, {"picture", "voice"}),
        ({"type": "list_reply", "sender": "anyone"}, {"list"}),
        # Text; a button's label and a picture's caption are texts too.
        ({"text": "sesame"}, {"ben", "shop", "elsewhere", "tap", "reply"}),
        (
            {"text": "sesame", "sender": "anyone"},
            {"ben", "shop", "elsewhere", "stranger", "tap", "reply"},
        ),
        ({"text": "sesame", "exact": True}, {"shop", "elsewhere"}),
        ({"text": "Sesame", "exact": True}, {"tap", "reply"}),
        ({"text": "gate", "match": "contains"}, {"anna"}),
        ({"text": "GATE", "match": "contains_word"}, {"anna"}),
        ({"text": "gat", "match": "contains_word"}, set()),
        (
            {"text": "PIN is", "match": "contains_word", "exact": True, "sender": "anyone"},
            {"bank"},
        ),
        ({"text": "SESAME THE", "match": "starts_with"}, {"anna"}),
        ({"text": "SESAME THE", "match": "starts_with", "exact": True}, set()),
        ({"text": r"^sesame\b.+$", "match": "regex"}, {"anna"}),
        ({"text": r"\d{4}$", "match": "regex", "numbers": ["MyBank"]}, {"bank"}),
        ({"text": "öffnen", "sender": "anyone"}, {"nobody"}),
        ({"match": "is", "exact": True}, KNOWN),
        # Together: all of them have to be so.
        ({"target": ["Shop", "Anna"], "text": "sesame"}, {"shop"}),
        ({"target": ["Shop", "Ben"]}, set()),
        ({"sender": "known", "channel": ["whatsapp"], "type": ["text"]}, {"ben"}),
        ({"target": ["Ben"], "text": "sesame", "type": ["reply"]}, {"reply"}),
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
        ({}, {"tap", "reply"}),
        ({"sender": "anyone"}, BUTTONS),
        ({"button": ["Sesame"]}, {"tap", "reply"}),
        ({"button": "sesame "}, {"tap", "reply"}),
        ({"button": ["sesame"], "exact": True}, set()),
        ({"button": ["Sesame"], "exact": True}, {"tap", "reply"}),
        # A template's button has a label only, a reply button an id and a label.
        ({"button": ["gate-1"]}, {"reply"}),
        ({"button": ["GATE-1"]}, {"reply"}),
        ({"button": ["Close", "gate-1"]}, {"reply"}),
        ({"button": ["Close"]}, set()),
        ({"target": ["Shop"], "sender": "anyone"}, {"list"}),
        ({"target": ["Shop"]}, set()),
        ({"target": [GONE], "sender": "anyone"}, set()),
        ({"target": ["Ben"]}, {"reply"}),
        ({"target": ["Gate", GONE]}, set()),
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
    # Clocks differ a little; what comes from far in the future says nothing of when it was sent.
    in_time = [button("Open", age=timedelta(seconds=age)) for age in (-30, -20, 0, 60, 299, 300)]
    late = [button("Open", age=timedelta(seconds=age)) for age in (301, 172_800, -31, -7200)]
    late.append(posted(button("Open"), sent="2099-01-01T00:00:00+00:00"))
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
        when("button_tapped", sender="anyone", button=[row["id"]]) | {"id": "by id"},
        when("button_tapped", sender="anyone", button=[row["title"]]) | {"id": "by label"},
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
        ["+44 7700 900124", " 07700 900123 "],
    ],
)
async def test_numbers_may_be_typed_as_people_write_them(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    typed: str | list[str],
) -> None:
    await automate_by(hass, when("message_received", numbers=typed))
    receive(house, MESSAGES["tap"])
    receive(house, MESSAGES["list"])
    await hass.async_block_till_done()
    assert _names(runs) == {"tap"}


@pytest.mark.parametrize("trigger", ["message_received", "button_tapped"])
@pytest.mark.parametrize("more", [{}, {"target": {}}, {"options": {}}], ids=str)
async def test_whatever_is_absent_leaves_known_contacts(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    trigger: str,
    more: dict[str, Any],
) -> None:
    await automate_by(hass, {"trigger": f"intellisms.{trigger}", **more})
    receive(house, MESSAGES["tap"])
    receive(house, button("Sesame", sender=STRANGER))
    await hass.async_block_till_done()
    assert _names(runs) == {"tap"}


# ---- target ---------------------------------------------------------------------


def _by_kind(hass: HomeAssistant, house: MockConfigEntry) -> dict[str, dict[str, Any]]:
    """Give Gate an area and Anna a label; return targets by entity, area, floor and label."""
    ids, device = devices(house), dr.async_get(hass)
    floor = fr.async_get(hass).async_create("outside").floor_id
    area = ar.async_get(hass).async_create("garden", floor_id=floor).id
    label = lr.async_get(hass).async_create("family").label_id
    lr.async_get(hass).async_create("nobody")
    device.async_update_device(ids["Gate"], area_id=area)
    device.async_update_device(ids["Anna"], labels={label})
    return {
        "entity": {"entity_id": ["event.gate_message"]},
        "area": {"area_id": area},
        "floor and contact": {"floor_id": [floor], "device_id": ids["Anna"]},
        "label": {"label_id": label},
        "area and label": {"area_id": area, "label_id": label},
        "a label nobody wears": {"label_id": "nobody"},
        "number and a label nobody wears": {"device_id": ids["Gate"], "label_id": "nobody"},
    }


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("entity", {"anna", "ben", "picture", "tap", "reply"}),
        ("area", {"anna", "ben", "picture", "tap", "reply"}),
        ("floor and contact", {"anna", "tap"}),
        ("label", FROM_ANNA),
        ("area and label", {"anna", "tap"}),
        ("a label nobody wears", set()),
        ("number and a label nobody wears", set()),
    ],
)
async def test_target_of_each_kind(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    kind: str,
    expected: set[str],
) -> None:
    await automate_by(hass, when("message_received", target=_by_kind(hass, house)[kind]))
    await _receive_all(hass, house)
    assert _names(runs) == expected


async def test_a_contact_that_is_removed_opens_nothing_to_others(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall], own_door: Post
) -> None:
    await automate_by(hass, when("message_received", **options(house, target=["Gate", "Anna"])))
    assert await own_door(text("Open")) == 200
    await hass.async_block_till_done()
    assert len(runs) == 1
    [anna] = [one for one in house.subentries.values() if one.title == "Anna"]
    hass.config_entries.async_remove_subentry(house, anna.subentry_id)
    await hass.async_block_till_done()
    for sender in (BEN, ANNA, STRANGER):
        assert await own_door(text("Open", sender=sender)) == 200
    await hass.async_block_till_done()
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("chosen", "excluded", "expected"),
    [
        (["Gate"], ["Anna"], {"ben", "picture", "reply"}),
        (["Gate", "Anna"], ["Anna"], set()),
        (["Gate"], ["Gate"], set()),
        (["Anna"], ["Shop"], {"anna", "elsewhere", "tap"}),
        # Who was excluded and is gone would be let in as a stranger.
        (["Gate"], [GONE], {"anna", "ben", "picture", "tap", "reply"}),
    ],
)
@pytest.mark.parametrize("sender", ["known", "anyone"])
async def test_who_is_excluded_never_fits(
    hass: HomeAssistant,
    house: MockConfigEntry,
    messages: list[Event[dict[str, Any]]],
    chosen: list[str],
    excluded: list[str],
    expected: set[str],
    sender: str,
) -> None:
    """Core's schema has `exclude` since 2026.11, so this goes past it."""
    if sender == "anyone" and chosen != ["Gate"]:
        pytest.skip("anyone is refused beside contacts")
    config = TriggerConfig(
        key="intellisms.message_received",
        target=target(house, *chosen) | {"exclude": target(house, *excluded)},
        options={"sender": sender},
    )
    fired: list[str] = []

    def run(variables: dict[str, Any], *_: Any) -> Any:
        fired.append(variables["message"]["message_id"])

    detach = await MessageTrigger(hass, config).async_attach_runner(cast("Any", run))
    await _receive_all(hass, house)
    detach()
    names = {message_id(body): name for name, body in MESSAGES.items()}
    strangers = UNKNOWN - AT_SHOP if sender == "anyone" and excluded == ["Anna"] else set()
    assert {names[one] for one in fired} == expected | strangers


@pytest.mark.parametrize(
    ("meant", "expected"),
    [
        ("device", FROM_ANNA),
        ("entity", FROM_ANNA),
        ("label of the device", FROM_ANNA),
        # As everywhere in Home Assistant.
        ("label of the entity", set()),
    ],
)
async def test_a_hidden_message_entity(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    meant: str,
    expected: set[str],
) -> None:
    anna = devices(house)["Anna"]
    for label in ("family", "hushed"):
        lr.async_get(hass).async_create(label)
    dr.async_get(hass).async_update_device(anna, labels={"family"})
    er.async_get(hass).async_update_entity(
        "event.anna_message", hidden_by=er.RegistryEntryHider.USER, labels={"hushed"}
    )
    chosen = {
        "device": {"device_id": anna},
        "entity": {"entity_id": "event.anna_message"},
        "label of the device": {"label_id": "family"},
        "label of the entity": {"label_id": "hushed"},
    }[meant]
    await automate_by(hass, when("message_received", target=chosen))
    await _receive_all(hass, house)
    assert _names(runs) == expected


async def test_a_target_of_an_entry_that_is_not_loaded_yet(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    meant = options(house, target=["Gate", "Anna"])
    strangers = options(house, target=["Gate", "Anna"], sender="anyone")
    await hass.config_entries.async_unload(house.entry_id)
    await automate(
        hass,
        {"alias": "One", "triggers": [when("message_received", **meant)], "actions": [RUN]},
        {"alias": "Two", "triggers": [when("message_received", **strangers)], "actions": [RUN]},
    )
    assert hass.states.is_state(AUTOMATION, "on")
    # What is wrong is told from the registries.
    assert hass.states.is_state("automation.two", STATE_UNAVAILABLE)
    await hass.config_entries.async_setup(house.entry_id)
    await _receive_all(hass, house)
    assert _names(runs) == {"anna", "tap"}


async def test_by_target(
    hass: HomeAssistant, house: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, "search", {})
    await automate_by(hass, when("message_received", **options(house, target=["Anna"])))
    client = await hass_ws_client()
    for name in ("Anna", "Gate"):
        for kind, ours in (
            ("trigger", {"message_received", "button_tapped"}),
            ("condition", {"last_message"}),
        ):
            await client.send_json_auto_id(
                {"type": f"get_{kind}s_for_target", "target": target(house, name)}
            )
            offered = set((await client.receive_json())["result"])
            assert {f"intellisms.{one}" for one in ours} <= offered
        await client.send_json_auto_id(
            {
                "type": "search/related",
                "item_type": "device",
                "item_id": devices(house)[name],
            }
        )
        related = (await client.receive_json())["result"].get("automation", [])
        assert related == ([AUTOMATION] if name == "Anna" else [])


# ---- why it did not run ---------------------------------------------------------


async def _traces(client: Any) -> list[tuple[str, str | None]]:
    """Return what became of an automation's triggers: how they ended, and why."""
    told = []
    await client.send_json_auto_id({"type": "trace/list", "domain": "automation", "item_id": "one"})
    for listed in (await client.receive_json())["result"]:
        await client.send_json_auto_id(
            {
                "type": "trace/get",
                "domain": "automation",
                "item_id": "one",
                "run_id": listed["run_id"],
            }
        )
        trace = (await client.receive_json())["result"]["trace"]["trigger/0"][0]
        told.append((listed["script_execution"], trace.get("result", {}).get("reason")))
    return told


@pytest.mark.parametrize(
    ("chosen", "post", "reason"),
    [
        ({"text": "Open"}, lambda: text("Close"), "text_differs"),
        ({"text": "Open", "target": ["Gate", "Anna"]}, lambda: text("Close"), "text_differs"),
        ({"text": "Open"}, lambda: text("Open" + " " * MAX_TEXT), "text_differs"),
        ({"button": ["Open"]}, lambda: button("Close"), "text_differs"),
        ({"match": "regex", "text": "(a+)+$"}, lambda: text("a" * 4000 + "!"), "pattern_timeout"),
        ({"target": ["Gate"]}, lambda: text("Open", sender=STRANGER), "sender_not_meant"),
        ({"numbers": [STRANGER]}, lambda: text("Open"), "sender_not_meant"),
        ({"max_age": 60}, lambda: text("Open", age=timedelta(seconds=61)), "too_old"),
        ({"max_age": 60}, lambda: posted(text("Open"), sent=None), "too_old"),
        ({"max_age": 60}, lambda: text("Open", age=timedelta(seconds=-61)), "from_the_future"),
        ({}, lambda: forwarded("Open"), "indirect"),
        ({}, lambda: in_a_group("Open"), "indirect"),
        # Who or what is not targeted is told to nobody.
        ({"target": ["Shop"]}, lambda: text("Open"), None),
        ({"target": ["Gate", "Anna"]}, lambda: text("Open", sender=BEN), None),
        ({"target": ["Gate", GONE]}, lambda: text("Open"), None),
        ({"channel": ["whatsapp"]}, lambda: text("Open"), None),
        ({"type": ["image"]}, lambda: text("Open"), None),
        ({"button": ["Open"]}, lambda: text("Close"), None),
    ],
    ids=lambda value: "post" if callable(value) else str(value),
)
@pytest.mark.usefixtures("freezer")
async def test_a_trace_says_why_it_did_not_run(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    hass_ws_client: WebSocketGenerator,
    chosen: dict[str, Any],
    post: Callable[[], str],
    reason: str | None,
) -> None:
    trigger = "button_tapped" if "button" in chosen else "message_received"
    await automate_by(hass, when(trigger, **options(house, **chosen)))
    receive(house, post())
    await hass.async_block_till_done()
    assert runs == []
    expected = [("not_triggered", reason)] if reason else []
    assert await _traces(await hass_ws_client()) == expected


@pytest.mark.parametrize(
    ("post", "chosen", "ran"),
    [
        (forwarded, {"text": "Open"}, 0),
        (forwarded, {"text": "Open", "indirect": True}, 1),
        (in_a_group, {"text": "Open"}, 0),
        (in_a_group, {"text": "Open", "indirect": True}, 1),
        (text, {"text": "Open", "indirect": True}, 1),
        # New words for old ones, and what nobody said, are for those who ask for it.
        (edit, {"text": "Open"}, 0),
        (edit, {"text": "Open", "type": ["text", "Edit"]}, 1),
        (edit, {"text": "Open", "type": ["text"]}, 0),
        (lambda _: deleted(), {}, 0),
        (lambda _: deleted(), {"type": ["revoke"]}, 1),
        (lambda _: deleted(), {"type": ["revoke"], "target": ["Gate", "Anna"]}, 1),
        (lambda _: deleted(), {"type": ["revoke"], "target": ["Ben"]}, 0),
        (lambda _: reaction("👍"), {"type": ["reaction"]}, 1),
        (lambda _: reaction(""), {"type": ["reaction"]}, 0),
    ],
    ids=lambda value: "post" if callable(value) else str(value),
)
@pytest.mark.usefixtures("freezer")
async def test_what_is_not_said_to_the_number_now(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    post: Callable[[str], str],
    chosen: dict[str, Any],
    ran: int,
) -> None:
    await automate_by(hass, when("message_received", **options(house, **chosen)))
    receive(house, post("Open"))
    await hass.async_block_till_done()
    assert len(runs) == ran


@pytest.mark.usefixtures("freezer")
async def test_nothing_that_nobody_said_comes_once_the_automation_is_off(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall]
) -> None:
    await automate_by(hass, when("message_received", type=["revoke"]))
    await reload_automations(hass)
    receive(house, deleted())
    await hass.async_block_till_done()
    assert runs == []


async def test_a_few_automations_are_told_that_a_message_is_not_meant(
    hass: HomeAssistant, house: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    await automate(
        hass,
        *(
            {
                "id": f"id_{index}",
                "alias": f"One {index}",
                "triggers": [when("message_received", text="Open")],
                "actions": [RUN],
            }
            for index in range(MOST_REPORTS + 5)
        ),
    )
    client = await hass_ws_client()
    for told in (1, 2):
        receive(house, text("Close"))
        await hass.async_block_till_done()
        await client.send_json_auto_id({"type": "trace/list", "domain": "automation"})
        traces = (await client.receive_json())["result"]
        assert len(traces) == told * MOST_REPORTS


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("OPEN ", ["is", "contains", "regex", "any"]),
        ("Open", ["is", "exact", "contains", "regex", "any"]),
        ("please open", ["contains", "any"]),
        ("Close", ["any"]),
        ("open" + " " * MAX_TEXT, ["any"]),
    ],
    ids=["folded", "exact", "within", "another", "too long"],
)
async def test_behind_many_that_wait_for_another_text_all_that_are_meant_run(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    said: str,
    meant: list[str],
) -> None:
    waiting: dict[str, dict[str, Any]] = {
        "is": {"text": "open"},
        "exact": {"text": "Open", "exact": True},
        "contains": {"text": "open", "match": "contains"},
        "regex": {"text": "^open$", "match": "regex"},
        "any": {},
    }
    others = [when("message_received", text=f"Word {each}") for each in range(MOST_REPORTS + 5)]
    await automate_by(
        hass,
        *others,
        *(when("message_received", **chosen) | {"id": key} for key, chosen in waiting.items()),
        *others,
    )
    receive(house, text(said))
    await hass.async_block_till_done()
    assert [run.data["id"] for run in runs] == meant
    receive(house, image("https://example.com/x"))
    await hass.async_block_till_done()
    assert [run.data["id"] for run in runs] == [*meant, "any"]


# ---- what is refused ------------------------------------------------------------

IN_QUOTES = "put this in quotes"
NO_TEMPLATES = "templates do not work here"
NO_SENDER = "this can be no sender"
NO_ID = "names, templates and other words do not work here"


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        # What YAML makes of 0123, 21:30, on, 2026-11-26 and 1.5 without quotes.
        ("text: 0123", IN_QUOTES),
        ("text: 21:30", IN_QUOTES),
        ("text: on", IN_QUOTES),
        ("text: 2026-11-26", IN_QUOTES),
        ("text: 1.5", IN_QUOTES),
        ("button: [010]", IN_QUOTES),
        ("numbers: +447700900456", IN_QUOTES),
        ("numbers: [60777]", IN_QUOTES),
        ("channel: 1", IN_QUOTES),
        ("type: off", IN_QUOTES),
        ("text:", "a text is needed here"),
        ("text: [open]", "a text is needed here"),
        ("text: '{{ code }}'", NO_TEMPLATES),
        ("{text: '{% x %}', match: regex}", NO_TEMPLATES),
        ("""button: "{{ 'OPEN_' ~ context.id }}" """, NO_TEMPLATES),
        ("""numbers: "{{ trigger.message['from'] }}" """, NO_TEMPLATES),
        ("channel: ['{{ x }}']", NO_TEMPLATES),
        ("numbers: '+44 7700 900456 (mobile)'", NO_SENDER),
        ("numbers: 447700900456@s.whatsapp.net", NO_SENDER),
        ("numbers: person/anna", NO_SENDER),
        ("numbers: 'My bank: PIN'", NO_SENDER),
        ("numbers: Twelve chars", NO_SENDER),
        ("numbers: '12'", "write it with + and the country code"),
        ("numbers: []", "nothing is chosen here"),
        ("max_age: 0", "no message is this young"),
        ("{sender: anyone, numbers: '+447700900456'}", "anyone cannot be meant beside"),
    ],
)
async def test_what_can_never_match_is_refused_with_what_to_write(
    hass: HomeAssistant,
    house: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    chosen: str,
    sentence: str,
) -> None:
    options = parse_yaml(chosen)
    assert isinstance(options, dict)
    name = "button_tapped" if "button" in options else "message_received"
    await automate_by(hass, {"trigger": f"intellisms.{name}", "options": options})
    assert hass.states.is_state(AUTOMATION, STATE_UNAVAILABLE)
    assert sentence in caplog.text


@pytest.mark.parametrize(
    ("meant", "sender", "sentence"),
    [
        ({"device_id": "{{ x }}"}, "known", NO_ID),
        ({"entity_id": "{{ x }}"}, "known", NO_ID),
        ({"entity_id": "all"}, "known", NO_ID),
        ({"device_id": "Anna"}, "known", NO_ID),
        ({"device_id": []}, "known", "nothing is chosen here"),
        (None, "known", "say who is meant by entity_id"),
        ({"entity_id": "event.anna_message"}, "anyone", "anyone cannot be meant beside"),
    ],
)
async def test_a_target_that_can_mean_nobody_is_refused_with_what_to_write(
    hass: HomeAssistant,
    house: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    meant: Any,
    sender: str,
    sentence: str,
) -> None:
    await automate_by(hass, when("message_received", target=meant, sender=sender))
    assert hass.states.is_state(AUTOMATION, STATE_UNAVAILABLE)
    assert sentence in caplog.text


@pytest.mark.parametrize("sender", ["GB.10000000000000000001", "MyBank", "Eleven char", "60777"])
async def test_what_messages_come_from_can_be_listed(
    hass: HomeAssistant, house: MockConfigEntry, runs: list[ServiceCall], sender: str
) -> None:
    await automate_by(hass, when("message_received", numbers=sender))
    receive(house, posted(text("Open"), **{"from": sender}))
    await hass.async_block_till_done()
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("fields", "channel", "runs_"),
    [
        ({"from": "447700900666"}, "whatsapp", 1),
        ({"from": ""}, "whatsapp", 1),
        # Only WhatsApp gives ids.
        ({"from": "447700900666"}, "sms", 0),
        ({"from": ""}, "sms", 0),
    ],
)
async def test_an_id_of_whatsapp_is_listed_beside_a_number_and_alone(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    fields: dict[str, Any],
    channel: str,
    runs_: int,
) -> None:
    user_id = "GB.10000000000000000001"
    await automate_by(hass, when("message_received", numbers=user_id))
    receive(house, posted(text("Open", channel=channel), from_user_id=user_id, **fields))
    await hass.async_block_till_done()
    assert len(runs) == runs_


async def test_what_a_contact_has_can_be_listed(
    hass: HomeAssistant, runs: list[ServiceCall]
) -> None:
    odd = "Front door/left"
    entry = await set_up(hass, account([virtual_number(), contact("Door", odd)]))
    await hass.config_entries.async_unload(entry.entry_id)
    await automate_by(hass, when("message_received", numbers=odd))
    await hass.config_entries.async_setup(entry.entry_id)
    receive(entry, posted(text("Open"), **{"from": odd}))
    await hass.async_block_till_done()
    assert len(runs) == 1


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
    ("button_tapped", {"button": [""]}),
    ("message_received", {"exact": "perhaps"}),
    # A target of which nothing is left, and a form of old.
    ("message_received", {"target": {"device_id": []}}),
    ("button_tapped", {"target": {"label_id": [], "device_id": []}}),
    ("message_received", {"virtual_number": [GONE]}),
    ("message_received", {"contacts": [GONE]}),
    ("message_received", {"numbers": []}),
    ("message_received", {"channel": []}),
    ("message_received", {"type": []}),
    ("message_received", {"channel": None}),
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
    ("button_tapped", {"numbers": []}),
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
        ({}, "{{ trigger.words }}", ["Sesame"]),
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
        when("message_received", **options(house, target=["Anna"], **chosen)),
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
                        **options(house, target=[number, person]),
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


@pytest.mark.parametrize(("name", "other"), [("Anna", "Ben"), ("Gate", "Shop")])
@pytest.mark.parametrize("trigger", ["message_received", "button_tapped"])
async def test_a_choice_that_is_removed_matches_nobody_and_is_told(
    hass: HomeAssistant,
    house: MockConfigEntry,
    runs: list[ServiceCall],
    trigger: str,
    name: str,
    other: str,
) -> None:
    await automate_by(hass, when(trigger, **options(house, target=[name])))
    assert _gone_issues(hass) == []
    [subentry] = [s for s in house.subentries.values() if s.title == name]
    assert hass.config_entries.async_remove_subentry(house, subentry.subentry_id)
    await hass.async_block_till_done()
    await _receive_all(hass, house)
    assert runs == []
    [named] = _gone_issues(hass)
    assert "One" in str(named["automation"])
    # Choosing anew and saving makes it good.
    mended = when(trigger, **options(house, target=[other]))
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
    while not {f"intellisms.{name}" for name in TRIGGERS} <= listed.keys():
        listed |= (await client.receive_json())["event"]
    for name, trigger in TRIGGERS.items():
        description = listed[f"intellisms.{name}"]
        fields = description["fields"]
        if not issubclass(trigger, MessageTrigger | DeliveryTrigger):
            continue
        assert set(fields) == set(trigger.FIELDS)
        # Reports are about those who can be written to, of whom each has a `notify` entity.
        domain = "notify" if trigger is DeliveryTrigger else "event"
        assert description["target"]["entity"] == [{"integration": DOMAIN, "domain": [domain]}]
        # What has a value all the time has no tick box, and the value is that of the schema.
        defaults = {
            str(key): key.default() for key in trigger.FIELDS if key.default is not vol.UNDEFINED
        }
        for field, about in fields.items():
            assert about.get("required", False) is (field in defaults)
            assert about.get("default") == (
                {"minutes": 5}
                if (name, field) == ("button_tapped", "max_age")
                else defaults.get(field)
            )
