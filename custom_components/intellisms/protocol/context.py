"""What stands around the words of a message of a JSON post: who says them, and to what.

The provider documents none of this. WhatsApp has it in its `msgobject` (Meta's page "Webhooks");
in case the provider moves it, the objects around that one are asked as well.
"""

from collections.abc import Iterable
from typing import Any, TypedDict

from .content import typed
from .models import EDIT, ChannelName
from .numbers import is_user_id
from .values import JsonObject, read_identifier, read_number, read_object

_NAMES = frozenset({"context", "from_user_id", "group_id", "profile", "user_id", "username"})
# Where a type has the id of the message that it is about.
_REFERENCES = {
    "reaction": "message_id",
    "edit": "original_message_id",
    "revoke": "original_message_id",
}


class Context(TypedDict):
    """The fields of a `Message` that do not depend on its type."""

    sender: str | None
    user_id: str | None
    username: str | None
    reply_to: str | None
    forwarded: bool
    group_id: str | None


def read_context(element: JsonObject, *, channel: str | None) -> Context:
    """Read who sent an element of a post by a channel, and what it refers to.

    Who has no number is who their user id says.
    """
    content = read_object(element, "content")
    kind, message = typed(read_object(content, "msgobject"))
    # New words for what was passed on are passed on as well.
    edited = read_object(read_object(message, EDIT), "message") if kind == EDIT else {}
    # Most messages have nothing of it, and there may be thousands of them in a post.
    holders = [one for one in (message, content, element) if not _NAMES.isdisjoint(one)]
    contexts = [read_object(holder, "context") for holder in holders]
    sender = read_number(element.get("from"))
    user_id = _first(holders, "from_user_id", "user_id")
    if channel == ChannelName.WHATSAPP and user_id is None and sender and is_user_id(sender):
        user_id = sender
    profiles = [read_object(holder, "profile") for holder in holders]
    return {
        "sender": sender or user_id,
        "user_id": user_id,
        "username": _first((*holders, *profiles), "username"),
        "reply_to": _reference(kind, message) or _first(contexts, "id"),
        "forwarded": any(
            _is_true(context.get(name))
            for context in (*contexts, read_object(edited, "context"))
            for name in ("forwarded", "frequently_forwarded")
        ),
        "group_id": _first((*holders, edited), "group_id"),
    }


def _reference(kind: str, message: JsonObject) -> str | None:
    """Return the id of the message that a `msgobject` reacts to, edits or deletes."""
    return read_identifier(read_object(message, kind).get(_REFERENCES.get(kind, "")))


def _first(holders: Iterable[JsonObject], *names: str) -> str | None:
    """Return the first id that one of the objects has under one of the names."""
    found = (read_identifier(holder.get(name)) for holder in holders for name in names)
    return next(filter(None, found), None)


def _is_true(value: Any) -> bool:
    """Tell whether a mark is set; words that may be forwarded are better passed over."""
    return value == 1 or (isinstance(value, str) and value.strip().lower() in ("true", "1"))
