"""The provider's spellings of a number, brought to one."""

import re

# What people and the provider put between the digits of a number.
_SEPARATORS = str.maketrans("", "", " \t-.()/\u00a0")
# Digits. E.164 allows 15; a number of fewer than 8 may be a shortcode.
_SHORTEST = 8
_LONGEST = 15

# WhatsApp's id of a person, such as `GB.13491208655302741918`, or `US.ENT.` and more for a company's
# (Meta: "Business-scoped user IDs").
_USER_ID = re.compile(r"[A-Z]{2}(?:\.ENT)?\.[A-Za-z0-9]{1,128}")
# All that were seen have digits alone; with letters it may as well be a name with a dot in it.
_PLAIN_USER_ID = re.compile(r"[A-Z]{2}\.[0-9]{1,128}")

# What WhatsApp posts otherwise than people write it, and the spelling in force today. A pair stands
# here only where the numbering plan leaves no second line that the other spelling could be: whoever
# is taken for somebody else walks through their gate. `[0-9]`, since `\d` is any script's digit.
_LINES = (
    # Brazil (ITU, communication of 6.II.2013; libphonenumber): a 9 was put before all mobile numbers,
    # which began with 6 to 9. Landlines begin with 2 to 5. With 7 there are 8-digit radio numbers
    # that got no 9, and libphonenumber holds them valid: there the two are different lines.
    (re.compile(r"\+55([1-9]{2})9?([689][0-9]{7})"), r"+55\g<1>9\2"),
    # Argentina (Plan Fundamental de Numeración Nacional, SC 46/97, III.1.1): a national number has 10
    # digits, and the 9 is, as the 15 at home, a prefix for mobile ones. ENACOM's list of blocks (48,903
    # on 27 July 2026) has none twice and none within another, so fixed and mobile share no number.
    (re.compile(r"\+549?((?:11|[23][0-9])[0-9]{8})"), r"+549\1"),
    # Mexico (ITU, communication of 12.VI.2018): since August 2019 no prefix tells a mobile number,
    # and no 10 digits are given twice in the country.
    (re.compile(r"\+521?([2-9][0-9]{9})"), r"+52\1"),
    # Benin (ITU, communication for 30.XI.2024): all numbers of 8 digits got 01 before them, whatever
    # the operator; they began with 2, 4, 5, 6 or 9 (libphonenumber).
    (re.compile(r"\+229(?:01)?([24-69][0-9]{7})"), r"+22901\1"),
)


def canonical_number(posted: str) -> str:
    """Return `+` and digits where `posted` is international, else `posted`, trimmed.

    International is what has a leading `+` or `00`, or is 8 to 15 digits that do
    not start with 0. Shortcodes, national numbers and alphanumeric senders stay.
    """
    trimmed = posted.strip()
    compact = without_separators(trimmed)
    for prefix in ("+", "00"):
        digits = compact.removeprefix(prefix)
        if digits != compact and _is_digits(digits):
            return f"+{digits}"
    if _is_digits(trimmed) and _SHORTEST <= len(trimmed) <= _LONGEST and trimmed[0] != "0":
        return f"+{trimmed}"
    return trimmed


def without_separators(number: str) -> str:
    """Return a number without the spaces, hyphens, dots, slashes and brackets between its digits."""
    return number.translate(_SEPARATORS)


def line(number: str) -> str:
    """Return the one spelling of the line that `number` is, to look people up by.

    `number` is as `canonical_number` returns it. What has one spelling only, as
    have names, user ids and shortcodes, stays as it is.
    """
    for spelling, meant in _LINES:
        if found := spelling.fullmatch(number):
            return found.expand(meant)
    return number


def sender_key(sender: str) -> str:
    """Return what to look a sender up by: all spellings of one line, or of one name, are alike.

    `sender` is as `canonical_number` returns it.
    """
    return line(sender).casefold()


def is_user_id(sender: str) -> bool:
    """Tell whether a sender is WhatsApp's id of a person, and no number."""
    return _USER_ID.fullmatch(sender) is not None


def is_plain_user_id(sender: str) -> bool:
    """Tell whether a sender can be nothing but WhatsApp's id: two letters, a dot, digits."""
    return _PLAIN_USER_ID.fullmatch(sender) is not None


def _is_digits(text: str) -> bool:
    """Tell whether a text is ASCII digits only; `isdigit` alone takes any script's, and `²`."""
    return text.isascii() and text.isdigit()
