"""The provider's spellings of a number, brought to one."""

# What people and the provider put between the digits of a number.
SEPARATORS = str.maketrans("", "", " \t-.()/\u00a0")
# E.164 allows 15 digits; below 8 a number may be a shortcode.
_SHORTEST = 8
_LONGEST = 15


def canonical_number(posted: str) -> str:
    """Return `+` and digits where `posted` is international, else `posted`, trimmed.

    International is what has a leading `+` or `00`, or is 8 to 15 digits that do
    not start with 0. Shortcodes, national numbers and alphanumeric senders stay.
    """
    trimmed = posted.strip()
    compact = trimmed.translate(SEPARATORS)
    for prefix in ("+", "00"):
        digits = compact.removeprefix(prefix)
        if digits != compact and _is_digits(digits):
            return f"+{digits}"
    if _is_digits(trimmed) and _SHORTEST <= len(trimmed) <= _LONGEST and trimmed[0] != "0":
        return f"+{trimmed}"
    return trimmed


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
