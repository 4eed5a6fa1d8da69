"""The predicate behind triggers and conditions, over plain values."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from time import perf_counter
from typing import Any, override
from unicodedata import normalize

import pytest

from custom_components.intellisms.matching import text as matching
from custom_components.intellisms.matching.text import (
    BUDGET_PERIOD,
    MAX_MARKS,
    MAX_TEXT,
    PATTERN_BUDGET,
    PATTERN_RESERVE,
    PATTERN_TIMEOUT,
    Budget,
    ButtonMatch,
    MatchMode,
    PatternTimeoutError,
    PatternTooLargeError,
    SenderMatch,
    TextMatch,
    TextTooLongError,
    UndecidedError,
    is_blank,
)

ANNA, BEN = "+447700900123", "+447700900124"
ANNAS_DEVICE, BENS_DEVICE = "anna-device", "ben-device"
# What a starved machine may take; a pattern that hangs takes minutes.
PATIENCE = 5


def _groups(
    mode: str, wanted: str, text: str | None, *, exact: bool = False
) -> dict[int | str, str | None] | None:
    return TextMatch.compile(MatchMode(mode), wanted, exact=exact).groups(text)


@pytest.mark.parametrize(
    ("mode", "wanted", "text", "loosely", "exactly"),
    [
        ("is", "open", "open", True, True),
        ("is", "open", "Open", True, False),
        ("is", "OPEN", "open", True, False),
        ("is", "open", " open\n", True, False),
        ("is", " open ", "open", True, False),
        ("is", "open", "open the gate", False, False),
        ("is", "op en", "open", False, False),
        ("is", "straße", "STRASSE", True, False),
        ("is", "öffnen 🚪", "ÖFFNEN 🚪", True, False),
        # As one keyboard writes it, and as another; and with a mark that nobody sees.
        ("is", "\u00f6ffnen", "o\u0308ffnen", True, False),
        ("contains", "o\u0308ffnen", "bitte \u00d6FFNEN", True, False),
        ("is", "open", "\u200eopen\u200b", True, False),
        ("is", "", "", True, True),
        ("is", "", "open", False, False),
        ("contains", "gate", "open the gate now", True, True),
        ("contains", "gate", "open the Gate now", True, False),
        ("contains", "the gate", "open thegate", False, False),
        ("contains", " gate", "gate", True, False),
        ("contains", "a.e", "gate", False, False),
        ("starts_with", "pin 1234", "pin 1234 open", True, True),
        ("starts_with", "PIN 1234", "  pin 1234 open", True, False),
        ("starts_with", "open", "please open", False, False),
        ("regex", "^open$", "open", True, True),
        ("regex", "^open$", "Open", True, False),
        ("regex", "^open$", "\topen ", True, False),
        ("regex", "gate", "open the gate now", True, True),
        ("regex", "^gate", "open the gate", False, False),
    ],
)
def test_text(*, mode: str, wanted: str, text: str, loosely: bool, exactly: bool) -> None:
    assert (_groups(mode, wanted, text) is not None) is loosely
    assert (_groups(mode, wanted, text, exact=True) is not None) is exactly


@pytest.mark.parametrize("mode", list(MatchMode))
def test_a_message_without_a_text_says_nothing_not_even_nothing(mode: MatchMode) -> None:
    assert _groups(mode, "", None) is None


@pytest.mark.parametrize("mode", [mode for mode in MatchMode if mode is not MatchMode.REGEX])
def test_a_plain_comparison_has_no_groups(mode: MatchMode) -> None:
    assert _groups(mode, "open", "open") == {}


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
def test_groups(pattern: str, text: str, groups: dict[int | str, str | None]) -> None:
    assert _groups("regex", pattern, text) == groups


@pytest.mark.parametrize(
    "pattern",
    ["(", "[a", "*", ")", "(?P<1a>x)", r"\1", "a{2}{2}", "(?<=", "(" * 2000 + ")" * 2000],
    ids=lambda pattern: pattern[:24],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        TextMatch.compile(MatchMode.REGEX, pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        # These would take all the memory there is.
        "a{99999999999999999999}",
        "(?:a{65535}){65535}",
        "(?:[ab]{3000,}){3000,}c",
        "(?:" * 60 + "a" + ")+" * 60,
        "a" * 4001,
        "(?x)(?:a{ 6 5535}){ #\n65535}",
        "(?ix:(?:a{ 65535}){ 65535})",
        "(?:a{65535}(?#(((){65535}",
        r"(?:[)\]\)]{65535}\)[^])]){65535}",
    ],
    ids=lambda pattern: pattern[:24],
)
def test_what_is_too_large_is_refused_at_once(pattern: str) -> None:
    began = perf_counter()
    with pytest.raises(PatternTooLargeError):
        TextMatch.compile(MatchMode.REGEX, pattern)
    assert perf_counter() - began < PATIENCE


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
    ],
)
def test_what_people_write_is_not_too_large(pattern: str) -> None:
    assert TextMatch.compile(MatchMode.REGEX, pattern)


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
    match = TextMatch.compile(MatchMode.REGEX, pattern)
    began = perf_counter()
    with pytest.raises(PatternTimeoutError) as caught:
        match.groups(text)
    assert perf_counter() - began < PATIENCE
    # Nothing that would be logged with it quotes the text.
    assert str(caught.value) == ""
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("(a+)+$", "a" * 41 + "!"), ("(.*),(.*),(.*),(.*),(.*)!$", "a,b" * 130)],
)
def test_a_burst_of_messages_does_not_hang(pattern: str, text: str) -> None:
    match = TextMatch.compile(MatchMode.REGEX, pattern)
    began = perf_counter()
    for _ in range(1000):
        with suppress(PatternTimeoutError):
            assert match.groups(text) is None
    assert perf_counter() - began < PATIENCE


@dataclass
class Clock:
    """Stands for both clocks; only what is said to take time takes any."""

    now: float = 1000

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that matching looks at."""
    clock = Clock()
    monkeypatch.setattr(matching, "monotonic", clock)
    monkeypatch.setattr(matching, "thread_time", clock)
    return clock


