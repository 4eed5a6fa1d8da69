"""Whose last messages are kept: numbers that come later, that go, and that nobody configured."""

import json
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import (
    DOMAIN,
    MAX_UNCONFIGURED,
)
from tests.household import GATE, SENDER, add, contact, devices, sms, virtual_number
from tests.log import keep_secret
from tests.running import Post, state

type Events = list[Event[dict[str, Any]]]

SHED = "+447700900123"
LAST_MESSAGE = "sensor.gate_last_message"
TOTAL = "sensor.gate_messages_received"


class World:
    """An account that is loaded."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, storage: Any) -> None:
        """Prepare."""
        self.hass = hass
        self.entry = entry
        self.storage = storage

    def stored(self) -> dict[str, Any]:
        """Return what the file of last messages holds."""
        data: dict[str, Any] = self.storage[f"{DOMAIN}.{self.entry.entry_id}.last"]["data"]
        return data

    def shown(self, entity_id: str) -> str:
        """Return an entity's state."""
        return state(self.hass, entity_id).state

    async def unload(self) -> None:
        """Unload the account."""
        assert await self.hass.config_entries.async_unload(self.entry.entry_id)

    async def load(self) -> None:
        """Load the account."""
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def reload(self) -> None:
        """Load the account anew."""
        await self.unload()
        await self.load()

    async def add(self, number: str, name: str) -> None:
        """Add a virtual number as the dialog does."""
        keep_secret([number, name])
        add(self.hass, self.entry, virtual_number(number, name))
        await self.hass.async_block_till_done()

    async def remove(self, name: str) -> None:
        """Remove a virtual number."""
        subentries = self.entry.subentries.values()
        (subentry_id,) = [it.subentry_id for it in subentries if it.title == name]
        self.hass.config_entries.async_remove_subentry(self.entry, subentry_id)
        await self.hass.async_block_till_done()


@pytest.fixture
def world(hass: HomeAssistant, loaded: MockConfigEntry, hass_storage: dict[str, Any]) -> World:
    """Return an account with the number *Gate*."""
    return World(hass, loaded, hass_storage)


@pytest.mark.parametrize("reloaded", [False, True])
async def test_a_number_added_later_shows_what_came_for_it(
    hass: HomeAssistant, world: World, own_door: Post, messages: Events, reloaded: bool
) -> None:
    for text in ("One", "Two"):
        await own_door(sms(text, to=SHED))
    messages.clear()
    if reloaded:
        await world.reload()

    await world.add(SHED, "Shed")

    assert world.shown("sensor.shed_last_message") == "Two"
    assert world.shown("sensor.shed_messages_received") == "2"
    event = state(hass, "event.shed_message").attributes
    assert (event["event_type"], event["text"]) == ("text", "Two")
    assert event["to_name"] == "Shed"
    assert event["device_id"] == devices(world.entry)["Shed"]
    assert messages == []
    # It is the number's own from now on.
    await world.reload()
    assert world.shown("sensor.shed_last_message") == "Two"
    assert world.stored()["unconfigured"] == {}


async def test_a_number_that_is_added_in_its_other_spelling_shows_it_too(
    world: World, own_door: Post
) -> None:
    await own_door(sms("Two", to="551188887777"))
    await world.add("+5511988887777", "Shed")
    assert world.shown("sensor.shed_last_message") == "Two"
    await world.reload()
    assert world.stored()["unconfigured"] == {}


async def test_a_message_is_whose_number_it_is_now(
    hass: HomeAssistant, world: World, own_door: Post
) -> None:
    people = er.async_get(hass)
    ids = {
        name: people.async_get_or_create("person", "test", name, suggested_object_id=name).id
        for name in ("alice", "bob")
    }

    keep_secret(["Alice", "Bob"])
    alice = add(hass, world.entry, contact("Alice", SENDER, person=ids["alice"]))
    await own_door(sms("Hello"))
    hass.config_entries.async_remove_subentry(world.entry, alice.subentry_id)
    add(hass, world.entry, contact("Bob", SENDER, person=ids["bob"]))
    await hass.async_block_till_done()

    event = state(hass, "event.bob_message").attributes
    told = {key: event[key] for key in ("text", "to_name", "from_name", "person_id")}
    assert told == {
        "text": "Hello",
        "to_name": "Gate",
        "from_name": "Bob",
        "person_id": "person.bob",
    }


