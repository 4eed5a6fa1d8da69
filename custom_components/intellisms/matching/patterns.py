"""Regular expressions that people write, within bounds of time and memory."""

from dataclasses import dataclass, field
import re
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import regex

# Seconds. What a pattern cannot decide in this time is undecided.
PATTERN_TIMEOUT = 0.05
# Seconds that all patterns together may take in each of these periods: hundreds of messages can
# come at once. When they have, there are as many again, of which each pattern gets no more than
# its share, so that one that is slow, and a text that somebody made for it, do not make the
# others miss messages.
PATTERN_BUDGET = 0.25
PATTERN_RESERVE = 0.25
PATTERN_SHARE = 0.005
BUDGET_PERIOD = 60
# Characters of a pattern, and those it has once `regex` has written out its repetitions:
# what takes more than 0.1 s or 50 MB to prepare is refused.
MAX_PATTERN = 4000
MAX_WRITTEN_OUT = 150_000
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<count>\d{1,9})[^{}]*\}|.", re.DOTALL)
# In a comment, or with the flag x, brackets and numbers are not what they seem.
_COMMENTED = re.compile(r"\(\?(?:#|[a-zA-Z0-9]*x)")

# What a pattern found: 0 is all of it, then each group by its number, and by its name if it has one.
type Groups = dict[int | str, str | None]


class UndecidedError(Exception):
    """Whether a text is meant is not known, neither that it is nor that it is not."""


class PatternTimeoutError(UndecidedError):
    """A regular expression took too long."""


class PatternTooLargeError(ValueError):
    """A regular expression that would take long, or much memory, to prepare."""


@dataclass(slots=True)
class Budget:
    """The seconds of its thread's own time that something may take in each period."""

    seconds: float = PATTERN_BUDGET
    _began: float = field(default=0, init=False)
    _spent: float = field(default=0, init=False)

    def left(self) -> float:
        """Return the seconds that are left in this period, less than 0 if it took more."""
        now = monotonic()
        if now - self._began > BUDGET_PERIOD:
            self._began, self._spent = now, 0
        return self.seconds - self._spent

    def spend(self, seconds: float) -> None:
        """Take what was used out of this period's seconds."""
        self._spent += seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """A regular expression; all of them should share one `budget`."""

    compiled: regex.Pattern[str] = field(repr=False)
    budget: Budget = field(default_factory=Budget, repr=False, compare=False)
    _share: Budget = field(
        default_factory=lambda: Budget(PATTERN_SHARE), init=False, repr=False, compare=False
    )

    @classmethod
    def compile(cls, written: str, *, exact: bool, budget: Budget) -> Self:
        """Prepare a pattern, which finds capital letters for small ones unless `exact`.

        ValueError if it is none, PatternTooLargeError if it is one that is not worth it.
        """
        # Only for those who use it; and it may not be installed yet when this module is read.
        import regex

        too_large = len(written) > MAX_PATTERN or _written_out(written) > MAX_WRITTEN_OUT
        if too_large or _COMMENTED.search(written):
            raise PatternTooLargeError
        try:
            compiled = regex.compile(written, 0 if exact else regex.IGNORECASE)
        except (regex.error, RecursionError, OverflowError) as err:
            raise ValueError("not a regular expression") from err
        return cls(compiled=compiled, budget=budget)

    def match(self, text: str) -> Groups | None:
        """Return the groups of what is found first, None if nothing is; raises UndecidedError."""
        found = self._search(text)
        if found is None:
            return None
        return {0: found[0], **dict(enumerate(found.groups(), 1)), **found.groupdict()}

    def _search(self, text: str) -> regex.Match[str] | None:
        left = self.budget.left()
        if is_short := left < PATTERN_SHARE:
            left = min(left + PATTERN_RESERVE, self._share.left())
        seconds = min(PATTERN_TIMEOUT, left)
        if seconds <= 0:
            raise PatternTimeoutError
        began = thread_time()
        try:
            while True:
                try:
                    # Concurrent, it would give up the interpreter's lock, and the wait to get
                    # it back would count.
                    return self.compiled.search(text, timeout=seconds, concurrent=False)
                except TimeoutError:
                    # It counts what all threads of the process took. Only our own time tells.
                    if thread_time() - began >= seconds:
                        raise PatternTimeoutError from None
        finally:
            spent = thread_time() - began
            self.budget.spend(spent)
            if is_short:
                self._share.spend(spent)


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
