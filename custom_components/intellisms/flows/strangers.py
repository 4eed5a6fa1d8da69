"""Who wrote lately and is no contact yet, to pick from."""

from homeassistant.config_entries import ConfigEntryState

from ..const import MAX_NUMBER_LENGTH, SUBENTRY_VIRTUAL_NUMBER
from ..quoted import one_line, shown_sender
from ..receiving.data import IntelliSMSConfigEntry
from .subentries import is_taken

# Characters of what somebody said that are shown beside them.
_MAX_TEXT = 40


def recent_strangers(entry: IntelliSMSConfigEntry) -> dict[str, str]:
    """Return senders who are no contacts, the one heard of last first, with what to show of each.

    They are as events show them. It is what the account knows of: the last message of each
    virtual number, also of those that nobody has added.
    """
    if entry.state is not ConfigEntryState.LOADED:
        return {}
    directory = entry.runtime_data.directory
    strangers: dict[str, str] = {}
    for delivery in entry.runtime_data.journal.last_messages():
        sender = delivery.message.sender
        if not sender or len(sender) > MAX_NUMBER_LENGTH:
            continue
        # Whether it was a contact when it came tells nothing of today.
        is_contact = directory.with_sender(delivery).sender_known
        if not (is_contact or is_taken(entry, SUBENTRY_VIRTUAL_NUMBER, sender)):
            strangers.setdefault(sender, _label(sender, delivery.message.text))
    return strangers


def _label(sender: str, text: str | None) -> str:
    """Return what to show of a sender: nobody else can be taken for a number or a contact."""
    shown = shown_sender(None, sender) or sender
    said = one_line(text or "", _MAX_TEXT)
    return f"{shown}: {said}" if said else shown
