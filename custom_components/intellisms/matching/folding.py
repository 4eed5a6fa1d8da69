"""Words as they are compared: what phones write otherwise, unseen by people, made alike.

Whoever types a trigger's text and whoever sends one have different keyboards. Both
sides are folded by the same function, and only a comparison sees what it returns.
"""

from collections.abc import Iterator
import re
from unicodedata import category, combining, normalize

# What nobody sees: NUL, and of Unicode 16.0 what is Default_Ignorable_Code_Point, a format character
# (Cf) or a variation selector. Python itself knows categories only.
_INVISIBLE = re.compile(
    "[\0\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]+"
)
# Quotation_Mark of Unicode 16.0, and what keyboards have in its place: accents, primes, and the
# apostrophes of Hawaiian, Armenian, Hebrew and Greek. NFKC would make a space of an accent.
_QUOTES = re.compile(
    '["`\u00ab\u00b4\u00bb\u02b9-\u02bd\u02ca\u02cb\u02ee\u0374\u0384\u055a\u05f3\u05f4\u1fbd\u1fbf\u1fef'
    "\u1ffd\u1ffe\u2018-\u201f\u2032-\u2037\u2039\u203a\u2e42\u300c-\u300f\u301d-\u301f\ufe41-\ufe44"
    "\uff02\uff07\uff40\uff62\uff63]"
)
# Dash of Unicode 16.0.
_DASHES = re.compile(
    "[\u058a\u05be\u1400\u1806\u2010-\u2015\u2053\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d"
    "\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead]"
)
# Digits of Chinese, Japanese and Korean keyboards, and what stands between them.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF21)}
_SKIN_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")

# Marks on one letter. No language has more (Unicode Standard Annex 15, "Stream-Safe Text Format").
MAX_MARKS = 30
# Among the combining classes of a text's characters, which are 0 for all but marks.
_MANY_MARKS = re.compile(rb"[^\0]{%d}" % (MAX_MARKS + 1))
# The combining class of these is 0, but NFKC makes marks of them.
_HIDDEN_MARKS = re.compile("[\u0f73\u0f75\u0f81\uff9e\uff9f]")
# The combining grapheme joiner, which is invisible, parts a row of marks.
_JOINER = "\u034f"
# Characters that one character becomes at most in NFKC (U+FDFA does), and characters whose growth
# is looked at in one go.
_MOST_GROWTH = 18
_PART = 64
# The marks of where a word may end and begin: characters that no folded text has.
_END, _BEGIN = "\0", "\u200b"


def fold(text: str) -> str:
    """Return a text as it is compared with another one, which is folded too.

    It takes time in proportion to the length of `text`. The order of the steps is part of what
    people rely on: quotes come before NFKC, which would make a space of an accent.
    """
    seen = _DASHES.sub("-", _QUOTES.sub("'", without_invisible(text)))
    normal = _normalized(seen)
    # Turkish has an i with a dot and one without, in capital and in small letters; what becomes of
    # them depends on the language of whoever's phone it is.
    small = normal.casefold().replace("\u0131", "i").replace("i\u0307", "i")
    folded = _SKIN_TONES.sub("", small)
    if folded != normal or _has_long_rows(normal):
        folded = _normalized(folded)
    return " ".join(folded.split())


def without_invisible(text: str) -> str:
    """Return what a person sees of a text: all but `_INVISIBLE`, white space included."""
    return _INVISIBLE.sub("", text)


def words(text: str) -> list[str]:
    """Return the words of a text, split at white space, as they were written."""
    return without_invisible(text).split()


def plain(text: str) -> str:
    """Return a text that was pasted as it is typed on a plain keyboard; letters stay.

    Address books, messengers and PDF files put marks around numbers that nobody sees, dashes
    and spaces that do not break between the digits, and digits of full width.
    """
    seen = _DASHES.sub("-", without_invisible(text)).translate(_FULL_WIDTH)
    return " ".join(seen.split())


def is_blank(text: str) -> bool:
    """Tell whether nothing in a text can be seen."""
    return not words(text)


def outgrows(text: str, most: int) -> bool:
    """Tell whether a text may become longer than `most` characters in NFKC.

    That is found out a part at a time, since one character can become 18 (U+FDFA). A
    text that seems to because two of its parts would have become one is too long as well.
    """
    if text.isascii() or len(text) * _MOST_GROWTH <= most:
        return False
    size = 0
    for at in range(0, len(text), _PART):
        size += len(normalize("NFKC", text[at : at + _PART]))
        if size > most:
            return True
    return False


def with_edges(text: str) -> str:
    """Return a text with a mark wherever a word may end, and one where it may begin.

    So that searching for words that stand not beside a letter or digit, also for many in
    one text, is searching for texts: the edges of what is found are marked as its own are.
    """
    return "".join(_edged(text))


def _edged(text: str) -> Iterator[str]:
    """Yield a text's characters, and before each, or at the end, the edges that are there."""
    in_word = False
    for char in text:
        # Marks (M) belong to the letter before them.
        goes_on = category(char)[0] in "LMN"
        if not goes_on:
            yield _END
        if not in_word:
            yield _BEGIN
        yield char
        in_word = goes_on
    yield _END
    if not in_word:
        yield _BEGIN


def _normalized(text: str) -> str:
    """Return a text in NFKC, in time that is in proportion to its length.

    Before CPython mended `normalize` in 2026 (its issue 149079), the time it took grew with
    the square of a letter's marks. So long rows of marks are parted first.
    """
    if text.isascii():
        return text
    text = _HIDDEN_MARKS.sub(lambda found: normalize("NFKC", found[0]), text)
    if _has_long_rows(text):
        text = "".join(_parted(text))
    return normalize("NFKC", text).replace(_JOINER, "")


def _has_long_rows(text: str) -> bool:
    """Tell whether more than `MAX_MARKS` marks stand in a row."""
    return _MANY_MARKS.search(bytes(map(combining, text))) is not None


def _parted(text: str) -> Iterator[str]:
    """Yield a text's characters with a joiner after each `MAX_MARKS` marks in a row."""
    marks = 0
    for char in text:
        marks = marks + 1 if combining(char) else 0
        yield char
        if marks == MAX_MARKS:
            yield _JOINER
            marks = 0