@dataclass
class Pattern:
    """Stands for a pattern that takes all the time it is given, as often as it is asked."""

    clock: Clock

    def search(self, _text: str, *, timeout: float, concurrent: bool) -> Any:
        """Take the time."""
        assert not concurrent
        self.clock.now += timeout + 1e-6
        raise TimeoutError


class InterruptedPattern(Pattern):
    """Stands for one whose time other threads take at first."""

    interruptions = 3

    @override
    def search(self, _text: str, *, timeout: float, concurrent: bool) -> Any:
        if self.interruptions:
            self.interruptions -= 1
            raise TimeoutError
        return TextMatch.compile(MatchMode.REGEX, "open").pattern.search("open")  # type: ignore[union-attr]


def _match(pattern: Any, budget: Budget) -> TextMatch:
    return TextMatch(mode=MatchMode.REGEX, wanted="", pattern=pattern, budget=budget)


def test_all_patterns_together_have_one_budget(clock: Clock) -> None:
    budget = Budget()
    hostile = [_match(Pattern(clock), budget) for _ in range(20)]
    ordinary = TextMatch.compile(MatchMode.REGEX, "^open$", budget=budget)
    most = PATTERN_BUDGET + PATTERN_TIMEOUT + len(hostile) * PATTERN_RESERVE
    for _ in range(2):
        began = clock.now
        for _ in range(50):
            for match in hostile:
                with pytest.raises(PatternTimeoutError):
                    match.groups("open")
            # What takes no time to speak of is searched all the same.
            assert ordinary.groups("open")
        assert PATTERN_BUDGET <= clock.now - began <= most
        clock.now += BUDGET_PERIOD + 1


def test_a_pattern_that_was_too_slow_is_tried_again_later(clock: Clock) -> None:
    budget = Budget(0)
    match = _match(Pattern(clock), budget)
    with pytest.raises(PatternTimeoutError):
        match.groups("open")
    began = clock.now
    with pytest.raises(PatternTimeoutError):
        match.groups("open")
    assert clock.now == began
    clock.now += BUDGET_PERIOD + 1
    began = clock.now
    with pytest.raises(PatternTimeoutError):
        match.groups("open")
    assert clock.now > began


def test_what_other_threads_take_does_not_count(clock: Clock) -> None:
    budget = Budget()
    assert _match(InterruptedPattern(clock), budget).groups("open")
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
    match = TextMatch.compile(MatchMode.REGEX, r"^heating (\d+)$")
    found = []
    with _busy_threads() as ran:
        for degrees in range(120):
            ran.clear()
            ran.wait()
            found.append(match.groups(f"Heating {degrees}"))
    assert [groups and groups[1] for groups in found] == [str(number) for number in range(120)]


# Runs of these would take long to sort, or are longer than they look.
MARKS = ["\u0301", "\u0316\u0301", "\u0f73", "\u0301\u200b\u0316\u200b", "\u0344"]


@pytest.mark.parametrize("mode", [*MatchMode])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("char", ["a", " ", "\U0001f600", "\u0301", "\ufdfa"], ids=ascii)
def test_whether_a_text_is_meant_that_is_too_long_is_not_known(
    *, mode: MatchMode, exact: bool, char: str
) -> None:
    match = TextMatch.compile(mode, "open", exact=exact)
    for text in ("open" + char * 64_000, char * 64_000 + "open", "open" + char * (MAX_TEXT - 3)):
        with pytest.raises(TextTooLongError) as caught:
            match.groups(text)
        assert str(caught.value) == ""


@pytest.mark.parametrize("mode", [mode for mode in MatchMode if mode is not MatchMode.IS])
@pytest.mark.parametrize("exact", [False, True])
def test_a_text_may_be_as_long_as_it_may(*, mode: MatchMode, exact: bool) -> None:
    match = TextMatch.compile(mode, "open", exact=exact)
    assert match.groups("open" + "n" * (MAX_TEXT - 4)) is not None


