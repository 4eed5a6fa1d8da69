"""Numbers as people write them.

`protocol.numbers` reads the provider's spelling, which needs no country; this is
for what is typed, in a flow or an action, and asks Google's phone number library.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
import re

from homeassistant.core import HomeAssistant

from .protocol.numbers import without_separators

MIN_SHORTCODE = 3
MAX_SHORTCODE = 6
# What a sender's name may have at most (3GPP TS 23.040).
MAX_NAME = 11
# Digits from which on a text with letters is a number with something wrong in it.
MANY_DIGITS = 7
# Copied from a page or a message.
_LINK = re.compile(r"(?:tel|sms|whatsapp):", re.IGNORECASE)
# Mexico gave up the 1 of its mobile numbers in 2019; WhatsApp did not.
_MEXICAN_MOBILE = re.compile(r"\+521\d{10}")


class NumberProblem(StrEnum):
    """Why what was typed is no number; each is a translated error."""

    INVALID = "invalid_number"
    NO_COUNTRY = "no_country"


class TypedNumberError(ValueError):
    """What was typed cannot be understood as a number."""

    def __init__(self, problem: NumberProblem) -> None:
        """Keep the problem, not what was typed."""
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, kw_only=True, slots=True)
class TypedNumber:
    """A number that was typed.

    `number` is `+` and digits, a shortcode or a name; `written` is for people to
    read. `guessed` is true where a country had to be assumed, `doubtful` where what
    was typed is a number of that country as well as an international one, or a name
    that nobody can send as.
    """

    is_number: bool = True
    number: str = field(repr=False)
    written: str = field(repr=False)
    guessed: bool = False
    doubtful: bool = False


async def typed_number(hass: HomeAssistant, text: str) -> TypedNumber:
    """Understand what a person typed; UserNumberError where that cannot be done.

    Runs in the executor: the library reads its data per country from disk.
    """
    return await hass.async_add_executor_job(_understand, text, hass.config.country)


def _understand(text: str, country: str | None) -> TypedNumber:
    typed = _LINK.sub("", text.strip(), count=1).strip()
    if any(character.isalpha() for character in typed):
        # *Last sender* shows a stranger's name in these marks, to be copied from there.
        return _name(typed.removeprefix("“").removesuffix("”"))
    compact = without_separators(typed)
    digits = compact.removeprefix("+").removeprefix("00" if compact[:1] != "+" else "")
    if not (digits.isascii() and digits.isdigit()):
        raise TypedNumberError(NumberProblem.INVALID)
    if digits != compact:
        return _international(typed if typed.startswith("+") else f"+{digits}")
    if MIN_SHORTCODE <= len(digits) <= MAX_SHORTCODE:
        return TypedNumber(number=digits, written=digits)
    if digits.startswith("0"):
        return _national(typed, country)
    return _either(digits, country)


def _name(typed: str) -> TypedNumber:
    """Take an alphanumeric sender; *44 7700 900123 x2* hardly is one."""
    digits = sum(character.isdigit() for character in typed)
    doubtful = digits >= MANY_DIGITS or len(typed) > MAX_NAME
    return TypedNumber(number=typed, written=typed, is_number=False, doubtful=doubtful)


def _international(text: str) -> TypedNumber:
    number = _possible(text, None)
    if number is None:
        raise TypedNumberError(NumberProblem.INVALID)
    return number


def _national(text: str, country: str | None) -> TypedNumber:
    if country is None:
        raise TypedNumberError(NumberProblem.NO_COUNTRY)
    number = _possible(text, country)
    if number is None:
        raise TypedNumberError(NumberProblem.INVALID)
    return number


def _either(digits: str, country: str | None) -> TypedNumber:
    """Read digits without any prefix: as the provider writes them, else as a neighbour would."""
    national = _possible(digits, country) if country else None
    if international := _possible(f"+{digits}", None):
        import phonenumbers

        own = country and str(phonenumbers.country_code_for_region(country))
        doubtful = national is not None and not (own and digits.startswith(own))
        return replace(international, guessed=doubtful, doubtful=doubtful)
    if national is None:
        raise TypedNumberError(NumberProblem.INVALID)
    return national


def _possible(text: str, country: str | None) -> TypedNumber | None:
    import phonenumbers

    compact = without_separators(text)
    if country is None and _MEXICAN_MOBILE.fullmatch(compact):
        return TypedNumber(number=compact, written=compact)
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    # Not is_valid_number: it refuses numbers that the provider's own page shows.
    if not phonenumbers.is_possible_number(parsed):
        return None
    return TypedNumber(
        number=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        written=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
        guessed=country is not None,
    )
