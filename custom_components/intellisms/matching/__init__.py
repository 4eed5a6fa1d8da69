"""The predicate behind triggers and conditions, over plain values and without Home Assistant."""

from .age import MOST_AHEAD, AgeMatch
from .folding import is_blank, plain, words
from .patterns import (
    Budget,
    Groups,
    PatternTimeoutError,
    PatternTooLargeError,
    UndecidedError,
)
from .sender import SenderMatch
from .text import MAX_TEXT, ButtonMatch, MatchMode, TextMatch, TextTooLongError, folded

__all__ = [
    "MAX_TEXT",
    "MOST_AHEAD",
    "AgeMatch",
    "Budget",
    "ButtonMatch",
    "Groups",
    "MatchMode",
    "PatternTimeoutError",
    "PatternTooLargeError",
    "SenderMatch",
    "TextMatch",
    "TextTooLongError",
    "UndecidedError",
    "folded",
    "is_blank",
    "plain",
    "words",
]
