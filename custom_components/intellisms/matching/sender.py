"""Who a message has to be from."""

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class SenderMatch:
    """Who a sender has to be, beside the contacts that a target names.

    `numbers` are in one spelling, and those who write from one count as known. An empty
    collection is a choice of which nothing is left: it matches nobody.
    """

    known: bool = True
    numbers: Collection[str] | None = field(default=None, repr=False)

    def lists(self, number: str | None) -> bool:
        """Tell whether a sender's number is listed."""
        return number in (self.numbers or ())

    def matches(self, *, known: bool, targeted: bool) -> bool:
        """Tell whether a sender whose number is not listed is meant all the same.

        `targeted` are those whom a target names; listed numbers are then alternatives.
        """
        if self.numbers is not None and not targeted:
            return False
        return known or not self.known
