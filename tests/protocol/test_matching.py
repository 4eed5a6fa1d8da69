"""The predicate behind triggers and conditions, over plain values."""

from contextlib import suppress
from time import perf_counter

import pytest

from custom_components.intellisms.protocol import matching
from custom_components.intellisms.protocol.matching import (
    BUDGET_PERIOD,
    MAX_SEARCHED,
    PATTERN_BUDGET,
    MatchMode,
    PatternTimeoutError,
    PatternTooLargeError,
    SenderMatch,
    TextMatch,
    is_button,
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
@pytest.mark.parametrize(
    "text",
    ["a" * 5000 + "!", "a" * (MAX_SEARCHED - 1) + "!", "a" * 1_000_000 + "!"],
    ids=["short", "long", "huge"],
)
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


def test_a_pattern_that_was_too_slow_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(matching, "monotonic", lambda: now)
    match = TextMatch.compile(MatchMode.REGEX, "^open$")
    assert match.groups("open")
    match._budget.spent = PATTERN_BUDGET
    with pytest.raises(PatternTimeoutError):
        match.groups("open")
    now += BUDGET_PERIOD + 1
    assert match.groups("open")


def test_a_pattern_is_not_looked_for_in_a_huge_text() -> None:
    match = TextMatch.compile(MatchMode.REGEX, "^a")
    assert match.groups("a" * MAX_SEARCHED)
    with pytest.raises(PatternTimeoutError):
        match.groups("a" * (MAX_SEARCHED + 1))
    # What cannot hang is compared whatever the length.
    assert _groups("contains", "z", "a" * 1_000_000 + "z") == {}


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
    assert is_button(wanted, label=label, button_id=button_id, exact=False) is loosely
    assert is_button(wanted, label=label, button_id=button_id, exact=True) is exactly
