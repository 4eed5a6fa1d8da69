"""The automations on the page about sending run, against the stand-in for the provider's API."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from scripts.house.provider_api import ProviderApi, Refusal
from tests.household import ANNA, BEN, STRANGER, devices, reply, text
from tests.log import keep_secret
from tests.running import URL, automate, receive
from tests.test_examples import examples, with_devices

from .conftest import Notifiers

PAGE = "docs/sending.md"


class House:
    """The house, what happens to it, and what it did."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, api: ProviderApi) -> None:
        """Begin with nothing done."""
        self.hass = hass
        self.entry = entry
        self.api = api
        self.opened: list[ServiceCall] = async_mock_service(hass, "cover", "open_cover")

    async def turn_on(self, entity_id: str) -> None:
        """Let something turn on, and all happen that follows."""
        self.hass.states.async_set(entity_id, "off")
        await self.hass.async_block_till_done()
        self.hass.states.async_set(entity_id, "on")
        await self.hass.async_block_till_done()

    async def hear(self, body: str) -> None:
        """Let a message come, and all happen that follows."""
        receive(self.entry, body)
        await self.hass.async_block_till_done()

    def sent(self) -> list[tuple[str, str, Any]]:
        """Return, and forget, to whom, by which channel and what was sent."""
        taken = [
            (f"+{one.to}", one.message["channel"], one.message["content"]) for one in self.api.taken
        ]
        keep_secret([content for _, _, content in taken])
        self.api.taken.clear()
        return taken


def sms(said: str, kind: str = "text") -> dict[str, Any]:
    content = {"msgtype": kind, "text": said}
    return content | ({"maxconcat": 6} if kind == "text" else {})


async def water(house: House) -> None:
    await house.turn_on("switch.water")
    assert house.sent() == [(ANNA, "sms", sms("The water is on."))]


async def gate(house: House) -> None:
    await house.hear(text("Gate", channel="whatsapp", sender=BEN))
    await house.hear(text("Gate"))
    assert house.sent() == []
    await house.hear(text("Gate", channel="whatsapp"))
    [(to, channel, question)] = house.sent()
    assert (to, channel) == (ANNA, "whatsapp")
    buttons = question["msgobject"]["interactive"]["action"]["buttons"]
    assert [button["reply"]["title"] for button in buttons] == ["Open it", "Leave it"]

    await house.hear(reply("Open it", "gate_open", sender=BEN))
    await house.hear(reply("Leave it", "gate_leave"))
    assert (house.sent(), house.opened) == ([], [])
    await house.hear(reply("Open it", "gate_open"))
    assert len(house.opened) == 1
    [(to, channel, said)] = house.sent()
    assert (to, channel) == (ANNA, "whatsapp")
    assert said["msgobject"]["text"] == {"body": "The gate is opening."}


async def alarm(house: House) -> None:
    house.api.plays[BEN.removeprefix("+")] = Refusal(word="invalid_number")
    await house.turn_on("binary_sensor.smoke")
    assert house.sent() == [
        (ANNA, "sms", sms("Smoke in the kitchen!")),
        (ANNA, "sms", sms("Smoke in the kitchen!", "voice")),
    ]


async def plumber(house: House) -> None:
    await house.turn_on("binary_sensor.leak")
    assert house.sent() == [(STRANGER, "sms", sms("There is a leak. Please call back."))]


async def visitor(house: House) -> None:
    await house.hear(text("Hello", channel="whatsapp"))
    await house.turn_on("binary_sensor.door_motion")
    [(to, channel, said)] = house.sent()
    assert (to, channel) == (ANNA, "whatsapp")
    picture = said["msgobject"]["image"]
    assert picture["caption"] == "Somebody comes to the door."
    assert picture["link"].startswith(f"{URL}/api/intellisms/media/")


SCENARIOS: dict[str, Callable[[House], Awaitable[None]]] = {
    "Alarm by two ways": alarm,
    "Ask for the gate by WhatsApp": gate,
    "Show who comes to the door": visitor,
    "Tell the plumber": plumber,
    "Tell when the water is on": water,
}


@pytest.mark.parametrize("alias", examples(PAGE))
@pytest.mark.usefixtures("camera", "external_url")
async def test_example_runs(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    alias: str,
) -> None:
    assert notifiers()["Anna"] == "notify.anna"
    # Core logs the alias, and a message's own words must not be in the log.
    automation = with_devices(examples(PAGE)[alias] | {"alias": "Example"}, devices(sending_house))
    house = House(hass, sending_house, api)
    await automate(hass, automation)
    await SCENARIOS[alias](house)
    assert house.sent() == []
