"""Shared fixtures: a running Home Assistant with an account, and its two doors."""

from collections.abc import Awaitable, Generator, Iterable
import json
import logging
from types import MappingProxyType
from typing import Any, Protocol, override
from urllib.parse import parse_qsl

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.intellisms.const import (
    CONF_NUMBER,
    CONF_REPLACED_IDS,
    DOMAIN,
    EVENT_MESSAGE_RECEIVED,
    SUBENTRY_VIRTUAL_NUMBER,
)

WEBHOOK_ID = "5ec2e7" * 10
REPLACED_ID = "01d01d" * 10
GATE = "+44771012346"
SENDER = "+44771012345"


class Post(Protocol):
    """Post to a door as the provider does and return the status."""

    def __call__(
        self,
        body: bytes | str,
        *,
        webhook_id: str = WEBHOOK_ID,
        query: str = "",
        method: str = "POST",
    ) -> Awaitable[int]:
        """Return the status of the answer."""


# What must not be logged. Whatever makes an account or posts to it adds to it.
_secrets: set[str] = set()
# Words of the provider's, and of the time, that are nobody's secret.
_NO_SECRETS = ("channel", "format", "mime_type", "msgtype", "sent", "status", "type")
_SHORTEST_SECRET = 4
# The path is in the access log of whoever turns it on; a slow loop is the machine's.
_NOT_OUR_DOING = ("aiohttp.access", "asyncio")


class Log(logging.Handler):
    """Keeps what our loggers write at any level, and what others write at info and above."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.records: list[logging.LogRecord] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        ours = record.name.startswith("custom_components.intellisms")
        if ours or (record.levelno >= logging.INFO and record.name not in _NOT_OUR_DOING):
            self.records.append(record)


def leaks(records: Iterable[logging.LogRecord]) -> list[tuple[str, str]]:
    """Return the secrets that were logged, each with its line."""
    formatter = logging.Formatter("%(name)s: %(message)s")
    lines = {formatter.format(record) for record in records}
    return [(secret, line) for line in lines for secret in _secrets if secret in line]


@pytest.fixture(autouse=True)
def nothing_is_logged_of_what_was_said() -> Generator[Log]:
    """Look for ids, numbers, names and texts in all that a test had logged."""
    _secrets.clear()
    root, ours = logging.getLogger(), logging.getLogger("custom_components.intellisms")
    log, level = Log(), ours.level
    root.addHandler(log)
    ours.setLevel(logging.DEBUG)
    yield log
    ours.setLevel(level)
    root.removeHandler(log)
    assert leaks(log.records) == []


def keep_secret(value: Any, key: str = "") -> None:
    """Add all texts of a value, however deep, to what must not be logged."""
    if isinstance(value, dict):
        for name, item in value.items():
            keep_secret(item, name)
    elif isinstance(value, list | tuple):
        for item in value:
            keep_secret(item, key)
    elif isinstance(value, bool | float | None) or key in _NO_SECRETS:
        return
    elif len(secret := str(value).lstrip("+")) >= _SHORTEST_SECRET:
        _secrets.add(secret)


def _keep_posted_secret(body: bytes | str, query: str) -> None:
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    keep_secret(dict(parse_qsl(query.removeprefix("?"))))
    try:
        keep_secret(json.loads(text))
    except ValueError:
        keep_secret(dict(parse_qsl(text)))
    except RecursionError:
        pass


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant find this integration in every test."""


@pytest.fixture
def entity_registry_enabled_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable also the entities that are disabled by default."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture(autouse=True)
async def websocket_api(hass: HomeAssistant) -> None:
    """Set up the websocket before the test's HTTP server closes its list of routes."""
    assert await async_setup_component(hass, "websocket_api", {})


def virtual_number(number: str = GATE, name: str = "Gate") -> ConfigSubentryData:
    """Return a virtual number as a config entry stores it."""
    return ConfigSubentryData(
        data=MappingProxyType({CONF_NUMBER: number}),
        subentry_type=SUBENTRY_VIRTUAL_NUMBER,
        title=name,
        unique_id=number,
    )


def account(
    subentries: Iterable[ConfigSubentryData], *, webhook_id: str = WEBHOOK_ID, **kwargs: Any
) -> MockConfigEntry:
    """Return an account that is not set up yet."""
    known = tuple(subentries)
    for subentry in known:
        keep_secret([subentry["title"], *subentry["data"].values()])
    keep_secret([webhook_id, REPLACED_ID, GATE, SENDER])
    return MockConfigEntry(
        domain=DOMAIN,
        title="IntelliSMS",
        data={
            "webhook_id": webhook_id,
            CONF_REPLACED_IDS: [REPLACED_ID],
            "reach": "direct",
            "cloudhook_url": None,
        },
        subentries_data=known,
        **kwargs,
    )


@pytest.fixture
def entry() -> MockConfigEntry:
    """Return an account with one virtual number, not set up yet."""
    return account([virtual_number()])


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return the account, set up and running."""
    entry.add_to_hass(hass)
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    return entry


@pytest.fixture
def own_door(hass_client_no_auth: ClientSessionGenerator) -> Post:
    """Post to our own view over real HTTP."""
    return _http_door(hass_client_no_auth, "/api/intellisms/")


@pytest.fixture
def webhook_door(hass_client_no_auth: ClientSessionGenerator) -> Post:
    """Post to the webhook over real HTTP."""
    return _http_door(hass_client_no_auth, "/api/webhook/")


def _http_door(make_client: ClientSessionGenerator, path: str) -> Post:
    clients: list[TestClient[Any, Any]] = []

    async def post(
        body: bytes | str, *, webhook_id: str = WEBHOOK_ID, query: str = "", method: str = "POST"
    ) -> int:
        _keep_posted_secret(body, query)
        client = clients[0] if clients else await make_client()
        clients[:] = [client]
        response = await client.request(method, f"{path}{webhook_id}{query}", data=body)
        return response.status

    return post


@pytest.fixture
def cloud_door(hass_ws_client: WebSocketGenerator) -> Post:
    """Post over the websocket, which hands over a MockRequest as a cloudhook does."""

    async def post(
        body: bytes | str, *, webhook_id: str = WEBHOOK_ID, query: str = "", method: str = "POST"
    ) -> int:
        _keep_posted_secret(body, query)
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


def sms(text: str = "Hello", **fields: Any) -> str:
    """Return the provider's post of one SMS; `fields` replace those of its message."""
    message = {
        "to": GATE.removeprefix("+"),
        "from": SENDER.removeprefix("+"),
        "messageid": "21ba6a2ee454d1710d88f357df34fdb3f5",
        "channel": "sms",
        "sent": "2025-06-03T13:50:05-00:00",
        "content": {"msgtype": "text", "text": text},
    }
    keep_secret(message | fields)
    return json.dumps({"messages": [message | fields]})


def saying(number: int) -> str:
    """Return one of very many posts: a few from each sender, so that none is a flood."""
    return sms(f"Text {number}", **{"from": str(447_720_000_000 + number // 50)})


def together(*bodies: str) -> str:
    """Return the messages of several posts in one."""
    return json.dumps({"messages": [json.loads(body)["messages"][0] for body in bodies]})