@pytest.mark.parametrize("marks", MARKS, ids=ascii)
def test_whether_a_text_is_meant_with_marks_without_end_is_not_known(
    marks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    match = TextMatch.compile(MatchMode.CONTAINS, "open")
    normalized: list[str] = []

    def normalizing(form: Any, text: str) -> str:
        normalized.append(text)
        return normalize(form, text)

    monkeypatch.setattr(matching, "normalize", normalizing)
    with pytest.raises(TextTooLongError):
        match.groups(("open a" + marks * MAX_TEXT)[:MAX_TEXT])
    # It is told before it takes long.
    assert max(map(len, normalized)) == 1


@pytest.mark.parametrize("said", ["ope" + "\u0301" * MAX_MARKS + "n", "\U0001f600" * 1000])
def test_as_many_marks_as_people_write_are_compared(said: str) -> None:
    assert _groups("is", said, said.upper()) == {}


def test_what_grows_too_long_when_folded_is_too_long() -> None:
    with pytest.raises(TextTooLongError):
        _groups("contains", "ff", "\ufb03" * MAX_TEXT)


def test_a_text_is_folded_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    matches = [TextMatch.compile(MatchMode.CONTAINS, f"ö {number}") for number in range(200)]
    said = "Bitte Ö 7"
    folded: list[str] = []

    def normalizing(form: Any, text: str) -> str:
        if len(text) > 1:
            folded.append(text)
        return normalize(form, text)

    monkeypatch.setattr(matching, "normalize", normalizing)
    assert [match.wanted for match in matches if match.groups(said) is not None] == ["ö 7"]
    assert folded == ["bitte ö 7"]


@pytest.mark.parametrize("exact", [False, True])
def test_what_no_text_could_be_is_refused(*, exact: bool) -> None:
    with pytest.raises(TextTooLongError):
        TextMatch.compile(MatchMode.IS, "a" * (MAX_TEXT + 1), exact=exact)
    with pytest.raises(TextTooLongError):
        ButtonMatch.compile(["Open", "a" * (MAX_TEXT + 1)], exact=exact)


@pytest.mark.parametrize("text", ["", " \n", "\u200b", " \u200e\ufeff "])
def test_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(f"{text}.")


def test_repr_shows_neither_what_is_wanted_nor_a_number() -> None:
    text = TextMatch.compile(MatchMode.REGEX, "pin 4711")
    sender = SenderMatch(numbers=[ANNA])
    assert "4711" not in repr(text)
    assert ANNA not in repr(sender)


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        (SenderMatch(), "anna ben stranger nobody"),
        (SenderMatch(known=True), "anna ben"),
        (SenderMatch(contacts={ANNAS_DEVICE}), "anna"),
        (SenderMatch(numbers={ANNA}), "anna"),
        (SenderMatch(contacts={ANNAS_DEVICE}, numbers={BEN}), "anna ben"),
        (SenderMatch(numbers={"+447700900666"}), "stranger"),
        (SenderMatch(known=True, numbers={"+447700900666"}), ""),
        (SenderMatch(contacts={"gone"}), ""),
        # Of a choice nothing is left: it is not as if there had been none.
        (SenderMatch(contacts=[]), ""),
        (SenderMatch(numbers=[]), ""),
        (SenderMatch(contacts=[], numbers=[ANNA]), "anna"),
    ],
    ids=str,
)
def test_sender(wanted: SenderMatch, meant: str) -> None:
    people = {
        "anna": (ANNA, ANNAS_DEVICE),
        "ben": (BEN, BENS_DEVICE),
        "stranger": ("+447700900666", None),
        "nobody": (None, None),
    }
    matched = [
        name
        for name, (number, contact) in people.items()
        if wanted.matches(number=number, contact=contact, known=contact is not None)
    ]
    assert matched == meant.split()


@pytest.mark.parametrize(
    ("wanted", "label", "button_id", "loosely", "exactly"),
    [
        (["Open"], "Open", None, True, True),
        (["open"], "Open ", None, True, False),
        (["gate-1"], "Open", "gate-1", True, True),
        (["GATE-1"], "Open", "gate-1", True, False),
        (["No", "Open"], "Open", "gate-1", True, True),
        (["Close"], "Open", "gate-1", False, False),
        (["\u00d6ffnen"], "O\u0308ffnen", None, True, False),
        (["Open"], None, None, False, False),
        ([""], None, None, False, False),
        (["None"], None, None, False, False),
        ([], "Open", "gate-1", False, False),
    ],
)
def test_button(
    *,
    wanted: list[str],
    label: str | None,
    button_id: str | None,
    loosely: bool,
    exactly: bool,
) -> None:
    for exact, meant in ((False, loosely), (True, exactly)):
        match = ButtonMatch.compile(wanted, exact=exact)
        assert match.matches(label=label, button_id=button_id) is meant


@pytest.mark.parametrize("exact", [False, True])
def test_whether_a_button_is_meant_that_is_too_long_is_not_known(*, exact: bool) -> None:
    match = ButtonMatch.compile(["Open"], exact=exact)
    assert match.matches(label="a" * 64_000, button_id="Open")
    with pytest.raises(UndecidedError):
        match.matches(label="a" * 64_000, button_id="gate-1")
