"""Adding a virtual number by sending a text to it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import json
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.dispatcher import DATA_DISPATCHER
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms.const import DOMAIN, SUBENTRY_CONTACT, SUBENTRY_VIRTUAL_NUMBER
from custom_components.intellisms.issues import DIALOG_TIME
from custom_components.intellisms.protocol import Message
from custom_components.intellisms.receiving.signals import SIGNAL_MESSAGE

from ..household import (
    GATE,
    SENDER,
    WEBHOOK_ID,
    account,
    add,
    contact,
    devices,
    sms,
    virtual_number,
)
from ..running import URL, Post, set_up, state
from .dialog import Flow, subentries, suggested

SHED = "+447700900123"


@pytest.fixture
async def waiting(flow: Flow) -> Flow:
    """Return a dialog that waits for the first message."""
    await flow.choose("wait")
    return flow


@pytest.fixture
async def caught(waiting: Flow, own_door: Post) -> Flow:
    """Return a dialog that shows the first message."""
    await own_door(sms("Open, please", to=SHED))
    assert (await waiting.look())["step_id"] == "caught"
    return waiting


def listeners(hass: HomeAssistant) -> int:
    """Count who listens for messages."""
    return len(hass.data[DATA_DISPATCHER].get(SIGNAL_MESSAGE, ()))


async def check_that_it_still_waits(flow: Flow, post: Post) -> None:
    """Check that nothing has been caught so far, by sending what has to be."""
    assert (await flow.look())["type"] is FlowResultType.SHOW_PROGRESS
    await post(sms("The first one", to="+447700900888"))
    result = await flow.look()
    assert result["description_placeholders"]["text"] == "The first one"


async def seconds_pass(hass: HomeAssistant, seconds: float = 61) -> None:
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await hass.async_block_till_done()


# ---- the first message --------------------------------------------------------------


async def test_the_first_message_is_caught_through_each_door(
    hass: HomeAssistant, loaded: MockConfigEntry, waiting: Flow, door: Post
) -> None:
    assert waiting.result["type"] is FlowResultType.SHOW_PROGRESS
    assert (waiting.result["step_id"], waiting.result["progress_action"]) == ("wait", "wait")
    assert await door(sms("Open, please", to=SHED)) == 200
    result = await waiting.look()
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "caught")
    assert result["description_placeholders"] == {
        "number": SHED,
        "sender": SENDER,
        "text": "Open, please",
    }
    result = await waiting.submit(name="Shed")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    shed = subentries(loaded, SUBENTRY_VIRTUAL_NUMBER)["Shed"]
    assert (dict(shed.data), shed.unique_id) == ({"number": SHED}, SHED)
    assert subentries(loaded, SUBENTRY_CONTACT) == {}
    assert state(hass, "sensor.shed_last_message").state == "Open, please"
    assert state(hass, "sensor.shed_last_sender").state == SENDER
    assert state(hass, "sensor.shed_messages_received").state == "1"
    event = state(hass, "event.shed_message")
    assert (event.attributes["event_type"], event.attributes["to_name"]) == ("text", "Shed")


async def test_only_the_first_message_counts(waiting: Flow, own_door: Post) -> None:
    await own_door(sms("First", to=SHED))
    await own_door(sms("Second", to="+447700900456"))
    result = await waiting.look()
    assert result["description_placeholders"]["text"] == "First"
    assert result["description_placeholders"]["number"] == SHED


async def test_a_message_that_came_before_the_choice_to_wait(flow: Flow, own_door: Post) -> None:
    await own_door(sms(to=SHED))
    await flow.choose("wait")
    assert (await flow.look())["step_id"] == "caught"


@pytest.mark.parametrize("name", ["", "  "])
async def test_a_number_needs_a_name(loaded: MockConfigEntry, caught: Flow, name: str) -> None:
    """Else the number would be in entity ids, which core logs."""
    result = await caught.submit(name=name, contact_name="Alice")
    assert result["errors"] == {"name": "name_missing"}
    assert suggested(result) == {"name": name, "contact_name": "Alice"}
    result = await caught.submit(name="Shed")
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("empty", ["", "  ", "\u200b"])
async def test_a_sender_without_a_name_is_not_kept(
    loaded: MockConfigEntry, caught: Flow, empty: str
) -> None:
    result = await caught.submit(name="Shed", contact_name=empty)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert subentries(loaded, SUBENTRY_CONTACT) == {}


async def test_keeping_the_sender(
    hass: HomeAssistant, loaded: MockConfigEntry, caught: Flow, own_door: Post
) -> None:
    result = await caught.submit(name="Shed", contact_name=" Alice ")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    contact = subentries(loaded, SUBENTRY_CONTACT)["Alice"]
    assert dict(contact.data) == {"numbers": [SENDER], "person": None}
    await hass.async_block_till_done()
    # The contact's own entities show the message that was caught, and fire nothing.
    event = state(hass, "event.alice_message")
    assert (event.attributes["text"], event.attributes["from_name"]) == ("Open, please", "Alice")
    assert state(hass, "sensor.alice_last_message").state == "Open, please"
    await own_door(sms("Again", to=SHED))
    assert state(hass, "sensor.shed_last_sender").state == "Alice"


async def test_a_name_that_a_contact_has(
    hass: HomeAssistant, loaded: MockConfigEntry, caught: Flow
) -> None:
    add(hass, loaded, contact("Alice", "+447700900321"))
    result = await caught.submit(name="Shed", contact_name=" alice")
    assert result["errors"] == {"contact_name": "contact_name_taken"}
    result = await caught.submit(name="Shed", contact_name="Alice B.")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert list(subentries(loaded, SUBENTRY_CONTACT)) == ["Alice", "Alice B."]


@pytest.mark.parametrize(
    ("sender", "shown"),
    [(SENDER, "Alice"), (GATE, GATE), (None, "?")],
    ids=["a contact", "our own number", "none"],
)
async def test_a_sender_that_cannot_be_kept_is_not_offered(
    hass: HomeAssistant, own_door: Post, sender: str | None, shown: str
) -> None:
    entry = account([virtual_number(), contact("Alice", SENDER)])
    await set_up(hass, entry)
    flow = Flow(hass, entry)
    await flow.begin()
    await flow.choose("wait")
    fields: dict[str, Any] = {"to": SHED, "from": sender}
    await own_door(sms(**fields))
    result = await flow.look()
    assert [str(field) for field in result["data_schema"].schema] == ["name"]
    assert result["description_placeholders"]["sender"] == shown
    assert (await flow.submit(name="Shed"))["type"] is FlowResultType.CREATE_ENTRY
    assert len(subentries(entry, SUBENTRY_CONTACT)) == 1


async def test_a_sender_who_is_called_as_a_contact_is(waiting: Flow, own_door: Post) -> None:
    fields: dict[str, Any] = {"to": SHED, "from": "Alice"}
    await own_door(sms(**fields))
    result = await waiting.look()
    assert result["description_placeholders"]["sender"] == "“Alice”"
    assert [str(field) for field in result["data_schema"].schema][1] == "contact_name"


async def test_a_sender_who_became_a_contact_meanwhile_is_not_kept_twice(
    hass: HomeAssistant, loaded: MockConfigEntry, caught: Flow
) -> None:
    add(hass, loaded, contact("Alice", SENDER))
    await caught.submit(name="Shed", contact_name="Bob")
    assert list(subentries(loaded, SUBENTRY_CONTACT)) == ["Alice"]
    assert "Shed" in subentries(loaded, SUBENTRY_VIRTUAL_NUMBER)


async def test_a_number_that_was_added_meanwhile(
    hass: HomeAssistant, loaded: MockConfigEntry, caught: Flow
) -> None:
    add(hass, loaded, virtual_number(SHED, "Shed"))
    result = await caught.submit(name="Garage")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


BACKTICKS = "`](javascript:x) ![x](https://evil.example/x.png) `"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("`` `code` ``", "'' 'code' ''"),
        (BACKTICKS, BACKTICKS.replace("`", "'")),
        ("one\n\n# two\r\n\n- three\u2028four", "one # two - three four"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("{text} {url}", "{text} {url}"),
        (" \n ", "?"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
@pytest.mark.parametrize("where", ["text", "from", "to"])
async def test_a_strangers_words_stay_words(
    waiting: Flow, own_door: Post, where: str, hostile: str, shown: str
) -> None:
    """All three stand in code spans, which only a backtick or an empty line would end."""
    content = {"msgtype": "text", "text": hostile if where == "text" else "x"}
    sender = {"from": hostile} if where == "from" else {}
    to = hostile if where == "to" else SHED
    await own_door(sms(**sender, to=to, content=content))
    key = {"text": "text", "from": "sender", "to": "number"}[where]
    if where == "from" and shown != "?":
        shown = f"“{shown if len(shown) <= 90 else f'{shown[:89]}…'}”"
    result = await waiting.look()
    if where == "to" and not hostile.strip():
        assert result["step_id"] == "nameless"
        return
    assert result["description_placeholders"][key] == shown


# ---- what is not meant --------------------------------------------------------------


async def test_a_simulated_message_does_not_end_the_wait(
    loaded: MockConfigEntry, waiting: Flow, own_door: Post
) -> None:
    loaded.runtime_data.receiver.async_simulate(
        Message(key="", type="text", channel="sms", to=SHED, sender=SENDER, text="Hello")
    )
    await check_that_it_still_waits(waiting, own_door)


async def test_a_message_seen_before_does_not_end_the_wait(flow: Flow, own_door: Post) -> None:
    await own_door(sms(to=SHED))
    flow.close()
    await flow.begin()
    await flow.choose("wait")
    assert await own_door(sms(to=SHED)) == 200
    await check_that_it_still_waits(flow, own_door)


# ---- what came in its place ---------------------------------------------------------


@pytest.fixture
async def astray(hass: HomeAssistant) -> Flow:
    """Return a dialog of an account with two numbers that lets in known contacts only."""
    numbers = [virtual_number(), virtual_number("+447700900999", "Shop")]
    entry = account([*numbers, contact("Alice", SENDER)], options={"accept": "known"})
    await set_up(hass, entry)
    flow = Flow(hass, entry)
    await flow.begin()
    return flow


@pytest.mark.parametrize("to", [GATE, GATE.removeprefix("+")])
async def test_what_comes_for_a_number_that_is_there_is_told(
    hass: HomeAssistant, loaded: MockConfigEntry, waiting: Flow, own_door: Post, to: str
) -> None:
    gate = devices(loaded)["Gate"]
    dr.async_get(hass).async_update_device(gate, name_by_user="Front `gate`")
    assert await own_door(sms(to=to)) == 200
    result = await waiting.look()
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "another_number")
    assert result["menu_options"] == ["wait", "number", "later"]
    assert result["description_placeholders"] == {"number": GATE, "name": "Front 'gate'"}
    # Once is enough, however often the house is written to.
    assert await own_door(sms("Again", to=to)) == 200
    await waiting.choose("wait")
    assert await own_door(sms("And again", to=to)) == 200
    await check_that_it_still_waits(waiting, own_door)


async def test_what_names_no_number_is_not_taken_for_the_only_one(
    waiting: Flow, own_door: Post
) -> None:
    assert await own_door(sms(to=None)) == 200
    assert (await waiting.look())["step_id"] == "nameless"


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (f"text=Hello&from={SENDER}".replace("+", "%2B"), 200, "nameless"),
        (sms(**{"from": "447700900666"}, to=SHED), 200, "turned_away"),
        ("Hello?", 400, "unreadable"),
    ],
    ids=["nameless", "turned_away", "unreadable"],
)
@pytest.mark.parametrize("early", [True, False], ids=["early", "waiting"])
async def test_what_arrives_without_a_new_number_is_told(
    astray: Flow, own_door: Post, body: str, status: int, told: str, *, early: bool
) -> None:
    if early:
        assert await own_door(body) == status
    await astray.choose("wait")
    if not early:
        assert astray.result["type"] is FlowResultType.SHOW_PROGRESS
        assert await own_door(body) == status
    result = await astray.look()
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, told)
    assert result["menu_options"] == ["wait", "number", "later"]
    # Once is enough; and it still waits for what it was opened for.
    await astray.choose("wait")
    await check_that_it_still_waits(astray, own_door)


async def test_what_came_before_the_dialog_is_not_told(astray: Flow, own_door: Post) -> None:
    astray.close()
    assert await own_door("Hello?") == 400
    await astray.begin()
    await astray.choose("wait")
    # A report about a text that was sent is neither, nor is what came beside a message.
    assert await own_door("msgid=1&status=1&toaddr=447700900555") == 200
    assert await own_door(sms(to=SHED).replace("[", '["Hello?", ')) == 200
    assert (await astray.look())["step_id"] == "caught"


async def test_the_first_message_goes_before_what_came_astray(astray: Flow, own_door: Post) -> None:
    assert await own_door(sms(to=SHED)) == 200
    assert await own_door("Hello?") == 400
    await astray.choose("wait")
    assert (await astray.look())["step_id"] == "caught"


# ---- when nothing comes -------------------------------------------------------------


@pytest.fixture
async def nothing_yet(hass: HomeAssistant, waiting: Flow) -> Flow:
    """Return a dialog that has waited for a minute in vain."""
    await seconds_pass(hass)
    result = await waiting.look()
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "nothing_yet")
    return waiting


async def test_what_is_offered_when_nothing_comes(nothing_yet: Flow) -> None:
    assert nothing_yet.result["menu_options"] == ["wait", "number", "later"]
    address = f"{URL}/api/intellisms/{WEBHOOK_ID}"
    assert nothing_yet.result["description_placeholders"] == {"url": address}
    result = await nothing_yet.choose("number")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "number")


async def test_without_a_url_it_says_so_when_nothing_comes(
    hass: HomeAssistant, waiting: Flow
) -> None:
    await hass.config.async_update(external_url=None)
    await seconds_pass(hass)
    result = await waiting.look()
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "no_url")
    await hass.config.async_update(external_url=URL)
    assert (await waiting.submit())["step_id"] == "another"


async def test_it_waits_for_a_minute(hass: HomeAssistant, waiting: Flow) -> None:
    await seconds_pass(hass, 59)
    assert (await waiting.look())["type"] is FlowResultType.SHOW_PROGRESS


async def test_finishing_later(loaded: MockConfigEntry, nothing_yet: Flow) -> None:
    result = await nothing_yet.choose("later")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "finish_later")
    assert list(subentries(loaded, SUBENTRY_VIRTUAL_NUMBER)) == ["Gate"]


async def test_keeping_on_waiting(hass: HomeAssistant, nothing_yet: Flow, own_door: Post) -> None:
    assert (await nothing_yet.choose("wait"))["type"] is FlowResultType.SHOW_PROGRESS
    await seconds_pass(hass)
    assert (await nothing_yet.look())["step_id"] == "nothing_yet"
    # What comes while nobody waits is not lost either.
    await own_door(sms(to=SHED))
    await nothing_yet.choose("wait")
    assert (await nothing_yet.look())["step_id"] == "caught"


async def test_an_account_that_is_disabled_meanwhile_is_not_waited_for(
    hass: HomeAssistant, loaded: MockConfigEntry, waiting: Flow
) -> None:
    await hass.config_entries.async_set_disabled_by(loaded.entry_id, ConfigEntryDisabler.USER)
    await seconds_pass(hass)
    result = await waiting.look()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")


async def test_one_that_is_disabled_while_a_menu_is_shown(
    hass: HomeAssistant, loaded: MockConfigEntry, nothing_yet: Flow
) -> None:
    await hass.config_entries.async_set_disabled_by(loaded.entry_id, ConfigEntryDisabler.USER)
    result = await nothing_yet.choose("wait")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")


# ---- when the dialog is closed ------------------------------------------------------


async def test_nobody_listens_after_the_dialog(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post
) -> None:
    before = listeners(hass)

    async def at_address(flow: Flow) -> None:
        pass

    async def at_wait(flow: Flow) -> None:
        await flow.choose("wait")

    async def at_nothing_yet(flow: Flow) -> None:
        await flow.choose("wait")
        await seconds_pass(hass)
        assert (await flow.look())["step_id"] == "nothing_yet"

    async def at_caught(flow: Flow) -> None:
        await flow.choose("wait")
        await own_door(sms(to=SHED))
        assert (await flow.look())["step_id"] == "caught"

    stages: list[Callable[[Flow], Any]] = [at_address, at_wait, at_nothing_yet, at_caught]
    for stage in stages:
        flow = Flow(hass, loaded)
        await flow.begin()
        await stage(flow)
        assert listeners(hass) == before + 1, stage.__name__
        flow.close()
        assert listeners(hass) == before, stage.__name__
    assert hass.config_entries.subentries.async_progress() == []


async def test_the_dialog_goes_with_the_account(
    hass: HomeAssistant, loaded: MockConfigEntry, waiting: Flow
) -> None:
    assert listeners(hass) > 0
    await hass.config_entries.async_remove(loaded.entry_id)
    assert hass.config_entries.subentries.async_progress() == []
    assert listeners(hass) == 0


def waits() -> int:
    """Return how many tasks wait for a first message."""
    return sum(task.get_name() == "intellisms first message" for task in asyncio.all_tasks())


async def test_closing_the_dialog_ends_the_wait(hass: HomeAssistant, waiting: Flow) -> None:
    assert waits() == 1
    waiting.close()
    await hass.async_block_till_done()
    assert waits() == 0


# ---- no repair meanwhile ----------------------------------------------------------------

type Told = list[str]


@pytest.fixture
async def two(hass: HomeAssistant) -> MockConfigEntry:
    """Return a loaded account with two numbers."""
    numbers = [virtual_number(), virtual_number("+447700900999", "Shop")]
    entry = account(numbers)
    await set_up(hass, entry)
    # Else a repair would say that the address was never shown.
    hass.config_entries.async_update_entry(entry, data={**entry.data, "shown_base": URL})
    await hass.async_block_till_done()
    return entry


@pytest.fixture
async def repairs(hass: HomeAssistant, two: MockConfigEntry) -> Told:
    """Return what is raised from here on, by its kind."""
    told: Told = []

    @callback
    def note(event: Event[ir.EventIssueRegistryUpdatedData]) -> None:
        issue = ir.async_get(hass).async_get_issue(DOMAIN, event.data["issue_id"])
        if event.data["action"] == "create" and issue:
            told.append(str(issue.translation_key))

    hass.bus.async_listen(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, note)
    return told


@pytest.fixture
async def dialog(hass: HomeAssistant, two: MockConfigEntry, repairs: Told) -> Flow:
    """Return a dialog that waits, of an account with two numbers."""
    flow = Flow(hass, two)
    await flow.begin()
    await flow.choose("wait")
    return flow


async def test_what_a_dialog_catches_is_in_no_repair(
    hass: HomeAssistant, own_door: Post, dialog: Flow, repairs: Told
) -> None:
    await own_door(sms(to=SHED))
    assert (await dialog.look())["step_id"] == "caught"
    await dialog.submit(name="Shed")
    assert repairs == []


async def test_what_a_dialog_leaves_is_told_when_it_is_closed(
    hass: HomeAssistant, own_door: Post, dialog: Flow, repairs: Told
) -> None:
    await own_door(sms(to=SHED))
    assert repairs == []
    # Of the address this one tells nothing.
    await hass.config.async_update(external_url="https://other.example.com")
    await hass.async_block_till_done()
    assert repairs == ["address_changed"]
    dialog.close()
    assert repairs == ["address_changed", "unknown_number"]


async def test_of_the_address_the_dialog_of_the_first_number_tells(
    hass: HomeAssistant, two: MockConfigEntry, repairs: Told
) -> None:
    for subentry_id in list(two.subentries):
        hass.config_entries.async_remove_subentry(two, subentry_id)
    flow = Flow(hass, two)
    await flow.begin()
    await hass.config.async_update(external_url="https://other.example.com")
    await hass.async_block_till_done()
    assert repairs == []
    flow.close()
    assert repairs == ["address_changed"]


async def test_a_url_that_is_set_while_the_dialog_asks_for_it_is_in_no_repair(
    hass: HomeAssistant, two: MockConfigEntry, repairs: Told
) -> None:
    for subentry_id in list(two.subentries):
        hass.config_entries.async_remove_subentry(two, subentry_id)
    await hass.config.async_update(external_url=None)
    await hass.async_block_till_done()
    flow = Flow(hass, two)
    assert (await flow.begin())["step_id"] == "no_url"
    await hass.config.async_update(external_url="https://other.example.com")
    await hass.async_block_till_done()
    assert (await flow.submit())["step_id"] == "address"
    # It was raised before there was a dialog.
    assert repairs == ["not_reachable"]


async def test_of_two_dialogs_the_last_leaves_it_to_repairs(
    hass: HomeAssistant, two: MockConfigEntry, own_door: Post, dialog: Flow, repairs: Told
) -> None:
    second = Flow(hass, two)
    await second.begin()
    dialog.close()
    await own_door(sms(to=SHED))
    assert repairs == []
    second.close()
    assert repairs == ["unknown_number"]


async def test_a_dialog_that_is_forgotten_keeps_nothing_from_repairs(
    hass: HomeAssistant, own_door: Post, dialog: Flow, repairs: Told
) -> None:
    await own_door(sms(to=SHED))
    await seconds_pass(hass, DIALOG_TIME.total_seconds() - 1)
    assert repairs == []
    await seconds_pass(hass, DIALOG_TIME.total_seconds() + 1)
    assert repairs == ["unknown_number"]


async def test_what_names_no_number_is_told_by_the_dialog(
    hass: HomeAssistant, own_door: Post, dialog: Flow, repairs: Told
) -> None:
    form = f"text=Hello&from={SENDER}".replace("+", "%2B")
    await own_door(form)
    assert (await dialog.look())["step_id"] == "nameless"
    assert repairs == []
    dialog.close()
    await own_door(form.replace("Hello", "Again"))
    assert repairs == ["no_number_named"]


# ---- as the frontend does it --------------------------------------------------------


async def test_the_whole_way_over_http(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """The frontend also loads each step anew, which the manager allows only where it exists."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()
    base = "/api/config/config_entries/subentries/flow"
    handler = [loaded.entry_id, SUBENTRY_VIRTUAL_NUMBER]
    response = await client.post(base, json={"handler": handler})
    flow_id = (await response.json())["flow_id"]

    async def step(fields: dict[str, Any] | None = None) -> Any:
        if fields is not None:
            response = await client.post(f"{base}/{flow_id}", json=fields)
            assert response.status == 200
        await hass.async_block_till_done()
        response = await client.get(f"{base}/{flow_id}")
        return await response.json()

    assert (await step())["step_id"] == "another"
    assert (await step({"next_step_id": "wait"}))["type"] == "progress"
    await seconds_pass(hass)
    assert (await step())["step_id"] == "nothing_yet"
    assert (await step({"next_step_id": "wait"}))["type"] == "progress"
    response = await client.post(f"/api/intellisms/{WEBHOOK_ID}", data=sms(to=SHED))
    assert response.status == 200
    form = await step()
    assert [field["name"] for field in form["data_schema"]] == ["name", "contact_name"]
    response = await client.post(
        f"{base}/{flow_id}", data=json.dumps({"name": "Shed", "contact_name": "Alice"})
    )
    assert (await response.json())["type"] == "create_entry"
    assert "Shed" in subentries(loaded, SUBENTRY_VIRTUAL_NUMBER)
