"""When a post is published: once it can be, one at a time, and others get their turn."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from http import HTTPStatus
from itertools import count
import json
import socket
import threading
from typing import Any
from unittest.mock import patch

from aiohttp import ClientError
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.webhook import async_handle_webhook
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Context, CoreState, Event, HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util.aiohttp import MockRequest
from homeassistant.util.dt import utcnow
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_fire_time_changed,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms.const import DOMAIN, EVENT_MESSAGE_RECEIVED
from custom_components.intellisms.receiving import endpoint, turns
from tests.household import WEBHOOK_ID, saying, sms, together
from tests.running import Post, set_up, settle

OWN_DOOR = f"/api/intellisms/{WEBHOOK_ID}"
DOORS = ["/api/intellisms/", "/api/webhook/"]

type Messages = list[Event[dict[str, Any]]]


def said(messages: Messages) -> list[str]:
    """Return the texts of events."""
    return [event.data["text"] for event in messages]


def texts(first: int, end: int) -> list[str]:
    """Return the texts of `saying`."""
    return [f"Text {number}" for number in range(first, end)]


# ---- holding ----------------------------------------------------------------------


@pytest.fixture
async def starting(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return an account that is loaded while Home Assistant is still starting."""
    hass.set_state(CoreState.starting)
    return await set_up(hass, entry)


def held_now(hass: HomeAssistant) -> int:
    """Return how many posts are held; from outside that cannot be told from a slow line."""
    return hass.data[endpoint.DATA_ENDPOINT].turns.held


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the network brings about: there is no event for it."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def begin(hass: HomeAssistant, request: Any) -> asyncio.Task[int]:
    """Begin a request, and let it come as far as it can: held, or answered."""
    before = held_now(hass)
    task: asyncio.Task[int] = asyncio.ensure_future(request)
    await until(lambda: held_now(hass) != before or task.done())
    return task


async def soon[T](answer: Awaitable[T]) -> T:
    """Return an answer that must not be waited for as long as anything is held."""
    return await asyncio.wait_for(answer, turns.RELOAD_HOLD_SECONDS / 2)


def start(hass: HomeAssistant) -> None:
    """Let Home Assistant have started."""
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)


def stop(hass: HomeAssistant) -> None:
    """Let Home Assistant stop; a test leaves it running all the same."""
    hass.set_state(CoreState.stopping)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)


async def after(hass: HomeAssistant, seconds: float) -> None:
    """Let happen what should have happened by then."""
    async_fire_time_changed(hass, utcnow() + timedelta(seconds=seconds))
    await settle()


@contextmanager
def reading(watch: Callable[[], object], step: str = "loads") -> Iterator[None]:
    """Call something whenever a post is taken apart, in the thread that does so."""
    done = getattr(json, step)

    def watched(*args: Any, **options: Any) -> Any:
        watch()
        return done(*args, **options)

    with patch.object(json, step, watched):
        yield


async def test_posts_are_held_until_automations_run(
    hass: HomeAssistant, starting: MockConfigEntry, door: Post, messages: Messages
) -> None:
    held = await begin(hass, door(sms()))
    assert not held.done()
    assert messages == []

    start(hass)
    assert await held == HTTPStatus.OK
    assert len(messages) == 1


async def test_posts_are_turned_away_when_starting_takes_too_long(
    hass: HomeAssistant,
    starting: MockConfigEntry,
    own_door: Post,
    messages: Messages,
) -> None:
    held = await begin(hass, own_door(sms()))

    await after(hass, turns.START_HOLD_SECONDS - 1)
    assert not held.done()
    await after(hass, turns.START_HOLD_SECONDS + 1)

    assert await soon(held) == HTTPStatus.SERVICE_UNAVAILABLE
    assert messages == []


