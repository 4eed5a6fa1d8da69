"""The provider's spellings of a number, and the one that we use."""

from collections.abc import Iterator

from hypothesis import example, given, settings, strategies as st
import phonenumbers
import pytest

from custom_components.intellisms.protocol import canonical_number
from custom_components.intellisms.protocol.numbers import is_user_id, line, sender_key

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


# ---- one line, two spellings ----------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Brazil: each first digit that got a 9, in areas where WhatsApp posts it and where not.
        ("+551188887777", "+5511988887777"),
        ("+556191234567", "+5561991234567"),
        ("+558469998888", "+5584969998888"),
        # Argentina: area codes of two, three and four digits.
        ("+541123456789", "+5491123456789"),
        ("+543514567890", "+5493514567890"),
        ("+542901412345", "+5492901412345"),
        # Mexico.
        ("+525512345678", "+5215512345678"),
        ("+529991234567", "+5219991234567"),
        # Benin.
        ("+22997123456", "+2290197123456"),
        ("+22921301234", "+2290121301234"),
    ],
)
def test_two_spellings_of_one_line(one: str, other: str) -> None:
    assert line(one) == line(other)
    assert line(one) in {one, other}
    assert phonenumbers.is_possible_number(phonenumbers.parse(line(one)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Brazil: radio numbers begin with 7, landlines with 2 to 5, and 0 is in no area code.
        ("+551171234567", "+5511971234567"),
        ("+551133337777", "+5511933337777"),
        ("+551123337777", "+5511923337777"),
        ("+551153337777", "+5511953337777"),
        ("+551088887777", "+5510988887777"),
        ("+550188887777", "+5501988887777"),
        # A service, not an area: 0800 888 7777.
        ("+558008887777", "+5580908887777"),
        # Argentina: services, and area codes that nobody has.
        ("+548001234567", "+5498001234567"),
        ("+546001234567", "+5496001234567"),
        ("+541223456789", "+5491223456789"),
        # Mexico: no national number begins with 0 or 1.
        ("+521512345678", "+5211512345678"),
        ("+520512345678", "+5210512345678"),
        # Benin: what the plan of 8 digits did not have.
        ("+22901123456", "+2290101123456"),
        ("+22933123456", "+2290133123456"),
        # Ivory Coast: which of the new prefixes a number got, no list of the regulator says.
        ("+22508000012", "+2250708000012"),
        # Others have no such pairs.
        ("+447700900456", "+4497700900456"),
        ("+393331234567", "+39333123456"),
        # National and other spellings are not international numbers.
        ("551188887777", "5511988887777"),
        ("+5511 88887777", "+5511988887777"),
        ("+551188887777\n", "+5511988887777"),
        ("+55118888777\u0667", "+551198888777\u0667"),
    ],
)
def test_two_lines(one: str, other: str) -> None:
    assert line(one) != line(other)


@pytest.mark.parametrize(
    "sender",
    ["", "60777", "0771012345", "Parcel Co.", "GB.10000000000000000001", "+447700900456", "+55"],
)
def test_what_has_one_spelling_keeps_it(sender: str) -> None:
    assert line(sender) == sender


def _is_pair(short: str, long: str) -> bool:
    """Say the four rules of the design anew: where what stands in `long` alone."""
    for country, before, more, first, digits in (
        ("+55", 2, "9", "689", 10),
        ("+54", 0, "9", "123", 10),
        ("+52", 0, "1", "23456789", 10),
        ("+229", 0, "01", "24569", 8),
    ):
        kept, rest = short[: len(country) + before], short[len(country) + before :]
        if kept.startswith(country) and long == kept + more + rest and rest[:1] in first:
            return len(short) == len(country) + digits
    return False


def _neighbours(number: str) -> Iterator[str]:
    """Yield the number with one or two digits taken out, put in or changed, anywhere."""
    for at in range(1, len(number) + 1):
        before, after = number[:at], number[at:]
        yield before + after[1:]
        yield before + after[2:]
        for more in ("0", "1", "2", "5", "7", "9", "01", "15", "07"):
            yield before + more + after
            yield before + more + after[1:]


_numbers = st.builds(
    "+{}{}{}".format,
    st.sampled_from(["55", "5511", "54", "5411", "549", "52", "521", "229", "22901", "225", "44"]),
    st.sampled_from(["", "0", "01", "1", "6", "7", "8", "9", "98", "15"]),
    st.text("0123456789", min_size=4, max_size=11),
)


@settings(deadline=None, max_examples=150)
@given(_numbers, _numbers)
@example("+551188887777", "+5511988887777")
@example("+551171234567", "+5511971234567")
@example("+541123456789", "+5491123456789")
@example("+525512345678", "+5215512345678")
@example("+22997123456", "+2290197123456")
def test_nothing_else_is_taken_for_the_same_line(one: str, any_other: str) -> None:
    assert line(line(one)) == line(one)
    for other in {any_other, *_neighbours(one)} - {one}:
        if line(one) == line(other):
            assert _is_pair(*sorted((one, other), key=len)), (one, other)


@settings(deadline=None, max_examples=500)
@given(_numbers | st.from_regex(r"\+(?:55|54|52|229)[0-9]{8,12}", fullmatch=True) | st.text())
@example("+5511988887777")
@example("+551188887777")
def test_a_line_is_the_number_or_its_other_spelling(sender: str) -> None:
    """So nobody else is ever taken for it: a spelling that is taken away stands in one place only."""
    meant = line(sender)
    assert line(meant) == meant
    assert meant == sender or _is_pair(*sorted((sender, meant), key=len))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+551188887777", "+5511988887777", True),
        ("MyBank", "MYBANK", True),
        ("Stra\u00dfe", "STRASSE", True),
        ("GB.1aB", "gb.1AB", True),
        ("MyBank", "My Bank", False),
        ("+447700900456", "447700900456", False),
    ],
)
def test_who_is_looked_up_as_one(one: str, other: str, *, same: bool) -> None:
    assert (sender_key(one) == sender_key(other)) is same


@pytest.mark.parametrize(
    ("sender", "is_one"),
    [
        ("GB.10000000000000000001", True),
        ("US.ENT.1a2B", True),
        (f"GB.{'1' * 128}", True),
        (f"GB.{'1' * 129}", False),
        ("GB.", False),
        ("gb.1", False),
        ("GBR.1", False),
        ("GB.1 ", False),
        ("GB.\u0661", False),
        ("+447700900456", False),
        ("MyBank", False),
    ],
)
def test_an_id_of_whatsapp(sender: str, *, is_one: bool) -> None:
    assert is_user_id(sender) is is_one


@settings(deadline=None, max_examples=150)
@given(_numbers)
def test_the_spelling_of_a_line_is_a_possible_number(number: str) -> None:
    spelling = line(number)
    assert canonical_number(spelling) == spelling
    if any(line(other) == spelling for other in {*_neighbours(number)} - {number}):
        assert phonenumbers.is_possible_number(phonenumbers.parse(spelling))
