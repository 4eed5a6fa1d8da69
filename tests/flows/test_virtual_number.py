"""Setting the account up, and adding and editing a virtual number by typing it.

Sending a text to it is in `test_first_message`, the address in `test_reconfigure`,
contacts are in `test_contact`.
"""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.intellisms.const import (
    DOMAIN,
    EVENT_MESSAGE_RECEIVED,
    SUBENTRY_VIRTUAL_NUMBER,
)

from ..automations import contact
from ..conftest import GATE, WEBHOOK_ID, Post, account, keep_secret, sms, virtual_number
from .test_first_message import Flow

URL = "https://home.example.com"
SHOP = "+447700900999"


@pytest.fixture(autouse=True)
async def british_home(hass: HomeAssistant) -> None:
    """Let Home Assistant be in Britain and on the internet."""
    await hass.config.async_update(external_url=URL, country="GB")


@pytest.fixture
def entry() -> MockConfigEntry:
    """Return an account with two numbers, and a contact that counts as neither."""
    return account([virtual_number(), virtual_number(SHOP, "Shop"), contact("Anna", "60777")])


class EditFlow(Flow):
    """The flow that edits a virtual number."""

    async def begin(self) -> Any:
        """Open the dialog of the first number."""
        subentry_id = next(iter(self._entry.subentries))
        self.result = await self._entry.start_subentry_reconfigure_flow(self._hass, subentry_id)
        return self.result


@pytest.fixture(params=[Flow, EditFlow])
async def form(hass: HomeAssistant, loaded: MockConfigEntry, request: Any) -> Flow:
    """Return a form that asks for number and name, of a new number and of one to edit."""
    flow: Flow = request.param(hass, loaded)
    result = await flow.begin()
    if result["type"] is FlowResultType.MENU:
        result = await flow.choose("number")
    assert result["type"] is FlowResultType.FORM
    assert not result["errors"]
    return flow


def suggested(result: Any) -> dict[str, Any]:
    """Return what a form is filled in with."""
    markers = list(result["data_schema"].schema)
    return {str(marker): marker.description["suggested_value"] for marker in markers}


def numbers(entry: MockConfigEntry) -> dict[str, str]:
    """Return the numbers by their names."""
    return {
        subentry.title: subentry.data["number"]
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_VIRTUAL_NUMBER
    }


