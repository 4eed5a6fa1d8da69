"""What a message becomes: the event, the entities' states, and the order of both."""

from collections.abc import Callable
import json
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.event import EventEntity
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.json import json_bytes
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from syrupy.assertion import SnapshotAssertion

from custom_components.intellisms.const import (
    EVENT_MESSAGE_RECEIVED,
    EVENT_MESSAGE_STATUS,
)
from custom_components.intellisms.protocol import MessageType
from custom_components.intellisms.receiving.delivery import Delivery
from custom_components.intellisms.receiving.signals import SIGNAL_MESSAGE
from tests.household import GATE, NAMES, SENDER, account, add, contact, sample, sms, virtual_number
from tests.running import Post, set_up, state

NOW = "2026-01-02T03:04:05+00:00"
SENT = "2025-06-03T13:50:05+00:00"
SHOP = "+447700900999"

type Messages = list[Event[dict[str, Any]]]


def device_ids(hass: HomeAssistant, entry_id: str) -> dict[str | None, str]:
    """Return the ids of an account's devices by their names."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry_id)
    return {device.name: device.id for device in devices}


def whatsapp(message: dict[str, Any], **fields: Any) -> str:
    """Return the provider's post of one WhatsApp message."""
    content = {"format": "wa_msgobject_v2", "msgobject": message}
    return sms(**{"content": content, "channel": "whatsapp", **fields})


def fields(name: str, value: Any) -> dict[str, Any]:
    """Return a field whose name is a word of Python."""
    return {name: value}


# ---- the event --------------------------------------------------------------------

NOTHING = {
    "entry_id": "account",
    "device_id": None,
    "entity_id": None,
    "to": None,
    "to_name": None,
    "from": None,
    "from_name": None,
    "from_known": False,
    "from_device_id": None,
    "person_id": None,
    "user_id": None,
    "username": None,
    "channel": None,
    "type": "unknown",
    "text": None,
    "button_id": None,
    "button_text": None,
    "reply_to": None,
    "media_url": None,
    "media_type": None,
    "file_name": None,
    "latitude": None,
    "longitude": None,
    "forwarded": False,
    "group_id": None,
    "notice": False,
    "user_data": None,
    "network_code": None,
    "message_id": None,
    "sent": None,
    "received": NOW,
    "raw": None,
    "raw_truncated": False,
    "question": None,
    "answer": None,
    "answer_state": None,
    "simulated": False,
}
SMS = {
    "to": GATE,
    "from": SENDER,
    "channel": "sms",
    "type": "text",
    "message_id": "21ba6a2ee454d1710d88f357df34fdb3f5",
    "sent": SENT,
}
WHATSAPP = SMS | {"channel": "whatsapp"}
ANSWER = {"reply_to": "wamid.HBgLNDQ3NzEwMTIzNDUVAgARGBI1"}


def raw(name: str, element: int = 0) -> dict[str, Any]:
    """Return an element of a sample as it was posted."""
    posted: dict[str, Any] = json.loads(sample(name))["messages"][element]
    return posted


def whatsapp_sample(name: str, **fields: Any) -> list[dict[str, Any]]:
    """Return the event of a sample of WhatsApp's, of the type that it is called by."""
    posted = raw(f"whatsapp_{name}.json")
    event = WHATSAPP | {"type": name, "message_id": posted["messageid"], "raw": posted}
    return [event | fields]


def message_entity(hass: HomeAssistant, device_id: str) -> str:
    """Return the *Message* of a virtual number."""
    entities = er.async_entries_for_device(er.async_get(hass), device_id)
    (message,) = [entity.entity_id for entity in entities if entity.domain == "event"]
    return message


def form_sample(name: str, message_id: str, **fields: Any) -> list[dict[str, Any]]:
    """Return the event of a sample that is a form."""
    posted = dict(parse_qsl(sample(name).decode()))
    return [SMS | {"message_id": message_id, "raw": posted} | fields]


BUTTON = {"type": "button", "text": "BUTTON_TEXT", "button_text": "BUTTON_TEXT"}
REPLY = {"type": "reply", "text": "Button1", "button_text": "Button1", "button_id": "BUTTON1"}
SAID = {"type": "text", "text": "MESSAGE_CONTENT"}
USER_ID = "GB.13491208655302741918"

