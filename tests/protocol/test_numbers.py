"""The provider's spellings of a number, and the one that we use."""

import pytest

from custom_components.intellisms.protocol import canonical_number

_INTERNATIONAL = "+44771012345"


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        # The page's own spelling, and what else says "international".
        ("44771012345", _INTERNATIONAL),
        ("+44771012345", _INTERNATIONAL),
        ("0044771012345", _INTERNATIONAL),
        ("  44771012345\n", _INTERNATIONAL),
        ("+44 771 012345", _INTERNATIONAL),
        ("+44-771-012345", _INTERNATIONAL),
        ("+44 (771) 012.345", _INTERNATIONAL),
        ("+44\u00a0771\u00a0012345", _INTERNATIONAL),
        ("00 44 771/012345", _INTERNATIONAL),
        # 8 to 15 digits.
        ("1234567", "1234567"),
        ("12345678", "+12345678"),
        ("123456789012345", "+123456789012345"),
        ("1234567890123456", "1234567890123456"),
        # A leading + or 00 says it whatever the length.
        ("+1234567", "+1234567"),
        ("001234567", "+1234567"),
        ("+1234567890123456", "+1234567890123456"),
        # National numbers and shortcodes mean nothing without a country.
        ("0771012345", "0771012345"),
        ("01234567", "01234567"),
        ("60777", "60777"),
        ("0", "0"),
        # Without + or 00 only digits are a number.
        ("44 771 012345", "44 771 012345"),
        # Names stay, trimmed.
        (" Parcel Co. ", "Parcel Co."),
        ("+Plus", "+Plus"),
        ("00Seven", "00Seven"),
        ("4477101234x", "4477101234x"),
        ("+", "+"),
        ("00", "00"),
        ("++44771012345", "++44771012345"),
        ("", ""),
        (" ", ""),
        # Digits of other scripts are not what a modem dials.
        ("٤٤٧٧١٠١٢٣٤٥", "٤٤٧٧١٠١٢٣٤٥"),
        ("+٤٤٧٧١٠١٢٣٤٥", "+٤٤٧٧١٠١٢٣٤٥"),
        ("4477101234²", "4477101234²"),
    ],
)
def test_spelling(posted: str, expected: str) -> None:
    assert canonical_number(posted) == expected
    assert canonical_number(expected) == expected
