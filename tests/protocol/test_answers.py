"""What became of a message, as the provider's answer tells."""

import json
from typing import Any

from hypothesis import given, strategies as st
import orjson
import pytest

from custom_components.intellisms.protocol import (
    KEYS_REFUSED,
    AnswerError,
    SendError,
    SendOutcome,
    SendResult,
    read_balance,
    read_send_answer,
)

TO = "+447700900123"
SENT, NOT_SENT, DOUBTFUL = SendOutcome


def read(answer: Any, to: str = TO) -> SendResult:
    return read_send_answer(json.dumps(answer).encode(), to)


def ok(*messages: Any) -> dict[str, Any]:
    return {"response_status": "ok", "messages": [*messages]}


def failure(*errors: Any) -> dict[str, Any]:
    return {"response_status": "failure", "errors": [*errors]}


@pytest.mark.parametrize(
    ("message", "result"),
    [
        (
            {"to": TO[1:], "id": "4ae1", "msgparts": 2, "creditsused": "1.5"},
            SendResult(outcome=SENT, message_id="4ae1", parts=2, credits=1.5),
        ),
        # As in the newest sample of WhatsApp.
        ({"to": TO[1:], "id": "4ae1"}, SendResult(outcome=SENT, message_id="4ae1")),
        # An id is opaque, and a number is written in many ways.
        ({"to": "07700 900123", "id": 4711}, SendResult(outcome=SENT, message_id="4711")),
        (
            {"to": "1", "id": "a\ud83d", "msgparts": "x", "creditsused": None},
            SendResult(outcome=SENT, message_id="a?"),
        ),
        # Longer than any number that a reader of events can hold.
        (
            {"id": 10**30, "msgparts": 10**30, "creditsused": 10**400},
            SendResult(outcome=SENT, message_id=f"{10**30}"),
        ),
        ({"id": "a", "error": "", "error_code": 0}, SendResult(outcome=SENT, message_id="a")),
        (
            {"to": TO[1:], "error": "invalid_number", "error_code": 2},
            SendResult(outcome=NOT_SENT, error="invalid_number"),
        ),
        # Its word counts before its code, and a word that we do not know stays.
        ({"error": "No_Such_Word", "error_code": 2}, SendResult(outcome=NOT_SENT, error="no_such_word")),
        ({"error": "Insufficient credit"}, SendResult(outcome=NOT_SENT, error="insufficient_credit")),
        ({"error_code": "11"}, SendResult(outcome=NOT_SENT, error="login_invalid")),
        ({"error_code": 99}, SendResult(outcome=NOT_SENT, error="unknown_error")),
        # It may quote what was sent, and errors are logged.
        ({"error": "bad text: hello"}, SendResult(outcome=NOT_SENT, error="unknown_error")),
        ({"error": "bad_447700900123"}, SendResult(outcome=NOT_SENT, error="unknown_error")),
        # Who says both or neither says nothing.
        (
            {"id": "a", "error": "gateway_error"},
            SendResult(outcome=DOUBTFUL, message_id="a", error="gateway_error"),
        ),
        ({"to": TO[1:]}, SendResult(outcome=DOUBTFUL, error="unreadable_answer")),
    ],
)  # fmt: skip
def test_the_only_recipient(message: dict[str, Any], result: SendResult) -> None:
    assert read(ok(message)) == result


@pytest.mark.parametrize(
    ("to", "posted"),
    [
        ("+447700900123", "00447700900123"),
        ("+5511987654321", "551187654321"),
        ("+5493415551234", "543415551234"),
    ],
)
def test_one_of_several_is_found_by_the_line(to: str, posted: str) -> None:
    answer = ok({"to": "447700900999", "id": "x"}, {"to": posted, "id": "y"})
    assert read(answer, to).message_id == "y"
    # Nobody is told that it was sent by what is said of others.
    others = ok({"to": "447700900999", "id": "x"}, {"to": "447700900998", "id": "y"})
    assert read(others, to) == SendResult(outcome=DOUBTFUL, error="unreadable_answer")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failure({"error": "login_invalid", "error_code": 11}), "login_invalid"),
        (failure({"error": "daily_allowance_exceeded"}), "daily_allowance_exceeded"),
        (failure({"error_code": 22, "error_description": "Secret"}), "connection_not_secure"),
        (failure({"error": "brand_new"}, {"error": "no_to"}), "brand_new"),
        (failure(), "unknown_error"),
        ({"response_status": "failure"}, "unknown_error"),
        ({"errors": [{"error": "no_to"}]}, "no_to"),
    ],
)
def test_a_refusal(answer: dict[str, Any], error: str) -> None:
    assert read(answer) == SendResult(outcome=NOT_SENT, error=error)
    with pytest.raises(AnswerError) as caught:
        read_balance(json.dumps(answer).encode())
    assert caught.value.error == str(caught.value) == error


@pytest.mark.parametrize(
    ("answer", "message_id"),
    [
        (failure({"error": "gateway_error"}) | {"messages": [{"id": "a"}]}, "a"),
        (
            failure({"error": "gateway_error"})
            | {"messages": [{"to": "447700900999", "id": "x"}, {"to": "447700900998", "id": "y"}]},
            None,
        ),
        ({"response_status": "ok", "errors": [{"error": "gateway_error"}]}, None),
    ],
)
def test_who_says_that_it_went_and_that_it_did_not(
    answer: dict[str, Any], message_id: str | None
) -> None:
    assert read(answer) == SendResult(
        outcome=DOUBTFUL, message_id=message_id, error="gateway_error"
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 9999, b'{"response_status":"ok"}'],
)
def test_what_is_no_answer(body: bytes) -> None:
    doubtful = SendResult(outcome=DOUBTFUL, error="unreadable_answer")
    assert read_send_answer(body, TO) == doubtful
    with pytest.raises(AnswerError) as caught:
        read_balance(body)
    assert caught.value.error == "unreadable_answer"


@pytest.mark.parametrize(
    ("balance", "credits_left"), [("100.0", 100), ("0", 0), (12, 12), (1.5, 1.5), ("-3.25", -3.25)]
)
def test_a_balance(balance: Any, credits_left: float) -> None:
    answer = {"response_status": "ok", "balance": balance}
    assert read_balance(json.dumps(answer).encode()) == credits_left


def test_the_keys() -> None:
    assert set(SendError) >= KEYS_REFUSED
    assert "4ae1" not in repr(read(ok({"id": "4ae1"})))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    | st.sampled_from(["ok", "failure", "invalid_number", "\ud83d", 10**400, TO[1:]]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["to", "id", "msgparts", "creditsused", "error", "error_code", "balance"]),
        inner, max_size=5,
    ),
    max_leaves=10,
)  # fmt: skip


@given(values, values, values)
def test_whatever_is_answered(status: Any, messages: Any, errors: Any) -> None:
    result = read({"response_status": status, "messages": messages, "errors": errors})
    told = (result.message_id, result.parts, result.credits, result.error)
    assert orjson.loads(orjson.dumps(told)) == [*told]
    assert (result.error is None) == (result.outcome is SENT)
    assert result.error is None or (result.error.isascii() and len(result.error) <= 64)
    # Nobody is told that it was sent without an id to find it by.
    assert result.message_id is not None or result.outcome is not SENT


@given(st.binary(max_size=99))
def test_whatever_bytes_are_answered(body: bytes) -> None:
    assert read_send_answer(body, TO).outcome is not SENT
