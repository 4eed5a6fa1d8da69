"""A household: its numbers, its people, and the posts that come from them and from strangers."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import count
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.intellisms.const import (
    CONF_NUMBER,
    CONF_NUMBERS,
    CONF_PERSON,
    CONF_REPLACED_IDS,
    DOMAIN,
    SUBENTRY_CONTACT,
    SUBENTRY_VIRTUAL_NUMBER,
)

from .log import keep_secret

WEBHOOK_ID = "5ec2e7" * 10
REPLACED_ID = "01d01d" * 10
GATE = "+44771012346"
SENDER = "+44771012345"
SHOP = "+447700900999"
ANNA = "+447700900123"
BEN = "+447700900124"
CARL = "+447700900125"
STRANGER = "+447700900666"
# The registry id of a person who is gone.
NO_PERSON = "0" * 32

_FIXTURES = Path(__file__).parent / "fixtures"
# The provider's posts, one file each.
NAMES = sorted(path.name for path in _FIXTURES.iterdir())

_ids = count(1)


def virtual_number(number: str = GATE, name: str = "Gate") -> ConfigSubentryData:
    """Return a virtual number as a config entry stores it."""
    return ConfigSubentryData(
        data=MappingProxyType({CONF_NUMBER: number}),
        subentry_type=SUBENTRY_VIRTUAL_NUMBER,
        title=name,
        unique_id=number,
    )


def account(
    subentries: Iterable[ConfigSubentryData], *, webhook_id: str = WEBHOOK_ID, **kwargs: Any
) -> MockConfigEntry:
    """Return an account that is not set up yet."""
    known = tuple(subentries)
    for subentry in known:
        keep_secret([subentry["title"], *subentry["data"].values()])
    keep_secret([webhook_id, REPLACED_ID, GATE, SENDER])
    return MockConfigEntry(
        domain=DOMAIN,
        title="IntelliSMS",
        data={
            "webhook_id": webhook_id,
            CONF_REPLACED_IDS: [REPLACED_ID],
            "reach": "direct",
            "cloudhook_url": None,
        },
        subentries_data=known,
        **kwargs,
    )


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


def add(hass: HomeAssistant, entry: MockConfigEntry, data: ConfigSubentryData) -> ConfigSubentry:
    """Add a number or contact to an account, as its dialog does."""
    subentry = ConfigSubentry(
        data=MappingProxyType(dict(data["data"])),
        subentry_type=data["subentry_type"],
        title=data["title"],
        unique_id=data.get("unique_id"),
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry


def sample(name: str) -> bytes:
    """Return a post of the provider's exactly as it is on the wire."""
    return (_FIXTURES / name).read_bytes()


def sms(text: str = "Hello", **fields: Any) -> str:
    """Return the provider's post of one SMS; `fields` replace those of its message."""
    message = {
        "to": GATE.removeprefix("+"),
        "from": SENDER.removeprefix("+"),
        "messageid": "21ba6a2ee454d1710d88f357df34fdb3f5",
        "channel": "sms",
        "sent": "2025-06-03T13:50:05-00:00",
        "content": {"msgtype": "text", "text": text},
    }
    keep_secret(message | fields)
    return json.dumps({"messages": [message | fields]})


def text(said: str, **fields: Any) -> str:
    """Return the provider's post of one text."""
    return _fresh({"msgtype": "text", "text": said}, **fields)


def button(label: str, **fields: Any) -> str:
    """Return the provider's post of a tap on a template's button."""
    return _whatsapp({"type": "button", "button": {"text": label}}, **fields)


def reply(title: str, button_id: str, **fields: Any) -> str:
    """Return the provider's post of a tap on a reply button."""
    return _whatsapp({"type": "reply", "interactive": {"title": title, "id": button_id}}, **fields)


def image(link: str, caption: str | None = None, **fields: Any) -> str:
    """Return the provider's post of a picture."""
    return _whatsapp({"type": "image", "image": {"link": link, "caption": caption}}, **fields)


def whatsapp(kind: str, said: Any, *, sender: str = ANNA, **beside: Any) -> str:
    """Return the provider's post of a WhatsApp message of some type, and what stands beside it."""
    return _whatsapp({"type": kind, kind: said, **beside}, sender=sender)


def forwarded(said: str, **fields: Any) -> str:
    """Return the provider's post of a text that is passed on from elsewhere."""
    return _whatsapp(_words(said) | {"context": {"forwarded": True}}, **fields)


def in_a_group(said: str, **fields: Any) -> str:
    """Return the provider's post of a text that was said in a group."""
    return _whatsapp(_words(said) | {"group_id": "GROUP_ID"}, **fields)


def edit(said: str, **fields: Any) -> str:
    """Return the provider's post of new words for what was said before."""
    changed = {"original_message_id": "wamid.1", "message": _words(said)}
    return _whatsapp({"type": "edit", "edit": changed}, **fields)


def deleted(**fields: Any) -> str:
    """Return the provider's post of a message that was deleted for everyone."""
    revoke = {"original_message_id": "wamid.1"}
    return _whatsapp({"type": "revoke", "revoke": revoke}, **fields)


def reaction(emoji: str, **fields: Any) -> str:
    """Return the provider's post of a reaction; without an emoji it is taken back."""
    given = {"message_id": "wamid.1", "emoji": emoji}
    return _whatsapp({"type": "reaction", "reaction": given}, **fields)


def _words(said: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": said}}


def _whatsapp(message: dict[str, Any], **fields: Any) -> str:
    content = {"format": "wa_msgobject_v2", "msgobject": message}
    return _fresh(content, **({"channel": "whatsapp"} | fields))


def _fresh(
    content: dict[str, Any],
    *,
    sender: str = ANNA,
    to: str = GATE,
    channel: str = "sms",
    age: timedelta = timedelta(0),
) -> str:
    """Return a post that is like no other, sent `age` ago."""
    fields = {
        "to": to.removeprefix("+"),
        "from": sender.removeprefix("+"),
        "messageid": f"{next(_ids):034x}",
        "sent": (dt_util.utcnow() - age).isoformat(timespec="seconds"),
    }
    return sms(channel=channel, content=content, **fields)


def saying(number: int) -> str:
    """Return one of very many posts: a few from each sender, so that none is a flood."""
    return sms(f"Text {number}", **{"from": str(447_720_000_000 + number // 50)})


def together(*bodies: str) -> str:
    """Return one post of the messages of several."""
    return json.dumps({"messages": [m for body in bodies for m in json.loads(body)["messages"]]})


def posted(body: str, **fields: Any) -> str:
    """Return a post with fields of its message replaced, or left out where None."""
    post = json.loads(body)
    message = post["messages"][0] | fields
    post["messages"] = [{key: value for key, value in message.items() if value is not None}]
    return json.dumps(post)


def message_id(body: str) -> str:
    """Return the provider's id of a post's message."""
    return str(json.loads(body)["messages"][0]["messageid"])
