"""Questions and what answers them, over plain values and without Home Assistant."""

from .answering import (
    MAX_WRONG_CODES,
    Delivered,
    Kept,
    Reply,
    Table,
    guessed,
    may_hold_code,
    reply_in,
)
from .question import (
    AnswerState,
    Asked,
    Ending,
    Question,
    QuestionName,
    read_question_name,
)

__all__ = [
    "MAX_WRONG_CODES",
    "AnswerState",
    "Asked",
    "Delivered",
    "Ending",
    "Kept",
    "Question",
    "QuestionName",
    "Reply",
    "Table",
    "guessed",
    "may_hold_code",
    "read_question_name",
    "reply_in",
]
