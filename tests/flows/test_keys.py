"""Keys for sending: at the set-up, later, in the place of refused ones, and removed."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.sending import client
from scripts.house.provider_api import Play, ProviderApi, Refusal
from tests.household import household
from tests.log import keep_secret
from tests.provider_api import KEYS, with_keys
from tests.running import set_up

TYPED = {"access_key": f" {KEYS.access_key} ", "secret_key": f"{KEYS.secret_key}\n"}
WRONG = {"access_key": KEYS.access_key, "secret_key": "SK-wrong-0000"}
STORED = {"access_key": KEYS.access_key, "secret_key": KEYS.secret_key}

pytestmark = pytest.mark.usefixtures("external_url", "api")


def stored(entry: MockConfigEntry) -> dict[str, Any]:
    """Return the keys that an entry keeps."""
    return {key: entry.data[key] for key in STORED if key in entry.data}


async def submit(hass: HomeAssistant, result: Any, **fields: Any) -> Any:
    """Submit a form, or choose from a menu."""
    keep_secret(WRONG["secret_key"])
    found = await hass.config_entries.flow.async_configure(result["flow_id"], fields)
    await hass.async_block_till_done(wait_background_tasks=True)
    return found


async def choose(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> Any:
    """Open *Reconfigure*, and choose."""
    menu = await entry.start_reconfigure_flow(hass)
    return await submit(hass, menu, next_step_id=step)


def reauth(hass: HomeAssistant) -> list[Any]:
    """Return the dialogs that ask for new keys."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow for flow in flows if flow["context"]["source"] == "reauth"]


@pytest.fixture
async def with_refused(hass: HomeAssistant, api: ProviderApi) -> MockConfigEntry:
    """Return a household whose keys are refused."""
    keep_secret(WRONG["secret_key"])
    entry = household()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, **WRONG})
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


# ---- at the set-up ------------------------------------------------------------------


async def test_keys_at_the_set_up(hass: HomeAssistant) -> None:
    result: Any = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(hass, result, keys=WRONG)
    assert (result["step_id"], result["errors"]) == ("user", {"base": "keys_refused"})
    result = await submit(hass, result, keys={"access_key": KEYS.access_key})
    assert (result["step_id"], result["errors"]) == ("user", {"base": "keys_missing"})

    result = await submit(hass, result, keys=TYPED)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert stored(result["result"]) == STORED
    keep_secret(result["result"].data["webhook_id"])
    assert hass.states.get("sensor.intellisms_balance")


@pytest.mark.parametrize("typed", [{}, {"keys": {}}, {"keys": {"access_key": ""}}])
async def test_nobody_needs_keys(
    hass: HomeAssistant, api: ProviderApi, typed: dict[str, Any]
) -> None:
    result: Any = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(hass, result, **typed)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    keep_secret(result["result"].data["webhook_id"])
    assert stored(result["result"]) == {}
    assert not api.asked


# ---- later --------------------------------------------------------------------------


async def test_keys_are_checked_and_need_no_reload(
    hass: HomeAssistant, house: MockConfigEntry, api: ProviderApi
) -> None:
    data = house.runtime_data
    result = await choose(hass, house, "keys")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "keys")

    result = await submit(hass, result, **TYPED)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "keys_accepted")
    assert result["description_placeholders"] == {"credits": "100"}
    assert stored(house) == STORED
    assert house.runtime_data is data
    assert api.asked.keys() == {"getbalance.aspx"}


@pytest.mark.parametrize(
    ("play", "typed", "error"),
    [
        (None, WRONG, "keys_refused"),
        (None, {"access_key": " ", "secret_key": "x"}, "keys_missing"),
        (Refusal(word="auth_parameter_invalid"), TYPED, "keys_refused"),
        (Refusal(word="internal_error"), TYPED, "keys_unchecked"),
        (Play.HTML, TYPED, "keys_unchecked"),
        (Play.RESET, TYPED, "keys_unchecked"),
    ],
)
async def test_keys_that_are_not_taken_come_back(
    hass: HomeAssistant,
    house: MockConfigEntry,
    api: ProviderApi,
    play: Play | Refusal | None,
    typed: dict[str, str],
    error: str,
) -> None:
    if play:
        api.plays[None] = play
    result = await submit(hass, await choose(hass, house, "keys"), **typed)
    assert (result["step_id"], result["errors"]) == ("keys", {"base": error})
    assert stored(house) == {}

    # What was wrong is put right.
    api.plays.clear()
    assert (await submit(hass, result, **TYPED))["reason"] == "keys_accepted"


async def test_no_connection_is_told(
    hass: HomeAssistant, house: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "API_URL", "http://127.0.0.1:9/")
    result = await submit(hass, await choose(hass, house, "keys"), **TYPED)
    assert result["errors"] == {"base": "cannot_connect"}


async def test_keys_are_removed(hass: HomeAssistant, with_refused: MockConfigEntry) -> None:
    """What asks for new ones goes too."""
    assert len(reauth(hass)) == 1
    result = await choose(hass, with_refused, "remove_keys")
    assert (result["type"], stored(with_refused)) == (FlowResultType.FORM, WRONG)

    result = await submit(hass, result)

    assert (result["reason"], stored(with_refused)) == ("keys_removed", {})
    assert reauth(hass) == []
    menu = await with_refused.start_reconfigure_flow(hass)
    assert menu["menu_options"][-1] == "keys"


# ---- refused ------------------------------------------------------------------------


async def test_refused_keys_are_asked_for_anew(
    hass: HomeAssistant, with_refused: MockConfigEntry
) -> None:
    assert with_refused.state is ConfigEntryState.LOADED
    data = with_refused.runtime_data
    [flow] = reauth(hass)
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "reauth_confirm")

    result = await submit(hass, result, **TYPED)

    assert result["reason"] == "keys_accepted"
    assert stored(with_refused) == STORED
    assert with_refused.runtime_data is data
    assert reauth(hass) == []
    balance = hass.states.get("sensor.intellisms_balance")
    assert balance
    assert balance.state == "100.0"


async def test_nobody_is_asked_where_the_keys_are_accepted_again(
    hass: HomeAssistant, api: ProviderApi
) -> None:
    api.plays[None] = Refusal(word="login_invalid")
    entry = household()
    keep_secret(STORED)
    await set_up(hass, entry)
    hass.config_entries.async_update_entry(entry, data=with_keys(entry.data))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(reauth(hass)) == 1

    api.plays.clear()
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert reauth(hass) == []
