"""What *Last message* shows: what was said last, and excerpts of what was said before."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import CONF_KEEP_OFF_DISK, DOMAIN
from custom_components.intellisms.receiving.delivery import MAX_LINK
from custom_components.intellisms.receiving.journal import MAX_RECENT

from .household import (
    ANNA,
    BEN,
    SHOP,
    STRANGER,
    add,
    button,
    contact,
    devices,
    household,
    image,
    posted,
    sample,
    text,
    virtual_number,
)
from .running import receive, set_up, state

LINK = "https://media.example.com/1.jpg"


def recent(hass: HomeAssistant, name: str = "gate") -> Any:
    """Return the excerpts that a number's *Last message* shows."""
    return state(hass, f"sensor.{name}_last_message").attributes["recent"]


def said(hass: HomeAssistant) -> list[str]:
    """Return the texts of the excerpts."""
    return [one["text"] for one in recent(hass)]


async def simulate(hass: HomeAssistant, entry: MockConfigEntry, words: str) -> None:
    """Let a message arrive that nobody sent."""
    fields = {"virtual_number": devices(entry)["Gate"], "text": words}
    await hass.services.async_call(DOMAIN, "simulate_message", fields, blocking=True)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (text("Sesame"), {"from": "Anna", "type": "text", "text": "Sesame"}),
        (text(""), {"from": "Anna", "type": "text", "text": ""}),
        (text("x" * 256), {"from": "Anna", "type": "text", "text": "x" * 254 + "…"}),
        (text("x", sender=STRANGER), {"from": STRANGER, "type": "text", "text": "x"}),
        (posted(text("x"), **{"from": "Anna"}), {"from": "“Anna”", "type": "text", "text": "x"}),
        (posted(text("x"), **{"from": None}), {"from": None, "type": "text", "text": "x"}),
        (
            posted(text("x"), **{"from": "1" * 300}),
            {"from": "1" * 254 + "…", "type": "text", "text": "x"},
        ),
        (button("Open"), {"from": "Anna", "type": "button", "text": "Open"}),
        (image(LINK), {"from": "Anna", "type": "image", "text": None, "picture": LINK}),
        (
            image(LINK + "x" * (MAX_LINK - len(LINK)), "Look"),
            {
                "from": "Anna",
                "type": "image",
                "text": "Look",
                "picture": LINK + "x" * (MAX_LINK - len(LINK)),
            },
        ),
        (
            image(LINK + "x" * (MAX_LINK + 1 - len(LINK))),
            {"from": "Anna", "type": "image", "text": None},
        ),
        # It has a link, but is no picture.
        (
            sample("whatsapp_video.json").decode(),
            {"from": "+44771012345", "type": "video", "text": "VIDEO_CAPTION"},
        ),
    ],
    ids=range(12),
)
async def test_an_excerpt(
    hass: HomeAssistant,
    house: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    body: str,
    shown: dict[str, Any],
) -> None:
    freezer.move_to("2026-07-06 12:00:00+00:00")
    receive(house, body)
    assert recent(hass) == [{"time": "2026-07-06T12:00:00+00:00", "picture": None} | shown]
    assert recent(hass, "shop") == []


async def test_the_newest_is_the_first_and_ten_are_kept(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    assert recent(hass) == []
    for number in range(12):
        receive(house, text(f"Text {number}", sender=(ANNA, BEN)[number % 2]))
        receive(house, text("To the shop", to=SHOP))
    expected = [f"Text {number}" for number in reversed(range(2, 12))]
    assert (len(expected), said(hass)) == (MAX_RECENT, expected)
    # They are there after a restart, and one more pushes the oldest out.
    assert await hass.config_entries.async_reload(house.entry_id)
    await hass.async_block_till_done()
    assert said(hass) == expected
    receive(house, text("One more"))
    assert said(hass) == ["One more", *expected[:-1]]


async def test_what_was_simulated_pushes_nothing_out_for_good(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    for number in range(MAX_RECENT):
        receive(house, text(f"Text {number}"))
    before = said(hass)
    for number in range(MAX_RECENT):
        await simulate(hass, house, f"Try {number}")
    assert said(hass)[0] == f"Try {MAX_RECENT - 1}"
    assert said(hass)[-1] == "Try 0"
    assert await hass.config_entries.async_reload(house.entry_id)
    await hass.async_block_till_done()
    assert said(hass) == before


async def test_they_stay_off_the_disk(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    entry = await set_up(hass, household(), {CONF_KEEP_OFF_DISK: True})
    receive(entry, text("Sesame"))
    assert recent(hass) == []
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[f"{DOMAIN}.{entry.entry_id}.last"]["data"]["listings"]
    assert "Sesame" not in str(hass_storage)


async def test_they_begin_with_what_came_before_the_number_was_added(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    for words in ("One", "Two"):
        receive(house, text(words, to="+447700900555"))
    add(hass, house, virtual_number("+447700900555", "Shed"))
    await hass.async_block_till_done()
    assert [one["text"] for one in recent(hass, "shed")] == ["Two"]
    assert state(hass, "sensor.shed_messages_received").state == "2"


async def test_a_contact_shows_what_they_said_last(
    hass: HomeAssistant, house: MockConfigEntry, messages: list[Any]
) -> None:
    for body in (text("One"), text("Two", to=SHOP), text("Three", sender=BEN)):
        receive(house, body)
    shown = state(hass, "sensor.anna_last_message")
    assert (shown.state, shown.attributes["text"]) == ("Two", "Two")
    assert "recent" not in shown.attributes
    assert shown.context.id == messages[1].context.id
    # Somebody who is added later shows what they said, too.
    receive(house, text("Four", sender=STRANGER))
    add(hass, house, contact("Dora", STRANGER))
    await hass.async_block_till_done()
    assert state(hass, "sensor.dora_last_message").state == "Four"


@pytest.mark.parametrize(("language", "kind"), [("en", "[Picture]"), ("de", "[Bild]")])
async def test_where_nothing_was_said_the_kind_stands_in_the_language_of_the_house(
    hass: HomeAssistant, language: str, kind: str
) -> None:
    hass.config.language = language
    entry = await set_up(hass, household())
    receive(entry, image(LINK))
    names = {found.name for found in hass.states.async_all("sensor") if found.state == kind}
    assert len(names) == 2
