"""Numbers as people write them.

`protocol.numbers` reads the provider's spelling, which needs no country; this is
for what is typed, in a flow or an action, and asks Google's phone number library.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
import re

from homeassistant.core import HomeAssistant

from .protocol.numbers import without_separators

# A shortcode has from three to six digits; what has more is a number.
MIN_SHORTCODE_DIGITS = 3
MAX_SHORTCODE_DIGITS = 6
# No text can come from a longer sender's name (3GPP TS 23.040, 9.1.2.5).
MAX_NAME_CHARACTERS = 11
# With this many digits, a text with letters is a number with something wrong in it.
MANY_DIGITS = 7
# A number that was copied from a page or a message begins with the scheme of its link.
_LINK = re.compile(r"(?:tel|sms|whatsapp):", re.IGNORECASE)
# Mexico gave up the 1 before its mobile numbers in 2019; WhatsApp still posts it, and the
# library does not know it any more.
_MEXICAN_MOBILE = re.compile(r"\+521\d{10}")


class NumberKind(StrEnum):
    """What people send from."""

    NUMBER = "number"
    SHORTCODE = "shortcode"
    NAME = "name"


class Certainty(StrEnum):
    """How sure it is that what was understood is what was meant.

    Where a country was `ASSUMED`, a form asks once. `DOUBTFUL` are digits that are a
    number of Home Assistant's country as well as an international one, and a name that
    nobody can send as.
    """

    CERTAIN = "certain"
    ASSUMED = "assumed"
    DOUBTFUL = "doubtful"


class NumberProblem(StrEnum):
    """Why what was typed is no number; each is a translated error."""

    INVALID = "invalid_number"
    NO_COUNTRY = "no_country"


class TypedNumberError(ValueError):
    """What was typed cannot be understood as a number."""

    def __init__(self, problem: NumberProblem) -> None:
        """Keep the problem, not what was typed: the text of an error may be logged."""
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, kw_only=True, slots=True)
class TypedNumber:
    """What a person typed, as it was understood.

    `number` is how a message's event shows it: `+` and digits, a shortcode or a name.
    `written` is the same for people to read; a number that is typed like this is certain.
    """

    kind: NumberKind = NumberKind.NUMBER
    certainty: Certainty = Certainty.CERTAIN
    number: str = field(repr=False)
    written: str = field(repr=False)


async def typed_number(hass: HomeAssistant, text: str) -> TypedNumber:
    """Return what a person typed, understood; TypedNumberError where that cannot be done.

    It runs in the executor: the library reads its data for each country from disk.
    """
    return await hass.async_add_executor_job(_understand, text, hass.config.country)


def _understand(text: str, country: str | None) -> TypedNumber:
    """Read a text as a name, a number or a shortcode; TypedNumberError if it is none. Blocks.

    `country` is Home Assistant's, in two letters (ISO 3166-1), None where it is not set.
    """
    typed = _LINK.sub("", text.strip(), count=1).strip()
    if any(character.isalpha() for character in typed):
        # People copy a stranger's name from *Last sender*, which shows it in these marks.
        return _name(typed.removeprefix("“").removesuffix("”"))
    compact = without_separators(typed)
    digits = compact.removeprefix("+").removeprefix("00" if compact[:1] != "+" else "")
    if not (digits.isascii() and digits.isdigit()):
        raise TypedNumberError(NumberProblem.INVALID)
    # A plus or 00 was removed, so the number names its country itself.
    if digits != compact:
        return _international(typed if typed.startswith("+") else f"+{digits}")
    if MIN_SHORTCODE_DIGITS <= len(digits) <= MAX_SHORTCODE_DIGITS:
        return TypedNumber(kind=NumberKind.SHORTCODE, number=digits, written=digits)
    if digits.startswith("0"):
        return _national(typed, country)
    return _either(digits, country)


def _name(typed: str) -> TypedNumber:
    """Take a sender's name; one is doubtful that is too long, or a number with a letter in it."""
    digits = sum(character.isdigit() for character in typed)
    doubtful = digits >= MANY_DIGITS or len(typed) > MAX_NAME_CHARACTERS
    return TypedNumber(
        kind=NumberKind.NAME,
        certainty=Certainty.DOUBTFUL if doubtful else Certainty.CERTAIN,
        number=typed,
        written=typed,
    )


def _international(text: str) -> TypedNumber:
    """Read a number that begins with `+`; TypedNumberError if it is none."""
    return _taken(_possible(text, None))


def _national(text: str, country: str | None) -> TypedNumber:
    """Read a number that begins with 0 as one of a country; TypedNumberError if it is none."""
    if country is None:
        raise TypedNumberError(NumberProblem.NO_COUNTRY)
    return _taken(_possible(text, country))


def _either(digits: str, country: str | None) -> TypedNumber:
    """Read digits without any prefix; TypedNumberError if they are no number.

    They are taken as an international number without its plus, as the provider writes one,
    else as a number of the country. Where they are both, they are doubtful.
    """
    international = _possible(f"+{digits}", None)
    if country is None:
        return _taken(international)
    national = _possible(digits, country)
    if international is None or national is None:
        return _taken(international or national)
    import phonenumbers

    # Digits that begin with their own country's code are meant so, whatever else they could be.
    if digits.startswith(str(phonenumbers.country_code_for_region(country))):
        return international
    return replace(international, certainty=Certainty.DOUBTFUL)


def _taken(possible: TypedNumber | None) -> TypedNumber:
    """Return a number that is possible; TypedNumberError if there is none."""
    if possible is None:
        raise TypedNumberError(NumberProblem.INVALID)
    return possible


def _possible(text: str, country: str | None) -> TypedNumber | None:
    """Return the number that a text can be, None if it can be none. Blocks.

    Without a `country` the text is an international number, with its plus.
    """
    import phonenumbers

    compact = without_separators(text)
    if country is None and _MEXICAN_MOBILE.fullmatch(compact):
        return TypedNumber(number=compact, written=compact)
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    # Only the length is checked: the library's `is_valid_number` also wants a range that it
    # knows, and refuses numbers that the provider's own page shows.
    if not phonenumbers.is_possible_number(parsed):
        return None
    return TypedNumber(
        certainty=Certainty.CERTAIN if country is None else Certainty.ASSUMED,
        number=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        written=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
    )
