"""What scripts/bench compares with: bare webhooks, and a clock that automations stop."""

import time
from typing import Any

from aiohttp import web
from homeassistant.components import webhook
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.discovery import async_load_platform
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.typing import ConfigType

DOMAIN = "bench_floor"
CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)
SIGNAL = f"{DOMAIN}_message"


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register both webhooks, the entities and the clock."""

    async def bare(hass: HomeAssistant, _id: str, request: web.Request) -> None:
        for message in (await request.json())["messages"]:
            hass.bus.async_fire("bench_bare", message)

    async def floor(hass: HomeAssistant, _id: str, request: web.Request) -> None:
        for message in (await request.json())["messages"]:
            async_dispatcher_send(hass, SIGNAL, message)
            hass.bus.async_fire("bench_floor", message)

    webhook.async_register(hass, DOMAIN, "bare", "bench_bare", bare)
    webhook.async_register(hass, DOMAIN, "floor", "bench_floor", floor)

    marks: dict[str, float] = {}

    @callback
    def mark(call: ServiceCall) -> None:
        marks[call.data["id"]] = time.monotonic()

    async def collect(_hass: HomeAssistant, _id: str, _request: web.Request) -> web.Response:
        seen = dict(marks)
        marks.clear()
        return web.json_response(seen)

    hass.services.async_register(DOMAIN, "mark", mark)
    webhook.async_register(hass, DOMAIN, "marks", "bench_marks", collect)
    for platform in ("event", "sensor"):
        hass.async_create_task(async_load_platform(hass, platform, DOMAIN, {}, config))
    return True


def attributes(message: dict[str, Any]) -> dict[str, Any]:
    """Return as many attributes as our event has keys."""
    return {**message, **{f"key_{number}": None for number in range(18)}}
