"""Who a message has to be from."""

import pytest

from custom_components.intellisms.matching import SenderMatch

ANNA, STRANGER = "+447700900123", "+447700900666"


@pytest.mark.parametrize(
    ("wanted", "known", "targeted", "meant"),
    [
        (SenderMatch(), True, False, True),
        (SenderMatch(), False, False, False),
        (SenderMatch(known=False), False, False, True),
        # Where numbers are listed, others are meant only if a target names them.
        (SenderMatch(numbers={ANNA}), True, True, True),
        (SenderMatch(numbers={ANNA}), True, False, False),
        (SenderMatch(known=False, numbers={ANNA}), False, False, False),
        # Of a choice nothing is left: it is not as if there had been none.
        (SenderMatch(known=False, numbers=[]), True, False, False),
    ],
    ids=str,
)
def test_sender(*, wanted: SenderMatch, known: bool, targeted: bool, meant: bool) -> None:
    assert wanted.matches(known=known, targeted=targeted) is meant


def test_listed_numbers() -> None:
    assert SenderMatch(numbers=[ANNA]).lists(ANNA)
    assert not SenderMatch(numbers=[ANNA]).lists(STRANGER)
    assert not SenderMatch(numbers=[ANNA]).lists(None)
    assert not SenderMatch(numbers=[]).lists(ANNA)
    assert not SenderMatch().lists(ANNA)


def test_repr_shows_no_number() -> None:
    assert ANNA not in repr(SenderMatch(numbers=[ANNA]))
