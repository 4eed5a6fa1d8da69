"""How late a message may come."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.intellisms.matching import AgeMatch

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (NOON, True),
        (NOON - MINUTE, True),
        (NOON - MINUTE - timedelta.resolution, False),
        # Clocks differ, but not by more than half a minute.
        (NOON + timedelta(seconds=20), True),
        (NOON + timedelta(seconds=30), True),
        (NOON + timedelta(seconds=31), False),
        (NOON + timedelta(days=26_000), False),
        (None, False),
    ],
    ids=str,
)
def test_age(*, sent: datetime | None, meant: bool) -> None:
    assert AgeMatch(most=MINUTE).matches(sent=sent, received_at=NOON) is meant
