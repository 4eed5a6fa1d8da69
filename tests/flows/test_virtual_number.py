"""Adding a virtual number by typing it, its address first, and editing one.

Sending a text to it is in `test_first_message`.
"""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.intellisms.const import EVENT_MESSAGE_RECEIVED

from ..cloud import FakeCloud
from ..household import GATE, SHOP, WEBHOOK_ID, account, contact, sms, virtual_number
from ..running import URL, Post, set_up, state
from .dialog import EditFlow, Flow, numbers, suggested

SHOWN = {
    "url": f"{URL}/api/intellisms/{WEBHOOK_ID}",
    "provider": "https://www.intellisoftware.co.uk/",
}


@pytest.fixture
def entry() -> MockConfigEntry:
    """Return an account with two numbers, and a contact that counts as neither."""
    return account([virtual_number(), virtual_number(SHOP, "Shop"), contact("Anna", "60777")])


@pytest.fixture
async def first(hass: HomeAssistant) -> MockConfigEntry:
    """Return a loaded account that waits for its first number."""
    return await set_up(hass, account([contact("Anna", "60777")]))


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


# ---- the address --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://192.168.1.5:8123", "private_url"),
        ("https://homeassistant.local", "private_url"),
        ("http://home.example.com", "plain_http"),
    ],
)
async def test_what_speaks_against_the_address_is_said_first(
    hass: HomeAssistant, first: MockConfigEntry, url: str, problem: str
) -> None:
    await hass.config.async_update(external_url=url)
    flow = Flow(hass, first)
    result = await flow.begin()
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "user")
    assert result["errors"] == {"base": problem}
    assert result["description_placeholders"]["url"].endswith(f"/api/intellisms/{WEBHOOK_ID}")
    result = await flow.submit()
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "address")


async def test_a_problem_that_was_solved_meanwhile_is_gone(
    hass: HomeAssistant, first: MockConfigEntry
) -> None:
    await hass.config.async_update(external_url="http://192.168.1.5:8123")
    flow = Flow(hass, first)
    await flow.begin()
    await hass.config.async_update(external_url=URL)
    result = await flow.submit()
    assert result["description_placeholders"] == SHOWN


async def test_without_a_url_it_looks_again_until_there_is_one(
    hass: HomeAssistant, first: MockConfigEntry
) -> None:
    await hass.config.async_update(external_url=None)
    flow = Flow(hass, first)
    result = await flow.begin()
    for errors in ({}, {"base": "no_url"}):
        assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "no_url")
        assert result["errors"] == errors
        assert WEBHOOK_ID not in str(result)
        result = await flow.submit()
    await hass.config.async_update(external_url="http://home.example.com")
    assert (await flow.submit())["errors"] == {"base": "plain_http"}
    await hass.config.async_update(external_url=URL)
    result = await flow.submit()
    assert (result["step_id"], result["description_placeholders"]) == ("address", SHOWN)


async def test_a_cloudhook_where_there_is_no_url(
    hass: HomeAssistant, first: MockConfigEntry, cloud: FakeCloud
) -> None:
    await hass.config.async_update(external_url=None)
    flow = Flow(hass, first)
    for result in (await flow.begin(), await flow.choose("no_url")):
        assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "no_url")
        assert result["menu_options"] == ["no_url", "cloudhook"]
    await flow.choose("cloudhook")
    result = await flow.submit()
    assert result["description_placeholders"] == {**SHOWN, "url": "https://hooks.example/1"}


async def test_the_address_is_live_when_it_is_shown(
    hass: HomeAssistant, first: MockConfigEntry, own_door: Post
) -> None:
    result = await Flow(hass, first).begin()
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "address")
    assert result["menu_options"] == ["wait", "number"]
    assert result["description_placeholders"] == SHOWN
    assert await own_door("", method="GET") == 200


@pytest.mark.parametrize("url", [URL, "http://192.168.1.5:8123", None])
async def test_a_second_number_is_asked_for_without_the_address(
    hass: HomeAssistant, loaded: MockConfigEntry, cloud: FakeCloud, url: str | None
) -> None:
    await hass.config.async_update(external_url=url)
    result = await Flow(hass, loaded).begin()
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "another")
    assert result["menu_options"] == ["wait", "number"]
    assert WEBHOOK_ID not in str(result)


