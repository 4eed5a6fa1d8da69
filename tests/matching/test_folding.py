"""Words that look alike are alike, whatever keyboard they were typed on; others are not."""

from unicodedata import category, combining, name, normalize

from hypothesis import example, given, settings, strategies as st
import pytest
import regex

from custom_components.intellisms.matching import MatchMode, TextMatch, is_blank
from custom_components.intellisms.matching.folding import (
    MAX_MARKS,
    fold,
    outgrows,
    plain,
    without_invisible,
    words,
)

quick = settings(deadline=None, max_examples=150)

EVERYTHING = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
ACUTE, DOT_BELOW = "\u0301", "\u0323"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        # Invisible marks: of direction, isolates, variation selectors, soft hyphen, NUL, joiners.
        ("Open", "\u200eOpen"),
        ("Open", "\u2068open\u2069"),
        ("Open", "\u202aOpen\u202c"),
        ("\u2714 Yes", "\u2714\ufe0f Yes"),
        ("\u2764", "\u2764\ufe0f"),
        ("open", "o\u00adpen"),
        ("open", "open\0"),
        ("open", "\ufeffo\u200bp\u2060e\u034fn\U000e0100"),
        ("\U0001f468\u200d\U0001f4bb", "\U0001f468\U0001f4bb"),
        # Quotes and dashes.
        ("I'm home", "I\u2019m home"),
        ("I'm home", "I\u00b4m home"),
        ("I'm home", "I`m home"),
        ("l'entr\u00e9e", "l\u2019entre\u0301e"),
        ("l'entr\u00e9e", "l\u02bcentr\u00e9e"),
        ('say "hi"', "say \u201chi\u201d"),
        ('say "hi"', "say \u201ehi\u201c"),
        ('say "hi"', "say \u00abhi\u00bb"),
        ("gate-2", "gate\u20132"),
        ("gate-2", "gate\u20112"),
        ("-5", "\u22125"),
        # Full width, ligatures, what is composed otherwise.
        ("open", "\uff4f\uff50\uff45\uff4e"),
        ("open 21", "open\u300021"),
        ("office", "o\ufb03ce"),
        ("T\u00fcr", "Tu\u0308r"),
        # Before the capital letters are made small, and after.
        ("tel", "\u2121"),
        ("\u0390", "\u03aa\u0301"),
        # Capital letters, and every i.
        ("open", "OPEN"),
        ("stra\u00dfe", "STRASSE"),
        ("\u03bb\u03cc\u03b3\u03bf\u03c2", "\u039b\u038c\u0393\u039f\u03a3"),
        ("iptal", "\u0130PTAL"),
        ("iptal", "i\u0307ptal"),
        ("IPTAL", "iptal"),
        ("\u0131\u015f\u0131k", "I\u015eIK"),
        ("\u0131\u015f\u0131k", "i\u015fik"),
        # Skin tones.
        ("\U0001f44d", "\U0001f44d\U0001f3fd"),
        ("\U0001f44b\U0001f3fb open", "\U0001f44b\U0001f3ff open"),
        # White space.
        ("open gate", "Open  gate"),
        ("open gate", " open\u00a0\ngate\t"),
    ],
)
def test_the_same_words(wanted: str, said: str) -> None:
    assert fold(wanted) == fold(said)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("open", "opens"),
        ("open", "\u043epen"),
        ("open", "op en"),
        ("open gate", "opengate"),
        ("gate", "g\u00e2te"),
        ("nino", "ni\u00f1o"),
        ("21", "12"),
        ("\U0001f44d", "\U0001f44e"),
        ("1", "l"),
        ("'open'", "open"),
        ("gate-2", "gate 2"),
        ("i", "j"),
        ("\u0456", "i"),
    ],
)
def test_other_words(wanted: str, said: str) -> None:
    assert fold(wanted) != fold(said)


@pytest.mark.parametrize("nothing", ["", " \n", "\u200b", "\0", "\ufe0f", "\U0001f3fd", "\u3000"])
def test_nothing_is_left_of_nothing(nothing: str) -> None:
    assert not fold(nothing)


@pytest.mark.parametrize("text", ["", " \n", "\u200b", " \u200e\ufeff ", "\ufe0f", "\u3164"])
def test_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(f"{text}.")


# ---- whatever is written ----------------------------------------------------------

INVISIBLE = sorted(set(EVERYTHING) - set(without_invisible("".join(EVERYTHING))))
LETTERS = "aAbBiI\u0131\u0130sS\u00df\u00e9\u00c9\u00f1\u00d1\u015f\u015e\u03c3\u03a3\u0439\u0419"
written = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from(
        f"{LETTERS}{ACUTE}{DOT_BELOW}\u0307'\"-\u2019\u2013\u00b4 \t\U0001f44d\U0001f3fd"
    ),
    max_size=20,
)


