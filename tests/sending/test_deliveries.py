"""What was sent, followed by the status reports that are posted to our door."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.intellisms.const import DOMAIN, EVENT_MESSAGE_SENT, EVENT_MESSAGE_STATUS
from custom_components.intellisms.protocol import STATUS_WORDS, message_key
from custom_components.intellisms.receiving.progress import MAX_FOLLOWED
from custom_components.intellisms.sending.deliveries import EARLY_SECONDS, MAX_EARLY
from scripts.house.provider_api import Play, ProviderApi, Refusal, Taken, report
from tests.household import ANNA, BEN, GATE, SHOP, STRANGER, add, contact, text
from tests.log import keep_secret
from tests.provider_api import with_keys
from tests.running import Post, receive, settle, state

DELIVERY = "sensor.anna_last_delivery"
BENS = "sensor.ben_last_delivery"
TEXT = "The gate is open"
CODES = {word: code for code, word in STATUS_WORDS.items()}

type Write = Callable[..., Coroutine[Any, Any, Taken]]
type Tell = Callable[..., Awaitable[None]]


@pytest.fixture
def write(hass: HomeAssistant, writing: MockConfigEntry, api: ProviderApi) -> Write:
    """Return what writes to Anna, or whoever else is named, and gives what the provider took."""

    async def send(to: str = "notify.anna", **data: Any) -> Taken:
        keep_secret([TEXT])
        named = {"entity_id": to} if to.startswith("notify.") else {"numbers": [to]}
        await hass.services.async_call(
            DOMAIN, "send_message", {"message": TEXT} | named | data, blocking=True
        )
        keep_secret([api.taken[-1].id])
        return api.taken[-1]

    return send


@pytest.fixture
def tell(hass: HomeAssistant, own_door: Post) -> Tell:
    """Return what posts a report to our door."""

    async def post(taken: Taken, status: str, **other: str) -> None:
        body = json.loads(report(taken, status, CODES.get(status, 99) or 0))
        body["notifications"][0] |= other
        assert await own_door(json.dumps(body)) == 200
        await settle()

    return post


def delivery(hass: HomeAssistant, entity_id: str = DELIVERY) -> str:
    """Return how far the last message has come."""
    return state(hass, entity_id).state


def recent(hass: HomeAssistant, entity_id: str = DELIVERY) -> list[str]:
    """Return how far the last messages have come, the newest first."""
    return [one["status"] for one in state(hass, entity_id).attributes["recent"]]


# ---- who has one --------------------------------------------------------------------


async def test_they_come_and_go_with_keys_and_contacts(
    hass: HomeAssistant, house: MockConfigEntry, api: ProviderApi
) -> None:
    def entities() -> set[str]:
        known = er.async_get(hass).entities.values()
        return {one.entity_id for one in known if one.unique_id.endswith("_last_delivery")}

    assert entities() == set()
    without = house.data
    hass.config_entries.async_update_entry(house, data=with_keys(without))
    await hass.async_block_till_done()
    all_of_them = {f"sensor.{name}_last_delivery" for name in ("anna", "ben", "carl")}
    assert entities() == all_of_them
    assert delivery(hass) == "unknown"

    add(hass, house, contact("Dora", "Bakery", "+447700900777"))
    add(hass, house, contact("Bank", "MyBank", "GB.1234"))
    await hass.async_block_till_done()
    assert entities() == all_of_them | {"sensor.dora_last_delivery"}
    hass.config_entries.async_update_entry(house, data=without)
    await hass.async_block_till_done()
    assert entities() == set()


async def test_it_takes_a_new_id_in_place(hass: HomeAssistant, write: Write, tell: Tell) -> None:
    taken = await write()
    er.async_get(hass).async_update_entity(DELIVERY, new_entity_id="sensor.arrived")
    await hass.async_block_till_done()
    await tell(taken, "delivered")
    assert delivery(hass, "sensor.arrived") == "delivered"


# ---- what became of it --------------------------------------------------------------


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        (None, "sent"),
        (Refusal(word="invalid_number"), "not_sent"),
        (Play.SERVER_ERROR, "may_have_been_sent"),
    ],
)
async def test_before_anything_is_reported(
    hass: HomeAssistant,
    write: Write,
    api: ProviderApi,
    freezer: FrozenDateTimeFactory,
    play: Play | Refusal | None,
    expected: str,
) -> None:
    if play:
        api.plays[None] = play
    try:
        await write()
    except HomeAssistantError:
        assert play
    shown = state(hass, DELIVERY)
    assert shown.state == expected
    assert shown.state in shown.attributes["options"]
    assert shown.attributes["sent"] == freezer.time_to_freeze.astimezone().isoformat().replace(
        "Z", "+00:00"
    )
    assert (shown.attributes["channel"], shown.attributes["type"]) == ("sms", "text")
    assert (shown.attributes["message_id"] is None) is (expected != "sent")
    for secret in (TEXT, ANNA, ANNA.removeprefix("+")):
        assert secret not in str(shown.as_dict())


async def test_the_event_finds_the_entity_as_it_is_now(
    hass: HomeAssistant, write: Write, tell: Tell
) -> None:
    seen = []

    async def look(event: Event[Any]) -> None:
        seen.append(delivery(hass))

    hass.bus.async_listen(EVENT_MESSAGE_SENT, look)
    hass.bus.async_listen(EVENT_MESSAGE_STATUS, look)
    await tell(await write(), "delivered")
    assert seen == ["sent", "delivered"]


async def test_all_that_follows_has_one_context(
    hass: HomeAssistant, write: Write, tell: Tell
) -> None:
    sent = async_capture_events(hass, EVENT_MESSAGE_SENT)
    reports = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    taken = await write()
    assert state(hass, DELIVERY).context is sent[0].context
    await tell(taken, "delivered")
    assert state(hass, DELIVERY).context is reports[0].context


# ---- the order of reports -----------------------------------------------------------


@pytest.mark.parametrize(
    ("reported", "shown"),
    [
        (["queued", "sent", "delivered", "read"], ["sent", "sent", "delivered", "read"]),
        # Out of order, and twice.
        (["read", "delivered", "sent"], ["read", "read", "read"]),
        (["delivered", "delivered"], ["delivered", "delivered"]),
        # What has arrived did not fail, and what failed may arrive in the end.
        (["delivered", "expired"], ["delivered", "delivered"]),
        (
            ["undeliverable", "expired", "delivered"],
            ["undeliverable", "undeliverable", "delivered"],
        ),
        (["rejected_response_window", "sent"], ["rejected_response_window"] * 2),
        # A call.
        (["delivered", "acknowledged", "rejected"], ["delivered", "acknowledged", "acknowledged"]),
        (["rejected", "delivered", "expired"], ["rejected"] * 3),
        # A word that nobody knows is no news.
        (["unknown", "frobnicated"], ["sent", "sent"]),
    ],
    ids=str,
)
async def test_it_never_goes_backwards(
    hass: HomeAssistant, write: Write, tell: Tell, reported: list[str], shown: list[str]
) -> None:
    events = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    taken = await write()
    seen = []
    for status in reported:
        await tell(taken, status)
        seen.append(delivery(hass))
    assert seen == shown
    # The bus is told of each, once.
    assert len(events) == len(set(reported))


async def test_every_status_can_be_shown(hass: HomeAssistant, write: Write, tell: Tell) -> None:
    for status in STATUS_WORDS.values():
        await tell(await write(), status)
        expected = "sent" if status in {"unknown", "ok", "queued"} else status
        assert delivery(hass) == expected


async def test_as_a_form(hass: HomeAssistant, write: Write, webhook_door: Post) -> None:
    taken = await write()
    form = f"msgid={taken.id}&status=4&toaddr={taken.to}"
    assert await webhook_door(form) == 200
    await settle()
    assert delivery(hass) == "delivered"


# ---- which message ------------------------------------------------------------------


async def test_of_another_number_or_of_an_id_that_nobody_sent(
    hass: HomeAssistant, write: Write, tell: Tell
) -> None:
    events = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    taken = await write()
    await tell(taken, "delivered", to=BEN.removeprefix("+"))
    await tell(taken, "delivered", messageid="f" * 32)
    await tell(taken, "delivered", to="")
    assert len(events) == 3
    assert delivery(hass) == "sent"
    assert delivery(hass, BENS) == "unknown"
    await tell(taken, "delivered", to=f"00{taken.to}")
    assert delivery(hass) == "delivered"


def test_a_number_in_another_spelling_of_its_line() -> None:
    assert message_key("1", "+5511987654321") == message_key("1", "+551187654321")
    assert message_key("1", ANNA) != message_key("1", BEN)
    assert message_key("1", ANNA) != message_key("2", ANNA)


async def test_two_recipients_with_the_same_id(
    hass: HomeAssistant, write: Write, tell: Tell, api: ProviderApi
) -> None:
    first = await write()
    api.plays[BEN.removeprefix("+")] = Play.SAME_ID
    second = await write("notify.ben")
    await tell(first, "delivered")
    assert (delivery(hass), delivery(hass, BENS)) == ("delivered", "sent")
    second.id = first.id
    await tell(second, "expired")
    assert (delivery(hass), delivery(hass, BENS)) == ("delivered", "expired")


async def test_two_messages_with_the_same_id(
    hass: HomeAssistant, write: Write, tell: Tell, api: ProviderApi
) -> None:
    first = await write()
    api.plays[None] = Play.SAME_ID
    await write()
    await tell(first, "delivered")
    assert recent(hass) == ["delivered", "sent"]


async def test_only_so_many_are_known(
    hass: HomeAssistant, write: Write, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.intellisms.sending.deliveries.MAX_KNOWN", 2)
    forgotten = await write()
    known = await write("notify.ben")
    await write(STRANGER)
    for taken in (forgotten, known):
        await tell(taken, "delivered")
    assert (delivery(hass), delivery(hass, BENS)) == ("sent", "delivered")


async def test_a_newer_message_begins_anew(hass: HomeAssistant, write: Write, tell: Tell) -> None:
    first = await write()
    await tell(first, "delivered")
    second = await write()
    assert delivery(hass) == "sent"
    assert state(hass, DELIVERY).attributes["message_id"] == second.id
    before = state(hass, DELIVERY)
    await tell(first, "read")
    after = state(hass, DELIVERY)
    assert (after.state, after.last_changed) == (before.state, before.last_changed)
    assert recent(hass) == ["sent", "read"]
    await tell(second, "delivered")
    assert recent(hass) == ["delivered", "read"]


async def test_a_few_are_shown(hass: HomeAssistant, write: Write, tell: Tell) -> None:
    taken = [await write() for _ in range(MAX_FOLLOWED + 1)]
    assert len(recent(hass)) == MAX_FOLLOWED
    await tell(taken[0], "delivered")
    assert "delivered" not in recent(hass)
    await tell(taken[1], "delivered")
    assert recent(hass)[-1] == "delivered"


async def test_a_number_that_was_typed_is_the_contacts(
    hass: HomeAssistant, write: Write, tell: Tell
) -> None:
    await tell(await write(ANNA), "delivered")
    assert delivery(hass) == "delivered"
    await tell(await write(STRANGER), "delivered")
    assert recent(hass) == ["delivered"]


async def test_a_contact_that_is_removed(
    hass: HomeAssistant,
    writing: MockConfigEntry,
    write: Write,
    tell: Tell,
    hass_storage: dict[str, Any],
) -> None:
    taken = await write()
    anna = next(one for one in writing.runtime_data.directory if one.name == "Anna")
    hass.config_entries.async_remove_subentry(writing, anna.subentry_id)
    await hass.async_block_till_done()
    events = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    await tell(taken, "delivered")
    assert len(events) == 1
    assert await hass.config_entries.async_unload(writing.entry_id)
    stored = hass_storage[f"{DOMAIN}.{writing.entry_id}.last"]["data"]["listings"]
    assert anna.subentry_id not in stored


# ---- sooner than the answer -----------------------------------------------------------


@pytest.fixture
async def quick(
    hass: HomeAssistant, write: Write, api: ProviderApi
) -> Callable[[], Awaitable[tuple[Taken, asyncio.Task[Taken]]]]:
    """Return what begins to write to Anna, where the answer comes only when it is let go."""

    async def begin() -> tuple[Taken, asyncio.Task[Taken]]:
        api.plays[None] = Play.HANG
        writes = hass.async_create_task(write())
        await api.taken_are(1)
        return api.taken[0], writes

    return begin


@pytest.mark.parametrize("reported", [["delivered"], ["sent", "delivered"], ["delivered", "sent"]])
async def test_a_report_before_the_answer(
    hass: HomeAssistant, quick: Any, tell: Tell, api: ProviderApi, reported: list[str]
) -> None:
    taken, writes = await quick()
    for status in reported:
        await tell(taken, status)
        await tell(taken, status, to=BEN.removeprefix("+"))
    assert delivery(hass) == "unknown"
    api.go_on()
    await writes
    assert delivery(hass) == "delivered"
    assert delivery(hass, BENS) == "unknown"
    await tell(taken, "read")
    assert delivery(hass) == "read"


@pytest.mark.parametrize(("seconds", "expected"), [(0, "delivered"), (EARLY_SECONDS, "sent")])
async def test_a_report_long_before_the_answer_is_another_ones(
    hass: HomeAssistant,
    write: Write,
    tell: Tell,
    freezer: FrozenDateTimeFactory,
    seconds: int,
    expected: str,
) -> None:
    await tell(Taken(id=f"{1:032x}", to=ANNA.removeprefix("+"), message={}), "delivered")
    freezer.tick(seconds)
    assert (await write()).id == f"{1:032x}"
    assert delivery(hass) == expected


@pytest.mark.parametrize(
    ("others", "expected"), [(MAX_EARLY - 1, "delivered"), (MAX_EARLY, "sent")]
)
async def test_reports_of_what_others_send_are_kept_within_bounds(
    hass: HomeAssistant, quick: Any, tell: Tell, api: ProviderApi, others: int, expected: str
) -> None:
    taken, writes = await quick()
    await tell(taken, "delivered")
    body = json.loads(report(taken, "delivered", 4))
    [one] = body["notifications"]
    body["notifications"] = [{**one, "messageid": f"x{place}"} for place in range(others)]
    for element in body["notifications"]:
        await tell(taken, "delivered", messageid=element["messageid"])
    api.go_on()
    await writes
    assert delivery(hass) == expected


# ---- a restart ------------------------------------------------------------------------


async def test_it_comes_back_and_is_still_followed(
    hass: HomeAssistant,
    writing: MockConfigEntry,
    write: Write,
    tell: Tell,
    hass_storage: dict[str, Any],
) -> None:
    await write()
    last = await write()
    await tell(last, "delivered")
    before = state(hass, DELIVERY).attributes
    assert await hass.config_entries.async_unload(writing.entry_id)
    stored = hass_storage[f"{DOMAIN}.{writing.entry_id}.last"]["data"]["listings"]
    [sent] = [record["sent"] for record in stored.values() if record["sent"]]
    assert len(sent) == 1
    for secret in (TEXT, ANNA.removeprefix("+")):
        assert secret not in json.dumps(sent)

    assert await hass.config_entries.async_setup(writing.entry_id)
    await hass.async_block_till_done()
    shown = state(hass, DELIVERY)
    assert shown.state == "delivered"
    for key in ("message_id", "sent", "channel", "type"):
        assert shown.attributes[key] == before[key]
    await tell(last, "read")
    assert delivery(hass) == "read"


async def test_what_they_write_leaves_it_as_it_is(
    hass: HomeAssistant, writing: MockConfigEntry, write: Write, tell: Tell
) -> None:
    """Also in a contact of whom nothing had come before, when it comes back."""
    taken = await write()
    receive(writing, text("Hello", to=STRANGER))
    await tell(taken, "delivered")
    assert await hass.config_entries.async_reload(writing.entry_id)
    await hass.async_block_till_done()
    assert delivery(hass) == "delivered"


async def test_a_contact_that_inherits_a_message(
    hass: HomeAssistant, writing: MockConfigEntry, write: Write, tell: Tell
) -> None:
    """It came from a number before that was the contact's."""
    receive(writing, text("Hello", sender=STRANGER))
    await tell(await write(), "delivered")
    anna = next(one for one in writing.subentries.values() if one.title == "Anna")
    data = {**anna.data, "numbers": [ANNA, STRANGER]}
    hass.config_entries.async_update_subentry(writing, anna, data=data)
    assert await hass.config_entries.async_reload(writing.entry_id)
    await hass.async_block_till_done()
    assert state(hass, "sensor.anna_last_message").state == "Hello"
    assert delivery(hass) == "delivered"