# What each sample says beyond its number: one event a message.
EVENTS: dict[str, list[dict[str, Any]]] = {
    "form_text.txt": form_sample(
        "form_text.txt",
        "10011000000000000001",
        text="Message Text",
        network_code="234010",
        **{"from": None},
    ),
    "form_with_numbers.txt": form_sample(
        "form_with_numbers.txt",
        "10011000000000000002",
        text="Café & more",
        network_code="234010",
        sent="2010-06-10T13:45:12+00:00",
    ),
    "messages_and_reports.json": [
        SMS
        | {
            "text": "Message Text",
            "message_id": "21ba6a2ee454d1710d88f357df34fdb03f",
            "raw": raw("messages_and_reports.json"),
        }
    ],
    "mms.txt": form_sample("mms.txt", "10011000000000000007", type="mms", text="Message Text"),
    "mms_without_subject.txt": form_sample(
        "mms_without_subject.txt", "10011000000000000008", type="mms"
    ),
    "other_notification.json": [],
    "several_messages.json": [
        event
        | {
            "message_id": f"21ba6a2ee454d1710d88f357df34fdb02{index}",
            "raw": raw("several_messages.json", index),
        }
        for index, event in enumerate(
            [
                SMS | {"text": "Message Text"},
                WHATSAPP | BUTTON,
                WHATSAPP | {"type": "order", "text": "ORDER_TEXT"},
            ]
        )
    ],
    "sms_binary.json": [
        SMS
        | {
            "type": "binary",
            "user_data": raw("sms_binary.json")["content"]["ud"],
            "raw": raw("sms_binary.json"),
        }
    ],
    "sms_emoji.json": [SMS | {"text": "Simley Emoji 😃", "raw": raw("sms_emoji.json")}],
    "sms_text.json": [SMS | {"text": "Message Text", "raw": raw("sms_text.json")}],
    "status_report.txt": [],
    "status_reports.json": [],
    "subscription_event.txt": [],
    "whatsapp_audio.json": whatsapp_sample(
        "audio", media_url="MEDIA_URL", media_type="audio/ogg; codecs=opus"
    ),
    "whatsapp_button.json": whatsapp_sample("button", **BUTTON),
    "whatsapp_button_payload.json": whatsapp_sample(
        "button_payload", **BUTTON, **ANSWER, button_id="BUTTON_PAYLOAD"
    ),
    "whatsapp_button_reply.json": whatsapp_sample("button_reply", **REPLY, **ANSWER),
    "whatsapp_contacts.json": whatsapp_sample("contacts", text="FORMATTED_NAME, +44771012345"),
    "whatsapp_document.json": whatsapp_sample(
        "document",
        media_url="MEDIA_URL",
        media_type="application/pdf",
        file_name="FILE_NAME.pdf",
        text="DOCUMENT_CAPTION",
    ),
    "whatsapp_edit.json": whatsapp_sample("edit", text="MESSAGE_CONTENT", **ANSWER),
    "whatsapp_forwarded.json": whatsapp_sample("forwarded", **SAID, forwarded=True),
    "whatsapp_group.json": whatsapp_sample("group", **SAID, group_id="GROUP_ID"),
    "whatsapp_image.json": whatsapp_sample("image", media_url="MEDIA_URL"),
    "whatsapp_list_reply.json": whatsapp_sample(
        "list_reply", text="Row 1", button_text="Row 1", button_id="ROW1", **ANSWER
    ),
    "whatsapp_location.json": whatsapp_sample(
        "location", latitude=51.500729, longitude=-0.124625, text="PLACE_NAME, PLACE_ADDRESS"
    ),
    "whatsapp_order.json": whatsapp_sample("order", text="ORDER_TEXT"),
    "whatsapp_reaction.json": whatsapp_sample("reaction", text="👍", **ANSWER),
    "whatsapp_reaction_removed.json": whatsapp_sample(
        "reaction_removed", type="reaction", text="", notice=True, **ANSWER
    ),
    "whatsapp_reply.json": whatsapp_sample("reply", **REPLY),
    "whatsapp_request_welcome.json": whatsapp_sample("request_welcome", notice=True),
    "whatsapp_revoke.json": whatsapp_sample("revoke", notice=True, **ANSWER),
    "whatsapp_sticker.json": whatsapp_sample("sticker", media_type="image/webp"),
    "whatsapp_system.json": whatsapp_sample("system", text="SYSTEM_TEXT", notice=True),
    "whatsapp_text.json": whatsapp_sample("text", **SAID),
    "whatsapp_unsupported.json": whatsapp_sample("unsupported", notice=True),
    "whatsapp_user_id.json": whatsapp_sample(
        "user_id", **SAID, user_id=USER_ID, username="USERNAME", **{"from": USER_ID}
    ),
    "whatsapp_video.json": whatsapp_sample(
        "video", media_url="MEDIA_URL", media_type="video/mp4", text="VIDEO_CAPTION"
    ),
}


