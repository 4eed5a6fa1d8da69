"""What a text or a button has to be."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Self

from .folding import fold, outgrows, with_edges, without_invisible
from .patterns import Budget, Groups, Pattern, UndecidedError

# Characters of a text that is compared, as it was said and as it is folded: what WhatsApp lets a
# service send, and 26 parts of an SMS.
MAX_TEXT = 4096


class MatchMode(StrEnum):
    """How a text is compared."""

    IS = "is"
    CONTAINS = "contains"
    CONTAINS_WORD = "contains_word"
    STARTS_WITH = "starts_with"
    REGEX = "regex"


class TextTooLongError(UndecidedError):
    """A text that would take long to compare."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextMatch:
    """What a text has to be.

    Unless `exact`, it is compared as people mean it (see `fold`), and a pattern gets it
    without what nobody sees and surrounding white space.
    """

    mode: MatchMode
    # The text as it is compared, a word with its edges; but a pattern as it was written.
    wanted: str = field(repr=False)
    exact: bool = False
    pattern: Pattern | None = field(default=None, repr=False)

    @classmethod
    def compile(
        cls, mode: MatchMode, wanted: str, *, exact: bool = False, budget: Budget | None = None
    ) -> Self:
        """Prepare a comparison; all patterns should share one `budget`.

        A pattern is prepared in the executor the first time (see `Pattern.compile`).
        Raises ValueError if `wanted` is no regular expression, PatternTooLargeError if it takes
        too much to prepare, and TextTooLongError if no text that is compared could be as long.
        """
        if mode is MatchMode.REGEX:
            pattern = Pattern.compile(wanted, exact=exact, budget=budget or Budget())
            return cls(mode=mode, wanted=wanted, exact=exact, pattern=pattern)
        compared = comparable(wanted, exact=exact)
        if mode is MatchMode.CONTAINS_WORD and compared:
            compared = with_edges(compared)
        return cls(mode=mode, wanted=compared, exact=exact)

    @property
    def only(self) -> str | None:
        """Return the one text that matches, folded, or None where there are others."""
        return None if self.exact or self.mode is not MatchMode.IS else self.wanted

    def match(self, text: str | None) -> Groups | None:
        """Return None if `text` does not match, else a pattern's groups; {} if there is no pattern.

        Raises UndecidedError where the text is too long or the pattern takes too long.
        """
        if text is None:
            return None
        if self.pattern is None:
            return {} if self._compares(comparable(text, exact=self.exact)) else None
        said = comparable(text, exact=True)
        return self.pattern.match(said if self.exact else without_invisible(said).strip())

    def _compares(self, text: str) -> bool:
        """Tell whether a text that is folded, unless `exact`, is as wanted."""
        match self.mode:
            case MatchMode.CONTAINS:
                return self.wanted in text
            case MatchMode.CONTAINS_WORD:
                return self.wanted != "" and self.wanted in _edged(text)
            case MatchMode.STARTS_WITH:
                return text.startswith(self.wanted)
            case _:
                return text == self.wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class ButtonMatch:
    """Which buttons are meant, by their ids or labels; compared as texts are."""

    wanted: frozenset[str] = field(repr=False)
    exact: bool = False

    @classmethod
    def compile(cls, wanted: Collection[str], *, exact: bool = False) -> Self:
        """Prepare a comparison; TextTooLongError if no button that is compared could be as long."""
        compared = frozenset(comparable(name, exact=exact) for name in wanted)
        return cls(wanted=compared, exact=exact)

    def matches(self, *, label: str | None, button_id: str | None) -> bool:
        """Tell whether a tapped button is one of those wanted; raises UndecidedError."""
        return any(
            name is not None and comparable(name, exact=self.exact) in self.wanted
            for name in (button_id, label)
        )


def folded(text: str | None) -> str | None:
    """Return a text folded, None if there is none or it is too long to be compared."""
    return None if text is None or len(text) > MAX_TEXT else _folded(text)


def comparable(text: str, *, exact: bool) -> str:
    """Return a text as it is compared; TextTooLongError if that would take long."""
    if len(text) <= MAX_TEXT:
        compared = text if exact else _folded(text)
        if compared is not None:
            return compared
    raise TextTooLongError


# All triggers ask about the same message, so its text is folded once for all of them. There is
# place for its button too, and for the last messages that conditions ask about.
@lru_cache(maxsize=16)
def _folded(text: str) -> str | None:
    """Return a text as `fold` does, None if it grows too long by that."""
    if outgrows(text, MAX_TEXT):
        return None
    folded = fold(text)
    return folded if len(folded) <= MAX_TEXT else None


_edged = lru_cache(maxsize=16)(with_edges)
