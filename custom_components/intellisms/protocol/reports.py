"""Status reports, which the provider posts as JSON or as a form.

The codes and words are those of the provider's page "Receive SMS Message".
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from .identity import as_json, in_one_spelling, key_of
from .models import StatusReport
from .numbers import line
from .values import read_code, read_identifier, read_number, read_word

UNKNOWN_STATUS = "unknown"
# Message status codes and what they are called here.
STATUS_WORDS: Mapping[int | None, str] = {
    0: UNKNOWN_STATUS,
    1: "ok",
    2: "queued",
    3: "sent",
    4: "delivered",
    5: "request_error",
    6: "undeliverable",
    7: "routing_error",
    8: "expired",
    11: "acknowledged",
    12: "rejected",
    13: "rejected_spam_filter",
    14: "read",
    15: "rejected_response_window",
    16: "rejected_age_restriction",
    17: "recipient_not_provisioned",
}
# The provider calls two of them otherwise.
_BY_WORD = {word: word for word in STATUS_WORDS.values()} | {
    "error_with_request": "request_error",
    "unable_to_deliver": "undeliverable",
}


class Category(StrEnum):
    """What the provider makes of a status."""

    SUCCESS = "success"
    INTERIM = "interim"
    FAILURE = "failure"
    REJECTION = "rejection"


RESPONSE_WINDOW: Final = "rejected_response_window"
# What a status is where the provider does not say so itself, as in a form.
_CATEGORIES: Mapping[str, Category] = {
    **dict.fromkeys(("ok", "queued", "sent"), Category.INTERIM),
    **dict.fromkeys(("delivered", "read", "acknowledged"), Category.SUCCESS),
    **dict.fromkeys(
        (
            "request_error",
            "undeliverable",
            "routing_error",
            "expired",
            "recipient_not_provisioned",
        ),
        Category.FAILURE,
    ),
    **dict.fromkeys(
        (
            "rejected",
            "rejected_spam_filter",
            RESPONSE_WINDOW,
            "rejected_age_restriction",
        ),
        Category.REJECTION,
    ),
}
# Statuses of a message that does not arrive any more.
NOT_DELIVERED: Final = frozenset(
    status
    for status, category in _CATEGORIES.items()
    if category in {Category.FAILURE, Category.REJECTION}
)
# How far along its way a message is, the furthest last. What has arrived did not fail, whatever
# is reported besides; what a person did with it they did after it had arrived.
_WAY: Final = (
    ("ok",),
    ("queued",),
    ("sent",),
    tuple(NOT_DELIVERED - {"rejected"}),
    ("delivered",),
    ("read", "acknowledged", "rejected"),
)
_PLACES = {status: place for place, statuses in enumerate(_WAY) for status in statuses}


def is_further(status: str, than: str) -> bool:
    """Tell whether a status is news of a message of which another one is known.

    What is no status of a report, as `may_have_been_sent`, is before all of them, and
    `unknown` is never news.
    """
    return _PLACES.get(status, -1) > _PLACES.get(than, -1)


def category_of(report: StatusReport) -> str | None:
    """Return the category of a report, by its status where the provider does not say."""
    known = _CATEGORIES.get(report.status)
    # Templates of Home Assistant 2026.7 write it out, and read a plain text only.
    return report.category or (known.value if known else None)


def message_key(message_id: str, to: str) -> str:
    """Return what tells which message a report is about.

    An id may be that of messages to several recipients, whose numbers may be spelled otherwise.
    """
    return key_of(as_json(["sent", message_id, line(to)]))


def read_form_report(fields: Mapping[str, str]) -> StatusReport:
    """Read a form: `msgid`, `toaddr`, and `status`, which is a code."""
    return read_report(
        {
            "messageid": fields.get("msgid"),
            "to": fields["toaddr"],
            "status": fields["status"],
        }
    )


def read_report(posted: Mapping[str, Any]) -> StatusReport:
    """Read a notification of JSON: `messageid`, `to`, `status`, `status_code` and more.

    A word that is known counts before a code, which may also stand in the word's place.
    """
    message_id, to = read_identifier(posted.get("messageid")), read_number(posted.get("to"))
    word, code = read_word(posted.get("status")), read_code(posted.get("status_code"))
    if (in_place_of_word := read_code(posted.get("status"))) is not None:
        word, code = None, in_place_of_word if code is None else code
    lower = (word or "").lower()
    known = _BY_WORD.get(lower) or STATUS_WORDS.get(code)
    identity = in_one_spelling(posted, {"messageid": message_id, "to": to and line(to)})
    return StatusReport(
        # The word keeps it apart from messages, whose ids are in the same journal.
        key=key_of(as_json(["status", *identity, known or lower or code])),
        message_id=message_id,
        to=to,
        status=known or UNKNOWN_STATUS,
        status_code=code,
        status_text=word,
        category=read_word(posted.get("category")),
        user_key=read_identifier(posted.get("userkey")),
    )
