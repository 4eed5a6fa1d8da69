"""What tests of automations share: a household, and posts from its people and strangers."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from itertools import count
import json
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.intellisms.const import (
    CONF_NUMBERS,
    CONF_PERSON,
    SUBENTRY_CONTACT,
)

from .conftest import GATE, account, virtual_number

SHOP = "+447700900999"
ANNA = "+447700900123"
BEN = "+447700900124"
CARL = "+447700900125"
STRANGER = "+447700900666"
# The registry id of a person who is gone.
NO_PERSON = "0" * 32

_ids = count(1)


def contact(name: str, *numbers: str, person: str = NO_PERSON) -> ConfigSubentryData:
    """Return a contact as a config entry stores it."""
    return ConfigSubentryData(
        data=MappingProxyType({CONF_NUMBERS: list(numbers), CONF_PERSON: person}),
        subentry_type=SUBENTRY_CONTACT,
        title=name,
        unique_id=None,
    )


def household() -> MockConfigEntry:
    """Return an account with two virtual numbers and three contacts, not set up yet."""
    return account(
        [
            virtual_number(GATE, "Gate"),
            virtual_number(SHOP, "Shop"),
            contact("Anna", ANNA),
            contact("Ben", BEN),
            contact("Carl", CARL),
        ]
    )


def devices(entry: MockConfigEntry) -> dict[str, str]:
    """Return the device ids of a loaded account's numbers and contacts by their names."""
    return {listing.name: listing.device_id for listing in entry.runtime_data.directory}


async def automate(hass: HomeAssistant, *automations: Mapping[str, Any]) -> None:
    """Set up automations as a person has saved them."""
    assert await async_setup_component(hass, "automation", {"automation": list(automations)})
    await hass.async_block_till_done()


async def settle() -> None:
    """Let all happen that needs no time to pass, also while an automation waits."""
    for _ in range(100):
        await asyncio.sleep(0)


async def pass_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass, and all happen that waited for it."""
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await settle()


def text(said: str, **fields: Any) -> str:
    """Return the provider's post of one text."""
    return _post({"msgtype": "text", "text": said}, **fields)


def button(label: str, **fields: Any) -> str:
    """Return the provider's post of a tap on a template's button."""
    return _whatsapp({"type": "button", "button": {"text": label}}, **fields)


def reply(title: str, button_id: str, **fields: Any) -> str:
    """Return the provider's post of a tap on a reply button."""
    return _whatsapp({"type": "reply", "interactive": {"title": title, "id": button_id}}, **fields)


def image(link: str, caption: str | None = None, **fields: Any) -> str:
    """Return the provider's post of a picture."""
    return _whatsapp({"type": "image", "image": {"link": link, "caption": caption}}, **fields)


def _whatsapp(message: dict[str, Any], **fields: Any) -> str:
    content = {"format": "wa_msgobject_v2", "msgobject": message}
    return _post(content, **({"channel": "whatsapp"} | fields))


def _post(
    content: dict[str, Any],
    *,
    sender: str = ANNA,
    to: str = GATE,
    channel: str = "sms",
    age: timedelta = timedelta(0),
) -> str:
    message = {
        "to": to.removeprefix("+"),
        "from": sender.removeprefix("+"),
        "messageid": f"{next(_ids):034x}",
        "channel": channel,
        "sent": (dt_util.utcnow() - age).isoformat(timespec="seconds"),
        "content": content,
    }
    return json.dumps({"messages": [message]})


def together(*bodies: str) -> str:
    """Return one post of the messages of several."""
    return json.dumps({"messages": [m for body in bodies for m in json.loads(body)["messages"]]})