def test_each_sample_has_its_events() -> None:
    assert sorted(EVENTS) == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_sample_gives_its_events_through_all_doors(
    hass: HomeAssistant,
    own_door: Post,
    webhook_door: Post,
    cloud_door: Post,
    messages: Messages,
    name: str,
) -> None:
    doors = (own_door, webhook_door, cloud_door)
    # One account a door, or the journal would know the message.
    ids = [f"{number}c" * 32 for number in range(len(doors))]
    entries = [account([virtual_number()], webhook_id=webhook_id) for webhook_id in ids]
    for entry in entries[1:]:
        entry.add_to_hass(hass)
    await set_up(hass, entries[0])

    for door, webhook_id, entry in zip(doors, ids, entries, strict=True):
        assert await door(sample(name), webhook_id=webhook_id) == 200
        device_id = device_ids(hass, entry.entry_id)["Gate"]
        mine = {
            "entry_id": entry.entry_id,
            "device_id": device_id,
            "entity_id": message_entity(hass, device_id),
            "to_name": "Gate",
        }
        expected = [NOTHING | mine | event for event in EVENTS[name]]
        # The token of the websocket would not stand a clock that is set back.
        assert [event.data | {"received": NOW} for event in messages] == expected
        messages.clear()


async def test_event_has_always_the_same_keys(
    hass: HomeAssistant, own_door: Post, messages: Messages, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOW)
    await set_up(hass, account([], entry_id="account"))

    assert await own_door('{"messages": [{}]}') == 200

    assert messages[0].data == NOTHING | {"raw": {}}
    assert list(messages[0].data) == list(NOTHING)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "+44771012346"),
        ("?to=", "+44771012346"),
        ("?to=44771012346", "+44771012346"),
        ("?to=447700900999", "+447700900999"),
        ("?to=60777", "60777"),
    ],
)
async def test_older_form_with_one_number(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    door: Post,
    messages: Messages,
    query: str,
    expected: str,
) -> None:
    assert await door(sample("form_text.txt"), query=query) == 200

    known = expected == GATE
    assert messages[0].data["to"] == expected
    assert messages[0].data["to_name"] == ("Gate" if known else None)
    assert (messages[0].data["device_id"] is not None) == known


@pytest.mark.parametrize("numbers", [[], [virtual_number(), virtual_number(SHOP, "Shop")]])
async def test_older_form_with_none_or_several_numbers(
    hass: HomeAssistant, own_door: Post, messages: Messages, numbers: list[Any]
) -> None:
    await set_up(hass, account(numbers))

    assert await own_door(sample("form_text.txt")) == 200
    assert await own_door(sample("form_text.txt"), query=f"?to={GATE[1:]}") == 200

    # The URL is part of what makes it the same message.
    assert [event.data["to"] for event in messages] == [None, GATE]
    assert [event.data["device_id"] is not None for event in messages] == [False, bool(numbers)]


