"""What a text or a button has to be."""

from collections.abc import Generator
from contextlib import contextmanager
import sys
from types import FrameType
from typing import Any

import pytest

from custom_components.intellisms.matching import (
    MAX_TEXT,
    ButtonMatch,
    Groups,
    MatchMode,
    TextMatch,
    TextTooLongError,
    UndecidedError,
)
from custom_components.intellisms.matching.folding import fold


def _groups(mode: str, wanted: str, text: str | None, *, exact: bool = False) -> Groups | None:
    return TextMatch.compile(MatchMode(mode), wanted, exact=exact).match(text)


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
        ("contains", "I'm here", "I\u2019m  here", True, False),
        ("contains_word", "gate", "open the gate!", True, True),
        ("contains_word", "gate", "open the Gate!", True, False),
        ("contains_word", "gate", "open the gates", False, False),
        ("contains_word", "the gate", "open the\u00a0gate", True, False),
        ("contains_word", "21", "0215", False, False),
        # In no text is a word that nobody sees.
        ("contains_word", "", "open", False, False),
        ("contains_word", "", "", False, False),
        ("contains_word", "\u200b", "open", False, False),
        ("starts_with", "pin 1234", "pin 1234 open", True, True),
        ("starts_with", "PIN 1234", "  pin 1234 open", True, False),
        ("starts_with", "open", "please open", False, False),
        ("regex", "^open$", "open", True, True),
        ("regex", "^open$", "Open", True, False),
        ("regex", "^open$", "\topen ", True, False),
        ("regex", "gate", "open the gate now", True, True),
        ("regex", "^gate", "open the gate", False, False),
        ("regex", "^open gate$", "\u200eop\u00aden gate\u2069", True, False),
        ("regex", "^o\u200bpen$", "o\u200bpen", False, True),
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


@pytest.mark.parametrize("mode", [*MatchMode])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("char", ["a", " ", "\U0001f600", "\u0301", "\ufdfa"], ids=ascii)
def test_whether_a_text_is_meant_that_is_too_long_is_not_known(
    *, mode: MatchMode, exact: bool, char: str
) -> None:
    match = TextMatch.compile(mode, "open", exact=exact)
    for text in ("open" + char * 64_000, char * 64_000 + "open", "open" + char * (MAX_TEXT - 3)):
        with pytest.raises(TextTooLongError) as caught:
            match.match(text)
        assert str(caught.value) == ""


@pytest.mark.parametrize("mode", [mode for mode in MatchMode if mode is not MatchMode.IS])
@pytest.mark.parametrize("exact", [False, True])
def test_a_text_may_be_as_long_as_it_may(*, mode: MatchMode, exact: bool) -> None:
    match = TextMatch.compile(mode, "open", exact=exact)
    assert match.match("open " + "n" * (MAX_TEXT - 5)) is not None


@contextmanager
def what_is_folded() -> Generator[list[str]]:
    """Watch which texts are folded within a block."""
    folded: list[str] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is fold.__code__:
            folded.append(frame.f_locals["text"])

    sys.setprofile(watch)
    try:
        yield folded
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("growing", ["\ufdfa", "\U0001f600\u3316"], ids=ascii)
def test_what_grows_too_long_is_told_before_it_is_folded(
    growing: str,
) -> None:
    match = TextMatch.compile(MatchMode.CONTAINS, "open")
    with what_is_folded() as folded, pytest.raises(TextTooLongError):
        match.match(growing * (MAX_TEXT // len(growing)))
    assert folded == []


# Rows of these would take long to sort, or are longer than they look.
MARKS = ["\u0301", "\u0316\u0301", "\u0f73", "\u0301\u200b\u0316\u200b", "\u0344"]


@pytest.mark.parametrize("marks", MARKS, ids=ascii)
def test_marks_without_end_are_compared_too(marks: str) -> None:
    said = ("open a" + marks * MAX_TEXT)[: MAX_TEXT // 2]
    assert _groups("is", "open a", said) is None
    assert _groups("contains", "open", said) == {}
    assert _groups("is", said, said.upper()) == {}


@pytest.mark.parametrize("said", ["ope" + "\u0301" * 30 + "n", "\U0001f600" * 1000])
def test_as_many_marks_as_people_write_are_compared(said: str) -> None:
    assert _groups("is", said, said.upper()) == {}


def test_a_text_is_folded_once_for_all() -> None:
    modes = (MatchMode.CONTAINS, MatchMode.CONTAINS_WORD)
    matches = {
        (mode, number): TextMatch.compile(mode, f"ö {number}")
        for number in range(100)
        for mode in modes
    }
    said = "Bitte Ö 7"
    with what_is_folded() as folded:
        found = {key for key, match in matches.items() if match.match(said) is not None}
    assert found == {(mode, 7) for mode in modes}
    assert folded == [said]


@pytest.mark.parametrize("exact", [False, True])
def test_what_no_text_could_be_is_refused(*, exact: bool) -> None:
    with pytest.raises(TextTooLongError):
        TextMatch.compile(MatchMode.IS, "a" * (MAX_TEXT + 1), exact=exact)
    with pytest.raises(TextTooLongError):
        ButtonMatch.compile(["Open", "a" * (MAX_TEXT + 1)], exact=exact)


def test_repr_shows_nothing_of_what_is_wanted() -> None:
    for mode in MatchMode:
        assert "4711" not in repr(TextMatch.compile(mode, "pin 4711"))


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
