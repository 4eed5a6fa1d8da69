"""The action *Reply*: which message it answers, to whom and how, and who may."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_test_home_assistant,
)

from custom_components.intellisms.const import CONF_KEEP_OFF_DISK, DOMAIN
from custom_components.intellisms.sending.errors import SendingError
from custom_components.intellisms.sending.replies import DATA_REMEMBERED, MAX_REMEMBERED
from scripts.house.provider_api import ProviderApi, report
from tests.asked import NAME, asked, tap
from tests.household import (
    ANNA,
    BEN,
    GATE,
    SHOP,
    STRANGER,
    account,
    add,
    contact,
    deleted,
    devices,
    household,
    in_a_group,
    message_id,
    posted,
    saying,
    text,
    together,
)
from tests.log import keep_secret
from tests.provider_api import with_keys
from tests.running import automate, pass_time, receive, set_up, settle, when

from .conftest import Notifiers, SentEvents

TEXT = "The code is 9137"
DAY = timedelta(hours=24)
ID = "GB.13491208655302741918"
REPLY = {"action": "intellisms.reply", "data": {"message": TEXT}}
OURS = when("message_received", sender="anyone")

type Storage = dict[str, Any]
type Messages = list[Event[dict[str, Any]]]


@pytest.fixture(autouse=True)
def secrets() -> None:
    """Look for what is sent in all that is logged."""
    keep_secret([TEXT, STRANGER, ANNA, BEN, ID])


def sent(api: ProviderApi) -> list[tuple[str, str, str]]:
    """Return, and forget, to whom, from which number and by which channel it went."""
    went = [(f"+{one.to}", f"+{one.message['from']}", one.message["channel"]) for one in api.taken]
    api.taken.clear()
    return went


async def reply(hass: HomeAssistant, context: Context | None = None, **data: Any) -> Any:
    """Reply and return what is told of it."""
    return await hass.services.async_call(
        DOMAIN, "reply", {"message": TEXT, **data}, blocking=True, return_response=True,
        context=context,
    )  # fmt: skip


async def refused(hass: HomeAssistant, context: Context | None = None, **data: Any) -> str:
    """Return why nothing went out, by the key of the text, which quotes nothing."""
    with pytest.raises(ServiceValidationError) as caught:
        await reply(hass, context, **data)
    said = str(caught.value)
    assert "{" not in said
    for secret in (ANNA, BEN, STRANGER, TEXT, "7009"):
        assert secret.removeprefix("+") not in said
    assert caught.value.translation_key
    return caught.value.translation_key


def run_by(message: Event[dict[str, Any]], **more: Any) -> Context:
    """Return the context of an automation that a message has set off."""
    return Context(parent_id=message.context.id, **more)


# ---- the message that set it off --------------------------------------------------


@pytest.mark.parametrize(
    "trigger",
    [
        OURS,
        {"trigger": "event", "event_type": "intellisms_message_received"},
        {"trigger": "state", "entity_id": "event.gate_message"},
        {"trigger": "state", "entity_id": "event.anna_message"},
        {"trigger": "state", "entity_id": "sensor.gate_last_message", "to": "Hello"},
        {"trigger": "template", "value_template": "{{ is_state('sensor.anna_last_message', 'Hello') }}"},
    ],
    ids=["ours", "event", "number", "contact", "text", "template"],
)  # fmt: skip
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
async def test_whatever_trigger_heard_of_it(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    trigger: Mapping[str, Any],
    channel: str,
) -> None:
    automation = {"alias": "One", "triggers": [trigger], "actions": [REPLY]}
    await automate(hass, automation)
    receive(sending_house, text("Hello", channel=channel))
    await hass.async_block_till_done()
    assert sent(api) == [(ANNA, GATE, channel)]


ANSWER = {"answer": {"sequence": [REPLY]}}
OTHER = {
    "alias": "Other",
    "triggers": [{"trigger": "event", "event_type": "other"}],
    "actions": [REPLY],
}


@pytest.mark.parametrize(
    "action",
    [
        {"choose": [{"conditions": "{{ true }}", "sequence": [REPLY]}]},
        {"parallel": [{"sequence": [{"if": "{{ true }}", "then": [REPLY]}]}]},
        {"repeat": {"count": 1, "sequence": [REPLY]}},
        {"action": "script.answer"},
        {"action": "script.turn_on", "target": {"entity_id": "script.answer"}},
        {"action": "homeassistant.turn_on", "target": {"entity_id": "script.answer"}},
        # What it sets off in its turn has the message for its cause too.
        {"event": "other"},
        {"action": "automation.trigger", "target": {"entity_id": "automation.other"}},
        {"action": "script.asks"},
    ],
    ids=["choose", "parallel", "repeat", "script", "on", "core", "event", "automation", "further"],
)
async def test_however_it_is_called(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, action: Any
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    scripts = ANSWER | {"asks": {"sequence": [{"event": "other"}]}}
    assert await async_setup_component(hass, "script", {"script": scripts})
    one = {"alias": "One", "triggers": [OURS], "actions": [action]}
    await automate(hass, one, OTHER)
    receive(sending_house, text("Hello", to=SHOP))
    await hass.async_block_till_done()
    assert sent(api) == [(ANNA, SHOP, "sms")]


async def test_the_answer_to_a_question_is_answered(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi
) -> None:
    trigger = when("question_answered", question=[NAME])
    await automate(hass, {"alias": "One", "triggers": [trigger], "actions": [REPLY]})
    receive(sending_house, tap(asked(sending_house, "Anna")))
    await hass.async_block_till_done()
    assert sent(api) == [(ANNA, GATE, "whatsapp")]


async def test_in_a_blueprint(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, tmp_path: Path
) -> None:
    hass.config.config_dir = str(tmp_path)
    folder = tmp_path / "blueprints" / "automation"
    folder.mkdir(parents=True)
    (folder / "answer.yaml").write_text(
        "blueprint: {name: Answer, domain: automation, input: {words: }}\n"
        "triggers: [{trigger: intellisms.message_received}]\n"
        "actions: [{action: intellisms.reply, data: {message: !input words}}]\n"
    )
    use = {"path": "answer.yaml", "input": {"words": TEXT}}
    await automate(hass, {"alias": "One", "use_blueprint": use})
    receive(sending_house, text("Hello"))
    await hass.async_block_till_done()
    assert sent(api) == [(ANNA, GATE, "sms")]


async def test_each_run_answers_its_own(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    freezer: FrozenDateTimeFactory,
) -> None:
    said = {**REPLY, "data": {"message": "You said {{ trigger.message.text }}"}}
    automation = {"triggers": [OURS], "actions": [{"delay": 5}, said], "mode": "parallel"}
    await automate(hass, {"alias": "One", **automation})
    receive(
        sending_house,
        together(
            text("First"), text("Second", sender=BEN, to=SHOP), text("Third", sender=STRANGER)
        ),
    )
    await settle()
    await pass_time(hass, freezer, 6)
    await hass.async_block_till_done()
    assert {
        (f"+{one.to}", f"+{one.message['from']}", one.message["content"]["text"])
        for one in api.taken
    } == {
        (ANNA, GATE, "You said First"),
        (BEN, SHOP, "You said Second"),
        (STRANGER, GATE, "You said Third"),
    }


async def test_also_after_the_account_was_reloaded(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    receive(sending_house, text("Hello"))
    assert await hass.config_entries.async_reload(sending_house.entry_id)
    await reply(hass, run_by(messages[0]))
    assert sent(api) == [(ANNA, GATE, "sms")]


async def test_by_whatever_acts_in_the_name_of_the_message(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    receive(sending_house, text("Hello"))
    await reply(hass, messages[0].context)
    assert sent(api) == [(ANNA, GATE, "sms")]


async def test_none_of_an_account_that_was_removed(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    body = text("Hello", sender=STRANGER)
    receive(sending_house, body)
    await hass.config_entries.async_remove(sending_house.entry_id)
    other = household()
    other.add_to_hass(hass)
    hass.config_entries.async_update_entry(other, data=with_keys(other.data))
    assert await hass.config_entries.async_setup(other.entry_id)
    assert await refused(hass, run_by(messages[0])) == "reply_no_message"
    assert await refused(hass, message_id=message_id(body)) == "reply_message_unknown"
    assert api.taken == []


@pytest.mark.usefixtures("sending_house")
async def test_without_a_message(hass: HomeAssistant, api: ProviderApi) -> None:
    assert await refused(hass) == "reply_no_message"
    assert await refused(hass, Context(parent_id="0" * 26), message_id="") == "reply_no_message"
    assert api.taken == []


# ---- by its id --------------------------------------------------------------------


async def test_an_id_goes_before_what_set_it_off(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi
) -> None:
    waits = {"wait_for_trigger": [when("message_received", text="Second")]}
    second = {
        **REPLY,
        "data": {"message": TEXT, "message_id": "{{ wait.trigger.message.message_id }}"},
    }
    first = when("message_received", text="First")
    await automate(hass, {"alias": "One", "triggers": [first], "actions": [waits, second, REPLY]})
    receive(sending_house, text("First"))
    await settle()
    receive(sending_house, text("Second", sender=BEN, to=SHOP))
    await hass.async_block_till_done()
    assert sent(api) == [(BEN, SHOP, "sms"), (ANNA, GATE, "sms")]


async def test_an_id_that_a_template_made_a_number_of(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi
) -> None:
    number = "123456789012345678901234567890"
    receive(sending_house, posted(text("Hello"), messageid=number))
    await reply(hass, message_id=int(number))
    assert sent(api) == [(ANNA, GATE, "sms")]


async def test_the_newest_of_an_id(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi
) -> None:
    first = text("First")
    for body in (first, posted(text("Second", to=SHOP), messageid=message_id(first))):
        receive(sending_house, body)
    await reply(hass, message_id=message_id(first))
    assert sent(api) == [(ANNA, SHOP, "sms")]


@pytest.mark.parametrize("unknown", ["0" * 34, "*", ["a"], True])
async def test_an_unknown_id(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    messages: Messages,
    unknown: Any,
) -> None:
    receive(sending_house, text("Hello"))
    why = "reply_message_unknown" if isinstance(unknown, str) else "content_invalid"
    assert await refused(hass, run_by(messages[0]), message_id=unknown) == why
    assert api.taken == []


@pytest.mark.parametrize("keep_off_disk", [False, True])
async def test_after_a_restart(
    hass: HomeAssistant, api: ProviderApi, hass_storage: Storage, keep_off_disk: bool
) -> None:
    before = account([contact("Anna", ANNA)], entry_id="account")
    entry = await set_up(hass, before, {CONF_KEEP_OFF_DISK: keep_off_disk})
    unconfigured = text("Hello", sender=STRANGER, to=SHOP)
    posts = [text("Long ago"), text("Hello", channel="whatsapp"), unconfigured]
    for body in posts:
        receive(entry, body)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()

    async with async_test_home_assistant() as again:
        again.data.pop(DATA_CUSTOM_COMPONENTS)
        subentries = [
            ConfigSubentryDataWithId(**contact("Anna", ANNA), subentry_id=subentry_id)
            for subentry_id in entry.subentries
        ]
        after = account(subentries, entry_id="account")
        after.add_to_hass(again)
        again.config_entries.async_update_entry(after, data=with_keys(after.data))
        assert await async_setup_component(again, DOMAIN, {})
        await again.async_block_till_done()
        forgotten, *known = map(message_id, posts)
        told = [await reply(again, message_id=one) for one in known]
        # It is not the last of anybody any more.
        why = await refused(again, message_id=forgotten)
        await again.config_entries.async_unload(after.entry_id)
        await again.async_stop(force=True)

    assert sent(api) == [(ANNA, GATE, "whatsapp"), (STRANGER, SHOP, "sms")]
    assert [one["entity_id"] for answer in told for one in answer["messages"]] == [
        "notify.anna",
        None,
    ]
    assert why == "reply_message_unknown"


async def test_what_is_said_is_not_remembered(
    hass: HomeAssistant, sending_house: MockConfigEntry
) -> None:
    receive(sending_house, text("Hello"))
    [remembered] = hass.data[DATA_REMEMBERED]
    assert (remembered.message.sender, remembered.message.text) == (ANNA, None)
    assert remembered.message.raw is None


async def test_only_so_many_are_remembered(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    first, second = text("First", sender=STRANGER), text("Second", sender=STRANGER)
    for body in (first, second, *map(saying, range(MAX_REMEMBERED - 1))):
        receive(sending_house, body)
    assert await refused(hass, run_by(messages[0])) == "reply_no_message"
    assert await refused(hass, message_id=message_id(first)) == "reply_message_unknown"
    await reply(hass, run_by(messages[1]))
    await reply(hass, message_id=message_id(second))
    assert sent(api) == [(STRANGER, GATE, "sms")] * 2


# ---- how --------------------------------------------------------------------------


async def test_what_is_answered(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    messages: Messages,
    events: SentEvents,
) -> None:
    receive(sending_house, text("Hello"))
    cause = run_by(messages[0])
    assert await reply(hass, cause) == {
        "messages": [
            {
                "entity_id": "notify.anna",
                "to": ANNA,
                "channel": "sms",
                "message_id": api.taken[0].id,
                "parts": 1,
                "credits": 1.0,
            }
        ]
    }
    [event] = events
    assert event.context.parent_id == cause.id
    assert event.data["to_name"] == "Anna"
    assert (event.data["sender"], event.data["type"]) == (GATE, "text")
    shown = hass.states.get("notify.anna")
    assert shown
    assert shown.context.id == event.context.id


async def test_all_that_a_message_may_have(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    receive(sending_house, text("Hello", channel="whatsapp"))
    answers = [{"id": "in", "text": "Let in"}, "Not now"]
    await reply(hass, run_by(messages[0]), answers=answers, footer="House")
    interactive = api.taken[0].object["interactive"]
    assert interactive["footer"] == {"text": "House"}
    buttons = [button["reply"] for button in interactive["action"]["buttons"]]
    assert [button["id"] for button in buttons] == ["in", "Not now"]

    receive(sending_house, text("Hello"))
    # Nothing is quietly dropped.
    assert await refused(hass, run_by(messages[1]), answers=answers) == "content_wrong_channel"
    assert await refused(hass, run_by(messages[1]), message="") == "content_empty"
    assert len(api.taken) == 1


async def test_another_way_than_it_came(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    receive(sending_house, text("Hello", channel="whatsapp"))
    cause, shop = run_by(messages[0]), devices(sending_house)["Shop"]
    await reply(hass, cause, channel="sms", virtual_number=shop)
    await reply(hass, cause, channel="voice")
    assert sent(api) == [(ANNA, SHOP, "sms"), (ANNA, GATE, "sms")]
    await reply(hass, cause, channel="sms", sender_id="Home")
    assert api.taken[0].message["from"] == "Home"
    assert await refused(hass, cause, sender_id="Home") == "content_invalid"
    assert await refused(hass, cause, channel="pigeon") == "content_invalid"
    # She has not written to that number by WhatsApp.
    assert await refused(hass, cause, virtual_number=shop) == "reply_window_over"


async def test_within_a_day_by_whatsapp(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    messages: Messages,
    freezer: FrozenDateTimeFactory,
) -> None:
    for sender in (ANNA, STRANGER):
        receive(sending_house, text("Hello", channel="whatsapp", sender=sender))
    causes = [run_by(message) for message in messages]
    freezer.tick(DAY - timedelta(seconds=1))
    for cause in causes:
        await reply(hass, cause)
    freezer.tick(1)
    for cause in causes:
        assert await refused(hass, cause) == "reply_window_over"
        await reply(hass, cause, channel="sms")
    by_whatsapp, by_sms = [
        [(to, GATE, channel) for to in (ANNA, STRANGER)] for channel in ("whatsapp", "sms")
    ]
    assert sent(api) == by_whatsapp + by_sms
    receive(sending_house, text("Hello?", channel="whatsapp"))
    await reply(hass, causes[0])
    assert sent(api) == [(ANNA, GATE, "whatsapp")]
    # What is chosen is tried.
    await reply(hass, causes[1], channel="whatsapp")
    assert sent(api) == [(STRANGER, GATE, "whatsapp")]


@pytest.mark.parametrize("wrote", [1, 2])
async def test_no_more_by_whatsapp_where_it_took_no_answer(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    messages: Messages,
    freezer: FrozenDateTimeFactory,
    wrote: int,
) -> None:
    for _ in range(wrote):
        receive(sending_house, text("Hello", channel="whatsapp"))
        freezer.tick(60)
    for message in messages:
        await reply(hass, run_by(message))
    word = "rejected_response_window"
    receive(sending_house, report(api.taken[-1], word, 15, "rejection").decode())
    for message in messages:
        assert await refused(hass, run_by(message)) == "reply_window_over"

    freezer.tick(60)
    receive(sending_house, text("Hello again", channel="whatsapp"))
    api.taken.clear()
    for message in messages:
        await reply(hass, run_by(message))
    assert sent(api) == [(ANNA, GATE, "whatsapp")] * (wrote + 1)


async def test_a_contact_of_several_numbers(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    # One of them is a line of two spellings.
    ours, other, posted_as = "+447700900777", "+5511987654321", "+551187654321"
    keep_secret([other, posted_as])
    add(hass, sending_house, contact("Dora", ours, other))
    await hass.async_block_till_done()
    for sender in (posted_as, ours):
        receive(sending_house, text("Hello", channel="whatsapp", sender=sender))
    for message in messages:
        answer = await reply(hass, run_by(message))
        assert answer["messages"][0]["entity_id"] == "notify.dora"
    assert sent(api) == [(posted_as, GATE, "whatsapp"), (ours, GATE, "whatsapp")]


async def test_one_that_does_not_say_which_number_it_went_to(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    receive(sending_house, text("Hello", to=SHOP))
    receive(sending_house, posted(text("Hello"), to=None))
    await reply(hass, run_by(messages[1]))
    assert sent(api) == [(ANNA, SHOP, "sms")]


# ---- to whom it cannot ------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (in_a_group("Hello"), "reply_in_group"),
        (text("Hello", sender="Parcel shop"), "reply_no_number"),
        (text("Hello", sender="60300"), "reply_no_number"),
        (posted(text("Hello"), **{"from": None}), "reply_no_number"),
        (posted(text("Hello", channel="whatsapp"), **{"from": ID}), "reply_no_number"),
        (text("Hello", channel="pigeon"), "reply_channel"),
        (posted(text("Hello"), channel=None), "reply_channel"),
        # What nobody said opens no window.
        (deleted(sender=STRANGER), "reply_window_over"),
    ],
)
async def test_who_cannot_be_answered(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    messages: Messages,
    body: str,
    why: str,
) -> None:
    receive(sending_house, body)
    assert await refused(hass, run_by(messages[0])) == why
    assert api.taken == []


async def test_an_automation_is_told_why(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard = {"trigger": "event", "event_type": "intellisms_message_received"}
    await automate(hass, {"alias": "One", "triggers": [heard], "actions": [REPLY]})
    receive(sending_house, in_a_group("Hello"))
    await hass.async_block_till_done()
    assert "said in a WhatsApp group" in caplog.text
    assert api.taken == []


async def test_never_to_an_own_number(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    receive(sending_house, text("Hello", sender=SHOP))
    with pytest.raises(SendingError) as caught:
        await reply(hass, run_by(messages[0]))
    assert caught.value.translation_key == "send_own_number"
    assert api.taken == []


async def test_a_simulated_one(
    hass: HomeAssistant, sending_house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    async def simulate(**fields: Any) -> Context:
        data = {"virtual_number": devices(sending_house)["Gate"], "text": "Hello", **fields}
        await hass.services.async_call(DOMAIN, "simulate_message", data, blocking=True)
        return run_by(messages[-1])

    await reply(hass, await simulate(**{"from": "Anna"}))
    assert sent(api) == [(ANNA, GATE, "sms")]
    assert await refused(hass, await simulate(**{"from": STRANGER})) == "reply_simulated"
    # It opens no window: WhatsApp knows nothing of it.
    by_whatsapp = await simulate(**{"from": "Anna", "channel": "whatsapp"})
    assert await refused(hass, by_whatsapp) == "reply_window_over"
    receive(sending_house, text("Hello", channel="whatsapp"))
    await reply(hass, by_whatsapp)
    assert sent(api) == [(ANNA, GATE, "whatsapp")]


# ---- who may ----------------------------------------------------------------------


async def test_what_a_user_needs(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    messages: Messages,
    hass_read_only_user: MockUser,
    hass_admin_user: MockUser,
) -> None:
    anna = notifiers()["Anna"]
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {anna: {"control": True}}}})
    for sender in (ANNA, BEN, STRANGER):
        receive(sending_house, text("Hello", sender=sender))
    to_anna, to_ben, to_stranger = (
        run_by(message, user_id=hass_read_only_user.id) for message in messages
    )
    await reply(hass, to_anna)
    for context in (to_ben, to_stranger):
        with pytest.raises(Unauthorized):
            await reply(hass, context)
    assert sent(api) == [(ANNA, GATE, "sms")]

    for message in messages:
        await reply(hass, run_by(message, user_id=hass_admin_user.id))
    assert sent(api) == [(to, GATE, "sms") for to in (ANNA, BEN, STRANGER)]

    # Without the entity nobody can be given the right to write to her.
    er.async_get(hass).async_update_entity(anna, disabled_by=er.RegistryEntryDisabler.USER)
    with pytest.raises(Unauthorized):
        await reply(hass, to_anna)
    answer = await reply(hass, run_by(messages[0]))
    assert answer["messages"][0]["entity_id"] is None


async def test_whom_whatsapp_knows_by_an_id(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    messages: Messages,
    hass_read_only_user: MockUser,
) -> None:
    add(hass, sending_house, contact("Dora", "+447700900777", ID))
    await hass.async_block_till_done()
    dora = notifiers()["Dora"]
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {dora: {"control": True}}}})
    body = text("Hello", channel="whatsapp", sender=STRANGER)
    receive(sending_house, posted(body, from_user_id=ID))
    answer = await reply(hass, run_by(messages[0], user_id=hass_read_only_user.id))
    assert answer["messages"][0]["entity_id"] == dora
    assert sent(api) == [(STRANGER, GATE, "whatsapp")]


async def test_who_is_no_contact_any_more(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    messages: Messages,
    hass_read_only_user: MockUser,
) -> None:
    """An automation may answer a stranger, and a user who could write to the contact may not."""
    hass_read_only_user.mock_policy({"entities": True})
    receive(sending_house, text("Hello"))
    by_user = run_by(messages[0], user_id=hass_read_only_user.id)
    await reply(hass, by_user)
    anna = next(one for one in sending_house.subentries.values() if one.title == "Anna")
    hass.config_entries.async_remove_subentry(sending_house, anna.subentry_id)
    await hass.async_block_till_done()
    with pytest.raises(Unauthorized):
        await reply(hass, by_user)
    answer = await reply(hass, run_by(messages[0]))
    assert answer["messages"][0]["entity_id"] is None
    assert sent(api) == [(ANNA, GATE, "sms")] * 2


@pytest.mark.parametrize("length", [100, 10_000])
async def test_what_has_an_id_without_end_is_not_remembered(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    messages: Messages,
    length: int,
) -> None:
    receive(sending_house, posted(text("Hello", sender=STRANGER), messageid="x" * length))
    if length > 100:
        assert await refused(hass, run_by(messages[0])) == "reply_no_message"
    else:
        await reply(hass, run_by(messages[0]))
    assert len(api.taken) == (length == 100)


async def test_without_keys(
    hass: HomeAssistant, house: MockConfigEntry, api: ProviderApi, messages: Messages
) -> None:
    receive(house, text("Hello"))
    assert await refused(hass, run_by(messages[0])) == "no_keys"
