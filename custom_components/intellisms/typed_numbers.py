"""Numbers as people write them.

`protocol.numbers` reads the provider's spelling, which needs no country; this is
for what is typed, in a flow or an action, and asks Google's phone number library.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
import re

from homeassistant.core import HomeAssistant

from .protocol.numbers import SEPARATORS

# How many digits a shortcode has.
MIN_SHORTCODE = 3
MAX_SHORTCODE = 6
# The characters that a sender's name has at most (3GPP TS 23.040).
MAX_NAME = 11
# With this many digits, a text with letters is a number with something wrong in it.
MANY_DIGITS = 7
# A number that was copied from a page or a message begins with the scheme of its link.
_LINK = re.compile(r"(?:tel|sms|whatsapp):", re.IGNORECASE)
# Mexico gave up the 1 of its mobile numbers in 2019; WhatsApp did not.
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
    """Tell a name, an international number, a shortcode and a national number apart."""
    typed = _LINK.sub("", text.strip(), count=1).strip()
    if any(character.isalpha() for character in typed):
        # People copy a stranger's name from *Last sender*, which shows it in these marks.
        return _name(typed.removeprefix("“").removesuffix("”"))
    compact = typed.translate(SEPARATORS)
    digits = compact.removeprefix("+").removeprefix("00" if compact[:1] != "+" else "")
    if not (digits.isascii() and digits.isdigit()):
        raise TypedNumberError(NumberProblem.INVALID)
    if digits != compact:
        return _international(typed if typed.startswith("+") else f"+{digits}")
    if MIN_SHORTCODE <= len(digits) <= MAX_SHORTCODE:
        return TypedNumber(kind=NumberKind.SHORTCODE, number=digits, written=digits)
    if digits.startswith("0"):
        return _national(typed, country)
    return _either(digits, country)


def _name(typed: str) -> TypedNumber:
    """Take an alphanumeric sender; *44 7700 900123 x2* hardly is one."""
    digits = sum(character.isdigit() for character in typed)
    doubtful = digits >= MANY_DIGITS or len(typed) > MAX_NAME
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
    """Read digits without any prefix: as the provider writes them, else as a neighbour would."""
    international = _possible(f"+{digits}", None)
    if country is None:
        return _taken(international)
    national = _possible(digits, country)
    if international is None or national is None:
        return _taken(international or national)
    import phonenumbers

    # Who writes their own country's code means it, whatever else the digits could be.
    if digits.startswith(str(phonenumbers.country_code_for_region(country))):
        return international
    return replace(international, certainty=Certainty.DOUBTFUL)


def _taken(possible: TypedNumber | None) -> TypedNumber:
    """Return a number that is possible; TypedNumberError if there is none."""
    if possible is None:
        raise TypedNumberError(NumberProblem.INVALID)
    return possible


def _possible(text: str, country: str | None) -> TypedNumber | None:
    """Return the number that a text may be, in a country or else internationally, if any."""
    import phonenumbers

    compact = text.translate(SEPARATORS)
    if country is None and _MEXICAN_MOBILE.fullmatch(compact):
        return TypedNumber(number=compact, written=compact)
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    # The library's is_valid_number refuses numbers that the provider's own page shows.
    if not phonenumbers.is_possible_number(parsed):
        return None
    return TypedNumber(
        certainty=Certainty.CERTAIN if country is None else Certainty.ASSUMED,
        number=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        written=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
    )
