"""Numbers as people write them.

`protocol.numbers` reads the provider's spelling, which needs no country; this is
for what is typed, in a flow or an action, and asks Google's phone number library.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from homeassistant.core import HomeAssistant

MIN_SHORTCODE = 3
MAX_SHORTCODE = 6
_SEPARATORS = str.maketrans("", "", " \t-.()/\u00a0")


class NumberProblem(StrEnum):
    """Why what was typed is no number; each is a translated error."""

    INVALID = "invalid_number"
    NO_COUNTRY = "no_country"


class UserNumberError(ValueError):
    """What was typed cannot be understood as a number."""

    def __init__(self, problem: NumberProblem) -> None:
        """Keep the problem, not what was typed."""
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, kw_only=True, slots=True)
class UserNumber:
    """A number that was typed.

    `number` is `+` and digits, a shortcode or a name; `written` is for people to
    read. `guessed` is true where a country had to be assumed.
    """

    is_number: bool = True
    number: str = field(repr=False)
    written: str = field(repr=False)
    guessed: bool = False


async def user_number(hass: HomeAssistant, text: str) -> UserNumber:
    """Understand what a person typed; UserNumberError where that cannot be done.

    Runs in the executor: the library reads its data per country from disk.
    """
    return await hass.async_add_executor_job(_understand, text, hass.config.country)


def _understand(text: str, country: str | None) -> UserNumber:
    typed = text.strip()
    if any(character.isalpha() for character in typed):
        return UserNumber(number=typed, written=typed, is_number=False)
    compact = typed.translate(_SEPARATORS)
    digits = compact.removeprefix("+").removeprefix("00" if compact[:1] != "+" else "")
    if not (digits.isascii() and digits.isdigit()):
        raise UserNumberError(NumberProblem.INVALID)
    if digits != compact:
        return _international(typed if typed.startswith("+") else f"+{digits}")
    if MIN_SHORTCODE <= len(digits) <= MAX_SHORTCODE:
        return UserNumber(number=digits, written=digits)
    if digits.startswith("0"):
        return _national(typed, country)
    return _either(digits, country)


def _international(text: str) -> UserNumber:
    number = _possible(text, None)
    if number is None:
        raise UserNumberError(NumberProblem.INVALID)
    return number


def _national(text: str, country: str | None) -> UserNumber:
    if country is None:
        raise UserNumberError(NumberProblem.NO_COUNTRY)
    number = _possible(text, country)
    if number is None:
        raise UserNumberError(NumberProblem.INVALID)
    return number


def _either(digits: str, country: str | None) -> UserNumber:
    """Read digits without any prefix: as the provider writes them, else as a neighbour would."""
    national = _possible(digits, country) if country else None
    if international := _possible(f"+{digits}", None):
        import phonenumbers

        own = country and str(phonenumbers.country_code_for_region(country))
        doubtful = national is not None and not (own and digits.startswith(own))
        return UserNumber(
            number=international.number, written=international.written, guessed=doubtful
        )
    if national is None:
        raise UserNumberError(NumberProblem.INVALID)
    return national


def _possible(text: str, country: str | None) -> UserNumber | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    # Not is_valid_number: it refuses numbers that the provider's own page shows.
    if not phonenumbers.is_possible_number(parsed):
        return None
    return UserNumber(
        number=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        written=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
        guessed=country is not None,
    )