@pytest.mark.parametrize("status", ["4", "99", "pending"])
async def test_status_report(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages, status: str
) -> None:
    reports = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    for _ in range(2):
        assert await own_door(f"msgid=7&status={status}&toaddr=447700900123") == 200
    # The next of the same message is news.
    assert await own_door("msgid=7&status=3&toaddr=447700900123") == 200

    assert messages == []
    assert [report.data for report in reports] == [
        {
            "entry_id": loaded.entry_id,
            "message_id": "7",
            "to": "+447700900123",
            "to_name": None,
            "to_device_id": None,
            "person_id": None,
            "status": word,
            "status_code": code,
            "status_text": own_word,
            "category": None,
            "user_key": None,
        }
        for word, code, own_word in (
            {
                "4": ("delivered", 4, None),
                "99": ("unknown", 99, None),
                "pending": ("unknown", None, "pending"),
            }[status],
            ("sent", 3, None),
        )
    ]


async def test_a_report_says_who_it_is_about(
    hass: HomeAssistant, own_door: Post, messages: Messages
) -> None:
    person = er.async_get(hass).async_get_or_create("person", "person", "1", object_id_base="anna")
    entry = account([contact("Anna", "+5511988887777", person=person.id)], entry_id="account")
    await set_up(hass, entry)
    reports = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    posted = {
        "notificationtype": "status",
        "status": "unable_to_deliver",
        "status_code": 6,
        "category": "failure",
        "userkey": "order-7",
    }
    # The same line as people and WhatsApp spell it.
    for message_id, to in (("7", "551188887777"), ("8", "5511988887777"), ("8", "551188887777")):
        report = posted | {"messageid": message_id, "to": to}
        assert await own_door(json.dumps({"notifications": [report]})) == 200

    anna = device_ids(hass, entry.entry_id)["Anna"]
    assert [report.data for report in reports] == [
        {
            "entry_id": "account",
            "message_id": message_id,
            "to": to,
            "to_name": "Anna",
            "to_device_id": anna,
            "person_id": "person.anna",
            "status": "undeliverable",
            "status_code": 6,
            "status_text": "unable_to_deliver",
            "category": "failure",
            "user_key": "order-7",
        }
        for message_id, to in (("7", "+551188887777"), ("8", "+5511988887777"))
    ]
    assert messages == []


