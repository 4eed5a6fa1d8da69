"""One table for both: what people type, and how the provider writes the same number."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.intellisms.protocol import canonical_number
from custom_components.intellisms.typed_numbers import (
    NumberProblem,
    TypedNumber,
    TypedNumberError,
    typed_number,
)

# On the provider's own page; no number plan has it, so it is only a possible number.
PAGE = "44771012345"
MOBILE = "447710123456"


@pytest.mark.parametrize(
    ("typed", "country", "posted", "guessed"),
    [
        # International: no country is needed, and none is assumed.
        ("+44 7710 12345", None, PAGE, False),
        ("+44 7710 12345", "DE", PAGE, False),
        (" +44.7710-12345 ", None, PAGE, False),
        ("+44\u00a07710\u00a012345", None, PAGE, False),
        ("0044 7710 12345", None, PAGE, False),
        ("00447710 12345", "US", PAGE, False),
        ("+44 (0)7710 123456", None, MOBILE, False),
        ("+61 491 570 156", "GB", "61491570156", False),
        ("tel:+44-7710-12345", "GB", PAGE, False),
        ("WhatsApp: +44 7710 12345", "GB", PAGE, False),
        # As WhatsApp writes Mexican mobiles; the number plan has no such number any more.
        ("+52 1 55 1234 5678", "GB", "5215512345678", False),
        ("5215512345678", "GB", "5215512345678", False),
        # As the provider writes it.
        (PAGE, None, PAGE, False),
        (PAGE, "GB", PAGE, False),
        ("44 7710/123456", "GB", MOBILE, False),
        ("12025550123", "GB", "12025550123", False),
        # National: the country is Home Assistant's own.
        ("07710 12345", "GB", PAGE, True),
        ("(07710) 123456", "GB", MOBILE, True),
        ("0171 1234567", "DE", "491711234567", True),
        ("0491 570 156", "AU", "61491570156", True),
        # Without the 0 it may be either; international comes first and is asked about.
        ("771012345", "GB", PAGE, True),
        (PAGE, "DE", PAGE, True),
        ("7710123456", "GB", MOBILE, True),
        # Shortcodes, also those that begin with 0, need no country.
        ("123", None, "123", False),
        ("60777", "GB", "60777", False),
        ("60 777", "GB", "60777", False),
        ("012345", "GB", "012345", False),
    ],
)
async def test_number_means_what_the_provider_posts(
    hass: HomeAssistant, typed: str, country: str | None, posted: str, guessed: bool
) -> None:
    hass.config.country = country
    understood = await typed_number(hass, typed)

    assert understood.number == canonical_number(posted)
    assert (understood.is_number, understood.guessed) == (True, guessed)
    # What a form shows and gets back is the same number, and is not asked about again.
    again = await typed_number(hass, understood.written)
    assert (again.number, again.guessed) == (understood.number, False)


@pytest.mark.parametrize("typed", ["INFO", " Parcel Co. ", "Shop24", "+44 shop", "Grüße"])
async def test_name_stays_and_is_no_number(hass: HomeAssistant, typed: str) -> None:
    hass.config.country = "GB"
    understood = await typed_number(hass, typed)

    name = typed.strip()
    assert understood == TypedNumber(number=name, written=name, is_number=False)
    assert understood.number == canonical_number(typed)


@pytest.mark.parametrize("typed", ["+44 7710 12345 ext", "447710123 x45 Anna", "Parcel Company"])
async def test_a_name_that_nobody_can_send_as(hass: HomeAssistant, typed: str) -> None:
    assert await typed_number(hass, typed) == TypedNumber(
        number=typed, written=typed, is_number=False, doubtful=True
    )


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