async def test_only_64_are_held(
    hass: HomeAssistant, starting: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    held = [await begin(hass, own_door(saying(number))) for number in range(64)]
    assert not any(post.done() for post in held)

    assert await soon(own_door(saying(64))) == HTTPStatus.SERVICE_UNAVAILABLE

    # One gives way to another.
    held.pop().cancel()
    await until(lambda: held_now(hass) < 64)
    held.append(await begin(hass, own_door(saying(64))))
    assert not held[-1].done()

    start(hass)
    assert await asyncio.gather(*held) == [HTTPStatus.OK] * 64
    assert len(messages) == 64


async def test_same_message_held_twice_is_published_once(
    hass: HomeAssistant,
    starting: MockConfigEntry,
    own_door: Post,
    webhook_door: Post,
    messages: Messages,
) -> None:
    held = [await begin(hass, door(sms())) for door in (own_door, webhook_door)]
    start(hass)
    assert await asyncio.gather(*held) == [HTTPStatus.OK] * 2
    assert len(messages) == 1


async def test_held_post_to_an_address_that_is_replaced_meanwhile(
    hass: HomeAssistant, starting: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    held = await begin(hass, own_door(sms()))
    data = {**starting.data, "webhook_id": "0e3" * 20, "replaced_ids": [WEBHOOK_ID]}
    hass.config_entries.async_update_entry(starting, data=data)
    await hass.async_block_till_done()
    start(hass)

    assert await held == HTTPStatus.NOT_FOUND
    assert messages == []


async def test_oversized_body_is_refused_before_it_is_held(
    starting: MockConfigEntry, own_door: Post
) -> None:
    assert await own_door("x" * (endpoint.MAX_BODY + 1)) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


async def test_held_posts_are_turned_away_when_home_assistant_stops(
    hass: HomeAssistant, starting: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    held = await begin(hass, own_door(sms()))
    stop(hass)

    assert await soon(held) == HTTPStatus.SERVICE_UNAVAILABLE
    assert messages == []
    hass.set_state(CoreState.running)


@pytest.mark.parametrize("path", DOORS)
async def test_posts_are_turned_away_while_stopping(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    messages: Messages,
    path: str,
) -> None:
    client = await hass_client_no_auth()
    hass.set_state(CoreState.stopping)

    response = await soon(client.post(f"{path}{WEBHOOK_ID}", data=sms()))

    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert messages == []
    hass.set_state(CoreState.running)


async def test_cloudhook_is_turned_away_while_stopping(
    hass: HomeAssistant, loaded: MockConfigEntry, messages: Messages
) -> None:
    hass.set_state(CoreState.stopping)
    request = MockRequest(content=sms().encode(), mock_source="cloud", method="POST")

    response = await soon(async_handle_webhook(hass, WEBHOOK_ID, request))

    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert messages == []
    hass.set_state(CoreState.running)


async def test_posts_are_held_through_a_reload(
    hass: HomeAssistant, loaded: MockConfigEntry, door: Post, messages: Messages
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    held = await begin(hass, door(sms()))
    assert not held.done()

    await hass.config_entries.async_setup(loaded.entry_id)

    assert await held == HTTPStatus.OK
    assert len(messages) == 1


async def test_posts_are_turned_away_when_nobody_loads_the_entry(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    held = await begin(hass, own_door(sms()))

    await after(hass, turns.RELOAD_HOLD_SECONDS - 1)
    assert not held.done()
    await after(hass, turns.RELOAD_HOLD_SECONDS + 1)

    assert await soon(held) == HTTPStatus.SERVICE_UNAVAILABLE


async def test_disabled_entry_turns_posts_away_at_once(
    hass: HomeAssistant, loaded: MockConfigEntry, door: Post
) -> None:
    await hass.config_entries.async_set_disabled_by(loaded.entry_id, ConfigEntryDisabler.USER)
    assert await soon(door(sms())) == HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.parametrize(
    "state",
    [
        ConfigEntryState.SETUP_ERROR,
        ConfigEntryState.SETUP_RETRY,
        ConfigEntryState.MIGRATION_ERROR,
        ConfigEntryState.FAILED_UNLOAD,
    ],
)
async def test_entry_that_failed_turns_posts_away_at_once(
    hass: HomeAssistant, loaded: MockConfigEntry, door: Post, state: ConfigEntryState
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    loaded.mock_state(hass, state)
    assert await soon(door(sms())) == HTTPStatus.SERVICE_UNAVAILABLE
    loaded.mock_state(hass, ConfigEntryState.NOT_LOADED)


async def test_caller_that_hangs_up_is_not_published(
    hass: HomeAssistant,
    starting: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    messages: Messages,
) -> None:
    client = await hass_client_no_auth()
    held = await begin(hass, client.post(OWN_DOOR, data=sms()))
    held.cancel()
    with pytest.raises((asyncio.CancelledError, ClientError)):
        await held
    await until(lambda: held_now(hass) == 0)

    start(hass)
    await hass.async_block_till_done()
    assert messages == []


# ---- one at a time ----------------------------------------------------------------


def is_answered(line: socket.socket) -> bool:
    """Tell whether an answer is on its way, without a turn of the event loop."""
    try:
        return line.recv(12, socket.MSG_PEEK).startswith(b"HTTP/1.1 200")
    except BlockingIOError:
        return False


async def test_a_post_is_answered_before_the_next_is_published(
    hass: HomeAssistant,
    starting: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    messages: Messages,
) -> None:
    """So that a kill doubles no more than the messages of the post that is under way."""
    client = await hass_client_no_auth()
    lines: list[socket.socket] = []
    for number in range(20):
        line = socket.create_connection((client.host, client.port))
        line.setblocking(False)
        body = together(saying(2 * number), saying(2 * number + 1)).encode()
        head = f"POST {OWN_DOOR} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        line.sendall(head.encode() + body)
        lines.append(line)
        await until(lambda: held_now(hass) == len(lines))
    answered: list[int] = []

    @callback
    def count_answers(_event: Event) -> None:
        answered.append(sum(map(is_answered, lines)))

    hass.bus.async_listen(EVENT_MESSAGE_RECEIVED, count_answers)
    start(hass)
    await until(lambda: all(map(is_answered, lines)))

    assert said(messages) == texts(0, 40)
    assert answered == [number // 2 for number in range(40)]
    for line in lines:
        line.close()


@asynccontextmanager
async def in_the_midst(hass: HomeAssistant, long_post: Awaitable[int]) -> AsyncGenerator[Any]:
    """Begin a post of very many messages, and be in the midst of it."""
    begun = asyncio.Event()
    stop = hass.bus.async_listen(EVENT_MESSAGE_RECEIVED, callback(lambda _event: begun.set()))
    post = asyncio.ensure_future(long_post)
    await begun.wait()
    stop()
    yield post


async def test_posts_wait_for_a_long_one(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    async with in_the_midst(hass, own_door(together(*map(saying, range(300))))) as long_post:
        for number in range(300, 303):
            assert await own_door(saying(number)) == HTTPStatus.OK
        assert long_post.done()
    assert said(messages) == texts(0, 303)


async def test_posts_that_wait_for_a_long_one_are_turned_away_when_home_assistant_stops(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    async with in_the_midst(hass, own_door(together(*map(saying, range(1000))))) as long_post:
        waiting = [asyncio.ensure_future(own_door(saying(number))) for number in range(1000, 1010)]
        await until(lambda: len(messages) > 50)
        stop(hass)
        answers = await soon(asyncio.gather(long_post, *waiting))
    assert answers == [HTTPStatus.SERVICE_UNAVAILABLE] * 11
    assert said(messages) == texts(0, len(messages))
    hass.set_state(CoreState.running)


async def test_a_post_that_waits_for_a_long_one_is_held_through_a_reload(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    body = together(*map(saying, range(1000)))
    async with in_the_midst(hass, own_door(body)) as long_post:
        waiting = asyncio.ensure_future(own_door(saying(1000)))
        await until(lambda: len(messages) > 50)
        await hass.config_entries.async_unload(loaded.entry_id)
        assert await long_post == HTTPStatus.SERVICE_UNAVAILABLE
        published = len(messages)
        assert said(messages) == texts(0, published)

        await until(lambda: held_now(hass) == 1)
        await hass.config_entries.async_setup(loaded.entry_id)
        assert await waiting == HTTPStatus.OK

    assert await own_door(body) == HTTPStatus.OK
    assert said(messages) == [*texts(0, published), "Text 1000", *texts(published, 1000)]


async def test_an_account_that_its_own_message_reloads(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    """An automation may do that, while the last message of a post has its turn."""

    @callback
    def reload(_event: Event) -> None:
        hass.async_create_task(hass.config_entries.async_reload(loaded.entry_id))

    hass.bus.async_listen_once(EVENT_MESSAGE_RECEIVED, reload)
    for _ in range(2):
        assert await own_door(sms()) == HTTPStatus.OK
        await hass.async_block_till_done()
    assert said(messages) == ["Hello"]


async def test_posts_that_wait_too_long_for_a_long_one_are_turned_away(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    async with in_the_midst(hass, own_door(together(*map(saying, range(1000))))) as long_post:
        waiting = [await begin(hass, own_door(saying(number))) for number in (1000, 1001)]
        await after(hass, turns.START_HOLD_SECONDS + 1)
        answers = await soon(asyncio.gather(*waiting))
        assert answers == [HTTPStatus.SERVICE_UNAVAILABLE] * 2
        assert await long_post == HTTPStatus.OK
    assert said(messages) == texts(0, 1000)
    assert held_now(hass) == 0


async def test_only_so_much_waits_for_a_long_one(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = together(*map(saying, range(1000)))
    async with in_the_midst(hass, own_door(body)) as long_post:
        monkeypatch.setattr(turns, "MAX_HELD_BYTES", 10 * len(saying(1000)))
        waiting = [await begin(hass, own_door(saying(number))) for number in range(1000, 1010)]
        assert await soon(own_door(saying(1010))) == HTTPStatus.SERVICE_UNAVAILABLE
        assert not long_post.done()
        assert await asyncio.gather(*waiting) == [HTTPStatus.OK] * 10
    assert said(messages) == texts(0, 1010)
    assert await own_door(saying(1010)) == HTTPStatus.OK


async def test_the_next_goes_on_when_a_caller_hangs_up(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    hass_client_no_auth: ClientSessionGenerator,
    messages: Messages,
) -> None:
    client = await hass_client_no_auth()
    body = together(*map(saying, range(1000)))
    async with in_the_midst(hass, client.post(OWN_DOOR, data=body)) as long_post:
        long_post.cancel()
        with pytest.raises((asyncio.CancelledError, ClientError)):
            await long_post
        assert await own_door(saying(1000)) == HTTPStatus.OK
    assert len(messages) < 1000
    assert said(messages)[-1] == "Text 1000"


async def test_a_post_is_read_only_when_it_is_its_turn(
    hass: HomeAssistant, starting: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    """What waits needs no more memory than its bytes."""
    before_reading: list[int] = []

    with reading(lambda: before_reading.append(len(messages))):
        held = [await begin(hass, own_door(saying(number))) for number in range(10)]
        assert before_reading == []
        start(hass)
        assert await asyncio.gather(*held) == [HTTPStatus.OK] * 10
    assert before_reading == [*range(10)]


# ---- others get their turn --------------------------------------------------------


async def test_others_get_their_turn_after_each_message_that_is_published(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, freezer: FrozenDateTimeFactory
) -> None:
    """What automations do with it is not known, and may take long."""
    seen: list[str] = []

    @callback
    def listen(event: Event[dict[str, Any]]) -> None:
        seen.append(event.data["text"])
        hass.loop.call_soon(seen.append, "others")

    hass.bus.async_listen(EVENT_MESSAGE_RECEIVED, listen)
    assert await own_door(together(*map(saying, range(3)))) == HTTPStatus.OK
    assert seen == ["Text 0", "others", "Text 1", "others", "Text 2", "others"]


@pytest.mark.parametrize(
    ("seconds", "parts"), [(0.0, 1), (endpoint.PART_SECONDS, 500), (endpoint.PART_SECONDS / 10, 50)]
)
async def test_others_get_their_turn_when_reading_takes_its_time(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    parts: int,
) -> None:
    """Of 500 messages that were seen before, each takes some time; so it is read in parts."""
    body = together(*[sms()] * 500)
    assert await own_door(sms()) == HTTPStatus.OK
    clock = count(0, seconds)
    begun = False
    taken = 0

    def monotonic() -> float:
        nonlocal begun
        # It was taken apart aside, where others need no turn.
        begun = True
        return next(clock)

    async def take_turns() -> None:
        nonlocal taken
        while True:
            await asyncio.sleep(0)
            taken += begun

    monkeypatch.setattr(endpoint, "monotonic", monotonic)

    others = asyncio.ensure_future(take_turns())
    assert await own_door(body) == HTTPStatus.OK
    others.cancel()
    # To post and to be answered takes some as well.
    assert parts <= taken < parts * 1.2 + 200


def is_aside() -> bool:
    """Tell whether this is another thread than the event loop's."""
    return threading.current_thread() is not threading.main_thread()


@pytest.mark.parametrize(("size", "aside"), [(endpoint.SHORT, False), (endpoint.SHORT + 1, True)])
async def test_a_long_post_is_taken_apart_aside(
    loaded: MockConfigEntry, own_door: Post, messages: Messages, size: int, *, aside: bool
) -> None:
    """Each of its messages too: one may have very many values."""
    threads: list[bool] = []
    body = sms("x" * (size - len(sms(""))))
    # A message is made with a key, for which what was posted is written out.
    with reading(lambda: threads.append(is_aside()), "dumps"):
        assert await own_door(body) == HTTPStatus.OK
    assert set(threads) == {aside}
    assert len(messages) == 1


LONG = "x" * (endpoint.SHORT + 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [(sms(LONG), HTTPStatus.SERVICE_UNAVAILABLE), ("[" + LONG, HTTPStatus.BAD_REQUEST)],
    ids=["good", "unreadable"],
)
@pytest.mark.parametrize("set_up_again", [True, False])
async def test_a_reload_while_a_long_post_is_taken_apart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    body: str,
    status: HTTPStatus,
    *,
    set_up_again: bool,
) -> None:
    """The journal that it began with has been written for the last time."""
    begun, go_on = threading.Event(), threading.Event()

    def ours() -> str:
        return str({key: data for key, data in hass_storage.items() if key.startswith(DOMAIN)})

    def slow() -> None:
        begun.set()
        assert go_on.wait(10)

    with reading(slow):
        post = asyncio.ensure_future(own_door(body))
        await until(begun.is_set)
        await hass.config_entries.async_unload(loaded.entry_id)
        if set_up_again:
            await hass.config_entries.async_setup(loaded.entry_id)
        stored = ours()
        go_on.set()
        assert await post == status
    async_fire_time_changed(hass, utcnow() + timedelta(minutes=5))
    await hass.async_block_till_done()
    assert messages == []
    assert ours() == stored


async def test_a_long_post_for_which_there_is_no_thread_gives_way(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        if is_aside():
            begun.set()
            assert go_on.wait(10)

    with reading(slow):
        long_post = asyncio.ensure_future(own_door(sms(LONG)))
        await until(begun.is_set)
        short_post = await begin(hass, own_door(sms()))
        await after(hass, endpoint.PARSE_TIMEOUT_SECONDS + 1)
        assert await soon(long_post) == HTTPStatus.SERVICE_UNAVAILABLE
        assert await soon(short_post) == HTTPStatus.OK
        go_on.set()
    assert said(messages) == ["Hello"]
    # It comes again.
    assert await own_door(sms(LONG)) == HTTPStatus.OK


# ---- automations that are being reloaded ------------------------------------------

RUN = {"action": "test.run", "data": {"text": "{{ trigger.event.data.text }}"}}


def automation(name: str, **action: Any) -> dict[str, Any]:
    """Return an automation as the editor saves it."""
    return {
        "id": name.lower(),
        "alias": name,
        "mode": "parallel",
        "triggers": [{"trigger": "event", "event_type": EVENT_MESSAGE_RECEIVED}],
        "actions": [{**RUN, **action}],
    }


class Editor:
    """Saves automations, on a disk that gives them as slowly as a test wants; posts come."""

    def __init__(self, hass: HomeAssistant, door: Post, runs: list[ServiceCall]) -> None:
        """Begin slow, with the automation changed."""
        self.go_on = threading.Event()
        self.broken = False
        self.runs = runs
        self._version = count()
        self._hass = hass
        self._door = door

    def read(self, *_args: Any) -> dict[str, Any]:
        """Return the configuration; this is called in a thread."""
        assert self.go_on.wait(10)
        if self.broken:
            raise HomeAssistantError
        changed = {"continue_on_error": bool(next(self._version) % 2)}
        return {"automation": [automation(name, **changed) for name in ("One", "Two")]}

    def save(self, context: Context | None = None, **data: Any) -> asyncio.Future[Any]:
        """Reload automations, as the editor does when one is saved."""
        services = self._hass.services
        call = services.async_call("automation", "reload", data, blocking=True, context=context)
        return asyncio.ensure_future(call)

    async def save_in_vain(self) -> None:
        """Reload automations that cannot be read; core does not tell of that."""
        self.broken = True
        self.go_on.set()
        with pytest.raises(HomeAssistantError):
            await self.save()
        self.broken = False

    async def meanwhile(self, answer: Awaitable[int]) -> asyncio.Future[int]:
        """Begin a request, and let it come as far as it can."""
        post = asyncio.ensure_future(answer)
        # Others that begin later are answered.
        for _ in range(10):
            assert await self._door("", method="GET") == HTTPStatus.OK
        return post

    async def later(self) -> None:
        """Let happen what the time that has passed brings about."""
        async_fire_time_changed(self._hass)
        await self.meanwhile(self._door("", method="GET"))


@pytest.fixture
async def editor(hass: HomeAssistant, own_door: Post) -> AsyncGenerator[Editor]:
    """Return what saves automations; one of them does something with each message."""
    runs: list[ServiceCall] = async_mock_service(hass, "test", "run")
    assert await async_setup_component(hass, "automation", {"automation": [automation("One")]})
    editor = Editor(hass, own_door, runs)
    with patch("homeassistant.config.load_yaml_config_file", editor.read):
        yield editor
    editor.go_on.set()


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("data", [{}, {"id": "one"}], ids=["all", "one"])
async def test_posts_wait_while_automations_are_reloaded(
    hass: HomeAssistant, door: Post, messages: Messages, editor: Editor, data: dict[str, Any]
) -> None:
    saved = editor.save(**data)
    post = await editor.meanwhile(door(sms()))
    assert not post.done()
    assert messages == []

    editor.go_on.set()
    assert await post == HTTPStatus.OK
    assert saved.done()
    # By the automation as it is now.
    assert len(editor.runs) == len(hass.states.async_all("automation"))


@pytest.mark.usefixtures("loaded")
async def test_the_rest_of_a_long_post_waits_as_well(
    hass: HomeAssistant, own_door: Post, messages: Messages, editor: Editor
) -> None:
    @callback
    def save(event: Event[dict[str, Any]]) -> None:
        if event.data["text"] == "Text 10":
            editor.save()

    hass.bus.async_listen(EVENT_MESSAGE_RECEIVED, save)
    post = await editor.meanwhile(own_door(together(*map(saying, range(20)))))
    assert said(messages) == texts(0, 11)

    editor.go_on.set()
    assert await post == HTTPStatus.OK
    assert said(messages) == texts(0, 20)
    assert len(editor.runs) == 11 + 2 * 9


@pytest.mark.usefixtures("loaded")
async def test_a_reload_that_does_not_end_is_not_waited_for_any_longer(
    hass: HomeAssistant, own_door: Post, messages: Messages, editor: Editor
) -> None:
    first = editor.save()
    post = await editor.meanwhile(own_door(sms()))
    await after(hass, turns.RELOAD_HOLD_SECONDS - 1)
    # However often it is tried meanwhile.
    again = editor.save()
    await settle()
    assert messages == []

    await after(hass, turns.RELOAD_HOLD_SECONDS + 1)
    assert await soon(post) == HTTPStatus.OK
    assert await soon(own_door(saying(1))) == HTTPStatus.OK
    assert len(messages) == 2
    editor.go_on.set()
    await asyncio.gather(first, again, return_exceptions=True)


@pytest.mark.usefixtures("loaded")
async def test_a_reload_that_failed_is_over_with_the_next_that_does_not(
    own_door: Post, editor: Editor
) -> None:
    await editor.save_in_vain()
    post = await editor.meanwhile(own_door(sms()))
    assert not post.done()

    await editor.save()
    assert await soon(post) == HTTPStatus.OK
    assert len(editor.runs) == 2


@pytest.mark.usefixtures("loaded")
async def test_each_reload_and_each_post_has_ten_seconds(
    own_door: Post, messages: Messages, editor: Editor, freezer: FrozenDateTimeFactory
) -> None:
    await editor.save_in_vain()
    first = await editor.meanwhile(own_door(saying(0)))
    freezer.tick(turns.RELOAD_HOLD_SECONDS - 2)
    await editor.later()
    assert messages == []

    editor.go_on.clear()
    saved = editor.save()
    second = await editor.meanwhile(own_door(saying(1)))
    freezer.tick(3)
    await editor.later()
    # The first post has waited for as long as any does.
    assert await soon(first) == HTTPStatus.OK
    assert said(messages) == ["Text 0"]
    assert not second.done()
    freezer.tick(5)
    await editor.later()
    assert not second.done()

    editor.go_on.set()
    assert await soon(second) == HTTPStatus.OK
    assert len(editor.runs) == 1 + 2
    await saved


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("known", [True, False])
async def test_a_reload_that_is_refused_is_not_waited_for(
    own_door: Post, editor: Editor, hass_read_only_user: MockUser, *, known: bool
) -> None:
    user_id = hass_read_only_user.id if known else "nobody"
    with pytest.raises(Unauthorized):
        await editor.save(Context(user_id=user_id))
    assert await soon(own_door(sms())) == HTTPStatus.OK


@pytest.mark.usefixtures("loaded")
async def test_a_reload_of_an_administrator_is_waited_for(
    own_door: Post, messages: Messages, editor: Editor, hass_admin_user: MockUser
) -> None:
    saved = editor.save(Context(user_id=hass_admin_user.id))
    post = await editor.meanwhile(own_door(sms()))
    assert messages == []
    editor.go_on.set()
    assert await soon(post) == HTTPStatus.OK
    assert saved.done()


@pytest.mark.usefixtures("loaded")
async def test_only_64_wait_for_automations(
    hass: HomeAssistant, own_door: Post, messages: Messages, editor: Editor
) -> None:
    saved = editor.save()
    posts = [await begin(hass, own_door(saying(number))) for number in range(64)]
    assert await soon(own_door(saying(64))) == HTTPStatus.SERVICE_UNAVAILABLE
    editor.go_on.set()
    assert await soon(asyncio.gather(*posts)) == [HTTPStatus.OK] * 64
    assert said(messages) == texts(0, 64)
    await saved


async def test_posts_that_wait_for_automations_are_held_through_a_reload(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages, editor: Editor
) -> None:
    saved = editor.save()
    posts = [await begin(hass, own_door(saying(number))) for number in range(3)]
    await hass.config_entries.async_reload(loaded.entry_id)
    await settle()
    assert not any(post.done() for post in posts)
    assert messages == []

    editor.go_on.set()
    assert await soon(asyncio.gather(*posts)) == [HTTPStatus.OK] * 3
    assert said(messages) == texts(0, 3)
    assert len(editor.runs) == 2 * 3
    await saved


@pytest.mark.usefixtures("loaded")
async def test_posts_wait_for_the_last_of_several_reloads(
    hass: HomeAssistant, own_door: Post, messages: Messages, editor: Editor
) -> None:
    before: list[int] = []

    @callback
    def reloaded(_event: Event) -> None:
        before.append(len(messages))
        # The other one takes long.
        editor.go_on.clear()

    hass.bus.async_listen("automation_reloaded", reloaded)
    saves = [editor.save(id=name) for name in ("one", "two")]
    post = await editor.meanwhile(own_door(sms()))
    editor.go_on.set()
    await until(lambda: len(before) == 1)
    await settle()
    assert not post.done()
    editor.go_on.set()

    assert await soon(post) == HTTPStatus.OK
    assert before == [0, 0]
    await asyncio.gather(*saves)


@pytest.mark.usefixtures("loaded", "editor")
async def test_what_others_reload_is_not_waited_for(hass: HomeAssistant, own_door: Post) -> None:
    async_mock_service(hass, "script", "reload")
    await hass.services.async_call("script", "reload", blocking=True)
    await hass.services.async_call("automation", "turn_on", {"entity_id": "all"}, blocking=True)
    # One that was called before anybody listened.
    hass.bus.async_fire("automation_reloaded")
    assert await soon(own_door(sms())) == HTTPStatus.OK


@pytest.mark.usefixtures("starting")
async def test_a_reload_while_home_assistant_starts(
    hass: HomeAssistant, own_door: Post, editor: Editor
) -> None:
    post = await begin(hass, own_door(sms()))
    editor.save()
    start(hass)
    await settle()
    assert not post.done()

    editor.go_on.set()
    assert await soon(post) == HTTPStatus.OK
    assert len(editor.runs) == 2


@pytest.mark.parametrize("stops", [True, False], ids=["stop", "unload"])
async def test_posts_that_wait_for_automations_are_turned_away(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    editor: Editor,
    *,
    stops: bool,
) -> None:
    saved = editor.save()
    posts = [await editor.meanwhile(own_door(saying(number))) for number in range(2)]
    if stops:
        stop(hass)
    else:
        await hass.config_entries.async_set_disabled_by(loaded.entry_id, ConfigEntryDisabler.USER)
    assert await soon(asyncio.gather(*posts)) == [HTTPStatus.SERVICE_UNAVAILABLE] * 2
    assert messages == []
    editor.go_on.set()
    await saved
    hass.set_state(CoreState.running)
