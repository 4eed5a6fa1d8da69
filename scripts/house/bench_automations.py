"""What many automations with a target and a text add to a message, none of which it sets off."""

from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

from .instance import Instance

AUTOMATIONS = 200
ROUNDS = 6
ENTITIES = [f"automation.bench_target_{number}" for number in range(AUTOMATIONS)]
HEAD = ["automations with a target and a text", "CPU ms", "/ none", "loop ms", "/ none"]

# What a message costs, in milliseconds of the processor's and of the event loop's time.
type Cost = tuple[float, float]


def automations() -> list[dict[str, Any]]:
    """Return them, off but while they are measured."""
    return [
        {
            "id": f"target_{number}",
            "alias": f"bench target {number}",
            "initial_state": False,
            "triggers": [_when(f"word {number}")],
            "actions": [],
        }
        for number in range(AUTOMATIONS)
    ]


def _when(word: str) -> dict[str, Any]:
    # All messages go to Gate, and their senders are strangers: so all of these compare the text.
    return {
        "trigger": "intellisms.message_received",
        "target": {"entity_id": "event.gate_message"},
        "options": {"sender": "anyone", "text": word},
    }


async def rows(instance: Instance, measure: Callable[[], Awaitable[Cost]]) -> list[list[str]]:
    """Measure without and with them, in turns."""
    costs: dict[str, list[Cost]] = {"turn_off": [], "turn_on": []}
    for _ in range(ROUNDS):
        for service, measured in costs.items():
            await instance.post(f"/api/services/automation/{service}", {"entity_id": ENTITIES})
            measured.append(await measure())
    await instance.post("/api/services/automation/turn_off", {"entity_id": ENTITIES})
    none = _medians(costs["turn_off"])
    return [
        [
            name,
            *(
                part
                for ours, base in zip(cost, none, strict=True)
                for part in (f"{ours:.2f}", f"{ours / base:.2f}")
            ),
        ]
        for name, cost in (("none", none), (f"{AUTOMATIONS}", _medians(costs["turn_on"])))
    ]


def _medians(costs: list[Cost]) -> Cost:
    cpu, loop = zip(*costs, strict=True)
    return median(cpu), median(loop)