@quick
@given(written, st.sampled_from(INVISIBLE), st.data())
@example("I\u0307", "\u034f", None)
def test_what_is_invisible_is_not_compared(
    text: str, invisible: str, data: st.DataObject | None
) -> None:
    at = data.draw(st.integers(0, len(text))) if data else 1
    assert fold(text[:at] + invisible + text[at:]) == fold(text)
    assert without_invisible(text[:at] + invisible + text[at:]) == without_invisible(text)


@quick
@given(
    written,
    st.sampled_from("'\"`\u00b4\u02bc\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb\uff07\uff40"),
)
def test_quotes_are_alike(text: str, quote: str) -> None:
    assert fold(text.replace("'", quote)) == fold(text)


@quick
@given(written, st.sampled_from("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"))
def test_dashes_are_alike(text: str, dash: str) -> None:
    assert fold(text.replace("-", dash)) == fold(text)


@quick
@given(st.text(LETTERS + " 1'-\U0001f44d", max_size=20))
def test_capital_letters_are_alike(text: str) -> None:
    assert fold(text) == fold(text.lower()) == fold(text.upper()) == fold(text.title())
    assert fold(fold(text)) == fold(text)


@quick
@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20))
def test_full_width_is_alike(text: str) -> None:
    assert fold("".join(chr(ord(char) + 0xFEE0) for char in text)) == fold(text)


@quick
@given(st.lists(written, max_size=4), st.sampled_from([" ", "  ", "\n", "\u00a0", "\u2009 \r\n"]))
def test_white_space_is_alike(parts: list[str], space: str) -> None:
    folded = fold(" ".join(parts))
    assert fold(f"{space}{space.join(parts)}{space}") == folded
    assert folded == " ".join(folded.split())


def test_a_row_of_marks_is_compared_a_part_at_a_time() -> None:
    """Sorting takes the square of its length in some Pythons; no language has long ones."""
    allowed, more = ACUTE * (MAX_MARKS - 1), ACUTE * MAX_MARKS * 2
    assert fold(f"a{allowed}{DOT_BELOW}") == fold(f"a{DOT_BELOW}{allowed}")
    assert fold(f"a{more}{DOT_BELOW}") != fold(f"a{DOT_BELOW}{more}")
    # What goes out leaves no longer row behind.
    for between in ("\u034f", "\U0001f3fd"):
        assert fold(f"a{between.join(more)}{between}{DOT_BELOW}") == fold(f"a{more}{DOT_BELOW}")
    # Nor does what is taken apart into marks.
    overlay = "\u0334"
    for hidden in (char for char in EVERYTHING if combining(normalize("NFKD", char)[0])):
        row = hidden * MAX_MARKS * 2
        assert fold(f"a{row}{overlay}") != fold(f"a{overlay}{row}") or hidden == overlay
    assert fold(f"a{(ACUTE + DOT_BELOW) * 100_000}")


# ---- tables ----------------------------------------------------------------------


def having(*properties: str) -> set[str]:
    """Return the characters that have one of these properties of Unicode."""
    pattern = regex.compile("[" + "".join(rf"\p{{{one}}}" for one in properties) + "]")
    return set(pattern.findall("".join(EVERYTHING)))


def test_what_is_invisible() -> None:
    invisible = set(INVISIBLE)
    # What Python knows of it, in whatever version of Unicode it has.
    assert {char for char in EVERYTHING if category(char) == "Cf"} <= invisible
    assert {char for char in EVERYTHING if "VARIATION SELECTOR" in name(char, "")} <= invisible
    assert {category(char) for char in invisible} == {"Cc", "Cf", "Cn", "Lo", "Mn"}
    letters = {char for char in invisible if category(char) == "Lo"}
    assert all("FILLER" in name(char) for char in letters)
    # What it does not know.
    properties = ("Default_Ignorable_Code_Point", "Cf", "Variation_Selector")
    assert invisible == having(*properties) | {"\0"}


def test_what_is_a_quote_or_a_dash() -> None:
    signs = [char for char in EVERYTHING if category(char)[0] in "PS" or category(char) == "Lm"]
    quotes = {char for char in signs if fold(char) == "'"}
    dashes = {char for char in signs if fold(char) == "-"}
    accents = set("`\u00b4\u02ca\u02cb\u0384\u1fef\u1ffd\uff40")
    primes = set("\u02b9\u02ba\u2032\u2033\u2034\u2035\u2036\u2037\u0374")
    apostrophes = set("\u02bb\u02bc\u02bd\u02ee\u055a\u05f3\u05f4\u1fbd\u1fbf\u1ffe")
    assert quotes == having("Quotation_Mark") | accents | primes | apostrophes
    assert dashes == having("Dash")


