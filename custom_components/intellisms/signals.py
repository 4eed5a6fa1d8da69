"""Who is told of what, through core's dispatcher."""

from homeassistant.util.signal_type import SignalType

from .const import DOMAIN
from .received import Received

# Triggers and a flow that waits listen here: any entry, any number.
SIGNAL_MESSAGE: SignalType[Received] = SignalType(f"{DOMAIN}_message")


def signal_number(subentry_id: str) -> SignalType[Received]:
    """Return the signal for the entities of one virtual number."""
    return SignalType(f"{DOMAIN}_number_{subentry_id}")


def signal_account(entry_id: str) -> SignalType[()]:
    """Return the signal for the entities of the account."""
    return SignalType(f"{DOMAIN}_account_{entry_id}")
