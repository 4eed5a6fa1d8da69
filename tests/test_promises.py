"""What people rely on, each promise in a test of its own, through the doors that they use."""

import asyncio
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, Event, HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms.const import DOMAIN, EVENT_MESSAGE_RECEIVED

from .household import ANNA, STRANGER, button, household, sms
from .running import Post, automate, set_up, settle, state

type Messages = list[Event[dict[str, Any]]]

OPEN = {"action": "test.open", "data": {"said": "{{ trigger.event.data.text }}"}}
ON_EVENT = {"trigger": "event", "event_type": EVENT_MESSAGE_RECEIVED}


@pytest.fixture
async def opened(hass: HomeAssistant, loaded: MockConfigEntry) -> list[ServiceCall]:
    """Return how often an automation on the event opened the gate."""
    calls: list[ServiceCall] = async_mock_service(hass, "test", "open")
    await automate(hass, {"mode": "queued", "max": 100, "triggers": [ON_EVENT], "actions": [OPEN]})
    return calls


# ---- 1: nothing acknowledged is lost ----------------------------------------------


async def test_a_200_says_that_automations_have_run(
    opened: list[ServiceCall], own_door: Post
) -> None:
    assert await own_door(sms("Open")) == HTTPStatus.OK

    assert [call.data["said"] for call in opened] == ["Open"]


async def test_what_could_not_be_published_is_posted_again(
    hass: HomeAssistant, opened: list[ServiceCall], own_door: Post
) -> None:
    with patch.object(type(hass.bus), "async_fire", side_effect=RuntimeError):
        assert await own_door(sms()) == HTTPStatus.INTERNAL_SERVER_ERROR
    assert await own_door(sms()) == HTTPStatus.OK

    assert len(opened) == 1


async def test_what_comes_while_home_assistant_starts_waits_for_automations(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    hass.set_state(CoreState.starting)
    post = asyncio.ensure_future(own_door(sms()))
    while not hass.data[DOMAIN].turns.held:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert messages == []

    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    assert await post == HTTPStatus.OK
    assert len(messages) == 1


async def test_a_reload_while_posts_stream_in_loses_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, opened: list[ServiceCall], own_door: Post
) -> None:
    async def post_until_200(said: str) -> None:
        # While the account is loaded anew, a post may be sent back.
        while await own_door(sms(said)) != HTTPStatus.OK:  # noqa: ASYNC110
            await asyncio.sleep(0)

    said = [f"Text {number}" for number in range(30)]
    posts = [hass.async_create_task(post_until_200(text)) for text in said]
    for _ in range(3):
        await settle()
        assert await hass.config_entries.async_reload(loaded.entry_id)
    await asyncio.gather(*posts)

    await hass.async_block_till_done()
    assert sorted(call.data["said"] for call in opened) == sorted(said)


# ---- 2: nothing fires twice -------------------------------------------------------


async def test_a_retry_fires_nothing(opened: list[ServiceCall], own_door: Post) -> None:
    for _ in range(3):
        assert await own_door(sms()) == HTTPStatus.OK

    assert len(opened) == 1


async def test_two_posts_at_once_fire_once(opened: list[ServiceCall], own_door: Post) -> None:
    await own_door(sms("First"))
    answers = await asyncio.gather(*(own_door(sms()) for _ in range(5)))

    assert answers == [HTTPStatus.OK] * 5
    assert len(opened) == 2


async def test_a_retry_after_a_restart_fires_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, opened: list[ServiceCall], own_door: Post
) -> None:
    await own_door(sms())
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert await hass.config_entries.async_setup(loaded.entry_id)
    assert await own_door(sms()) == HTTPStatus.OK

    assert len(opened) == 1


async def test_what_comes_back_after_a_restart_fires_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    await own_door(sms("Hello"))
    assert await hass.config_entries.async_unload(loaded.entry_id)
    opened = async_mock_service(hass, "test", "open")
    await automate(
        hass,
        {
            "triggers": [
                {"trigger": f"{DOMAIN}.message_received", "options": {"sender": "anyone"}},
                ON_EVENT,
            ],
            "actions": [{"action": "test.open"}],
        },
    )
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await hass.async_block_till_done()

    assert state(hass, "sensor.gate_last_message").state == "Hello"
    assert not opened


# ---- 4: nobody else gets in ---------------------------------------------------------


async def test_a_wrong_address_is_answered_like_a_page_that_does_not_exist(
    loaded: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator, messages: Messages
) -> None:
    client = await hass_client_no_auth()
    guess = await client.post("/api/intellisms/0123456789abcdef", data=sms())
    nowhere = await client.post("/api/nothing_is_here", data=sms())

    assert (guess.status, await guess.text()) == (nowhere.status, await nowhere.text())
    assert messages == []


async def test_what_is_open_to_contacts_is_closed_to_strangers(
    hass: HomeAssistant, own_door: Post
) -> None:
    await set_up(hass, household())
    opened = async_mock_service(hass, "test", "open")
    tapped = {"trigger": f"{DOMAIN}.button_tapped", "options": {"sender": "known"}}
    await automate(hass, {"triggers": [tapped], "actions": [{"action": "test.open"}]})

    assert await own_door(button("Open", sender=STRANGER)) == HTTPStatus.OK
    assert not opened
    assert await own_door(button("Open", sender=ANNA)) == HTTPStatus.OK
    assert len(opened) == 1


# ---- 5: set up in two minutes -------------------------------------------------------


async def test_a_person_sets_it_up_by_sending_a_text(hass: HomeAssistant, own_door: Post) -> None:
    await hass.config.async_update(external_url="https://home.example.com")
    flows = hass.config_entries.flow
    result: Any = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {})
    flow_id, entry = result["next_flow"][1], result["result"]
    numbers = hass.config_entries.subentries

    assert await own_door(sms("Hello"), webhook_id=entry.data["webhook_id"]) == HTTPStatus.OK
    await numbers.async_configure(flow_id, {"next_step_id": "wait"})
    await hass.async_block_till_done(wait_background_tasks=True)
    result = await numbers.async_configure(flow_id)
    assert result["description_placeholders"]["text"] == "Hello"
    await numbers.async_configure(flow_id, {"name": "Gate"})

    await hass.async_block_till_done()
    assert state(hass, "sensor.gate_last_message").state == "Hello"