# ---- WhatsApp's window -----------------------------------------------------------------


@pytest.mark.parametrize("reload", [False, True])
async def test_a_rejection_closes_the_window_until_they_write_again(
    hass: HomeAssistant,
    writing: MockConfigEntry,
    write: Write,
    tell: Tell,
    freezer: FrozenDateTimeFactory,
    *,
    reload: bool,
) -> None:
    for to in (SHOP, GATE):
        receive(writing, text("Hello", channel="whatsapp", to=to))
    freezer.tick(60)
    taken = await write()
    assert taken.message["channel"] == "whatsapp"
    if reload:
        assert await hass.config_entries.async_reload(writing.entry_id)
        await hass.async_block_till_done()
    await tell(taken, "rejected_response_window")
    assert delivery(hass) == "rejected_response_window"
    if reload:
        assert await hass.config_entries.async_reload(writing.entry_id)
        await hass.async_block_till_done()
    assert (await write()).message["channel"] == "sms"
    # It is that pair's: the other number's is open.
    [shop] = [one.device_id for one in writing.runtime_data.directory if one.name == "Shop"]
    assert (await write(virtual_number=shop)).message["channel"] == "whatsapp"

    freezer.tick(60)
    receive(writing, text("Hello again", channel="whatsapp", to=GATE))
    assert (await write()).message["channel"] == "whatsapp"


