"""The predicate behind triggers and conditions, over plain values."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
import re
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Self
from unicodedata import combining, normalize

if TYPE_CHECKING:
    import regex

# Characters of a text that is compared, as it was said and as it is folded: what WhatsApp lets a
# service send, and 26 parts of an SMS.
MAX_TEXT = 4096
# Marks on one letter. No language has more: Unicode Standard Annex 15, "Stream-Safe Text Format".
MAX_MARKS = 30
# Seconds. What a pattern cannot decide in this time is undecided.
PATTERN_TIMEOUT = 0.05
# Seconds that all patterns together may take in each of these periods: hundreds of messages can
# come at once. When they have, each has its reserve, so that one that is slow, and a text that
# somebody made for it, do not make the others miss messages.
PATTERN_BUDGET = 0.25
PATTERN_RESERVE = 0.005
BUDGET_PERIOD = 60
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


class UndecidedError(Exception):
    """Whether a text is meant is not known, neither that it is nor that it is not."""


class PatternTimeoutError(UndecidedError):
    """A regular expression took too long."""


class TextTooLongError(UndecidedError):
    """A text that would take long to compare: too many characters, or marks on one letter."""


class PatternTooLargeError(ValueError):
    """A regular expression that would take long, or much memory, to prepare."""


@dataclass(slots=True)
class Budget:
    """The seconds of its thread's own time that something may take in each period."""

    seconds: float = PATTERN_BUDGET
    _began: float = field(default=0, init=False)
    _spent: float = field(default=0, init=False)

    def left(self) -> float:
        """Return the seconds that are left in this period."""
        now = monotonic()
        if now - self._began > BUDGET_PERIOD:
            self._began, self._spent = now, 0
        return self.seconds - self._spent

    def spend(self, seconds: float) -> None:
        """Take what was used out of this period's seconds."""
        self._spent += seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class TextMatch:
    """What a text has to be.

    Unless `exact`, upper and lower case and surrounding white space are ignored.
    """

    mode: MatchMode
    wanted: str = field(repr=False)
    exact: bool = False
    pattern: regex.Pattern[str] | None = field(default=None, repr=False)
    budget: Budget = field(default_factory=Budget, repr=False, compare=False)
    _reserve: Budget = field(
        default_factory=lambda: Budget(PATTERN_RESERVE), init=False, repr=False, compare=False
    )

    @classmethod
    def compile(
        cls, mode: MatchMode, wanted: str, *, exact: bool = False, budget: Budget | None = None
    ) -> Self:
        """Prepare a comparison; all patterns should share one `budget`.

        ValueError if `wanted` is no regular expression, PatternTooLargeError if it
        is one that is not worth it, TextTooLongError if no text could be as long.
        """
        if mode is not MatchMode.REGEX:
            return cls(mode=mode, wanted=comparable(wanted, exact=exact), exact=exact)
        # Only for those who use it; and it may not be installed yet when this module is read.
        import regex

        too_large = len(wanted) > MAX_PATTERN or _written_out(wanted) > MAX_WRITTEN_OUT
        if too_large or _COMMENTED.search(wanted):
            raise PatternTooLargeError
        try:
            pattern = regex.compile(wanted, 0 if exact else regex.IGNORECASE)
        except (regex.error, RecursionError, OverflowError) as err:
            raise ValueError("not a regular expression") from err
        return cls(
            mode=mode, wanted=wanted, exact=exact, pattern=pattern, budget=budget or Budget()
        )

    def groups(self, text: str | None) -> dict[int | str, str | None] | None:
        """Return None if `text` does not match, else a pattern's groups.

        0 is what the pattern matched, then its groups by number and by name; a
        plain comparison has no groups. Raises UndecidedError.
        """
        if text is None:
            return None
        if self.pattern is None:
            return {} if self._compares(comparable(text, exact=self.exact)) else None
        said = comparable(text, exact=True)
        found = self._search(self.pattern, said if self.exact else said.strip())
        if found is None:
            return None
        return {0: found[0], **dict(enumerate(found.groups(), 1)), **found.groupdict()}

    def _search(self, pattern: regex.Pattern[str], text: str) -> regex.Match[str] | None:
        budget = self.budget if self.budget.left() >= PATTERN_RESERVE else self._reserve
        seconds = min(PATTERN_TIMEOUT, budget.left())
        if seconds <= 0:
            raise PatternTimeoutError
        began = thread_time()
        try:
            while True:
                try:
                    # Concurrent, it would give up the interpreter's lock, and the wait to get
                    # it back would count.
                    return pattern.search(text, timeout=seconds, concurrent=False)
                except TimeoutError:
                    # It counts what all threads of the process took. Only our own time tells.
                    if thread_time() - began >= seconds:
                        raise PatternTimeoutError from None
        finally:
            budget.spend(thread_time() - began)

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


@dataclass(frozen=True, kw_only=True, slots=True)
class ButtonMatch:
    """Which buttons are meant, by their ids or labels; compared as texts are."""

    wanted: frozenset[str] = field(repr=False)
    exact: bool = False

    @classmethod
    def compile(cls, wanted: Collection[str], *, exact: bool = False) -> Self:
        """Prepare a comparison; TextTooLongError if nothing could be as long."""
        folded = frozenset(comparable(name, exact=exact) for name in wanted)
        return cls(wanted=folded, exact=exact)

    def matches(self, *, label: str | None, button_id: str | None) -> bool:
        """Tell whether a tapped button is one of those wanted; raises UndecidedError."""
        return any(
            name is not None and comparable(name, exact=self.exact) in self.wanted
            for name in (button_id, label)
        )


def is_blank(text: str) -> bool:
    """Tell whether nothing in a text can be seen."""
    return not _seen(text)


def comparable(text: str, *, exact: bool) -> str:
    """Return a text as it is compared; TextTooLongError if that would take long."""
    if len(text) <= MAX_TEXT:
        compared = text if exact else _folded(text)
        if compared is not None:
            return compared
    raise TextTooLongError


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


def _seen(text: str) -> str:
    return text.translate(_INVISIBLE).strip()


# A message's text is folded once for all triggers; with it come its button and last messages.
@lru_cache(maxsize=16)
def _folded(text: str) -> str | None:
    """Return a text without what only its writing tells apart, None if it has too much of it."""
    folded = _seen(text).casefold()
    if not folded.isascii():
        # Normalizing sorts the marks on a letter: in their number squared, before CPython mended it
        # in 2026 (its issue 149079). In one character, which may hide some, few are sorted.
        marks = bytes(map(combining, "".join(normalize("NFD", char) for char in folded)))
        if max(map(len, marks.split(b"\0"))) > MAX_MARKS:
            return None
        folded = normalize("NFC", folded)
    return folded if len(folded) <= MAX_TEXT else None
