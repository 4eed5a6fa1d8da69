"""Walk through the whole integration in the real frontend, as a new user would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import os
import re
import sys
from typing import Any

from aiohttp import web
from homeassistant.util.yaml import parse_yaml

from . import at_the_door
from .instance import (
    DOMAIN,
    DOORBELL,
    PASSWORD,
    ROOT,
    USERNAME,
    WITNESS,
    Instance,
    house,
    main,
    troubles_of_ours,
)
from .moving_picture import make_moving_picture
from .provider_api import ProviderApi, Taken, provider_api
from .round_trip import configuration

WALK = ROOT / ".cache" / "e2e" / "walk.js"
IMAGES = ROOT / "docs" / "images"
# Pictures to be looked at, which no page shows.
LOOKED_AT = ROOT / ".cache" / "e2e" / "looked-at"
DASHBOARD = ROOT / "docs" / "dashboard.md"
CONFIGURATION = """\
input_boolean:
  gate_open:
    name: Gate open
input_button:
  bell:
    name: Bell
media_source:
"""
# What goes out in the walk: the words, and what stands on the buttons.
SENT = [
    ("Somebody is at the gate", ["Open", "Not now"]),
    ("Somebody is at the door", ["Let in", "Not now"]),
    ("The door is open", []),
    ("Open the gate?", ["Open", "Not now"]),
    ("Shut the gate for the night?", ["Shut it", "Leave it"]),
]


def cards() -> list[Any]:
    """Return the cards that the documentation has to be pasted."""
    blocks = re.findall(r"```yaml\n(.*?)```", DASHBOARD.read_text(), re.DOTALL)
    return [parse_yaml(block) for block in blocks]


@asynccontextmanager
async def backstage(instance: Instance, api: ProviderApi) -> AsyncIterator[str]:
    """Tell the browser's part what was sent, and restart Home Assistant for it; yield the address."""

    async def sent(_request: web.Request) -> web.Response:
        return web.json_response(
            [{"id": each.id, "to": each.to, "object": each.object} for each in api.taken]
        )

    async def restart(_request: web.Request) -> web.Response:
        await instance.restart()
        return web.Response()

    app = web.Application()
    app.router.add_get("/sent", sent)
    app.router.add_post("/restart", restart)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def walk(instance: Instance, api: ProviderApi, address: str) -> int:
    """Run the browser's part; return its exit code."""
    for folder in (IMAGES, LOOKED_AT):
        folder.mkdir(exist_ok=True)
    about = {
        "url": instance.url,
        "backstage": address,
        "username": USERNAME,
        "password": PASSWORD,
        "images": str(IMAGES),
        "lookedAt": str(LOOKED_AT),
        "cards": cards(),
        "keys": {"access": api.access_key, "secret": api.secret_key},
    }
    process = await asyncio.create_subprocess_exec(
        "node", str(WALK), env={**os.environ, "HOUSE": json.dumps(about)}
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def nothing_left(instance: Instance) -> list[str]:
    """Stop Home Assistant; return what is still there of the integration after it was removed."""
    async with instance.websocket() as ws:
        hooks = await ws.call("webhook/list")
        entries = await ws.call("config_entries/get", domain=DOMAIN)
        devices = await ws.call("config/device_registry/list")
        entities = await ws.call("config/entity_registry/list")
        issues = (await ws.call("repairs/list_issues"))["issues"]
    left = ["a webhook" for hook in hooks if hook["domain"] == DOMAIN]
    left += [f"entry {entry['title']}" for entry in entries]
    left += [f"device {device['name']}" for device in devices if _is_ours(device["identifiers"])]
    left += [entity["entity_id"] for entity in entities if entity["platform"] == DOMAIN]
    left += [issue["issue_id"] for issue in issues if issue["domain"] == DOMAIN]
    # A write that was still due would bring a file back by now.
    await instance.stop()
    left += [path.name for path in (instance.config / ".storage").glob(f"{DOMAIN}*")]
    return left


def _is_ours(identifiers: list[list[str]]) -> bool:
    return any(identifier[0] == DOMAIN for identifier in identifiers)


def not_as_typed(api: ProviderApi) -> list[str]:
    """Return how what went out to the provider differs from what was typed in the walk."""
    sent = [_said(each) for each in api.taken]
    return [] if sent == SENT else [f"{len(sent)} messages went out, not as they were typed"]


def _said(taken: Taken) -> tuple[str, list[str]]:
    if taken.object["type"] == "text":
        return taken.words, []
    return taken.object["interactive"]["body"]["text"], taken.buttons


async def e2e() -> int:
    """Run all of it; 0 when everything was as it should be."""
    async with (
        provider_api() as api,
        house(
            CONFIGURATION + at_the_door.CONFIGURATION + configuration(api),
            integrations=(DOORBELL,),
            first=(WITNESS,),
        ) as instance,
        backstage(instance, api) as address,
    ):
        failed = await walk(instance, api, address)
        wrong = [*api.wrong, *not_as_typed(api)]
        left = await nothing_left(instance)
        troubles = troubles_of_ours(instance.log())
    if not failed:
        await asyncio.to_thread(make_moving_picture, IMAGES)
    for what in (*(f"left behind: {what}" for what in left), *wrong, *troubles):
        print(f"  OFF: {what}", file=sys.stderr)
    return 1 if failed or left or wrong or troubles else 0


if __name__ == "__main__":
    main(e2e)
