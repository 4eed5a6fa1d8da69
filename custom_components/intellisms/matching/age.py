"""How late a message may come."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Clocks differ by this much, but whose differ by more is not to be believed.
MOST_AHEAD = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgeMatch:
    """How long before it came a message may have been sent: it may have had to wait."""

    most: timedelta

    def matches(self, *, sent: datetime | None, received_at: datetime) -> bool:
        """Tell whether a message came soon enough.

        One that does not say when it was sent did not, nor did one that comes from the future.
        """
        return sent is not None and -MOST_AHEAD <= received_at - sent <= self.most
