"""How a contact has written: the newest by each channel to each number, and not too many."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import CONF_KEEP_OFF_DISK, DOMAIN
from custom_components.intellisms.protocol import Message
from custom_components.intellisms.receiving.heard import (
    MAX_HEARD,
    Heard,
    heard_after,
    read_heard,
)
from tests.household import ANNA, BEN, GATE, SHOP, deleted, in_a_group, text
from tests.running import receive

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def message(**fields: Any) -> Message:
    """Return a text of Anna's by SMS."""
    return Message(key="", **({"type": "text", "channel": "sms", "sender": ANNA} | fields))


def after(*posts: tuple[Message, str | None, datetime]) -> list[tuple[str, str, str, datetime]]:
    """Return what is known after messages: each with whom it was to and when it came."""
    heard: tuple[Heard, ...] = ()
    for said, to, received_at in posts:
        heard = heard_after(heard, said, to=to, received_at=received_at)
    assert read_heard([one.as_stored() for one in heard]) == heard
    return [(one.channel.value, one.sender, one.to, one.at) for one in heard]


def test_the_newest_by_each_channel_to_each_number() -> None:
    by_whatsapp = message(channel="whatsapp", sender=BEN)
    assert after(
        (message(), GATE, NOON),
        (by_whatsapp, GATE, NOON + HOUR),
        (message(), SHOP, NOON + 2 * HOUR),
        (message(sender=BEN), GATE, NOON + 3 * HOUR),
    ) == [
        ("sms", BEN, GATE, NOON + 3 * HOUR),
        ("sms", ANNA, SHOP, NOON + 2 * HOUR),
        ("whatsapp", BEN, GATE, NOON + HOUR),
    ]


def test_what_comes_late_was_said_when_it_was_sent() -> None:
    late = message(sent=NOON - 2 * HOUR)
    from_the_future = message(sent=NOON + 2 * HOUR)
    assert after((late, GATE, NOON)) == [("sms", ANNA, GATE, NOON - 2 * HOUR)]
    assert after((from_the_future, GATE, NOON)) == [("sms", ANNA, GATE, NOON)]
    newer = message(sender=BEN, sent=NOON - HOUR)
    assert after((newer, GATE, NOON), (late, GATE, NOON)) == [("sms", BEN, GATE, NOON - HOUR)]


@pytest.mark.parametrize(
    ("said", "to"),
    [
        (message(), None),
        (message(sender=None), GATE),
        (message(sender="x" * 65), GATE),
        (message(group_id="1"), GATE),
        (message(channel="rcs"), GATE),
        (message(channel=None), GATE),
    ],
)
def test_what_is_not_said_to_us_by_somebody_who_can_be_answered(
    said: Message, to: str | None
) -> None:
    assert after((said, to, NOON)) == []


def test_no_more_than_so_many() -> None:
    posts = [(message(), f"+4477009{place:05}", NOON + place * HOUR) for place in range(30)]
    known = after(*posts)
    assert len(known) == MAX_HEARD
    assert known[0][2] == posts[-1][1]


@pytest.mark.parametrize("keep_off_disk", [False, True])
async def test_it_is_kept_without_what_was_said(
    hass: HomeAssistant,
    house: MockConfigEntry,
    hass_storage: dict[str, Any],
    *,
    keep_off_disk: bool,
) -> None:
    hass.config_entries.async_update_entry(house, options={CONF_KEEP_OFF_DISK: keep_off_disk})
    receive(house, text("Sesame", channel="whatsapp"))
    receive(house, in_a_group("Sesame", to=SHOP))
    receive(house, deleted(to=SHOP))
    assert await hass.config_entries.async_unload(house.entry_id)

    records = hass_storage[f"{DOMAIN}.{house.entry_id}.last"]["data"]["listings"].values()
    [heard] = [record["heard"] for record in records if record["heard"]]
    [one] = heard
    assert one.keys() == {"channel", "to", "from", "at", "closed"}
    assert (one["channel"], one["to"], one["from"]) == ("whatsapp", GATE, ANNA)
