"""What became of a message that was sent, as the provider's answer tells.

Each post has one recipient, so an answer with a single element is about them, however their
number is written in it. Ids are opaque, and may be those of other messages too.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
import json
import re
from typing import Any

from .numbers import line
from .values import (
    JsonObject,
    read_code,
    read_decimal,
    read_identifier,
    read_name,
    read_number,
    read_objects,
)


class SendOutcome(StrEnum):
    """What became of a message; *may have been sent* is for where nobody can tell."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    MAY_HAVE_BEEN_SENT = "may_have_been_sent"


class SendError(StrEnum):
    """Why a message was not sent, or may not have been; the provider may have other words.

    Those down to `GATEWAY_ERROR` are the provider's.
    """

    INVALID_NUMBER = "invalid_number"
    LOGIN_INVALID = "login_invalid"
    INTERNAL_ERROR = "internal_error"
    AUTH_PARAMETER_MISSING = "auth_parameter_missing"
    AUTH_PARAMETER_INVALID = "auth_parameter_invalid"
    CONNECTION_NOT_SECURE = "connection_not_secure"
    INSUFFICIENT_CREDIT = "insufficient_credit"
    INVALID_REQUEST = "invalid_request"
    NO_TO = "no_to"
    DAILY_ALLOWANCE_EXCEEDED = "daily_allowance_exceeded"
    GATEWAY_ERROR = "gateway_error"
    # It gave an error without a word that is a name.
    UNKNOWN_ERROR = "unknown_error"
    # The answer is not in the provider's format.
    UNREADABLE_ANSWER = "unreadable_answer"
    # No connection was made; or there was one, but no answer.
    CANNOT_CONNECT = "cannot_connect"
    NO_ANSWER = "no_answer"
    # Home Assistant or the account was stopped, or whoever wanted it sent.
    STOPPED = "stopped"
    # We refused.
    HOURLY_LIMIT = "hourly_limit"
    OWN_NUMBER = "own_number"
    # A fault of ours, which is logged.
    UNEXPECTED = "unexpected"


KEYS_REFUSED = frozenset(
    {
        SendError.LOGIN_INVALID,
        SendError.AUTH_PARAMETER_MISSING,
        SendError.AUTH_PARAMETER_INVALID,
    }
)
_BY_CODE = {
    2: SendError.INVALID_NUMBER,
    11: SendError.LOGIN_INVALID,
    12: SendError.INTERNAL_ERROR,
    20: SendError.AUTH_PARAMETER_MISSING,
    21: SendError.AUTH_PARAMETER_INVALID,
    22: SendError.CONNECTION_NOT_SECURE,
}
# A name as the provider's are. Anything else may quote what was sent, and errors are logged.
_NAME = re.compile(r"[a-z]+(?:_(?:[a-z]+|[0-9]{1,3}))*")


class AnswerError(Exception):
    """An answer that does not have what was asked for; `error` is why, in a word."""

    def __init__(self, error: str) -> None:
        """Keep the word."""
        super().__init__(error)
        self.error = error


@dataclass(frozen=True, kw_only=True, slots=True)
class SendResult:
    """What became of a message to one recipient.

    `error` is a word of `SendError` or the provider's own, and None where it was sent; it never
    holds more than a name, so that it can be logged. `parts` and `credits` are None where the
    provider does not tell.
    """

    outcome: SendOutcome
    message_id: str | None = field(default=None, repr=False)
    parts: int | None = None
    credits: float | None = None
    error: str | None = None


def failed(error: str) -> SendResult:
    """Return that a message was not sent."""
    return SendResult(outcome=SendOutcome.NOT_SENT, error=error)


def doubtful(error: str) -> SendResult:
    """Return that a message may have been sent."""
    return SendResult(outcome=SendOutcome.MAY_HAVE_BEEN_SENT, error=error)


def read_send_answer(body: bytes, to: str) -> SendResult:
    """Read the answer to a message to one recipient, whose number is `to`."""
    answer = _object(body)
    messages, refusal = read_objects(answer, "messages"), _refusal(answer)
    if not messages and refusal and not _is_ok(answer):
        return failed(refusal)
    if len(messages) > 1:
        messages = [one for one in messages if _is_to(one, to)]
    if len(messages) != 1:
        return doubtful(refusal or SendError.UNREADABLE_ANSWER)
    result = _read_message(messages[0])
    if refusal and result.outcome is SendOutcome.SENT:
        # It says both.
        return replace(result, outcome=SendOutcome.MAY_HAVE_BEEN_SENT, error=refusal)
    return result


def read_balance(body: bytes) -> float:
    """Read how many credits are left; AnswerError where that is not said."""
    answer = _object(body)
    if error := _refusal(answer):
        raise AnswerError(error)
    if (balance := read_decimal(answer.get("balance"))) is None:
        raise AnswerError(SendError.UNREADABLE_ANSWER)
    return balance


def _read_message(posted: JsonObject) -> SendResult:
    """Read what an answer says of a recipient: `id`, or `error` and `error_code`.

    With both, or neither, nobody can tell.
    """
    message_id, error = _message_id(posted), _error(posted)
    if message_id is None:
        return failed(error) if error else doubtful(SendError.UNREADABLE_ANSWER)
    return SendResult(
        outcome=SendOutcome.MAY_HAVE_BEEN_SENT if error else SendOutcome.SENT,
        message_id=message_id,
        parts=read_code(posted.get("msgparts")),
        credits=read_decimal(posted.get("creditsused")),
        error=error,
    )


def _is_ok(answer: JsonObject) -> bool:
    return read_name(answer.get("response_status")) == "ok"


def _refusal(answer: JsonObject) -> str | None:
    """Return why a whole request was refused, None if it was not."""
    errors = [error for one in read_objects(answer, "errors") if (error := _error(one))]
    if errors:
        return errors[0]
    is_failure = read_name(answer.get("response_status")) == "failure"
    return SendError.UNKNOWN_ERROR if is_failure else None


def _error(posted: JsonObject) -> str | None:
    """Return the word for an error, by its own word before its code; None if there is none."""
    word, code = read_name(posted.get("error")), read_code(posted.get("error_code"))
    if word is None:
        return _BY_CODE.get(code, SendError.UNKNOWN_ERROR).value if code else None
    name = re.sub(r"[\s-]+", "_", word)
    if name in SendError:
        return name
    return word if _NAME.fullmatch(word) else SendError.UNKNOWN_ERROR.value


def _is_to(posted: JsonObject, to: str) -> bool:
    """Tell whether an element of an answer is about a number, in any spelling of its line."""
    number = read_number(posted.get("to"))
    return number is not None and line(number) == line(to)


def _object(body: bytes) -> JsonObject:
    """Return an answer's object, an empty one if it is anything else."""
    try:
        # Numbers stay text, which all that read them take, so that none is too large for anything.
        answer: Any = json.loads(body, parse_int=str, parse_float=str)
    except ValueError, RecursionError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _message_id(posted: JsonObject) -> str | None:
    """Return a message's id without lone surrogates, which readers of an event do not take."""
    message_id = read_identifier(posted.get("id"))
    return message_id and message_id.encode(errors="replace").decode()