async def test_what_is_neither_message_nor_report_is_counted(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    reports = async_capture_events(hass, EVENT_MESSAGE_STATUS)
    for name in ("other_notification.json", "subscription_event.txt", "subscription_event.txt"):
        assert await own_door(sample(name)) == 200

    assert messages == reports == []
    ignored = state(hass, "sensor.intellisms_messages_ignored")
    assert ignored.state == "3"
    assert ignored.attributes["other_notification"] == 1
    assert ignored.attributes["subscription_event"] == 2


HOSTILE = [
    '"\\ud83d"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '"<script>`rm -rf`</script>{{ states }}"',
    '"\\u202e\\ufeff"',
    "null",
    "true",
    "-1",
    "1e999",
    "NaN",
    "123456789012345678901234567890",
    '[["a"], {"b": []}]',
    '{"text": {"text": {}}}',
    "[" * 200 + "]" * 200,
]


@pytest.mark.parametrize("value", HOSTILE)
async def test_any_value_in_any_field_is_published_and_can_be_stored(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages, value: str
) -> None:
    posted = [f'"{name}": {value}' for name in ("to", "from", "messageid", "channel", "sent")]
    posted += [f'"content": {{"{name}": {value}}}' for name in ("text", "ud", "msgtype")]
    for name in ("type", "text", "button", "image", "interactive", "context"):
        message = f'{{"type": "{name}", "{name}": {value}}}'
        posted.append(f'"content": {{"format": {value}, "msgobject": {message}}}')
    elements = [
        f'{{"to": "{GATE}", "messageid": "{number}", {part}}}'
        for number, part in enumerate([f'"content": {value}', *posted])
    ]
    stored = async_capture_events(hass, EVENT_STATE_CHANGED)

    assert await own_door(f'{{"messages": [{", ".join(elements)}]}}') == 200
    assert await own_door(f'{{"messages": [{", ".join(elements)}]}}') == 200

    assert len(messages) == len(elements)
    assert stored
    for event in [*messages, *stored]:
        json_bytes(event.as_dict())


async def test_sender_who_is_a_contact(
    hass: HomeAssistant, own_door: Post, messages: Messages
) -> None:
    await set_up(hass, account([virtual_number(), contact("Anna", SENDER, "60777")]))
    await own_door(sms())
    for sender in (60777, "447700900666"):
        await own_door(sms(**fields("from", sender)))

    anna = er.async_get(hass).async_get("event.anna_message")
    assert anna
    keys = ("from", "from_name", "from_known", "from_device_id")
    assert [tuple(event.data[key] for key in keys) for event in messages] == [
        (SENDER, "Anna", True, anna.device_id),
        ("60777", "Anna", True, anna.device_id),
        ("+447700900666", None, False, None),
    ]
    assert state(hass, "sensor.gate_last_sender").state == "+447700900666"
    assert state(hass, "event.anna_message").attributes["from"] == "60777"


async def test_sender_who_is_turned_away(
    hass: HomeAssistant, door: Post, messages: Messages, caplog: pytest.LogCaptureFixture
) -> None:
    entry = account([virtual_number(), contact("Anna", SENDER)], options={"accept": "known"})
    await set_up(hass, entry)

    for sender in ("447700900666", None, "INFO"):
        assert await door(sms(**fields("from", sender))) == 200
    assert await door(sample("form_text.txt")) == 200
    assert messages == []
    assert state(hass, "sensor.gate_last_message").state == STATE_UNKNOWN
    assert state(hass, "sensor.intellisms_messages_ignored").attributes["sender"] == 4

    assert await door(sms()) == 200
    assert [event.data["from_name"] for event in messages] == ["Anna"]


# ---- entities ---------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Return a value as JSON has it: the words of core's enums are core's business."""
    return json.loads(json_bytes(value))


def redacted(shown: State) -> dict[str, Any]:
    """Return a state without what is another each time."""
    attributes = dict(shown.attributes)
    for key in ("access_token", "entity_picture", "from_device_id", "device_id"):
        if attributes.get(key):
            attributes[key] = "<ANY>"
    return {"state": shown.state} | attributes


def described(entity: er.RegistryEntry) -> dict[str, Any]:
    """Return what this integration says of an entity, if anything."""
    keys = (
        "unique_id",
        "translation_key",
        "original_name",
        "entity_category",
        "disabled_by",
        "original_device_class",
        "capabilities",
        "unit_of_measurement",
        "config_subentry_id",
        "has_entity_name",
    )
    return {key: said for key in keys if (said := getattr(entity, key)) is not None}


@pytest.fixture
async def described_account(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> MockConfigEntry:
    """Return an account, a number and a contact whose ids do not change."""
    freezer.move_to(NOW)
    subentries = [
        ConfigSubentryDataWithId(**virtual_number(), subentry_id="gate_id"),
        ConfigSubentryDataWithId(**contact("Anna", SENDER), subentry_id="anna_id"),
    ]
    entry = account(subentries, entry_id="account")
    await set_up(hass, entry)
    return entry


async def test_registries(
    hass: HomeAssistant, described_account: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    entities = er.async_entries_for_config_entry(er.async_get(hass), "account")
    found = {entity.entity_id: described(entity) for entity in entities}
    assert plain(found) == snapshot(name="entities")
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), "account")
    keys = ("identifiers", "name", "manufacturer", "model", "model_id", "entry_type")
    shown = [{key: getattr(device, key) for key in keys} for device in devices]
    assert plain(shown) == snapshot(name="devices")


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_states(
    hass: HomeAssistant,
    described_account: MockConfigEntry,
    own_door: Post,
    snapshot: SnapshotAssertion,
    freezer: FrozenDateTimeFactory,
) -> None:
    def states() -> Any:
        registry = er.async_get(hass)
        known = [shown for shown in hass.states.async_all() if registry.async_get(shown.entity_id)]
        return plain({shown.entity_id: redacted(shown) for shown in known})

    assert states() == snapshot(name="before the first message")
    for name in ("form_with_numbers.txt", "whatsapp_button_payload.json"):
        freezer.tick(60)
        await own_door(sample(name))
    await own_door(sample("whatsapp_button_payload.json"))
    await hass.async_block_till_done()
    assert states() == snapshot(name="after two messages, one of them posted twice")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (sms("x" * 255), "x" * 255),
        (sms("x" * 256), "x" * 254 + "…"),
        (sms("😃" * 300), "😃" * 254 + "…"),
        (sms("  spaces\n"), "  spaces\n"),
        (sms(""), "[Text]"),
        (whatsapp({"type": "image", "image": {"link": "LINK"}}), "[Picture]"),
        (whatsapp({"type": "image", "image": {"link": "LINK", "caption": "Look"}}), "Look"),
        (whatsapp({"type": "location", "location": {}}), "[Location]"),
        (whatsapp({"type": "hologram"}), "[hologram]"),
        (sms(content={"ud": "00ff"}), "[Binary message]"),
        (sms(content=None), "[Unknown kind]"),
    ],
)
async def test_last_message(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    body: str,
    shown: str,
) -> None:
    await own_door(body)

    last = state(hass, "sensor.gate_last_message")
    assert last.state == shown
    assert last.attributes["text"] == messages[0].data["text"]


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_long_values_fit_into_states(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    caplog: pytest.LogCaptureFixture,
) -> None:
    long = "A" * 1000
    reply = {"type": "reply", "interactive": {"title": long, "id": long}}
    await own_door(whatsapp(reply, **{"from": long, "channel": long}))
    await own_door(f"text={long}&networkcode={long}")
    await own_door(whatsapp({"type": long}, **{"from": long, "channel": long}))

    assert len(messages) == 3
    assert "exceed" not in caplog.text
    for shown in hass.states.async_all("sensor"):
        assert len(shown.state) <= 255


