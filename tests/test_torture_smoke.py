"""The accounting of scripts/torture, and what it has found."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from math import inf
from typing import Any
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.intellisms.endpoint import MAX_BODY
from custom_components.intellisms.journal import Journal
from custom_components.intellisms.protocol import Message, parse
from scripts.house.torture import Fate, Kill, fate, judge, unsaved
from tests.simulator import SAYS, Provider, Writer

KEY = "k" * 12


@pytest.mark.parametrize(
    ("runs", "heard", "kills", "expected"),
    [
        ([1], 2, [], Fate.ONCE),
        ([1, 5], 2, [], Fate.TWICE),
        # Between the runs, and soon enough after the first.
        ([1, 5], inf, [2], Fate.CUT),
        ([1, 5], 6, [2], Fate.CUT),
        ([1, 5], 1.5, [2], Fate.STRADDLED),
        ([1, 5], inf, [0.5], Fate.TWICE),
        ([1, 5], inf, [6], Fate.TWICE),
        ([1, 9], inf, [8], Fate.TWICE),
        # One excuse does for one repetition.
        ([1, 5, 9], inf, [2], Fate.TWICE),
        ([1, 5, 9], inf, [2, 6], Fate.CUT),
    ],
)
def test_fate(runs: list[float], heard: float, kills: list[float], expected: Fate) -> None:
    assert fate(runs, heard, [Kill(at=at, unsaved=5) for at in kills]) is expected


@pytest.mark.parametrize(("ids", "seconds"), [(0, 6), (2700, 6), (12_288, 20), (22_000, 34)])
def test_unsaved(ids: int, seconds: float) -> None:
    assert unsaved(ids) == pytest.approx(seconds, abs=0.1)


def test_judge() -> None:
    verdict = judge(
        ["fine", "unseen", "half", "early", "again"],
        {"fine": 2, "unseen": 2, "half": 2, "early": 2, "again": 2},
        {
            "event": {"fine": [1], "half": [1], "early": [3], "again": [1, 4]},
            "trigger": {"fine": [1], "early": [1], "again": [1]},
        },
        [],
    )
    assert verdict.sent == 5
    assert verdict.lost == ["unseen", "half"]
    assert verdict.early == ["early"]
    assert verdict.twice == ["again"]


def test_the_simulator_writes_what_the_provider_does() -> None:
    writer = Writer("a", ["44771012346"])
    posts = [*islice(writer.mixed(), 16), writer.json("sms_text", times=120)]
    said: Counter[str | None] = Counter()
    for post in posts:
        assert len(post.body) < MAX_BODY
        messages = [one for one in parse(post.body) if isinstance(one, Message)]
        assert tuple(message.message_id for message in messages) == post.message_ids
        said.update(message.sender for message in messages)
    assert max(said.values()) == SAYS
    ids = [message_id for post in posts for message_id in post.message_ids]
    assert len(set(ids)) == len(ids)


@pytest.mark.usefixtures("socket_enabled")
async def test_the_simulator_posts_until_it_hears_a_200() -> None:
    posted: Counter[bytes] = Counter()

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        posted[body] += 1
        return web.Response(status=503 if posted[body] == 1 else 200)

    app = web.Application()
    app.router.add_post("/", answer)
    writer = Writer("a", ["44771012346"])
    plain, twins = writer.json("sms_text"), writer.json("sms_text", copies=2)
    unheard = writer.json("sms_text", answer_lost=True)
    async with TestServer(app) as server, Provider(str(server.make_url("/")), retry_after=0) as it:
        for post in (plain, twins, unheard):
            it.send(post)
        assert await it.drain(5) == 0
    assert [posted[post.body] for post in (plain, twins, unheard)] == [2, 3, 3]
    assert it.answers == {503: 3, 200: 5}
    assert it.sent.keys() == it.acknowledged.keys()


@pytest.fixture
def slow_disk() -> Iterator[asyncio.Event]:
    """Let writes of ids take their time; the event is set once one has taken its snapshot."""
    write = Store._async_write_data
    begun = asyncio.Event()

    async def slow(self: Store[Any], data: dict[str, Any]) -> None:
        if self.key.endswith(".ids"):
            begun.set()
            await asyncio.sleep(0.2)
        await write(self, data)

    with patch.object(Store, "_async_write_data", slow):
        yield begun


async def begin_to_write(hass: HomeAssistant, journal: Journal, begun: asyncio.Event) -> None:
    """Mark a message and let the write of it begin."""
    journal.async_mark(KEY)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=2))
    await begun.wait()


async def test_a_reload_waits_for_a_write_that_is_under_way(
    hass: HomeAssistant, loaded: MockConfigEntry, slow_disk: asyncio.Event
) -> None:
    await begin_to_write(hass, loaded.runtime_data.journal, slow_disk)
    assert await hass.config_entries.async_reload(loaded.entry_id)
    assert loaded.runtime_data.journal.has_seen(KEY)


async def test_the_stop_waits_for_a_write_that_is_under_way(
    hass: HomeAssistant, loaded: MockConfigEntry, slow_disk: asyncio.Event
) -> None:
    await begin_to_write(hass, loaded.runtime_data.journal, slow_disk)
    await hass.async_stop(force=True)
    opened_next = Journal(hass, loaded.entry_id, keep_off_disk=False)
    await opened_next.async_load()
    assert opened_next.has_seen(KEY)