# ---- length ----------------------------------------------------------------------


@quick
@given(written, st.integers(0, 40))
@example("\ufdfa", 17)
@example("e\u0301" * 200, 200)
def test_what_grows_is_noticed(text: str, most: int) -> None:
    grown = len(normalize("NFKC", text))
    assert outgrows(text, most) or grown <= most or len(text) > most
    assert not outgrows(text, max(grown, len(text)) + len(text) // 64)


@pytest.mark.parametrize("char", ["a", "\u00e4", "\U0001f600", "\uac01", "\u1ebf"])
def test_what_people_write_does_not_grow(char: str) -> None:
    assert not outgrows(char * 4096, 4096)


def test_nothing_grows_more_than_is_thought() -> None:
    assert max(len(normalize("NFKC", char)) for char in EVERYTHING) == 18


# ---- words -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "said", "found"),
    [
        ("21", "0215", False),
        ("21", "code 21.", True),
        ("open", "reopen", False),
        ("open", "Please OPEN!", True),
        ("open", "open", True),
        ("open", "opens", False),
        ("open", "open2", False),
        ("open", "(open)", True),
        ("open", "open_gate", True),
        ("open", "reopen and open", True),
        ("open gate", "please open  gate now", True),
        ("open gate", "open gates", False),
        ("tor", "Tor\u00f6ffnung", False),
        ("ouvre", "d\u00e9couvre", False),
        ("\u0440\u0430\u0437", "\u0440\u0430\u0437!", True),
        ("\u0440\u0430\u0437", "\u0441\u0440\u0430\u0437\u0443", False),
        # A vowel of Hindi is a mark, and the word goes on with it.
        ("\u0930\u093e\u092e", "\u0930\u093e\u092e\u093e\u092f\u0923", False),
        ("\U0001f44d", "ok \U0001f44d\U0001f3fd", True),
        ("\U0001f44d", "\U0001f44d\U0001f44d", True),
        ("#21", "room #21", True),
        ("#21", "room#21", False),
        ("open", "", False),
        ("", "open", False),
        ("", "", False),
    ],
)
def test_a_word_in_a_text(wanted: str, said: str, *, found: bool) -> None:
    match = TextMatch.compile(MatchMode.CONTAINS_WORD, wanted)
    assert (match.match(said) is not None) is found


pieces = st.text("abB1 .-'\u00e9\u0301\u093e\U0001f44d\0\u200b", max_size=8)


@quick
@given(pieces, pieces, pieces)
def test_a_word_stands_not_beside_a_letter_or_digit(before: str, wanted: str, after: str) -> None:
    said = before + wanted + after
    ends = (
        (at, at + len(wanted)) for at in range(len(said)) if wanted and said.startswith(wanted, at)
    )
    beside = (said[max(at - 1, 0) : at] + said[end : end + 1] for at, end in ends)
    alone = any(not any(category(char)[0] in "LMN" for char in chars) for chars in beside)
    match = TextMatch.compile(MatchMode.CONTAINS_WORD, wanted, exact=True)
    assert (match.match(said) is not None) is alone


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Open the Gate", ["Open", "the", "Gate"]),
        ("  code\t1234 \n+44 7700 900456 ", ["code", "1234", "+44", "7700", "900456"]),
        ("+447700900456", ["+447700900456"]),
        ("\u200eOpen\u00a0\u2068Gate\u2069\0", ["Open", "Gate"]),
        ("I\u2019m\u3000\uff12\uff11", ["I\u2019m", "\uff12\uff11"]),
        ("", []),
        ("\u200b \ufeff", []),
    ],
)
def test_the_words_of_a_text(said: str, expected: list[str]) -> None:
    assert words(said) == expected


# ---- as on a plain keyboard ------------------------------------------------------


@pytest.mark.parametrize(
    ("pasted", "typed"),
    [
        ("\u202a+44\u00a07700\u2011900456\u202c", "+44 7700-900456"),
        ("\u2068+44\u202f7700\u00ad900\u2060456\u2069\0", "+44 7700900456"),
        ("\uff0b\uff14\uff14\u3000\uff08\uff10\uff09\uff17\uff17\uff0f\uff0e", "+44 (0)77/."),
        ("1\u20122\u20133\u20144\u22125\ufe636", "1-2-3-4-5-6"),
        (" My\u2007Bank\r\n", "My Bank"),
        # Letters, footnotes and other scripts' digits stay what they are.
        ("\uff21\u00b2\u0661\u2019", "\uff21\u00b2\u0661\u2019"),
        ("\u200b", ""),
    ],
)
def test_what_was_pasted_as_it_is_typed(pasted: str, typed: str) -> None:
    assert plain(pasted) == typed
