"""The door at which pictures are fetched: once each, for a short time, and few at a time."""

import asyncio
from http import HTTPStatus
import logging
import socket
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms.const import CONF_HOURLY_LIMIT, DOMAIN
from custom_components.intellisms.sending.media import FETCH_SECONDS, LIFETIME, MAX_BYTES
from scripts.house.provider_api import Play, ProviderApi, Refusal
from tests.cameras import JPEG, DoorCamera
from tests.household import ANNA, BEN, STRANGER
from tests.log import keep_secret
from tests.receiving.test_endpoint import BROWSER, METHODS, raw_answer
from tests.running import URL, pass_time, settle

MEGABYTE = 1024 * 1024
MOST = 20 * MEGABYTE
LARGE = JPEG.ljust(MAX_BYTES)


class Provider:
    """The provider's API, and whoever fetches the pictures."""

    def __init__(self, hass: HomeAssistant, api: ProviderApi, client: TestClient[Any, Any]) -> None:
        """Begin with nothing sent."""
        self.hass = hass
        self.api = api
        self.client = client

    async def send(self, *numbers: str, **data: Any) -> list[str]:
        """Send what the camera shows, and return the paths of the links, which are no one's to know."""
        call = {"picture": "camera.door", "channel": "whatsapp", "numbers": list(numbers), **data}
        await self.hass.services.async_call(DOMAIN, "send_message", call, blocking=True)
        return self.paths()

    def paths(self) -> list[str]:
        """Return the paths of the links that were sent, in the order of numbers."""
        taken = sorted(self.api.taken, key=lambda one: one.to)
        links = [one.object["image"]["link"] for one in taken]
        keep_secret([link.rpartition("/")[2] for link in links])
        return [link.removeprefix(URL) for link in links]

    async def fetch(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        """Return the status and the body."""
        response = await self.client.request(method, path, headers=headers)
        return response.status, await response.read()


@pytest.fixture
async def provider(
    hass: HomeAssistant,
    camera: DoorCamera,
    sending_house: MockConfigEntry,
    api: ProviderApi,
    external_url: None,
    hass_client_no_auth: ClientSessionGenerator,
) -> Provider:
    """Return a provider that has taken nothing yet."""
    keep_secret([STRANGER, ANNA, BEN])
    return Provider(hass, api, await hass_client_no_auth())


GONE = (HTTPStatus.NOT_FOUND, b"404: Not Found")


# ---- one fetch --------------------------------------------------------------------


async def test_fetched_once(provider: Provider) -> None:
    [path] = await provider.send(STRANGER)
    for _ in range(2):
        head = await provider.client.head(path)
        assert (head.status, await head.read()) == (HTTPStatus.OK, b"")
        assert head.content_length == len(JPEG)
    response = await provider.client.get(path)
    assert (response.status, await response.read()) == (HTTPStatus.OK, JPEG)
    for one in (head, response):
        assert one.headers["Content-Type"] == "image/jpeg"
        assert one.headers["Cache-Control"] == "no-store"
        assert one.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in one.headers
    for method in METHODS:
        assert (await provider.fetch(path, method))[0] == HTTPStatus.NOT_FOUND


async def test_a_part_is_not_asked_for(provider: Provider) -> None:
    """Whoever asks for a part gets all of it, as the standard has it."""
    [path] = await provider.send(STRANGER)
    assert await provider.fetch(path, Range="bytes=2-3") == (HTTPStatus.OK, JPEG)
    assert await provider.fetch(path) == GONE


async def test_other_methods(provider: Provider) -> None:
    [path] = await provider.send(STRANGER)
    for method in sorted({*METHODS} - {"GET", "HEAD"}):
        response = await provider.client.request(method, path)
        assert response.status == HTTPStatus.METHOD_NOT_ALLOWED, method
        assert response.headers["Allow"] == "GET, HEAD"
    assert await provider.fetch(path) == (HTTPStatus.OK, JPEG)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "headers", [{}, BROWSER, {"Expect": "100-continue"}], ids=["plain", "browser", "expect"]
)
async def test_a_guess_learns_nothing(
    provider: Provider, method: str, headers: dict[str, str]
) -> None:
    used, live = await provider.send(ANNA, BEN)
    await provider.fetch(used)
    nowhere = await raw_answer(provider.client, method, "/api/nowhere", headers)
    assert "HTTP/1.1 404 Not Found" in nowhere
    folder, token = live.rsplit("/", 1)
    near = (token[:-1], f"{token}0", token.swapcase(), f"{token}/", f"x/{token}", "%ff")
    for path in (used, *(f"{folder}/{one}" for one in near), folder):
        assert await raw_answer(provider.client, method, path, headers) == nowhere
    assert await provider.fetch(live) == (HTTPStatus.OK, JPEG)


