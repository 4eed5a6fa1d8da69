"""What was said, by whom and to which address, is in no log; and that this would be noticed."""

from http import HTTPStatus
import json
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.faults import guarded
from custom_components.intellisms.protocol import ParseError, parse
from custom_components.intellisms.receiving.delivery import Delivery
from custom_components.intellisms.receiving.signals import SIGNAL_MESSAGE

from .household import (
    ANNA,
    GATE,
    NAMES,
    NO_PERSON,
    REPLACED_ID,
    SENDER,
    WEBHOOK_ID,
    account,
    contact,
    devices,
    sample,
    sms,
    virtual_number,
)
from .log import Log, keep_secret, leaks
from .running import Post, set_up

OURS = "custom_components.intellisms"
SAID = "The code is 9137"

type Messages = list[Event[dict[str, Any]]]


@pytest.fixture
def heard(hass: HomeAssistant) -> list[Delivery]:
    """Return what listeners of ours are told from here on."""
    received: list[Delivery] = []

    @callback
    def hear(message: Delivery) -> None:
        received.append(message)

    async_dispatcher_connect(hass, SIGNAL_MESSAGE, hear)
    return received


# ---- it would be noticed ------------------------------------------------------------


def logged(name: str, level: int, text: str, *args: Any, error: Exception | None = None) -> Any:
    """Return what is noticed of one log line."""
    exc_info = (type(error), error, None) if error else None
    record = logging.LogRecord(name, level, __file__, 1, text, args, exc_info)
    log = Log()
    log.handle(record)
    return [secret for secret, _ in leaks(log.records)]


@pytest.mark.parametrize("secret", [SAID, GATE, WEBHOOK_ID, "Parcel shop"])
async def test_it_is_noticed_wherever_it_stands(secret: str) -> None:
    keep_secret(secret)
    bare = secret.removeprefix("+")

    for name, level in ((f"{OURS}.receiver", logging.DEBUG), ("homeassistant.core", logging.INFO)):
        assert logged(name, level, f"It is {secret}") == [bare]
        assert logged(name, level, "It is %s", {"a": [bare]}) == [bare]
        assert logged(name, level, "It failed", error=ValueError(secret)) == [bare]
        assert logged(name, level, "It is not") == []
    # Not ours, and nothing that is shown unless asked for.
    assert logged("homeassistant.core", logging.DEBUG, secret) == []
    assert logged("aiohttp.access", logging.INFO, secret) == []


async def test_all_that_is_posted_is_looked_for(loaded: MockConfigEntry, own_door: Post) -> None:
    await own_door(sms(SAID, **{"from": "Parcel shop"}))
    await own_door(f"text=Form+words&from={ANNA.removeprefix('+')}", query="?to=447700900777")

    for secret in (
        SAID,
        "Parcel shop",
        "Form words",
        ANNA,
        "447700900777",
        WEBHOOK_ID,
        REPLACED_ID,
    ):
        assert logged(OURS, logging.DEBUG, secret) == [secret.removeprefix("+")]


@pytest.fixture
def log(nothing_is_logged_of_what_was_said: Log) -> Log:
    """Return the log that is looked through after each test."""
    return nothing_is_logged_of_what_was_said


def lines(log: Log) -> str:
    """Return what was logged."""
    return "\n".join(record.getMessage() for record in log.records)


# ---- hostile and faulty input --------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        f'{{"messages": [{{"text": "{SAID}"',
        f"{SAID}",
        f'["{SAID}", "{GATE}"]',
        f'{{"messages": "{SAID}"}}',
        f'{{"messages": ["{SAID}", ["{GATE}"]]}}',
        f'{{"{SAID}": "{GATE}"}}',
        f"message={SAID}&sender={GATE}",
        f"msgid={SAID}&status={SAID}",
        f"{SAID}\0{GATE}",
        f'"{SAID}"',
        '{"messages": [' + "[" * 500 + f'"{SAID}"',
    ],
)
async def test_nothing_of_what_cannot_be_read_is_logged(
    loaded: MockConfigEntry, door: Post, body: str, log: Log
) -> None:
    keep_secret([SAID, GATE])

    assert await door(body) == HTTPStatus.BAD_REQUEST

    assert "is not in the provider's format" in lines(log)
    assert leaks(log.records) == []
    # Nor is it in the error, nor in the shape that diagnostics and a repair show.
    with pytest.raises(ParseError) as error:
        parse(body.encode())
    said = [
        str(error.value),
        repr(error.value),
        error.value.shape,
        *loaded.runtime_data.receiver.shapes,
    ]
    assert not [text for text in said if "9137" in text or GATE.removeprefix("+") in text]


