"""Who is told of what, through core's dispatcher."""

from dataclasses import dataclass

from homeassistant.util.signal_type import SignalType

from ..const import DOMAIN, Ignored
from .delivery import Delivery
from .report import ToldReport


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Something posted that is not in the provider's format, reduced to its shape."""

    kind: Ignored
    shape: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialog:
    """A dialog that waits for a first message, and tells by itself what comes while it is open."""

    flow_id: str
    is_open: bool


# What is to be published is told here first, before any entity or automation hears of it; it may
# yet fail, and come again.
SIGNAL_DELIVERY: SignalType[Delivery] = SignalType(f"{DOMAIN}_delivery")
# Triggers and a flow that waits listen here: any entry, any number.
SIGNAL_MESSAGE: SignalType[Delivery] = SignalType(f"{DOMAIN}_message")
# What nobody said, such as that a message was deleted, is told only here and on the bus: to
# triggers that name its type. That a reaction was taken back sets off none.
SIGNAL_NOTICE: SignalType[Delivery] = SignalType(f"{DOMAIN}_notice")

# A trigger fires on a message, told by each that does, while the message is being published.
SIGNAL_TAKEN: SignalType[Delivery] = SignalType(f"{DOMAIN}_taken")


def signal_record(subentry_id: str) -> SignalType[Delivery]:
    """Return the signal for the entities of one virtual number or contact."""
    return SignalType(f"{DOMAIN}_record_{subentry_id}")


def signal_report(entry_id: str) -> SignalType[ToldReport]:
    """Return the signal for status reports, before the bus is told."""
    return SignalType(f"{DOMAIN}_report_{entry_id}")


def signal_reported(entry_id: str) -> SignalType[ToldReport]:
    """Return the signal for status reports, when the bus has been told."""
    return SignalType(f"{DOMAIN}_reported_{entry_id}")


def signal_account(entry_id: str) -> SignalType[()]:
    """Return the signal for the entities of the account."""
    return SignalType(f"{DOMAIN}_account_{entry_id}")


def signal_turned_away(entry_id: str) -> SignalType[Delivery]:
    """Return the signal for messages that the account does not take, of strangers."""
    return SignalType(f"{DOMAIN}_turned_away_{entry_id}")


def signal_trouble(entry_id: str) -> SignalType[Trouble]:
    """Return the signal for what the account could not understand."""
    return SignalType(f"{DOMAIN}_trouble_{entry_id}")


def signal_dialog(entry_id: str) -> SignalType[Dialog]:
    """Return the signal for when a dialog that waits is opened or used, and when it is closed."""
    return SignalType(f"{DOMAIN}_dialog_{entry_id}")


def signal_disk(entry_id: str) -> SignalType[()]:
    """Return the signal for when the disk takes the account's journal no more, or again."""
    return SignalType(f"{DOMAIN}_disk_{entry_id}")


def signal_flood(entry_id: str) -> SignalType[int]:
    """Return the signal for how many messages were put off, their senders having sent too many."""
    return SignalType(f"{DOMAIN}_flood_{entry_id}")
