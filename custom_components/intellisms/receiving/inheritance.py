"""Who inherits which message: what came for a number, or from a person, before they were added."""

from dataclasses import replace

from homeassistant.core import callback

from .directory import Directory, Listing, VirtualNumber
from .journal import Journal, Record


@callback
def async_inherit(listing: Listing, directory: Directory, journal: Journal) -> None:
    """Give a virtual number or contact without messages what came of theirs before.

    A number inherits all that came for it while nobody had configured it; a contact the last
    message that they sent, by whichever number of theirs and to whichever number.
    """
    if (present := journal.record(listing.subentry_id)).total:
        return
    if is_number := isinstance(listing, VirtualNumber):
        record = journal.take_unconfigured(listing.number) or Record()
        last, total = record.kept, record.total
    else:
        last, total = journal.last_of(lambda message: directory.author(message) == listing), 1
    if last:
        last = directory.delivery(last.message, received_at=last.received_at, to=last.to)
        # It is counted already, and `after` counts it once more.
        record = replace(present, total=total - 1).after(last, with_excerpt=is_number)
        journal.async_set_record(listing.subentry_id, record)


@callback
def async_forget_configured(directory: Directory, journal: Journal) -> None:
    """Drop what was kept of numbers that an existing listing has now, by an edit.

    Its entities are there already, and must not show an old message as if it came now.
    """
    for number in journal.unconfigured:
        if directory.number(number):
            journal.take_unconfigured(number)
