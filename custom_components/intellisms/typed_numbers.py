"""Numbers as people write and paste them.

`protocol.numbers` reads the provider's spelling, which needs no country; this is
for what is typed, in a flow, a trigger or an action, and asks Google's phone number library.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
import re

from homeassistant.core import HomeAssistant

from .const import CONF_NUMBERS, DOMAIN, SUBENTRY_CONTACT
from .matching import plain
from .protocol.numbers import (
    canonical_number,
    is_plain_user_id,
    is_user_id,
    line,
    sender_key,
    without_separators,
)

# A shortcode has from three to six digits; what has more is a number.
MIN_SHORTCODE_DIGITS = 3
MAX_SHORTCODE_DIGITS = 6
# No text can come from a longer sender's name (3GPP TS 23.040, 9.1.2.5).
MAX_NAME_CHARACTERS = 11
# With this many digits, a text with letters is a number with something wrong in it.
MANY_DIGITS = 7
# With one of these a text with letters is an address, a template or a number with a remark.
_NO_NAME = frozenset("@/:{(")
# A number that was copied from a page or a message begins with the scheme of its link.
_LINK = re.compile(r"^(?:tel|sms|whatsapp):", re.IGNORECASE)


class NumberKind(StrEnum):
    """What people send from."""

    NUMBER = "number"
    SHORTCODE = "shortcode"
    NAME = "name"
    USER_ID = "user_id"


class Certainty(StrEnum):
    """How sure it is that what was understood is what was meant.

    All but `CERTAIN` is asked back once in a form. `ASSUMED` is the country of a number.
    `DOUBTFUL` are digits that are a number of Home Assistant's country as well as an
    international one. `UNUSUAL` is WhatsApp's id of a person, and a name that hardly anybody
    can send as.
    """

    CERTAIN = "certain"
    ASSUMED = "assumed"
    DOUBTFUL = "doubtful"
    UNUSUAL = "unusual"


class NumberProblem(StrEnum):
    """Why what was typed is not taken; each is a translated error."""

    INVALID = "invalid_number"
    NO_COUNTRY = "no_country"
    # This one is for where nobody can be asked.
    TWO_COUNTRIES = "two_countries"


class TypedNumberError(ValueError):
    """What was typed cannot be understood as a number."""

    def __init__(self, problem: NumberProblem) -> None:
        """Keep the problem, not what was typed: the text of an error may be logged."""
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, kw_only=True, slots=True)
class TypedNumber:
    """What a person typed, as it was understood.

    `number` is how a message's event shows it: `+` and digits, a shortcode, an id or a name.
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


async def typed_sender(hass: HomeAssistant, text: str) -> TypedNumber:
    """Return who was typed where nobody can be asked back; TypedNumberError for all that is odd.

    That a contact has it already says that it is meant, whatever it looks like.
    """
    shown = as_shown(text)
    if is_a_contacts(hass, shown):
        return TypedNumber(kind=_kind(shown), number=shown, written=shown)
    understood = await typed_number(hass, text)
    if understood.certainty is Certainty.DOUBTFUL:
        raise TypedNumberError(NumberProblem.TWO_COUNTRIES)
    sender, kind = understood.number, understood.kind
    is_odd = kind is NumberKind.USER_ID and not _is_possible_name(sender)
    if kind is NumberKind.NAME:
        is_odd = understood.certainty is Certainty.UNUSUAL
    if is_odd and not is_plain_user_id(sender):
        raise TypedNumberError(NumberProblem.INVALID)
    return understood


def is_a_contacts(hass: HomeAssistant, sender: str) -> bool:
    """Tell whether a contact has this number, id or name; `sender` is as events show it."""
    return any(
        sender_key(number) == sender_key(sender)
        for entry in hass.config_entries.async_entries(DOMAIN)
        for contact in entry.get_subentries_of_type(SUBENTRY_CONTACT)
        for number in contact.data[CONF_NUMBERS]
    )


def as_shown(text: str) -> str:
    """Return what was typed as an event shows it, whether or not it is a possible number."""
    typed = _readable(text)
    compact = without_separators(typed)
    # The provider puts nothing between the digits of a number.
    return canonical_number(compact if compact.isdecimal() else typed)


def _readable(text: str) -> str:
    """Return what was typed without what came along when it was copied."""
    # People copy a stranger's name from *Last sender*, which shows it in these marks.
    typed = plain(text).removeprefix("“").removesuffix("”").strip()
    without_scheme = _LINK.sub("", typed, count=1).strip()
    return typed if _has_letters(without_scheme) else without_scheme


def _understand(text: str, country: str | None) -> TypedNumber:
    """Read a text as a name, a number or a shortcode; TypedNumberError if it is none. Blocks.

    `country` is Home Assistant's, in two letters (ISO 3166-1), None where it is not set.
    """
    typed = _readable(text)
    if _has_letters(typed):
        return _name(typed)
    compact = without_separators(typed)
    digits = compact.removeprefix("+").removeprefix("00" if compact[:1] != "+" else "")
    if not (digits.isascii() and digits.isdigit()):
        raise TypedNumberError(NumberProblem.INVALID)
    # A plus or 00 was removed, so the number names its country itself.
    if digits != compact:
        return _taken(_possible(typed if typed.startswith("+") else f"+{digits}", None))
    if MIN_SHORTCODE_DIGITS <= len(digits) <= MAX_SHORTCODE_DIGITS:
        return TypedNumber(kind=NumberKind.SHORTCODE, number=digits, written=digits)
    if digits.startswith("0"):
        return _national(typed, country)
    return _either(digits, country)


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)


def _kind(sender: str) -> NumberKind:
    """Return what a sender is; `sender` is as events show it."""
    if is_user_id(sender):
        return NumberKind.USER_ID
    if _has_letters(sender):
        return NumberKind.NAME
    return NumberKind.NUMBER if sender.startswith("+") else NumberKind.SHORTCODE


def _name(typed: str) -> TypedNumber:
    """Take an id or a sender's name, which is unusual if nobody can have it or it looks otherwise.

    What looks otherwise is a number with a letter in it, as one with a remark has.
    """
    kind = _kind(typed)
    digits = sum(character.isdigit() for character in typed)
    usual = kind is NumberKind.NAME and _is_possible_name(typed) and digits < MANY_DIGITS
    return TypedNumber(
        kind=kind,
        certainty=Certainty.CERTAIN if usual else Certainty.UNUSUAL,
        number=typed,
        written=typed,
    )


def _is_possible_name(name: str) -> bool:
    """Tell whether a text can be the name that somebody sends as."""
    return len(name) <= MAX_NAME_CHARACTERS and _NO_NAME.isdisjoint(name)


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
    # It is imported late: this module is read before core has installed what it requires.
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

    try:
        parsed = phonenumbers.parse(text, country)
        number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        # The library does not know the spelling any more that some lines had before.
        today = phonenumbers.parse(line(number))
    except phonenumbers.NumberParseException:
        return None
    # Only the length is checked: the library's `is_valid_number` also wants a range that it
    # knows, and refuses numbers that the provider's own page shows.
    if not phonenumbers.is_possible_number(today):
        return None
    return TypedNumber(
        certainty=Certainty.CERTAIN if country is None else Certainty.ASSUMED,
        number=number,
        written=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
    )
