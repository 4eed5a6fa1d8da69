"""The contract's answers to the provider, through each door."""

import asyncio
from collections.abc import Mapping
import gzip
from http import HTTPStatus
import json
import random
import re
from typing import Any
from unittest.mock import Mock, patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms.const import EVENT_MESSAGE_STATUS
from custom_components.intellisms.receiving import endpoint
from tests.household import GATE, NAMES, REPLACED_ID, WEBHOOK_ID, sample, saying, sms, together
from tests.memory import kept
from tests.running import Post, settle, state

OWN_DOOR = f"/api/intellisms/{WEBHOOK_ID}"
DOORS = ["/api/intellisms/", "/api/webhook/"]
MIB = 1024 * 1024

type Messages = list[Event[dict[str, Any]]]


def ignored(hass: HomeAssistant) -> dict[str, int]:
    """Return the counters of what was ignored."""
    counts = state(hass, "sensor.intellisms_messages_ignored").attributes
    reasons = ("duplicate", "sender", "bad_element", "unreadable")
    return {reason: counts[reason] for reason in reasons if counts[reason]}


# ---- what is posted ---------------------------------------------------------------


async def test_new_message_is_published_once(
    hass: HomeAssistant, loaded: MockConfigEntry, door: Post, messages: Messages
) -> None:
    assert [await door(sms()) for _ in range(3)] == [HTTPStatus.OK] * 3

    assert [event.data["text"] for event in messages] == ["Hello"]
    assert ignored(hass) == {"duplicate": 2}


async def test_same_message_at_the_same_moment_is_published_once(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    statuses = await asyncio.gather(*(own_door(sms()) for _ in range(10)))

    assert statuses == [HTTPStatus.OK] * 10
    assert len(messages) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \r\n",
        b"not the format",
        b'{"messages": [{"to": "447',
        b'{"messages": []}',
        b"{}",
        b"[]",
        b'{"messages": [1, null, "a"]}',
        b"[" * 1000 + b"]" * 1000,
        b"msgid=1&status=4",
    ],
)
async def test_what_is_not_the_format_is_refused_and_counted(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    door: Post,
    messages: Messages,
    body: bytes,
) -> None:
    assert await door(body) == HTTPStatus.BAD_REQUEST

    assert messages == []
    assert ignored(hass) == {"unreadable": 1}


async def test_refusals_are_logged_once_an_hour(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
) -> None:
    def lines() -> int:
        return caplog.text.count("is not in the provider's format (not_a_form)")

    for _ in range(3):
        await own_door("secret words")
    assert lines() == 1
    freezer.tick(3601)
    await own_door("secret words")
    assert lines() == 2
    assert "secret words" not in caplog.text


async def test_one_bad_element_keeps_the_others(
    hass: HomeAssistant, loaded: MockConfigEntry, door: Post, messages: Messages
) -> None:
    posted = json.loads(together(*map(saying, range(499))))
    posted["messages"].insert(250, "bad")

    assert await door(json.dumps(posted)) == HTTPStatus.OK

    assert [event.data["text"] for event in messages] == [f"Text {n}" for n in range(499)]
    assert ignored(hass) == {"bad_element": 1}


async def test_status_report_is_published_once(
    hass: HomeAssistant, loaded: MockConfigEntry, door: Post, messages: Messages
) -> None:
    reports = async_capture_events(hass, EVENT_MESSAGE_STATUS)

    assert [await door(sample("status_report.txt")) for _ in range(2)] == [HTTPStatus.OK] * 2

    assert len(reports) == 1
    assert reports[0].data == {
        "entry_id": loaded.entry_id,
        "message_id": "10011000000000000001",
        "to": "+44771012345",
        "to_name": None,
        "to_device_id": None,
        "person_id": None,
        "status": "delivered",
        "status_code": 4,
        "status_text": None,
        "category": None,
        "user_key": None,
    }
    assert messages == []


