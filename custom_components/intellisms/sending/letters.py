"""From what is to be said, and to whom, to the letter that goes out."""

from collections.abc import Generator
from contextlib import contextmanager

from ..protocol import Content, ContentError, Draft, Outgoing, SendChannel
from ..receiving.data import IntelliSMSConfigEntry
from .data import Letter
from .recipients import ChannelChoice, Recipient, Route
from .refusals import refused


@contextmanager
def explained() -> Generator[None]:
    """Say in the language of whoever asked what cannot be sent."""
    try:
        yield
    except ContentError as err:
        raise refused(translation_key=err.problem, **err.placeholders) from None


def letter_to(
    entry: IntelliSMSConfigEntry,
    recipient: Recipient,
    draft: Draft,
    *,
    choice: ChannelChoice = ChannelChoice.AUTOMATIC,
    sender: str | None = None,
) -> Letter:
    """Return what goes to a recipient, and how; ContentError or ServiceValidationError if it cannot."""
    route = recipient.route(choice, sender, entry.runtime_data.directory)
    by_whatsapp = route.channel is SendChannel.WHATSAPP
    if choice is ChannelChoice.AUTOMATIC and draft.needs_whatsapp and not by_whatsapp:
        raise refused(translation_key="needs_whatsapp", who=recipient.label)
    return _letter(recipient, route, draft.content(route.channel))


def letter_with(
    entry: IntelliSMSConfigEntry,
    recipient: Recipient,
    content: Content,
    *,
    sender: str | None = None,
) -> Letter:
    """Return what goes to a recipient by the only channel that its content goes by."""
    choice = ChannelChoice(content.channel)
    route = recipient.route(choice, sender, entry.runtime_data.directory)
    return _letter(recipient, route, content)


def _letter(recipient: Recipient, route: Route, content: Content) -> Letter:
    outgoing = Outgoing(to=route.to, sender=route.sender, content=content)
    return Letter(outgoing=outgoing, entity_id=recipient.entity_id, position=recipient.position)
