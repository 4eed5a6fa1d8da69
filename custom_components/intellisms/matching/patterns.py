"""Regular expressions that people write, within bounds of time and memory."""

from dataclasses import dataclass, field
import re
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import regex

# Seconds for one text. What a pattern cannot decide in this time is undecided.
PATTERN_TIMEOUT = 0.05
# Seconds that all patterns together may take in each of these periods: hundreds of messages can
# come at once. When they have, there are as many again, of which each pattern gets no more than
# its share, so that one that is slow, and a text that somebody made for it, do not make the
# others miss messages.
PATTERN_BUDGET = 0.25
PATTERN_RESERVE = 0.25
PATTERN_SHARE = 0.005
# Seconds.
BUDGET_PERIOD = 60
# Characters of a pattern, and these times its repetitions. `regex` writes repetitions out: for
# `(ab){9}` it prepares ten copies of `ab`, so a few of them in each other would take all the memory
# there is. What is within both takes less than 0.1 s and 50 MB, nearly all of it with the
# interpreter's lock held: a larger one would stop the loop from whatever thread prepares it.
MAX_PATTERN = 4000
MAX_WRITTEN_OUT = 150_000
# What is repeated (a group, if there is a bracket), and how often at least. Of `{2,5}` only the 2 is
# written out, and a `+` is one time.
_REPETITION = re.compile(r"(\))?(?:\+|\{(\d{1,9}))")
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
        now = time.monotonic()
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

        Raises ValueError if it is no pattern, and PatternTooLargeError if preparing it would
        take too much, or if that cannot be told. The first time may take 0.1 s, and is for the
        executor; after that `regex` has it in its own cache of 500.
        """
        # `regex` is imported only for those who use it. It may not be installed yet when this
        # module is read.
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
        """Return the groups of what is found first, None if nothing is.

        Raises PatternTimeoutError where that takes too long.
        """
        found = self._search(text)
        if found is None:
            return None
        return dict([(0, found[0]), *enumerate(found.groups(), 1), *found.groupdict().items()])

    def _search(self, text: str) -> regex.Match[str] | None:
        """Search a text within the seconds that are left, and take those used out of them."""
        left = self.budget.left()
        if is_short := left < PATTERN_SHARE:
            left = min(left + PATTERN_RESERVE, self._share.left())
        seconds = min(PATTERN_TIMEOUT, left)
        if seconds <= 0:
            raise PatternTimeoutError
        began = time.thread_time()
        try:
            while True:
                try:
                    # A concurrent search gives up the interpreter's lock, and the wait to get
                    # the lock back would count as time taken.
                    return self.compiled.search(text, timeout=seconds, concurrent=False)
                except TimeoutError:
                    # `regex` counts what all threads of the process took. Only the time of
                    # our own thread tells whether the pattern was slow.
                    if time.thread_time() - began >= seconds:
                        raise PatternTimeoutError from None
        finally:
            spent = time.thread_time() - began
            self.budget.spend(spent)
            if is_short:
                self._share.spend(spent)


def _written_out(pattern: str) -> int:
    """Return at most how many characters `regex` prepares for a pattern.

    Groups may stand in each other, single characters cannot: so all groups' repetitions are
    multiplied, whether they do or not, but of the characters' only the largest counts.
    """
    groups, single = 1, 1
    for of_group, count in _REPETITION.findall(pattern):
        # The repetition itself is one copy more.
        copies = int(count or 1) + 1
        if of_group:
            groups *= copies
        else:
            single = max(single, copies)
    return len(pattern) * groups * single
