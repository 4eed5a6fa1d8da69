"""What nobody said: told on the bus, and nowhere else."""

from typing import Any

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.intellisms.receiving.delivery import Delivery
from custom_components.intellisms.receiving.signals import (
    SIGNAL_MESSAGE,
    SIGNAL_NOTICE,
    signal_turned_away,
)
from tests.household import SENDER, account, contact, posted, sample, sms, virtual_number
from tests.running import Post, automate_by, set_up, when

NOTICES = {
    "whatsapp_reaction_removed.json": None,
    "whatsapp_request_welcome.json": "request_welcome",
    "whatsapp_revoke.json": "revoke",
    "whatsapp_system.json": "system",
    "whatsapp_unsupported.json": "unsupported",
}


def states(hass: HomeAssistant) -> dict[str, tuple[str, Any]]:
    """Return all that our entities show but when something was last posted."""
    return {
        state.entity_id: (state.state, state.attributes)
        for state in hass.states.async_all(("event", "sensor", "image"))
        if not state.entity_id.endswith("last_post")
    }


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("name", NOTICES)
async def test_a_notice_fires_the_event_only(
    hass: HomeAssistant, own_door: Post, messages: list[Event[Any]], name: str
) -> None:
    runs = async_mock_service(hass, "test", "run")
    entry = await set_up(hass, account([virtual_number(), contact("Anna", SENDER)]))
    await automate_by(hass, when("message_received"))
    assert await own_door(sms("Open")) == 200
    await hass.async_block_till_done()
    before, ids = states(hass), entry.runtime_data.journal.seen_count
    assert len(runs) == len(messages) == 1
    messages.clear()

    assert [await own_door(sample(name)) for _ in range(2)] == [200] * 2
    await hass.async_block_till_done()

    [event] = messages
    assert event.data["notice"] is True
    assert event.data["from_name"] == "Anna"
    assert entry.runtime_data.journal.seen_count == ids + 1
    assert len(runs) == 1
    after = states(hass)
    ignored = after.pop("sensor.intellisms_messages_ignored")
    del before["sensor.intellisms_messages_ignored"]
    assert after == before
    assert ignored[1]["duplicate"] == 1


@pytest.mark.parametrize(("name", "told"), NOTICES.items())
async def test_only_who_asks_for_notices_hears_of_them(
    hass: HomeAssistant, own_door: Post, name: str, told: str | None
) -> None:
    """That a reaction was taken back is not even told to them."""
    await set_up(hass, account([virtual_number()]))
    heard: list[tuple[str, str]] = []
    for kind, signal in (("message", SIGNAL_MESSAGE), ("notice", SIGNAL_NOTICE)):

        @callback
        def hear(delivery: Delivery, kind: str = kind) -> None:
            heard.append((kind, delivery.message.type))

        async_dispatcher_connect(hass, signal, hear)
    assert await own_door(sample(name)) == 200
    assert heard == ([("notice", told)] if told else [])


async def test_no_repair_asks_for_the_number_of_a_notice(
    hass: HomeAssistant, own_door: Post, messages: list[Event[Any]]
) -> None:
    entry = await set_up(hass, account([]))
    notice = sample("whatsapp_revoke.json").decode()
    for to in ("447700900999", ""):
        assert await own_door(posted(notice, to=to)) == 200
    await hass.async_block_till_done()
    assert [event.data["to"] for event in messages] == ["+447700900999", None]
    assert entry.runtime_data.journal.unconfigured == []
    raised = {issue_id for _, issue_id in ir.async_get(hass).issues}
    assert not any("number" in issue_id for issue_id in raised)


async def test_a_notice_of_a_stranger_is_turned_away(
    hass: HomeAssistant, own_door: Post, messages: list[Event[Any]]
) -> None:
    entry = await set_up(hass, account([virtual_number()]), {"accept": "known"})
    turned_away: list[Delivery] = []

    @callback
    def hear(delivery: Delivery) -> None:
        turned_away.append(delivery)

    async_dispatcher_connect(hass, signal_turned_away(entry.entry_id), hear)
    assert await own_door(sample("whatsapp_revoke.json")) == 200
    # A dialog that waits for the first text must not take it for one.
    assert messages == []
    assert turned_away == []
    assert states(hass)["sensor.intellisms_messages_ignored"][1]["sender"] == 1