@pytest.mark.parametrize(
    "other",
    [{"to": BEN.removeprefix("+")}, {"messageid": "f" * 32}, {"status": "undeliverable"}],
    ids=lambda other: next(iter(other)),
)
async def test_nothing_else_closes_it(
    hass: HomeAssistant, writing: MockConfigEntry, write: Write, tell: Tell, other: dict[str, str]
) -> None:
    receive(writing, text("Hello", channel="whatsapp"))
    taken = await write()
    await tell(taken, **({"status": "rejected_response_window"} | other))
    assert (await write()).message["channel"] == "whatsapp"


async def test_a_rejection_at_one_number_leaves_another_one_of_theirs_open(
    hass: HomeAssistant,
    writing: MockConfigEntry,
    write: Write,
    tell: Tell,
    freezer: FrozenDateTimeFactory,
) -> None:
    one, other = "+447700900777", "+447700900778"
    keep_secret([one, other])
    add(hass, writing, contact("Dora", one, other))
    await hass.async_block_till_done()
    receive(writing, text("Hello", channel="whatsapp", sender=other))
    freezer.tick(60)
    [gate] = [each.device_id for each in writing.runtime_data.directory if each.name == "Gate"]
    rejected = await write(one, channel="whatsapp", virtual_number=gate)
    await tell(rejected, "rejected_response_window")
    assert (await write("notify.dora")).message["channel"] == "whatsapp"


async def test_a_late_rejection_does_not_close_what_they_opened_since(
    writing: MockConfigEntry, write: Write, tell: Tell, freezer: FrozenDateTimeFactory
) -> None:
    receive(writing, text("Hello", channel="whatsapp", age=timedelta(hours=23)))
    taken = await write()
    freezer.tick(60)
    receive(writing, text("Hello again", channel="whatsapp"))
    await tell(taken, "rejected_response_window")
    assert (await write()).message["channel"] == "whatsapp"
    assert taken.message["from"] == GATE.removeprefix("+")