@pytest.mark.parametrize(
    ("entity_id", "attributes"),
    [
        ("event.gate_message", {"text", "raw", "user_data"}),
        ("sensor.gate_last_message", {"text", "recent"}),
    ],
)
async def test_what_is_said_is_not_recorded_twice(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    entity_id: str,
    attributes: set[str],
) -> None:
    await own_door(sms())
    info = state(hass, entity_id).state_info
    assert info
    assert attributes <= info["unrecorded_attributes"]


@pytest.mark.parametrize(
    ("word", "event_type"),
    [
        *((word.value, word.value) for word in MessageType),
        ("order", "other"),
        ("edit", "other"),
        ("other", "other"),
    ],
)
async def test_event_type(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, word: str, event_type: str
) -> None:
    await own_door(whatsapp({"type": word, "reaction": {"emoji": "👍"}}))

    shown = state(hass, "event.gate_message").attributes
    assert shown["event_type"] == event_type
    assert shown["type"] == word
    assert shown["event_types"][-1] == "other"


async def test_messages_are_shown_by_their_own_number_only(
    hass: HomeAssistant, own_door: Post
) -> None:
    await set_up(hass, account([virtual_number(), virtual_number(SHOP, "Shop")]))
    await own_door(sms("One"))
    await own_door(sms("Two", to=SHOP))
    await own_door(sms("Three", to=SHOP))

    assert state(hass, "sensor.gate_last_message").state == "One"
    assert state(hass, "sensor.gate_messages_received").state == "1"
    assert state(hass, "sensor.shop_last_message").state == "Three"
    assert state(hass, "sensor.shop_messages_received").state == "2"


async def test_account_sensors(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    freezer: FrozenDateTimeFactory,
) -> None:
    last_post = "sensor.intellisms_last_post"
    assert state(hass, last_post).state == STATE_UNKNOWN
    bodies = [sms().encode(), sms().encode(), b"nonsense", b'{"messages": [1, {}]}']
    for minute, body in enumerate([*bodies, sample("status_report.txt")]):
        freezer.move_to(f"2026-01-02T03:{minute:02}:00+00:00")
        await own_door(body)
        # Whatever is posted tells that the provider reaches us.
        assert state(hass, last_post).state == f"2026-01-02T03:{minute:02}:00+00:00"

    ignored = state(hass, "sensor.intellisms_messages_ignored")
    assert ignored.state == "3"
    reasons = ("duplicate", "sender", "bad_element", "unreadable")
    assert [ignored.attributes[reason] for reason in reasons] == [1, 0, 1, 1]


