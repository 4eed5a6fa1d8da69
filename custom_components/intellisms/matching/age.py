"""How late a message may come."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class AgeMatch:
    """How long before it came a message may have been sent: it may have had to wait."""

    most: timedelta

    def matches(self, *, sent: datetime | None, received_at: datetime) -> bool:
        """Tell whether a message came soon enough; one that does not say when it was sent did not."""
        return sent is not None and received_at - sent <= self.most
