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
    typed_number,
)

CERTAIN, ASSUMED, DOUBTFUL = Certainty

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


@pytest.mark.parametrize("typed", ["+44 7710 12345 ext", "447710123 x45 Anna", "Parcel Company"])
async def test_a_name_that_nobody_can_send_as(hass: HomeAssistant, typed: str) -> None:
    assert await typed_number(hass, typed) == TypedNumber(
        kind=NumberKind.NAME, certainty=DOUBTFUL, number=typed, written=typed
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