@pytest.mark.parametrize("query", ["?to=44771012346", "?to=%2B44771012346", "?to=0044771012346"])
async def test_form_takes_its_number_from_the_url(
    hass: HomeAssistant, loaded: MockConfigEntry, door: Post, messages: Messages, query: str
) -> None:
    assert await door(sample("form_text.txt"), query=query) == HTTPStatus.OK

    assert messages[0].data["to"] == GATE
    assert messages[0].data["to_name"] == "Gate"


# ---- bodies -----------------------------------------------------------------------


def padded(size: int) -> str:
    """Return a post of exactly `size` bytes."""
    return sms("x" * (size - len(sms(""))))


@pytest.mark.parametrize(
    ("size", "status"),
    [(MIB, HTTPStatus.OK), (MIB + 1, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)],
)
async def test_size_limit(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    door: Post,
    messages: Messages,
    size: int,
    status: HTTPStatus,
) -> None:
    assert await door(padded(size)) == status
    assert len(messages) == (status is HTTPStatus.OK)


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (gzip.compress(sms().encode()), HTTPStatus.OK),
        (gzip.compress(b"x" * 8 * MIB), HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        (b"not gzip at all", HTTPStatus.BAD_REQUEST),
        (gzip.compress(sms().encode())[:-12], HTTPStatus.BAD_REQUEST),
    ],
)
async def test_compressed_bodies(
    loaded: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    path: str,
    body: bytes,
    status: HTTPStatus,
) -> None:
    client = await hass_client_no_auth()
    response = await client.post(
        f"{path}{WEBHOOK_ID}", data=body, headers={"Content-Encoding": "gzip"}
    )
    assert response.status == status


class Stalled:
    """A body of which only the beginning comes."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self.begun = asyncio.Event()

    async def read(self, _size: int = -1) -> bytes:
        """Return the beginning, then wait for the rest."""
        if not self.begun.is_set():
            self.begun.set()
            return b'{"messages": ['
        await asyncio.Event().wait()
        raise AssertionError


async def test_body_that_does_not_come_is_given_up(
    hass: HomeAssistant, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    body = Stalled()
    request = Mock(method="POST", content=body)
    door = hass.data[endpoint.DATA_ENDPOINT]
    answer = asyncio.ensure_future(door.async_handle(WEBHOOK_ID, request))
    await body.begun.wait()
    freezer.tick(endpoint.READ_TIMEOUT_SECONDS - 1)
    await settle()
    assert not answer.done()
    freezer.tick(1.1)
    assert (await answer).status == HTTPStatus.REQUEST_TIMEOUT


# ---- ids and methods --------------------------------------------------------------


METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "LOCK"]
# Core lets this origin call what it offers to others, unless told otherwise.
BROWSER = {
    "Origin": "https://cast.home-assistant.io",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}


async def raw_answer(
    client: TestClient[Any, Any], method: str, path: str, headers: Mapping[str, str]
) -> str:
    """Return all that a request is answered with, but for the time."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    head = {"Host": "x", "Connection": "close", "Content-Length": "2", **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
    writer.write("\r\n".join([*lines, "", "{}"]).encode())
    answer = (await reader.read()).decode()
    writer.close()
    return re.sub(r"Date: .*\r\n", "", answer).replace(path, "PATH")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "headers", [{}, BROWSER, {"Expect": "100-continue"}], ids=["plain", "browser", "expect"]
)
async def test_unknown_and_replaced_ids_are_answered_as_a_path_that_does_not_exist(
    loaded: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    method: str,
    headers: dict[str, str],
) -> None:
    client = await hass_client_no_auth()
    nowhere = await raw_answer(client, method, "/api/nowhere", headers)
    assert "HTTP/1.1 404 Not Found" in nowhere
    near = (WEBHOOK_ID[:-1], f"{WEBHOOK_ID}0", WEBHOOK_ID.upper())
    for webhook_id in ("unknown", REPLACED_ID, "%ff%20", *near):
        path = f"/api/intellisms/{webhook_id}"
        assert await raw_answer(client, method, path, headers) == nowhere


