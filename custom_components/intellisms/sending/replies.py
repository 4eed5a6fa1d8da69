"""Which message *Reply* answers, and how: to whom, by which way and from which number.

Each message has a context of its own, which is the parent of that of each automation that it
sets off, by a trigger of ours, its event or a state. All that the automation does, and the
scripts that it calls, have the automation's context (read in `components/automation` and
`components/script` of 2026.7.0 and 2026.11.0), and so is the parent that of an automation which
that sets off in its turn.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import Context, Event, HomeAssistant, ServiceCall, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, EVENT_AUTOMATION_TRIGGERED
from ..faults import guarded
from ..protocol import SAID, ChannelName, Draft, SendChannel
from ..receiving.data import IntelliSMSConfigEntry
from ..receiving.delivery import Delivery
from ..receiving.heard import heard_after
from ..receiving.signals import SIGNAL_DELIVERY
from .data import Letter
from .fields import channel_of, message_id_of, sender_of
from .letters import letter_to
from .recipients import ChannelChoice, Recipient, entity_of
from .refusals import check_rights, refused

# Messages that are remembered, and runs of automations that they set off.
MAX_REMEMBERED: Final = 500
# Characters of all that is remembered of a message. Ids and senders that are longer are nobody's.
MAX_REMEMBERED_CHARACTERS: Final = 2000


class Remembered:
    """The messages since the start, of late, without what they say, and what they set off."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen for as long as Home Assistant runs."""
        # Both by the ids of contexts, the newest last.
        self._deliveries: dict[str, Delivery] = {}
        self._runs: dict[str, Delivery] = {}
        async_dispatcher_connect(hass, SIGNAL_DELIVERY, guarded(self._on_delivery))
        hass.bus.async_listen(EVENT_AUTOMATION_TRIGGERED, guarded(self._on_run))

    def __iter__(self) -> Iterator[Delivery]:
        """Iterate over the messages, the newest first."""
        return reversed(self._deliveries.values())

    def cause(self, context: Context) -> Delivery | None:
        """Return the message that caused what has this context, None if there is none."""
        for one in filter(None, (context.id, context.parent_id)):
            if found := self._deliveries.get(one) or self._runs.get(one):
                return found
        return None

    @callback
    def _on_delivery(self, delivery: Delivery) -> None:
        unsaid: dict[str, Any] = dict.fromkeys(SAID)
        remembered = replace(delivery, message=replace(delivery.message, **unsaid))
        if remembered.message.size <= MAX_REMEMBERED_CHARACTERS:
            _keep(self._deliveries, delivery.context.id, remembered)

    @callback
    def _on_run(self, event: Event) -> None:
        if cause := self.cause(event.context):
            _keep(self._runs, event.context.id, cause)


def _keep(known: dict[str, Delivery], context_id: str, delivery: Delivery) -> None:
    """Remember one more, and no more than may be."""
    known[context_id] = delivery
    if len(known) > MAX_REMEMBERED:
        del known[next(iter(known))]


DATA_REMEMBERED: HassKey[Remembered] = HassKey(f"{DOMAIN}_remembered")


@callback
def async_remember_messages(hass: HomeAssistant) -> None:
    """Remember from now on which message set what off."""
    hass.data[DATA_REMEMBERED] = Remembered(hass)


@callback
def answered(call: ServiceCall, entry: IntelliSMSConfigEntry) -> Delivery:
    """Return the message that a call names, else the one that set it off.

    ServiceValidationError where there is none, or it is not known any more.
    """
    remembered, message_id = call.hass.data[DATA_REMEMBERED], message_id_of(call.data)
    if message_id is None:
        found = remembered.cause(call.context)
    else:
        known = (*remembered, *entry.runtime_data.journal.last_messages())
        found = next((one for one in known if one.message.message_id == message_id), None)
    # It may have come to an account that was removed since.
    if found is None or found.entry_id != entry.entry_id:
        if message_id is None:
            raise refused(translation_key="reply_no_message")
        raise refused(translation_key="reply_message_unknown")
    return found


async def async_author(
    call: ServiceCall, entry: IntelliSMSConfigEntry, delivery: Delivery
) -> Recipient:
    """Return who sent a message, to be written to at what they sent it from.

    ServiceValidationError where they cannot be; Unauthorized where whoever calls may not.
    """
    message, data = delivery.message, entry.runtime_data
    contact = data.directory.author(message)
    entity_id = entity_of(call.hass, contact) if contact else None
    whom = [entity_id] if entity_id else []
    await check_rights(call, POLICY_CONTROL, *whom, strangers=not whom)
    if message.group_id:
        raise refused(translation_key="reply_in_group")
    if message.sender is None or not message.sender.startswith("+"):
        raise refused(translation_key="reply_no_number")
    if delivery.simulated and contact is None:
        raise refused(translation_key="reply_simulated")
    heard = data.journal.record(contact.subentry_id).heard if contact else ()
    if not delivery.simulated and not message.notice:
        # Who is no contact has no record; and that of a contact with several numbers may know a
        # later message of another one only.
        heard = (
            *heard_after((), message, to=delivery.to, received_at=delivery.received_at),
            *heard,
        )
    return Recipient(numbers=(message.sender,), heard=heard, entity_id=entity_id)


def letter_back(
    call: ServiceCall,
    entry: IntelliSMSConfigEntry,
    delivery: Delivery,
    author: Recipient,
    draft: Draft,
) -> Letter:
    """Return the answer to a message, which goes as that came unless the call says otherwise.

    ContentError or ServiceValidationError where it cannot.
    """
    chosen = channel_of(call.data)
    way = _came_by(delivery) if chosen is ChannelChoice.AUTOMATIC else chosen
    by_whatsapp = way is ChannelChoice.WHATSAPP
    sender = sender_of(call.hass, call.data, by_whatsapp=by_whatsapp) or delivery.to
    if by_whatsapp and way is not chosen:
        route = author.route(chosen, sender, entry.runtime_data.directory)
        if route.channel is not SendChannel.WHATSAPP:
            raise refused(translation_key="reply_window_over")
    return letter_to(entry, author, draft, choice=way, sender=sender)


def _came_by(delivery: Delivery) -> ChannelChoice:
    """Return the way that a message came; ServiceValidationError where nothing can go that way."""
    channel = delivery.message.channel
    if channel is None or channel not in ChannelName:
        raise refused(translation_key="reply_channel")
    return ChannelChoice(channel)
