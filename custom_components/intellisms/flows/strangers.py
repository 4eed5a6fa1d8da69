"""Who wrote lately and is no contact yet, or not all that they write from is: to pick from."""

from collections.abc import Iterator

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry

from ..const import MAX_NUMBER_LENGTH, SUBENTRY_VIRTUAL_NUMBER
from ..protocol import ChannelName, Message
from ..quoted import one_line, shown_sender
from ..receiving.data import IntelliSMSConfigEntry
from .subentries import is_taken

# Characters of what somebody said that are shown beside them.
_MAX_TEXT = 40

# What to show of each sender; they are as events show them.
type Senders = dict[str, str]


def recent_strangers(entry: IntelliSMSConfigEntry) -> Senders:
    """Return senders who are no contacts, the one heard of last first.

    It is what the account knows of: the last message of each virtual number, also of those that
    nobody has added.
    """
    strangers: Senders = {}
    for message in _last_messages(entry):
        # Whether it was a contact when it came tells nothing of today.
        if entry.runtime_data.directory.author(message) is None:
            for sender in message.identities:
                # Nothing longer is a number, and our own numbers are nobody.
                if len(sender) <= MAX_NUMBER_LENGTH and not is_taken(
                    entry, SUBENTRY_VIRTUAL_NUMBER, sender
                ):
                    strangers.setdefault(sender, _label(sender, message))
    return strangers


def new_ids(entry: IntelliSMSConfigEntry, contact: ConfigSubentry) -> Senders:
    """Return WhatsApp's ids that came with a contact's number, and that nobody has yet.

    A message may come with the id alone one day, and would be a stranger's.
    """
    ids: Senders = {}
    for message in _last_messages(entry):
        directory, user_id = entry.runtime_data.directory, _user_id(message)
        author = directory.author(message)
        if user_id is None or author is None or directory.contact(user_id):
            continue
        if author.subentry_id == contact.subentry_id:
            ids.setdefault(user_id, _label(user_id, message))
    return ids


def _last_messages(entry: IntelliSMSConfigEntry) -> Iterator[Message]:
    """Iterate over the last messages that a loaded account knows of, the newest first."""
    if entry.state is ConfigEntryState.LOADED:
        for delivery in entry.runtime_data.journal.last_messages():
            yield delivery.message


def _user_id(message: Message) -> str | None:
    """Return WhatsApp's id of who sent a message; elsewhere anything may stand in its place."""
    return message.user_id if message.channel == ChannelName.WHATSAPP else None


def _label(sender: str, message: Message) -> str:
    """Return what to show of a sender, who can be taken for no number or contact but themselves."""
    shown = shown_sender(None, sender) or sender
    said = one_line(message.text or "", _MAX_TEXT)
    return f"{shown}: {said}" if said else shown
