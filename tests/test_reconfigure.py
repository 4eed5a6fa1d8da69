"""The address again: another one, another way, and the options."""

import ast
import inspect
from pathlib import Path
from typing import Any

import homeassistant.components
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import Event, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import DOMAIN, EVENT_MESSAGE_RECEIVED, EVENT_MESSAGE_STATUS

from .cloud import CloudNotAvailable, FakeCloud
from .household import GATE, REPLACED_ID, SENDER, WEBHOOK_ID, sms
from .log import keep_secret
from .running import URL, Post

REMOTE = "https://remote.example.com"
HOOK = "https://hooks.example/1"

pytestmark = pytest.mark.usefixtures("external_url")


class Reconfigure:
    """The dialog that shows the address again."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        """Prepare for an entry."""
        self._hass = hass
        self._entry = entry
        self.result: Any = None

    async def begin(self) -> Any:
        """Open the dialog."""
        self.result = await self._entry.start_reconfigure_flow(self._hass)
        return self.result

    async def submit(self, **fields: Any) -> Any:
        """Submit a form."""
        self.result = await self._hass.config_entries.flow.async_configure(
            self.result["flow_id"], fields
        )
        return self.result

    async def choose(self, step: str) -> Any:
        """Open the dialog and choose from its menu."""
        assert (await self.begin())["type"] is FlowResultType.MENU
        return await self.submit(next_step_id=step)

    async def to_cloudhook(self) -> Any:
        """Choose the cloudhook and submit."""
        await self.choose("cloudhook")
        return await self.submit()


@pytest.fixture
def dialog(hass: HomeAssistant, entry: MockConfigEntry) -> Reconfigure:
    """Return the dialog, not opened yet."""
    return Reconfigure(hass, entry)


def ended(result: Any, reason: str) -> str:
    """Check how a dialog ended; return the address that it shows."""
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, reason)
    return str(result["description_placeholders"]["url"])


# ---- the address again --------------------------------------------------------------


async def test_it_shows_the_address_and_the_others(
    hass: HomeAssistant, cloud: FakeCloud, loaded: MockConfigEntry, dialog: Reconfigure
) -> None:
    cloud.remote_url = REMOTE
    cloud.hooks[WEBHOOK_ID] = {"cloudhook_url": HOOK}
    hass.config_entries.async_update_entry(loaded, data={**loaded.data, "cloudhook_url": HOOK})
    result = await dialog.begin()
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "address")
    assert result["menu_options"] == ["new_address", "cloudhook", "keys"]
    others = [
        f"{URL}/api/webhook/{WEBHOOK_ID}",
        f"{REMOTE}/api/intellisms/{WEBHOOK_ID}",
        f"{REMOTE}/api/webhook/{WEBHOOK_ID}",
        HOOK,
    ]
    assert result["description_placeholders"] == {
        "url": f"{URL}/api/intellisms/{WEBHOOK_ID}",
        "others": "\n".join(f"- `{url}`" for url in others),
    }


async def test_the_remote_url_where_there_is_no_other(
    hass: HomeAssistant, cloud: FakeCloud, loaded: MockConfigEntry, dialog: Reconfigure
) -> None:
    await hass.config.async_update(external_url=None)
    cloud.remote_url = REMOTE
    result = await dialog.begin()
    url = f"{REMOTE}/api/intellisms/{WEBHOOK_ID}"
    assert result["description_placeholders"]["url"] == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [("http://10.0.0.5:8123", "private_url"), ("http://a.com", "plain_http")],
)
async def test_what_speaks_against_the_address_is_said_first(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    dialog: Reconfigure,
    url: str,
    problem: str,
) -> None:
    await hass.config.async_update(external_url=url)
    result = await dialog.begin()
    assert (result["step_id"], result["errors"]) == ("problem", {"base": problem})
    result = await dialog.submit()
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "address")
    assert result["menu_options"] == ["new_address", "keys"]


async def test_without_a_url_it_looks_again_until_there_is_one(
    hass: HomeAssistant, loaded: MockConfigEntry, dialog: Reconfigure
) -> None:
    await hass.config.async_update(external_url=None)
    result = await dialog.begin()
    for _ in range(2):
        assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "no_url")
        assert result["menu_options"] == ["no_url", "keys"]
        assert WEBHOOK_ID not in str(result)
        result = await dialog.submit(next_step_id="no_url")
    assert "shown_base" not in loaded.data
    await hass.config.async_update(external_url=URL)
    assert (await dialog.submit(next_step_id="no_url"))["step_id"] == "address"
    assert loaded.data["shown_base"] == URL


async def test_a_cloudhook_where_there_is_no_url(
    hass: HomeAssistant, loaded: MockConfigEntry, cloud: FakeCloud, dialog: Reconfigure
) -> None:
    keep_secret(HOOK)
    await hass.config.async_update(external_url=None)
    for result in (await dialog.begin(), await dialog.submit(next_step_id="no_url")):
        assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "no_url")
        assert result["menu_options"] == ["no_url", "cloudhook", "keys"]
    assert (await dialog.submit(next_step_id="cloudhook"))["step_id"] == "cloudhook"
    assert ended(await dialog.submit(), "address_switched") == HOOK


@pytest.mark.parametrize("chosen", ["new_address", "direct"])
async def test_a_url_that_goes_away_meanwhile_ends_in_no_address(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    cloud: FakeCloud,
    dialog: Reconfigure,
    chosen: str,
) -> None:
    if chosen == "direct":
        await dialog.to_cloudhook()
        assert chosen in (await dialog.begin())["menu_options"]
    else:
        await dialog.choose(chosen)
    before = dict(loaded.data)
    await hass.config.async_update(external_url=None)
    choice = {"next_step_id": chosen} if chosen == "direct" else {}
    result = await dialog.submit(**choice)
    assert result["step_id"] == ("address" if chosen == "direct" else "no_url")
    assert loaded.data["webhook_id"] == before["webhook_id"]
    assert loaded.data["reach"] == before["reach"]


async def test_no_address_is_shown_while_the_account_is_not_loaded(
    hass: HomeAssistant, loaded: MockConfigEntry, dialog: Reconfigure
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    result = await dialog.begin()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")


async def test_no_new_address_is_shown_while_the_account_is_not_loaded(
    hass: HomeAssistant, loaded: MockConfigEntry, dialog: Reconfigure
) -> None:
    """Nobody would open the doors for it, or shut them for the old one."""
    await dialog.choose("new_address")
    await hass.config_entries.async_unload(loaded.entry_id)
    result = await dialog.submit()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")
    assert loaded.data["webhook_id"] == WEBHOOK_ID


# ---- another address ----------------------------------------------------------------


@pytest.fixture
async def new_id(loaded: MockConfigEntry, dialog: Reconfigure) -> str:
    """Replace the address, without a reload; return the new id."""
    data = loaded.runtime_data
    result = await dialog.choose("new_address")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "new_address")
    assert loaded.data[CONF_WEBHOOK_ID] == WEBHOOK_ID
    shown = ended(await dialog.submit(), "address_replaced")
    webhook_id = str(loaded.data[CONF_WEBHOOK_ID])
    keep_secret(webhook_id)
    assert loaded.runtime_data is data
    assert shown == f"{URL}/api/intellisms/{webhook_id}"
    return webhook_id


async def test_a_new_address_works_at_once_and_the_old_one_no_more(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    messages: list[Event[dict[str, Any]]],
    new_id: str,
    door: Post,
) -> None:
    assert loaded.state is ConfigEntryState.LOADED
    assert new_id not in (WEBHOOK_ID, REPLACED_ID)
    assert loaded.data["replaced_ids"] == [REPLACED_ID, WEBHOOK_ID]
    assert loaded.data["shown_base"] == URL
    assert await door(sms("old"), webhook_id=WEBHOOK_ID) == 404
    assert await door(sms("older"), webhook_id=REPLACED_ID) == 404
    assert messages == []
    assert await door(sms("new"), webhook_id=new_id) == 200
    assert [event.data["text"] for event in messages] == ["new"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_an_address_that_was_replaced_tells_nothing(
    new_id: str, door: Post, method: str
) -> None:
    assert await door("", webhook_id=WEBHOOK_ID, method=method) == 404


async def test_an_old_address_stays_registered_across_a_restart(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    door: Post,
    messages: list[Event[dict[str, Any]]],
) -> None:
    """A restart, as the integration sees it: the entry is there, and nothing is loaded yet."""
    ids = [REPLACED_ID, WEBHOOK_ID]
    entry.add_to_hass(hass)
    data = {**entry.data, CONF_WEBHOOK_ID: "new", "replaced_ids": ids}
    hass.config_entries.async_update_entry(entry, data=data)
    assert await hass.config_entries.async_setup(entry.entry_id)
    for old in ids:
        assert await door(sms(), webhook_id=old) == 404
    assert await door(sms(), webhook_id="new") == 200
    await hass.config_entries.async_unload(entry.entry_id)
    assert await door(sms("x"), webhook_id=WEBHOOK_ID) == 404
    assert len(messages) == 1


async def test_every_status_and_form_at_an_old_address_is_turned_away(
    hass: HomeAssistant, new_id: str, door: Post
) -> None:
    fired: list[Event[Any]] = []
    for event_type in (EVENT_MESSAGE_RECEIVED, EVENT_MESSAGE_STATUS):
        hass.bus.async_listen(event_type, fired.append)
    number, sender = GATE.removeprefix("+"), SENDER.removeprefix("+")
    for body in (f"text=Hi&from={sender}&to={number}", f"status=1&toaddr={number}&msgid=1", "{}"):
        assert await door(body, webhook_id=WEBHOOK_ID) == 404
    assert fired == []


# ---- another way --------------------------------------------------------------------


@pytest.fixture
async def by_cloudhook(
    cloud: FakeCloud, loaded: MockConfigEntry, dialog: Reconfigure
) -> MockConfigEntry:
    """Switch to a cloudhook."""
    keep_secret(HOOK)
    result = await dialog.choose("cloudhook")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "cloudhook")
    assert cloud.hooks == {}
    assert ended(await dialog.submit(), "address_switched") == HOOK
    return loaded


async def test_to_a_cloudhook_and_back(
    hass: HomeAssistant,
    by_cloudhook: MockConfigEntry,
    cloud: FakeCloud,
    dialog: Reconfigure,
    door: Post,
) -> None:
    assert list(cloud.hooks) == [WEBHOOK_ID]
    assert (by_cloudhook.data["reach"], by_cloudhook.data["cloudhook_url"]) == ("cloudhook", HOOK)
    assert await door(sms()) == 200
    result = await dialog.begin()
    assert result["menu_options"] == ["new_address", "direct", "keys"]
    assert result["description_placeholders"]["url"] == HOOK
    assert URL in result["description_placeholders"]["others"]
    own = f"{URL}/api/intellisms/{WEBHOOK_ID}"
    assert ended(await dialog.submit(next_step_id="direct"), "address_switched") == own
    # The cloudhook goes on working until something else is pasted.
    assert list(cloud.hooks) == [WEBHOOK_ID]
    assert HOOK in (await dialog.begin())["description_placeholders"]["others"]
    assert ended(await dialog.to_cloudhook(), "address_switched") == HOOK
    assert by_cloudhook.state is ConfigEntryState.LOADED


async def test_a_cloudhook_that_was_deleted_is_made_anew(
    by_cloudhook: MockConfigEntry, cloud: FakeCloud, dialog: Reconfigure
) -> None:
    await dialog.choose("direct")
    cloud.delete_on_its_page(WEBHOOK_ID)
    shown = ended(await dialog.to_cloudhook(), "address_switched")
    assert shown == by_cloudhook.data["cloudhook_url"] == "https://hooks.example/2"


async def test_a_cloudhook_that_is_gone_is_not_shown_as_if_it_worked(
    by_cloudhook: MockConfigEntry, cloud: FakeCloud, dialog: Reconfigure
) -> None:
    cloud.delete_on_its_page(WEBHOOK_ID)
    result = await dialog.begin()
    assert (result["step_id"], result["errors"]) == ("problem", {"base": "cloudhook_gone"})
    result = await dialog.submit()
    assert result["menu_options"] == ["new_address", "direct", "cloudhook", "keys"]
    assert (await dialog.submit(next_step_id="cloudhook"))["step_id"] == "cloudhook"
    # What is posted to the old one is acknowledged and lost.
    shown = ended(await dialog.submit(), "address_replaced_lost")
    assert shown == by_cloudhook.data["cloudhook_url"] == "https://hooks.example/2"
    assert (await dialog.begin())["menu_options"] == ["new_address", "direct", "keys"]


async def test_from_a_cloudhook_that_is_gone_to_our_own_door(
    hass: HomeAssistant, by_cloudhook: MockConfigEntry, cloud: FakeCloud, dialog: Reconfigure
) -> None:
    cloud.delete_on_its_page(WEBHOOK_ID)
    await dialog.begin()
    await dialog.submit()
    own = f"{URL}/api/intellisms/{WEBHOOK_ID}"
    shown = await dialog.submit(next_step_id="direct")
    assert ended(shown, "address_replaced_lost") == own


@pytest.mark.parametrize("url", ["http://192.168.1.5:8123", "https://ha.fritz.box", None])
async def test_a_door_that_nobody_reaches_is_not_offered_in_its_place(
    hass: HomeAssistant, by_cloudhook: MockConfigEntry, dialog: Reconfigure, url: str | None
) -> None:
    await hass.config.async_update(external_url=url)
    assert (await dialog.begin())["menu_options"] == ["new_address", "keys"]


async def test_a_new_address_leaves_an_unused_cloudhook_behind(
    by_cloudhook: MockConfigEntry, dialog: Reconfigure
) -> None:
    """It leads to the old id, where everything is turned away."""
    await dialog.choose("direct")
    await dialog.choose("new_address")
    await dialog.submit()
    assert HOOK not in (await dialog.begin())["description_placeholders"]["others"]


async def test_there_is_no_way_back_without_a_url(
    hass: HomeAssistant, by_cloudhook: MockConfigEntry, dialog: Reconfigure
) -> None:
    await hass.config.async_update(external_url=None)
    result = await dialog.begin()
    assert result["menu_options"] == ["new_address", "keys"]
    assert result["description_placeholders"] == {"url": HOOK, "others": "-"}


async def test_a_new_address_for_a_cloudhook(
    hass: HomeAssistant,
    by_cloudhook: MockConfigEntry,
    cloud: FakeCloud,
    dialog: Reconfigure,
    cloud_door: Post,
) -> None:
    await dialog.choose("new_address")
    cloud.connected = False
    result = await dialog.submit()
    assert result["errors"] == {"base": "cloud_not_ready"}
    assert by_cloudhook.data[CONF_WEBHOOK_ID] == WEBHOOK_ID
    cloud.connected = True
    assert ended(await dialog.submit(), "address_replaced") == "https://hooks.example/2"
    new_id = by_cloudhook.data[CONF_WEBHOOK_ID]
    # The old one answers 404 through the Cloud too, so that nothing is acknowledged there.
    assert list(cloud.hooks) == [WEBHOOK_ID, new_id]
    assert await cloud_door(sms(), webhook_id=WEBHOOK_ID) == 404
    assert await cloud_door(sms(), webhook_id=new_id) == 200
    assert await hass.config_entries.async_remove(by_cloudhook.entry_id)
    assert cloud.hooks == {}
    assert set(cloud.deleted) == {WEBHOOK_ID, new_id}


@pytest.mark.parametrize("error", [CloudNotAvailable(), ValueError(HOOK), TimeoutError(HOOK)])
async def test_a_cloud_that_is_not_ready(
    cloud: FakeCloud,
    loaded: MockConfigEntry,
    dialog: Reconfigure,
    error: Exception,
) -> None:
    keep_secret(HOOK)
    await dialog.choose("cloudhook")
    cloud.error = error
    result = await dialog.submit()
    assert result["errors"] == {"base": "cloud_not_ready"}
    assert loaded.data["reach"] == "direct"
    cloud.error = None
    assert ended(await dialog.submit(), "address_switched") == HOOK


@pytest.mark.parametrize("state", [{"connected": False}, {"subscribed": False}])
async def test_a_cloudhook_is_offered_only_where_there_can_be_one(
    cloud: FakeCloud, loaded: MockConfigEntry, dialog: Reconfigure, state: dict[str, bool]
) -> None:
    for name, value in state.items():
        setattr(cloud, name, value)
    assert (await dialog.begin())["menu_options"] == ["new_address", "keys"]


async def test_without_a_cloud_a_cloudhook_cannot_be_had(
    hass: HomeAssistant, loaded: MockConfigEntry, cloud: FakeCloud, dialog: Reconfigure
) -> None:
    await dialog.choose("cloudhook")
    hass.config.components.remove("cloud")
    assert (await dialog.submit())["errors"] == {"base": "cloud_not_ready"}


@pytest.mark.parametrize("error", [None, CloudNotAvailable(), TimeoutError(HOOK)])
async def test_removal_does_not_need_the_cloud(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    by_cloudhook: MockConfigEntry,
    cloud: FakeCloud,
    error: Exception | None,
) -> None:
    cloud.error = error
    assert cloud.listeners
    await hass.config_entries.async_remove(by_cloudhook.entry_id)
    assert not cloud.listeners
    assert hass.config_entries.async_entries(DOMAIN) == []
    assert "Error calling entry remove callback" not in caplog.text


def test_the_mocked_cloud_is_like_the_real_one() -> None:
    """The real one cannot be imported here; its source can be read."""
    path = Path(next(iter(homeassistant.components.__path__)), "cloud", "__init__.py")
    real = {
        node.name: [argument.arg for argument in node.args.args]
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    fakes = inspect.getmembers(FakeCloud, inspect.isfunction)
    for name, fake in ((name, fake) for name, fake in fakes if name.startswith("async_")):
        assert real[name] == list(inspect.signature(fake).parameters)[1:], name
    assert "cloud.client.cloudhooks" in path.read_text()


# ---- options ------------------------------------------------------------------------


async def test_options_take_effect_without_a_reload(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: list[Event[dict[str, Any]]],
) -> None:
    data = loaded.runtime_data
    flow: Any = await hass.config_entries.options.async_init(loaded.entry_id)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "init")
    options = {"accept": "known", "keep_off_disk": True}
    result: Any = await hass.config_entries.options.async_configure(flow["flow_id"], options)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert loaded.options == options | {"hourly_limit": 100}
    assert loaded.runtime_data is data
    assert await own_door(sms()) == 200
    assert messages == []


async def test_options_are_shown_as_they_are(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    options = {"accept": "known", "keep_off_disk": True, "hourly_limit": 7}
    hass.config_entries.async_update_entry(loaded, options=options)
    flow: Any = await hass.config_entries.options.async_init(loaded.entry_id)
    suggested = {str(key): key.description["suggested_value"] for key in flow["data_schema"].schema}
    assert suggested == options
