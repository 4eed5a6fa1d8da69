"""The predicate behind triggers and conditions, over plain values."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
import re
from time import monotonic
from typing import TYPE_CHECKING, Self
from unicodedata import normalize

if TYPE_CHECKING:
    import regex

# Seconds. What a pattern cannot decide in this time does not match.
PATTERN_TIMEOUT = 0.05
# Seconds that a pattern may take in each of these periods: hundreds of messages can come at once.
PATTERN_BUDGET = 0.25
BUDGET_PERIOD = 60
# Characters. The time limit is not looked at often enough in a text of megabytes.
MAX_SEARCHED = 10_000
# Characters of a pattern, and those it has once `regex` has written out its repetitions:
# what takes more than 0.1 s or 50 MB to prepare is refused.
MAX_PATTERN = 4000
MAX_WRITTEN_OUT = 150_000
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<count>\d{1,9})[^{}]*\}|.", re.DOTALL)
# In a comment, or with the flag x, brackets and numbers are not what they seem.
_COMMENTED = re.compile(r"\(\?(?:#|[a-zA-Z0-9]*x)")
# Marks that a phone's keyboard leaves at the edge of a word.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2060\ufeff"))


class MatchMode(StrEnum):
    """How a text is compared."""

    IS = "is"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    REGEX = "regex"


class PatternTimeoutError(Exception):
    """A regular expression took too long; nothing is known of the text."""


class PatternTooLargeError(ValueError):
    """A regular expression that would take long, or much memory, to prepare."""


@dataclass(slots=True)
class _Budget:
    """The time that a pattern has taken lately."""

    began: float = 0
    spent: float = 0

    def is_left(self, now: float) -> bool:
        if now - self.began > BUDGET_PERIOD:
            self.began, self.spent = now, 0
        return self.spent < PATTERN_BUDGET


@dataclass(frozen=True, kw_only=True, slots=True)
class TextMatch:
    """What a text has to be.

    Unless `exact`, upper and lower case and surrounding white space are ignored.
    """

    mode: MatchMode
    wanted: str = field(repr=False)
    exact: bool = False
    pattern: regex.Pattern[str] | None = field(default=None, repr=False)
    _budget: _Budget = field(default_factory=_Budget, init=False, repr=False, compare=False)

    @classmethod
    def compile(cls, mode: MatchMode, wanted: str, *, exact: bool = False) -> Self:
        """Prepare a comparison.

        ValueError if `wanted` is no regular expression, PatternTooLargeError if it
        is one that is not worth it.
        """
        if mode is not MatchMode.REGEX:
            return cls(mode=mode, wanted=wanted if exact else _folded(wanted), exact=exact)
        # Only for those who use it; and it may not be installed yet when this module is read.
        import regex

        too_large = len(wanted) > MAX_PATTERN or _written_out(wanted) > MAX_WRITTEN_OUT
        if too_large or _COMMENTED.search(wanted):
            raise PatternTooLargeError
        try:
            pattern = regex.compile(wanted, 0 if exact else regex.IGNORECASE)
        except (regex.error, RecursionError, OverflowError) as err:
            raise ValueError("not a regular expression") from err
        return cls(mode=mode, wanted=wanted, exact=exact, pattern=pattern)

    def groups(self, text: str | None) -> dict[int | str, str | None] | None:
        """Return None if `text` does not match, else a pattern's groups.

        0 is what the pattern matched, then its groups by number and by name; a
        plain comparison has no groups. Raises PatternTimeoutError.
        """
        if text is None:
            return None
        if self.pattern is None:
            return {} if self._compares(text if self.exact else _folded(text)) else None
        found = self._search(self.pattern, text if self.exact else text.strip())
        if found is None:
            return None
        return {0: found[0], **dict(enumerate(found.groups(), 1)), **found.groupdict()}

    def _search(self, pattern: regex.Pattern[str], text: str) -> regex.Match[str] | None:
        began = monotonic()
        if len(text) > MAX_SEARCHED or not self._budget.is_left(began):
            raise PatternTimeoutError from None
        try:
            return pattern.search(text, timeout=PATTERN_TIMEOUT)
        except TimeoutError:
            raise PatternTimeoutError from None
        finally:
            self._budget.spent += monotonic() - began

    def _compares(self, text: str) -> bool:
        match self.mode:
            case MatchMode.CONTAINS:
                return self.wanted in text
            case MatchMode.STARTS_WITH:
                return text.startswith(self.wanted)
            case _:
                return text == self.wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class SenderMatch:
    """Who a sender has to be. Only what is None is open to anyone.

    An empty collection is a choice of which nothing is left: it matches nobody.
    """

    known: bool = False
    contacts: Collection[str] | None = None
    numbers: Collection[str] | None = field(default=None, repr=False)

    def matches(self, *, number: str | None, contact: str | None, known: bool) -> bool:
        """Tell whether a sender's number, contact (a device id) or name is meant."""
        if self.known and not known:
            return False
        if self.contacts is None and self.numbers is None:
            return True
        return contact in (self.contacts or ()) or number in (self.numbers or ())


def is_button(
    wanted: Collection[str], *, label: str | None, button_id: str | None, exact: bool
) -> bool:
    """Tell whether a tapped button is one of those wanted, by its id or its label."""
    fold = str if exact else _folded
    meant = {fold(name) for name in wanted}
    return any(name is not None and fold(name) in meant for name in (label, button_id))


def _written_out(pattern: str) -> int:
    """Return what a pattern grows to at most: `a+` becomes `aa*`, and that within each group."""
    # Of each group that is open: the size of what is complete, and of what comes last.
    groups = [[0, 0]]
    for token in _TOKEN.finditer(pattern):
        if token["count"]:
            groups[-1][1] *= int(token["count"]) + 1
        elif token[0] == "+":
            groups[-1][1] *= 2
        elif token[0] == "(":
            groups.append([0, 1])
        elif token[0] == ")" and len(groups) > 1:
            _add(groups[-2], sum(groups.pop()))
        else:
            _add(groups[-1], len(token[0]))
    return sum(map(sum, groups))


def _add(group: list[int], size: int) -> None:
    group[:] = sum(group), size


def _folded(text: str) -> str:
    return normalize("NFC", text.translate(_INVISIBLE).strip().casefold())