async def test_a_fetch_that_breaks_off_may_be_tried_again(
    provider: Provider, camera: DoorCamera
) -> None:
    camera.shown = LARGE
    [path] = await provider.send(STRANGER)
    await begin_to_fetch(provider, path)
    await settle()
    status, body = await provider.fetch(path)
    assert (status, len(body)) == (HTTPStatus.OK, MAX_BYTES)
    assert await provider.fetch(path) == GONE


async def test_a_fetch_that_takes_too_long(
    provider: Provider,
    camera: DoorCamera,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    camera.shown = LARGE
    [path] = await provider.send(STRANGER)
    reader, _ = await begin_to_fetch(provider, path, stay=True)
    freezer.tick(FETCH_SECONDS + 1)
    await settle()
    with pytest.raises((ConnectionError, EOFError)):
        await reader.readexactly(MAX_BYTES)
    status, body = await provider.fetch(path)
    assert (status, len(body)) == (HTTPStatus.OK, MAX_BYTES)
    told = [one for one in caplog.records if one.name == "aiohttp.server"]
    assert [one.getMessage() for one in told if one.levelno > logging.DEBUG] == []


async def begin_to_fetch(
    provider: Provider, path: str, *, stay: bool = False
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Read the beginning of a picture, and hang up or wait; the rest does not fit into buffers."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.setblocking(False)
    address = (provider.client.host, provider.client.port)
    await asyncio.get_running_loop().sock_connect(small, address)
    reader, writer = await asyncio.open_connection(sock=small, limit=1024)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert b"200 OK" in await reader.read(512)
    if not stay:
        writer.transport.abort()
    return reader, writer


# ---- for a short time -------------------------------------------------------------


async def test_it_ends_by_itself(
    hass: HomeAssistant, provider: Provider, freezer: FrozenDateTimeFactory
) -> None:
    early, late = await provider.send(ANNA, BEN)
    await pass_time(hass, freezer, LIFETIME.total_seconds() - 1)
    assert await provider.fetch(early) == (HTTPStatus.OK, JPEG)
    await pass_time(hass, freezer, 2)
    assert await provider.fetch(late) == GONE


async def test_it_ends_with_the_account(
    hass: HomeAssistant, provider: Provider, sending_house: MockConfigEntry
) -> None:
    [path] = await provider.send(STRANGER)
    await hass.config_entries.async_reload(sending_house.entry_id)
    assert await provider.fetch(path) == GONE

    path = (await provider.send(STRANGER))[-1]
    assert await hass.config_entries.async_remove(sending_house.entry_id)
    assert await provider.fetch(path) == GONE


async def test_each_recipient_has_a_link(provider: Provider) -> None:
    paths = await provider.send(ANNA, BEN, STRANGER)
    assert len(set(paths)) == 3
    for path in paths:
        assert await provider.fetch(path) == (HTTPStatus.OK, JPEG)
        assert await provider.fetch(path) == GONE


@pytest.mark.parametrize(
    ("play", "is_offered"),
    [
        (Refusal(word="invalid_number"), False),
        (Refusal(word="login_invalid", whole=True), False),
        (Play.SERVER_ERROR, True),
        (Play.CUT, True),
    ],
)
async def test_what_was_not_sent_is_not_offered(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, play: Play | Refusal, is_offered: bool
) -> None:
    """What may have been sent is."""
    tokens = remember_tokens(monkeypatch)
    provider.api.plays[BEN.removeprefix("+")] = play
    with pytest.raises(HomeAssistantError):
        await provider.send(ANNA, BEN)
    anna, ben = (f"/api/intellisms/media/{token}" for token in tokens)
    assert await provider.fetch(anna) == (HTTPStatus.OK, JPEG)
    assert await provider.fetch(ben) == ((HTTPStatus.OK, JPEG) if is_offered else GONE)


def remember_tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the tokens that are made from here on, which are no secret then."""
    tokens: list[str] = []

    def token(_length: int) -> str:
        tokens.append(f"token-{len(tokens)}")
        return tokens[-1]

    monkeypatch.setattr("custom_components.intellisms.sending.media.token_hex", token)
    return tokens


async def test_what_cannot_be_sent_to_all_is_offered_to_nobody(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, sending_house: MockConfigEntry
) -> None:
    tokens = remember_tokens(monkeypatch)
    with pytest.raises(HomeAssistantError):
        await provider.send(ANNA, message="x" * 1025)
    provider.hass.config_entries.async_update_entry(sending_house, options={CONF_HOURLY_LIMIT: 1})
    with pytest.raises(HomeAssistantError):
        await provider.send(ANNA, BEN)
    assert len(provider.api.taken) == 1
    answers = [await provider.fetch(f"/api/intellisms/media/{token}") for token in tokens]
    assert answers == [GONE, (HTTPStatus.OK, JPEG), GONE]


async def test_a_script_that_is_stopped(
    hass: HomeAssistant, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was being posted may have been sent, and the rest is offered to nobody."""
    tokens = remember_tokens(monkeypatch)
    numbers = [f"+44770090010{place}" for place in range(6)]
    provider.api.plays[None] = Play.HANG
    sending = hass.async_create_task(provider.send(*numbers))
    await provider.api.taken_are(4)
    sending.cancel()
    await settle()
    provider.api.go_on()
    await hass.async_block_till_done(wait_background_tasks=True)
    answers = [await provider.fetch(f"/api/intellisms/media/{token}") for token in tokens]
    assert sorted(answers) == [(HTTPStatus.OK, JPEG)] * 4 + [GONE] * 2


# ---- few at a time ----------------------------------------------------------------


async def test_fifty_at_once(
    hass: HomeAssistant, provider: Provider, camera: DoorCamera, sending_house: MockConfigEntry
) -> None:
    """Each is told, and those that were sent can be fetched; then there is room again."""
    hass.config_entries.async_update_entry(sending_house, options={CONF_HOURLY_LIMIT: 1000})
    size = 700 * 1024
    numbers = [f"+4477009001{place:02}" for place in range(50)]
    calls = [hass.async_create_task(send_a_new_one(provider, camera, n, size)) for n in numbers]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, HomeAssistantError)]
    assert {one.translation_key for one in refused} == {"picture_no_room"}
    sent = len(provider.paths())
    assert sent == 50 - len(refused)
    # Room for two more of the largest is kept free.
    assert MOST - 2 * MAX_BYTES <= sent * size <= MOST - MAX_BYTES

    for path in provider.paths():
        status, body = await provider.fetch(path)
        assert (status, len(body)) == (HTTPStatus.OK, size)
    await send_a_new_one(provider, camera, STRANGER, size)


