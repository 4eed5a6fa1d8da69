"""Diagnostics, as they are downloaded: safe to post in public."""

from collections.abc import Iterator
import json
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.intellisms.asking import Ending
from custom_components.intellisms.const import DOMAIN
from custom_components.intellisms.protocol import STATUS_WORDS
from scripts.house.provider_api import ProviderApi, report

from .asked import asked
from .household import (
    GATE,
    NAMES,
    REPLACED_ID,
    SENDER,
    WEBHOOK_ID,
    account,
    contact,
    sample,
    sms,
    virtual_number,
)
from .provider_api import KEYS
from .running import URL, Post, set_up
from .texts import english

HOOK = "https://hooks.example/verysecret"
# Everything of this is somebody's; no word of it may be in a dump.
PRIVATE: dict[str, Any] = {
    "messages": [
        {
            "to": GATE,
            "from": SENDER,
            "messageid": "privatemessageid",
            "channel": "privatechannel",
            "networkcode": "23415",
            "sent": "2025-06-03T13:50:05+00:00",
            "content": {"msgtype": "text", "text": "private text"},
        },
        {
            "to": GATE,
            "from": "ALICESSHOP",
            "channel": "whatsapp",
            "content": {"msgtype": "privatetype", "privatetype": {"secretly": "private value"}},
        },
        {
            "to": GATE,
            "from": SENDER,
            "channel": "whatsapp",
            "content": {"msgtype": "image", "image": {"link": "https://private.example/p.jpg"}},
        },
        {"to": "+447700900001", "from": "+447700900002", "content": {"text": "private stranger"}},
        "private bad element",
    ]
}
GARBAGE = '{"privatekey9": "private garbage", "text": ["private list"]}'
# Words that say what kind of thing something is, not what it is.
VOCABULARY = {
    *english()["selector"]["type"]["options"],
    *english()["selector"]["channel"]["options"],
    *STATUS_WORDS.values(),
}


@pytest.fixture
async def busy(hass: HomeAssistant, own_door: Post) -> MockConfigEntry:
    """Return an account that a lot of messages came for."""
    assert await async_setup_component(hass, "diagnostics", {})
    await hass.config.async_update(external_url=URL)
    entry = account([virtual_number(name="Gatehouse"), contact("Zebedee", SENDER)])
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "cloudhook_url": HOOK})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    for name in NAMES:
        await own_door(sample(name))
    assert await own_door(json.dumps(PRIVATE)) == 200
    assert await own_door(GARBAGE) == 400
    return entry