@pytest.mark.parametrize(
    ("known", "remembered"), [(None, URL), ("https://old.example.com", "https://old.example.com")]
)
async def test_the_url_it_was_shown_with_first_is_remembered(
    hass: HomeAssistant, first: MockConfigEntry, known: str | None, remembered: str
) -> None:
    hass.config_entries.async_update_entry(first, data={**first.data, "shown_base": known})
    await Flow(hass, first).begin()
    assert first.data["shown_base"] == remembered


async def test_nothing_is_shown_while_the_account_is_not_loaded(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    result = await Flow(hass, loaded).begin()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")


async def test_a_cloudhook_on_request_with_its_limit_said_first(
    hass: HomeAssistant, first: MockConfigEntry, cloud: FakeCloud
) -> None:
    flow = Flow(hass, first)
    assert (await flow.begin())["menu_options"] == ["wait", "number", "cloudhook"]
    assert (await flow.choose("cloudhook"))["step_id"] == "cloudhook"
    assert first.data["reach"] == "direct"
    cloud.connected = False
    assert (await flow.submit())["errors"] == {"base": "cloud_not_ready"}
    cloud.connected = True
    result = await flow.submit()
    assert result["step_id"] == "address"
    assert result["description_placeholders"] == {**SHOWN, "url": "https://hooks.example/1"}
    assert result["menu_options"] == ["wait", "number"]


# ---- a number ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+44 7710 123456", "+447710123456"),
        ("0044 7710 123456", "+447710123456"),
        (" 447710123456 ", "+447710123456"),
        ("\u202a+44\u00a07710\u2011123456\u202c", "+447710123456"),
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


async def test_a_guess_that_is_submitted_again_as_it_was_typed_is_right(
    loaded: MockConfigEntry, form: Flow
) -> None:
    typed = {"number": "07710 123456", "name": "Shed"}
    assert (await form.submit(**typed))["errors"] == {"number": "check_number"}
    await form.submit(**typed)
    assert numbers(loaded)["Shed"] == "+447710123456"


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
        ("\u202a+44 7700 900999\u202c", "already_configured"),
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


@pytest.mark.parametrize("typed", ["12", "+44", "+225 08 00 00 12"])
async def test_digits_that_are_unusual_are_asked_back_once(
    loaded: MockConfigEntry, form: Flow, typed: str
) -> None:
    result = await form.submit(number=typed, name="Shed")
    assert result["errors"] == {"number": "invalid_number"}
    await form.submit(number=typed, name="Shed")
    assert numbers(loaded)["Shed"] == typed.replace(" ", "")


@pytest.mark.parametrize(
    "typed", ["INFO", "SomebodysPhone", "GB.10000000000000000001", "07710#12345", ""]
)
async def test_what_is_no_digits_is_no_virtual_number(
    loaded: MockConfigEntry, form: Flow, typed: str
) -> None:
    before = numbers(loaded)
    for _ in range(3):
        result = await form.submit(number=typed, name="Shed")
        assert result["errors"] == {"number": "invalid_number"}
    assert numbers(loaded) == before


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
    assert state(hass, "sensor.gate_last_message").state == "Hello"
    messages = async_capture_events(hass, EVENT_MESSAGE_RECEIVED)
    await own_door(sms("Again"))
    assert messages[0].data["to_name"] == "Front gate"


@pytest.mark.parametrize("caught", ["+99912345", "MyVeryOwnNumber", "12"])
async def test_a_number_that_was_caught_can_be_renamed(hass: HomeAssistant, caught: str) -> None:
    """Nobody could type it, but messages do come for it."""
    entry = account([virtual_number(caught)])
    await set_up(hass, entry)
    flow = EditFlow(hass, entry)
    await flow.begin()
    assert (await flow.submit(number=f"{caught}?", name="Gate"))["errors"]
    result = await flow.submit(number=caught, name="Front gate")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert numbers(entry) == {"Front gate": caught}


async def test_address_is_not_in_the_form(loaded: MockConfigEntry, form: Flow) -> None:
    """The menu before it shows it; here it would only be one more place."""
    assert WEBHOOK_ID not in str(form.result["description_placeholders"])
