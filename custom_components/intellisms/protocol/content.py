"""What a message of a JSON post says, read from its `content`.

The provider's page "Receive SMS Message" shows an SMS (`text`, or `ud` with hex) and four
types of WhatsApp's `msgobject`. The shapes of other types are those of Meta's page "Webhooks",
since the provider passes WhatsApp's objects on.
"""

from collections.abc import Callable, Mapping
from typing import NotRequired, TypedDict

from .models import EDIT, MessageType
from .values import (
    JsonObject,
    read_decimal,
    read_name,
    read_number,
    read_object,
    read_objects,
    read_text,
    read_word,
)

UNKNOWN_TYPE = "unknown"


class Content(TypedDict):
    """The fields of a `Message` that its content decides; one left out has its default there."""

    type: str
    text: NotRequired[str | None]
    button_id: NotRequired[str | None]
    button_text: NotRequired[str | None]
    media_url: NotRequired[str | None]
    media_type: NotRequired[str | None]
    file_name: NotRequired[str | None]
    latitude: NotRequired[float | None]
    longitude: NotRequired[float | None]
    notice: NotRequired[bool]
    user_data: NotRequired[str | None]


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
    word = read_name(content.get("msgtype"))
    return {"type": MessageType.TEXT.value if word == "unicode" else word or UNKNOWN_TYPE}


def with_unsigned_links(content: JsonObject) -> JsonObject:
    """Return a `content` whose links to media have no query, the same object if none has one.

    The provider may sign a link anew each time it posts a message. What a person wrote
    stays as it is.
    """
    posted = read_object(content, "msgobject")
    kind, message = typed(posted)
    if kind != EDIT:
        unsigned = _unsigned(kind, message)
        return content if unsigned is message else {**content, "msgobject": unsigned}
    edit = read_object(message, EDIT)
    kind, inner = typed(read_object(edit, "message"))
    if (unsigned := _unsigned(kind, inner)) is inner:
        return content
    return {**content, "msgobject": {**message, EDIT: {**edit, "message": unsigned}}}


def _unsigned(kind: str, message: JsonObject) -> JsonObject:
    """Return a `msgobject` whose media have links without a query."""
    if _READERS.get(kind, _media) not in (_media, _failed):
        return message
    media = read_object(message, kind)
    links = {
        name: _without_query(link)
        for name in ("link", "url")
        if (link := read_text(media.get(name))) and "?" in link
    }
    return {**message, kind: media | links} if links else message


def _without_query(link: str) -> str:
    """Return a link without what stands between its `?` and its `#`."""
    address, mark, fragment = link.partition("#")
    return address.partition("?")[0] + mark + fragment


# ---- WhatsApp: a reader for each type, given the `msgobject` and the type -------------


def _whatsapp(message: JsonObject) -> Content:
    """Read a `msgobject` by its type; one of a type without a reader may be media."""
    kind, message = typed(message)
    return _READERS.get(kind, _media)(message, kind)