def leaves(value: Any) -> Iterator[str]:
    """Return all texts in a JSON value, and where a place is."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str | float):
        yield str(value)


def private_words() -> set[str]:
    """Return all that was posted or typed, and the addresses."""
    words = {"Gatehouse", "Zebedee", WEBHOOK_ID, REPLACED_ID, HOOK, "home.example", "privatekey9"}
    words |= {*leaves(PRIVATE), *leaves(json.loads(GARBAGE))}
    for name in NAMES:
        if name.endswith(".json"):
            words |= set(leaves(json.loads(sample(name))))
    plain = {word.removeprefix("+") for word in words} - VOCABULARY
    return {word for word in plain if len(word) > 3}


async def download(
    make_client: ClientSessionGenerator, entry: MockConfigEntry, device_id: str | None = None
) -> str:
    """Return a dump as the person gets it: core adds parts of its own, the issues for one."""
    client = await make_client()
    path = f"/api/diagnostics/config_entry/{entry.entry_id}"
    response = await client.get(f"{path}/device/{device_id}" if device_id else path)
    assert response.status == 200
    return str(await response.text())


def devices(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str]:
    """Return the ids of the devices by their models."""
    registry = dr.async_get(hass)
    found = dr.async_entries_for_config_entry(registry, entry.entry_id)
    return {str(device.model): device.id for device in found}


async def test_nothing_private_is_in_a_dump(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, busy: MockConfigEntry
) -> None:
    words = private_words()
    assert {"private text", "447700900001", "ALICESSHOP"} <= words
    dumps = [await download(hass_client, busy)]
    dumps += [await download(hass_client, busy, device) for device in devices(hass, busy).values()]
    assert len(dumps) == 4
    for dump in dumps:
        assert [word for word in words if word.lower() in dump.lower()] == []


async def test_nothing_of_any_kind_of_message_is_in_a_dump(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, own_door: Post
) -> None:
    """Each is the last message of its number and its contact in turn."""
    assert await async_setup_component(hass, "diagnostics", {})
    entry = await set_up(
        hass, account([virtual_number(name="Gatehouse"), contact("Zebedee", SENDER)])
    )
    words = private_words()
    for name in NAMES:
        if not name.endswith(".json"):
            continue
        post = json.loads(sample(name))
        for message in post.get("messages", []):
            message |= {"to": GATE, "from": SENDER, "sent": None}
        assert await own_door(json.dumps(post)) == 200
        dump = (await download(hass_client, entry)).lower()
        assert [word for word in words if word.lower() in dump] == [], name


async def test_what_was_sent_in_a_dump(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    writing: MockConfigEntry,
    api: ProviderApi,
    own_door: Post,
    freezer: FrozenDateTimeFactory,
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    now = dt_util.utcnow().isoformat()
    data = {"entity_id": "notify.anna", "message": "private text"}
    await hass.services.async_call(DOMAIN, "send_message", data, blocking=True)
    [taken] = api.taken
    assert await own_door(report(taken, "delivered", 4)) == 200
    dump = await download(hass_client, writing)
    found = json.loads(dump)["data"]
    assert (found["account"]["last_report"], found["account"]["sent_before_any_report"]) == (now, 1)
    sent = [one["sent"] for one in found["listings"] if one.get("sent")]
    expected = {"sent": now, "status": "delivered", "channel": "sms", "type": "text"}
    assert sent == [[expected | {"has_id": True}]]
    for private in ("private text", taken.id, taken.to, "Anna"):
        assert private not in dump


async def test_what_is_in_a_dump(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    own_door: Post,
    freezer: FrozenDateTimeFactory,
) -> None:
    now = dt_util.utcnow().isoformat()
    assert await async_setup_component(hass, "diagnostics", {})
    alice = contact("Alice", SENDER)
    alice["data"] = MappingProxyType({"numbers": [SENDER], "person": None})
    entry = account([virtual_number(), alice], options={"accept": "known"})
    await set_up(hass, entry)
    assert await own_door(sms("Open")) == 200
    assert await own_door(sms("Open")) == 200
    assert await own_door(sms("Open", **{"from": "4477009"})) == 200
    assert await own_door("{}") == 400
    asked(entry, "Alice")
    entry.runtime_data.questions.async_end(asked(entry, "Alice").id, Ending.STOPPED)
    last = {
        "received": now,
        "sent": "2025-06-03T13:50:05+00:00",
        "channel_documented": True,
        "type_documented": True,
        "has_sender": True,
        "sender_known": True,
        "text_length": 4,
        "has_button": False,
        "has_media": False,
        "simulated": False,
    }
    number = {"kind": "virtual_number", "received": 1, "last": last}
    person = {
        "kind": "contact",
        "numbers": 1,
        "person": False,
        "sent": [],
        "received": 1,
        "last": last,
    }
    whole = {
        "entry": {
            "version": "1.1",
            "state": "loaded",
            "reach": "direct",
            "has_cloudhook": False,
            "addresses_replaced": 1,
            "address_problem": "no_url",
            "has_keys": False,
            "hourly_limit": 100,
            "accept": "known",
            "keep_off_disk": False,
            "virtual_numbers": 1,
            "contacts": 1,
        },
        "journal": {"ids": 1, "files_set_aside": 0, "numbers_not_configured": 0},
        "account": {
            "last_post": now,
            "last_report": None,
            "sent_before_any_report": 0,
            "ignored": {"duplicate": 1, "sender": 1, "unreadable": 1},
            "shapes_not_understood": ["{}"],
        },
        "assist": {"contacts": 0, "sms": 0, "as_person": 0, "outcomes": {}},
        "questions": {"open": 1, "stopped": 1},
        "listings": [number, person],
    }
    by_model = devices(hass, entry)
    for device_id, expected in (
        (None, whole),
        (by_model["IntelliSMS account"], whole),
        (by_model["Virtual number"], number),
        (by_model["Contact"], person),
    ):
        assert json.loads(await download(hass_client, entry, device_id))["data"] == expected


@pytest.mark.parametrize(
    ("name", "documented"),
    [("whatsapp_order.json", False), ("whatsapp_image.json", True), ("sms_text.json", True)],
)
async def test_a_kind_is_told_alike_before_and_after_a_restart(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    loaded: MockConfigEntry,
    own_door: Post,
    name: str,
    documented: bool,
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    assert await own_door(sample(name)) == 200
    before = json.loads(await download(hass_client, loaded))["data"]["listings"]
    assert await hass.config_entries.async_reload(loaded.entry_id)
    assert json.loads(await download(hass_client, loaded))["data"]["listings"] == before
    assert before[0]["last"]["type_documented"] is documented


async def test_before_anything_came(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, loaded: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    dump = json.loads(await download(hass_client, loaded))
    assert dump["data"]["account"]["last_post"] is None
    assert dump["data"]["listings"] == [{"kind": "virtual_number", "received": 0, "last": None}]
    assert dump["data"]["entry"]["accept"] == "everyone"
    assert [issue["issue_id"] for issue in dump["issues"]] == [f"not_reachable_{loaded.entry_id}"]
    assert dump["integration_manifest"]["domain"] == DOMAIN


async def test_while_it_is_not_loaded(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, loaded: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    assert await hass.config_entries.async_unload(loaded.entry_id)
    for device_id in (None, *devices(hass, loaded).values()):
        dump = json.loads(await download(hass_client, loaded, device_id))
        assert dump["data"].keys() == {"entry"}
        assert dump["data"]["entry"]["state"] == "not_loaded"


async def test_that_there_are_keys_is_told_but_not_which(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, writing: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    dump = await download(hass_client, writing, None)
    assert json.loads(dump)["data"]["entry"]["has_keys"] is True
    for key in (KEYS.access_key, KEYS.secret_key):
        assert key not in str(dump)