WRONG = [
    None,
    True,
    5,
    -1.5,
    "",
    "x" * 400,
    [],
    [SAID],
    {},
    {SAID: SAID},
    "\ud83d",
    "\0",
    "é" * 300,
]


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(
    "path",
    ["to", "from", "messageid", "channel", "sent", "content", "content/msgtype", "content/text"],
)
async def test_wrong_values_in_every_field(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    path: str,
    log: Log,
) -> None:
    await own_door(sms())
    before = len(log.records)
    *way, name = path.split("/")
    for number, value in enumerate(WRONG):
        post = json.loads(sms(f"{SAID} {number}"))
        inner = post["messages"][0]
        for key in way:
            inner = inner[key]
        inner[name] = value
        assert await own_door(json.dumps(post)) == HTTPStatus.OK
    await hass.async_block_till_done()

    # Core would log a state that it refuses, with its text.
    assert not [line for line in log.records[before:] if line.levelno >= logging.WARNING]
    assert leaks(log.records) == []


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_of_a_sample_is_logged(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, log: Log, name: str
) -> None:
    assert await own_door(sample(name)) == HTTPStatus.OK
    await hass.async_block_till_done()
    assert leaks(log.records) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("webhook_id", [WEBHOOK_ID, REPLACED_ID])
@pytest.mark.parametrize("name", ["own", "webhook"])
async def test_no_id_is_logged_with_other_methods(
    loaded: MockConfigEntry,
    own_door: Post,
    webhook_door: Post,
    log: Log,
    method: str,
    webhook_id: str,
    name: str,
) -> None:
    post = {"own": own_door, "webhook": webhook_door}[name]
    assert await post(sms(SAID), webhook_id=webhook_id, method=method) in {200, 400, 403, 404, 405}
    assert leaks(log.records) == []


# ---- faults of ours ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "status"),
    [
        ("json.dumps", HTTPStatus.INTERNAL_SERVER_ERROR),
        ("homeassistant.core.EventBus.async_fire", HTTPStatus.INTERNAL_SERVER_ERROR),
        ("homeassistant.helpers.entity.Entity.async_write_ha_state", HTTPStatus.OK),
        ("homeassistant.helpers.issue_registry.async_delete_issue", HTTPStatus.OK),
    ],
)
async def test_a_fault_is_logged_without_what_it_quotes(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    door: Post,
    broken: str,
    status: HTTPStatus,
    log: Log,
) -> None:
    error = ValueError(f"{SAID} of {SENDER} to {GATE} at {WEBHOOK_ID}")
    error.__cause__ = KeyError(SAID)
    error.add_note(SAID)

    body = sms(SAID)
    with patch(broken, side_effect=error):
        assert await door(body) == status
        await hass.async_block_till_done()

    assert "Unexpected ValueError while" in lines(log)
    assert "Traceback" not in lines(log)
    assert leaks(log.records) == []


async def test_a_listener_of_ours_that_fails_keeps_the_message_to_itself(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    door: Post,
    messages: Messages,
    heard: list[Delivery],
    log: Log,
) -> None:
    @callback
    def fail(received: Delivery) -> None:
        raise RuntimeError(received.message.text)

    async_dispatcher_connect(hass, SIGNAL_MESSAGE, guarded(fail))
    assert await door(sms(SAID)) == HTTPStatus.OK

    assert len(heard) == len(messages) == 1
    assert "Unexpected RuntimeError while handling a message in" in lines(log)
    assert leaks(log.records) == []


# ---- what is shown of objects and errors ---------------------------------------------


async def test_no_object_shows_what_it_holds(
    hass: HomeAssistant, own_door: Post, heard: list[Delivery]
) -> None:
    entry = account([virtual_number(GATE, "Summer house"), contact("Anna Example", SENDER)])
    await set_up(hass, entry)
    for name in NAMES:
        await own_door(sample(name))
    await own_door(sms(SAID))

    data = entry.runtime_data
    shown = [heard, list(data.directory), data, parse(sms(SAID).encode())]
    shown += [data.journal.record(listing.subentry_id) for listing in data.directory]
    shown += [parse(sample(name)) for name in NAMES]
    assert len(heard) > len(NAMES) / 2
    for item in shown:
        # A person's registry id says nothing.
        assert set(logged(OURS, logging.DEBUG, "%r %s", item, item)) <= {NO_PERSON}


@pytest.mark.parametrize("data", [{"from": "+49 not"}, {"from": "07#1234567"}, {"from": ANNA}])
async def test_no_error_of_an_action_quotes_a_number(
    hass: HomeAssistant, loaded: MockConfigEntry, data: dict[str, str]
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"accept": "known"})
    keep_secret(data)
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            DOMAIN,
            "simulate_message",
            {"virtual_number": devices(loaded)["Gate"], "text": SAID} | data,
            blocking=True,
        )
    assert data["from"] not in str(error.value)
    assert SAID not in repr(error.value)
