"""The trigger on how far a message has come, by what is posted to our door."""

import asyncio
import json
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    label_registry as lr,
)
from homeassistant.helpers.trigger import NotTriggeredInfo, Trigger, TriggerConfig
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.intellisms.const import DOMAIN, EVENT_MESSAGE_STATUS
from custom_components.intellisms.delivery_trigger import DeliveryTrigger
from custom_components.intellisms.protocol import STATUS_WORDS
from custom_components.intellisms.target import Target
from scripts.house.provider_api import Play, ProviderApi, Taken, report

from .household import ANNA, BEN, CARL, STRANGER, devices
from .log import keep_secret
from .running import Post, automate, settle, target

CODES = {word: code for code, word in STATUS_WORDS.items()}
AUTOMATION = "automation.one"
RUN = {"action": "test.run", "data": {"report": "{{ trigger.report }}"}}
# Who can be written to, and what an automation may be told of each.
PEOPLE = {"anna": ANNA, "ben": BEN, "carl": CARL, "stranger": STRANGER}

type Runs = list[ServiceCall]


def told(number: str, status: str = "delivered", **other: Any) -> bytes:
    """Return the provider's post of a report on a message to a number."""
    taken = Taken(id=f"{number}{status}", to=number.removeprefix("+"), message={})
    keep_secret([taken.id])
    body = json.loads(report(taken, status, CODES.get(status) or 0))
    body["notifications"][0] |= other
    return json.dumps(body).encode()


async def listen(hass: HomeAssistant, meant: dict[str, Any] | None = None, **options: Any) -> None:
    """Set up an automation."""
    trigger: dict[str, Any] = {"trigger": "intellisms.delivery_changed"}
    if meant is not None:
        trigger["target"] = meant
    if options:
        trigger["options"] = options
    await automate(
        hass,
        {"id": "one", "alias": "One", "mode": "queued", "triggers": [trigger], "actions": [RUN]},
    )


async def all_told(door: Post, *statuses: str) -> None:
    """Post reports on messages to all people."""
    for number in PEOPLE.values():
        for status in statuses or ("delivered",):
            assert await door(told(number, status)) == 200
    await settle()


def names(runs: Runs) -> set[str]:
    """Return whom the automation ran for."""
    by_number = {number: name for name, number in PEOPLE.items()}
    return {by_number[call.data["report"]["to"]] for call in runs}


# ---- who is meant -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meant", "expected"),
    [
        (None, ["anna", "ben", "carl", "stranger"]),
        ([], ["anna", "ben", "carl", "stranger"]),
        (["Anna"], ["anna"]),
        (["Anna", "Carl"], ["anna", "carl"]),
        # Virtual numbers are nobody that is written to.
        (["Gate", "Anna"], ["anna"]),
        # Who is gone is nobody, and does not make it anybody.
        (["0" * 32], []),
        (["Gate", "0" * 32], []),
        (["Anna", "0" * 32], ["anna"]),
    ],
    ids=str,
)
async def test_target(
    hass: HomeAssistant,
    house: MockConfigEntry,
    own_door: Post,
    runs: Runs,
    meant: list[str] | None,
    expected: list[str],
) -> None:
    chosen = None if meant is None else target(house, *meant) if meant else {}
    await listen(hass, chosen)
    await all_told(own_door)
    assert names(runs) == set(expected)
    assert len(runs) == len(expected)


@pytest.mark.parametrize("kind", ["entity_id", "area_id", "label_id"])
async def test_any_way_to_name_a_contact(
    hass: HomeAssistant,
    writing: MockConfigEntry,
    own_door: Post,
    runs: Runs,
    kind: str,
) -> None:

    area, label = ar.async_get(hass).async_create("Home"), lr.async_get(hass).async_create("Ours")
    for name in ("Anna", "Gate"):
        dr.async_get(hass).async_update_device(
            devices(writing)[name], area_id=area.id, labels={label.label_id}
        )
    one = {"entity_id": "notify.anna", "area_id": area.id, "label_id": label.label_id}[kind]
    await listen(hass, {kind: one})
    await all_told(own_door)
    assert names(runs) == {"anna"}