async def test_unknown_id_gets_the_webhooks_own_200(
    loaded: MockConfigEntry, webhook_door: Post, cloud_door: Post, messages: Messages
) -> None:
    """Which is why our own door is the address that is shown."""
    for door in (webhook_door, cloud_door):
        assert await door(sms(), webhook_id="unknown") == HTTPStatus.OK
    assert messages == []


@pytest.mark.parametrize(
    "path", ["", "/", f"/{WEBHOOK_ID}/", f"/{WEBHOOK_ID}/x", f"/x/../{WEBHOOK_ID}x", "//", "/."]
)
async def test_paths_that_lead_nowhere(
    loaded: MockConfigEntry, own_door: Post, messages: Messages, path: str
) -> None:
    assert await own_door(sms(), webhook_id=f"..{path}") in {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
    }
    assert messages == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
async def test_replaced_id_is_not_found_at_the_webhook(
    loaded: MockConfigEntry,
    webhook_door: Post,
    cloud_door: Post,
    messages: Messages,
    method: str,
) -> None:
    for door in (webhook_door, cloud_door):
        assert await door(sms(), webhook_id=REPLACED_ID, method=method) == HTTPStatus.NOT_FOUND
    assert messages == []


@pytest.mark.parametrize("path", DOORS)
async def test_a_browser_is_told_that_it_is_the_right_address(
    loaded: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator, path: str
) -> None:
    client = await hass_client_no_auth()
    response = await client.get(f"{path}{WEBHOOK_ID}")

    assert response.status == HTTPStatus.OK
    assert "right address" in await response.text()
    assert (await client.head(f"{path}{WEBHOOK_ID}")).status == HTTPStatus.OK


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (DOORS[0], ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]),
        (DOORS[1], ["PUT"]),
    ],
)
async def test_other_methods_are_not_allowed(
    loaded: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    messages: Messages,
    path: str,
    methods: list[str],
) -> None:
    client = await hass_client_no_auth()
    for method in methods:
        answer = await raw_answer(client, method, f"{path}{WEBHOOK_ID}", BROWSER)
        assert answer.startswith("HTTP/1.1 405 ")
        assert "\r\nAllow: " in answer
        # Core's webhooks let any origin read their answers.
        assert "Access-Control" not in answer or path == DOORS[1]
    assert messages == []


# ---- a fault of ours --------------------------------------------------------------


