"""The option that keeps what people say off the disk, while automations still hear it."""

import logging
from types import SimpleNamespace
from typing import Any, cast

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import (
    EventData,
    Events,
    EventTypes,
    StateAttributes,
    States,
)
from homeassistant.core import Event, HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er, restore_state
from homeassistant.helpers.recorder import DATA_INSTANCE, session_scope
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.intellisms.const import CONF_KEEP_OFF_DISK, EVENT_MESSAGE_RECEIVED
from custom_components.intellisms.privacy import Privacy
from custom_components.intellisms.protocol import SAID

from .household import ANNA, household, image, posted, reply, text
from .running import automate_by, receive, set_up, state, when

DISCREET = {CONF_KEEP_OFF_DISK: True}
# Words that are in what was said, and in nothing else.
SESAME = "open-sesame"
# A message of each sort, all with the words.
SAYING = (
    text(SESAME),
    reply(SESAME, f"{SESAME}-id"),
    image(f"https://media.example.com/{SESAME}.jpg"),
    posted(text(""), content={"msgobject": {"type": "video", "video": {"caption": SESAME}}}),
    posted(text(""), content={"msgtype": "binary", "ud": SESAME}),
)


@pytest.fixture(autouse=True)
def custom_integrations(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> None:
    """Begin with the recorder if there is one: it has to come before Home Assistant itself."""
    if "recorder_mock" in request.fixturenames:
        # Only for tests it says what it writes.
        caplog.set_level(logging.WARNING, "sqlalchemy.engine")
        request.getfixturevalue("recorder_mock")
    request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def recorder(hass: HomeAssistant) -> SimpleNamespace:
    """Return what we need to know of a recorder."""
    recorder = SimpleNamespace(exclude_event_types=set())
    hass.data[DATA_INSTANCE] = cast("Recorder", recorder)
    return recorder


@pytest.fixture
async def house(hass: HomeAssistant, hass_storage: dict[str, Any]) -> MockConfigEntry:
    """Return an account that keeps nothing on disk, loaded."""
    return await set_up(hass, household(), DISCREET)


async def _set(hass: HomeAssistant, entry: MockConfigEntry, options: dict[str, Any]) -> None:
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.async_block_till_done()


async def _written(hass: HomeAssistant, storage: dict[str, Any]) -> str:
    """Return what is in storage, of core's states too, once all is written."""
    await restore_state.async_get(hass).async_dump_states()
    async_fire_time_changed(hass, dt_util.utcnow() + restore_state.STATE_DUMP_INTERVAL)
    await hass.async_block_till_done()
    return str(storage)


def _shown(hass: HomeAssistant) -> str:
    """Return all states with their attributes."""
    return str([state.as_dict() for state in hass.states.async_all()])


def _sensors(hass: HomeAssistant) -> dict[str, str]:
    return {state.entity_id: state.state for state in hass.states.async_all("sensor")}


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("body", SAYING, ids=["text", "reply", "picture", "video", "binary"])
async def test_nothing_that_was_said_is_shown_or_written(
    hass: HomeAssistant,
    house: MockConfigEntry,
    hass_storage: dict[str, Any],
    messages: list[Event[dict[str, Any]]],
    body: str,
) -> None:
    runs: list[ServiceCall] = async_mock_service(hass, "test", "run")
    said = "{{ trigger.message }}"
    await automate_by(
        hass, when("message_received"), actions=[{"action": "test.run", "data": {"said": said}}]
    )
    receive(house, body)
    await hass.async_block_till_done()
    # Automations hear it,
    assert SESAME in str(messages[0].data)
    assert SESAME in str(runs[0].data)
    # states and files do not.
    assert SESAME not in _shown(hass)
    assert SESAME not in await _written(hass, hass_storage)
    # That something came is no secret.
    shown = state(hass, "event.gate_message").attributes
    assert shown["from"] == ANNA
    assert {key: shown[key] for key in SAID} == dict.fromkeys(SAID)
    assert await hass.config_entries.async_reload(house.entry_id)
    await hass.async_block_till_done()
    assert SESAME not in _shown(hass)


async def test_what_came_is_still_told_after_a_restart(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    receive(house, text(SESAME))
    before = _sensors(hass)
    assert await hass.config_entries.async_reload(house.entry_id)
    await hass.async_block_till_done()
    after = _sensors(hass)
    assert after == before
    assert after["sensor.gate_last_sender"] == "Anna"
    assert after["sensor.gate_last_message"] == "[Text]"
    assert after["sensor.gate_messages_received"] == "1"


async def test_what_is_in_the_file_goes_when_it_is_switched_on(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    entry = await set_up(hass, household())
    receive(entry, text(SESAME))
    receive(entry, text(SESAME, to="+447700900555"))
    async_fire_time_changed(hass, dt_util.utcnow() + restore_state.STATE_DUMP_INTERVAL)
    await hass.async_block_till_done()
    journal = f"intellisms.{entry.entry_id}.last"
    assert str(hass_storage[journal]).count(SESAME) == 4  # Gate twice, Anna, and the unknown number
    for options, kept in ((DISCREET, 0), ({}, 4)):
        await _set(hass, entry, options)
        async_fire_time_changed(hass, dt_util.utcnow() + 2 * restore_state.STATE_DUMP_INTERVAL)
        await hass.async_block_till_done()
        assert str(hass_storage[journal]).count(SESAME) == kept
        assert ANNA in str(hass_storage[journal])


async def test_what_is_in_the_file_goes_when_it_was_switched_on_while_not_loaded(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    entry = await set_up(hass, household())
    receive(entry, text(SESAME))
    assert await hass.config_entries.async_unload(entry.entry_id)
    journal = f"intellisms.{entry.entry_id}.last"
    assert SESAME in str(hass_storage[journal])
    await _set(hass, entry, DISCREET)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert SESAME not in str(hass_storage[journal])
    assert ANNA in str(hass_storage[journal])


async def _restorable(hass: HomeAssistant) -> str:
    """Return what core itself would keep of states that are now, and of those that were."""
    stored = restore_state.async_get(hass).async_get_stored_states()
    return str([state.as_dict() for state in stored])


async def test_core_keeps_nothing_beside_us(hass: HomeAssistant) -> None:
    """Else it would stay for a week after the number is gone, whatever the option says."""
    entry = await set_up(hass, household())
    receive(entry, text(SESAME))
    assert state(hass, "event.gate_message").attributes["text"] == SESAME
    assert SESAME not in await _restorable(hass)
    er.async_get(hass).async_update_entity("event.gate_message", new_entity_id="event.renamed")
    await hass.async_block_till_done()
    receive(entry, text(f"{SESAME} again"))
    for step in (
        hass.config_entries.async_reload,
        hass.config_entries.async_unload,
        hass.config_entries.async_remove,
    ):
        assert SESAME not in await _restorable(hass)
        assert await step(entry.entry_id)
        await hass.async_block_till_done()
        if step == hass.config_entries.async_reload:
            assert state(hass, "event.renamed").attributes["text"] == f"{SESAME} again"
    assert SESAME not in await _restorable(hass)


# ---- the recorder ---------------------------------------------------------------


async def test_the_recorder_leaves_messages_out_as_long_as_it_is_wanted(
    hass: HomeAssistant, recorder: SimpleNamespace, house: MockConfigEntry
) -> None:
    excluded = recorder.exclude_event_types
    assert excluded == {EVENT_MESSAGE_RECEIVED}
    await _set(hass, house, {})
    assert excluded == set()
    await _set(hass, house, DISCREET)
    await _set(hass, house, DISCREET | {"accept": "known"})
    assert excluded == {EVENT_MESSAGE_RECEIVED}
    assert await hass.config_entries.async_reload(house.entry_id)
    assert excluded == {EVENT_MESSAGE_RECEIVED}
    assert await hass.config_entries.async_unload(house.entry_id)
    assert excluded == set()


async def test_what_the_user_excludes_stays_excluded(
    hass: HomeAssistant, recorder: SimpleNamespace
) -> None:
    excluded = recorder.exclude_event_types
    excluded |= {EVENT_MESSAGE_RECEIVED, "another"}
    own = set(excluded)
    entry = await set_up(hass, household())
    for options in (DISCREET, {}, DISCREET):
        await _set(hass, entry, options)
        assert excluded == own
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert excluded == own


@pytest.mark.parametrize("recorder", [None, SimpleNamespace()], ids=["none", "another"])
def test_without_a_recorder_that_can_leave_them_out(hass: HomeAssistant, recorder: Any) -> None:
    if recorder:
        hass.data[DATA_INSTANCE] = recorder
    privacy = Privacy(hass, MockConfigEntry(options=DISCREET))
    privacy.async_apply()
    privacy.async_stop()
    assert hass.data.get(DATA_INSTANCE) is recorder
    assert not vars(recorder or SimpleNamespace())


async def _recorded(hass: HomeAssistant) -> tuple[int, str]:
    """Return how many messages are recorded, and all data and states that are."""
    await hass.async_block_till_done()
    await async_wait_recording_done(hass)
    with session_scope(hass=hass, read_only=True) as session:
        messages = (
            session.query(Events)
            .join(EventTypes, Events.event_type_id == EventTypes.event_type_id)
            .filter(EventTypes.event_type == EVENT_MESSAGE_RECEIVED)
            .count()
        )
        columns = (EventData.shared_data, States.state, StateAttributes.shared_attrs)
        # Not the rows as they are: their repr cuts long texts.
        values = [str(value) for column in columns for (value,) in session.query(column)]
        return messages, "\n".join(values)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_what_the_recorder_writes(recorder_mock: Recorder, hass: HomeAssistant) -> None:
    entry = await set_up(hass, household(), DISCREET)
    for body in SAYING:
        receive(entry, body)
    messages, recorded = await _recorded(hass)
    assert messages == 0
    assert SESAME not in recorded
    assert "Anna" in recorded
    # Without the option it is all there, but for attributes that nobody looks back at.
    await _set(hass, entry, {})
    receive(entry, text(SESAME))
    messages, recorded = await _recorded(hass)
    assert messages == 1
    # The event's data, where `raw` says it again, and the states of Gate's and Anna's
    # *Last message*.
    assert recorded.count(SESAME) == 4


@pytest.mark.parametrize(
    "recorder_config", [{"exclude": {"event_types": [EVENT_MESSAGE_RECEIVED]}}]
)
async def test_the_recorder_as_the_user_configured_it(
    recorder_mock: Recorder, hass: HomeAssistant
) -> None:
    entry = await set_up(hass, household())
    for options in ({}, DISCREET, {}):
        await _set(hass, entry, options)
        receive(entry, text(SESAME))
        assert (await _recorded(hass))[0] == 0
