"""Shared fixtures: a running Home Assistant with an account, its doors, and who lives there."""

from collections.abc import Generator
import logging
from typing import Any

from homeassistant.core import Event, HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.intellisms.const import EVENT_MESSAGE_RECEIVED

from .household import WEBHOOK_ID, account, household, virtual_number
from .log import Log, begin, keep_posted_secret, leaks
from .running import URL, Post, http_door, set_up

pytest_plugins = ["tests.cameras", "tests.cloud", "tests.disk", "tests.provider_api", "tests.texts"]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test by its argument, not by a post in it, which holds the time."""
    return argname if isinstance(val, str) and val.startswith('{"messages"') else None


@pytest.fixture(autouse=True)
def nothing_is_logged_of_what_was_said() -> Generator[Log]:
    """Look for ids, numbers, names and texts in all that a test had logged."""
    begin()
    root, ours = logging.getLogger(), logging.getLogger("custom_components.intellisms")
    log, level = Log(), ours.level
    root.addHandler(log)
    ours.setLevel(logging.DEBUG)
    yield log
    ours.setLevel(level)
    root.removeHandler(log)
    assert leaks(log.records) == []


@pytest.fixture(autouse=True)
def home(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> None:
    """Start Home Assistant with this integration; where nothing needs it, this is replaced."""
    if "recorder_mock" in request.fixturenames:
        # Only for tests it says what it writes; and it has to come before Home Assistant itself.
        caplog.set_level(logging.WARNING, "sqlalchemy.engine")
        request.getfixturevalue("recorder_mock")
    request.getfixturevalue("enable_custom_integrations")
    request.getfixturevalue("websocket_api")


@pytest.fixture
def entity_registry_enabled_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable also the entities that are disabled by default."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture
async def websocket_api(hass: HomeAssistant) -> None:
    """Set up the websocket before the test's HTTP server closes its list of routes."""
    assert await async_setup_component(hass, "websocket_api", {})


@pytest.fixture
def entry() -> MockConfigEntry:
    """Return an account with one virtual number, not set up yet."""
    return account([virtual_number()])


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return the account, set up and running."""
    return await set_up(hass, entry)


@pytest.fixture
async def house(hass: HomeAssistant) -> MockConfigEntry:
    """Return an account with two virtual numbers and three contacts, loaded."""
    return await set_up(hass, household())


@pytest.fixture
async def external_url(hass: HomeAssistant) -> None:
    """Let Home Assistant be reached from the internet."""
    await hass.config.async_update(external_url=URL)


@pytest.fixture
def runs(hass: HomeAssistant) -> list[ServiceCall]:
    """Return what automations ran."""
    calls: list[ServiceCall] = async_mock_service(hass, "test", "run")
    return calls


@pytest.fixture
def own_door(hass_client_no_auth: ClientSessionGenerator) -> Post:
    """Post to our own view over real HTTP."""
    return http_door(hass_client_no_auth, "/api/intellisms/")


@pytest.fixture
def webhook_door(hass_client_no_auth: ClientSessionGenerator) -> Post:
    """Post to the webhook over real HTTP."""
    return http_door(hass_client_no_auth, "/api/webhook/")


@pytest.fixture
def cloud_door(hass_ws_client: WebSocketGenerator) -> Post:
    """Post over the websocket, which hands over a MockRequest as a cloudhook does."""

    async def post(
        body: bytes | str, *, webhook_id: str = WEBHOOK_ID, query: str = "", method: str = "POST"
    ) -> int:
        keep_posted_secret(body, query)
        client = await hass_ws_client()
        await client.send_json_auto_id(
            {
                "type": "webhook/handle",
                "webhook_id": webhook_id,
                "method": method,
                "body": body if isinstance(body, str) else body.decode(),
                "query": query.removeprefix("?"),
            }
        )
        answer = await client.receive_json()
        return int(answer["result"]["status"])

    return post


@pytest.fixture(params=["own_door", "webhook_door", "cloud_door"])
def door(request: pytest.FixtureRequest) -> Post:
    """Post through each door in turn."""
    post: Post = request.getfixturevalue(request.param)
    return post


@pytest.fixture
def messages(hass: HomeAssistant) -> list[Event[dict[str, Any]]]:
    """Return the message events fired from here on."""
    captured: list[Event[dict[str, Any]]] = async_capture_events(hass, EVENT_MESSAGE_RECEIVED)
    return captured


@pytest.fixture
async def person(hass: HomeAssistant) -> er.RegistryEntry:
    """Return a person of Home Assistant."""
    assert await async_setup_component(
        hass, "person", {"person": [{"id": "anna", "name": "Somebody"}]}
    )
    found = er.async_get(hass).async_get("person.somebody")
    assert found
    return found