def typed(message: JsonObject) -> tuple[str, JsonObject]:
    """Return a `msgobject`'s type, and the object with what it says under that very word.

    Where the type has capital letters, that may have them too: `{"type": "Image", "Image": ...}`.
    """
    word = read_word(message.get("type"))
    kind = read_name(word) or UNKNOWN_TYPE
    if word in message and kind not in message:
        message = {kind if name == word else name: value for name, value in message.items()}
    return kind, message


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

    They may be one level deeper, in `interactive.button_reply`, as Meta has them, and so may
    a choice from a list.
    """
    interactive = read_object(message, "interactive")
    if choice := read_object(interactive, "list_reply"):
        return _choice(MessageType.LIST_REPLY.value, choice)
    return _choice(kind, read_object(interactive, "button_reply") or interactive)


def _list_reply(message: JsonObject, kind: str) -> Content:
    """Read a choice from a list, which no sample shows, wherever it may stand."""
    interactive = read_object(message, "interactive")
    return _choice(
        kind,
        read_object(message, "list_reply") or read_object(interactive, "list_reply") or interactive,
    )


def _interactive(message: JsonObject, kind: str) -> Content:
    """Read a tap, a choice or a form's answer in Meta's own shape, by the type of what is in it."""
    interactive = read_object(message, "interactive")
    if reply := read_object(interactive, "button_reply"):
        return _choice(MessageType.REPLY.value, reply)
    if reply := read_object(interactive, "list_reply"):
        return _choice(MessageType.LIST_REPLY.value, reply)
    word = read_name(interactive.get("type"))
    # `interactive.type` "button" is what a business sends. If it became this message's type, the
    # message would be taken for a tap that we understand.
    if word is None or word in MessageType or word in _READERS:
        return {"type": kind}
    return {"type": word, "text": read_text(read_object(interactive, word).get("body"))}


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
        "media_url": read_text(media.get("link")) or read_text(media.get("url")),
        "media_type": read_text(media.get("mime_type")),
        "file_name": read_text(media.get("filename")),
    }


def _location(message: JsonObject, kind: str) -> Content:
    """Read a place: where it is, and its name and address, which one without them does not have."""
    place = read_object(message, "location")
    named = [text for name in ("name", "address") if (text := read_text(place.get(name)))]
    return {
        "type": kind,
        "text": ", ".join(named) or None,
        "latitude": read_decimal(place.get("latitude")),
        "longitude": read_decimal(place.get("longitude")),
    }


def _contacts(message: JsonObject, kind: str) -> Content:
    """Read cards, one a line: the name and the numbers of each."""
    cards = map(_card, read_objects(message, "contacts"))
    return {"type": kind, "text": "\n".join(filter(None, cards)) or None}


def _card(card: JsonObject) -> str:
    """Return a card's name and numbers in a row."""
    name = read_object(card, "name")
    parts = [read_text(name.get(part)) for part in ("first_name", "last_name")]
    called = read_text(name.get("formatted_name")) or " ".join(filter(None, parts))
    return ", ".join(filter(None, [called, *map(_phone, read_objects(card, "phones"))]))


def _phone(phone: JsonObject) -> str | None:
    """Return a number of a card: as it stands there, unless only WhatsApp knows its country."""
    number, known = read_number(phone.get("phone")), read_number(phone.get("wa_id"))
    return number if number and number.startswith("+") else known or number


def _reaction(message: JsonObject, kind: str) -> Content:
    """Read an emoji; where there is none, it was taken back."""
    emoji = read_text(read_object(message, "reaction").get("emoji")) or ""
    return {"type": kind, "text": emoji, "notice": is_notice(kind, emoji)}


def _edited(message: JsonObject, kind: str) -> Content:
    """Read what a message says now: the `msgobject` that replaces it, but no button of that."""
    edit = read_object(message, EDIT)
    inner_kind, inner = typed(read_object(edit, "message"))
    now = _READERS.get(inner_kind, _media)(inner, inner_kind)
    return {**now, "type": kind, "button_text": None, "button_id": None, "notice": False}


def _system(message: JsonObject, kind: str) -> Content:
    """Read what WhatsApp says of a person, such as that their number changed."""
    body = read_text(read_object(message, "system").get("body"))
    return {"type": kind, "text": body, "notice": True}


def _nothing_said(_message: JsonObject, kind: str) -> Content:
    """Read that a message was deleted or a chat opened, or what WhatsApp does not pass on."""
    return {"type": kind, "notice": True}


def _failed(message: JsonObject, kind: str) -> Content:
    """Read a message that WhatsApp could not pass on, if it has `errors`."""
    return {**_media(message, kind), "notice": bool(message.get("errors"))}


def _order(message: JsonObject, kind: str) -> Content:
    """Read what a person wrote with an order from a catalogue."""
    return {"type": kind, "text": read_text(read_object(message, "order").get("text"))}


def is_notice(kind: str, text: str | None) -> bool:
    """Tell whether nobody said a message of this type with this text, whatever else it has."""
    if kind == MessageType.REACTION:
        return not text
    return _READERS.get(kind) in (_nothing_said, _system)


_READERS: Mapping[str, Callable[[JsonObject, str], Content]] = {
    "text": _text,
    "button": _button,
    "reply": _reply,
    "interactive": _interactive,
    "list_reply": _list_reply,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "order": _order,
    EDIT: _edited,
    "revoke": _nothing_said,
    "system": _system,
    "request_welcome": _nothing_said,
    "unsupported": _nothing_said,
    "ephemeral": _failed,
    UNKNOWN_TYPE: _failed,
}
