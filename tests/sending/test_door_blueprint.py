"""The blueprint *Show who is at the door*, with a camera and the stand-in for the provider."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from scripts.house.provider_api import ProviderApi, Taken, tap
from tests.cameras import JPEG, DoorCamera
from tests.household import ANNA, BEN, CARL, GATE, devices, reply, text
from tests.log import keep_secret
from tests.running import URL, pass_time, receive, reload_automations
from tests.test_blueprints import FillIn, config_folder, fill_in, step

from .conftest import Notifiers

__all__ = ["config_folder", "fill_in"]
NOON = "2026-07-06 12:00:00+00:00"

type Calls = dict[str, list[ServiceCall]]


class Door:
    """The door, who is told of a ring, and what they answer."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        api: ProviderApi,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """Begin with nobody there."""
        self.hass = hass
        self.entry = entry
        self.api = api
        self.freezer = freezer
        self.calls: Calls = {
            name: async_mock_service(hass, "script", name) for name in ("let_in", "leave")
        }

    async def ring(self) -> list[Taken]:
        """Ring, and return what was sent."""
        self.api.taken.clear()
        self.hass.bus.async_fire("doorbell")
        await self.hass.async_block_till_done()
        keep_secret([taken.message["content"] for taken in self.api.taken])
        return sorted(self.api.taken, key=lambda taken: taken.to)

    async def tap(self, taken: Taken, place: int) -> None:
        """Let the first or second button of what was sent be tapped."""
        sent = self.freezer.time_to_freeze.isoformat() + "Z"
        receive(self.entry, tap(taken, place, to=GATE.removeprefix("+"), sent=sent).decode())
        await self.hass.async_block_till_done()

    def done(self) -> list[Any]:
        """Return what was done, and by whose tap."""
        return [call.data.get("who", name) for name, made in self.calls.items() for call in made]


@pytest.fixture
async def door(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    camera: DoorCamera,
    external_url: None,
    api: ProviderApi,
    fill_in: FillIn,
    freezer: FrozenDateTimeFactory,
) -> Door:
    """Return a door that Anna and Ben are told of; Anna has written by WhatsApp, and Ben has not."""
    freezer.move_to(NOON)
    keep_secret([ANNA, BEN, CARL])
    notifiers()
    ids = devices(sending_house)
    door = Door(hass, sending_house, api, freezer)
    await fill_in(
        "show_who_is_at_the_door",
        ring_when=[{"trigger": "event", "event_type": "doorbell"}],
        camera="camera.door",
        contacts=[ids["Anna"], ids["Ben"]],
        yes_actions=step("script.let_in", who="{{ trigger.message.from_name }}"),
        no_actions=step("script.leave"),
    )
    receive(sending_house, text("Hello", channel="whatsapp"))
    return door


async def test_the_picture_and_two_buttons(
    door: Door, hass_client_no_auth: ClientSessionGenerator
) -> None:
    anna, ben = await door.ring()
    shown = anna.object["interactive"]
    assert (f"+{anna.to}", shown["body"]) == (ANNA, {"text": "Somebody is at the door."})
    titles = [button["reply"]["title"] for button in shown["action"]["buttons"]]
    assert titles == ["Let in", "Not now"]
    client = await hass_client_no_auth()
    response = await client.get(shown["header"]["image"]["link"].removeprefix(URL))
    assert await response.read() == JPEG
    # Who cannot get it gets the words alone.
    assert (f"+{ben.to}", ben.message["channel"]) == (BEN, "sms")
    assert ben.message["content"]["text"] == "Somebody is at the door."


async def test_a_tap_is_acted_on(door: Door) -> None:
    anna, _ = await door.ring()
    await door.tap(anna, 1)
    assert door.done() == ["leave"]
    await door.tap(anna, 0)
    assert door.done() == ["Anna", "leave"]


async def test_after_a_reload_too(door: Door) -> None:
    anna, _ = await door.ring()
    config = door.hass.data["automation"].get_entity("automation.it").raw_config
    await reload_automations(door.hass, config)
    await door.tap(anna, 0)
    assert door.done() == ["Anna"]


async def test_only_for_a_while(door: Door) -> None:
    earlier, _ = await door.ring()
    await pass_time(door.hass, door.freezer, 200)
    later, _ = await door.ring()
    await pass_time(door.hass, door.freezer, 101)
    await door.tap(earlier, 0)
    assert door.done() == []
    await door.tap(later, 0)
    assert door.done() == ["Anna"]


@pytest.mark.parametrize("button_id", ["Let in", "", "automation.other 1783339200 yes", "a b c"])
async def test_other_buttons_do_nothing(door: Door, button_id: str) -> None:
    await door.ring()
    receive(door.entry, reply("Let in", button_id))
    await door.hass.async_block_till_done()
    assert door.done() == []


async def test_others_do_nothing(door: Door) -> None:
    anna, _ = await door.ring()
    anna.to = CARL.removeprefix("+")
    await door.tap(anna, 0)
    assert door.done() == []


async def test_a_camera_that_shows_nothing(door: Door, camera: DoorCamera) -> None:
    await camera.turn(on=False)
    assert [taken.message["channel"] for taken in await door.ring()] == ["sms", "sms"]
