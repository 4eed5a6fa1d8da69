"""Walk through the whole integration in the real frontend, as a new user would."""

import asyncio
import json
import os
import re
import sys
from typing import Any

from homeassistant.util.yaml import parse_yaml

from .instance import (
    DOMAIN,
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
from .provider_api import ProviderApi, provider_api
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
"""


def cards() -> list[Any]:
    """Return the cards that the documentation has to be pasted."""
    blocks = re.findall(r"```yaml\n(.*?)```", DASHBOARD.read_text(), re.DOTALL)
    return [parse_yaml(block) for block in blocks]


async def walk(instance: Instance, api: ProviderApi) -> int:
    """Run the browser's part; return its exit code."""
    for folder in (IMAGES, LOOKED_AT):
        folder.mkdir(exist_ok=True)
    about = {
        "url": instance.url,
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
    sent = [
        (each.object["interactive"]["body"]["text"], _titles(each.object)) for each in api.taken
    ]
    wanted = [("Somebody is at the gate", ["Open", "Not now"])]
    return [] if sent == wanted else [f"{len(sent)} messages went out, not as they were typed"]


def _titles(message: dict[str, Any]) -> list[str]:
    return [each["reply"]["title"] for each in message["interactive"]["action"]["buttons"]]


async def e2e() -> int:
    """Run all of it; 0 when everything was as it should be."""
    async with (
        provider_api() as api,
        house(CONFIGURATION + configuration(api), first=(WITNESS,)) as instance,
    ):
        failed = await walk(instance, api)
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
