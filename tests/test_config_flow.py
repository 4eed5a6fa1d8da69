"""Setting the account up; its address and options are in `test_reconfigure`."""

from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.intellisms.const import DOMAIN, EVENT_MESSAGE_RECEIVED

from .flows.dialog import Flow, numbers
from .household import GATE, sms
from .log import keep_secret
from .running import URL, Post, state

pytestmark = pytest.mark.usefixtures("external_url")


async def test_from_nothing_to_the_first_message(hass: HomeAssistant, own_door: Post) -> None:
    messages = async_capture_events(hass, EVENT_MESSAGE_RECEIVED)
    result: Any = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "user")
    assert hass.config_entries.async_entries(DOMAIN) == []

    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    webhook_id = entry.data["webhook_id"]
    keep_secret(webhook_id)
    assert len(webhook_id) == 64
    assert (entry.state, entry.title, len(entry.subentries)) == (
        ConfigEntryState.LOADED,
        "IntelliSMS",
        0,
    )

    # Straight on, and what is shown is live.
    kind, flow_id = result["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    flow = Flow(hass, entry)
    flow.result = hass.config_entries.subentries.async_get(flow_id)
    assert flow.result["step_id"] == "address"
    assert await own_door("", webhook_id=webhook_id, method="GET") == 200
    shown = await flow.look()
    assert shown["description_placeholders"]["url"] == f"{URL}/api/intellisms/{webhook_id}"

    await flow.choose("number")
    result = await flow.submit(number="+44 771 012346", name=" Gate ")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert numbers(entry) == {"Gate": GATE}
    assert await own_door(sms(), webhook_id=webhook_id) == 200
    assert [event.data["to_name"] for event in messages] == ["Gate"]
    assert state(hass, "sensor.gate_last_message").state == "Hello"


async def test_only_one_account(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "single_instance_allowed")


async def test_every_account_has_an_id_of_its_own(hass: HomeAssistant) -> None:
    ids = set()
    for _ in range(2):
        result: Any = await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_USER}, data={}
        )
        entry = result["result"]
        ids.add(entry.data["webhook_id"])
        await hass.config_entries.async_remove(entry.entry_id)
    assert len(ids) == 2


async def test_account_that_does_not_load_is_created_all_the_same(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nothing to go on to: no address is shown that does not work."""
    with patch.object(hass.config_entries, "async_forward_entry_setups", side_effect=ValueError):
        result: Any = await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_USER}, data={}
        )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].state is ConfigEntryState.SETUP_ERROR
    assert "next_flow" not in result
