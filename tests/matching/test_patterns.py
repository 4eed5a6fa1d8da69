"""Regular expressions that people write, within bounds of time and memory."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
import time
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
import pytest
import regex

from custom_components.intellisms.matching import (
    MAX_TEXT,
    Budget,
    Groups,
    PatternTimeoutError,
    PatternTooLargeError,
)
from custom_components.intellisms.matching.patterns import (
    BUDGET_PERIOD,
    PATTERN_BUDGET,
    PATTERN_RESERVE,
    PATTERN_SHARE,
    Pattern,
)


def compiled(written: str, budget: Budget | None = None) -> Pattern:
    """Return a pattern that finds capital letters for small ones."""
    return Pattern.compile(written, exact=False, budget=budget or Budget())


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        ("op(?:en)", "Open!", {0: "Open"}),
        (r"(\d+) (\w+)", "pin 42 Open", {0: "42 Open", 1: "42", 2: "Open"}),
        (r"(?P<pin>\d+)( \w+)?", "42", {0: "42", 1: "42", 2: None, "pin": "42"}),
        ("(a)|(b)", "b", {0: "b", 1: None, 2: "b"}),
        ("", "open", {0: ""}),
    ],
)
def test_groups(pattern: str, text: str, groups: Groups) -> None:
    assert compiled(pattern).match(text) == groups


@pytest.mark.parametrize(
    "pattern",
    ["(", "[a", "*", ")", "(?P<1a>x)", r"\1", "a{2}{2}", "(?<=", "(" * 2000 + ")" * 2000],
    ids=lambda pattern: pattern[:24],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        # These would take all the memory there is.
        "a{99999999999999999999}",
        "(?:a{65535}){65535}",
        "(?:[ab]{3000,}){3000,}c",
        "(?:" * 60 + "a" + ")+" * 60,
        "a" * 4001,
        "(?:" + "ab|" * 500 + "c){99}",
        "(?:(?:(?:[ab]{9}c){9}d){9,}e){9}",
        r"(?:\)a{65535}\(){65535}",
        "(?x)(?:a{ 6 5535}){ #\n65535}",
        "(?ix:(?:a{ 65535}){ 65535})",
        "(?:a{65535}(?#(((){65535}",
        r"(?:[)\]\)]{65535}\)[^])]){65535}",
    ],
    ids=lambda pattern: pattern[:24],
)
def test_what_is_too_large_is_refused_before_it_is_prepared(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regex, "compile", pytest.fail)
    with pytest.raises(PatternTooLargeError):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?$",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        r"^(?:please )?(?:(open|close) (?:the )?)(gate|door|garage)(?: (\d{4,8}))?[.!]*$",
        r"(?P<x>\d+)(?:x(?P<extra>\d+))?",
        r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
        r"^(?:ALARM|PANIC) (\d{2})/(\d{2})/(\d{4}) (\d{2}):(\d{2})(?: (?:ZONE|AREA) (\d{2,3}))?$",
        r"^(?P<date>\d{4}-\d{2}-\d{2}) (?P<time>\d{2}:\d{2}:\d{2}) (?P<id>\d{10})$",
        r"^(?:\d{1,3}\.){3}\d{1,3} \d{4}-\d{2}-\d{2} \d{2}:\d{2} \(ok\) [(){}+]+$",
        r"^(?:\w+ )+(?:\d{2}:){2}\d{2}(?: [a-z]+)+(?:, [a-z]+)+[.!]+$",
        "^(?:" + "|".join(f"(?:street|road) {number}" for number in range(180)) + r") \d{4}$",
        "a{2000}",
    ],
)
def test_what_people_write_is_not_too_large(pattern: str) -> None:
    assert compiled(pattern)


@pytest.mark.parametrize("exact", [True, False])
def test_a_pattern_is_prepared_once(exact: bool) -> None:
    first, second = (Pattern.compile("^op.n$", exact=exact, budget=Budget()) for _ in range(2))
    assert first.compiled is second.compiled


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(?:a|aa)+b",
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        r"(?:(a+)\1*)+b",
        "(?R)?a+b",
    ],
)
@pytest.mark.parametrize("text", ["a" * 1000 + "!", "a" * (MAX_TEXT - 1) + "!"], ids=len)
def test_a_hostile_pattern_does_not_hang(pattern: str, text: str) -> None:
    match = compiled(pattern)
    with pytest.raises(PatternTimeoutError) as caught:
        match.match(text)
    # Nothing that would be logged with it quotes the text.
    assert str(caught.value) == ""
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("(a+)+$", "a" * 41 + "!"), ("(.*),(.*),(.*),(.*),(.*)!$", "a,b" * 130)],
)
def test_a_burst_of_messages_does_not_hang(
    freezer: FrozenDateTimeFactory, pattern: str, text: str
) -> None:
    """However long the burst is, it takes the seconds of one period and no more."""
    match = compiled(pattern)
    for _ in range(1000):
        with suppress(PatternTimeoutError):
            assert match.match(text) is None
    assert match.budget.left() < PATTERN_RESERVE
    with pytest.raises(PatternTimeoutError):
        match.match(text)


@pytest.fixture
def clock(freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> FrozenDateTimeFactory:
    """Return a clock that stands still, also for what a thread has worked."""
    monkeypatch.setattr("time.thread_time", lambda: time.monotonic())  # noqa: PLW0108 - it is frozen
    return freezer


@dataclass
class Slow:
    """Stands for a pattern that takes all the time it is given, as often as it is asked."""

    clock: FrozenDateTimeFactory

    def search(self, _text: str, *, timeout: float, concurrent: bool) -> Any:
        """Take the time."""
        assert not concurrent
        self.clock.tick(timeout + 1e-5)
        raise TimeoutError


class Interrupted(Slow):
    """Stands for one whose time other threads take at first."""

    interruptions = 3

    @override
    def search(self, _text: str, *, timeout: float, concurrent: bool) -> Any:
        if self.interruptions:
            self.interruptions -= 1
            raise TimeoutError
        return compiled("open").compiled.search("open")


def _pattern(compiled: Any, budget: Budget) -> Pattern:
    return Pattern(compiled=compiled, budget=budget)


@pytest.mark.parametrize("hostile", [1, 20, 45, 200])
def test_all_patterns_together_have_one_budget(clock: FrozenDateTimeFactory, hostile: int) -> None:
    budget = Budget()
    slow = [_pattern(Slow(clock), budget) for _ in range(hostile)]
    ordinary = compiled("^open$", budget=budget)
    most = PATTERN_BUDGET + PATTERN_RESERVE + PATTERN_SHARE
    for _ in range(2):
        began = time.monotonic()
        for _ in range(50):
            for match in slow:
                with pytest.raises(PatternTimeoutError):
                    match.match("open")
            if hostile * PATTERN_SHARE < PATTERN_RESERVE:
                # What takes no time to speak of is searched all the same.
                assert ordinary.match("open")
        assert PATTERN_BUDGET <= time.monotonic() - began <= most
        clock.tick(BUDGET_PERIOD + 1)


def test_a_pattern_that_was_too_slow_is_tried_again_later(clock: FrozenDateTimeFactory) -> None:
    budget = Budget(0)
    match = _pattern(Slow(clock), budget)
    with pytest.raises(PatternTimeoutError):
        match.match("open")
    began = time.monotonic()
    with pytest.raises(PatternTimeoutError):
        match.match("open")
    assert time.monotonic() == began
    clock.tick(BUDGET_PERIOD + 1)
    began = time.monotonic()
    with pytest.raises(PatternTimeoutError):
        match.match("open")
    assert time.monotonic() > began


def test_what_other_threads_take_does_not_count(clock: FrozenDateTimeFactory) -> None:
    budget = Budget()
    assert _pattern(Interrupted(clock), budget).match("open")
    assert budget.left() == PATTERN_BUDGET


@contextmanager
def _busy_threads() -> Generator[Event]:
    """Keep four threads busy for the length of a block; they set the event whenever they run."""
    ending, ran = Event(), Event()

    def burn() -> None:
        while not ending.is_set():
            sum(range(1000))
            ran.set()

    threads = [Thread(target=burn) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield ran
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def test_busy_threads_do_not_make_patterns_miss_texts() -> None:
    match = compiled(r"^heating (\d+)$")
    found = []
    with _busy_threads() as ran:
        for degrees in range(120):
            ran.clear()
            ran.wait()
            found.append(match.match(f"Heating {degrees}"))
    assert [groups and groups[1] for groups in found] == [str(number) for number in range(120)]


def test_repr_shows_nothing_of_a_pattern() -> None:
    assert "4711" not in repr(compiled("pin 4711"))
