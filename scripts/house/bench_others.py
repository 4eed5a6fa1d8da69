"""What everything else in Home Assistant waits for while a very long post is published."""

import asyncio
from collections.abc import Coroutine
from itertools import islice
import json
from statistics import quantiles
import time
from typing import Any
from uuid import uuid4

import aiohttp

from tests.simulator import JSON, OK, senders

from .instance import HouseError

# As many as we take in one post, and so short that it is below a MiB.
MESSAGES = 10_000
REST_SECONDS = 3.0
PAUSE = 0.005
# What a browser asks for first; nothing of ours is in it.
TRIVIAL = "/manifest.json"
HEAD = ["others' requests", "p50 ms", "p99", "longest", "for s"]


async def rows(url: str, path: str, number: str) -> list[list[str]]:
    """Return the rows of a table: others at rest, and beside a post to `path`."""
    body = very_long_post(number)
    async with aiohttp.ClientSession(url) as session:

        async def post() -> None:
            async with session.post(path, data=body, headers={"Content-Type": JSON}) as response:
                if response.status != OK:
                    raise HouseError(f"the very long post was answered {response.status}")

        return [
            ["at rest", *await _beside(session, asyncio.sleep(REST_SECONDS))],
            [f"beside a post of {MESSAGES:,} messages", *await _beside(session, post())],
        ]


def very_long_post(number: str) -> bytes:
    """Return a post of as many messages as are taken, of many senders."""
    prefix = uuid4().hex[:8]
    messages = [
        {
            "to": number,
            "from": sender,
            "messageid": f"{prefix}{index:x}",
            "content": {"text": "on"},
        }
        for index, sender in enumerate(islice(senders(), MESSAGES))
    ]
    return json.dumps({"messages": messages}, separators=(",", ":")).encode()


async def _beside(session: aiohttp.ClientSession, job: Coroutine[Any, Any, None]) -> list[str]:
    """Ask for something trivial again and again until a job is done; say how long it took."""
    took: list[float] = []
    began = time.monotonic()
    under_way = asyncio.create_task(job)
    while not under_way.done():
        asked = time.monotonic()
        async with session.get(TRIVIAL) as response:
            await response.read()
        took.append((time.monotonic() - asked) * 1000)
        await asyncio.sleep(PAUSE)
    await under_way
    p = quantiles(took, n=100, method="inclusive")
    return [f"{p[49]:.1f}", f"{p[98]:.1f}", f"{max(took):.0f}", f"{time.monotonic() - began:.1f}"]
