"""What outlives a restart: ids seen, last messages, counters.

How their files are written and what is wrong with some is in `test_journal_files`.
"""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import webhook
from homeassistant.config_entries import (
    ConfigSubentryDataWithId,
)
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import restore_state
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
from homeassistant.util.aiohttp import MockRequest
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
    async_mock_load_restore_state_from_storage,
    async_test_home_assistant,
)

from custom_components.intellisms.const import (
    DOMAIN,
    EVENT_MESSAGE_RECEIVED,
    EVENT_MESSAGE_STATUS,
)
from custom_components.intellisms.receiving.journal_ids import MAX_IDS
from tests.household import GATE, SENDER, WEBHOOK_ID, account, add, sms, virtual_number
from tests.running import Post, state

SHOP = "+447700900999"
STATUS = "msgid=7&status=4&toaddr=447700900123"
# Of the files; the entry's id is part of the name.
IDS, LAST = f"{DOMAIN}.account.ids", f"{DOMAIN}.account.last"

type Messages = list[Event[dict[str, Any]]]
type Storage = dict[str, Any]


@pytest.fixture
def entry() -> MockConfigEntry:
    """Return an account whose files have known names."""
    return account([virtual_number()], entry_id="account")


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload the account and set it up again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def pass_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass, and what was due happen."""
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def cut_power(hass: HomeAssistant, entry: MockConfigEntry, storage: Storage) -> None:
    """Let the account come back with what is on the disk now."""
    on_disk = deepcopy(storage)
    assert await hass.config_entries.async_unload(entry.entry_id)
    storage.clear()
    storage.update(on_disk)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


def fields(**changes: Any) -> dict[str, Any]:
    """Return fields, `from_` being one whose name is a word of Python."""
    return {name.rstrip("_"): value for name, value in changes.items()}


# ---- the same message -------------------------------------------------------------


@pytest.mark.parametrize(
    ("again", "is_new"),
    [
        (sms(), False),
        (json.dumps(json.loads(sms()), indent=2), False),
        (json.dumps(json.loads(sms()), sort_keys=True), False),
        # The page's own copies of different years have the keys in different orders.
        (sms(content={"text": "Hello", "msgtype": "text"}), False),
        ("\ufeff" + sms(), False),
        (sms(extra="field"), False),
        # The provider's page has one id on all its samples.
        (sms("Other"), True),
        (sms("hello"), True),
        (sms(**fields(from_="447700900666")), True),
        (sms(to="447700900999"), True),
        (sms(channel="whatsapp"), True),
        (sms(sent="2025-06-03T13:50:06-00:00"), True),
        (sms(messageid="another"), True),
        (sms(content={"msgtype": "unicode", "text": "Hello"}), True),
    ],
)
async def test_what_makes_it_the_same_message(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    again: str,
    is_new: bool,
) -> None:
    for body in (sms(), again, again):
        assert await own_door(body) == 200
    assert len(messages) == 1 + is_new


FORM = "text=Hello&msgid=7&sent=2025-06-03T13%3a50%3a05-00%3a00"


@pytest.mark.parametrize(
    ("again", "query", "is_new"),
    [
        (FORM, "", False),
        ("msgid=7&text=Hello&sent=2025-06-03T13%3A50%3A05-00%3A00", "", False),
        (f"{FORM}\r\n", "", False),
        (FORM.replace("Hello", "Hullo"), "", True),
        (FORM.replace("7", "8"), "", True),
        (f"{FORM}&from=447700900666", "", True),
        (FORM, "?to=60777", True),
    ],
)
async def test_what_makes_it_the_same_form(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    again: str,
    query: str,
    is_new: bool,
) -> None:
    assert await own_door(FORM) == 200
    for _ in range(2):
        assert await own_door(again, query=query) == 200
    assert len(messages) == 1 + is_new


async def test_two_people_with_the_same_text_are_two_messages(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    both = [json.loads(sms(**fields(from_=who)))["messages"][0] for who in ("60777", "60778")]
    assert await own_door(json.dumps({"messages": [*both, *both]})) == 200
    assert [event.data["from"] for event in messages] == ["60777", "60778"]


# ---- restarts and power cuts ------------------------------------------------------


@pytest.mark.parametrize("body", [sms(), FORM, STATUS])
async def test_nothing_comes_twice_across_a_reload(
    hass: HomeAssistant, loaded: MockConfigEntry, door: Post, body: str
) -> None:
    events = [
        *(
            async_capture_events(hass, kind)
            for kind in (EVENT_MESSAGE_RECEIVED, EVENT_MESSAGE_STATUS)
        )
    ]
    assert await door(body) == 200
    await reload(hass, loaded)
    assert await door(body) == 200
    assert sum(map(len, events)) == 1


@pytest.mark.parametrize(("seconds", "published"), [(2.5, 1), (0, 2)])
async def test_power_cut(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    hass_storage: Storage,
    freezer: FrozenDateTimeFactory,
    seconds: float,
    published: int,
) -> None:
    """Only what came in the last seconds may come again; lost it would be worse."""
    await own_door(sms("Before"))
    await pass_time(hass, freezer, 2.5)
    await own_door(sms())
    await pass_time(hass, freezer, seconds)
    messages.clear()

    await cut_power(hass, loaded, hass_storage)

    shown = state(hass, "sensor.gate_last_message")
    total = state(hass, "sensor.gate_messages_received")
    on_disk = published == 1
    assert (shown.state, total.state) == (("Hello", "2") if on_disk else ("Before", "1"))
    assert messages == []
    for _ in range(2):
        assert await own_door(sms("Before")) == 200
        assert await own_door(sms()) == 200
    assert len(messages) == published - 1


@pytest.mark.usefixtures("freezer")
async def test_coming_back_fires_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    def states() -> dict[str, tuple[str, dict[str, Any]]]:
        """Return states and attributes; `raw` is for the event only."""
        return {
            state.entity_id: (state.state, {**state.attributes, "raw": None})
            for state in hass.states.async_all(("event", "sensor"))
        }

    await own_door(sms("x" * 300))
    before = states()
    assert before["event.gate_message"][1]["event_type"] == "text"
    messages.clear()
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await reload(hass, loaded)

    assert states() == before
    assert messages == []
    # An automation on the entity's state must be able to tell this from a message.
    assert {
        change.data["old_state"].state
        for change in changes
        if change.data["new_state"] and change.data["new_state"].state != "unavailable"
    } == {"unavailable"}


async def test_nothing_comes_twice_across_a_real_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, hass_storage: Storage
) -> None:
    await own_door(sms())
    await own_door(sms("For the shop", to=SHOP))
    before = hass.states.get("event.gate_message")
    assert before
    await restore_state.async_get(hass).async_dump_states()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()

    async with async_test_home_assistant() as again:
        again.data.pop(DATA_CUSTOM_COMPONENTS)
        await async_mock_load_restore_state_from_storage(again)
        subentries = [
            ConfigSubentryDataWithId(**virtual_number(), subentry_id=subentry_id)
            for subentry_id in loaded.subentries
        ]
        entry = account(subentries, entry_id="account")
        entry.add_to_hass(again)
        messages = async_capture_events(again, EVENT_MESSAGE_RECEIVED)
        assert await async_setup_component(again, DOMAIN, {})
        await again.async_block_till_done()

        async def post(body: str) -> int:
            request = MockRequest(body.encode(), "test", method="POST")
            return (await webhook.async_handle_webhook(again, WEBHOOK_ID, request)).status

        after = again.states.get("event.gate_message")
        statuses = [await post(sms()), await post(sms("New"))]
        add(again, entry, virtual_number(SHOP, "Shop"))
        await again.async_block_till_done()
        shop = again.states.get("sensor.shop_last_message")
        await again.config_entries.async_unload(entry.entry_id)
        await again.async_stop(force=True)

    assert after
    received = datetime.fromisoformat(before.attributes["received"])
    # When it was received, which is at most a millisecond or two before the entity was told.
    assert after.state == received.isoformat(timespec="milliseconds")
    assert (after.attributes["received"], after.attributes["text"]) == (
        before.attributes["received"],
        "Hello",
    )
    assert statuses == [200, 200]
    assert [event.data["text"] for event in messages] == ["New"]
    assert shop
    assert shop.state == "For the shop"


async def test_counters_come_back(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post
) -> None:
    for body in (sms(), sms(), "nonsense"):
        await own_door(body)
    entity_ids = [
        "sensor.intellisms_last_post",
        "sensor.intellisms_messages_ignored",
        "sensor.gate_messages_received",
    ]
    before = [hass.states.get(entity_id) for entity_id in entity_ids]
    await reload(hass, loaded)
    after = [hass.states.get(entity_id) for entity_id in entity_ids]
    assert [s and (s.state, s.attributes) for s in after] == [
        s and (s.state, s.attributes) for s in before
    ]
    ignored = after[1]
    assert ignored
    assert (ignored.attributes["duplicate"], ignored.attributes["unreadable"]) == (1, 1)


async def test_numbers_that_nobody_configured_are_bounded(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    hass_storage: Storage,
    freezer: FrozenDateTimeFactory,
) -> None:
    await own_door(sms(to=SHOP))
    for number in range(19):
        await own_door(sms(to=str(60000 + number)))
    # Whoever is written to again is kept longer.
    await own_door(sms("Again", to=SHOP))
    await own_door(sms(to="60777"))
    await pass_time(hass, freezer, 2)

    kept = hass_storage[LAST]["data"]["unconfigured"]
    assert len(kept) == 20
    assert {SHOP, "60001", "60777"} <= kept.keys()
    assert "60000" not in kept


# ---- bounds -----------------------------------------------------------------------


def stored_ids(storage: Storage) -> list[str]:
    """Return the ids on disk, the oldest first."""
    days = storage[IDS]["data"]["days"]
    joined = "".join(days.values())
    return [joined[start : start + 12] for start in range(0, len(joined), 12)]


async def test_no_more_than_20000_ids(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    hass_storage: Storage,
) -> None:
    await own_door(sms("Oldest"))
    await hass.config_entries.async_unload("account")
    days = hass_storage[IDS]["data"]["days"]
    (day,) = days
    days[day] += "".join(f"{number:012}" for number in range(MAX_IDS - 1))
    assert MAX_IDS == 20_000

    await hass.config_entries.async_setup("account")
    assert await own_door(sms("Oldest")) == 200
    assert len(messages) == 1
    assert await own_door(sms("One more")) == 200
    assert loaded.runtime_data.journal.seen_count == MAX_IDS
    # The oldest had to go, so it is taken for a new one.
    assert await own_door(sms("Oldest")) == 200
    assert [event.data["text"] for event in messages] == ["Oldest", "One more", "Oldest"]

    await reload(hass, loaded)
    assert len(stored_ids(hass_storage)) == loaded.runtime_data.journal.seen_count == MAX_IDS
    assert len(json.dumps(hass_storage[IDS])) < 256 * 1024
    assert await own_door(sms("One more")) == 200
    assert len(messages) == 3


@pytest.mark.parametrize("older", ["", "b" * 12, "b" * 12 * 600])
async def test_a_file_of_too_many_ids_is_cut(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    hass_storage: Storage,
    older: str,
) -> None:
    await own_door(sms())
    await hass.config_entries.async_unload("account")
    (ours,) = stored_ids(hass_storage)
    ids = "".join(f"{number:012}" for number in range(MAX_IDS + 500))
    hass_storage[IDS]["data"]["days"] = {"2026-10-31": older, "2026-11-01": ids + ours}

    await hass.config_entries.async_setup("account")
    assert loaded.runtime_data.journal.seen_count == MAX_IDS
    messages.clear()
    for text in ("Hello", "Another"):
        assert await own_door(sms(text)) == 200
    assert [event.data["text"] for event in messages] == ["Another"]


# ---- the clock --------------------------------------------------------------------

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
BEGINNING = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
SHUTDOWN = NOW - timedelta(days=40)
AHEAD = NOW + timedelta(days=400)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(
    "times",
    [
        pytest.param([NOW, NOW + timedelta(days=31)], id="nothing came for a month"),
        pytest.param([SHUTDOWN, NOW], id="switched off for a month"),
        pytest.param([BEGINNING, NOW, BEGINNING, NOW], id="no clock of its own"),
        pytest.param([NOW, SHUTDOWN, NOW], id="time of the shutdown first"),
        pytest.param([NOW, AHEAD, NOW, AHEAD, NOW], id="ahead at times"),
        pytest.param([AHEAD, NOW, NOW + timedelta(days=1)], id="set right"),
    ],
)
async def test_a_clock_that_jumps_forgets_nothing(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    freezer: FrozenDateTimeFactory,
    times: list[datetime],
    restart: bool,
) -> None:
    for number, time in enumerate(times):
        freezer.move_to(time)
        if restart:
            await reload(hass, loaded)
        # What was said before, and one more.
        for told in range(number + 1):
            assert await own_door(sms(f"Text {told}")) == 200
    assert [event.data["text"] for event in messages] == [f"Text {n}" for n in range(len(times))]


@pytest.mark.parametrize("restart", [False, True])
async def test_ids_are_kept_for_30_days_on_which_something_came(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    freezer: FrozenDateTimeFactory,
    restart: bool,
) -> None:
    for day in range(30):
        freezer.move_to(NOW + timedelta(days=2 * day))
        assert await own_door(sms(f"Day {day}")) == 200
    # A date that was there before is no new day, but the newest one again.
    freezer.move_to(NOW)
    assert await own_door(sms("Day 0 again")) == 200
    # Wherever the clock jumps, one day is begun; the oldest gives way, and no other.
    freezer.move_to(BEGINNING)
    assert await own_door(sms("Day 30")) == 200
    if restart:
        await reload(hass, loaded)
    messages.clear()
    for day in (30, "0 again", 0, *range(29, 0, -1)):
        assert await own_door(sms(f"Day {day}")) == 200
    assert [event.data["text"] for event in messages] == ["Day 1"]


# ---- writing ----------------------------------------------------------------------


async def test_texts_are_not_in_the_file_of_ids_and_raw_in_none(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    hass_storage: Storage,
    freezer: FrozenDateTimeFactory,
) -> None:
    message = {"type": "order", "order": {"note": "only in raw"}}
    await own_door(sms(content={"msgobject": message}))
    await own_door(sms("Said to the shop", to=SHOP))
    await pass_time(hass, freezer, 2)

    ids, last = json.dumps(hass_storage[IDS]), json.dumps(hass_storage[LAST])
    assert "only in raw" not in ids + last
    for secret in ("Said to the shop", GATE[1:], SENDER[1:], SHOP[1:]):
        assert secret not in ids
    assert "Said to the shop" in last


async def test_nothing_is_kept_of_a_number_that_was_removed(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    hass_storage: Storage,
    freezer: FrozenDateTimeFactory,
) -> None:
    await own_door(sms("Said to the gate"))
    await pass_time(hass, freezer, 2)
    assert "Said to the gate" in json.dumps(hass_storage[LAST])

    hass.config_entries.async_remove_subentry(loaded, next(iter(loaded.subentries)))
    await pass_time(hass, freezer, 2)
    assert "Said to the gate" not in json.dumps(hass_storage[LAST])
