"""The automations on the pages about sending run, against the stand-in for the provider's API."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from scripts.house.provider_api import ProviderApi, Refusal, Taken, report
from tests.household import ANNA, BEN, STRANGER, button, devices, reply, text, together
from tests.log import keep_secret
from tests.running import URL, automate, pass_time, receive, settle
from tests.test_examples import DOORBELL, examples, with_devices

from .conftest import Notifiers

PAGES = ("docs/sending.md", "docs/questions.md")
ON_PAGES = [DOORBELL, *((page, alias) for page in PAGES for alias in examples(page))]


@pytest.fixture(autouse=True)
async def noon(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Stop the clock."""
    await hass.config.async_set_time_zone("UTC")
    freezer.move_to("2026-07-06 12:00:00+00:00")


class House:
    """The house, what happens to it, and what it did."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        api: ProviderApi,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """Begin with nothing done."""
        self.hass = hass
        self.entry = entry
        self.api = api
        self.freezer = freezer
        self.opened: list[ServiceCall] = async_mock_service(hass, "cover", "open_cover")
        self.lit: list[ServiceCall] = async_mock_service(hass, "light", "turn_on")
        self.heated: list[ServiceCall] = async_mock_service(hass, "climate", "turn_on")
        self.unlocked: list[ServiceCall] = async_mock_service(hass, "lock", "unlock")
        self.told: list[ServiceCall] = async_mock_service(hass, "notify", "send_message")

    async def turn_on(self, entity_id: str) -> None:
        """Let something turn on, and all happen that follows."""
        self.hass.states.async_set(entity_id, "off")
        await self.hass.async_block_till_done()
        self.hass.states.async_set(entity_id, "on")
        await self.hass.async_block_till_done()

    async def hear(self, body: str) -> None:
        """Let a message or a report come, and all happen that follows."""
        receive(self.entry, body)
        await self.hass.async_block_till_done()

    async def hear_while_it_waits(self, body: str) -> None:
        """Let a message come to an automation that then waits for another."""
        receive(self.entry, body)
        await self.api.taken_are(1)
        await settle()

    async def report(self, place: int, status: str, code: int, category: str = "success") -> None:
        """Let the provider report of a message, by its place, while an automation may wait."""
        receive(self.entry, report(self.api.taken[place], status, code, category).decode())
        await settle()

    async def taken(self, count: int = 1) -> list[Taken]:
        """Return, and forget, so many messages, once they are there; automations may wait on."""
        async with asyncio.timeout(10):
            await self.api.taken_are(count)
        taken = list(self.api.taken)
        keep_secret([one.message["content"] for one in taken])
        self.api.taken.clear()
        await settle()
        return taken

    async def answer(self, body: str) -> None:
        """Let a message come, and all happen that needs no time to pass."""
        receive(self.entry, body)
        await settle()

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
    assert [one["reply"]["title"] for one in buttons] == ["Open it", "Leave it"]

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


async def sauna(house: House) -> None:
    await house.hear(text("Sauna", sender=BEN))
    assert house.sent() == []
    await house.hear_while_it_waits(text("sauna", channel="whatsapp"))
    [(to, channel, question)] = house.sent()
    assert (to, channel) == (ANNA, "whatsapp")
    assert question["msgobject"]["text"] == {"body": "For how many hours?"}
    # Each is answered the way it came.
    await house.hear(text("3"))
    assert house.sent() == [(ANNA, "sms", sms("3 hours it is."))]


async def smoke(house: House) -> None:
    await house.turn_on("binary_sensor.smoke")
    parts = _parts("smoke_alarm", house.sent(), [ANNA, BEN])
    assert [one["text"] for one in parts["body"]] == ["kitchen", "12:00"]


async def smoke_question(house: House) -> None:
    await house.turn_on("binary_sensor.smoke")
    parts = _parts("smoke_question", house.sent(), [ANNA])
    assert {one["parameter_name"]: one["text"] for one in parts["body"]} == {
        "room": "kitchen",
        "time": "12:00",
    }
    assert [parts[place][0]["payload"] for place in ("0", "1")] == ["smoke_seen", "smoke_help"]


def _parts(name: str, sent: list[tuple[str, str, Any]], to: list[str]) -> dict[str, Any]:
    """Return what fills the parts of a template that went to all of them, by kind or place."""
    assert [(number, channel) for number, channel, _ in sent] == [(one, "whatsapp") for one in to]
    template, *others = [content["msgobject"]["template"] for _, _, content in sent]
    assert all(other == template for other in others)
    assert (template["name"], template["language"]) == (name, {"code": "en_GB"})
    return {one.get("index", one["type"]): one["parameters"] for one in template["components"]}


async def warm(house: House) -> None:
    house.hass.states.async_set("sensor.living_room", "21.5")
    await house.hear(text("How warm is it?", sender=STRANGER))
    assert house.sent() == []
    await house.hear(text("how warm is it?", sender=BEN))
    assert house.sent() == [(BEN, "sms", sms("It is 21.5 °C."))]


async def plumber(house: House) -> None:
    await house.turn_on("binary_sensor.leak")
    assert house.sent() == [(STRANGER, "sms", sms("There is a leak. Please call back."))]


async def follow(house: House) -> None:
    await house.hear(text("Hello", channel="whatsapp"))
    for by in ("whatsapp", "sms"):
        await house.hass.services.async_call(
            "intellisms",
            "send_message",
            {"entity_id": "notify.anna", "message": "Sesame", "channel": by},
            blocking=True,
        )
    await house.report(1, "undeliverable", 6, "failure")
    await house.report(0, "delivered", 4)
    assert len(house.api.taken) == 2
    await house.report(0, "rejected_response_window", 15, "rejection")
    await house.api.taken_are(3)
    await house.hass.async_block_till_done()
    assert [(to, channel) for to, channel, _ in house.sent()][2:] == [(ANNA, "sms")]


async def light(house: House) -> None:
    house.hass.states.async_set("binary_sensor.doorbell", "off")
    await settle()
    house.hass.states.async_set("binary_sensor.doorbell", "on")
    await house.api.taken_are(1)
    # It is quicker than the answer.
    await house.report(0, "sent", 3)
    while house.hass.states.is_state("sensor.anna_last_delivery", "unknown"):
        await settle()
    await house.report(0, "delivered", 4)
    assert house.lit == []
    await house.report(0, "read", 14)
    assert len(house.lit) == 1
    house.sent()


async def visitor(house: House) -> None:
    await house.hear(text("Hello", channel="whatsapp"))
    await house.turn_on("binary_sensor.door_motion")
    [(to, channel, said)] = house.sent()
    assert (to, channel) == (ANNA, "whatsapp")
    picture = said["msgobject"]["image"]
    assert picture["caption"] == "Somebody comes to the door."
    assert picture["link"].startswith(f"{URL}/api/intellisms/media/")


# ---- questions --------------------------------------------------------------------


async def before_the_gate(house: House) -> None:
    await house.hear(text("Hello", channel="whatsapp"))
    for place, opened in ((1, 0), (0, 1)):
        house.hass.states.async_set("binary_sensor.doorbell", "off")
        house.hass.states.async_set("binary_sensor.doorbell", "on")
        [asked] = await house.taken()
        buttons = [one["reply"] for one in asked.object["interactive"]["action"]["buttons"]]
        assert [button["title"] for button in buttons] == ["Open it", "Leave it"]
        for tapped, sender in ((0, BEN), (place, ANNA), (0, ANNA)):
            answer = buttons[tapped]
            await house.answer(reply(answer["title"], answer["id"], sender=sender))
        assert len(house.opened) == opened


async def doorbell(house: House) -> None:
    for sender in (ANNA, BEN):
        await house.hear(text("Hello", channel="whatsapp", sender=sender))

    async def ring() -> dict[str, list[dict[str, str]]]:
        house.hass.states.async_set("binary_sensor.doorbell", "off")
        house.hass.states.async_set("binary_sensor.doorbell", "on")
        return {
            f"+{one.to}": [
                button["reply"] for button in one.object["interactive"]["action"]["buttons"]
            ]
            for one in await house.taken(2)
        }

    first = await ring()
    let_in, not_now = first[BEN]
    await house.answer(reply(let_in["title"], let_in["id"], sender=STRANGER))
    await house.answer(text("Let in", sender=BEN))
    assert house.unlocked == []
    # Two that come in one post: the first counts.
    yes, no = (reply(one["title"], one["id"], sender=BEN) for one in (let_in, not_now))
    await house.answer(together(yes, no))
    assert len(house.unlocked) == 1

    _, not_now = (await ring())[ANNA]
    await house.answer(reply(let_in["title"], let_in["id"], sender=BEN))
    await house.answer(reply(not_now["title"], not_now["id"]))
    await house.answer(reply(let_in["title"], let_in["id"], sender=BEN))
    assert (len(house.unlocked), house.told) == (1, [])

    await ring()
    await pass_time(house.hass, house.freezer, 301)
    assert [call.data["message"] for call in house.told] == ["Somebody rang, and nobody answered."]
    assert len(house.unlocked) == 1


async def children(house: House) -> None:
    await house.hear(text("Hello"))
    await house.hear(text("Hello", sender=BEN))
    question = "Who fetches the children today?\nReply with the number: 1 Me, 2 Somebody else"
    house.hass.states.async_set("binary_sensor.school", "on")
    house.hass.states.async_set("binary_sensor.school", "off")
    asked = await house.taken(2)
    assert {one.message["content"]["text"] for one in asked} == {question}
    await house.answer(text("1", sender=BEN))
    await house.answer(text("me"))
    told = await house.taken(2)
    assert {one.message["content"]["text"] for one in told} == {"Ben fetches the children."}
    assert house.told == []

    house.hass.states.async_set("binary_sensor.school", "on")
    house.hass.states.async_set("binary_sensor.school", "off")
    await house.taken(2)
    await pass_time(house.hass, house.freezer, 3601)
    assert [call.data["message"] for call in house.told] == ["Nobody fetches the children yet."]


async def cold(house: House) -> None:
    await house.hear(text("Hello"))
    house.hass.states.async_set("sensor.living_room", "15")
    house.hass.states.async_set("sensor.living_room", "11")
    [asked] = await house.taken()
    said = asked.message["content"]["text"]
    assert said.endswith("Reply with the code and the number: 1 Heat, 2 Leave it")
    for answer in ("Heat", "1", "sesame74 1"):
        await house.answer(text(answer))
    assert house.heated == []
    await house.answer(text("Sesame47 1"))
    assert len(house.heated) == 1


async def coming(house: House) -> None:
    await house.hear(text("Hello"))
    house.hass.states.async_set("calendar.cleaner", "off")
    house.hass.states.async_set("calendar.cleaner", "on")
    [asked] = await house.taken()
    template = asked.object["template"]
    assert (template["name"], template["language"]) == ("coming_today", {"code": "en_GB"})
    await house.answer(button("Yes", sender=BEN))
    assert house.heated == []
    await house.answer(button("Yes"))
    assert len(house.heated) == 1


async def hut(house: House) -> None:
    for sender in (ANNA, BEN):
        await house.hear(text("Hello", sender=sender))
    for _ in range(2):
        await house.turn_on("binary_sensor.frost")
    asked = await house.taken(2)
    assert {f"+{one.to}" for one in asked} == {ANNA, BEN}
    await house.answer(text("2"))
    assert house.heated == []
    await pass_time(house.hass, house.freezer, 60)
    await house.turn_on("binary_sensor.frost")
    await house.taken(2)
    # Nobody waits; who acts on the answer would do so after a restart as well.
    assert await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.hass.async_block_till_done()
    await house.answer(text("Heat", sender=BEN))
    assert len(house.heated) == 1
    [thanks] = await house.taken()
    assert f"+{thanks.to}" == BEN
    await house.turn_on("binary_sensor.frost")
    await house.taken(2)
    for seconds in (60, 12 * 60 * 60):
        await pass_time(house.hass, house.freezer, seconds)
    [told] = house.told
    assert told.data["message"] == "Nobody answered: Anna, Ben."


SCENARIOS: dict[str, Callable[[House], Awaitable[None]]] = {
    "Alarm by two ways": alarm,
    "Ask about smoke at any hour": smoke_question,
    "Ask before the gate opens": before_the_gate,
    "Ask by SMS for the heating": cold,
    "Ask for the gate by WhatsApp": gate,
    "Ask in a frost whether to heat": hut,
    "Ask when the doorbell rings": doorbell,
    "Ask who fetches the children": children,
    "Ask with a template whether the cleaner comes": coming,
    "Heat the sauna for as long as Anna says": sauna,
    "Say how warm it is": warm,
    "Tell of smoke at any hour": smoke,
    "Light up when it was read": light,
    "SMS where WhatsApp fails": follow,
    "Show who comes to the door": visitor,
    "Tell the plumber": plumber,
    "Tell when the water is on": water,
}


@pytest.mark.parametrize(("page", "alias"), ON_PAGES)
@pytest.mark.usefixtures("camera", "external_url")
async def test_example_runs(
    hass: HomeAssistant,
    sending_house: MockConfigEntry,
    notifiers: Notifiers,
    api: ProviderApi,
    freezer: FrozenDateTimeFactory,
    page: str,
    alias: str,
) -> None:
    assert notifiers()["Anna"] == "notify.anna"
    # Core logs the alias, and a message's own words must not be in the log.
    automation = with_devices(examples(page)[alias] | {"alias": "Example"}, devices(sending_house))
    house = House(hass, sending_house, api, freezer)
    await automate(hass, automation)
    await SCENARIOS[alias](house)
    assert house.sent() == []