async def test_who_has_messages_inherits_nothing_more(
    hass: HomeAssistant, world: World, own_door: Post
) -> None:
    add(hass, world.entry, contact("Alice", SENDER))
    for text in ("One", "Two"):
        await own_door(sms(text))
    await world.reload()
    await world.unload()
    assert [record["total"] for record in world.stored()["listings"].values()] == [2, 2]


async def test_a_number_that_is_edited_leaves_nothing_unconfigured_behind(
    hass: HomeAssistant, world: World, own_door: Post
) -> None:
    await own_door(sms("Ours"))
    await own_door(sms("For another", to=SHED))
    (subentry,) = world.entry.subentries.values()
    hass.config_entries.async_update_subentry(
        world.entry, subentry, data={"number": SHED}, unique_id=SHED
    )
    await hass.async_block_till_done()
    # Its own history stays, of which the other message is no part.
    assert (world.shown(LAST_MESSAGE), world.shown(TOTAL)) == ("Ours", "1")
    await world.unload()
    assert world.stored()["unconfigured"] == {}


async def test_a_number_that_comes_back_starts_afresh(world: World, own_door: Post) -> None:
    await own_door(sms("Before"))
    await world.remove("Gate")
    await world.add(GATE, "Gate")

    assert (world.shown(LAST_MESSAGE), world.shown(TOTAL)) == ("unknown", "0")
    await world.unload()
    assert "Before" not in json.dumps(world.stored())


async def test_nothing_is_kept_of_a_number_that_was_removed_while_unloaded(
    world: World, own_door: Post
) -> None:
    await own_door(sms("Before"))
    await world.unload()
    assert "Before" in json.dumps(world.stored())
    await world.remove("Gate")
    await world.load()
    await world.unload()

    assert world.stored()["listings"] == {}


@pytest.mark.parametrize("reloaded", [False, True])
async def test_the_latest_20_unconfigured_numbers_are_kept(
    world: World, own_door: Post, reloaded: bool
) -> None:
    numbers = [f"+4477009001{number:02}" for number in range(MAX_UNCONFIGURED + 1)]
    for number in numbers[:-1]:
        await own_door(sms("Text", to=number))
    # The first was heard of again, so that the second is the one heard of least lately.
    await own_door(sms("Again", to=numbers[0]))
    await own_door(sms("Text", to=numbers[-1]))
    if reloaded:
        await world.reload()

    for name, number in {"Zero": numbers[0], "One": numbers[1], "Two": numbers[2]}.items():
        await world.add(number, name)
    assert world.shown("sensor.zero_last_message") == "Again"
    assert world.shown("sensor.one_last_message") == "unknown"
    assert world.shown("sensor.two_last_message") == "Text"
    await world.unload()
    assert set(world.stored()["unconfigured"]) == set(numbers[3:])


async def test_what_is_too_long_for_a_number_is_not_kept(world: World, own_door: Post) -> None:
    await own_door(sms(to="7" * 65))
    await own_door(sms(to=f"+{'7' * 63}"))
    await world.unload()
    assert [len(number) for number in world.stored()["unconfigured"]] == [64]
    assert len(ir.async_get(world.hass).issues) == 1


async def test_messages_that_name_no_number_are_not_kept(world: World, own_door: Post) -> None:
    await world.add(SHED, "Shed")
    await own_door(sms(to=None))
    await world.unload()
    assert world.stored()["unconfigured"] == {}


async def test_simulated_messages_are_not_kept(
    hass: HomeAssistant, world: World, own_door: Post
) -> None:
    await own_door(sms("Real"))
    await hass.services.async_call(
        DOMAIN,
        "simulate_message",
        {"virtual_number": devices(world.entry)["Gate"], "text": "Simulated"},
        blocking=True,
    )
    assert (world.shown(LAST_MESSAGE), world.shown(TOTAL)) == ("Simulated", "1")
    await world.reload()

    assert (world.shown(LAST_MESSAGE), world.shown(TOTAL)) == ("Real", "1")
    assert "Simulated" not in json.dumps(world.storage)


async def test_what_was_said_can_be_kept_off_the_disk(
    hass: HomeAssistant, world: World, own_door: Post
) -> None:
    await own_door(sms("Private words"))
    await own_door(sms("Words of a stranger", to=SHED))
    await world.reload()
    assert "Private words" in json.dumps(world.stored())

    options = {"accept": "everyone", "keep_off_disk": True}
    hass.config_entries.async_update_entry(world.entry, options=options)
    await hass.async_block_till_done()
    await world.reload()
    assert "ords" not in json.dumps(world.stored())
    assert world.shown(TOTAL) == "1"