# ---- numbers that are not configured ----------------------------------------------


async def test_number_that_is_added_later_shows_what_came(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    assert await own_door(sms("First", to=SHOP)) == 200
    assert await own_door(sms("Second", to=SHOP)) == 200
    assert [event.data["device_id"] for event in messages] == [None, None]
    assert [event.data["to"] for event in messages] == [SHOP, SHOP]
    messages.clear()

    add(hass, loaded, virtual_number(SHOP, "Shop"))
    await hass.async_block_till_done()

    assert messages == []
    assert state(hass, "sensor.shop_last_message").state == "Second"
    assert state(hass, "sensor.shop_last_sender").state == SENDER
    assert state(hass, "sensor.shop_messages_received").state == "2"
    event = state(hass, "event.shop_message")
    device = er.async_get(hass).async_get("event.shop_message")
    assert device
    assert event.attributes["to_name"] == "Shop"
    assert event.attributes["device_id"] == device.device_id

    assert await own_door(sms("Second", to=SHOP)) == 200
    assert await own_door(sms("Third", to=SHOP)) == 200
    assert [event.data["device_id"] for event in messages] == [device.device_id]
    assert state(hass, "sensor.shop_messages_received").state == "3"
    assert state(hass, "event.shop_message").attributes["text"] == "Third"


# ---- order, contexts, faults ------------------------------------------------------


async def test_order(hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post) -> None:
    log: list[tuple[str, str, str, int]] = []

    @callback
    def look(what: Event[dict[str, Any]] | Delivery) -> None:
        where = str(what.event_type) if isinstance(what, Event) else "signal"
        shown = state(hass, "sensor.gate_last_message").state
        said = state(hass, "event.gate_message").attributes.get("text")
        if not isinstance(what, Event) or "gate" in what.data.get("entity_id", "gate"):
            log.append((where, shown, str(said), loaded.runtime_data.journal.seen_count))

    hass.bus.async_listen(EVENT_STATE_CHANGED, look)  # type: ignore[arg-type]
    hass.bus.async_listen(EVENT_MESSAGE_RECEIVED, look)
    async_dispatcher_connect(hass, SIGNAL_MESSAGE, look)
    await own_door(sms())

    places = [where for where, *_ in log]
    assert places == [EVENT_STATE_CHANGED] * (len(log) - 2) + [EVENT_MESSAGE_RECEIVED, "signal"]
    assert len(log) > 4
    assert [seen for _, *seen in log[-2:]] == [["Hello", "Hello", 0]] * 2
    assert loaded.runtime_data.journal.seen_count == 1


async def test_what_one_does_to_what_it_was_told_changes_nothing_for_others(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post
) -> None:
    def change(event: Event[dict[str, Any]]) -> None:
        event.data["text"] = "Changed"

    hass.bus.async_listen(EVENT_MESSAGE_RECEIVED, callback(change))
    told: list[dict[str, Any]] = []
    for _ in range(2):
        async_dispatcher_connect(
            hass, SIGNAL_MESSAGE, callback(lambda delivery: told.append(delivery.as_event()))
        )
    await own_door(sms())
    told[0]["text"] = "Changed"

    assert told[1]["text"] == "Hello"
    assert state(hass, "event.gate_message").attributes["text"] == "Hello"
    assert await hass.config_entries.async_reload(loaded.entry_id)
    assert state(hass, "event.gate_message").attributes["text"] == "Hello"


async def test_each_message_has_a_context_of_its_own(
    hass: HomeAssistant, own_door: Post, messages: Messages
) -> None:
    await set_up(hass, account([virtual_number(), contact("Anna", SENDER)]))
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    signalled: list[str] = []
    async_dispatcher_connect(
        hass, SIGNAL_MESSAGE, callback(lambda received: signalled.append(received.context.id))
    )
    elements = [json.loads(sms(text))["messages"][0] for text in ("One", "Two")]
    await own_door(json.dumps({"messages": elements}))

    contexts = [event.context.id for event in messages]
    assert len(set(contexts)) == 2
    assert signalled == contexts
    assert all(event.context.parent_id is event.context.user_id is None for event in messages)
    entity_ids = ["event.gate_message", "sensor.gate_last_message", "sensor.anna_last_message"]
    for entity_id in [*entity_ids, "sensor.gate_messages_received", "event.anna_message"]:
        mine = [change for change in changes if change.data["entity_id"] == entity_id]
        assert [change.context.id for change in mine] in (contexts, contexts[:1]), entity_id
        assert [change.data["new_state"].context.id for change in mine][:1] == contexts[:1]


def failing_once(
    original: Callable[..., Any], event_type: str
) -> tuple[Callable[..., Any], list[bool]]:
    """Return `EventBus.async_fire` with a fault at the first event of a type."""
    failed: list[bool] = []

    def fire(bus: Any, fired: str, data: Any = None, **kwargs: Any) -> None:
        if fired == event_type and not failed:
            failed.append(True)
            raise RuntimeError(data)
        original(bus, fired, data, **kwargs)

    return fire, failed


@pytest.mark.parametrize(
    ("event_type", "body"),
    [(EVENT_MESSAGE_RECEIVED, sms()), (EVENT_MESSAGE_STATUS, "msgid=7&status=4&toaddr=60777")],
)
async def test_fault_before_the_event_is_retried_and_published_once(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    door: Post,
    caplog: pytest.LogCaptureFixture,
    event_type: str,
    body: str,
) -> None:
    await door(sms("Before"))
    published = async_capture_events(hass, event_type)
    fire, failed = failing_once(type(hass.bus).async_fire, event_type)
    with patch.object(type(hass.bus), "async_fire", fire):
        statuses = [await door(body) for _ in range(3)]

    assert failed
    assert statuses == [500, 200, 200]
    assert len(published) == 1
    total = 2 if event_type == EVENT_MESSAGE_RECEIVED else 1
    assert state(hass, "sensor.gate_messages_received").state == str(total)
    faults = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert [record.levelname for record in faults] == ["ERROR"]
    assert "receiver.py" in faults[0].getMessage()
    assert "RuntimeError" in faults[0].getMessage()


async def test_fault_in_a_message_to_an_unconfigured_number_counts_once(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post
) -> None:
    fire, _ = failing_once(type(hass.bus).async_fire, EVENT_MESSAGE_RECEIVED)
    with patch.object(type(hass.bus), "async_fire", fire):
        assert [await own_door(sms(to=SHOP)) for _ in range(2)] == [500, 200]
    add(hass, loaded, virtual_number(SHOP, "Shop"))
    await hass.async_block_till_done()
    assert state(hass, "sensor.shop_messages_received").state == "1"


async def test_fault_of_an_entity_keeps_the_200(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with patch.object(EventEntity, "_trigger_event", side_effect=ValueError("Hello")):
        assert await own_door(sms()) == 200
    assert await own_door(sms()) == 200

    assert len(messages) == 1
    assert state(hass, "sensor.gate_last_message").state == "Hello"
    assert "Unexpected ValueError" in caplog.text
    assert "event.py" in caplog.text


async def test_fault_of_a_listener_keeps_the_200(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    own_door: Post,
    messages: Messages,
    caplog: pytest.LogCaptureFixture,
) -> None:
    @callback
    def listener(_: Event[dict[str, Any]]) -> None:
        raise RuntimeError

    hass.bus.async_listen(EVENT_MESSAGE_RECEIVED, listener)
    assert [await own_door(sms()) for _ in range(2)] == [200, 200]
    assert len(messages) == 1


async def test_the_event_names_its_message_entity(
    hass: HomeAssistant, loaded: MockConfigEntry, own_door: Post, messages: Messages
) -> None:
    await own_door(sms("One"))
    er.async_get(hass).async_update_entity("event.gate_message", new_entity_id="event.renamed")
    await hass.async_block_till_done()
    await own_door(sms("Two"))
    await own_door(sms("Elsewhere", to=SHOP))
    assert [event.data["entity_id"] for event in messages] == [
        "event.gate_message",
        "event.renamed",
        None,
    ]
    # A state that has it as an attribute is taken for a group.
    assert "entity_id" not in state(hass, "event.renamed").attributes
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()
    assert "entity_id" not in state(hass, "event.renamed").attributes
