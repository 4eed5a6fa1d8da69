"""An account comes, changes while it runs, and goes."""

from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.webhook import DOMAIN as WEBHOOK
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.intellisms.const import DOMAIN

from .household import (
    ANNA,
    GATE,
    REPLACED_ID,
    WEBHOOK_ID,
    account,
    add,
    contact,
    sms,
    virtual_number,
)
from .running import Post, set_up

type Events = list[Event[dict[str, Any]]]
type Changes = list[Event[EventStateChangedData]]

SHED = "+447700900123"


def number_ids(entry: MockConfigEntry) -> dict[str, str]:
    """Return the ids of the subentries by their titles."""
    return {subentry.title: subentry.subentry_id for subentry in entry.subentries.values()}


def registered(hass: HomeAssistant) -> set[str]:
    """Return the ids that core's webhooks know."""
    return {id_ for id_, known in hass.data[WEBHOOK].items() if known.domain == DOMAIN}


def files(folder: Path, entry_id: str = "") -> set[str]:
    """Return the names of our files."""
    return {path.name for path in folder.glob(f"{DOMAIN}.{entry_id}*")}


def state_of(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return an entity's state, None if there is none."""
    state = hass.states.get(entity_id)
    return state.state if state else None


def entities(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, tuple[str, str | None]]:
    """Return the unique ids and devices of an account's entities, the disabled too."""
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {entity.entity_id: (entity.unique_id, entity.device_id) for entity in found}


def device_names(hass: HomeAssistant, entry: MockConfigEntry) -> set[str | None]:
    """Return the names of an account's devices."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {device.name for device in devices}


@pytest.fixture
def changes(hass: HomeAssistant, loaded: MockConfigEntry) -> Changes:
    """Return the changes of states from here on."""
    captured: Changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    return captured


# ---- set-up -------------------------------------------------------------------------


async def test_ids_are_registered_before_the_entry_is_loaded(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    seen: list[tuple[ConfigEntryState, set[str]]] = []

    entry.async_on_state_change(lambda: seen.append((entry.state, registered(hass))))
    await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()

    assert seen[0] == (ConfigEntryState.SETUP_IN_PROGRESS, {WEBHOOK_ID, REPLACED_ID})


@pytest.mark.parametrize("disabled", [ConfigEntryDisabler.USER, None])
async def test_ids_of_every_entry_are_registered(
    hass: HomeAssistant, disabled: ConfigEntryDisabler | None
) -> None:
    await set_up(hass, account([], disabled_by=disabled))

    assert registered(hass) == {WEBHOOK_ID, REPLACED_ID}


async def test_an_account_that_cannot_be_registered_keeps_no_other_from_it(
    hass: HomeAssistant, entry: MockConfigEntry, own_door: Post
) -> None:
    MockConfigEntry(domain=DOMAIN, data={}).add_to_hass(hass)
    await set_up(hass, entry)
    assert await own_door(sms()) == HTTPStatus.OK


async def test_an_account_without_numbers_is_set_up(
    hass: HomeAssistant, own_door: Post, messages: Events
) -> None:
    entry = account([])
    await set_up(hass, entry)

    assert entry.state is ConfigEntryState.LOADED
    assert device_names(hass, entry) == {"IntelliSMS"}
    assert await own_door(sms()) == HTTPStatus.OK
    assert [event.data["device_id"] for event in messages] == [None]


async def test_yaml_is_refused(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    await async_setup_component(hass, DOMAIN, {DOMAIN: {"number": "1"}})
    assert "does not support YAML" in caplog.text


async def test_unload_and_load(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Events
) -> None:
    for _ in range(3):
        assert await hass.config_entries.async_unload(loaded.entry_id)
        assert str(loaded.state) == str(ConfigEntryState.NOT_LOADED)
        assert state_of(hass, "event.gate_message") == STATE_UNAVAILABLE
        # What is posted meanwhile waits for it, or is kept by the provider.
        assert registered(hass) == {WEBHOOK_ID, REPLACED_ID}
        assert await hass.config_entries.async_setup(loaded.entry_id)
        await hass.async_block_till_done()
        assert loaded.state is ConfigEntryState.LOADED
        assert state_of(hass, "event.gate_message") == STATE_UNKNOWN

    # Nothing listens twice.
    assert await own_door(sms()) == HTTPStatus.OK
    assert len(messages) == 1
    assert state_of(hass, "sensor.gate_messages_received") == "1"


async def test_an_account_that_cannot_be_unloaded_turns_posts_away(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post
) -> None:
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        assert not await hass.config_entries.async_unload(loaded.entry_id)
    assert loaded.state is ConfigEntryState.FAILED_UNLOAD
    assert await own_door(sms()) == HTTPStatus.SERVICE_UNAVAILABLE
    loaded.mock_state(hass, ConfigEntryState.LOADED)


# ---- changes while it runs ----------------------------------------------------------


async def test_a_second_number_needs_no_reload(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Events,
    changes: Changes,
) -> None:
    await own_door(sms("Hello"))
    known = set(hass.states.async_entity_ids())
    data = loaded.runtime_data
    changes.clear()

    add(hass, loaded, virtual_number(SHED, "Shed"))
    await hass.async_block_till_done()

    added = set(hass.states.async_entity_ids()) - known
    assert {"event.shed_message", "sensor.shed_last_message"} <= added
    assert all("shed" in entity_id for entity_id in added)
    # Nothing was told of the others, and nothing was unavailable for a moment.
    assert {change.data["entity_id"] for change in changes} == added
    assert all(change.data["old_state"] is None for change in changes)
    assert loaded.runtime_data is data
    assert state_of(hass, "sensor.gate_last_message") == "Hello"

    changes.clear()
    assert await own_door(sms("To the shed", to=SHED)) == HTTPStatus.OK
    assert messages[-1].data["to_name"] == "Shed"
    assert state_of(hass, "sensor.shed_last_message") == "To the shed"
    assert state_of(hass, "sensor.gate_last_message") == "Hello"


async def test_a_contact_needs_no_reload(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Events, changes: Changes
) -> None:
    subentry = add(hass, loaded, contact("Anna", ANNA))
    await hass.async_block_till_done()
    assert {change.data["entity_id"] for change in changes} == {
        "event.anna_message",
        "sensor.anna_last_message",
    }

    await own_door(sms(**{"from": ANNA}))
    assert messages[0].data["from_name"] == "Anna"
    hass.config_entries.async_remove_subentry(loaded, subentry.subentry_id)
    await hass.async_block_till_done()
    await own_door(sms("Bye", **{"from": ANNA}))
    assert (messages[1].data["from_known"], messages[1].data["from_name"]) == (False, None)
    assert device_names(hass, loaded) == {"IntelliSMS", "Gate"}


@pytest.mark.parametrize(
    ("number", "name"), [(SHED, "Gate"), (GATE, "Front door"), (SHED, "Front door")]
)
async def test_an_edited_number_keeps_device_ids_and_history(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Events,
    changes: Changes,
    number: str,
    name: str,
) -> None:
    await own_door(sms("Before"))
    before = entities(hass, loaded)
    changes.clear()

    (subentry,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(
        loaded, subentry, title=name, data={"number": number}, unique_id=number
    )
    await hass.async_block_till_done()

    assert entities(hass, loaded) == before
    assert device_names(hass, loaded) == {"IntelliSMS", name}
    assert state_of(hass, "sensor.gate_last_message") == "Before"
    assert {
        change.data["new_state"].state for change in changes if change.data["new_state"]
    }.isdisjoint({STATE_UNAVAILABLE, STATE_UNKNOWN})
    await own_door(sms("After", to=number))
    assert messages[-1].data["to_name"] == name
    assert state_of(hass, "sensor.gate_last_message") == "After"
    assert state_of(hass, "sensor.gate_messages_received") == "2"
    device: Any = dr.async_get(hass).async_get(messages[-1].data["device_id"])
    assert device
    assert (device.model, device.model_id) == ("Virtual number", number)


async def test_an_edited_number_leaves_the_old_one_unknown(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Events
) -> None:
    (subentry,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(
        loaded, subentry, data={"number": SHED}, unique_id=SHED
    )
    await hass.async_block_till_done()
    await own_door(sms())
    assert messages[0].data["device_id"] is None


async def test_a_removed_number_takes_its_device_and_entities_with_it(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Events, changes: Changes
) -> None:
    add(hass, loaded, virtual_number(SHED, "Shed"))
    await hass.async_block_till_done()
    await own_door(sms("To the shed", to=SHED))
    changes.clear()

    hass.config_entries.async_remove_subentry(loaded, number_ids(loaded)["Gate"])
    await hass.async_block_till_done()

    assert device_names(hass, loaded) == {"IntelliSMS", "Shed"}
    assert not [entity_id for entity_id in entities(hass, loaded) if "gate" in entity_id]
    assert {change.data["entity_id"].partition(".")[2].partition("_")[0] for change in changes} == {
        "gate"
    }
    assert state_of(hass, "sensor.shed_last_message") == "To the shed"
    await own_door(sms("To nobody"))
    assert messages[-1].data["device_id"] is None


# ---- removal ------------------------------------------------------------------------


@pytest.mark.parametrize("unloaded", [False, True])
async def test_a_removed_account_leaves_nothing_behind(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    storage_folder: Path,
    unloaded: bool,
) -> None:
    # Files that were set aside, an issue, and a write that is due.
    await hass.config_entries.async_unload(loaded.entry_id)
    (storage_folder / f"{DOMAIN}.{loaded.entry_id}.ids").write_text("[]")
    (storage_folder / f"{DOMAIN}.{loaded.entry_id}.last").write_text("no JSON")
    await hass.config_entries.async_setup(loaded.entry_id)
    assert await own_door(sms()) == HTTPStatus.OK
    assert await own_door(sms(to=SHED)) == HTTPStatus.OK
    assert [key for key in ir.async_get(hass).issues if key[0] == DOMAIN]
    if unloaded:
        await hass.config_entries.async_unload(loaded.entry_id)
        assert len(files(storage_folder)) == 4

    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()

    assert files(storage_folder) == set()
    assert registered(hass) == set()
    assert [key for key in ir.async_get(hass).issues if key[0] == DOMAIN] == []
    assert entities(hass, loaded) == {}
    assert device_names(hass, loaded) == set()
    assert not [id_ for id_ in hass.states.async_entity_ids() if "gate" in id_]
    assert await own_door(sms()) == HTTPStatus.NOT_FOUND
    # Nothing that was due is written after all.
    await hass.async_stop(force=True)
    assert files(storage_folder) == set()


async def test_a_removed_account_leaves_the_others_alone(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, storage_folder: Path
) -> None:
    other = account([virtual_number(SHED, "Shed")], webhook_id="0the7" * 12)
    other.add_to_hass(hass)
    hass.config_entries.async_update_entry(other, data={**other.data, "replaced_ids": []})
    assert await hass.config_entries.async_setup(other.entry_id)
    for webhook_id in (WEBHOOK_ID, "0the7" * 12):
        assert await own_door(sms(), webhook_id=webhook_id) == HTTPStatus.OK
    await hass.config_entries.async_unload(other.entry_id)
    await hass.config_entries.async_setup(other.entry_id)

    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    assert registered(hass) == {"0the7" * 12}
    assert len(files(storage_folder, other.entry_id)) == 2
    assert await own_door(sms("Two"), webhook_id="0the7" * 12) == HTTPStatus.OK


async def test_an_account_can_be_removed_before_anything_is_set_up(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass.config_entries.async_entries(DOMAIN) == []


# ---- versions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "minor_version", "state"),
    [
        (1, 1, ConfigEntryState.LOADED),
        (1, 2, ConfigEntryState.LOADED),
        (0, 1, ConfigEntryState.MIGRATION_ERROR),
        (2, 1, ConfigEntryState.MIGRATION_ERROR),
    ],
)
async def test_versions_of_the_entry(
    hass: HomeAssistant, version: int, minor_version: int, state: ConfigEntryState
) -> None:
    entry = account([virtual_number()], version=version, minor_version=minor_version)
    entry.add_to_hass(hass)
    await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()

    assert entry.state is state
    # The provider keeps what comes for one that cannot be read.
    assert registered(hass) == {WEBHOOK_ID, REPLACED_ID}
