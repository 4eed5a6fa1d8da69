"""Posts as phones and the provider make them, and what has to become of each."""

from base64 import b64decode
import json
from pathlib import Path
from typing import Any

from homeassistant.core import Event, HomeAssistant
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.intellisms.const import EVENT_MESSAGE_STATUS
from tests.household import account, contact, virtual_number
from tests.running import Post, set_up

CASES = json.loads((Path(__file__).parents[1] / "cases" / "inbound.json").read_text())["cases"]


def parts(events: list[Event[Any]], wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return of each event what is wanted of it, all of one that nobody wants, and forget them."""
    seen = [
        {key: value for key, value in event.data.items() if key in wanted[index]}
        if index < len(wanted)
        else dict(event.data)
        for index, event in enumerate(events)
    ]
    events.clear()
    return seen


async def test_posts_become_what_they_should(
    hass: HomeAssistant, own_door: Post, messages: list[Event[Any]]
) -> None:
    await set_up(
        hass,
        account([virtual_number("+447700900123", "Gate"), contact("Alice", "+447700900456")]),
    )
    reports: list[Event[Any]] = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    seen, wanted = [], []
    for case in CASES:
        body = case["body"] if "body" in case else b64decode(case["body_base64"])
        status = await own_door(body, query=case["query"])
        told = case.get("status_events", [])
        wanted.append((case["name"], case["status"], case["events"], told))
        seen.append(
            (case["name"], status, parts(messages, case["events"]), parts(reports, told)),
        )
    assert seen == wanted