# ---- the account ------------------------------------------------------------------


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
    state = hass.states.get("sensor.gate_last_message")
    assert state
    assert state.state == "Hello"


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
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nothing to go on to: no address is shown that does not work."""
    monkeypatch.setattr(f"custom_components.{DOMAIN}.Directory", None)
    result: Any = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}, data={}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].state is ConfigEntryState.SETUP_ERROR
    assert "next_flow" not in result


# ---- a number ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+44 7710 123456", "+447710123456"),
        ("0044 7710 123456", "+447710123456"),
        (" 447710123456 ", "+447710123456"),
        ("60777", "60777"),  # a contact may have it
    ],
)
async def test_number_is_taken(
    hass: HomeAssistant, loaded: MockConfigEntry, form: Flow, typed: str, number: str
) -> None:
    reloads: list[bool] = []
    loaded.async_on_unload(lambda: reloads.append(True))
    result = await form.submit(number=typed, name=" Shed ")

    assert result["type"] in (FlowResultType.CREATE_ENTRY, FlowResultType.ABORT)
    assert numbers(loaded)["Shed"] == number
    subentry = next(s for s in loaded.subentries.values() if s.title == "Shed")
    assert subentry.unique_id == number
    # Without a reload.
    assert loaded.state is ConfigEntryState.LOADED
    assert not reloads


@pytest.mark.parametrize(
    ("typed", "understood", "number"),
    [
        ("07710 12345", "+44 771012345", "+44771012345"),
        ("7710 123456", "+44 7710 123456", "+447710123456"),
        # Digits that are international, but could be a neighbour's.
        ("4930123456", "+49 30 123456", "+4930123456"),
    ],
)
async def test_guess_is_shown_and_then_taken(
    loaded: MockConfigEntry, form: Flow, typed: str, understood: str, number: str
) -> None:
    before = numbers(loaded)
    result = await form.submit(number=typed, name="Shed")

    assert result["errors"] == {"number": "check_number"}
    assert result["description_placeholders"]["understood"] == understood
    assert suggested(result) == {"number": understood, "name": "Shed"}
    assert numbers(loaded) == before

    await form.submit(**suggested(result))
    assert numbers(loaded)["Shed"] == number


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "invalid_number"),
        ("12", "invalid_number"),
        ("not a number", "invalid_number"),
        ("INFO", "invalid_number"),
        ("+44", "invalid_number"),
        ("07710#12345", "invalid_number"),
        # However it is written.
        ("+44 7700 900999", "already_configured"),
        ("07700 900999", "already_configured"),
        ("447700900999", "already_configured"),
        ("0044 (7700) 900-999", "already_configured"),
    ],
)
async def test_what_was_typed_stays_and_can_be_mended(
    loaded: MockConfigEntry, form: Flow, typed: str, error: str
) -> None:
    before = numbers(loaded)
    result = await form.submit(number=typed, name="Shed")

    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"number": error}
    assert suggested(result) == {"number": typed, "name": "Shed"}
    assert numbers(loaded) == before

    await form.submit(number="+44 7710 123456", name="Shed")
    assert numbers(loaded)["Shed"] == "+447710123456"


async def test_national_number_needs_a_country(
    hass: HomeAssistant, loaded: MockConfigEntry, form: Flow
) -> None:
    hass.config.country = None
    result = await form.submit(number="07710 123456", name="Shed")
    assert result["errors"] == {"number": "no_country"}
    assert suggested(result)["number"] == "07710 123456"

    hass.config.country = "GB"
    assert (await form.submit(**suggested(result)))["errors"] == {"number": "check_number"}


@pytest.mark.parametrize("name", ["", "  "])
async def test_number_needs_a_name(loaded: MockConfigEntry, form: Flow, name: str) -> None:
    """Else the number would be in entity ids, which core logs."""
    result = await form.submit(number="+44 7710 123456", name=name)
    assert result["errors"] == {"name": "name_missing"}
    assert suggested(result)["number"] == "+44 7710 123456"

    await form.submit(number="+44 7710 123456", name="Shed")
    assert "Shed" in numbers(loaded)


async def test_edit_keeps_device_and_entities(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post
) -> None:
    def entities() -> list[tuple[str, str, str | None]]:
        registry = er.async_get(hass)
        known = er.async_entries_for_config_entry(registry, loaded.entry_id)
        return [(entity.entity_id, entity.unique_id, entity.device_id) for entity in known]

    await own_door(sms())
    before = entities()
    flow = EditFlow(hass, loaded)
    result = await flow.begin()
    assert suggested(result) == {"number": GATE, "name": "Gate"}
    # The same number is not already taken, by itself.
    result = await flow.submit(number="+44 771 012346", name="Front gate")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entities() == before
    assert loaded.state is ConfigEntryState.LOADED
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    assert "Front gate" in {device.name for device in devices}
    state = hass.states.get("sensor.gate_last_message")
    assert state
    assert state.state == "Hello"
    messages = async_capture_events(hass, EVENT_MESSAGE_RECEIVED)
    await own_door(sms("Again"))
    assert messages[0].data["to_name"] == "Front gate"


@pytest.mark.parametrize("caught", ["+99912345", "MyVeryOwnNumber", "12"])
async def test_a_number_that_was_caught_can_be_renamed(hass: HomeAssistant, caught: str) -> None:
    """Nobody could type it, but messages do come for it."""
    entry = account([virtual_number(caught)])
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    flow = EditFlow(hass, entry)
    await flow.begin()
    assert (await flow.submit(number=f"{caught}?", name="Gate"))["errors"]
    result = await flow.submit(number=caught, name="Front gate")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert numbers(entry) == {"Front gate": caught}


async def test_address_is_not_in_the_form(loaded: MockConfigEntry, form: Flow) -> None:
    """The menu before it shows it; here it would only be one more place."""
    assert WEBHOOK_ID not in str(form.result["description_placeholders"])
