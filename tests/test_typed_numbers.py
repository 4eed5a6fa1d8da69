"""One table for both: what people type, and how the provider writes the same number."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.intellisms.protocol import canonical_number
from custom_components.intellisms.typed_numbers import (
    Certainty,
    NumberKind,
    NumberProblem,
    TypedNumber,
    TypedNumberError,
    as_shown,
    typed_number,
    typed_sender,
)

from .household import ANNA, account, contact

CERTAIN, ASSUMED, DOUBTFUL, UNUSUAL = Certainty

# On the provider's own page; no number plan has it, so it is only a possible number.
PAGE = "44771012345"
MOBILE = "447710123456"


@pytest.mark.parametrize(
    ("typed", "country", "posted", "certainty"),
    [
        # International: no country is needed, and none is assumed.
        ("+44 7710 12345", None, PAGE, CERTAIN),
        ("+44 7710 12345", "DE", PAGE, CERTAIN),
        (" +44.7710-12345 ", None, PAGE, CERTAIN),
        ("+44\u00a07710\u00a012345", None, PAGE, CERTAIN),
        ("0044 7710 12345", None, PAGE, CERTAIN),
        ("00447710 12345", "US", PAGE, CERTAIN),
        ("+44 (0)7710 123456", None, MOBILE, CERTAIN),
        ("+61 491 570 156", "GB", "61491570156", CERTAIN),
        ("tel:+44-7710-12345", "GB", PAGE, CERTAIN),
        ("WhatsApp: +44 7710 12345", "GB", PAGE, CERTAIN),
        # As WhatsApp writes Mexican mobiles; the number plan has no such number any more.
        ("+52 1 55 1234 5678", "GB", "5215512345678", CERTAIN),
        ("5215512345678", "GB", "5215512345678", CERTAIN),
        # As Benin wrote its numbers until 2024, and WhatsApp goes on.
        ("+229 97 12 34 56", "GB", "22997123456", CERTAIN),
        ("0022997123456", "GB", "22997123456", CERTAIN),
        ("66 12 34 56", "BJ", "22966123456", ASSUMED),
        # Copied from WhatsApp, Signal, an address book, a PDF, and typed on a Japanese keyboard.
        ("\u202a+44\u00a07710\u00a0123456\u202c", "DE", MOBILE, CERTAIN),
        ("\u2068+44 7710 123456\u2069", "DE", MOBILE, CERTAIN),
        ("\u200e+44\u200e 7710\u2011123456", "DE", MOBILE, CERTAIN),
        ("+44\u202f7710\u2011123\u00ad456\ufeff", "DE", MOBILE, CERTAIN),
        (
            "\uff0b\uff14\uff14\u3000\uff17\uff17\uff11\uff10\uff0d\uff11\uff12\uff13\uff14\uff15\uff16",
            "DE",
            MOBILE,
            CERTAIN,
        ),
        ("\uff0844\uff097710\u2013123\u2014456", "GB", MOBILE, CERTAIN),
        ("+44\u20127710\u2212123\u2007456\n", "DE", MOBILE, CERTAIN),
        ("\u2066tel:\u2069\u202a+44 7710 123456\u202c", "DE", MOBILE, CERTAIN),
        ("\u202a07710 123456\u202c", "GB", MOBILE, ASSUMED),
        ("\u200e60\u00a0777", "GB", "60777", CERTAIN),
        # As the provider writes it.
        (PAGE, None, PAGE, CERTAIN),
        (PAGE, "GB", PAGE, CERTAIN),
        ("44 7710/123456", "GB", MOBILE, CERTAIN),
        ("12025550123", "GB", "12025550123", CERTAIN),
        # National: the country is Home Assistant's own.
        ("07710 12345", "GB", PAGE, ASSUMED),
        ("(07710) 123456", "GB", MOBILE, ASSUMED),
        ("0171 1234567", "DE", "491711234567", ASSUMED),
        ("0491 570 156", "AU", "61491570156", ASSUMED),
        # Without the 0 it may be either; international comes first and is asked about.
        ("771012345", "GB", PAGE, ASSUMED),
        (PAGE, "DE", PAGE, DOUBTFUL),
        ("7710123456", "GB", MOBILE, ASSUMED),
        # Shortcodes, also those that begin with 0, need no country.
        ("123", None, "123", CERTAIN),
        ("60777", "GB", "60777", CERTAIN),
        ("60 777", "GB", "60777", CERTAIN),
        ("012345", "GB", "012345", CERTAIN),
    ],
)
async def test_number_means_what_the_provider_posts(
    hass: HomeAssistant, typed: str, country: str | None, posted: str, certainty: Certainty
) -> None:
    hass.config.country = country
    understood = await typed_number(hass, typed)

    assert understood.number == canonical_number(posted)
    kind = NumberKind.NUMBER if understood.number.startswith("+") else NumberKind.SHORTCODE
    assert (understood.kind, understood.certainty) == (kind, certainty)
    # What a form shows and gets back is the same number, and is not asked about again.
    again = await typed_number(hass, understood.written)
    assert (again.number, again.certainty) == (understood.number, CERTAIN)


@pytest.mark.parametrize("typed", ["INFO", " Parcel Co. ", "Shop24", "+44 shop", "Grüße"])
async def test_name_stays_and_is_no_number(hass: HomeAssistant, typed: str) -> None:
    hass.config.country = "GB"
    understood = await typed_number(hass, typed)

    name = typed.strip()
    assert understood == TypedNumber(kind=NumberKind.NAME, number=name, written=name)
    assert understood.number == canonical_number(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "+44 7710 12345 ext",
        "447710123 x45 Anna",
        "4477101234x",
        "Parcel Company",
        "a@b.example",
        "{{ anna }}",
        "Anna (home)",
        "tel:+44x",
    ],
)
async def test_a_name_that_hardly_anybody_sends_as(hass: HomeAssistant, typed: str) -> None:
    assert await typed_number(hass, typed) == TypedNumber(
        kind=NumberKind.NAME, certainty=UNUSUAL, number=typed, written=typed
    )


@pytest.mark.parametrize("typed", ["GB.10000000000000000001", "\u202aGB.1\u202c", "“US.ENT.1a2B”"])
async def test_an_id_of_whatsapp(hass: HomeAssistant, typed: str) -> None:
    number = typed.strip("\u202a\u202c“”")
    assert await typed_number(hass, typed) == TypedNumber(
        kind=NumberKind.USER_ID, certainty=UNUSUAL, number=number, written=number
    )


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("+225 08 00 00 12", "+22508000012"),
        ("22508000012", "+22508000012"),
        ("\u202a+84433\u202c", "+84433"),
        ("07710 12345", "0771012345"),
        ("12", "12"),
        (" GB.1 ", "GB.1"),
        ("“Parcel\u00a0Company”", "Parcel Company"),
        ("07710#12345", "07710#12345"),
        ("\u200b", ""),
    ],
)
def test_how_an_event_shows_what_is_no_possible_number(typed: str, shown: str) -> None:
    assert as_shown(typed) == shown


# ---- where nobody can be asked ----------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+44 7710 12345", "+44771012345"),
        ("\u202a+44\u00a07710\u201112345\u202c", "+44771012345"),
        ("07710 12345", "+44771012345"),
        ("60777", "60777"),
        ("GB.10000000000000000001", "GB.10000000000000000001"),
        ("MyBank", "MyBank"),
        ("US.Bank", "US.Bank"),
        ("A", "A"),
        ("Elevenchars", "Elevenchars"),
        ("Co. & Söhne", "Co. & Söhne"),
        ("Taxi 123456", "Taxi 123456"),
    ],
)
async def test_who_is_taken_without_asking(hass: HomeAssistant, typed: str, number: str) -> None:
    hass.config.country = "GB"
    assert (await typed_sender(hass, typed)).number == number


# What can be no number, and no name.
_ODD = [
    "+44 7700 900456 (mobile)",
    "447700900456@s.whatsapp.net",
    "{{ trigger.message['from'] }}",
    "{{ 1 }}",
    "TwelveChars1",
    "a@b",
    "a/b",
    "sms: a",
    "{a",
    "a (b)",
    "GB.1234567890!",
    "US.BankOfAmerica",
    "US.ENT.11815799212886844830",
    "07710#12345",
    # A letter in the place of a digit, and a remark behind too short a number.
    "0771O123456",
    "07710123 ab",
    "+22508000012",
    "12",
    "",
    "\u200b",
]


@pytest.mark.parametrize("typed", _ODD)
async def test_who_is_not_taken_without_asking(hass: HomeAssistant, typed: str) -> None:
    hass.config.country = "GB"
    with pytest.raises(TypedNumberError) as error:
        await typed_sender(hass, typed)
    assert error.value.problem is NumberProblem.INVALID


async def test_a_number_of_two_countries_is_not_taken_without_asking(hass: HomeAssistant) -> None:
    hass.config.country = "DE"
    with pytest.raises(TypedNumberError) as error:
        await typed_sender(hass, PAGE)
    assert error.value.problem is NumberProblem.TWO_COUNTRIES


@pytest.mark.parametrize("typed", [typed for typed in _ODD if as_shown(typed)])
async def test_what_a_contact_has_is_taken_without_asking(hass: HomeAssistant, typed: str) -> None:
    """Nor does it matter whether the account is loaded: core may validate before it is."""
    hass.config.country = "GB"
    shown = as_shown(typed)
    account([contact("Anna", ANNA, shown.upper())]).add_to_hass(hass)
    assert (await typed_sender(hass, f"\u200e{typed} ")).number == shown


@pytest.mark.parametrize(
    ("typed", "country", "problem"),
    [
        ("07710 12345", None, NumberProblem.NO_COUNTRY),
        ("0771012345678", None, NumberProblem.NO_COUNTRY),
        ("", None, NumberProblem.INVALID),
        (" \t", "GB", NumberProblem.INVALID),
        ("+", "GB", NumberProblem.INVALID),
        ("00", "GB", NumberProblem.INVALID),
        ("12", "GB", NumberProblem.INVALID),
        ("+12", "GB", NumberProblem.INVALID),
        ("+84433", "GB", NumberProblem.INVALID),
        ("+1234567890123456", None, NumberProblem.INVALID),
        ("1234567", None, NumberProblem.INVALID),
        ("07710 1234567890123", "GB", NumberProblem.INVALID),
        ("07710#12345", "GB", NumberProblem.INVALID),
        ("07710 12345, 07710 12346", "GB", NumberProblem.INVALID),
        ("+44+7710", "GB", NumberProblem.INVALID),
        (
            "\u0664\u0664\u0667\u0667\u0661\u0660\u0661\u0662\u0663\u0664\u0665",
            "GB",
            NumberProblem.INVALID,
        ),
        ("4477101234²", "GB", NumberProblem.INVALID),
    ],
)
async def test_what_is_no_number(
    hass: HomeAssistant, typed: str, country: str | None, problem: NumberProblem
) -> None:
    hass.config.country = country
    with pytest.raises(TypedNumberError) as error:
        await typed_number(hass, typed)

    assert error.value.problem is problem
    assert str(error.value) == problem


async def test_number_is_not_in_its_repr(hass: HomeAssistant) -> None:
    assert "7710" not in repr(await typed_number(hass, "+44 7710 12345"))
