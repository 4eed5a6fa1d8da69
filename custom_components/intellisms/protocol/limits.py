"""WhatsApp's and the provider's limits, and the checks that what is sent keeps them.

They stand in Meta's "Interactive reply buttons messages", "Interactive list messages", "Image
messages" and "Template messages", and in the provider's "Send SMS Message".
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
import re
from urllib.parse import urlsplit

# Characters, except for `MAX_BUTTONS`, `MAX_ROWS` and `MAX_TEMPLATE_BUTTONS`.
MAX_WHATSAPP_TEXT = 4096
MAX_BUTTONS_BODY = 1024
MAX_LIST_BODY = 4096
MAX_BUTTONS = 3
MAX_BUTTON_TITLE = 20
MAX_BUTTON_ID = 256
MAX_LIST_BUTTON = 20
MAX_ROWS = 10
MAX_ROW_TITLE = 24
MAX_ROW_DESCRIPTION = 72
MAX_ROW_ID = 200
MAX_HEADER = 60
MAX_FOOTER = 60
MAX_CAPTION = 1024
MAX_LINK = 2048
MAX_TEMPLATE_NAME = 512
MAX_TEMPLATE_PARAMETER = 1024
MAX_TEMPLATE_BUTTONS = 10
MAX_TEMPLATE_TITLE = 25
MAX_SENDER_ID = 11


class ContentProblem(StrEnum):
    """Why something cannot be sent; each is a translation key of exceptions."""

    # These have a placeholder `field`.
    EMPTY = "content_empty"
    INVALID = "content_invalid"
    TWICE = "content_twice"
    NOT_HTTPS = "content_not_https"
    NEEDS_ANSWERS = "content_needs_answers"
    # This has `field` and `channel`.
    WRONG_CHANNEL = "content_wrong_channel"
    # These have `field` and `limit`.
    TOO_LONG = "content_too_long"
    TOO_MANY = "content_too_many"
    # This has `parts` and `limit`.
    TOO_MANY_PARTS = "content_too_many_parts"


class ContentError(Exception):
    """Something cannot be sent as it is.

    `problem` is a translation key; the placeholders name fields, places in them and limits, never
    what stands there.
    """

    def __init__(self, problem: ContentProblem, **placeholders: str | int) -> None:
        """Keep the reason."""
        super().__init__(problem.value)
        self.problem = problem
        self.placeholders = {name: str(value) for name, value in placeholders.items()}


def check_text(name: str, text: str, limit: int | None = None) -> None:
    """Refuse a text that is empty, too long, or has half a character in it."""
    if not text.strip():
        raise ContentError(ContentProblem.EMPTY, field=name)
    if limit is not None and len(text) > limit:
        raise ContentError(ContentProblem.TOO_LONG, field=name, limit=limit)
    # A lone surrogate is no character, and no JSON that everyone reads.
    if any("\ud800" <= one <= "\udfff" for one in text):
        raise ContentError(ContentProblem.INVALID, field=name)


def check_match(name: str, text: str, pattern: re.Pattern[str]) -> None:
    """Refuse a text that is not written as it has to be."""
    if not pattern.fullmatch(text):
        raise ContentError(ContentProblem.INVALID, field=name)


def check_count(name: str, values: Sequence[object], limit: int) -> None:
    """Refuse more than the limit."""
    if len(values) > limit:
        raise ContentError(ContentProblem.TOO_MANY, field=name, limit=limit)


def check_unlike(answers: Iterable[str]) -> None:
    """Refuse answers of which two are alike."""
    seen: set[str] = set()
    for place, answer in enumerate(answers, 1):
        if answer in seen:
            raise ContentError(ContentProblem.TWICE, field=f"answers {place}")
        seen.add(answer)


def check_link(name: str, link: str) -> None:
    """Refuse what is no https link; whether it is public only the provider can tell."""
    check_text(name, link, MAX_LINK)
    try:
        parts = urlsplit(link)
        is_https = parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        is_https = False
    if not is_https or any(one.isspace() for one in link):
        raise ContentError(ContentProblem.NOT_HTTPS, field=name)
