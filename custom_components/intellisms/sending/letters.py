"""From what is to be said, and to whom, to the letter that goes out."""

from collections.abc import Generator
from contextlib import contextmanager

from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN
from ..protocol import ContentError, Draft, Outgoing, SendChannel
from ..receiving.data import IntelliSMSConfigEntry
from .data import Letter
from .recipients import ChannelChoice, Recipient


@contextmanager
def explained() -> Generator[None]:
    """Say in the language of whoever asked what cannot be sent."""
    try:
        yield
    except ContentError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=err.problem,
            translation_placeholders=err.placeholders,
        ) from None


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
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="needs_whatsapp",
            translation_placeholders={"who": recipient.label},
        )
    outgoing = Outgoing(to=route.to, sender=route.sender, content=draft.content(route.channel))
    return Letter(outgoing=outgoing, entity_id=recipient.entity_id, position=recipient.position)
