"""What many triggers take to compare long texts, and what a pattern misses on a busy machine."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
import json
from statistics import median
from typing import Any

from tests.simulator import senders

from .instance import Instance

TRIGGERS = 200
POSTS = 20
ROUNDS = 4
BUSY_THREADS = 4
SEARCHED = 100
# Seconds that an automation may take to run on a busy machine.
PATIENCE = 60
# By the longest that is compared, and one that is not. Each may be the one that takes longest.
LENGTHS = (4096, 64_000)
SAID = {
    "one letter": "a",
    "emoji": "\U0001f600",
    "marks in a row": "\u0301\u0316",
    "letters with marks": "a\u0323\u0302",
    "letters that grow": "\u0390",
    "words in one character": "\ufdfa",
}
WORDS, PATTERN = "automation.bench_words", "automation.bench_pattern"

type Post = Callable[[str], tuple[str, bytes]]


def automations() -> list[dict[str, Any]]:
    """Return one with many triggers and one with a pattern, both off but while they are measured."""
    common = {"initial_state": False, "mode": "queued", "max": 1000}
    words = [
        _when(match="contains", text=f"aaab {number}", exact=number % 2 == 0)
        for number in range(TRIGGERS)
    ]
    mark = {"action": "bench_floor.mark", "data": {"id": "{{ trigger.message.message_id }}"}}
    return [
        {"id": "words", "alias": "bench words", "triggers": words, "actions": [], **common},
        {
            "id": "pattern",
            "alias": "bench pattern",
            "triggers": [_when(match="regex", text=r"^heating (\d+)$")],
            "actions": [mark],
            **common,
        },
    ]


def _when(**options: Any) -> dict[str, Any]:
    return {"trigger": "intellisms.message_received", "options": {"sender": "anyone", **options}}


def bodies(number: str, ids: Iterator[str]) -> Post:
    """Return what makes a post of a text, with its id."""
    of_many = senders()

    def body(said: str) -> tuple[str, bytes]:
        own_id = next(ids)
        message = {
            "to": number, "from": next(of_many), "messageid": own_id, "channel": "sms",
            "content": {"msgtype": "text", "text": said},
        }  # fmt: skip
        return own_id, json.dumps({"messages": [message]}, ensure_ascii=False).encode()

    return body


async def comparing(
    instance: Instance, path: str, body: Post, loop_seconds: Callable[[], float]
) -> list[list[str]]:
    """Measure the event loop's time for a text, with many triggers and without, in turns."""
    rows = []
    for name, unit in SAID.items():
        for length in LENGTHS:
            said = (unit * length)[:length]
            took: dict[str, list[float]] = {"turn_off": [], "turn_on": []}
            for _ in range(ROUNDS):
                for service, kept in took.items():
                    await instance.post(f"/api/services/automation/{service}", {"entity_id": WORDS})
                    posts = [body(said)[1] for _ in range(POSTS)]
                    began = loop_seconds()
                    for post in posts:
                        await instance.deliver(path, post)
                    kept.append((loop_seconds() - began) * 1000 / POSTS)
            without, beside = median(took["turn_off"]), median(took["turn_on"])
            rows.append([name, f"{length:,}", f"{without:.1f}", f"{max(0, beside - without):.1f}"])
    await instance.post("/api/services/automation/turn_off", {"entity_id": WORDS})
    return rows


async def missed(instance: Instance, path: str, body: Post) -> int:
    """Return how many texts a pattern misses while threads of Home Assistant's are busy."""
    await instance.post("/api/services/automation/turn_on", {"entity_id": PATTERN})
    await instance.burn(BUSY_THREADS)
    waited_for = set()
    for degrees in range(SEARCHED):
        own_id, post = body(f"Heating {degrees}")
        waited_for.add(own_id)
        await instance.deliver(path, post)
    await instance.burn(0)
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while waited_for:
                async with instance.http.post("/api/webhook/bench_marks") as response:
                    waited_for -= (await response.json()).keys()
                await asyncio.sleep(0.1)
    await instance.post("/api/services/automation/turn_off", {"entity_id": PATTERN})
    return len(waited_for)
