"""What a message of a JSON post says, read from its `content`.

The provider's page "Receive SMS Message" shows an SMS (`text`, or `ud` with hex) and four
types of WhatsApp's `msgobject`. The shapes of other types are those of Meta's page "Webhooks",
since the provider passes WhatsApp's objects on.
"""

from collections.abc import Callable, Mapping
import json
from typing import NotRequired, TypedDict

from .models import MessageType
from .values import JsonObject, read_identifier, read_object, read_text, read_word

# Bytes of JSON; a larger object would not fit into an event that the recorder keeps.
RAW_LIMIT = 16 * 1024
UNKNOWN_TYPE = "unknown"


class Content(TypedDict):
    """The fields of a `Message` that its content decides; one left out has its default there."""

    type: str
    text: NotRequired[str | None]
    button_id: NotRequired[str | None]
    button_text: NotRequired[str | None]
    media_url: NotRequired[str | None]
    user_data: NotRequired[str | None]


class Raw(TypedDict):
    """The fields of a `Message` that keep what was posted."""

    raw: JsonObject | None
    raw_truncated: bool


def read_content(content: JsonObject) -> Content:
    """Read a message's `content`.

    The fields that are there decide, never `msgtype`: copies of the provider's page disagree
    on it, and one says `unicode` for a text with an emoji.
    """
    if isinstance(message := content.get("msgobject"), dict):
        return _whatsapp(message)
    text, user_data = read_text(content.get("text")), read_text(content.get("ud"))
    if text is not None:
        return {"type": MessageType.TEXT.value, "text": text, "user_data": user_data}
    if user_data is not None:
        return {"type": MessageType.BINARY.value, "user_data": user_data}
    word = read_word(content.get("msgtype"))
    return {"type": MessageType.TEXT.value if word == "unicode" else word or UNKNOWN_TYPE}


def raw_fields(element: JsonObject | None) -> Raw:
    """Keep an object as it was posted, unless it is longer than `RAW_LIMIT`; None is not kept."""
    stored = json.dumps(element, ensure_ascii=False, separators=(",", ":"), default=str)
    if len(stored.encode()) > RAW_LIMIT:
        return {"raw": None, "raw_truncated": True}
    return {"raw": element, "raw_truncated": False}


def read_reply_to(element: JsonObject) -> str | None:
    """Return the id of the message that an element of a post answers.

    WhatsApp has it in `context.id` of its object. Where the provider has it is documented
    nowhere, so the objects around that one are asked as well.
    """
    content = read_object(element, "content")
    for holder in (read_object(content, "msgobject"), content, element):
        if reply_to := read_identifier(read_object(holder, "context").get("id")):
            return reply_to
    return None


# ---- WhatsApp: a reader for each type, given the `msgobject` and the type -------------


def _whatsapp(message: JsonObject) -> Content:
    """Read a `msgobject` by its type; one of a type without a reader may be media."""
    kind = read_word(message.get("type")) or UNKNOWN_TYPE
    return _READERS.get(kind, _media)(message, kind)


def _text(message: JsonObject, kind: str) -> Content:
    """Read what a person wrote: `text.body`."""
    return {"type": kind, "text": read_text(read_object(message, "text").get("body"))}


def _button(message: JsonObject, kind: str) -> Content:
    """Read a tap on a template's quick reply: `button.text`.

    The label counts as what the person said, because nothing else was. `button.payload` is
    the id that the template gave the button: Meta documents it, the provider's samples have
    none, so a button must be found by its label too.
    """
    button = read_object(message, "button")
    label = read_text(button.get("text"))
    payload = read_text(button.get("payload"))
    return {"type": kind, "text": label, "button_text": label, "button_id": payload}


def _reply(message: JsonObject, kind: str) -> Content:
    """Read a tap on a reply button: the provider's `interactive.title` and `.id`.

    They may be one level deeper, in `interactive.button_reply`, as Meta has them.
    """
    interactive = read_object(message, "interactive")
    return _choice(kind, read_object(interactive, "button_reply") or interactive)


def _list_reply(message: JsonObject, kind: str) -> Content:
    """Read a choice from a list, which no sample shows, wherever it may stand."""
    interactive = read_object(message, "interactive")
    return _choice(
        kind,
        read_object(message, "list_reply") or read_object(interactive, "list_reply") or interactive,
    )


def _interactive(message: JsonObject, kind: str) -> Content:
    """Read a tap or a choice in Meta's own shape, and give it the provider's type."""
    interactive = read_object(message, "interactive")
    if reply := read_object(interactive, "button_reply"):
        return _choice(MessageType.REPLY.value, reply)
    if reply := read_object(interactive, "list_reply"):
        return _choice("list_reply", reply)
    word = read_word(interactive.get("type"))
    # `interactive.type` "button" is what a business sends. If it became this message's type, the
    # message would be taken for a tap that we understand, and would lose its raw object.
    return {"type": word if word and word not in MessageType else kind}


def _choice(kind: str, choice: JsonObject) -> Content:
    """Read the title and id of what was chosen; the title counts as what the person said."""
    title, chosen = read_text(choice.get("title")), read_text(choice.get("id"))
    return {"type": kind, "text": title, "button_text": title, "button_id": chosen}


def _media(message: JsonObject, kind: str) -> Content:
    """Read what media have in the object named like their type: `image.link`, `image.caption`."""
    media = read_object(message, kind)
    return {
        "type": kind,
        "text": read_text(media.get("caption")),
        "media_url": read_text(media.get("link")),
    }


_READERS: Mapping[str, Callable[[JsonObject, str], Content]] = {
    "text": _text,
    "button": _button,
    "reply": _reply,
    "interactive": _interactive,
    "list_reply": _list_reply,
}
