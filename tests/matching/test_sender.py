"""Who a message has to be from."""

import pytest

from custom_components.intellisms.matching import SenderMatch

ANNA, BEN = "+447700900123", "+447700900124"
ANNAS_DEVICE, BENS_DEVICE = "anna-device", "ben-device"


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        (SenderMatch(), "anna ben stranger nobody"),
        (SenderMatch(known=True), "anna ben"),
        (SenderMatch(contacts={ANNAS_DEVICE}), "anna"),
        (SenderMatch(numbers={ANNA}), "anna"),
        (SenderMatch(contacts={ANNAS_DEVICE}, numbers={BEN}), "anna ben"),
        (SenderMatch(numbers={"+447700900666"}), "stranger"),
        (SenderMatch(known=True, numbers={"+447700900666"}), ""),
        (SenderMatch(contacts={"gone"}), ""),
        # Of a choice nothing is left: it is not as if there had been none.
        (SenderMatch(contacts=[]), ""),
        (SenderMatch(numbers=[]), ""),
        (SenderMatch(contacts=[], numbers=[ANNA]), "anna"),
    ],
    ids=str,
)
def test_sender(wanted: SenderMatch, meant: str) -> None:
    people = {
        "anna": (ANNA, ANNAS_DEVICE),
        "ben": (BEN, BENS_DEVICE),
        "stranger": ("+447700900666", None),
        "nobody": (None, None),
    }
    matched = [
        name
        for name, (number, contact) in people.items()
        if wanted.matches(number=number, contact=contact, known=contact is not None)
    ]
    assert matched == meant.split()


def test_repr_shows_no_number() -> None:
    assert ANNA not in repr(SenderMatch(numbers=[ANNA]))