async def test_fault_before_the_event_is_retried(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    door: Post,
    messages: Messages,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with patch.object(
        type(hass.bus), "async_fire", side_effect=RuntimeError("Hello from +44771012345")
    ):
        assert await door(sms()) == HTTPStatus.INTERNAL_SERVER_ERROR
    assert messages == []
    assert "Unexpected RuntimeError while publishing a message" in caplog.text
    assert "receiver.py" in caplog.text
    assert "Hello from" not in caplog.text
    caplog.clear()

    assert await door(sms()) == HTTPStatus.OK
    assert len(messages) == 1
    assert state(hass, "sensor.gate_messages_received").state == "1"


@pytest.mark.parametrize("broken", ["aiohttp.StreamReader.read", "json.loads"])
async def test_fault_at_the_door_is_not_a_200(
    loaded: MockConfigEntry, own_door: Post, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    with patch(broken, side_effect=RuntimeError("Hello")):
        assert await own_door(sms()) == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "Unexpected RuntimeError while answering a request" in caplog.text
    caplog.clear()


async def test_fault_in_one_message_does_not_hold_up_the_rest(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = together(*map(saying, range(3)))
    fire = type(hass.bus).async_fire

    def faulty(bus: Any, event_type: str, data: Any = None, **kwargs: Any) -> None:
        if data and data.get("text") == "Text 1":
            raise RuntimeError
        fire(bus, event_type, data, **kwargs)

    with patch.object(type(hass.bus), "async_fire", faulty):
        assert await own_door(body) == HTTPStatus.INTERNAL_SERVER_ERROR
    assert await own_door(body) == HTTPStatus.OK

    assert [event.data["text"] for event in messages] == ["Text 0", "Text 2", "Text 1"]
    caplog.clear()


@pytest.mark.parametrize(
    "head", ["Content-Length: 5000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nfff\r\n"]
)
async def test_caller_that_hangs_up_while_posting(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    hass_client_no_auth: ClientSessionGenerator,
    messages: Messages,
    caplog: pytest.LogCaptureFixture,
    head: str,
) -> None:
    client = await hass_client_no_auth()
    _, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(f"POST {OWN_DOOR} HTTP/1.1\r\nHost: x\r\n{head}{sms()}".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    assert await own_door(sms("The next")) == HTTPStatus.OK
    assert [event.data["text"] for event in messages] == ["The next"]
    assert "Unexpected" not in caplog.text


# ---- whatever comes ---------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data", "application/json; charset=x", "", "?"]
)
@pytest.mark.parametrize("path", DOORS)
async def test_content_type_does_not_matter(
    loaded: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    messages: Messages,
    path: str,
    content_type: str,
) -> None:
    client = await hass_client_no_auth()
    for body in (sms().encode(), sample("form_text.txt")):
        response = await client.post(
            f"{path}{WEBHOOK_ID}", data=body, headers={"Content-Type": content_type}
        )
        assert response.status == HTTPStatus.OK
    assert [event.data["text"] for event in messages] == ["Hello", "Message Text"]


@pytest.mark.parametrize("seed", range(4))
async def test_damaged_posts(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    caplog: pytest.LogCaptureFixture,
    seed: int,
) -> None:
    """Whatever a line does to a post: never our fault, never an exception."""
    chance = random.Random(seed)  # noqa: S311
    for _ in range(60):
        body = bytearray(sample(chance.choice(NAMES)))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(body))
            match chance.randrange(4):
                case 0:
                    body[at] = chance.randrange(256)
                case 1:
                    del body[at : at + chance.randrange(1, 20)]
                case 2:
                    body[at:at] = chance.choice((b'"', b"{", b"[", b"\\ud83d", b"null", b"&", b"%"))
                case _:
                    body[at:at] = body[: chance.randrange(len(body) + 1)]
            if not body:
                break
        assert await own_door(bytes(body)) in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}
    await hass.async_block_till_done()
    ours = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert {record.levelname for record in ours} <= {"WARNING"}
    assert not [record for record in caplog.records if record.exc_info]


async def test_many_connections_at_once(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    statuses = await asyncio.gather(*(own_door(saying(number)) for number in range(200)))
    assert set(statuses) == {HTTPStatus.OK}
    assert {event.data["text"] for event in messages} == {f"Text {n}" for n in range(200)}


async def test_200_that_never_finish_hold_nobody_up(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    hass_client_no_auth: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = await hass_client_no_auth()
    head = f"POST /api/intellisms/{WEBHOOK_ID} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{"
    writers = []
    for _ in range(200):
        _, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(head.encode())
        writers.append(writer)
    assert await own_door(sms()) == HTTPStatus.OK
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    assert await own_door(sms("Again")) == HTTPStatus.OK
    await hass.async_block_till_done()
    assert not [record for record in caplog.records if record.exc_info]


async def test_memory_stays_flat(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Whatever is posted, only short ids and a few last messages stay."""
    client = await hass_client_no_auth()
    large = "x" * 60_000

    async def post(**element: str) -> None:
        # Not by the fixtures, which remember what was posted.
        body = {"messages": [{"to": GATE, "channel": "sms", **element}, large]}
        response = await client.post(f"/api/intellisms/{WEBHOOK_ID}", json=body)
        assert response.status == HTTPStatus.OK

    async def burst(start: int) -> int:
        for number in range(start, start + 20):
            await post(messageid=f"{number}{large}", **{"from": f"{number}{large}"})
            await post(to=f"{number}{large}", **{"from": f"{number}"})
            await post(**{f"{number}{large}": "1", "from": f"{number}"})
        await hass.async_block_till_done()
        return kept(loaded.runtime_data, hass.data[endpoint.DATA_ENDPOINT])

    await burst(0)
    before = await burst(20)
    after = await burst(40)
    # They were 7 MB.
    assert after - before < len(large)
