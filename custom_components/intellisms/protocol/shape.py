"""The outline of a post without its content, so that it can be shown in public."""

from typing import Any

# Names that the provider and WhatsApp document; any other may be what a person wrote.
_KNOWN_NAMES = frozenset(
    {
        "action", "address", "audio", "body", "button", "button_reply", "caption", "category",
        "channel", "contacts", "content", "context", "document", "edit", "emoji", "error",
        "errors", "filelist", "filename", "format", "formatted_name", "forwarded",
        "frequently_forwarded", "from", "from_user_id", "group_id", "id", "image", "interactive",
        "latitude", "link", "list_reply", "location", "longitude", "message", "message_id",
        "messageid", "messages", "mime_type", "msgid", "msgobject", "msgtype", "msisdn", "name",
        "networkcode", "nfm_reply", "notifications", "notificationtype", "order", "origin",
        "original_message_id", "payload", "phone", "phones", "profile", "reaction", "referral",
        "reply", "revoke", "sent", "sha256", "source", "status", "status_code", "sticker",
        "sublistname", "sublisttype", "system", "text", "timestamp", "title", "to", "toaddr",
        "type", "ud", "unsupported", "url", "user_id", "userkey", "username", "video", "voice",
        "wa_id",
    }
)  # fmt: skip
_SCALARS = {type(None): "null", bool: "bool", int: "number", float: "number", str: "text"}
# Levels of objects and lists, and fields or elements of each, that an outline shows.
_DEPTH = 6
_WIDTH = 20
# Characters of an outline. Those of the provider's own posts are below 200, but one of many wide
# objects in each other would fill megabytes.
_LONGEST = 1000


def shape_of(value: Any) -> str:
    """Describe a JSON value by its types and field names: `{messages: [{to: text, ?: number}]}`.

    At most `_LONGEST` characters; a name that the provider does not document is `?`.
    """
    return _outline(value, 0)[:_LONGEST]


def _outline(value: Any, depth: int) -> str:
    """Describe a value that stands `depth` levels down; elements that look alike show once."""
    if isinstance(value, dict | list) and depth >= _DEPTH:
        return "..."
    if isinstance(value, dict):
        shown = [
            f"{key if key in _KNOWN_NAMES else '?'}: {_outline(item, depth + 1)}"
            for key, item in list(value.items())[:_WIDTH]
        ]
        return "{" + ", ".join(shown + ["..."] * (len(value) > _WIDTH)) + "}"
    if isinstance(value, list):
        shown = list(dict.fromkeys(_outline(item, depth + 1) for item in value[:_WIDTH]))
        return "[" + " | ".join(shown) + "]"
    return _SCALARS.get(type(value), "?")


def shape_of_form(fields: dict[str, str]) -> str:
    """Describe a form by the names of its fields: `form: msgid, ?`."""
    names = [name if name in _KNOWN_NAMES else "?" for name in list(fields)[:_WIDTH]]
    return "form: " + ", ".join(names)