async def send_a_new_one(provider: Provider, camera: DoorCamera, number: str, size: int) -> None:
    """Send a picture that is like no other."""
    camera.shown = JPEG.ljust(size, number[-1:].encode())
    await provider.send(number)


async def test_never_more_than_there_is_room_for(provider: Provider, camera: DoorCamera) -> None:
    """Also with the largest, and while nobody fetches one."""
    camera.shown = LARGE
    for _ in range(3):
        paths = await provider.send(STRANGER)
    with pytest.raises(HomeAssistantError) as caught:
        await provider.send(STRANGER)
    assert caught.value.translation_key == "picture_no_room"
    # The camera was not even asked.
    assert (camera.asked, len(provider.api.taken)) == (3, 3)
    await provider.fetch(paths[0])
    await provider.send(STRANGER)


async def test_what_is_being_fetched_takes_room(provider: Provider, camera: DoorCamera) -> None:
    """Also where somebody else was quicker, and the link is gone."""
    camera.shown = LARGE
    slow = []
    try:
        for _ in range(3):
            path = (await provider.send(STRANGER))[-1]
            slow.append(await begin_to_fetch(provider, path, stay=True))
            assert (await provider.fetch(path))[0] == HTTPStatus.OK
        with pytest.raises(HomeAssistantError) as caught:
            await provider.send(STRANGER)
        assert caught.value.translation_key == "picture_no_room"
    finally:
        for _, writer in slow:
            writer.transport.abort()
    await settle()
    await provider.send(STRANGER)


async def test_one_picture_takes_the_room_of_one(provider: Provider, camera: DoorCamera) -> None:
    camera.shown = LARGE
    numbers = [f"+44770090010{place}" for place in range(9)]
    paths = await provider.send(*numbers)
    assert [len((await provider.fetch(path))[1]) for path in paths] == [MAX_BYTES] * 9


async def test_few_are_read_at_a_time(
    hass: HomeAssistant, provider: Provider, camera: DoorCamera
) -> None:
    camera.answers.clear()
    numbers = [f"+44770090010{place}" for place in range(6)]
    calls = [hass.async_create_task(provider.send(number)) for number in numbers]
    await camera.is_asked.wait()
    await settle()
    assert camera.asked == 2
    camera.answers.set()
    await asyncio.gather(*calls)
    assert (camera.asked, len(provider.api.taken)) == (6, 6)