@pytest.mark.parametrize(
    ("meant", "excluded", "expected"),
    [
        ([], ["Anna"], ["ben", "carl", "stranger"]),
        ([], ["0" * 32], ["anna", "ben", "carl"]),
        (["Anna", "Ben"], ["Anna"], ["ben"]),
        (["Gate"], ["Anna"], []),
        ([], ["Gate"], ["anna", "ben", "carl", "stranger"]),
    ],
    ids=str,
)
def test_who_is_left_out(
    hass: HomeAssistant,
    house: MockConfigEntry,
    meant: list[str],
    excluded: list[str],
    expected: list[str],
) -> None:
    """As Home Assistant's editor has it since 2026.11."""
    chosen = target(house, *meant) if meant else {}
    found = Target(hass, {**chosen, "exclude": target(house, *excluded)}).now
    ids = {name: devices(house).get(name.capitalize()) for name in PEOPLE}
    assert {name for name, one in ids.items() if found.has_recipient(one)} == set(expected)


async def test_an_entry_that_is_not_loaded_yet(
    hass: HomeAssistant, house: MockConfigEntry, own_door: Post, runs: Runs
) -> None:
    meant = target(house, "Anna")
    await hass.config_entries.async_unload(house.entry_id)
    await listen(hass, meant)
    assert await hass.config_entries.async_setup(house.entry_id)
    await all_told(own_door)
    assert names(runs) == {"anna"}


