"""Who a message has to be from."""

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class SenderMatch:
    """Who a sender has to be. Only what is None is open to anyone.

    `contacts` are ids of contacts' devices, `numbers` are in one spelling; either of them
    will do. An empty collection is a choice of which nothing is left: it matches nobody.
    """

    known: bool = False
    contacts: Collection[str] | None = None
    numbers: Collection[str] | None = field(default=None, repr=False)

    def matches(self, *, number: str | None, contact: str | None, known: bool) -> bool:
        """Tell whether a sender's number, contact (a device id) or name is meant."""
        if self.known and not known:
            return False
        if self.contacts is None and self.numbers is None:
            return True
        return contact in (self.contacts or ()) or number in (self.numbers or ())