# ---- what is meant ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "statuses"),
    [
        ({}, ["queued", "delivered", "read", "expired", "rejected"]),
        ({"status": ["delivered"]}, ["delivered"]),
        ({"status": "read"}, ["read"]),
        ({"status": ["read", "Expired"]}, ["read", "expired"]),
        ({"category": ["success"]}, ["delivered", "read"]),
        ({"category": ["interim"]}, ["queued"]),
        ({"category": ["failure", "rejection"]}, ["expired", "rejected"]),
        ({"category": ["success"], "status": ["read", "expired"]}, ["read"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("as_form", [False, True])
async def test_options(
    hass: HomeAssistant,
    house: MockConfigEntry,
    own_door: Post,
    runs: Runs,
    options: dict[str, Any],
    statuses: list[str],
    *,
    as_form: bool,
) -> None:
    """A form does not say of which category a status is; it is the same one."""
    categories = {
        "queued": "interim",
        "delivered": "success",
        "read": "success",
        "expired": "failure",
        "rejected": "rejection",
    }
    await listen(hass, **options)
    for status, category in categories.items():
        form = f"msgid=1&status={CODES[status]}&toaddr={ANNA.removeprefix('+')}"
        body = form if as_form else told(ANNA, status, category=category)
        assert await own_door(body) == 200
    await settle()
    assert [call.data["report"]["status"] for call in runs] == statuses
    assert all(
        call.data["report"]["category"] == categories[call.data["report"]["status"]]
        for call in runs
    )


@pytest.mark.parametrize("status", STATUS_WORDS.values())
async def test_each_status_has_a_category(
    hass: HomeAssistant, house: MockConfigEntry, own_door: Post, runs: Runs, status: str
) -> None:
    await listen(hass, category=["success", "interim", "failure", "rejection"])
    form = f"msgid=1&status={CODES[status]}&toaddr={ANNA.removeprefix('+')}"
    assert await own_door(form) == 200
    await settle()
    assert len(runs) == (0 if status == "unknown" else 1)


@pytest.mark.parametrize(
    "options",
    [
        {"status": []},
        {"status": None},
        {"status": ["arrived"]},
        {"status": ["{{ 'read' }}"]},
        {"category": []},
        {"category": ["good"]},
        {"text": "Open"},
    ],
    ids=str,
)
async def test_what_can_never_be_reported_is_refused(
    hass: HomeAssistant, house: MockConfigEntry, options: dict[str, Any]
) -> None:
    await listen(hass, **options)
    assert hass.states.is_state(AUTOMATION, STATE_UNAVAILABLE)


@pytest.mark.parametrize(
    "meant",
    [{"device_id": []}, {"entity_id": "Anna"}, {"device_id": "{{ 'x' }}"}, {"who": "Anna"}],
    ids=str,
)
async def test_a_target_that_is_none_is_refused(
    hass: HomeAssistant, house: MockConfigEntry, meant: dict[str, Any]
) -> None:
    await listen(hass, meant)
    assert hass.states.is_state(AUTOMATION, STATE_UNAVAILABLE)


async def test_a_virtual_number_alone_is_refused(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    config = {"target": target(house, "Gate")}
    with pytest.raises(vol.Invalid, match="choose contacts here"):
        await DeliveryTrigger.async_validate_config(hass, config)


# ---- how it fires -------------------------------------------------------------------


async def test_each_status_once(
    hass: HomeAssistant, house: MockConfigEntry, own_door: Post, runs: Runs
) -> None:
    await listen(hass)
    for _ in range(2):
        await all_told(own_door, "delivered", "read", "delivered")
    assert len(runs) == 2 * len(PEOPLE)


async def test_what_it_tells(
    hass: HomeAssistant, writing: MockConfigEntry, own_door: Post, runs: Runs, api: ProviderApi
) -> None:
    events = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    await listen(hass, target(writing, "Anna"))
    keep_secret(["Hello there"])
    await hass.services.async_call(
        DOMAIN,
        "send_message",
        {"message": "Hello there", "entity_id": "notify.anna"},
        blocking=True,
    )
    [taken] = api.taken
    # That of nobody knows which message.
    assert await own_door(told(ANNA)) == 200
    assert await own_door(report(taken, "delivered", 4)) == 200
    await settle()
    of_unknown, of_known = (call.data["report"] for call in runs)
    more = ("channel", "type", "sent", "question")
    for told_of, event in zip((of_unknown, of_known), events, strict=True):
        assert {key: told_of[key] for key in event.data} == event.data
        assert told_of.keys() == {*event.data, *more}
    assert [of_unknown[key] for key in more] == [None] * 4
    sent = hass.states.get("sensor.anna_last_delivery")
    assert sent
    assert [of_known[key] for key in more] == ["sms", "text", sent.attributes["sent"], None]
    assert runs[1].context.parent_id == events[1].context.id


async def test_why_it_did_not_trigger(
    hass: HomeAssistant, house: MockConfigEntry, own_door: Post
) -> None:
    async def attach(**options: Any) -> list[NotTriggeredInfo]:
        config = await DeliveryTrigger.async_validate_config(
            hass, {"target": target(house, "Anna"), "options": options}
        )
        reasons: list[NotTriggeredInfo] = []

        def did_not(info: NotTriggeredInfo, _context: Context | None = None) -> None:
            reasons.append(info)

        trigger: Trigger = DeliveryTrigger(
            hass, TriggerConfig(key="x", target=config["target"], options=config["options"])
        )
        await trigger.async_attach_runner(lambda *_: None, did_not)  # type: ignore[arg-type]
        return reasons

    by_status, by_category = await attach(status=["read"]), await attach(category=["failure"])
    await all_told(own_door)
    assert [info.reason for info in by_status] == ["status_differs"]
    assert [info.reason for info in by_category] == ["category_differs"]


async def test_by_target(
    hass: HomeAssistant, writing: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    """The editor offers it for whom can be written to."""
    await listen(hass)
    client = await hass_ws_client()
    for name, is_offered in (("Anna", True), ("Gate", False)):
        await client.send_json_auto_id(
            {"type": "get_triggers_for_target", "target": target(writing, name)}
        )
        offered = (await client.receive_json())["result"]
        assert ("intellisms.delivery_changed" in offered) is is_offered


@pytest.mark.parametrize("unloads", [False, True])
async def test_a_report_before_the_answer_waits_for_it(
    hass: HomeAssistant,
    writing: MockConfigEntry,
    own_door: Post,
    runs: Runs,
    api: ProviderApi,
    *,
    unloads: bool,
) -> None:
    """Nobody knows before what message it is about, or whether it is one of ours."""
    await listen(hass)
    keep_secret(["Hello there"])
    data = {"message": "Hello there", "entity_id": "notify.anna"}
    await hass.services.async_call(DOMAIN, "send_message", data, blocking=True)
    earlier = api.taken.pop()
    api.plays[None] = Play.HANG
    sends = hass.async_create_task(
        hass.services.async_call(DOMAIN, "send_message", data, blocking=True)
    )
    await api.taken_are(1)
    for body in (
        report(api.taken[0], "sent", 3),
        report(earlier, "queued", 2),
        told(ANNA, "expired"),
        told(BEN, "read"),
        report(api.taken[0], "delivered", 4),
    ):
        assert await own_door(body) == 200
    await settle()
    assert [call.data["report"]["status"] for call in runs] == ["queued", "read"]
    if unloads:
        assert await hass.config_entries.async_unload(writing.entry_id)
    else:
        api.go_on()
    await asyncio.wait([sends])
    await settle()
    assert (sends.exception() is None) is not unloads
    channel = None if unloads else "sms"
    assert [(call.data["report"]["status"], call.data["report"]["channel"]) for call in runs] == [
        ("queued", "sms"),
        ("read", None),
        ("sent", channel),
        ("expired", None),
        ("delivered", channel),
    ]
